"""Faults of the meter: the old set or the new set, never a mixture, and never a claim that is not proven."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.system.commands import Site, each, fit_problems, groups, report_of, site, verdicts
from tests.system.interruption import _targets

FAULTS = ["volatile-write", "restart-factory", "lost-commit", "write-ignored", "write-unanswered", "stuck-gain-l2"]


def heal(here: Site) -> None:
    """Take the faults out of the running bench."""
    for fault in here.bench.faults:
        fault.count = 0


def complete(here: Site, found: list[int]) -> None:
    working, stored = here.corrections()
    assert working == stored
    assert working in (found, *_targets(here)), "a mixture"


def never_twice(here: Site) -> None:
    by_register: dict[int, list[int]] = {}
    for address, value in here.correction_writes():
        by_register.setdefault(address, []).append(value)
    for address, values in by_register.items():
        assert not any(a == b for a, b in itertools.pairwise(values)), f"0x{address:04X} {values}"


def check(folder: Path, fault: str) -> None:
    with site(folder / fault.replace(":", "-"), fault) as here:
        found = here.corrections()[0]
        done = here.calibrate()
        report = report_of(done)

        assert done.returncode in (0, 1, 3), done.stderr
        complete(here, found)
        assert here.inverter_is_back()
        assert fit_problems(report, here.truth()) == []
        if done.returncode == 0:
            assert verdicts(report)["CAL-ACCURACY-AS-LEFT"] == "pass"
            assert here.corrections()[0] != found
        if "volatile" not in fault:  # a write that the meter forgets has to be written again
            never_twice(here)

        heal(here)
        again = here.calibrate()
        assert again.returncode == 0, again.stdout[-500:] + again.stderr
        complete(here, found)
        assert here.corrections()[0] != found


@pytest.mark.parametrize("faults", groups(FAULTS, 3), ids="+".join)
def test_a_faulty_meter_keeps_a_complete_set_and_a_healthy_run_mends_it(folder: Path, faults: list[str]):
    each(faults, lambda fault: check(folder, fault))
