"""Time series of two instruments: pairing, trend, stationarity, repeated samples.

A series is a sequence of (time in s, power in W), ascending in time.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from v2g_tool.model.quantities import Reading
from v2g_tool.statistics.distributions import mean, standard_deviation, student_t_quantile

Series = Sequence[tuple[float, float]]

_SIGNIFICANCE = 0.975
"""One-sided probability beyond which a slope counts as a trend (two-sided 95 %)."""


def pair(meter: Series, reference: Series) -> tuple[float, ...]:
    """Give the error ratio P_m / P_r - 1 at each time of the meter that lies inside the reference's span.

    The reference is interpolated linearly, so that a drifting load cancels; a zero reference is left out.
    """
    times = [time for time, _ in reference]
    inside = [(time, power) for time, power in meter if times and times[0] <= time <= times[-1]]
    matched = [(power, _interpolate(times, reference, time)) for time, power in inside]
    return tuple(power / true - 1 for power, true in matched if true != 0)


def slope(series: Series) -> tuple[float, float]:
    """Give the least-squares slope in W/s and its standard error; the error is infinite for two readings.

    Raises:
        ValueError: fewer than two readings, or all at one instant.
    """
    if len(series) < 2:
        raise ValueError("a slope needs at least two readings")
    centre = mean([time for time, _ in series])
    level = mean([power for _, power in series])
    spread = math.fsum((time - centre) ** 2 for time, _ in series)
    if spread == 0:
        raise ValueError("a slope needs readings at different times")
    rate = math.fsum((time - centre) * (power - level) for time, power in series) / spread
    if len(series) == 2:
        return rate, math.inf
    residual = math.fsum((power - level - rate * (time - centre)) ** 2 for time, power in series)
    return rate, math.sqrt(residual / (len(series) - 2) / spread)


def is_settled(series: Series, target_ratio: float) -> bool:
    """Tell whether the linear change over the window is insignificant, or below `target_ratio` of the mean.

    Fewer than three readings are never settled: their trend cannot be told from noise.
    """
    if len(series) < 3:
        return False
    rate, error = slope(series)
    change = abs(rate) * (series[-1][0] - series[0][0])
    if change < target_ratio * abs(mean([power for _, power in series])):
        return True
    return abs(rate) <= student_t_quantile(_SIGNIFICANCE, len(series) - 2) * error


def is_stationary(values: Sequence[float], limit_ratio: float) -> bool:
    """Tell whether the relative standard deviation of at least two values is at most `limit_ratio`."""
    return len(values) >= 2 and standard_deviation(values) <= limit_ratio * abs(mean(values))


def distinct(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Give the readings without those that repeat the sample before them (same counter, else same values)."""
    kept: list[Reading] = []
    for reading in readings:
        if not kept or not _same_sample(kept[-1], reading):
            kept.append(reading)
    return tuple(kept)


def _same_sample(one: Reading, other: Reading) -> bool:
    if one.counter is not None and other.counter is not None:
        return one.counter == other.counter
    return dict(one.values) == dict(other.values)


def _interpolate(times: Sequence[float], series: Series, time: float) -> float:
    """`time` lies inside the span of `times`."""
    index = bisect_left(times, time)
    later, high = series[index]
    if later == time:
        return high
    earlier, low = series[index - 1]
    return low + (high - low) * (time - earlier) / (later - earlier)
