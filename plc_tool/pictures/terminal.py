"""A map for a terminal of 80 × 24 that leaves room for a verdict; reads without colour, and in ASCII."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plc_tool.pictures.curve import Curve, curve_of, hits
from plc_tool.pictures.glyphs import Glyphs, glyphs_for
from plc_tool.pictures.hold import Hold
from plc_tool.pictures.plot import BLUE, ORANGE, PLAIN, Line, plot, plot_lines
from plc_tool.pictures.words import dip_words, ends_words, error_words, flag_words, quantity_words, rows_words
from v2g_tool.model.carriers import CarrierMask
from v2g_tool.model.plc import LinkMap, Service

if TYPE_CHECKING:
    from rich.text import Text

NARROWEST = 30
"""Below this width there is no picture, only its words."""


@dataclass(frozen=True)
class Screen:
    """How many characters and lines a picture may take, and what the terminal's encoding can show."""

    width: int = 80
    height: int = 16
    encoding: str = "utf-8"


SCREEN = Screen()
"""What a verdict and its findings leave of 80 × 24."""


def map_text(
    link: LinkMap,
    mask: CarrierMask,
    services: Sequence[Service],
    *,
    limit_db: float | None = None,
    screen: Screen = SCREEN,
) -> Text:
    """Give the picture of one map; a map without values gives words only.

    Args:
        link: the map.
        mask: its carrier mask, for the notches.
        services: known radio services; those with a dip in their band are named.
        limit_db: the limit, drawn on SNR maps.
        screen: the room there is.
    """
    return _rich(map_lines(link, curve_of(link, mask.notches()), mask, services, limit_db, screen))


def hold_text(
    hold: Hold,
    mask: CarrierMask,
    services: Sequence[Service],
    *,
    limit_db: float | None = None,
    screen: Screen = SCREEN,
) -> Text:
    """Give the picture of a watch: the median of the latest map within the lowest and highest of all so far."""
    measured = curve_of(hold.latest, mask.notches()) is not None
    curve = hold.curve if measured else None
    return _rich(map_lines(hold.latest, curve, mask, services, limit_db, screen, hold.maps))


def map_lines(
    link: LinkMap,
    curve: Curve | None,
    mask: CarrierMask,
    services: Sequence[Service],
    limit_db: float | None,
    screen: Screen,
    held: int = 0,
) -> list[Line]:
    """Give the lines of a picture from top to bottom; `held` is the number of maps that a watch has seen."""
    glyphs = glyphs_for(screen.encoding)
    head = _header(link, f"held over {held} maps" if held else "", glyphs, screen.width)
    if curve is None or screen.width < NARROWEST:
        return [*head, *_without_picture(link, glyphs, screen.width)][: screen.height]
    foot = [*_dips(link, curve, services, glyphs, screen.width), *_flags(link, glyphs, screen.width)]
    span = "so far" if held else rows_words(link, len(curve.rows))
    drawn = plot(link, curve, mask.notches(), limit_db, glyphs, screen.width, span)
    return [*head, *plot_lines(drawn, screen.height - len(head) - len(foot)), *foot][: screen.height]


def _header(link: LinkMap, remark: str, glyphs: Glyphs, width: int) -> list[Line]:
    ceiling = f'{link.ceiling_db:g} dB means "at least"' if link.ceiling_db is not None and link.spectrum else ""
    first, *others = (part for part in (quantity_words(link), ends_words(link), ceiling, remark) if part)
    rest = _paragraph(glyphs.separator.join(others), PLAIN, glyphs, width)
    return [((_short(first, glyphs, width), "bold"),), *rest]


def _without_picture(link: LinkMap, glyphs: Glyphs, width: int) -> list[Line]:
    lines = _flags(link, glyphs, width)
    if link.errors is not None:
        lines += _paragraph(error_words(link.errors), PLAIN, glyphs, width)
    return lines or _paragraph("No values: nothing was measured.", ORANGE, glyphs, width)


def _flags(link: LinkMap, glyphs: Glyphs, width: int) -> list[Line]:
    return [line for words in flag_words(link) for line in _paragraph(f"! {words}", ORANGE, glyphs, width)]


def _dips(link: LinkMap, curve: Curve, services: Sequence[Service], glyphs: Glyphs, width: int) -> list[Line]:
    """Name the services whose band is worse than its surroundings, in one line."""
    words = dip_words(link, hits(curve, services, link.quantity))
    return [((_short(words, glyphs, width), BLUE),)] if words else []


def _paragraph(content: str, style: str, glyphs: Glyphs, width: int) -> list[Line]:
    return [((line, style),) for line in textwrap.wrap(glyphs.text(content), max(width, 1))]


def _short(content: str, glyphs: Glyphs, width: int) -> str:
    shown = glyphs.text(content)
    return shown if len(shown) <= width else shown[: max(width - len(glyphs.more), 0)] + glyphs.more[:width]


def _rich(lines: Sequence[Line]) -> Text:
    from rich.text import Text

    text = Text(no_wrap=True, overflow="crop")
    for number, line in enumerate(lines):
        text.append("\n" if number else "")
        for content, style in line:
            text.append(content, style)
    return text
