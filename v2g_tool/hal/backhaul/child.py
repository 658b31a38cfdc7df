"""One program as a child of its own session: its output of any size, its end within a bound, never an orphan."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Self

_GUARD = Path(__file__).with_name("guard.py")
_POLITE_S = 0.15
"""So long after SIGTERM comes SIGKILL. iperf3 uses SIGTERM to tell the server, which is free again at once."""
_SLEEPS = re.compile(r"^voluntary_ctxt_switches:\s*(\d+)", re.MULTILINE)
_MOST_BYTES = 16 << 20
"""A server's output becomes part of the client's; no run of ours has more than a hundredth of this."""


class Child:
    """A running program; leaving the context ends it.

    Args:
        command: the program and its arguments.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed on leaving
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed on leaving
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._complaints,
            env=os.environ | {"LC_ALL": "C"},
            start_new_session=True,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._output.close()
        self._complaints.close()

    def ended(self, within_s: float) -> bool:
        """Wait for its end; give whether it has come."""
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End it and whatever it started, within 0.3 s; nothing where it has ended."""
        if self._process.poll() is not None:
            return
        self._signal(signal.SIGTERM)
        if not self.ended(_POLITE_S):
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def output(self) -> str:
        """Give its standard output so far, with U+FFFD for what is no UTF-8."""
        return _content(self._output)

    def complaints(self) -> str:
        """Give its standard error so far."""
        return _content(self._complaints)

    def sleeps(self) -> int | None:
        """Give how often its threads have gone to sleep so far, None where the kernel does not say."""
        texts = (_text(task / "status") for task in _entries(Path(f"/proc/{self.pid}/task")))
        found = [number for text in texts for number in _SLEEPS.findall(text)]
        return sum(map(int, found)) if found else None

    def has_udp_to(self, port: int) -> bool:
        """Tell whether it has a UDP socket that leads to `port`."""
        own, tables = _sockets(self.pid), (_text(Path(f"/proc/{self.pid}/net/{name}")) for name in ("udp", "udp6"))
        rows = (line.split() for table in tables for line in table.splitlines()[1:])
        return any(len(row) > 9 and row[2].endswith(f":{port:04X}") and f"socket:[{row[9]}]" in own for row in rows)


def _content(file: BinaryIO) -> str:
    size = min(_MOST_BYTES, os.fstat(file.fileno()).st_size)
    return os.pread(file.fileno(), size, 0).decode("utf-8", "replace")  # the child shares the position


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _entries(folder: Path) -> list[Path]:
    """Give what is in a folder of /proc, nothing when the process has ended."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _sockets(pid: int) -> set[str]:
    found: set[str] = set()
    for entry in _entries(Path(f"/proc/{pid}/fd")):
        with contextlib.suppress(OSError):
            found.add(str(entry.readlink()))
    return found
