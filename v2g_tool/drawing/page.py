"""A page of a report as SVG, filled from its top: header, plots, legend. It ends where its content does."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from v2g_tool.drawing.sheet import FAINT, GREY, INK, Sheet, text_width

WIDTH = 1000.0
"""Width of a page in pixels; as wide as the text of an A4 page, 12 px are 6 point."""
MARGIN, LEFT, RIGHT = 24.0, 86.0, WIDTH - 116.0
"""The left edge of words, and the edges of every plot: names of rows stand left of it, names of levels on the right."""
LEGEND_HEIGHT = 28.0
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 22.0, 14.0, 11.5
PROSE_WIDTH = 0.57
"""Mean width of a character in a sentence, in font sizes: fewer capitals and digits than a name has."""


@dataclass(frozen=True)
class Said:
    """A line of a header."""

    content: str
    size: float = TEXT_SIZE
    fill: str = INK
    weight: str = "normal"


@dataclass(frozen=True)
class Key:
    """An entry of a legend: how it is drawn, and what it means."""

    kind: str
    fill: str
    meaning: str


class Page(Sheet):
    """A sheet that is as high as what is on it so far."""

    def __init__(self, title: str, lines: Sequence[Said]) -> None:
        """Begin with title and lines, broken where they are wider than the page."""
        super().__init__(WIDTH, 12, title)
        for line in (Said(title, TITLE_SIZE, INK, "bold"), *lines):
            most = int((WIDTH - 2 * MARGIN) / (line.size * PROSE_WIDTH))
            for part in textwrap.wrap(line.content, most) or [""]:
                y = self.take(line.size * 1.45) + line.size * 1.15
                self.text(MARGIN, y, part, line.size, fill=line.fill, font_weight=line.weight)
        self.take(4)

    def take(self, height: float) -> float:
        """Make the page so much higher, and give where the new room begins."""
        self.height += height
        return self.height - height

    def words(self, reason: str) -> bytes:
        """Give the page that says in words why there is no picture."""
        y = self.take(90) + 12
        self.rect(MARGIN, y, WIDTH - 2 * MARGIN, 58, FAINT)
        self.text(WIDTH / 2, y + 35, reason, 16, text_anchor="middle")
        return self.svg()

    def legend(self, keys: Sequence[Key]) -> None:
        """Draw the legend in one line: lines, dashed lines and filled boxes with their meanings."""
        x, y = LEFT, self.take(1.6 * LEGEND_HEIGHT) + LEGEND_HEIGHT
        for key in keys:
            if key.kind == "box":
                self.rect(x, y - 10, 20, 11, key.fill, stroke=GREY, stroke_width=0.5)
            else:
                dashes = {"stroke_dasharray": "6 4"} if key.kind == "dashed" else {}
                self.line(x, y - 4, x + 20, y - 4, key.fill, stroke_width=2.5, **dashes)
            self.text(x + 25, y, key.meaning, SMALL_SIZE)
            x += 40 + text_width(key.meaning, SMALL_SIZE) * 0.93
