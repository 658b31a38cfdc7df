"""Every check can be explained, is raised, and gives its findings their words."""

from __future__ import annotations

import pytest

from v2g_tool.metering.checks import ACCURACY_AS_FOUND, TUR, WIRING_FAULTS
from v2g_tool.metering.rules.wiring import Kind
from v2g_tool.model.check import Check
from v2g_tool.model.findings import Evidence, Verdict
from v2g_tool.register import all_checks


@pytest.mark.parametrize("check", all_checks().values(), ids=lambda check: check.id)
def test_a_check_fits_on_a_terminal_and_names_its_source(check: Check) -> None:
    assert 1 <= check.severity <= 10
    assert check.title
    assert check.reference
    assert check.cause.endswith(".")
    assert check.remedy.endswith(".")
    assert len(check.remedy) <= 160
    assert len(check.cause) <= 160


def test_a_failed_finding_carries_severity_remedy_and_reference() -> None:
    shown = Evidence(name="error", value="2.4", unit="%", limit="2.0 %")

    found = ACCURACY_AS_FOUND.finding("meter_01", Verdict.FAIL, "L1 reads 2.4 % too much.", [shown])

    expected = (ACCURACY_AS_FOUND.severity, ACCURACY_AS_FOUND.remedy, ACCURACY_AS_FOUND.reference)
    assert (found.severity, found.remedy, found.reference) == expected
    assert found.evidence == (shown,)


@pytest.mark.parametrize(("verdict", "has_remedy"), [(Verdict.PASS, False), (Verdict.INCONCLUSIVE, True)])
def test_a_pass_needs_no_remedy(verdict: Verdict, has_remedy: bool) -> None:
    assert bool(TUR.finding("meter_01", verdict, "Ratio 5.").remedy) is has_remedy


def test_every_kind_of_wiring_fault_has_a_check_of_its_own() -> None:
    assert set(WIRING_FAULTS) == set(Kind)
    assert [check.id for check in WIRING_FAULTS.values()] == [f"CAL-WIRING-{kind.value.upper()}" for kind in Kind]
