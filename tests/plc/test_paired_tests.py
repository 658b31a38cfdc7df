"""Rank and sign tests against worked examples of the literature and exact counting."""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc_tool.rules.paired_tests import holm, mean_interval, proportion_change, rank_sum_test, shift, sign_test, wilson

READINGS = st.lists(st.integers(-20, 20), min_size=1, max_size=12)


def test_ten_ups_of_ten_are_one_chance_in_512():
    assert sign_test([0.1] * 10) == 2 / 1024


def test_nine_ups_of_ten_are_eleven_chances_in_512():
    assert sign_test([1.0] * 9 + [-5.0]) == 22 / 1024


def test_pairs_without_a_difference_say_nothing():
    assert sign_test([0.0] * 50) == 1.0
    assert sign_test([1.0] * 10 + [0.0] * 50) == 2 / 1024


def test_a_sign_test_of_thousands_of_pairs_does_not_overflow():
    assert 0 <= sign_test([1.0] * 5000) < 1e-300


def test_two_samples_apart_give_the_known_p_value():
    # z = (50 - 0.5) / sqrt(100 * 21 / 12)
    wanted = 2 * NormalDist().cdf(-49.5 / math.sqrt(175))

    assert rank_sum_test(range(1, 11), range(11, 21)) == pytest.approx(wanted, rel=1e-12)
    assert wanted == pytest.approx(1.827e-4, rel=1e-3)


def test_the_normal_approximation_is_near_the_exact_count_without_ties():
    one, other = (3, 7, 8, 9, 14, 15), (5, 12, 13, 17, 18, 20)
    pool = (*one, *other)

    def wins(chosen):
        rest = [v for v in pool if v not in chosen]
        return abs(sum(a < b for a in chosen for b in rest) - 18)

    splits = list(itertools.combinations(pool, 6))
    exact = sum(wins(split) >= wins(one) for split in splits) / len(splits)

    assert rank_sum_test(one, other) == pytest.approx(exact, abs=0.01)


def test_holm_multiplies_the_smallest_most():
    # Holm's procedure by hand: 0.005 * 4, 0.01 * 3, 0.03 * 2, then not below its predecessor
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_published_interval_of_a_difference_of_proportions():
    # Newcombe 1998, table II, (a): 56/70 less 48/80 by method 10 is 0.0524 to 0.3339
    change = proportion_change(wilson(48 / 80, 80), wilson(56 / 70, 70))

    assert (change.value, change.low, change.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_the_published_wilson_interval():
    # Newcombe 1998, Statistics in Medicine 17, page 857, table I: 81 of 263
    share = wilson(81 / 263, 263)

    assert (share.low, share.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_no_error_in_a_thousand_blocks_still_leaves_room_for_some():
    share = wilson(0.0, 1000)

    assert share.low == 0
    assert share.high == pytest.approx(0.0038, abs=1e-4)


def test_a_single_value_has_no_interval():
    assert mean_interval([3.0]).low == -math.inf


@settings(max_examples=100)
@given(READINGS, READINGS, st.integers(-10, 10))
def test_a_shift_of_all_values_is_found_as_it_is(one, other, by):
    plain, moved = shift(one, other), shift(one, [v + by for v in other])

    assert moved.value == pytest.approx(plain.value + by)
    assert moved.low <= moved.value <= moved.high


@settings(max_examples=100)
@given(READINGS, READINGS)
def test_p_values_do_not_depend_on_which_sample_comes_first(one, other):
    p = rank_sum_test(one, other)

    assert p == pytest.approx(rank_sum_test(other, one))
    assert 0 < p <= 1


@settings(max_examples=100)
@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_never_makes_a_p_value_smaller_and_keeps_the_order(p_values):
    adjusted = holm(p_values)

    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    assert all(
        adjusted[i] <= adjusted[j]
        for i in range(len(p_values))
        for j in range(len(p_values))
        if p_values[i] < p_values[j]
    )
