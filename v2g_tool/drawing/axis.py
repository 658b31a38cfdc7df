"""What an axis shows, how far along it a value is, and which values are named on it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high`, evenly or in decades; their numbers are multiples of `counted`, said in `name`."""

    low: float
    high: float
    name: str = ""
    counted: float = 1.0
    decades: bool = False

    def share(self, value: float) -> float:
        """Give how far along the axis a value is, 0 to 1."""
        if self.decades:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / ((self.high - self.low) or 1.0)
        return max(0.0, min(1.0, share))

    def pick(self, value: float, choices: Sequence[Choice]) -> Choice:
        """Give the one of some choices, in order from the low end, that stands for a value."""
        return choices[min(int(self.share(value) * len(choices)), len(choices) - 1)]

    def ticks(self, most: int) -> list[float]:
        """Give round values from end to end, at most `most` + 1 of them; in decades, each power of ten."""
        if self.decades:
            return [10.0**power for power in range(round(math.log10(self.low)), round(math.log10(self.high)) + 1)]
        step = round_step((self.high - self.low) / max(most, 1))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [count * step for count in range(first, last + 1)]

    def label(self, value: float) -> str:
        """Give the number that is written at a value."""
        return f"{value / self.counted:g}"


def value_axis(low: float, high: float, name: str = "") -> Axis:
    """Give an axis with round ends that holds 0 and `low` to `high`, none of them on the upper edge."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = round_step((high - low) / 7) if high > low else 1.0
    return Axis(math.floor(low / step) * step, max(math.ceil(high / step + 0.05), 1) * step, name)


def decade_axis(low: float, high: float) -> Axis:
    """Give an axis of the decades around two positive values, at least two of them."""
    first = math.floor(math.log10(low) + 1e-9)
    last = math.ceil(math.log10(high) - 1e-9)
    return Axis(10.0**first, 10.0 ** max(last, first + 2), decades=True)


def round_step(least: float) -> float:
    """Give the smallest of 1, 2 or 5 times a power of ten that is not below `least`."""
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1.0, 2.0, 5.0, 10.0, 20.0) if power * factor >= least * (1 - 1e-9))
