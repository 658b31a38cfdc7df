"""A curve as columns of characters: values per column, and the scale that gives them a height. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plc_tool.pictures.curve import Curve, Value
from v2g_tool.drawing.axis import Axis
from v2g_tool.model.plc import Band

STEPS_DB = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100, 200, 500)
"""What one line of a picture may stand for."""
PARTS = 8
"""A character cell shows eighths of its height."""


@dataclass(frozen=True)
class Column:
    """What one column of a picture shows.

    Attributes:
        low: the lowest value of its pieces over all rows; None without one.
        middle: the median of the medians.
        high: the highest value.
        rows: for each row the median over the pieces.
        masked: how much of the column is a notch, 0 to 1.
        empty: no carrier lies here.
    """

    low: Value
    middle: Value
    high: Value
    rows: tuple[Value, ...]
    masked: float
    empty: bool

    @property
    def notch(self) -> bool:
        """Whether no carrier may be used here."""
        return self.empty and self.masked > 0

    @property
    def silent(self) -> bool:
        """Whether carriers are here, but none gave a value."""
        return not self.empty and self.low is None


def columns_of(curve: Curve, axis: Axis, notches: Sequence[Band], count: int) -> tuple[Column, ...]:
    """Give the curve in `count` columns of equal width in frequency."""
    width = (axis.high - axis.low) / count
    members: list[list[int]] = [[] for _ in range(count)]
    for at, piece in enumerate(curve.pieces):
        for column in _touched(piece, axis, width, count):
            members[column].append(at)
    return tuple(
        _column(curve, inside, Band(axis.low + number * width, axis.low + (number + 1) * width), notches)
        for number, inside in enumerate(members)
    )


def _touched(piece: Band, axis: Axis, width: float, count: int) -> Iterable[int]:
    """Give the columns that a piece fills at least to their middle, or else the one that its own middle is in."""
    first = math.ceil((piece.low_hz - axis.low) / width - 0.5)
    last = math.floor((piece.high_hz - axis.low) / width - 0.5)
    if last < first:
        first = last = math.floor((piece.centre_hz - axis.low) / width)
    return range(max(first, 0), min(last, count - 1) + 1)


def _column(curve: Curve, inside: Sequence[int], band: Band, notches: Sequence[Band]) -> Column:
    low = [v for at in inside if (v := curve.lowest[at]) is not None]
    high = [v for at in inside if (v := curve.highest[at]) is not None]
    return Column(
        min(low, default=None),
        _median(curve.middle[at] for at in inside),
        max(high, default=None),
        tuple(_median(row.values[at] for at in inside) for row in curve.rows),
        sum(_common_hz(band, notch) for notch in notches) / (band.high_hz - band.low_hz),
        empty=not inside,
    )


def _common_hz(one: Band, other: Band) -> float:
    return max(0.0, min(one.high_hz, other.high_hz) - max(one.low_hz, other.low_hz))


def _median(values: Iterable[Value]) -> Value:
    measured = [v for v in values if v is not None]
    return statistics.median(measured) if measured else None


@dataclass(frozen=True)
class Scale:
    """The value axis of a picture: `lines` lines of `step_db` each, from `bottom_db` up."""

    bottom_db: float
    step_db: int
    lines: int

    @property
    def axis(self) -> Axis:
        """What it shows, from the lower edge of the lowest line to the upper one of the highest."""
        return Axis(self.bottom_db, self.bottom_db + self.step_db * self.lines)

    def eighths(self, value: float) -> int:
        """Give the height of a value in eighths of a line."""
        return round((value - self.bottom_db) / self.step_db * PARTS)

    def line_of(self, value: float) -> int:
        """Give the line that a value lies in, 0 at the bottom."""
        return max(0, min(self.lines - 1, math.floor((value - self.bottom_db) / self.step_db)))


def scale_for(low: float, high: float, lines: int, limit: float | None = None) -> Scale:
    """Give the finest scale that shows 0 and everything from `low` to `high` in at most `lines` lines.

    A coarser scale is better when it has the limit on the edge of a line and costs no more than a third of the lines.
    """
    scales = [scale for step in STEPS_DB if (scale := _scale(low, high, step)).lines <= lines]
    finest = scales[0] if scales else Scale(0.0, STEPS_DB[-1], lines)
    on_the_edge = [
        s for s in scales if limit is not None and limit % s.step_db == 0 and 3 * s.lines >= 2 * finest.lines
    ]
    return on_the_edge[0] if on_the_edge else finest


def _scale(low: float, high: float, step: int) -> Scale:
    bottom = math.floor(min(low, 0) / step) * step
    return Scale(bottom, step, max(math.ceil((high - bottom) / step), 1))
