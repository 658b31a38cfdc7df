"""What keeps this computer's clock right, and the latest moment that it knew."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from v2g_tool.hal.linux.rooted import inside


class Offset(NamedTuple):
    """How far the clock is from a time source (its sign is that of the client), and which source that is."""

    seconds: float
    source: str


def clock_offset() -> Offset | None:
    """Give what the time client of this computer knows: chrony, else systemd-timesyncd; None without either."""
    chrony = chrony_offset(_said("chronyc", "-c", "-n", "tracking"))
    return chrony or timesync_offset(_said("timedatectl", "timesync-status"))


def chrony_offset(said: str) -> Offset | None:
    """Read `chronyc -c tracking` (4.3): of 14 fields the 2nd is the source, the 5th the offset, the last the state."""
    fields = said.strip().split(",")
    try:
        return None if fields[13] == "Not synchronised" else Offset(float(fields[4]), f"chrony's source {fields[1]}")
    except (IndexError, ValueError):
        return None


_SPAN = re.compile(r"([\d.]+)(us|ms|s|min|h|d|w|month|y|)(?![a-z\d.])")
_SHORT = {"": 0.0, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_SECONDS = {**_SHORT, "d": 86400.0, "w": 604800.0, "month": 2629800.0, "y": 31557600.0}
"""Of systemd's units (systemd.time, 7)."""


def timesync_offset(said: str) -> Offset | None:
    """Read `timedatectl timesync-status`: the lines Server and Offset, which spells spans as "+1min 2.5s"."""
    lines = dict(line.strip().partition(": ")[::2] for line in said.splitlines())
    text = lines.get("Offset", "")
    try:
        spans = [float(number) * _SECONDS[unit] for number, unit in _SPAN.findall(text)]
    except ValueError:
        return None
    sign = -1 if text.startswith("-") else 1
    return Offset(sign * sum(spans), f"the time server {lines.get('Server', '')}".strip()) if spans else None


def _said(*command: str) -> str:
    """Give what a program says; nothing where it is missing, fails or takes too long."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")


_TIMESYNC = "/var/lib/systemd/timesync/clock"
"""systemd-timesyncd touches it at each synchronisation, and sets no clock to an earlier time (systemd, its manual)."""


def last_known(root: Path) -> tuple[datetime, str] | None:
    """Give the latest moment at which the computer under `root` knew the time, and how; None where nothing says."""
    try:
        modified_s = inside(root, _TIMESYNC).stat().st_mtime
        return datetime.fromtimestamp(modified_s, UTC), "systemd-timesyncd's last synchronisation"
    except (OSError, OverflowError, ValueError):
        return None
