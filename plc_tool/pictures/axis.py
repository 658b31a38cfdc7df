"""Axes: how far they reach and where their ticks are. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from v2g_tool.model.plc import Band

AXIS_LOW_HZ = 1.8e6
"""The axis of every picture begins here, so that two pictures lie over one another."""
AXIS_HIGH_HZ = 30e6
"""And ends here, unless a chip reports carriers above HomePlug AV."""


def frequency_axis(pieces: Sequence[Band]) -> Band:
    """Give the part of the spectrum that a picture shows: 1.8 to 30 MHz, and further where values lie outside."""
    return Band(
        min(AXIS_LOW_HZ, *(piece.low_hz for piece in pieces)) if pieces else AXIS_LOW_HZ,
        max(AXIS_HIGH_HZ, *(piece.high_hz for piece in pieces)) if pieces else AXIS_HIGH_HZ,
    )


def ticks(low: float, high: float, most: int) -> list[float]:
    """Give round numbers between `low` and `high`, both included when round; at most `most` + 1 of them."""
    step = round_step((high - low) / max(most, 1))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [count * step for count in range(first, last + 1)]


def round_step(least: float) -> float:
    """Give the smallest of 1, 2 or 5 times a power of ten that is not below `least`."""
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1.0, 2.0, 5.0, 10.0, 20.0) if power * factor >= least * (1 - 1e-9))
