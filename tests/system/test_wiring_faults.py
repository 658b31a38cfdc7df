"""Faults of the wiring: named, with their conductors, and never trimmed away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.commands import each, findings, groups, report_of, site

WIRING = {
    "ct-reversed-l1": ("CAL-WIRING-CT-REVERSED", ("L1",)),
    "ct-reversed-l2": ("CAL-WIRING-CT-REVERSED", ("L2",)),
    "ct-reversed-l3": ("CAL-WIRING-CT-REVERSED", ("L3",)),
    "import-export": ("CAL-WIRING-SIGN", ("meter",)),
    "swapped-l1-l2": ("CAL-WIRING-SWAPPED", ("L1", "L2")),
    "swapped-l2-l3": ("CAL-WIRING-SWAPPED", ("L2", "L3")),
    "swapped-l1-l3": ("CAL-WIRING-SWAPPED", ("L1", "L3")),
    "cyclic": ("CAL-WIRING-CYCLIC", ("L1 reads the current of L2",)),
    "cyclic-back": ("CAL-WIRING-CYCLIC", ("L1 reads the current of L3",)),
    "ct-ratio": ("CAL-WIRING-CT-RATIO", ("100:5", "200:5")),
    "kilowatt": ("CAL-WIRING-UNIT", ("kW",)),
    "line-to-line": ("CAL-WIRING-LINE-TO-LINE", ("neutral",)),
    "word-order": ("CAL-WIRING-WORD-ORDER", ("msw-first",)),
    "stale": ("CAL-WIRING-STALE", ()),
}
"""Fault -> finding, and what its statement must say."""


def check(folder: Path, fault: str) -> None:
    name, words = WIRING[fault]
    with site(folder / fault, fault) as here:
        done = here.calibrate("--adjust", "always")
        assert done.returncode == 1, done.stderr
        report = report_of(done)

        (finding,) = findings(report, name)
        others = {
            row["check"] for row in report["findings"] if "WIRING" in row["check"] and row["verdict"] == "fail"
        } - {name}
        assert finding["verdict"] == "fail"
        assert finding["remedy"]
        assert others == set()
        for word in words:
            assert word in finding["statement"]
        unnamed = {"L1", "L2", "L3"} - {phase for word in words for phase in ("L1", "L2", "L3") if phase in word}
        if name in ("CAL-WIRING-CT-REVERSED", "CAL-WIRING-SWAPPED"):
            assert not any(phase in finding["statement"] for phase in unnamed)
        assert here.writes("meter_01") == []
        assert here.inverter_is_back()


@pytest.mark.parametrize("faults", groups(list(WIRING), 7), ids="+".join)
def test_a_wiring_fault_is_named_with_its_conductors_and_nothing_is_corrected(folder: Path, faults: list[str]):
    each(faults, lambda fault: check(folder, fault))


def test_a_healthy_site_shows_no_wiring_fault(folder: Path):
    def healthy(seed: int) -> None:
        with site(folder / str(seed), seed=seed) as here:
            report = report_of(here.calibrate("--adjust", "never"))

            wiring = [row for row in report["findings"] if "WIRING" in row["check"]]
            assert [row["verdict"] for row in wiring] == ["pass"]

    each([2, 3, 4], healthy)
