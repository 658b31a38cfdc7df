"""Struck at any journal position: the next run leaves the old or the new complete set. In full: scripts/soak."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.system.commands import each, groups
from tests.system.conftest import Corrected
from tests.system.interruption import trial

CORRECTING = [(phase, place / 5) for place, phase in enumerate(["torn", "after"] * 3)]
SIGNALS = [(number, (place + 0.5) / 4) for place, number in enumerate(["SIGINT", "SIGTERM"] * 2)]
MEASURING = [("torn", 0.0), ("after", 0.3), ("SIGINT", 0.6), ("SIGTERM", 1.0)]


def positions(evidence: Path) -> tuple[list[int], list[int]]:
    """Give the journal positions of the as-found part, and those that matter from the first intent to the close."""
    lines = [json.loads(line) for line in evidence.read_bytes().splitlines()]
    kinds = [line["kind"] for line in lines]
    first, last = kinds.index("correction.intent"), kinds.index("correction.closed")
    matters = [
        number + 1
        for number in range(first, last + 1)
        if kinds[number] not in ("modbus", "scpi") or "write" in lines[number]["data"]
    ]
    return list(range(1, first + 1)), matters


def strike(folder: Path, corrected: Corrected, case: tuple[str, float], *, measuring: bool) -> None:
    as_found, correcting = positions(corrected.folder / "evidence.jsonl")
    places = as_found if measuring else correcting
    phase, share = case
    position = places[round(share * (len(places) - 1))]

    outcome = trial(folder / f"{phase}-{position}", position, phase)

    # The length of a run varies by some lines, so what was its last part may lie behind the end of this one.
    assert outcome.struck or share > 0.8, f"line {position} was not reached"
    assert outcome.problems == ()


def name(cases: list[tuple[str, float]]) -> str:
    return "+".join(f"{phase}-{share:.0%}" for phase, share in cases)


@pytest.mark.parametrize("cases", groups(CORRECTING, 3), ids=name)
def test_a_killed_correction_ends_in_a_complete_set(folder: Path, corrected: Corrected, cases):
    each(cases, lambda case: strike(folder, corrected, case, measuring=False))


@pytest.mark.parametrize("cases", groups(SIGNALS, 2), ids=name)
def test_a_correction_that_is_told_to_stop_ends_in_a_complete_set(folder: Path, corrected: Corrected, cases):
    each(cases, lambda case: strike(folder, corrected, case, measuring=False))


def test_a_measurement_that_is_struck_leaves_no_trace_in_the_meter(folder: Path, corrected: Corrected):
    each(MEASURING, lambda case: strike(folder, corrected, case, measuring=True))
