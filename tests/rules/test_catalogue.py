"""Every check can be explained, and findings take their words from one place."""

from __future__ import annotations

import pytest

from v2g_tool.model.findings import Evidence, Verdict
from v2g_tool.rules.catalogue import CATALOGUE, finding, wiring_finding
from v2g_tool.rules.wiring import Fault, Kind

CHECKS = [
    "CAL-IDENTITY",
    "CAL-LEGAL",
    "CAL-REFERENCE-DUE",
    "CAL-TUR",
    "CAL-LOAD",
    "CAL-WINDOW",
    "CAL-WIRING",
    "CAL-ACCURACY-AS-FOUND",
    "CAL-ACCURACY-AS-LEFT",
    "CAL-FIT",
    "CAL-ADJUST",
    "CAL-STORE",
    "CAL-RESTORED",
    "CAL-RECOVERY",
    "CAL-PROFILE",
    "CAL-CONSENT",
    "CAL-INSTRUMENT",
    "HOST-CLOCK",
]


def test_all_checks_are_explained():
    wiring = {f"CAL-WIRING-{kind.value.upper()}" for kind in Kind}

    assert {*CHECKS, *wiring} <= set(CATALOGUE)
    assert all(check == entry.check for check, entry in CATALOGUE.items())


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.check)
def test_an_entry_fits_on_a_terminal_and_names_its_source(entry):
    assert 1 <= entry.severity <= 10
    assert entry.title
    assert entry.reference
    assert entry.cause.endswith(".")
    assert entry.remedy.endswith(".")
    assert len(entry.remedy) <= 160
    assert len(entry.cause) <= 160


def test_a_failed_finding_carries_severity_remedy_and_reference():
    shown = Evidence(name="error", value="2.4", unit="%", limit="2.0 %")

    found = finding("CAL-ACCURACY-AS-FOUND", "meter_01", Verdict.FAIL, "L1 reads 2.4 % too much.", [shown], "as left")

    entry = CATALOGUE["CAL-ACCURACY-AS-FOUND"]
    assert (found.severity, found.remedy, found.reference) == (entry.severity, entry.remedy, entry.reference)
    assert (found.evidence, found.corrected) == ((shown,), "as left")


@pytest.mark.parametrize(("verdict", "has_remedy"), [(Verdict.PASS, False), (Verdict.INCONCLUSIVE, True)])
def test_a_pass_needs_no_remedy(verdict, has_remedy):
    assert bool(finding("CAL-TUR", "meter_01", verdict, "Ratio 5.").remedy) is has_remedy


def test_an_unknown_check_is_a_defect():
    with pytest.raises(KeyError):
        finding("CAL-NONSENSE", "x", Verdict.PASS, "x")


@pytest.mark.parametrize("kind", list(Kind))
def test_every_wiring_fault_becomes_a_failed_finding(kind):
    found = wiring_finding(Fault(kind, (1,), "L1 is wrong.", ()), "meter_01")

    assert found.verdict is Verdict.FAIL
    assert found.subject == "meter_01"
    assert found.statement == "L1 is wrong."
