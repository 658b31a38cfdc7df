"""A map as SVG for the signed report: no scripts, nothing loaded, the same bytes for the same map."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from plc_tool.pictures.chart import (
    CIVIDIS,
    GAP_HZ,
    SERVICES_HEIGHT,
    draw_hit_bands,
    draw_medians,
    draw_notches,
    draw_range,
    draw_services,
    origin_words,
)
from plc_tool.pictures.curve import Picture, picture_of
from plc_tool.pictures.difference import difference_svg
from plc_tool.pictures.words import capital, dip_words, error_words, flag_words, quantity_words
from v2g_tool.drawing.axis import Axis, value_axis
from v2g_tool.drawing.page import LEFT, LEGEND_HEIGHT, RIGHT, SMALL_SIZE, TEXT_SIZE, Key, Page, Said
from v2g_tool.drawing.plot import Box, Level, Plot
from v2g_tool.drawing.sheet import BLUE, GREY, HATCH, LIGHT_BLUE, ORANGE, PAPER, SAND, boxes
from v2g_tool.model.carriers import CarrierMask
from v2g_tool.model.plc import LinkMap, Row, Service, Tier

__all__ = ["difference_svg", "map_svg"]

PLOT_HEIGHT = 300.0
STRIP_HEIGHT = 240.0
"""The heat strip is no higher than this, whatever the number of rows."""
ROW_HEIGHT = 20.0
LINE_HEIGHT = 18.0


def map_svg(
    link: LinkMap, mask: CarrierMask, services: Sequence[Service], *, title: str, limit_db: float | None = None
) -> bytes:
    """Give the picture of one map; a map without values gives a page with the reason in words.

    Args:
        link: the map.
        mask: its carrier mask: notches are hatched grey.
        services: known radio services, named above the plot.
        title: the headline, for example charger and site.
        limit_db: the limit, drawn on SNR maps.
    """
    picture = picture_of(link, mask, services, limit_db)
    page = Page(title, _said(link, picture.hit if picture else ()))
    if picture is None:
        return page.words("No values, so no picture.")
    low, high = picture.curve.extremes()
    values = value_axis(low, max(high, picture.limit_db or high), f"{capital(link.quantity)} in dB")
    page.take(SERVICES_HEIGHT)
    plot = Plot.below(page, PLOT_HEIGHT, picture.axis, values)
    draw_services(plot, services, picture.hit)
    _draw_plot(plot, picture)
    palette = _palette(plot, picture)
    # One row is what the plot shows anyway.
    several = len(picture.curve.rows) > 1
    if several:
        _draw_strip(plot, picture, palette)
    page.legend(_keys(picture))
    if several:
        _draw_palette(page, palette)
    return page.svg()


def _said(link: LinkMap, hit: Sequence[Service]) -> list[Said]:
    dips = dip_words(link, hit)
    return [
        Said(quantity_words(link), 15),
        Said(origin_words(link), TEXT_SIZE, GREY),
        *([Said(error_words(link.errors), TEXT_SIZE, GREY)] if link.errors else []),
        *(Said(f"! {words}", TEXT_SIZE, ORANGE, "bold") for words in flag_words(link)),
        *([Said(dips, TEXT_SIZE, ORANGE)] if dips else []),
    ]


def _draw_plot(plot: Plot, picture: Picture) -> None:
    draw_hit_bands(plot, picture.hit)
    plot.grid()
    draw_range(plot, picture.curve)
    draw_medians(plot, picture.curve, BLUE)
    draw_notches(plot, picture.notches)
    _draw_limits(plot, picture)
    plot.numbers()


def _draw_limits(plot: Plot, picture: Picture) -> None:
    """Draw the limit, a mark at the bottom for each place below it, and the top that means "at least"."""
    ceiling_db, limit_db = picture.link.ceiling_db, picture.limit_db
    if ceiling_db is not None:
        plot.page.text(RIGHT + 6, plot.at_y(ceiling_db) + 4, f"≥ {ceiling_db:g} dB", SMALL_SIZE, fill=GREY)
    if limit_db is not None:
        plot.levels([Level(limit_db, f"limit {limit_db:g} dB")])
    places = zip(picture.curve.pieces, picture.curve.lowest, strict=True)
    marks = [(plot.at_x(p.low_hz), plot.at_x(p.high_hz)) for p, lowest in places if picture.below(lowest)]
    plot.page.path(boxes((x - 0.4, plot.base - 9, end - x + 0.8, 9) for x, end in marks), fill=ORANGE)


# The rows.


def _draw_strip(plot: Plot, picture: Picture, palette: Axis) -> None:
    """Draw a line of colours for each row, below all that is on the page so far."""
    page, rows = plot.page, picture.curve.rows
    page.text(LEFT, page.take(LINE_HEIGHT + 6) + 15, _strip_title(picture.link), 12.5, fill=GREY)
    height = min(ROW_HEIGHT, STRIP_HEIGHT / len(rows))
    strip = Plot.below(page, height * len(rows), plot.across, Axis(len(rows), 0))
    page.take(4)
    page.rect(LEFT, strip.y, RIGHT - LEFT, strip.height, PAPER)
    for colour, places in sorted(_cells(strip, picture, palette).items()):
        page.path(boxes(places), fill=colour)
    draw_notches(strip, picture.notches)
    every = max(1, round(12 / height + 0.49))
    for number, row in list(enumerate(rows))[::every]:
        y = strip.at_y(number + 0.5) + 4
        page.text(LEFT - 8, y, row.name[:14], SMALL_SIZE, text_anchor="end")
        page.text(RIGHT + 6, y, _row_time(picture.link, row), SMALL_SIZE, fill=GREY)


def _row_time(link: LinkMap, row: Row) -> str:
    """Give when in the mains half cycle, or after the first sound, a row was measured; "" where nobody knows."""
    known = link.tier in (Tier.BIT_LOADING, Tier.ATTENUATION)
    return f"{round(row.time_s * 1e3, 1):g} ms" if known else ""


def _strip_title(link: LinkMap) -> str:
    return {
        Tier.BIT_LOADING: "Each slot of the mains half cycle; noise in step with the mains makes rows differ",
        Tier.ATTENUATION: "Each sound; impulses, and noise in step with the mains, make rows differ",
    }.get(link.tier, "Each interval")


def _cells(strip: Plot, picture: Picture, palette: Axis) -> dict[str, list[Box]]:
    """Give the places of each colour; neighbours of one colour are one place."""
    cells: dict[str, list[Box]] = defaultdict(list)
    for number, row in enumerate(picture.curve.rows):
        for colour, low, high in _stretches(picture, row, palette):
            cells[colour].append(strip.box(low, high, number + 1, number))
    return cells


def _stretches(picture: Picture, row: Row, palette: Axis) -> list[tuple[str, float, float]]:
    found: list[tuple[str, float, float]] = []
    for piece, value in zip(picture.curve.pieces, row.values, strict=True):
        if value is None:
            continue
        colour = palette.pick(value, CIVIDIS)
        low = piece.low_hz
        if found and 0 <= low - found[-1][2] <= GAP_HZ:
            low = found[-1][2]
            if found[-1][0] == colour:
                low = found.pop()[1]
        found.append((colour, low, piece.high_hz))
    return found


def _palette(plot: Plot, picture: Picture) -> Axis:
    """Give what the palette spans in dB, from bad to good: all of the plot for SNR, what was measured otherwise."""
    if picture.link.quantity == "SNR":
        return plot.up
    low, high = picture.curve.extremes()
    return Axis(math.floor(low) + max(math.ceil((high - math.floor(low)) / 10) * 10, 20), math.floor(low))


# What the colours mean.


def _keys(picture: Picture) -> list[Key]:
    rows = picture.span
    keys = [Key("line", BLUE, f"median {rows}" if rows else "value")]
    if rows:
        keys.append(Key("box", LIGHT_BLUE, "lowest to highest"))
    if picture.limit_db is not None:
        keys.append(Key("dashed", ORANGE, f"limit {picture.limit_db:g} dB"))
    if any(picture.below(lowest) for lowest in picture.curve.lowest):
        keys.append(Key("box", ORANGE, "below it in some row" if rows else "below it"))
    if any(v is None for v in picture.curve.middle):
        keys.append(Key("box", PAPER, "no value"))
    return [*keys, Key("box", HATCH, "notch"), Key("box", SAND, "known radio service")]


def _draw_palette(page: Page, palette: Axis) -> None:
    """Draw the colour scale of the heat strip below the legend, its numbers at every second edge."""
    y, width = page.take(1.4 * LEGEND_HEIGHT) + 0.4 * LEGEND_HEIGHT, 26.0
    page.text(LEFT, y, "Colour in dB", 12.5)
    start = LEFT + 96
    for number, colour in enumerate(CIVIDIS):
        page.rect(start + number * width, y - 10, width, 12, colour)
    for number in range(0, len(CIVIDIS) + 1, 2):
        value = palette.low + number * (palette.high - palette.low) / len(CIVIDIS)
        page.text(start + number * width, y + 14, f"{value:g}", SMALL_SIZE, text_anchor="middle")
    page.text(start + len(CIVIDIS) * width + 14, y, "bright is good", 12.5)
