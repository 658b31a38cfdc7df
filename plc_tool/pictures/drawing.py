"""What a picture over frequency is made of: the plot area, steps along the axis, and their paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from v2g_tool.drawing.sheet import number, polyline
from v2g_tool.model.plc import Band


@dataclass(frozen=True)
class Frame:
    """A plot area on a sheet: where frequency and value lie."""

    x: float
    y: float
    width: float
    height: float
    axis: Band
    low: float
    high: float

    def at_hz(self, hz: float) -> float:
        """Give the horizontal place of a frequency, within the frame."""
        share = (hz - self.axis.low_hz) / (self.axis.high_hz - self.axis.low_hz)
        return self.x + self.width * max(0.0, min(1.0, share))

    def at(self, value: float) -> float:
        """Give the vertical place of a value, within the frame."""
        share = (value - self.low) / (self.high - self.low)
        return self.y + self.height * (1 - max(0.0, min(1.0, share)))


@dataclass(frozen=True)
class Step:
    """A value, or a range of values, that holds over a piece of the frequency axis."""

    piece: Band
    low: float
    high: float


def runs(steps: Iterable[Step], gap_hz: float) -> list[list[Step]]:
    """Give the steps as runs that are broken where more than `gap_hz` lies between neighbours."""
    found: list[list[Step]] = []
    for step in steps:
        if not found or step.piece.low_hz - found[-1][-1].piece.high_hz > gap_hz:
            found.append([])
        found[-1].append(step)
    return found


def staircase(frame: Frame, steps: Sequence[Step]) -> str:
    """Give the path along the middle of the steps of one run."""
    points = [
        (frame.at_hz(hz), frame.at((s.low + s.high) / 2)) for s in steps for hz in (s.piece.low_hz, s.piece.high_hz)
    ]
    return polyline(points)


def treads(frame: Frame, steps: Sequence[Step]) -> str:
    """Give the path of the flat parts of a staircase only: many steps stay readable."""
    ends = [step.piece.low_hz for step in steps[1:]] + [steps[-1].piece.high_hz]
    flat = [(frame.at_hz(s.piece.low_hz), frame.at_hz(end), s.high) for s, end in zip(steps, ends, strict=True)]
    return "".join(f"M{number(x)},{number(frame.at(value))}H{number(end)}" for x, end, value in flat)


def ribbon(frame: Frame, steps: Sequence[Step]) -> str:
    """Give the closed path between the high and the low ends of the steps of one run."""
    upper = [(frame.at_hz(hz), frame.at(s.high)) for s in steps for hz in (s.piece.low_hz, s.piece.high_hz)]
    lower = [(frame.at_hz(hz), frame.at(s.low)) for s in steps for hz in (s.piece.low_hz, s.piece.high_hz)]
    return polyline([*upper, *reversed(lower)]) + "z"
