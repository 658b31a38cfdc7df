"""Two maps of one link as SVG: before and after a change, and what became better where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plc_tool.pictures.axis import frequency_axis
from plc_tool.pictures.chart import (
    SERVICES_HEIGHT,
    draw_axes,
    draw_curve,
    draw_frame,
    draw_frequencies,
    draw_notches,
    draw_services,
    middles,
    origin_words,
)
from plc_tool.pictures.curve import Curve, curve_of
from plc_tool.pictures.drawing import Frame
from plc_tool.pictures.words import capital, flag_words, quantity_words
from v2g_tool.drawing.chart import (
    AXIS_HEIGHT,
    INNER,
    LEFT,
    LEGEND_HEIGHT,
    TEXT_SIZE,
    WIDTH,
    Key,
    Said,
    draw_header,
    draw_legend,
    header,
    header_height,
    value_range,
    words_only,
)
from v2g_tool.drawing.sheet import BLUE, GREY, HATCH, ORANGE, Sheet, boxes
from v2g_tool.model.carriers import CarrierMask
from v2g_tool.model.plc import Band, LinkMap, Service

CURVES_HEIGHT, CHANGE_HEIGHT, BETWEEN = 240.0, 200.0, 22.0
LEAST_CHANGE_DB = 3.0
"""The improvement's axis reaches at least so far, so that no change looks like none."""


@dataclass(frozen=True)
class Change:
    """How much better the median of a piece became, in dB: positive is better, whatever the quantity."""

    piece: Band
    better_db: float


def difference_svg(
    before: LinkMap,
    after: LinkMap,
    mask: CarrierMask,
    services: Sequence[Service] = (),
    *,
    title: str = "Before and after a change",
) -> bytes:
    """Give the medians of two maps over one another, and below them the improvement of each point in dB.

    Maps of different tiers, or without a common point, give a sheet that says so.
    """
    notches = mask.notches()
    first, second = curve_of(before, notches), curve_of(after, notches)
    lines = header(title, _said(before, after))
    if first is None or second is None or before.tier is not after.tier:
        return words_only(title, lines, "These two maps have no values of one quantity, so no picture.")
    changes = _changes(first, second, 1.0 if after.quantity == "SNR" else -1.0)
    if not changes:
        return words_only(title, lines, "These two maps have no point in common, so no picture.")
    top = header_height(lines) + (SERVICES_HEIGHT if services else 6) + 8
    curves, improvement = _frames(first, second, changes, top)
    base = improvement.y + improvement.height + AXIS_HEIGHT
    sheet = Sheet(WIDTH, base + 1.6 * LEGEND_HEIGHT, title)
    draw_header(sheet, lines)
    draw_services(sheet, curves, services, ())
    _draw_curves(sheet, curves, first, second, f"{capital(after.quantity)} in dB")
    _draw_changes(sheet, improvement, changes)
    for frame in (curves, improvement):
        draw_notches(sheet, frame, notches)
        draw_frame(sheet, frame)
    draw_frequencies(sheet, improvement)
    draw_legend(sheet, base + LEGEND_HEIGHT, _KEYS)
    return sheet.svg()


_KEYS = (
    Key("line", GREY, "median before"),
    Key("line", BLUE, "median after"),
    Key("box", BLUE, "better"),
    Key("box", ORANGE, "worse"),
    Key("box", HATCH, "notch"),
)


def _said(before: LinkMap, after: LinkMap) -> list[Said]:
    flags = dict.fromkeys(words for link in (before, after) for words in flag_words(link))
    return [
        Said(quantity_words(after), 15),
        Said(f"before: {origin_words(before)}", TEXT_SIZE, GREY),
        Said(f"after: {origin_words(after)}", TEXT_SIZE, GREY),
        *(Said(f"! {words}", TEXT_SIZE, ORANGE, "bold") for words in flags),
    ]


def _changes(before: Curve, after: Curve, sign: float) -> list[Change]:
    old = dict(zip(before.pieces, before.middle, strict=True))
    return [
        Change(piece, sign * (new - was))
        for piece, new in zip(after.pieces, after.middle, strict=True)
        if new is not None and (was := old.get(piece)) is not None
    ]


def _frames(before: Curve, after: Curve, changes: Sequence[Change], top: float) -> tuple[Frame, Frame]:
    """Give the plot areas of the two curves and of the improvement, over one frequency axis."""
    axis = frequency_axis([*before.pieces, *after.pieces])
    lows, highs = zip(before.extremes(), after.extremes(), strict=True)
    most = max(*(abs(change.better_db) for change in changes), LEAST_CHANGE_DB)
    below = top + CURVES_HEIGHT + BETWEEN
    return (
        Frame(LEFT, top, INNER, CURVES_HEIGHT, axis, *value_range(min(lows), max(highs))),
        Frame(LEFT, below, INNER, CHANGE_HEIGHT, axis, *value_range(-most, most)),
    )


def _draw_curves(sheet: Sheet, frame: Frame, before: Curve, after: Curve, unit: str) -> None:
    draw_axes(sheet, frame, unit)
    for curve, colour in ((before, GREY), (after, BLUE)):
        draw_curve(sheet, frame, middles(curve), colour)


def _draw_changes(sheet: Sheet, frame: Frame, changes: Sequence[Change]) -> None:
    """Draw a bar for each point from zero: up and blue is better, down and orange is worse."""
    draw_axes(sheet, frame, "Improvement in dB")
    zero = frame.at(0)
    for colour, sign in ((BLUE, 1), (ORANGE, -1)):
        sheet.path(boxes(_bar(frame, c, zero) for c in changes if c.better_db * sign > 0), fill=colour)
    sheet.line(frame.x, zero, frame.x + frame.width, zero, GREY, stroke_width=1.2)


def _bar(frame: Frame, change: Change, zero: float) -> tuple[float, float, float, float]:
    x, y = frame.at_hz(change.piece.low_hz), frame.at(change.better_db)
    return x, min(y, zero), frame.at_hz(change.piece.high_hz) - x, abs(y - zero)
