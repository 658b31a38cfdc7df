"""The truth about the backhaul as a file: what the firewall, the relay and the server's kernel counted."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from v2g_tool.bench.namespace import Missing, inside
from v2g_tool.bench.worker import Worker

PERIOD_S = 0.1
"""How often the counts are looked at."""


@dataclass(frozen=True)
class Counts:
    """What happened to the load since the bench started.

    Attributes:
        dropped: datagrams of the load that the firewall dropped.
        passed: datagrams of the load that it let pass.
        server_rcvbuf_errors: datagrams that passed and found the server's socket full.
        relay: packets that hops on the way hit; empty where there is no hop. `lost` are the relay's own losses,
            `rate_dropped` those of the slow router.
    """

    dropped: int
    passed: int
    server_rcvbuf_errors: int
    relay: Mapping[str, int]


def rcvbuf_errors(network: int) -> int:
    """Give RcvbufErrors of UDP in a network: datagrams that found a socket full."""
    with inside(network):
        lines = Path("/proc/thread-self/net/snmp").read_text(encoding="ascii").splitlines()
    names, values = (line.split() for line in lines if line.startswith("Udp:"))
    return int(dict(zip(names, values, strict=True))["RcvbufErrors"])


def packets_arrived(network: int, interface: str) -> int:
    """Give how many packets an interface of a network received."""
    with inside(network):
        lines = Path("/proc/thread-self/net/dev").read_text(encoding="ascii").splitlines()
    row = next(line for line in lines if line.strip().startswith(f"{interface}:"))
    return int(row.partition(":")[2].split()[1])


def write_whole(path: Path, counts: Counts) -> None:
    """Write the counts so that a reader sees all of the old or all of the new ones."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(counts)) + "\n", encoding="utf-8")
    new.replace(path)


class Watch(Worker):
    """Looks at the counts again and again, keeps the file up to date, and tells of arrivals.

    Args:
        path: the file.
        packets: gives how many packets arrived, whatever they are; cheap.
        read: gives the counts; they cost a program's start, so an idle bench is not asked for them.
        arrived: is told how many datagrams of the load arrived so far.
    """

    def __init__(
        self, path: Path, packets: Callable[[], int], read: Callable[[], Counts], arrived: Callable[[int], None]
    ) -> None:
        super().__init__("backhaul truth")
        self._path, self._packets, self._read, self._arrived = path, packets, read, arrived
        self._written: Counts | None = None
        self._seen = (-1, -1)

    def start(self) -> None:
        """Write the file once, and begin."""
        self.look()
        super().start()

    def stop(self) -> None:
        """Write the file a last time, and end."""
        super().stop()
        if self._thread.ident is not None:
            self._update()

    def work(self) -> None:
        """Look at the counts in each period."""
        while not self.stopping.wait(PERIOD_S):
            self.look()

    def look(self) -> None:
        """Bring the file up to date, unless it was still in two looks: then all that arrived is counted."""
        with contextlib.suppress(OSError):
            packets = self._packets()
            if self._seen != (packets, packets) or self._written is None:
                self._update()
            self._seen = (self._seen[1], packets)
        if self._written is not None:
            self._arrived(self._written.dropped + self._written.passed)

    def _update(self) -> None:
        with contextlib.suppress(Missing, OSError):  # no room for a program at this moment: the next look will do
            counts = self._read()
            if counts != self._written:
                write_whole(self._path, counts)
                self._written = counts
