"""Tests for two sets of readings that need no assumption about their distribution. Pure.

Sources: Conover, Practical Nonparametric Statistics, 3rd edition (sign test, Mann-Whitney test, shift interval);
Holm, Scandinavian Journal of Statistics 6 (1979), page 65; Newcombe, Statistics in Medicine 17 (1998), page 873,
method 10 (difference of two proportions).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import NormalDist, median

from v2g_tool.statistics.distributions import mean, standard_deviation, student_t_quantile

_NORMAL = NormalDist()
_TWO_SIDED_95 = 0.975


@dataclass(frozen=True)
class Interval:
    """An estimate with the two ends of its 95 % interval, all in one unit."""

    value: float
    low: float
    high: float

    def reversed(self) -> Interval:
        """Give the interval of the value with the opposite sign."""
        return Interval(-self.value, -self.high, -self.low)


def sign_test(differences: Sequence[float]) -> float:
    """Give the two-sided p-value of as many ups as downs; pairs without a difference tell nothing and are left out."""
    ups = sum(d > 0 for d in differences)
    downs = sum(d < 0 for d in differences)
    tail = sum(math.comb(ups + downs, k) for k in range(min(ups, downs) + 1))
    return min(1.0, tail / (1 << (ups + downs - 1))) if ups + downs else 1.0


def rank_sum_test(one: Sequence[float], other: Sequence[float]) -> float:
    """Give the two-sided p-value of two samples with the same distribution (Mann-Whitney, normal approximation).

    Ties share their mean rank; the variance is corrected for them and the statistic for continuity. 1 when all
    values are equal or a sample is empty.
    """
    n, m = len(one), len(other)
    counts = Counter((*one, *other))
    total = n + m
    tied = sum(c**3 - c for c in counts.values())
    if n == 0 or m == 0 or tied == total**3 - total:
        return 1.0
    variance = n * m / 12 * (total + 1 - tied / (total * (total - 1)))
    upper = sum((a < b) + (a == b) / 2 for a in one for b in other)
    distance = max(0.0, abs(upper - n * m / 2) - 0.5)
    return 2 * _NORMAL.cdf(-distance / math.sqrt(variance))


def shift(before: Sequence[float], after: Sequence[float]) -> Interval:
    """Give by how much `after` lies above `before`: the median of all pairwise differences (Hodges-Lehmann).

    Two samples of less than four values give the whole range of the differences.
    """
    differences = sorted(b - a for a in before for b in after)
    n, m = len(before), len(after)
    spread = _NORMAL.inv_cdf(_TWO_SIDED_95) * math.sqrt(n * m * (n + m + 1) / 12)
    first = max(0, math.floor(n * m / 2 - spread))
    return Interval(median(differences), differences[first], differences[-1 - first])


def mean_interval(values: Sequence[float]) -> Interval:
    """Give the mean of at least one value with its Student interval; without an interval for a single value."""
    centre = mean(values)
    if len(values) < 2:
        return Interval(centre, -math.inf, math.inf)
    half = student_t_quantile(_TWO_SIDED_95, len(values) - 1) * standard_deviation(values) / math.sqrt(len(values))
    return Interval(centre, centre - half, centre + half)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Give p-values adjusted so that, of all of them together, one in twenty families errs at 0.05; same order."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    scaled = (min(1.0, p_values[index] * (len(order) - place)) for place, index in enumerate(order))
    adjusted = dict(zip(order, accumulate(scaled, max), strict=True))
    return tuple(adjusted[index] for index in range(len(p_values)))


def wilson(ratio: float, trials: float) -> Interval:
    """Give a proportion with its Wilson interval; `trials` > 0 need not be whole."""
    z = _NORMAL.inv_cdf(_TWO_SIDED_95)
    centre = (ratio + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(ratio * (1 - ratio) / trials + z * z / (4 * trials**2))
    return Interval(ratio, max(0.0, min(ratio, centre - half)), min(1.0, max(ratio, centre + half)))


def proportion_change(before: Interval, after: Interval) -> Interval:
    """Give how much a proportion rose, from the Wilson intervals of both (Newcombe's hybrid interval)."""
    down = math.hypot(after.value - after.low, before.high - before.value)
    up = math.hypot(after.high - after.value, before.value - before.low)
    rise = after.value - before.value
    return Interval(rise, rise - down, rise + up)
