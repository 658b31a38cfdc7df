"""Four zones, and no way from fail to pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.metering.rules.decision import DECISION_RULE, Zone, verdict_of, zone
from v2g_tool.model.findings import Verdict


@pytest.mark.parametrize(
    ("error", "expanded", "limit", "expected"),
    [
        (0.0149, 0.005, 0.02, Zone.PASS),
        (-0.0149, 0.005, 0.02, Zone.PASS),
        (0.0151, 0.005, 0.02, Zone.CONDITIONAL_PASS),
        (-0.0201, 0.005, 0.02, Zone.CONDITIONAL_FAIL),
        (0.0251, 0.005, 0.02, Zone.FAIL),
        (0.0, 0.0, 0.02, Zone.PASS),
        (0.0, 0.021, 0.02, Zone.NOT_VERIFIABLE),
        (0.5, 0.021, 0.02, Zone.NOT_VERIFIABLE),
        (0.0, 0.001, None, Zone.UNLIMITED),
    ],
)
def test_zones_around_a_limit_of_two_percent(error, expanded, limit, expected):
    assert zone(error, expanded, limit) is expected


def test_only_pass_and_fail_are_verdicts():
    assert {each: verdict_of(each) for each in Zone if verdict_of(each) is not Verdict.INCONCLUSIVE} == {
        Zone.PASS: Verdict.PASS,
        Zone.FAIL: Verdict.FAIL,
    }


def test_the_rule_is_named_with_its_sources():
    assert "ILAC-G8:09/2019" in DECISION_RULE
    assert "ISO/IEC 17025:2017, 7.8.6" in DECISION_RULE


@given(st.floats(-0.2, 0.2), st.floats(0, 0.1), st.floats(0, 0.1), st.floats(1e-4, 0.1))
def test_more_uncertainty_never_turns_fail_into_pass_nor_other_into_pass(error, expanded, more, limit):
    before, after = zone(error, expanded, limit), zone(error, expanded + more, limit)

    assert after is not Zone.PASS or before is Zone.PASS
    assert not (before is Zone.PASS and after is Zone.FAIL)
