"""Quantiles against printed tables."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.statistics.distributions import (
    beta_quantile,
    beta_ratio,
    chi_square_quantile,
    f_quantile,
    mean,
    standard_deviation,
    student_t_quantile,
)


@pytest.mark.parametrize(
    ("probability", "degrees", "expected"),
    [
        (0.975, 1, 12.706204736),
        (0.975, 2, 4.302652730),
        (0.975, 10, 2.228138852),
        (0.995, 5, 4.032142984),
        (0.95, 30, 1.697260887),
        (0.975, math.inf, 1.959963985),
        (0.025, 10, -2.228138852),
        (0.5, 7, 0.0),
    ],
)
def test_student_t_quantile_agrees_with_the_table(probability, degrees, expected):
    assert student_t_quantile(probability, degrees) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("degrees", "expected"), [(1, 13.97), (5, 2.65), (10, 2.28), (20, 2.13), (50, 2.05)])
def test_coverage_factors_agree_with_gum_table_g2(degrees, expected):
    assert student_t_quantile(0.97725, degrees) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(
    ("probability", "degrees", "expected"),
    [(0.95, 1, 3.841459), (0.99, 4, 13.276704), (0.99, 1, 6.634897), (0.01, 10, 2.558212), (0.99, 100, 135.806723)],
)
def test_chi_square_quantile_agrees_with_the_table(probability, degrees, expected):
    assert chi_square_quantile(probability, degrees) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"), [(4, 20, 4.430690), (1, 10, 10.044289), (4, math.inf, 13.276704 / 4)]
)
def test_f_quantile_agrees_with_the_table(numerator, denominator, expected):
    assert f_quantile(0.99, numerator, denominator) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("probability", "a", "b", "expected"),
    [
        (0.5, 1, 1, 0.5),
        (0.975, 11, 90, 0.176222598),
        (0.025, 10, 91, 0.049004689),
        (0.95, 1, 3000, 1 - 0.05 ** (1 / 3000)),
        (0.05, 3000, 1, 0.05 ** (1 / 3000)),
        (0.25, 0.5, 0.5, math.sin(math.pi / 8) ** 2),
    ],
)
def test_beta_quantile_agrees_with_tables_and_closed_forms(probability, a, b, expected):
    assert beta_quantile(probability, a, b) == pytest.approx(expected, abs=1e-9)


@given(st.floats(0.001, 0.999), st.floats(0.5, 1e5), st.floats(0.5, 1e8))
def test_beta_quantile_inverts_the_incomplete_beta_function(probability, a, b):
    assert beta_ratio(beta_quantile(probability, a, b), a, b) == pytest.approx(probability, abs=1e-6)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0), (-1, 2)])
def test_a_beta_distribution_has_positive_parameters(a, b):
    with pytest.raises(ValueError, match="positive"):
        beta_quantile(0.5, a, b)


@given(st.floats(0.51, 0.9999), st.floats(0.6, 1e8))
def test_student_t_quantile_lies_beyond_the_normal_one(probability, degrees):
    assert student_t_quantile(probability, degrees) > student_t_quantile(probability, math.inf) * (1 - 1e-9)


@pytest.mark.parametrize("degrees", [9_999, 10_001, 1e6, 4e10, 1e300])
def test_many_degrees_of_freedom_approach_the_normal_quantile_from_above(degrees):
    normal = student_t_quantile(0.97725, math.inf)

    assert 0 <= student_t_quantile(0.97725, degrees) - normal <= 3 / degrees + 1e-12


@given(st.floats(0.01, 0.98), st.floats(0.5, 200))
def test_chi_square_quantile_rises_with_probability(probability, degrees):
    assert chi_square_quantile(probability, degrees) < chi_square_quantile(probability + 0.01, degrees)


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 3), (1.0, 3), (0.9, 0), (0.9, -1)])
def test_impossible_questions_are_refused(probability, degrees):
    with pytest.raises(ValueError, match=r"positive|between"):
        student_t_quantile(probability, degrees)


def test_moments_use_the_divisor_n_less_one():
    values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]

    assert mean(values) == 5.0
    assert standard_deviation(values) == pytest.approx(math.sqrt(32 / 7))


def test_one_value_has_no_spread():
    with pytest.raises(ValueError, match="at least two"):
        standard_deviation([1.0])
