"""Whole commands beside the bench's PLC modems, in a network namespace that the bench makes for itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.bounds import HANG_S

TOOL = f"{sys.executable} -m v2g_tool"
PLC = f"{sys.executable} -m plc_tool"


@cache
def namespace_refused() -> str:
    """Give why no network namespace can be had here, "" where it can."""
    asked = subprocess.run(
        ["unshare", "-Urn", "ip", "link", "add", "one", "type", "veth", "peer", "name", "two"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stderr.strip() if asked.returncode else ""


def needs_modems() -> None:
    """Skip the test where the bench cannot have modems; continuous integration must be able to."""
    if refused := namespace_refused():
        pytest.skip(f"no network namespace for the bench's modems: {refused}")


def on_bench(folder: Path, script: str, *faults: str, seed: int = 1, timeout_s: float = HANG_S) -> str:
    """Run a shell script on one bench, with $TOOL and $PLC as the programs; give its standard output."""
    words = [sys.executable, "-m", "v2g_tool", "bench", "run", "--seed", str(seed)]
    words += [word for fault in faults for word in ("--fault", fault)]
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "COLUMNS": "80", "TOOL": TOOL, "PLC": PLC}
    done = subprocess.run(
        [*words, "--", "sh", "-c", script],
        env={**os.environ, **home},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + ("" if done.returncode == 0 else f"[{done.returncode}]\n{done.stderr}")


def reports(text: str) -> list[dict[str, Any]]:
    """Give the reports that a script printed with --json, each on one line."""
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"amends"')]


def checks(report: dict[str, Any]) -> dict[str, str]:
    """Give the verdict of each check of a report."""
    return {finding["check"]: finding["verdict"] for finding in report["findings"]}


def folders(folder: Path, procedure: str = "snr-map") -> Sequence[Path]:
    """Give the report folders of a procedure, oldest first."""
    return sorted(folder.glob(f"reports/*-{procedure}-*"), key=lambda path: path.stat().st_mtime_ns)
