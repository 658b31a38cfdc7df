"""Uncertainty budgets of an error of indication, in ratios of the reading (0.01 is 1 %).

Source: JCGM 100:2008 (GUM), 4.2 (type A), 4.3 (type B), 5.1.2 (combination), G.4 (effective degrees of freedom).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from v2g_tool.model.quantities import ReferenceAccuracy
from v2g_tool.statistics.distributions import standard_deviation, student_t_quantile

Shape = Literal["independent", "reading", "range", "tan_phi"]
"""How a contribution acts over several load points: anew at each; as one gain; as one offset; as one phase error."""

COVERAGE = 0.9545
"""Two-sided coverage probability of an expanded uncertainty: k = 2 for a normal distribution."""

_SQRT3 = math.sqrt(3)
_SQRT12 = math.sqrt(12)


@dataclass(frozen=True)
class Contribution:
    """One line of a budget.

    Attributes:
        source: what it comes from, for the report.
        type: A when evaluated from repeated readings, B otherwise.
        standard_ratio: standard uncertainty, ratio of the reading, >= 0.
        degrees: degrees of freedom; infinite for a limit taken from a data sheet.
        shape: how it acts over several load points.
    """

    source: str
    type: Literal["A", "B"]
    standard_ratio: float
    degrees: float = math.inf
    shape: Shape = "independent"


@dataclass(frozen=True)
class Uncertainty:
    """A combined budget: expanded_ratio = coverage_factor * combined_ratio."""

    contributions: tuple[Contribution, ...]
    combined_ratio: float
    degrees: float
    coverage_factor: float
    expanded_ratio: float

    @property
    def reference_ratio(self) -> float:
        """The part that comes from the reference, with k = 2: how well the load is known, whatever the meter says."""
        return 2 * math.hypot(*(c.standard_ratio for c in self.contributions if c.shape != "independent"))


def combine(contributions: Iterable[Contribution]) -> Uncertainty:
    """Give the root sum of squares with its effective degrees of freedom (GUM G.2b) and k = t_95.45(nu)."""
    lines = tuple(contributions)
    combined = math.hypot(*(line.standard_ratio for line in lines))
    degrees = effective_degrees((line.standard_ratio**2, line.degrees) for line in lines)
    factor = coverage_factor(degrees)
    return Uncertainty(lines, combined, degrees, factor, factor * combined)


def effective_degrees(variances: Iterable[tuple[float, float]]) -> float:
    """Give the effective degrees of freedom of a sum of (variance, degrees of freedom); GUM G.2b."""
    parts = tuple(variances)
    doubt = math.fsum(variance**2 / degrees for variance, degrees in parts)
    return math.fsum(variance for variance, _ in parts) ** 2 / doubt if doubt > 0 else math.inf


def coverage_factor(degrees: float) -> float:
    """Give k for 95.45 % coverage: 2.00 at infinite degrees of freedom, 2.28 at 10; GUM table G.2."""
    return student_t_quantile((1 + COVERAGE) / 2, degrees)


def repeatability(errors_ratio: Sequence[float], effective: int) -> Contribution:
    """Give the type A line of paired errors: s / sqrt(n_eff), n_eff - 1 degrees of freedom; GUM 4.2.3.

    Args:
        errors_ratio: one error per pair of readings, so that the drift of the load cancels; at least two.
        effective: number of independent readings among them, at least two.

    Raises:
        ValueError: fewer than two effective readings carry no information about repeatability.
    """
    if effective < 2:
        raise ValueError(f"repeatability needs at least two effective readings, not {effective}")
    spread = standard_deviation(errors_ratio)
    return Contribution("meter repeatability", "A", spread / math.sqrt(effective), effective - 1)


def reference(
    accuracy: ReferenceAccuracy, power_w: float, reactive_var: float, phases: int = 1
) -> tuple[Contribution, ...]:
    """Give the three type B lines of the reference's specification, each rectangular; GUM 4.3.7.

    Args:
        accuracy: specification at the range in use, per phase.
        power_w: signed reference power of the phase, or of the sum.
        reactive_var: reactive power of the same.
        phases: number of phases in `power_w`; each brings its own range.

    Raises:
        ValueError: the power is zero, where a ratio of the reading has no meaning.
    """
    power = _nonzero(power_w)
    limits: tuple[tuple[str, float, Shape], ...] = (
        ("reference, part of reading", accuracy.rdg_ratio, "reading"),
        ("reference, part of range", accuracy.rng_ratio * accuracy.range_va * phases / power, "range"),
        ("reference, power factor influence", accuracy.pf0_ratio * abs(reactive_var) / power, "tan_phi"),
    )
    return tuple(Contribution(name, "B", limit / _SQRT3, shape=shape) for name, limit, shape in limits)


def resolution(step_w: float, power_w: float) -> Contribution:
    """Give the line of a display or register step: r / sqrt(12) of the reading; GUM F.2.2.1."""
    return Contribution("meter resolution", "B", step_w / (_SQRT12 * _nonzero(power_w)))


def synchronism(slope_w_per_s: float, skew_s: float, power_w: float) -> Contribution:
    """Give the line of two instruments reading at different instants: |dP/dt| * skew / (sqrt(3) * P)."""
    limit_w = abs(slope_w_per_s * skew_s)
    return Contribution("synchronism", "B", limit_w / (_SQRT3 * _nonzero(power_w)))


def test_uncertainty_ratio(limit_ratio: float, expanded_ratio: float) -> float:
    """Give limit / expanded uncertainty (ANSI/NCSL Z540.3); infinite without uncertainty."""
    return limit_ratio / expanded_ratio if expanded_ratio > 0 else math.inf


def effective_readings(window_s: float, update_interval_s: float, readings: int) -> int:
    """Give how many of `readings` were new samples: whole updates in the window, at most `readings`."""
    updates = math.floor(window_s / update_interval_s * (1 + 1e-9))  # 0.3 / 0.1 is 2.9999999999999996
    return min(updates, readings)


def _nonzero(power_w: float) -> float:
    if power_w == 0:
        raise ValueError("a ratio of the reading has no meaning at zero power")
    return abs(power_w)
