"""Two maps of one link as SVG: before and after a change, and what became better where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plc_tool.pictures.chart import SERVICES_HEIGHT, draw_medians, draw_notches, draw_services, origin_words
from plc_tool.pictures.curve import Curve, curve_of, frequency_axis
from plc_tool.pictures.words import capital, flag_words, quantity_words
from v2g_tool.drawing.axis import value_axis
from v2g_tool.drawing.page import LEFT, RIGHT, TEXT_SIZE, Key, Page, Said
from v2g_tool.drawing.plot import Plot
from v2g_tool.drawing.sheet import BLUE, GREY, HATCH, ORANGE, boxes
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

    Maps of different tiers, or without a common point, give a page that says so.
    """
    notches = mask.notches()
    first, second = curve_of(before, notches), curve_of(after, notches)
    page = Page(title, _said(before, after))
    if first is None or second is None or before.tier is not after.tier:
        return page.words("These two maps have no values of one quantity, so no picture.")
    changes = _changes(first, second, 1.0 if after.quantity == "SNR" else -1.0)
    if not changes:
        return page.words("These two maps have no point in common, so no picture.")
    page.take(SERVICES_HEIGHT if services else 14)
    curves = _draw_curves(page, first, second, f"{capital(after.quantity)} in dB")
    draw_services(curves, services, ())
    draw_notches(curves, notches)
    page.take(BETWEEN)
    improvement = _draw_changes(page, curves, changes)
    draw_notches(improvement, notches)
    improvement.numbers()
    page.legend(_KEYS)
    return page.svg()


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


def _draw_curves(page: Page, before: Curve, after: Curve, name: str) -> Plot:
    lows, highs = zip(before.extremes(), after.extremes(), strict=True)
    across = frequency_axis([*before.pieces, *after.pieces])
    plot = Plot.below(page, CURVES_HEIGHT, across, value_axis(min(lows), max(highs), name))
    plot.grid()
    draw_medians(plot, before, GREY)
    draw_medians(plot, after, BLUE)
    return plot


def _draw_changes(page: Page, above: Plot, changes: Sequence[Change]) -> Plot:
    """Draw a bar for each point from zero: up and blue is better, down and orange is worse."""
    most = max(*(abs(change.better_db) for change in changes), LEAST_CHANGE_DB)
    plot = Plot.below(page, CHANGE_HEIGHT, above.across, value_axis(-most, most, "Improvement in dB"))
    plot.grid()
    for colour, sign in ((BLUE, 1), (ORANGE, -1)):
        changed = [c for c in changes if c.better_db * sign > 0]
        bars = (plot.box(c.piece.low_hz, c.piece.high_hz, min(c.better_db, 0), max(c.better_db, 0)) for c in changed)
        page.path(boxes(bars), fill=colour)
    page.line(LEFT, plot.at_y(0), RIGHT, plot.at_y(0), GREY, stroke_width=1.2)
    return plot
