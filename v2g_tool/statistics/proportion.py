"""Proportions and percentiles from counts, with exact binomial bounds. Pure.

Clopper and Pearson, Biometrika 26 (1934) 404; order statistics: David and Nagaraja, Order Statistics, 7.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from v2g_tool.statistics.distributions import beta_quantile, beta_ratio


def lower_bound(hits: float, trials: float, confidence: float) -> float:
    """Give the lower end of the two-sided interval."""
    _check(hits, trials, confidence)
    return beta_quantile((1 - confidence) / 2, hits, trials - hits + 1) if hits > 0 else 0.0


def upper_bound(hits: float, trials: float, confidence: float) -> float:
    """Give the upper end of the two-sided interval."""
    _check(hits, trials, confidence)
    return beta_quantile((1 + confidence) / 2, hits + 1, trials - hits) if hits < trials else 1.0


def trials_without_hit(ratio: float, confidence: float) -> int:
    """Give how many trials without a single hit show that the proportion is below `ratio`, 0 < ratio < 1."""
    _check(0, 0, confidence)
    if not 0 < ratio < 1:
        raise ValueError(f"a proportion lies between 0 and 1, not {ratio}")
    return math.floor(math.log((1 - confidence) / 2) / math.log1p(-ratio)) + 1


def _check(hits: float, trials: float, confidence: float) -> None:
    if not (0 <= hits <= trials < math.inf):
        raise ValueError(f"{hits} of {trials} is no count")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not {confidence}")


def binomial_cdf(hits: int, trials: int, ratio: float) -> float:
    """P(X <= hits) for `trials` independent trials that each hit with probability `ratio`."""
    if hits >= trials:
        return 1.0
    return beta_ratio(1 - ratio, trials - hits, hits + 1) if hits >= 0 else 0.0


@dataclass(frozen=True)
class Ranks:
    """Which of the ascending values, counted from 1, bound a percentile; None where there are too few values."""

    lower: int | None
    upper: int | None


def percentile_ranks(values: int, percentile: float, confidence: float) -> Ranks:
    """Give the ranks that bound a percentile, whatever the distribution; each side alone has the `confidence`.

    Args:
        values: how many independent values there are.
        percentile: 0 < percentile < 100.
        confidence: one-sided, 0 < confidence < 1.
    """
    share = percentile / 100
    above = _first(values, lambda rank: binomial_cdf(rank - 1, values, share) >= confidence)
    beyond = _first(values, lambda rank: binomial_cdf(rank - 1, values, share) > 1 - confidence)
    below = (beyond or values + 1) - 1
    return Ranks(below or None, above)


def values_needed(percentile: float, confidence: float) -> int:
    """Give how many values it takes at least until a percentile has an upper bound; one-sided `confidence`."""
    return math.ceil(math.log(1 - confidence) / math.log(percentile / 100) - 1e-9)


def _first(most: int, true: Callable[[int], bool]) -> int | None:
    """Give the first rank, 1 to `most`, from which on `true` holds."""
    low, high = 1, most + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if true(middle) else (middle + 1, high)
    return low if low <= most else None
