"""Run commands on the bench that is around, each in every way that its outcome is shown, and print what was shown."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

WAYS = {"piped": (), "terminal": (), "quiet": ("--quiet",), "json": ("--json",)}
LINES, COLUMNS = 24, 80
COMMANDS: dict[str, tuple[str, ...]] = {
    "calibrate": ("v2g_tool", "calibrate", "--target", "meter_01", "--dry-run"),
    "sysctl": ("v2g_tool", "sysctl"),
    "throughput": ("v2g_tool", "throughput", "--seconds", "1", "--max-time", "1"),
    "snr-map": ("plc_tool", "snr-map", "--target", "modem_02"),
}


def shown(name: str, way: str) -> dict[str, object]:
    """Give status, standard output and standard error of one command, started in a folder of its own."""
    folder = Path(name, way)
    folder.mkdir(parents=True)
    words = [sys.executable, "-m", *COMMANDS[name], *WAYS[way]]
    if way == "terminal":
        status, out = on_terminal(words, folder)
        return {"status": status, "out": out, "err": ""}
    done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return {"status": done.returncode, "out": done.stdout.decode(), "err": done.stderr.decode()}


def on_terminal(words: Sequence[str], folder: Path) -> tuple[int, str]:
    """Give the status of a command, and what a terminal of 80x24 was sent, without colours and cursor movements."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    bare = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        words, cwd=folder, env={**bare, "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
    ) as child:
        os.close(theirs)
        sent = b""
        with suppress(OSError):  # the child has closed its side
            while piece := os.read(ours, 65536):
                sent += piece
    os.close(ours)
    return child.returncode, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent.decode()).replace("\r\n", "\n")


def every_way(name: str) -> dict[str, dict[str, object]]:
    """Give what a command showed, by the way; one after the other, as they share their instruments."""
    return {way: shown(name, way) for way in WAYS}


if __name__ == "__main__":
    with ThreadPoolExecutor() as pool:
        sys.stdout.write(json.dumps(dict(zip(COMMANDS, pool.map(every_way, COMMANDS), strict=True))) + "\n")
