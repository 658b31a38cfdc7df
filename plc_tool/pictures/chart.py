"""Parts that the SVG pictures share: header, axes, notches, bands of services, legend, colour scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plc_tool.pictures.curve import Curve
from plc_tool.pictures.drawing import Frame, Step, runs, staircase, treads
from plc_tool.pictures.words import ends_words, megahertz, time_words
from v2g_tool.drawing.axis import ticks
from v2g_tool.drawing.chart import SMALL_SIZE, TEXT_SIZE
from v2g_tool.drawing.sheet import FAINT, GREY, HATCH, ORANGE, SAND, Sheet, text_width
from v2g_tool.model.carriers import SPACING_HZ
from v2g_tool.model.plc import Band, LinkMap, Service

SERVICE_LANES = 3
"""Lines of names above a plot."""
LANE_HEIGHT = 14.0
BAR_HEIGHT = 7.0
SERVICES_HEIGHT = SERVICE_LANES * LANE_HEIGHT + BAR_HEIGHT + 6
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


def draw_axes(sheet: Sheet, frame: Frame, unit: str) -> None:
    """Draw frame, grid and numbers of a plot."""
    for value in ticks(frame.low, frame.high, 7):
        y = frame.at(value)
        sheet.line(frame.x, y, frame.x + frame.width, y, FAINT, stroke_width=1)
        sheet.text(frame.x - 8, y + 5, f"{value:g}", TEXT_SIZE, text_anchor="end")
    for mhz in ticks(frame.axis.low_hz / 1e6, frame.axis.high_hz / 1e6, 16):
        x = frame.at_hz(mhz * 1e6)
        sheet.line(x, frame.y, x, frame.y + frame.height, FAINT, stroke_width=1)
    middle = frame.y + frame.height / 2
    place = {"text_anchor": "middle", "transform": f"rotate(-90 30 {middle:.1f})"}
    sheet.text(30, middle, unit, TEXT_SIZE, **place)


def middles(curve: Curve) -> list[Step]:
    """Give the medians that were measured."""
    return [Step(p, v, v) for p, v in zip(curve.pieces, curve.middle, strict=True) if v is not None]


def draw_curve(sheet: Sheet, frame: Frame, steps: Sequence[Step], colour: str) -> None:
    """Draw a line of steps, thick where it is flat, so that many steps stay readable."""
    parts = runs(steps, GAP_HZ)
    sheet.path("".join(staircase(frame, run) for run in parts), fill="none", stroke=colour, stroke_width=0.6)
    sheet.path("".join(treads(frame, run) for run in parts), fill="none", stroke=colour, stroke_width=2.2)


def draw_frame(sheet: Sheet, frame: Frame) -> None:
    """Draw the outline of a plot, over what is in it."""
    sheet.rect(frame.x, frame.y, frame.width, frame.height, "none", stroke=GREY, stroke_width=1)


def draw_frequencies(sheet: Sheet, frame: Frame) -> None:
    """Draw the numbers of the frequency axis below a plot."""
    base = frame.y + frame.height
    for mhz in ticks(frame.axis.low_hz / 1e6, frame.axis.high_hz / 1e6, 16):
        x = frame.at_hz(mhz * 1e6)
        sheet.line(x, base, x, base + 5, GREY, stroke_width=1)
        sheet.text(x, base + 20, f"{mhz:g}", TEXT_SIZE, text_anchor="middle")
    sheet.text(frame.x + frame.width / 2, base + 39, "Frequency in MHz", TEXT_SIZE, text_anchor="middle")


def draw_notches(sheet: Sheet, frame: Frame, notches: Sequence[Band]) -> None:
    """Draw the masked parts of the spectrum, over the data: no carrier says anything there."""
    for notch in notches:
        x = frame.at_hz(notch.low_hz)
        sheet.rect(x, frame.y, frame.at_hz(notch.high_hz) - x, frame.height, HATCH)


def draw_hit_bands(sheet: Sheet, frame: Frame, services: Sequence[Service]) -> None:
    """Draw light bands behind the data where a known service may be the cause of a dip."""
    for service in services:
        x = frame.at_hz(service.band.low_hz)
        sheet.rect(x - 1, frame.y, frame.at_hz(service.band.high_hz) - x + 2, frame.height, SAND)


def draw_services(sheet: Sheet, frame: Frame, services: Sequence[Service], hit: Sequence[Service]) -> None:
    """Draw a bar with the known services above a plot, and the names for which there is room, those hit first."""
    bar = frame.y - BAR_HEIGHT - 4
    for service in services:
        x = frame.at_hz(service.band.low_hz)
        fill = ORANGE if service in hit else SAND
        width = max(frame.at_hz(service.band.high_hz) - x, 1.5)
        place = {"x": f"{x:.1f}", "y": f"{bar:.1f}", "width": f"{width:.1f}", "height": f"{BAR_HEIGHT:g}"}
        sheet.labelled("rect", f"{service.name}, {megahertz(service)}", fill=fill, **place)
    for named in _names(frame, services, hit):
        y = bar - 3 - named.lane * LANE_HEIGHT
        if named.lane:
            sheet.line(named.anchor, y + 2, named.anchor, bar, GREY, stroke_width=0.5)
        weight = "bold" if named.service in hit else "normal"
        fill = ORANGE if named.service in hit else GREY
        sheet.text(named.x, y, named.service.name, SMALL_SIZE, fill=fill, font_weight=weight)


@dataclass(frozen=True)
class _Named:
    service: Service
    lane: int
    x: float
    anchor: float
    end: float


def _names(frame: Frame, services: Sequence[Service], hit: Sequence[Service]) -> list[_Named]:
    """Place names in lanes so that none touches another, nor the line that leads down from a name above."""
    wanted = [*hit, *(s for s in services if s not in hit)]
    placed: list[_Named] = []
    for service in wanted:
        tries = (_named(frame, service, lane, lean) for lane in range(SERVICE_LANES) for lean in (0.5, 0.9, 0.1))
        found = next((t for t in tries if not any(_touch(t, other) for other in placed)), None)
        if found is not None:
            placed.append(found)
    return placed


def _named(frame: Frame, service: Service, lane: int, lean: float) -> _Named:
    """Place a name so that its band lies at the share `lean` of the name's width."""
    width = text_width(service.name, SMALL_SIZE)
    anchor = frame.at_hz(service.band.centre_hz)
    x = max(frame.x, min(anchor - width * lean, frame.x + frame.width - width))
    return _Named(service, lane, x, anchor, x + width)


def _touch(one: _Named, other: _Named) -> bool:
    if one.lane == other.lane:
        return one.x < other.end + 5 and other.x < one.end + 5
    upper, lower = (one, other) if one.lane > other.lane else (other, one)
    return lower.x - 2 < upper.anchor < lower.end + 2
