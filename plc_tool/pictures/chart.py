"""Parts that the SVG pictures share: curves, notches, services above the plot, and the palette."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plc_tool.pictures.curve import Curve
from plc_tool.pictures.words import ends_words, megahertz, time_words
from v2g_tool.drawing.page import LEFT, RIGHT, SMALL_SIZE
from v2g_tool.drawing.plot import Plot
from v2g_tool.drawing.sheet import GREY, LIGHT_BLUE, ORANGE, SAND, number, polyline, text_width
from v2g_tool.model.carriers import SPACING_HZ
from v2g_tool.model.plc import Band, LinkMap, Service

SERVICE_LANES = 3
"""Lines of names above a plot."""
LANE_HEIGHT = 14.0
BAR_HEIGHT = 7.0
SERVICES_HEIGHT = SERVICE_LANES * LANE_HEIGHT + BAR_HEIGHT + 14
GAP_HZ = 1.5 * SPACING_HZ
"""Neighbours that lie further apart than carriers do are not joined."""
CIVIDIS = (
    "#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838",
)  # fmt: skip
"""Dark to bright in even steps, for normal and colour-blind eyes alike, and on a grey printer (Nuñez et al., 2018)."""


def origin_words(link: LinkMap) -> str:
    """Give who measured whom, when, and by which carrier mask."""
    mask = f"carrier mask {link.mask_id}" if link.mask_id else ""
    return " · ".join(part for part in (ends_words(link), time_words(link.start_s), mask) if part)


# Curves.


@dataclass(frozen=True)
class Step:
    """The values that were measured in a piece of the frequency axis, one line of a curve each."""

    piece: Band
    low: float
    middle: float
    high: float


def _runs(curve: Curve) -> list[list[Step]]:
    """Give the steps of a curve as runs that are broken where neighbours are not joined."""
    found: list[list[Step]] = []
    for piece, low, middle, high in zip(curve.pieces, curve.lowest, curve.middle, curve.highest, strict=True):
        if low is None or middle is None or high is None:
            continue
        if not found or piece.low_hz - found[-1][-1].piece.high_hz > GAP_HZ:
            found.append([])
        found[-1].append(Step(piece, low, middle, high))
    return found


def draw_range(plot: Plot, curve: Curve) -> None:
    """Draw a ribbon from the lowest to the highest values."""
    for run in _runs(curve):
        upper = _corners(plot, ((step.piece, step.high) for step in run))
        lower = _corners(plot, ((step.piece, step.low) for step in run))
        ribbon = polyline([*upper, *reversed(lower)]) + "z"
        plot.page.path(ribbon, fill=LIGHT_BLUE, stroke=LIGHT_BLUE, stroke_width=0.8)


def draw_medians(plot: Plot, curve: Curve, colour: str) -> None:
    """Draw a staircase of the medians, thick where it is flat, so that many steps stay readable."""
    runs = _runs(curve)
    stairs = (polyline(_corners(plot, ((step.piece, step.middle) for step in run))) for run in runs)
    plot.page.path("".join(stairs), fill="none", stroke=colour, stroke_width=0.6)
    plot.page.path("".join(_treads(plot, run) for run in runs), fill="none", stroke=colour, stroke_width=2.2)


def _corners(plot: Plot, values: Iterable[tuple[Band, float]]) -> list[tuple[float, float]]:
    return [(plot.at_x(hz), plot.at_y(value)) for piece, value in values for hz in (piece.low_hz, piece.high_hz)]


def _treads(plot: Plot, run: Sequence[Step]) -> str:
    """Give the path of the flat parts of a staircase."""
    ends = [step.piece.low_hz for step in run[1:]] + [run[-1].piece.high_hz]
    flat = [(plot.at_x(s.piece.low_hz), plot.at_y(s.middle), plot.at_x(end)) for s, end in zip(run, ends, strict=True)]
    return "".join(f"M{number(x)},{number(y)}H{number(end)}" for x, y, end in flat)


def draw_notches(plot: Plot, notches: Sequence[Band]) -> None:
    """Draw the masked parts of the spectrum, over the data: no carrier says anything there."""
    plot.gaps((notch.low_hz, notch.high_hz) for notch in notches)
    plot.edge()


# Services.


def draw_hit_bands(plot: Plot, services: Sequence[Service]) -> None:
    """Draw light bands behind the data where a known service may be the cause of a dip."""
    for service in services:
        x = plot.at_x(service.band.low_hz)
        plot.page.rect(x - 1, plot.y, plot.at_x(service.band.high_hz) - x + 2, plot.height, SAND)


def draw_services(plot: Plot, services: Sequence[Service], hit: Sequence[Service]) -> None:
    """Draw a bar with the known services above a plot, and the names for which there is room, those hit first."""
    bar = plot.y - BAR_HEIGHT - 4
    for service in services:
        x = plot.at_x(service.band.low_hz)
        fill = ORANGE if service in hit else SAND
        width = max(plot.at_x(service.band.high_hz) - x, 1.5)
        place = {"x": f"{x:.1f}", "y": f"{bar:.1f}", "width": f"{width:.1f}", "height": f"{BAR_HEIGHT:g}"}
        plot.page.labelled("rect", f"{service.name}, {megahertz(service)}", fill=fill, **place)
    for named in _names(plot, services, hit):
        y = bar - 3 - named.lane * LANE_HEIGHT
        if named.lane:
            plot.page.line(named.anchor, y + 2, named.anchor, bar, GREY, stroke_width=0.5)
        weight, fill = ("bold", ORANGE) if named.service in hit else ("normal", GREY)
        plot.page.text(named.x, y, named.service.name, SMALL_SIZE, fill=fill, font_weight=weight)


@dataclass(frozen=True)
class _Named:
    service: Service
    lane: int
    x: float
    anchor: float
    end: float


def _names(plot: Plot, services: Sequence[Service], hit: Sequence[Service]) -> list[_Named]:
    """Place names in lanes so that none touches another, nor the line that leads down from a name above."""
    wanted = [*hit, *(s for s in services if s not in hit)]
    placed: list[_Named] = []
    for service in wanted:
        tries = (_named(plot, service, lane, lean) for lane in range(SERVICE_LANES) for lean in (0.5, 0.9, 0.1))
        found = next((t for t in tries if not any(_touch(t, other) for other in placed)), None)
        if found is not None:
            placed.append(found)
    return placed


def _named(plot: Plot, service: Service, lane: int, lean: float) -> _Named:
    """Place a name so that its band lies at the share `lean` of the name's width."""
    width = text_width(service.name, SMALL_SIZE)
    anchor = plot.at_x(service.band.centre_hz)
    x = max(LEFT, min(anchor - width * lean, RIGHT - width))
    return _Named(service, lane, x, anchor, x + width)


def _touch(one: _Named, other: _Named) -> bool:
    if one.lane == other.lane:
        return one.x < other.end + 5 and other.x < one.end + 5
    upper, lower = (one, other) if one.lane > other.lane else (other, one)
    return lower.x - 2 < upper.anchor < lower.end + 2
