"""The two-sided interval of Clopper and Pearson, from the bounds of the product."""

from __future__ import annotations

from dataclasses import dataclass

from v2g_tool.statistics.proportion import lower_bound, upper_bound


@dataclass(frozen=True)
class Bounds:
    """Where a proportion lies, 0 to 1."""

    lower: float
    upper: float


def clopper_pearson(hits: float, trials: float, confidence: float) -> Bounds:
    """Give the exact two-sided interval for a proportion.

    Args:
        hits: how often it happened, 0 to `trials`; not necessarily whole, for an effective number.
        trials: how often it could have happened; with none the proportion is anything.
        confidence: 0 < confidence < 1; each side errs with (1 - confidence) / 2 at most.

    Raises:
        ValueError: there are no such counts, or there is no such confidence.
    """
    return Bounds(lower_bound(hits, trials, confidence), upper_bound(hits, trials, confidence))
