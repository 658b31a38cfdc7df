"""Whole commands as child processes on a bench of this process."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest

from tests.bounds import HANG_S
from tests.sections import section
from v2g_tool.app import v2g_tool
from v2g_tool.bench.run import Bench

HERE = Path(__file__).parent
TOOL = (sys.executable, "-m", "v2g_tool")
Case = TypeVar("Case")


@dataclass(frozen=True)
class Caller:
    """Calls a program in this process: for what has nothing to do with the process that it runs in."""

    patch: pytest.MonkeyPatch
    descriptors: pytest.CaptureFixture[str]

    def __call__(
        self,
        *words: str,
        program: Callable[[], NoReturn] = v2g_tool,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Give status and output, as if a child without a terminal had been started."""
        self.descriptors.readouterr()
        with self.patch.context() as patch, Path(os.devnull).open() as nothing:
            # The program puts its own streams there, and a variable for what it imports.
            patch.setattr(sys, "stdin", nothing)
            patch.setattr(sys, "stdout", sys.stdout)
            patch.setattr(sys, "stderr", sys.stderr)
            patch.setenv("PYDANTIC_DISABLE_PLUGINS", "__all__")
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["v2g-tool", *words])
            patch.chdir(folder or Path.cwd())
            with pytest.raises(SystemExit) as left:
                program()
        out, err = self.descriptors.readouterr()
        return subprocess.CompletedProcess(words, int(left.value.code or 0), out, err)


@dataclass(frozen=True)
class Site:
    """A running bench and a folder for reports.

    Attributes:
        bench: the bench.
        folder: where commands run.
        call: what runs commands in this process instead of starting each; None for children.
    """

    bench: Bench
    folder: Path
    call: Caller | None = None

    @property
    def file(self) -> Path:
        return Path(self.bench.environment()["V2G_SITE"])

    def edit(self, old: str, new: str) -> None:
        """Replace a text in the site file; it must be there."""
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def let_reference_expire(self) -> None:
        """Give the reference a due date in the past, whatever day it is."""
        text, changed = re.subn(r"due = \d{4}-\d\d-\d\d", "due = 2020-01-31", self.file.read_text())
        assert changed
        self.file.write_text(text)

    def run(
        self,
        *words: str,
        program: Sequence[str] = TOOL,
        timeout_s: float = HANG_S,
        env: dict[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the bench, without a terminal."""
        if self.call is not None and program is TOOL and not pass_fds:
            return self.call(*words, env=self.environment(env), folder=self.folder)
        return subprocess.run(
            [*program, *words],
            env=self.environment(env),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            pass_fds=pass_fds,
        )

    def environment(self, more: dict[str, str] | None = None) -> dict[str, str]:
        """Give the environment of a command: this bench, a home and a key folder of its own, 80 columns."""
        home = {"HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder / "config")}
        return {**os.environ, **home, **self.bench.environment(), **(more or {}), "COLUMNS": "80"}

    def calibrate(self, *words: str, target: str = "meter_01", **options: Any) -> subprocess.CompletedProcess[str]:
        """Calibrate as a script does: no questions, the report on standard output."""
        return self.run("calibrate", "--target", target, "--yes", "--quiet", "--json", *words, **options)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start v2g-tool and go on; without a terminal."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([*TOOL, *words], env=self.environment(), cwd=self.folder, text=True, **pipes)  # type: ignore[call-overload,no-any-return]

    def typed(self, answers: Sequence[str], *words: str, timeout_s: float = HANG_S) -> tuple[int, str]:
        """Run v2g-tool on a terminal of 80x24, answer its questions, and give status and what it showed."""
        return on_terminal([*TOOL, *words], answers, self.environment(), self.folder, timeout_s)

    def struck(self, position: int, phase: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run v2g-tool and strike it at one journal position."""
        program = (sys.executable, str(HERE / "kill_at.py"), str(position), phase, "--")
        return self.run(*words, program=program)

    def reports(self) -> list[Path]:
        return sorted((self.folder / "reports").glob("bench-calibrate-*"), key=lambda p: p.stat().st_mtime_ns)

    def report(self) -> Path:
        """Give the folder of the newest report."""
        return self.reports()[-1]

    def evidence(self) -> list[dict[str, Any]]:
        """Give the newest run's whole evidence lines, also while it runs."""
        # A run makes its folder first, and its journal in it a moment later.
        journals = [path / "evidence.jsonl" for path in self.reports()[-1:]]
        lines = [line for path in journals if path.exists() for line in path.read_bytes().split(b"\n")[:-1]]
        return [json.loads(line) for line in lines if line.endswith(b"}")]

    def wait_for(self, kind: str, count: int = 1, timeout_s: float = HANG_S) -> None:
        """Wait until the running command's evidence holds so many records of this kind."""
        end = time.monotonic() + timeout_s
        while sum(record["kind"] == kind for record in self.evidence()) < count:
            assert time.monotonic() < end, f"no {kind} within {timeout_s} s"
            time.sleep(0.05)

    def writes(self, device: str | None = None) -> list[dict[str, Any]]:
        """Give each write request that the bench received, answered or not, oldest first."""
        text = Path(self.bench.environment()["V2G_BENCH_WRITES"]).read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        return [line for line in lines if device in (None, line["device"])]

    def truth(self) -> dict[str, Any]:
        """Give the true errors of the meters."""
        return dict(json.loads(Path(self.bench.environment()["V2G_BENCH_TRUTH"]).read_text()))

    def inverter_is_back(self) -> bool:
        """Say whether the last word to each set point of the inverter was "not enabled", as the bench began."""
        last = {
            write["address"]: write["values"][0] for write in self.writes("inverter_01") if len(write["values"]) > 1
        }
        return not any(last.values())

    def corrections(self, device: str = "meter_01") -> tuple[list[int], list[int]]:
        """Give the corrections of a meter as its registers hold them: working, stored."""
        meter = self.bench.meters[device]
        return list(meter.working), list(meter.stored)

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
def shared_folder(factory: pytest.TempPathFactory, test_run: str, name: str) -> Iterator[Path]:
    """Give the one folder of this name that all workers of a test run share; one at a time is in it."""
    folder = factory.getbasetemp().parent / f"{name}-{test_run}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


@contextmanager
def site(
    folder: Path, *faults: str, seed: int = 1, plan: str = "ac-quick", call: Caller | None = None
) -> Iterator[Site]:
    """Give a running bench whose meters are calibrated by `plan`."""
    folder.mkdir(parents=True, exist_ok=True)
    with Bench(seed, faults, directory=folder / "bench") as bench:
        here = Site(bench, folder, call)
        here.edit('plan = "ac-bidirectional"', f'plan = "{plan}"')
        yield here


def on_terminal(
    command: Sequence[str], answers: Sequence[str], env: dict[str, str], cwd: Path, timeout_s: float = HANG_S
) -> tuple[int, str]:
    """Run a command on a terminal of 80x24, answer its questions, and give status and what it showed."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        command,
        env={**env, "LINES": "24", "COLUMNS": "80", "TERM": "xterm"},
        cwd=cwd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        shown = _conversation(ours, list(answers), time.monotonic() + timeout_s)
        return child.wait(HANG_S), shown
    finally:
        child.kill()
        child.wait()
        os.close(ours)


def _conversation(terminal: int, answers: list[str], end_s: float) -> str:
    shown, answered = b"", 0
    while time.monotonic() < end_s:
        if not select.select([terminal], [], [], 0.5)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the child has closed its side
            break
        if not piece:
            break
        shown += piece
        if answers and shown[answered:].rstrip().endswith((b"?", b"]:", b"?:")):
            os.write(terminal, answers.pop(0).encode() + b"\n")
            answered = len(shown)
    return shown.decode(errors="replace")


def each(cases: Iterable[Case], check: Callable[[Case], object]) -> None:
    """Check all cases side by side, as most of their time is waiting; fail with all that failed."""
    cases = list(cases)
    with ThreadPoolExecutor(len(cases)) as pool:
        running = [pool.submit(check, case) for case in cases]
        outcomes = [future.exception() for future in running]
    failed = [error for error in outcomes if error is not None]
    for case, error in zip(cases, outcomes, strict=True):
        if error is not None:
            error.add_note(f"case: {case}")
    if len(failed) == 1:
        raise failed[0]
    if failed:
        raise BaseExceptionGroup(f"{len(failed)} of {len(cases)} cases failed", failed)


def groups(cases: Sequence[Case], size: int) -> list[Sequence[Case]]:
    """Give the cases in groups that run side by side."""
    return [cases[start : start + size] for start in range(0, len(cases), size)]


def error_lines(stderr: str) -> list[str]:
    """Give the lines of an error message, where a narrow terminal broke them put together again."""
    lines: list[str] = []
    for line in stderr.splitlines():
        if lines and line.strip() and not re.match(r"✗|→|  \S", line):
            lines[-1] += " " + line.strip()
        elif line.strip():
            lines.append(line)
    return lines


def chain_is_whole(evidence: Path) -> bool:
    """Say whether each line of the evidence names the SHA-256 of the line before."""
    before = "0" * 64
    for line in evidence.read_bytes().splitlines():
        if json.loads(line)["prev"] != before:
            return False
        before = hashlib.sha256(line).hexdigest()
    return True


def fit_problems(report: dict[str, Any], truth: dict[str, Any], stage: str = "as-found") -> list[str]:
    """Name each fitted gain and phase that misses the bench's true error by more than its stated uncertainty."""
    true = truth[section(report, "metering")["target"]]
    problems = []
    for row in section(report, "metering")["fitted"]:
        if row["stage"] != stage or row["parameter"] not in ("gain", "phase") or not row["error"]:
            continue
        conductor = int(row["subject"][1]) - 1
        expected = true["gain_ratio"][conductor] * 100 if row["parameter"] == "gain" else true["phase_deg"][conductor]
        miss, uncertainty = float(row["error"]["value"]) - expected, float(row["expanded_uncertainty"]["value"])
        if not abs(miss) <= uncertainty:
            problems.append(f"{row['parameter']} {row['subject']}: off by {miss:.4f}, U is {uncertainty}")
    return problems


def findings(report: dict[str, Any], check: str) -> list[dict[str, Any]]:
    """Give the findings of one check."""
    return [row for row in report["findings"] if row["check"] == check]


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Give the report that --json printed."""
    return dict(json.loads(done.stdout))


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    """Give the verdict of each check; the worst if a check was made more than once."""
    order = ["pass", "skipped", "info", "inconclusive", "fail"]
    found: dict[str, str] = {}
    for row in report["findings"]:
        before = found.get(row["check"], "pass")
        found[row["check"]] = max(before, row["verdict"], key=order.index)
    return found
