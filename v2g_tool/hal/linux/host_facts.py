"""Reads what the EMS computer says about itself under /proc and /sys; parsers are total, a root prefix is possible."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from v2g_tool.hal.linux.clock import clock_synchronised
from v2g_tool.hal.linux.rooted import inside, open_inside
from v2g_tool.model.host import Daemon, HostFacts

_MOST_BYTES = 1_000_000
_MOST_CPUS = 8192
_WORKERS = re.compile(r"^[ \t]*worker_processes[ \t]*[=: \t][ \t]*([^\s;#]+)", re.MULTILINE)
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESRCH)
_CLOCK = "sys/devices/system/clocksource/clocksource0"
_CPUS = "sys/devices/system/cpu"
T = TypeVar("T")


def cpu_list(text: str) -> frozenset[int]:
    """Give the numbers of a kernel CPU list such as `0-3,8`; parts that are none are passed over."""
    found: set[int] = set()
    for part in text.strip().split(","):
        match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", part.strip(), re.ASCII)
        if match:
            first, last = int(match[1]), int(match[2] or match[1])
            found |= set(range(first, min(last, _MOST_CPUS) + 1))
    return frozenset(found)


def worker_processes(config: str) -> str:
    """Give the value of the last `worker_processes` in a configuration, "" where there is none."""
    found = _WORKERS.findall(config)
    return str(found[-1]).strip("\"'") if found else ""


@dataclass
class FactsReader:
    """Reads the facts of the host whose file tree lies under `root`."""

    root: Path
    trouble: dict[str, str] = field(default_factory=dict)

    def facts(self, process: str = "", config: str = "") -> HostFacts:
        """Give what it says, with the daemon `process` and the file `config` where somebody named one."""
        online = self.known("processors", lambda: _some(cpu_list(self.text(f"{_CPUS}/online")))) or frozenset()
        return HostFacts(
            online=online,
            cores=self.known("physical cores", lambda: self._cores(_some(online))) or frozenset(),
            clock_source=self.known("clock source", lambda: self.text(f"{_CLOCK}/current_clocksource").strip()),
            clock_sources=tuple(
                (self.known("clock sources", lambda: self.text(f"{_CLOCK}/available_clocksource")) or "").split()
            ),
            governors=self.known("governor", lambda: self._governors(online)) or (),
            synchronised=clock_synchronised() if self.root == Path("/") else None,
            daemons=self.known("EMS daemon", lambda: self.daemons(process)) if process else None,
            workers=self.known("EMS configuration", lambda: worker_processes(self.text(config))) if config else None,
            trouble=self.trouble,
        )

    def known(self, name: str, read: Callable[[], T]) -> T | None:
        """Give what `read` gives; None, and the reason in `trouble`, where it cannot be read."""
        try:
            return read()
        except (OSError, ValueError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else None
            self.trouble[name] = reason or "it has another form than expected"
            return None

    def text(self, path: str) -> str:
        """Give what a regular file says; links stay inside the root, and nothing is waited for."""
        with open_inside(inside(self.root, f"/{path.lstrip('/')}")) as file:
            return file.read(_MOST_BYTES).decode(errors="replace")

    def if_there(self, path: str) -> str | None:
        """Give what a file says, None where there is none; raises OSError where it may not be read."""
        try:
            return self.text(path)
        except OSError as exc:
            if exc.errno in _GONE:
                return None
            raise

    def _cores(self, online: frozenset[int]) -> frozenset[tuple[int, int]]:
        return frozenset(
            (
                int(self.text(f"{_CPUS}/cpu{cpu}/topology/physical_package_id")),
                int(self.text(f"{_CPUS}/cpu{cpu}/topology/core_id")),
            )
            for cpu in online
        )

    def _governors(self, online: frozenset[int]) -> tuple[tuple[int, str], ...]:
        texts = {cpu: self.if_there(f"{_CPUS}/cpu{cpu}/cpufreq/scaling_governor") for cpu in sorted(online)}
        return tuple((cpu, text.strip()) for cpu, text in texts.items() if text is not None)

    def daemons(self, name: str) -> tuple[Daemon, ...]:
        """Give the processes of this name; one that ends meanwhile is left out."""
        found = []
        for folder in sorted(inside(self.root, "/proc").iterdir()):
            # The kernel keeps 15 characters of a name.
            if folder.name.isdecimal() and (self.if_there(f"proc/{folder.name}/comm") or "").rstrip("\n") == name[:15]:
                status = self.if_there(f"proc/{folder.name}/status")
                found += [] if status is None else [Daemon(int(folder.name), _allowed(status))]
        return tuple(found)


def _allowed(status: str) -> frozenset[int]:
    match = re.search(r"^Cpus_allowed_list:\s*(\S+)", status, re.MULTILINE)
    return _some(cpu_list(match[1] if match else ""))


def _some(cpus: frozenset[int]) -> frozenset[int]:
    """Give processors; none at all is no list of processors."""
    if not cpus:
        raise ValueError("no processor")
    return cpus
