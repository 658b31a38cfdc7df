"""A plot on a page: where its values lie, grid, numbers, gaps, and levels with their names beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from v2g_tool.drawing.axis import Axis
from v2g_tool.drawing.page import LEFT, RIGHT, SMALL_SIZE, TEXT_SIZE, Page
from v2g_tool.drawing.sheet import FAINT, GREY, HATCH, ORANGE

AXIS_HEIGHT = 46.0
NAME_HEIGHT = 14.0
"""Room that the name of a level needs beside a plot."""

Box = tuple[float, float, float, float]
"""x, y, width and height of a rectangle."""


@dataclass(frozen=True)
class Level:
    """A value that is drawn across a plot and named beside it; as it is, a limit."""

    value: float
    name: str
    fill: str = ORANGE
    dashes: str = "8 5"


@dataclass(frozen=True)
class Plot:
    """A plot area that begins at `y` of its page."""

    page: Page
    y: float
    height: float
    across: Axis
    up: Axis

    @classmethod
    def below(cls, page: Page, height: float, across: Axis, up: Axis) -> Plot:
        """Give a plot below all that is on the page so far."""
        return cls(page, page.take(height), height, across, up)

    @property
    def base(self) -> float:
        """The lower edge."""
        return self.y + self.height

    def at_x(self, value: float) -> float:
        """Give the horizontal place of a value, within the plot."""
        return LEFT + (RIGHT - LEFT) * self.across.share(value)

    def at_y(self, value: float) -> float:
        """Give the vertical place of a value, within the plot."""
        return self.y + self.height * (1 - self.up.share(value))

    def box(self, start: float, end: float, low: float, high: float) -> Box:
        """Give the place of what reaches from `start` to `end` across, and from `low` to `high` up."""
        x, y = self.at_x(start), self.at_y(high)
        return x, y, self.at_x(end) - x, self.at_y(low) - y

    def grid(self) -> None:
        """Draw the grid, the numbers of the upright axis, and its name turned."""
        for value in self.up.ticks(int(self.height / 30)):
            y = self.at_y(value)
            self.page.line(LEFT, y, RIGHT, y, FAINT, stroke_width=1)
            self.page.text(LEFT - 8, y + 5, self.up.label(value), TEXT_SIZE, text_anchor="end")
        for value in self._numbered():
            x = self.at_x(value)
            self.page.line(x, self.y, x, self.base, FAINT, stroke_width=1)
        if self.up.name:
            middle = self.y + self.height / 2
            turned = f"rotate(-90 30 {middle:.1f})"
            self.page.text(30, middle, self.up.name, TEXT_SIZE, text_anchor="middle", transform=turned)

    def _numbered(self) -> list[float]:
        return self.across.ticks(int((RIGHT - LEFT) / 49))

    def numbers(self) -> None:
        """Draw numbers and name of the axis across, below the plot and all that is on the page so far."""
        for value in self._numbered():
            x = self.at_x(value)
            self.page.line(x, self.base, x, self.base + 5, GREY, stroke_width=1)
            self.page.text(x, self.base + 20, self.across.label(value), TEXT_SIZE, text_anchor="middle")
        self.page.text((LEFT + RIGHT) / 2, self.base + 39, self.across.name, TEXT_SIZE, text_anchor="middle")
        self.page.take(AXIS_HEIGHT)

    def gaps(self, gaps: Iterable[tuple[float, float]]) -> None:
        """Hatch where there is nothing, from start to end across."""
        for start, end in gaps:
            self.page.rect(*self.box(start, end, self.up.low, self.up.high), HATCH)

    def edge(self) -> None:
        """Draw the outline, over what is in the plot."""
        self.page.rect(LEFT, self.y, RIGHT - LEFT, self.height, "none", stroke=GREY, stroke_width=1)

    def levels(self, levels: Iterable[Level]) -> None:
        """Draw levels from the highest to the lowest; a name gives way downwards where another one is."""
        free = self.y
        for level in sorted(levels, key=lambda level: -level.value):
            y = self.at_y(level.value)
            named = max(y, free)
            self.page.line(LEFT, y, RIGHT, y, level.fill, stroke_width=1.8, stroke_dasharray=level.dashes)
            self.page.text(RIGHT + 6, named + 4, level.name, SMALL_SIZE, fill=level.fill, font_weight="bold")
            free = named + NAME_HEIGHT
