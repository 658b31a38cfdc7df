"""The plot of a terminal picture: bars over frequency, axis, heat strip of the rows, legend. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plc_tool.pictures.columns import PARTS, Column, Scale, columns_of, scale_for
from plc_tool.pictures.curve import Picture, Value
from plc_tool.pictures.glyphs import Glyphs
from v2g_tool.drawing.axis import Axis
from v2g_tool.model.plc import Tier

Part = tuple[str, str]
"""Text and its style."""
Line = tuple[Part, ...]

BLUE, ORANGE, GREY, PLAIN = "#4a90d9", "#e08214", "#8a8a8a", ""
"""Blue is at or above the limit, orange below: told apart by colour-blind eyes, on a dark and on a light screen."""
GUTTER = 7
"""Characters left of the plot: values, and the names of the rows."""
FEWEST_LINES = 4
"""Lines that the bars need; the heat strip gives way."""
MOST_LINES = 20
LEAST_SPREAD_DB = 6.0
"""The spread line reaches its top here at the earliest: one step of the constellation is no alarm."""
MOSTLY = 0.5
"""A column is marked on the axis from this share of notches on."""


@dataclass(frozen=True)
class Plot:
    """A picture in columns of characters, and what the encoding can show."""

    picture: Picture
    axis: Axis
    columns: tuple[Column, ...]
    glyphs: Glyphs


def plot(picture: Picture, glyphs: Glyphs, width: int) -> Plot:
    """Prepare a plot that is `width` characters wide."""
    axis = picture.axis
    return Plot(picture, axis, columns_of(picture.curve, axis, picture.notches, width - GUTTER), glyphs)


def plot_lines(drawn: Plot, height: int) -> list[Line]:
    """Give the plot in at most `height` lines: bars, axis, heat strip, legend."""
    room = height - 1 - len(_legend(drawn, drawn.glyphs.limit_inside))
    strip = _strip_lines(drawn, room)
    scale = _scale(drawn, max(min(room - strip, MOST_LINES), 1))
    below = _heat(drawn, scale) if strip > 1 else [_spread(drawn)] if strip else []
    return [*_bars(drawn, scale), _axis(drawn), *below, *_legend(drawn, _limit(drawn, scale))][:height]


def _strip_lines(drawn: Plot, room: int) -> int:
    """Give the lines for the rows: one each, or one for their spread where they are sounds or too many, or none."""
    rows = len(drawn.picture.curve.rows)
    if rows < 2:
        return 0
    return rows if drawn.picture.link.tier is not Tier.ATTENUATION and room - rows >= FEWEST_LINES else 1


def _scale(drawn: Plot, lines: int) -> Scale:
    low, high = drawn.picture.curve.extremes()
    return scale_for(low, max(high, drawn.picture.limit_db or high), lines, drawn.picture.limit_db)


# Bars.


def _bars(drawn: Plot, scale: Scale) -> list[Line]:
    return [_bar_line(drawn, scale, line) for line in reversed(range(scale.lines))]


def _bar_line(drawn: Plot, scale: Scale, line: int) -> Line:
    at_limit = drawn.picture.limit_db is not None and scale.line_of(drawn.picture.limit_db) == line
    label = f"{scale.bottom_db + line * scale.step_db:g}"
    if line == scale.lines - 1 and len(label) < GUTTER - 3:
        label = f"dB {label}"
    cells = [_cell(drawn, scale, line, column) for column in drawn.columns]
    if at_limit:
        cells = [(_limit(drawn, scale), ORANGE) if cell[0] == " " else cell for cell in cells]
    return _joined([(label.rjust(GUTTER - 1) + drawn.glyphs.side, PLAIN), *cells])


def _limit(drawn: Plot, scale: Scale) -> str:
    on_the_edge = scale.eighths(drawn.picture.limit_db or 0) % PARTS < 2
    return drawn.glyphs.limit if on_the_edge else drawn.glyphs.limit_inside


def _cell(drawn: Plot, scale: Scale, line: int, column: Column) -> Part:
    """Give one character of a bar: solid to the lowest value, lighter to the median, light to the highest."""
    glyphs = drawn.glyphs
    if column.notch:
        return glyphs.notch, GREY
    if column.low is None or column.middle is None or column.high is None:
        return (glyphs.missing if column.silent and line == 0 else " "), ORANGE
    below = drawn.picture.below(column.low)
    if line == 0 and below:
        return glyphs.below, ORANGE
    low, middle, high = (scale.eighths(v) - line * PARTS for v in (column.low, column.middle, column.high))
    style = ORANGE if below else BLUE
    if middle >= PARTS:
        return (glyphs.solid if 2 * low >= PARTS else glyphs.middle), style
    if middle >= 1 or line == 0 == max(middle, 0):
        return glyphs.parts[max(middle, 1) - 1], style
    return (glyphs.beyond if 2 * high >= PARTS else " "), style


# Axis.


def _axis(drawn: Plot) -> Line:
    """Give the frequency axis: numbers in MHz within a line that is broken where most of a column is a notch."""
    width = len(drawn.columns)
    glyphs = drawn.glyphs
    cells = [(glyphs.notch, GREY) if column.masked >= MOSTLY else (glyphs.dash, PLAIN) for column in drawn.columns]
    free = 0
    for hz in drawn.axis.ticks(width // 5 + 1):
        label = drawn.axis.label(hz)
        start = min(max(int(drawn.axis.share(hz) * width) - len(label) // 2, 0), width - len(label))
        if start >= free:
            cells[start : start + len(label)] = [(digit, PLAIN) for digit in label]
            free = start + len(label) + 1
    return _joined([("MHz".rjust(GUTTER - 1) + glyphs.corner, PLAIN), *cells])


# Rows.


def _heat(drawn: Plot, scale: Scale) -> list[Line]:
    """Give a line for each row, each value as one of eight levels: noise in step with the mains makes lines differ."""
    return [
        _joined([_name(drawn, row.name), *(_heat_cell(drawn, scale, column, number) for column in drawn.columns)])
        for number, row in enumerate(drawn.picture.curve.rows)
    ]


def _heat_cell(drawn: Plot, scale: Scale, column: Column, row: int) -> Part:
    if column.notch:
        return drawn.glyphs.notch, GREY
    value = column.rows[row]
    if value is None:
        return " ", PLAIN
    style = ORANGE if drawn.picture.below(value) else BLUE
    return scale.axis.pick(value, drawn.glyphs.levels), style


def _spread(drawn: Plot) -> Line:
    """Give one line with the distance between the lowest and the highest row of each column."""
    spreads = [_range_of(column.rows) for column in drawn.columns]
    top = max(LEAST_SPREAD_DB, *(s for s in spreads if s is not None)) if any(s is not None for s in spreads) else 1.0
    cells = [
        (drawn.glyphs.notch, GREY)
        if column.notch
        else (" " if spread is None else Axis(0, top).pick(spread, drawn.glyphs.levels), BLUE)
        for column, spread in zip(drawn.columns, spreads, strict=True)
    ]
    return _joined([_name(drawn, "spread"), *cells])


def _range_of(values: Iterable[Value]) -> Value:
    measured = [v for v in values if v is not None]
    return max(measured) - min(measured) if measured else None


def _name(drawn: Plot, name: str) -> Part:
    """Give the name of a row as the gutter can hold it: `slot 3`, `int 12`."""
    shown = drawn.glyphs.text(name)
    if len(shown) >= GUTTER:
        first, *_, last = shown.split(" ") if " " in shown else (shown, "")
        shown = f"{first[:3]} {last}"
    return shown[: GUTTER - 1].rjust(GUTTER - 1) + " ", PLAIN


# Legend.


def _legend(drawn: Plot, limit: str) -> list[Line]:
    glyphs = drawn.glyphs
    words = [
        f"{glyphs.solid} lowest",
        f"{glyphs.middle} median",
        f"{glyphs.beyond} highest {drawn.picture.span}".rstrip(),
    ]
    if drawn.picture.limit_db is not None:
        words.append(f"{limit} {drawn.picture.limit_db:g} dB limit")
    if any(drawn.picture.below(column.low) for column in drawn.columns):
        words.append(f"{glyphs.below} below it")
    if any(column.notch or column.masked >= MOSTLY for column in drawn.columns):
        words.append(f"{glyphs.notch} notch")
    if any(column.silent for column in drawn.columns):
        words.append(f"{glyphs.missing} no value")
    width = len(drawn.columns) + GUTTER
    return [((line, GREY),) for line in textwrap.wrap("  ".join(words), width)]


def _joined(parts: Sequence[Part]) -> Line:
    """Give the parts with neighbours of one style made one, so that a line needs few escape sequences."""
    line: list[Part] = []
    for content, style in parts:
        if line and line[-1][1] == style:
            line[-1] = (line[-1][0] + content, style)
        else:
            line.append((content, style))
    return tuple(line)
