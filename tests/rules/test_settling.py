"""Pairing, trend and repeated samples."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.metering.rules.settling import distinct, is_settled, is_stationary, pair, slope
from v2g_tool.model.quantities import Channel, Quantity, Reading

POWER = Channel(Quantity.ACTIVE_POWER, 1)


def reading(value, counter=None, at_s=0.0):
    return Reading({POWER: value}, at_s, at_s, counter)


def test_a_drifting_load_cancels_in_paired_errors():
    reference = [(t, 1000 + 10 * t) for t in range(10)]
    meter = [(t + 0.3, 1.01 * (1000 + 10 * (t + 0.3))) for t in range(9)]

    errors = pair(meter, reference)

    assert errors == pytest.approx([0.01] * 9)


def test_readings_outside_the_span_of_the_reference_are_left_out():
    reference = [(1.0, 100.0), (2.0, 100.0)]

    assert pair([(0.9, 100), (1.0, 101), (2.0, 102), (2.1, 103)], reference) == pytest.approx([0.01, 0.02])
    assert pair([(1.0, 100)], []) == ()


def test_zero_reference_gives_no_ratio():
    assert pair([(1.0, 5.0)], [(0.0, 0.0), (2.0, 0.0)]) == ()


@given(st.floats(-100, 100), st.floats(-1e4, 1e4), st.integers(3, 30))
def test_slope_of_a_line_is_found(rate, level, count):
    found, error = slope([(float(n), level + rate * n) for n in range(count)])

    assert found == pytest.approx(rate, abs=1e-6)
    assert error == pytest.approx(0, abs=1e-6)


def test_slope_and_its_error_by_hand():
    found, error = slope([(0, 0.0), (1, 2.0), (2, 1.0)])

    assert found == pytest.approx(0.5)
    assert error == pytest.approx(math.sqrt(1.5 / 1 / 2))


def test_two_readings_have_a_slope_but_no_error():
    assert slope([(0, 1.0), (2, 2.0)]) == (0.5, math.inf)


@pytest.mark.parametrize("series", [[(0, 1.0)], [(1, 1.0), (1, 2.0)]])
def test_a_slope_needs_two_instants(series):
    with pytest.raises(ValueError, match="slope needs"):
        slope(series)


def test_noise_without_trend_is_settled_and_a_ramp_is_not():
    dice = random.Random(1)
    noise = [(float(n), 1000 + dice.gauss(0, 1)) for n in range(30)]
    ramp = [(t, power + 2 * t) for t, power in noise]

    assert is_settled(noise, 0.0001)
    assert not is_settled(ramp, 0.0001)
    assert is_settled(ramp, 0.1)
    assert not is_settled(noise[:2], 0.1)


def test_stationarity_is_relative_to_the_mean():
    assert is_stationary([-1000, -1004, -996], 0.005)
    assert not is_stationary([-1000, -1010, -990], 0.005)
    assert not is_stationary([1000], 0.005)


def test_readings_with_the_same_counter_are_one_sample():
    kept = distinct([reading(1.0, 7), reading(1.0, 7), reading(1.0, 8), reading(2.0, 9)])

    assert [one.counter for one in kept] == [7, 8, 9]


def test_without_a_counter_equal_values_are_one_sample():
    kept = distinct([reading(1.0), reading(1.0), reading(2.0), reading(1.0)])

    assert [one.values[POWER] for one in kept] == [1.0, 2.0, 1.0]
    assert distinct([]) == ()
