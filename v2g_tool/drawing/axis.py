"""Where the ticks of an axis are, and how far it reaches. Pure."""

from __future__ import annotations

import math


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
