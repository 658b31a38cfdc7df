"""Parts that the SVG pictures share: header, value range, legend, and the sizes of a sheet."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from v2g_tool.drawing.axis import round_step
from v2g_tool.drawing.sheet import FAINT, GREY, INK, PAPER, Sheet, text_width

WIDTH = 1000.0
"""Width of a sheet in pixels; as wide as the text of an A4 page, 12 px are 6 point."""
LEFT, RIGHT = 86.0, 86.0
"""Room beside the plots: values and names on the left, times and names of lines on the right."""
INNER = WIDTH - LEFT - RIGHT
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 22.0, 14.0, 11.5
LINE_HEIGHT = 18.0
PROSE_WIDTH = 0.57
"""Mean width of a character in a sentence, in font sizes: fewer capitals and digits than a name has."""
AXIS_HEIGHT = 46.0
LEGEND_HEIGHT = 28.0


@dataclass(frozen=True)
class Said:
    """A line of a header."""

    content: str
    size: float = TEXT_SIZE
    fill: str = INK
    weight: str = "normal"


def header(title: str, lines: Sequence[Said]) -> list[Said]:
    """Give title and lines, broken where they are wider than the sheet."""
    said = [Said(title, TITLE_SIZE, INK, "bold"), *lines]
    return [
        Said(part, line.size, line.fill, line.weight)
        for line in said
        for part in textwrap.wrap(line.content, int((WIDTH - 48) / (line.size * PROSE_WIDTH))) or [""]
    ]


def header_height(lines: Sequence[Said]) -> float:
    """Give how much room a header needs."""
    return 16 + sum(line.size * 1.45 for line in lines)


def draw_header(sheet: Sheet, lines: Sequence[Said]) -> None:
    """Draw white paper and the header on it."""
    sheet.rect(0, 0, sheet.width, sheet.height, PAPER)
    y = 12.0
    for line in lines:
        y += line.size * 1.45
        sheet.text(24, y - line.size * 0.3, line.content, line.size, fill=line.fill, font_weight=line.weight)


def words_only(title: str, lines: Sequence[Said], reason: str) -> bytes:
    """Give a sheet that says in words why there is no picture."""
    height = header_height(lines) + 90
    sheet = Sheet(WIDTH, height, title)
    draw_header(sheet, lines)
    sheet.rect(24, height - 78, WIDTH - 48, 58, FAINT)
    sheet.text(WIDTH / 2, height - 43, reason, 16, text_anchor="middle")
    return sheet.svg()


def value_range(low: float, high: float) -> tuple[float, float]:
    """Give round ends of a value axis that holds 0 and `low` to `high`, none of them on the upper edge."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = round_step((high - low) / 7) if high > low else 1.0
    return math.floor(low / step) * step, max(math.ceil(high / step + 0.05), 1) * step


@dataclass(frozen=True)
class Key:
    """An entry of a legend: how it is drawn, and what it means."""

    kind: str
    fill: str
    meaning: str


def draw_legend(sheet: Sheet, y: float, keys: Sequence[Key]) -> None:
    """Draw the legend in one line: lines, dashed lines and filled boxes with their meanings."""
    x = LEFT
    for key in keys:
        if key.kind == "box":
            sheet.rect(x, y - 10, 20, 11, key.fill, stroke=GREY, stroke_width=0.5)
        else:
            dashes = {"stroke_dasharray": "6 4"} if key.kind == "dashed" else {}
            sheet.line(x, y - 4, x + 20, y - 4, key.fill, stroke_width=2.5, **dashes)
        sheet.text(x + 25, y, key.meaning, SMALL_SIZE)
        x += 40 + text_width(key.meaning, SMALL_SIZE) * 0.93
