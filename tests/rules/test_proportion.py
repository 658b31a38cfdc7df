"""Exact bounds against published tables, against binomial sums, and by simulation."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.interval import Bounds, clopper_pearson
from v2g_tool.statistics.proportion import binomial_cdf, percentile_ranks, trials_without_hit, values_needed

from .telemetry_sample import losses

COUNTS = st.integers(1, 5000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
CONFIDENCES = st.floats(0.5, 0.9999)


def tail_at_least(hits: int, trials: int, ratio: float) -> float:
    """P(X >= hits), term by term."""
    return math.fsum(math.comb(trials, k) * ratio**k * (1 - ratio) ** (trials - k) for k in range(hits, trials + 1))


@pytest.mark.parametrize(
    ("hits", "trials", "confidence", "lower", "upper"),
    [
        (0, 3000, 0.90, 0.0, 0.000998),  # one-sided 95 %, the rule of three
        (10, 100, 0.95, 0.0490, 0.1762),
        (0, 10, 0.95, 0.0, 0.3085),
        (1, 10, 0.95, 0.0025, 0.4450),
        (5, 10, 0.95, 0.1871, 0.8129),
        (10, 10, 0.95, 0.6915, 1.0),
        (81, 263, 0.95, 0.2527, 0.3676),  # Newcombe (1998), table I, exact
        (15, 148, 0.95, 0.0578, 0.1617),
        (0, 20, 0.95, 0.0, 0.1684),
        (1, 29, 0.95, 0.0009, 0.1776),
    ],
)
def test_the_interval_agrees_with_published_values(hits, trials, confidence, lower, upper):
    found = clopper_pearson(hits, trials, confidence)

    assert found.lower == pytest.approx(lower, abs=5.1e-5 if trials < 1000 else 5e-7)
    assert found.upper == pytest.approx(upper, abs=5.1e-5 if trials < 1000 else 5e-7)


@pytest.mark.parametrize(("hits", "trials"), [(1, 5), (3, 17), (10, 100), (28, 400), (399, 400)])
def test_each_end_leaves_half_of_the_error_in_its_binomial_tail(hits, trials):
    found = clopper_pearson(hits, trials, 0.9)

    assert tail_at_least(hits, trials, found.lower) == pytest.approx(0.05, abs=1e-9)
    assert 1 - tail_at_least(hits + 1, trials, found.upper) == pytest.approx(0.05, abs=1e-9)


@given(COUNTS, CONFIDENCES)
def test_the_interval_holds_what_was_seen(count, confidence):
    hits, trials = count
    found = clopper_pearson(hits, trials, confidence)

    assert 0 <= found.lower <= hits / trials <= found.upper <= 1


@given(COUNTS, CONFIDENCES)
def test_more_hits_move_both_ends_up(count, confidence):
    hits, trials = count
    fewer, more = (clopper_pearson(k, trials + 1, confidence) for k in (hits, hits + 1))

    assert fewer.lower < more.lower
    assert fewer.upper < more.upper or fewer.upper == 1


@given(COUNTS, st.floats(0.5, 0.99))
def test_more_confidence_is_a_wider_interval(count, confidence):
    narrow, wide = (clopper_pearson(*count, c) for c in (confidence, (1 + confidence) / 2))

    assert wide.lower <= narrow.lower
    assert narrow.upper <= wide.upper


@given(st.floats(0, 1), st.floats(1, 1e6))
def test_an_effective_number_need_not_be_whole(share, trials):
    found = clopper_pearson(share * trials, trials, 0.95)

    assert found.lower <= share * (1 + 1e-9)
    assert share <= found.upper * (1 + 1e-9)


def test_fewer_effective_trials_widen_the_interval():
    plain, halved = clopper_pearson(30, 30_000, 0.95), clopper_pearson(15, 15_000, 0.95)

    assert halved.lower < plain.lower < 0.001 < plain.upper < halved.upper


@pytest.mark.parametrize("ratio", [0.001, 0.01, 0.3])
def test_the_interval_covers_the_truth_as_often_as_it_says(ratio):
    rng = random.Random(11)
    runs, trials = 400, 600
    covered = 0
    for _ in range(runs):
        found = clopper_pearson(len(losses(rng, ratio, trials)), trials, 0.9)
        covered += found.lower <= ratio <= found.upper

    by_chance = 2 * math.sqrt(runs * 0.9 * 0.1)
    assert covered >= 0.9 * runs - by_chance


def test_no_trial_says_nothing():
    assert clopper_pearson(0, 0, 0.95) == Bounds(0.0, 1.0)


@pytest.mark.parametrize(
    ("hits", "trials", "confidence"), [(-1, 5, 0.9), (6, 5, 0.9), (0, math.inf, 0.9), (1, 5, 0), (1, 5, 1.0)]
)
def test_impossible_counts_are_refused(hits, trials, confidence):
    with pytest.raises(ValueError, match=r"no count|between 0 and 1"):
        clopper_pearson(hits, trials, confidence)


@pytest.mark.parametrize(("ratio", "confidence", "expected"), [(0.001, 0.90, 2995), (0.001, 0.98, 4603)])
def test_so_many_trials_without_a_hit_are_needed(ratio, confidence, expected):
    assert trials_without_hit(ratio, confidence) == expected


@given(st.floats(1e-5, 0.5), st.floats(0.5, 0.999))
def test_one_trial_fewer_is_too_few(ratio, confidence):
    needed = trials_without_hit(ratio, confidence)

    assert clopper_pearson(0, needed, confidence).upper <= ratio * (1 + 1e-9)
    assert needed == 1 or clopper_pearson(0, needed - 1, confidence).upper >= ratio * (1 - 1e-9)


@pytest.mark.parametrize("ratio", [0, 1, -0.1])
def test_no_number_of_trials_shows_an_impossible_ratio(ratio):
    with pytest.raises(ValueError, match="between 0 and 1"):
        trials_without_hit(ratio, 0.95)


@pytest.mark.parametrize(("hits", "trials", "ratio"), [(0, 5, 0.5), (3, 10, 0.2), (17, 40, 0.45), (10, 10, 0.3)])
def test_the_binomial_distribution_is_the_sum_of_its_terms(hits, trials, ratio):
    assert binomial_cdf(hits, trials, ratio) == pytest.approx(1 - tail_at_least(hits + 1, trials, ratio), abs=1e-12)
    assert binomial_cdf(-1, trials, ratio) == 0


@pytest.mark.parametrize(
    ("values", "percentile", "lower", "upper"),
    [
        (299, 99, 293, 299),  # 299 is the fewest for an upper bound of the 99th percentile
        (298, 99, 292, None),
        (59, 95, 53, 59),  # 59: the Wilks number
        (58, 95, 52, None),
        (5, 50, 1, 5),
        (4, 50, None, None),
    ],
)
def test_ranks_bound_a_percentile(values, percentile, lower, upper):
    found = percentile_ranks(values, percentile, 0.95)

    assert (found.lower, found.upper) == (lower, upper)


@pytest.mark.parametrize(("percentile", "expected"), [(99, 299), (95, 59), (50, 5), (99.9, 2995)])
def test_so_many_values_bound_a_percentile(percentile, expected):
    assert values_needed(percentile, 0.95) == expected


@given(st.integers(1, 3000), st.floats(1, 99.9))
def test_the_ranks_keep_their_confidence_and_are_the_closest(values, percentile):
    found = percentile_ranks(values, percentile, 0.95)

    if found.upper is not None:
        assert binomial_cdf(found.upper - 1, values, percentile / 100) >= 0.95
        assert binomial_cdf(found.upper - 2, values, percentile / 100) < 0.95
    if found.lower is not None:
        assert binomial_cdf(found.lower - 1, values, percentile / 100) <= 0.05 + 1e-12
        assert binomial_cdf(found.lower, values, percentile / 100) > 0.05 - 1e-12
