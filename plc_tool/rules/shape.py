"""The shape of a loss over frequency: a line over √f, and ripple. Pure.

Skin effect makes a cable's loss grow with √f, so √f is the natural axis of the line. What is reflected at both ends of
a section of length L comes later by 2·L/v, which makes a ripple with the period v/(2·L).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from plc_tool.rules.levels import Level
from v2g_tool.statistics.least_squares import solve

LOWEST_MHZ = 2.0
"""Where `base_db` is read: the lower end of the band."""
SHORTEST_DELAY_S = 1 / 8e6
"""A reflection over 10 m at 0.53 of the speed of light: what is faster may be the charging cable itself."""
FEWEST_LEVELS = 24
"""Fewer groups than that, of 58, show no shape."""
_LONGEST_DELAY_S = 1.2e-6
"""Two groups for each crest."""
_DELAY_STEP_S = 5e-9
"""A seventh of what 26 MHz resolve, so that no crest is missed."""
_SLOW_WAVES = (2, 3, 4, 5)
"""Half waves over the band that couplers and the charging cable make: periods of 10 MHz and more."""
_SIGMA_PER_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
_ROUNDS = 8
_TUKEY = 4.685
"""Cut of Tukey's biweight in standard deviations: 95 % of the efficiency of least squares on normal noise."""
_LEAST_SPREAD_DB = 0.5
"""No residual is known better than half a step of 1 dB."""


@dataclass(frozen=True)
class Line:
    """A robust line through the loss over √f.

    Attributes:
        base_db: loss at 2 MHz.
        slope_db: dB for each √MHz.
        tilt_db: loss at the upper end of the measured band beyond that at its lower end.
        spread_db: robust standard deviation of the groups about the line.
    """

    base_db: float
    slope_db: float
    tilt_db: float
    spread_db: float


@dataclass(frozen=True)
class Ripple:
    """The strongest ripple with a period below 8 MHz.

    Attributes:
        period_hz: distance of two crests.
        height_db: from crest to trough.
        scatter_db: robust standard deviation of what line, slow waves and this ripple leave.
    """

    period_hz: float
    height_db: float
    scatter_db: float


@dataclass(frozen=True)
class _Fit:
    values: tuple[float, ...]
    residuals: tuple[float, ...]
    spread_db: float


def line(levels: Sequence[Level]) -> Line:
    """Give the robust line through at least three levels at different frequencies."""
    roots = [math.sqrt(level.hz / 1e6) for level in levels]
    fit = _robust_fit(levels, [(1.0, root - math.sqrt(LOWEST_MHZ)) for root in roots])
    base, slope = fit.values
    return Line(base, slope, slope * (max(roots) - min(roots)), fit.spread_db)


def ripple(levels: Sequence[Level]) -> Ripple:
    """Give the strongest ripple of at least 24 levels: found on robust residuals, then fitted with all the rest."""
    low, high = levels[0].hz, levels[-1].hz
    smooth = [
        (1.0, math.sqrt(at.hz / 1e6), *(math.cos(math.pi * n * (at.hz - low) / (high - low)) for n in _SLOW_WAVES))
        for at in levels
    ]
    plain = _robust_fit(levels, smooth)
    delay = _strongest_delay([level.hz for level in levels], plain.residuals)
    turns = [math.tau * delay * level.hz for level in levels]
    waved = [(*row, math.cos(turn), math.sin(turn)) for row, turn in zip(smooth, turns, strict=True)]
    fit = _robust_fit(levels, waved)
    return Ripple(1 / delay, 2 * math.hypot(*fit.values[-2:]), fit.spread_db)


def robust_spread(values: Sequence[float], least: float = _LEAST_SPREAD_DB) -> float:
    """Give the standard deviation about 0 that a normal distribution of this median size has, never below `least`."""
    return max(least, _SIGMA_PER_MAD * median(abs(v) for v in values))


def _robust_fit(levels: Sequence[Level], design: Sequence[Sequence[float]]) -> _Fit:
    """Fit by least squares, reweighted with Tukey's biweight: notches and the end of the band do not bend the line."""
    spreads = [1.0] * len(levels)
    seen = [level.loss_db for level in levels]
    for _ in range(_ROUNDS):
        solution = solve(design, seen, spreads)
        fitted = [at - r for at, r in zip(seen, solution.residuals, strict=True)]
        residuals = tuple(_residual(level, at) for level, at in zip(levels, fitted, strict=True))
        seen = [at + r for at, r in zip(fitted, residuals, strict=True)]
        spread = robust_spread(residuals)
        spreads = [_inverse_root_weight(r / (_TUKEY * spread)) for r in residuals]
    return _Fit(solution.values, residuals, spread)


def _residual(level: Level, fitted_db: float) -> float:
    """Give the distance from the fit; none where the loss is only known to be at most this, and the fit is below."""
    excess = level.loss_db - fitted_db
    return min(0.0, excess) if level.at_most else excess


def _inverse_root_weight(ratio: float) -> float:
    return 1 / max(1 - ratio * ratio, 1e-3)


def _strongest_delay(hz: Sequence[float], residuals: Sequence[float]) -> float:
    """Give the delay whose wave fits best; what is beyond three standard deviations counts as three."""
    most = 3 * robust_spread(residuals)
    held = [max(-most, min(most, r)) for r in residuals]
    centre = fmean(held)
    values = [r - centre for r in held]
    count = int((_LONGEST_DELAY_S - SHORTEST_DELAY_S) / _DELAY_STEP_S)
    delays = [SHORTEST_DELAY_S + _DELAY_STEP_S * n for n in range(-1, count + 1)]
    powers = [_power(hz, values, delay) for delay in delays]
    # What still rises towards shorter delays is the foot of something slower.
    crests = [at for at in range(1, count + 1) if powers[at] >= max(powers[at - 1], powers[at + 1])]
    return delays[max(crests, key=powers.__getitem__, default=count)]


def _power(hz: Sequence[float], values: Sequence[float], delay_s: float) -> float:
    """Give the power of the best wave of one delay through unevenly spaced values (Lomb's periodogram)."""
    turns = [math.tau * delay_s * f for f in hz]
    cosines, sines = [math.cos(t) for t in turns], [math.sin(t) for t in turns]
    squares, mixed = _dot(cosines, cosines), _dot(cosines, sines)
    shift = math.atan2(2 * mixed, 2 * squares - len(hz)) / 2  # makes the two waves independent
    c, s = math.cos(shift), math.sin(shift)
    along, across = _dot(cosines, values), _dot(sines, values)
    weight = squares * c * c + 2 * mixed * c * s + (len(hz) - squares) * s * s
    waves = ((along * c + across * s, weight), (across * c - along * s, len(hz) - weight))
    return sum(part * part / w for part, w in waves if w > 1e-9)


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
