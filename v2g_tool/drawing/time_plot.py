"""A plot over time on a sheet: where time and value lie, its axes, and a limit with its name beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from v2g_tool.drawing.axis import ticks
from v2g_tool.drawing.chart import SMALL_SIZE, TEXT_SIZE
from v2g_tool.drawing.sheet import FAINT, GREY, Sheet

NAME_HEIGHT = 14.0
"""Room that the name of a level needs beside a plot."""


@dataclass(frozen=True)
class TimePlot:
    """A plot area: x for times `start` to `end` in s, y for values `low` to `high`, in decades when `decades`."""

    x: float
    y: float
    width: float
    height: float
    start: float
    end: float
    low: float
    high: float
    decades: bool = False

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def base(self) -> float:
        """The lower edge."""
        return self.y + self.height

    def at_s(self, seconds: float) -> float:
        """Give the horizontal place of a time, within the plot."""
        return self.x + self.width * _within((seconds - self.start) / ((self.end - self.start) or 1.0))

    def at(self, value: float) -> float:
        """Give the vertical place of a value, within the plot."""
        return self.y + self.height * (1 - _within(self._share(value)))

    def _share(self, value: float) -> float:
        if not self.decades:
            return (value - self.low) / (self.high - self.low)
        return math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)

    def ticks(self) -> Sequence[float]:
        """Give the values that are named on the axis."""
        if not self.decades:
            return ticks(self.low, self.high, max(int(self.height / 30), 2))
        first, last = round(math.log10(self.low)), round(math.log10(self.high))
        return [10.0**power for power in range(first, last + 1)]


def _within(share: float) -> float:
    return max(0.0, min(1.0, share))


def decade_range(low: float, high: float) -> tuple[float, float]:
    """Give powers of ten around two positive values, at least two decades."""
    first = math.floor(math.log10(low) + 1e-9)
    last = math.ceil(math.log10(high) - 1e-9)
    return 10.0**first, 10.0 ** max(last, first + 2)


def draw_grid(sheet: Sheet, plot: TimePlot, name: str) -> None:
    """Draw grid and numbers of a plot, and its name above it."""
    sheet.text(plot.x, plot.y - 7, name, TEXT_SIZE)
    for value in plot.ticks():
        y = plot.at(value)
        sheet.line(plot.x, y, plot.right, y, FAINT, stroke_width=1)
        sheet.text(plot.x - 8, y + 4.5, f"{value:.6g}", SMALL_SIZE, text_anchor="end")
    for second in ticks(plot.start, plot.end, 12):
        sheet.line(plot.at_s(second), plot.y, plot.at_s(second), plot.base, FAINT, stroke_width=1)


def draw_edge(sheet: Sheet, plot: TimePlot) -> None:
    """Draw the outline of a plot, over what is in it."""
    sheet.rect(plot.x, plot.y, plot.width, plot.height, "none", stroke=GREY, stroke_width=1)


def draw_times(sheet: Sheet, plot: TimePlot) -> None:
    """Draw the numbers of the time axis below the last plot."""
    for second in ticks(plot.start, plot.end, 12):
        x = plot.at_s(second)
        sheet.line(x, plot.base, x, plot.base + 5, GREY, stroke_width=1)
        sheet.text(x, plot.base + 20, f"{second:.6g}", TEXT_SIZE, text_anchor="middle")
    sheet.text(plot.x + plot.width / 2, plot.base + 39, "Time in s", TEXT_SIZE, text_anchor="middle")


@dataclass(frozen=True)
class Level:
    """A value that is drawn across a plot and named beside it."""

    value: float
    name: str
    fill: str
    dashes: str = ""


def draw_levels(sheet: Sheet, plot: TimePlot, levels: Iterable[Level]) -> None:
    """Draw levels from the highest to the lowest; a name gives way downwards where another one is."""
    free = plot.y
    for level in sorted(levels, key=lambda level: -level.value):
        y = plot.at(level.value)
        dashes = {"stroke_dasharray": level.dashes} if level.dashes else {}
        sheet.line(plot.x, y, plot.right, y, level.fill, stroke_width=1.8, **dashes)
        named = max(y, free)
        sheet.text(plot.right + 6, named + 4, level.name, SMALL_SIZE, fill=level.fill, font_weight="bold")
        free = named + NAME_HEIGHT
