"""A map as SVG for the signed report: no scripts, nothing loaded, the same bytes for the same map."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from plc_tool.pictures.axis import frequency_axis
from plc_tool.pictures.chart import (
    CIVIDIS,
    GAP_HZ,
    SERVICES_HEIGHT,
    draw_axes,
    draw_curve,
    draw_frame,
    draw_frequencies,
    draw_hit_bands,
    draw_notches,
    draw_services,
    middles,
    origin_words,
)
from plc_tool.pictures.curve import Curve, curve_of, hits
from plc_tool.pictures.difference import difference_svg
from plc_tool.pictures.drawing import Frame, Step, ribbon, runs
from plc_tool.pictures.words import capital, dip_words, error_words, flag_words, quantity_words, rows_words
from v2g_tool.drawing.chart import (
    AXIS_HEIGHT,
    INNER,
    LEFT,
    LEGEND_HEIGHT,
    LINE_HEIGHT,
    SMALL_SIZE,
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
from v2g_tool.drawing.sheet import BLUE, GREY, HATCH, LIGHT_BLUE, ORANGE, PAPER, SAND, Sheet, boxes
from v2g_tool.model.carriers import CarrierMask
from v2g_tool.model.plc import Band, LinkMap, Row, Service, Tier

__all__ = ["difference_svg", "map_svg"]

PLOT_HEIGHT = 300.0
STRIP_HEIGHT = 240.0
"""The heat strip is no higher than this, whatever the number of rows."""
ROW_HEIGHT = 20.0


@dataclass(frozen=True)
class Picture:
    """What is drawn of a map, and where.

    Attributes:
        link: the map.
        curve: its values.
        notches: the masked parts of the spectrum.
        hit: the known services in whose bands the map has a dip.
        limit_db: the limit, None where there is none.
        frame: the plot area.
    """

    link: LinkMap
    curve: Curve
    notches: tuple[Band, ...]
    hit: tuple[Service, ...]
    limit_db: float | None
    frame: Frame


def map_svg(
    link: LinkMap, mask: CarrierMask, services: Sequence[Service], *, title: str, limit_db: float | None = None
) -> bytes:
    """Give the picture of one map; a map without values gives a sheet with the reason in words.

    Args:
        link: the map.
        mask: its carrier mask: notches are hatched grey.
        services: known radio services, named above the plot.
        title: the headline, for example charger and site.
        limit_db: the limit, drawn on SNR maps.
    """
    curve = curve_of(link, mask.notches())
    hit = hits(curve, services, link.quantity) if curve else ()
    lines = header(title, _said(link, hit))
    if curve is None:
        return words_only(title, lines, "No values, so no picture.")
    limit = limit_db if link.quantity == "SNR" else None
    top = header_height(lines) + SERVICES_HEIGHT + 8
    strip = _strip_height(curve)
    legend = top + PLOT_HEIGHT + AXIS_HEIGHT + strip + LEGEND_HEIGHT
    sheet = Sheet(WIDTH, legend + (2 if strip else 0.6) * LEGEND_HEIGHT, title)
    picture = Picture(link, curve, mask.notches(), hit, limit, _frame(curve, limit, top))
    draw_header(sheet, lines)
    draw_services(sheet, picture.frame, services, hit)
    _draw_plot(sheet, picture)
    _draw_strip(sheet, picture, top + PLOT_HEIGHT + AXIS_HEIGHT + 6)
    draw_legend(sheet, legend, _keys(picture))
    if strip:
        _draw_scale(sheet, picture, legend + LEGEND_HEIGHT)
    return sheet.svg()


def _said(link: LinkMap, hit: Sequence[Service]) -> list[Said]:
    dips = dip_words(link, hit)
    return [
        Said(quantity_words(link), 15),
        Said(origin_words(link), TEXT_SIZE, GREY),
        *([Said(error_words(link.errors), TEXT_SIZE, GREY)] if link.errors else []),
        *(Said(f"! {words}", TEXT_SIZE, ORANGE, "bold") for words in flag_words(link)),
        *([Said(dips, TEXT_SIZE, ORANGE)] if dips else []),
    ]


def _frame(curve: Curve, limit_db: float | None, top: float) -> Frame:
    low, high = curve.extremes()
    bottom, ceiling = value_range(low, max(high, limit_db or high))
    return Frame(LEFT, top, INNER, PLOT_HEIGHT, frequency_axis(curve.pieces), bottom, ceiling)


# The plot.


def _draw_plot(sheet: Sheet, picture: Picture) -> None:
    frame = picture.frame
    draw_hit_bands(sheet, frame, picture.hit)
    draw_axes(sheet, frame, f"{capital(picture.link.quantity)} in dB")
    for run in runs(_ranges(picture.curve), GAP_HZ):
        sheet.path(ribbon(frame, run), fill=LIGHT_BLUE, stroke=LIGHT_BLUE, stroke_width=0.8)
    draw_curve(sheet, frame, middles(picture.curve), BLUE)
    draw_notches(sheet, frame, picture.notches)
    _draw_limit(sheet, picture)
    draw_frame(sheet, frame)
    draw_frequencies(sheet, frame)


def _ranges(curve: Curve) -> list[Step]:
    places = zip(curve.pieces, curve.lowest, curve.highest, strict=True)
    return [Step(p, low, high) for p, low, high in places if low is not None and high is not None]


def _draw_limit(sheet: Sheet, picture: Picture) -> None:
    """Draw the limit, a mark at the bottom for each place below it, and the top that means "at least"."""
    frame, right = picture.frame, picture.frame.x + picture.frame.width
    if picture.link.ceiling_db is not None:
        y = frame.at(picture.link.ceiling_db)
        sheet.text(right + 6, y + 4, f"≥ {picture.link.ceiling_db:g} dB", SMALL_SIZE, fill=GREY)
    if picture.limit_db is None:
        return
    y = frame.at(picture.limit_db)
    sheet.line(frame.x, y, right, y, ORANGE, stroke_width=1.8, stroke_dasharray="8 5")
    sheet.text(right + 6, y + 4, f"limit {picture.limit_db:g} dB", SMALL_SIZE, fill=ORANGE, font_weight="bold")
    base = frame.y + frame.height
    marks = [(frame.at_hz(p.low_hz), frame.at_hz(p.high_hz)) for p in _below(picture)]
    sheet.path(boxes((x - 0.4, base - 9, end - x + 0.8, 9) for x, end in marks), fill=ORANGE)


def _below(picture: Picture) -> list[Band]:
    limit, curve = picture.limit_db, picture.curve
    if limit is None:
        return []
    return [p for p, low in zip(curve.pieces, curve.lowest, strict=True) if low is not None and low < limit]


# The rows.


def _strip_height(curve: Curve) -> float:
    """Give the height of the heat strip with its title; one row is what the plot shows anyway."""
    rows = len(curve.rows)
    return min(rows * ROW_HEIGHT, STRIP_HEIGHT) + LINE_HEIGHT + 10 if rows > 1 else 0.0


def _draw_strip(sheet: Sheet, picture: Picture, top: float) -> None:
    rows = picture.curve.rows
    if len(rows) < 2:
        return
    sheet.text(LEFT, top + 9, _strip_title(picture.link), 12.5, fill=GREY)
    height = min(ROW_HEIGHT, STRIP_HEIGHT / len(rows))
    first = top + LINE_HEIGHT
    frame = picture.frame
    area = Frame(frame.x, first, frame.width, height * len(rows), frame.axis, 0, 1)
    sheet.rect(area.x, area.y, area.width, area.height, PAPER)
    for colour, places in sorted(_cells(picture, first, height).items()):
        sheet.path(boxes(places), fill=CIVIDIS[colour])
    draw_notches(sheet, area, picture.notches)
    draw_frame(sheet, area)
    every = max(1, round(12 / height + 0.49))
    for number, row in enumerate(rows):
        if number % every == 0:
            middle = first + (number + 0.5) * height + 4
            sheet.text(LEFT - 8, middle, row.name[:14], SMALL_SIZE, text_anchor="end")
            sheet.text(LEFT + INNER + 6, middle, _row_time(picture.link, row), SMALL_SIZE, fill=GREY)


def _row_time(link: LinkMap, row: Row) -> str:
    """Give when in the mains half cycle, or after the first sound, a row was measured; "" where nobody knows."""
    known = link.tier in (Tier.BIT_LOADING, Tier.ATTENUATION)
    return f"{round(row.time_s * 1e3, 1):g} ms" if known else ""


def _strip_title(link: LinkMap) -> str:
    return {
        Tier.BIT_LOADING: "Each slot of the mains half cycle; noise in step with the mains makes rows differ",
        Tier.ATTENUATION: "Each sound; impulses, and noise in step with the mains, make rows differ",
    }.get(link.tier, "Each interval")


def _cells(picture: Picture, top: float, height: float) -> dict[int, list[tuple[float, float, float, float]]]:
    """Give the places of each colour; neighbours of one colour are one place."""
    cells: dict[int, list[tuple[float, float, float, float]]] = defaultdict(list)
    for number, row in enumerate(picture.curve.rows):
        for colour, low, high in _stretches(picture, row):
            x = picture.frame.at_hz(low)
            cells[colour].append((x, top + number * height, picture.frame.at_hz(high) - x, height))
    return cells


def _stretches(picture: Picture, row: Row) -> list[tuple[int, float, float]]:
    found: list[tuple[int, float, float]] = []
    for piece, value in zip(picture.curve.pieces, row.values, strict=True):
        if value is None:
            continue
        colour = _colour(picture, value)
        low = piece.low_hz
        if found and 0 <= low - found[-1][2] <= GAP_HZ:
            low = found[-1][2]
            if found[-1][0] == colour:
                low = found.pop()[1]
        found.append((colour, low, piece.high_hz))
    return found


def _colour_range(picture: Picture) -> tuple[float, float]:
    """Give what the palette spans in dB: the value axis for SNR, for attenuation what was measured."""
    if picture.link.quantity == "SNR":
        return picture.frame.low, picture.frame.high
    low, high = picture.curve.extremes()
    return math.floor(low), math.floor(low) + max(math.ceil((high - math.floor(low)) / 10) * 10, 20)


def _colour(picture: Picture, value: float) -> int:
    """Give the place of a value in the palette; bright is good."""
    low, high = _colour_range(picture)
    share = (value - low) / (high - low)
    at = max(0, min(len(CIVIDIS) - 1, int(share * len(CIVIDIS))))
    return at if picture.link.quantity == "SNR" else len(CIVIDIS) - 1 - at


# What the colours mean.


def _keys(picture: Picture) -> list[Key]:
    rows = rows_words(picture.link, len(picture.curve.rows))
    keys = [Key("line", BLUE, f"median {rows}" if rows else "value")]
    if rows:
        keys.append(Key("box", LIGHT_BLUE, "lowest to highest"))
    if picture.limit_db is not None:
        keys.append(Key("dashed", ORANGE, f"limit {picture.limit_db:g} dB"))
    if _below(picture):
        keys.append(Key("box", ORANGE, "below it in some row" if rows else "below it"))
    if any(v is None for v in picture.curve.middle):
        keys.append(Key("box", PAPER, "no value"))
    keys.append(Key("box", HATCH, "notch"))
    keys.append(Key("box", SAND, "known radio service"))
    return keys


def _draw_scale(sheet: Sheet, picture: Picture, y: float) -> None:
    """Draw the colour scale of the heat strip."""
    width = 26.0
    low, high = _colour_range(picture)
    step = (high - low) / len(CIVIDIS)
    sheet.text(LEFT, y, "Colour in dB", 12.5)
    start = LEFT + 96
    for number in range(len(CIVIDIS)):
        value = low + number * step
        x = start + number * width
        sheet.rect(x, y - 10, width, 12, CIVIDIS[_colour(picture, value + step / 2)])
        if number % 2 == 0:
            sheet.text(x, y + 14, f"{value:g}", SMALL_SIZE, text_anchor="middle")
    end = start + len(CIVIDIS) * width
    sheet.text(end, y + 14, f"{high:g}", SMALL_SIZE, text_anchor="middle")
    sheet.text(end + 14, y, "bright is good", 12.5)
