"""Whole commands as child processes on a bench of this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from v2g_tool.bench.run import Bench

HERE = Path(__file__).parent
TOOL = (sys.executable, "-m", "v2g_tool")


@dataclass(frozen=True)
class Site:
    """A running bench and a folder for reports."""

    bench: Bench
    folder: Path

    @property
    def file(self) -> Path:
        return Path(self.bench.environment()["V2G_SITE"])

    def edit(self, old: str, new: str) -> None:
        """Replace a text in the site file; it must be there."""
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def run(
        self, *words: str, program: Sequence[str] = TOOL, timeout_s: float = 110, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the bench, without a terminal."""
        return subprocess.run(
            [*program, *words],
            env={**os.environ, **self.bench.environment(), **(env or {}), "COLUMNS": "80"},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def struck(self, position: int, phase: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run v2g-tool and strike it at one journal position."""
        program = (sys.executable, str(HERE / "kill_at.py"), str(position), phase, "--")
        return self.run(*words, program=program)

    def reports(self) -> list[Path]:
        return sorted((self.folder / "reports").glob("bench-calibrate-*"), key=lambda p: p.stat().st_mtime_ns)

    def correction_writes(self, device: str = "meter_01") -> list[tuple[int, int]]:
        """Give (address, value) of each acknowledged write to a correction register, oldest first."""
        writes = Path(self.bench.environment()["V2G_BENCH_WRITES"])
        lines = [json.loads(line) for line in writes.read_text().splitlines()] if writes.exists() else []
        return [
            (line["address"], line["values"][0])
            for line in lines
            if line["device"] == device and line["outcome"] == "ok" and 0x1000 <= line["address"] <= 0x1008
        ]


@contextmanager
def site(folder: Path, *faults: str, seed: int = 1, plan: str = "ac-quick") -> Iterator[Site]:
    """Give a running bench whose meters are calibrated by `plan`."""
    folder.mkdir(parents=True, exist_ok=True)
    with Bench(seed, faults) as bench:
        here = Site(bench, folder)
        here.edit('plan = "ac-bidirectional"', f'plan = "{plan}"')
        yield here


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Give the report that --json printed."""
    return dict(json.loads(done.stdout))


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    """Give the verdict of each check; the worst if a check was made more than once."""
    order = ["pass", "skipped", "inconclusive", "fail"]
    found: dict[str, str] = {}
    for row in report["findings"]:
        before = found.get(row["check"], "pass")
        found[row["check"]] = max(before, row["verdict"], key=order.index)
    return found
