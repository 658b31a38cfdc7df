"""Budgets with pencil and paper."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.metering.rules import uncertainty
from v2g_tool.metering.rules.uncertainty import (
    Contribution,
    combine,
    effective_readings,
    reference,
    repeatability,
    resolution,
    synchronism,
)
from v2g_tool.model.quantities import ReferenceAccuracy

WT300E = ReferenceAccuracy(0.001, 0.0005, 300 * 20, 0.001, "IM WT310E-02EN p. 7-7")


def test_reference_lines_at_3680_w_are_a_tenth_percent_and_three_watts():
    reading, of_range, tan_phi = reference(WT300E, 3680, 0)

    assert reading.standard_ratio == pytest.approx(0.001 / math.sqrt(3))
    assert of_range.standard_ratio == pytest.approx(3 / 3680 / math.sqrt(3))
    assert tan_phi.standard_ratio == 0
    assert [line.shape for line in (reading, of_range, tan_phi)] == ["reading", "range", "tan_phi"]
    assert {line.type for line in (reading, of_range, tan_phi)} == {"B"}


def test_power_factor_influence_grows_with_tan_phi():
    _, _, line = reference(WT300E, -1840, 1840 * math.sqrt(3))

    assert line.standard_ratio == pytest.approx(0.001)


def test_three_phases_bring_three_ranges():
    one = reference(WT300E, 3680, 0)[1]
    three = reference(WT300E, 3 * 3680, 0, phases=3)[1]

    assert three.standard_ratio == pytest.approx(one.standard_ratio)


def test_repeatability_divides_by_the_effective_readings():
    line = repeatability([0.0, 0.002] * 10, 16)

    assert line.standard_ratio == pytest.approx(0.001 * math.sqrt(20 / 19) / 4)
    assert (line.type, line.degrees, line.shape) == ("A", 15, "independent")


def test_one_effective_reading_tells_no_repeatability():
    with pytest.raises(ValueError, match="two effective"):
        repeatability([0.0, 0.001], 1)


def test_resolution_and_synchronism_by_hand():
    assert resolution(10, -3680).standard_ratio == pytest.approx(10 / 3680 / math.sqrt(12))
    assert synchronism(-5, 0.5, 3680).standard_ratio == pytest.approx(2.5 / 3680 / math.sqrt(3))


def test_zero_power_has_no_ratio():
    with pytest.raises(ValueError, match="zero power"):
        resolution(1, 0)


def test_welch_satterthwaite_by_hand():
    found = combine([Contribution("a", "A", 0.003, 9), Contribution("b", "B", 0.004)])

    assert found.combined_ratio == pytest.approx(0.005)
    assert found.degrees == pytest.approx(9 * 0.005**4 / 0.003**4)
    assert found.coverage_factor == pytest.approx(2.05, abs=0.02)
    assert found.expanded_ratio == pytest.approx(found.coverage_factor * 0.005)


def test_type_b_alone_gives_coverage_factor_two():
    assert combine([Contribution("b", "B", 0.004)]).coverage_factor == pytest.approx(2.0, abs=1e-4)


def test_an_empty_budget_has_no_uncertainty():
    assert combine([]).expanded_ratio == 0


def test_voltage_example_of_the_analyzer_has_a_ratio_of_two_point_six():
    limit_error_v = 0.001 * 230 + 0.0005 * 300
    expanded_v = 2 * limit_error_v / math.sqrt(3)

    assert limit_error_v == pytest.approx(0.38)
    assert uncertainty.test_uncertainty_ratio(0.005 * 230, expanded_v) == pytest.approx(2.6, abs=0.03)


def test_multimeter_with_clamp_cannot_judge_class_b():
    assert uncertainty.test_uncertainty_ratio(0.02, 0.021) < 1
    assert uncertainty.test_uncertainty_ratio(0.02, 0.0) == math.inf


@pytest.mark.parametrize(
    ("window_s", "update_s", "readings", "expected"),
    [(20, 1, 20, 20), (20, 5, 20, 4), (0.3, 0.1, 9, 3), (9.9, 1, 20, 9)],
)
def test_repeated_samples_do_not_count(window_s, update_s, readings, expected):
    assert effective_readings(window_s, update_s, readings) == expected


@given(st.lists(st.floats(1e-6, 0.1), min_size=1, max_size=6), st.floats(1, 100))
def test_one_more_contribution_never_makes_it_better(ratios, degrees):
    lines = [Contribution("x", "B", ratio) for ratio in ratios]

    assert combine([*lines, Contribution("a", "A", 0.001, degrees)]).expanded_ratio > combine(lines).expanded_ratio
