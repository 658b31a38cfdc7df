"""A map for a terminal of 80 × 24 that leaves room for a verdict; reads without colour, and in ASCII."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from plc_tool.pictures.curve import Picture, picture_of
from plc_tool.pictures.glyphs import Glyphs, glyphs_for
from plc_tool.pictures.hold import Hold
from plc_tool.pictures.plot import BLUE, ORANGE, PLAIN, Line, plot, plot_lines
from plc_tool.pictures.words import dip_words, ends_words, error_words, flag_words, quantity_words
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

    @property
    def glyphs(self) -> Glyphs:
        """The characters that the encoding has."""
        return glyphs_for(self.encoding)

    def paragraph(self, content: str, style: str) -> list[Line]:
        """Give text as lines that fit."""
        return [((line, style),) for line in textwrap.wrap(self.glyphs.text(content), max(self.width, 1))]

    def short(self, content: str, style: str) -> Line:
        """Give text as one line, cut where it does not fit."""
        shown, more = self.glyphs.text(content), self.glyphs.more
        if len(shown) > self.width:
            shown = shown[: max(self.width - len(more), 0)] + more[: self.width]
        return ((shown, style),)


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
    return _rich(_lines(link, picture_of(link, mask, services, limit_db), "", screen))


def hold_text(
    hold: Hold,
    mask: CarrierMask,
    services: Sequence[Service],
    *,
    limit_db: float | None = None,
    screen: Screen = SCREEN,
) -> Text:
    """Give the picture of a watch: the median of the latest map within the lowest and highest of all so far."""
    picture = picture_of(hold.latest, mask, services, limit_db)
    if picture is not None and hold.curve is not None:
        picture = replace(picture, curve=hold.curve, held=hold.maps)
    return _rich(_lines(hold.latest, picture, f"held over {hold.maps} maps" if hold.maps else "", screen))


def _lines(link: LinkMap, picture: Picture | None, remark: str, screen: Screen) -> list[Line]:
    """Give the lines of a picture from top to bottom."""
    head = _header(link, remark, screen)
    if picture is None or screen.width < NARROWEST:
        return [*head, *_without_picture(link, screen)][: screen.height]
    dips = dip_words(link, picture.hit)
    foot = [*([screen.short(dips, BLUE)] if dips else []), *_flags(link, screen)]
    drawn = plot(picture, screen.glyphs, screen.width)
    return [*head, *plot_lines(drawn, screen.height - len(head) - len(foot)), *foot][: screen.height]


def _header(link: LinkMap, remark: str, screen: Screen) -> list[Line]:
    ceiling = f'{link.ceiling_db:g} dB means "at least"' if link.ceiling_db is not None and link.spectrum else ""
    others = (part for part in (ends_words(link), ceiling, remark) if part)
    return [screen.short(quantity_words(link), "bold"), *screen.paragraph(screen.glyphs.separator.join(others), PLAIN)]


def _flags(link: LinkMap, screen: Screen) -> list[Line]:
    return [line for words in flag_words(link) for line in screen.paragraph(f"! {words}", ORANGE)]


def _without_picture(link: LinkMap, screen: Screen) -> list[Line]:
    lines = _flags(link, screen)
    if link.errors is not None:
        lines += screen.paragraph(error_words(link.errors), PLAIN)
    return lines or screen.paragraph("No values: nothing was measured.", ORANGE)


def _rich(lines: Sequence[Line]) -> Text:
    from rich.text import Text

    text = Text(no_wrap=True, overflow="crop")
    for number, line in enumerate(lines):
        text.append("\n" if number else "")
        for content, style in line:
            text.append(content, style)
    return text
