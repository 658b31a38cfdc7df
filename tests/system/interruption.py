"""One trial: strike a calibration at one journal position, run it again, and look at the meter."""

from __future__ import annotations

import itertools
import json
import signal
from dataclasses import dataclass
from pathlib import Path

from tests.system.commands import Site, site

CALIBRATE = ("calibrate", "--target", "meter_01", "--yes", "--quiet")


@dataclass(frozen=True)
class Trial:
    """What came of it.

    Attributes:
        struck: whether the position was reached before the run ended.
        status: exit status of the second run.
        problems: what must not be, one sentence each.
    """

    struck: bool
    status: int
    problems: tuple[str, ...]


def trial(folder: Path, position: int, phase: str, seed: int = 1) -> Trial:
    """Strike a calibration at `position`, calibrate again, and judge the meter's corrections."""
    with site(folder, seed=seed) as here:
        found = list(here.bench.meters["meter_01"].working)
        first = here.struck(position, phase, *CALIBRATE)
        expected = {"torn": -signal.SIGKILL, "after": -signal.SIGKILL}.get(phase, 4)
        struck = first.returncode == expected
        second = here.run(*CALIBRATE)
        return Trial(struck, second.returncode, tuple(_problems(here, found, second.returncode, second.stderr)))


def _problems(here: Site, found: list[int], status: int, stderr: str) -> list[str]:
    meter = here.bench.meters["meter_01"]
    working, stored = list(meter.working), list(meter.stored)
    problems = []
    if status != 0:
        problems.append(f"the second run ended with {status}: {stderr.strip()[-300:]}")
    if working != stored:
        problems.append(f"working {working} differs from stored {stored}")
    if working not in (found, *_targets(here)):
        problems.append(f"a mixture: {working}")
    if list((here.bench.directory / "state").glob("meter-*.json")):
        problems.append("an intent is still open")
    by_register: dict[int, list[int]] = {}
    for address, value in here.correction_writes():
        by_register.setdefault(address, []).append(value)
    for address, values in by_register.items():
        if any(a == b for a, b in itertools.pairwise(values)):
            problems.append(f"0x{address:04X} was written the same value twice running: {values}")
    return problems


def _targets(here: Site) -> list[list[int]]:
    """Give every complete set that any of the runs meant to leave in the meter, in register order."""
    sets = []
    for report in here.reports():
        for line in (report / "evidence.jsonl").read_bytes().splitlines():
            if b'"kind":"correction.intent"' not in line or not line.endswith(b"}"):
                continue
            new = json.loads(line)["data"]["new"]
            order = [f"{kind}_l{phase}" for kind in ("gain", "phase", "offset") for phase in (1, 2, 3)]
            sets.append([new[name][0] for name in order])
    return sets
