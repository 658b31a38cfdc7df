"""The iperf3 server of the utility, a real and unmodified one, and the client that can keep it busy."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from v2g_tool.bench.backhaul.programs import command
from v2g_tool.bench.namespace import Missing, inside

_PATIENCE_S = 10.0
_PAUSE_S = 0.002
_ESTABLISHED, _LISTENING = "01", "0A"  # states in /proc/net/tcp (include/net/tcp_states.h)
_FOR_EVER_S = 86_400  # the longest test that iperf3 knows


class Iperf3Server:
    """An iperf3 server in the utility's network.

    The kernel kills it when this process dies, whatever it dies of.

    Args:
        network: the utility's network.
        port: TCP and UDP port.
        log: the file for what it prints.

    Raises:
        Missing: it does not begin to listen.
    """

    def __init__(self, network: int, port: int, log: Path) -> None:
        self._network, self._port, self._log = network, port, log
        self._children = [self._spawn("-s", "-p", str(port), "--forceflush")]
        self._wait_for(_LISTENING)

    def occupy(self) -> None:
        """Have a client of the bench keep it busy.

        Raises:
            Missing: the client does not get through.
        """
        load = f"-u -b 8k -l 100 -t {_FOR_EVER_S}".split()
        self._children.append(self._spawn("-c", "127.0.0.1", "-p", str(self._port), *load))
        self._wait_for(_ESTABLISHED)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._children[0].send_signal(number)

    def stop(self) -> None:
        """End it at once, even when it is stopped."""
        for child in self._children:
            child.kill()
        for child in self._children:
            child.wait()

    def _spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        line = command("setpriv", "--pdeathsig", "KILL", *command("iperf3", *arguments))
        with inside(self._network), self._log.open("ab") as log:
            # In a session of its own: Ctrl-C is for the command on the bench, and must not end the server before it.
            return subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def _wait_for(self, state: str) -> None:
        """Wait for a socket at the port; asking by connecting would begin a test."""
        until_s = time.monotonic() + _PATIENCE_S
        with inside(self._network):
            while not any(_has_socket(table, self._port, state) for table in ("tcp", "tcp6")):
                if self._children[-1].poll() is not None or time.monotonic() > until_s:
                    self.stop()
                    raise Missing(f"iperf3 does not serve: {self._last_words()}")
                time.sleep(_PAUSE_S)

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it says nothing"


def _has_socket(table: str, port: int, state: str) -> bool:
    with contextlib.suppress(OSError):
        rows = Path("/proc/thread-self/net", table).read_text(encoding="ascii").splitlines()[1:]
        return any(f":{port:04X}" in row.split()[1] and row.split()[3] == state for row in rows)
    return False


class Stroke:
    """A signal to the server, some time after a load began.

    Args:
        server: whom it hits.
        number: the signal.
        delay_s: time from the first datagrams to the signal.
        clock: monotonic time in s.
    """

    def __init__(
        self, server: Iperf3Server, number: signal.Signals, delay_s: float, clock: Callable[[], float]
    ) -> None:
        self._server, self._number, self._delay_s, self._clock = server, number, delay_s, clock
        self._due_s: float | None = None
        self._done = False

    def look(self, datagrams: int) -> None:
        """Take note of how many datagrams arrived so far; strike when it is time."""
        if datagrams and self._due_s is None:
            self._due_s = self._clock() + self._delay_s
        if self._due_s is not None and not self._done and self._clock() >= self._due_s:
            self._done = True
            self._server.signal(self._number)
