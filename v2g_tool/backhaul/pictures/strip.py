"""Loss and jitter as two lines of characters, for a terminal that is watched while load flows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from v2g_tool.drawing.axis import Axis
from v2g_tool.drawing.columns import in_columns
from v2g_tool.drawing.text import encodable
from v2g_tool.model.telemetry import Interval

LABEL, VALUE = 7, 11
"""Characters before the columns and behind them."""
LEAST_TOP = {"loss": 1.0, "jitter": 1.0}
"""The highest character stands for so much at least, in % and ms: a single lost datagram is no alarm."""


@dataclass(frozen=True)
class _Signs:
    none: str
    silent: str
    levels: str


_UNICODE = _Signs("·", "×", "▁▂▃▄▅▆▇█")
_ASCII = _Signs(".", "x", "_-=+*%#@")


def telemetry_strip(intervals: Sequence[Interval], width: int = 80, encoding: str = "utf-8") -> tuple[str, str]:
    """Give a line of losses and a line of jitter, each at most `width` characters.

    Args:
        intervals: the seconds so far, in order; where they are more than the columns, each shows its worst.
        width: characters there are.
        encoding: of the terminal; ASCII is used where it lacks block elements.
    """
    signs = _UNICODE if encodable("".join(vars(_UNICODE).values()), encoding) else _ASCII
    columns = in_columns(intervals, width - LABEL - VALUE)
    loss = [max((_loss_pct(i) for i in column if i.total > 0), default=None) for column in columns]
    jitter = [max((max(i.jitter_ms, 0.0) for i in column if i.total > 0), default=None) for column in columns]
    room = max(width - LABEL - VALUE, 0)
    return _line("loss", loss, "%", signs, room)[:width], _line("jitter", jitter, "ms", signs, room)[:width]


def _loss_pct(interval: Interval) -> float:
    """Give the loss of a second in %; late datagrams of the second before make it negative, which is none."""
    return 100 * max(interval.lost, 0) / interval.total


def _line(name: str, values: Sequence[float | None], unit: str, signs: _Signs, room: int) -> str:
    known = [value for value in values if value is not None]
    top = max([LEAST_TOP[name], *known])
    cells = "".join(_cell(value, top, signs) for value in values)
    worst = f"{max(known):.3g} {unit}" if known else ""
    return f"{name:<{LABEL}}{cells:<{room}}{worst:>{VALUE}}"


def _cell(value: float | None, top: float, signs: _Signs) -> str:
    if value is None:
        return signs.silent
    if value <= 0:
        return signs.none
    return Axis(0, top).pick(value, signs.levels)
