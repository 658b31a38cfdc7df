"""A small SVG writer: shapes and text on a sheet, always the same bytes for the same content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from v2g_tool.drawing.text import plain

FONT = "DejaVu Sans, Verdana, Arial, Helvetica, sans-serif"
"""Fonts that a viewer may have; none is loaded."""
GLYPH_WIDTH = 0.62
"""Mean width of a character of the widest of these fonts, in font sizes."""
_NOT_XML = re.compile("[\\ufffe\\uffff]")


def number(value: float) -> str:
    """Give a coordinate with two decimals at most."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def text_width(content: str, size: float) -> float:
    """Give how wide a text is at most about."""
    return len(content) * size * GLYPH_WIDTH


@dataclass
class Sheet:
    """A drawing in the making, `width` × `height` pixels."""

    width: float
    height: float
    title: str
    _parts: list[str] = field(default_factory=list)

    def shape(self, name: str, **attributes: str | float) -> None:
        """Add an element; an underscore in an attribute's name stands for a hyphen."""
        self._parts.append(f"<{name}{_attributes(attributes)}/>")

    def rect(self, x: float, y: float, width: float, height: float, fill: str, **more: str | float) -> None:
        """Add a rectangle."""
        self.shape("rect", x=x, y=y, width=max(width, 0), height=max(height, 0), fill=fill, **more)

    def line(self, x1: float, y1: float, x2: float, y2: float, stroke: str, **more: str | float) -> None:
        """Add a straight line."""
        self.shape("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, **more)

    def path(self, d: str, **more: str | float) -> None:
        """Add a path, unless it is empty."""
        if d:
            self.shape("path", d=d, **more)

    def text(self, x: float, y: float, content: str, size: float = 12, **more: str | float) -> None:
        """Add one line of text; what is no visible character is shown as "?"."""
        attributes = _attributes({"x": x, "y": y, "font_size": size, **more})
        self._parts.append(f"<text{attributes}>{_words(content)}</text>")

    def labelled(self, name: str, label: str, **attributes: str | float) -> None:
        """Add an element with a title, which a viewer shows under the pointer."""
        self._parts.append(f"<{name}{_attributes(attributes)}><title>{_words(label)}</title></{name}>")

    def svg(self) -> bytes:
        """Give the file, on white paper."""
        size = f'width="{number(self.width)}" height="{number(self.height)}"'
        view = f'viewBox="0 0 {number(self.width)} {number(self.height)}"'
        head = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} role="img" font-family="{FONT}" fill="{INK}">\n'
            f"<title>{_words(self.title)}</title>\n<defs>{_HATCH}</defs>\n{_PAPER}\n"
        )
        return (head + "\n".join(self._parts) + "\n</svg>\n").encode()


INK, PAPER, FAINT, GREY = "#1a1a1a", "#ffffff", "#e4e4e4", "#6b6b6b"
BLUE, LIGHT_BLUE, ORANGE, SAND = "#0b5394", "#a9cbe8", "#c75b00", "#f4d9a6"
"""Blue is good, orange is bad; the pair is safe for colour-blind eyes and keeps its contrast in print."""
RED = "#b3121d"
"""Worse than orange; for some eyes the two are one, so that a sign and a word stand beside it."""
HATCH = "url(#notch)"
"""The fill of a gap: grey and striped, so that it differs from everything else without colour too."""
_HATCH = (
    '<pattern id="notch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#dcdcdc"/><rect width="2" height="6" fill="#b9b9b9"/></pattern>'
)

_PAPER = f'<rect width="100%" height="100%" fill="{PAPER}"/>'


def _words(content: str) -> str:
    return escape(_NOT_XML.sub("?", plain(content)), quote=False)


def _attributes(attributes: dict[str, str | float]) -> str:
    return "".join(
        f' {name.replace("_", "-")}="{escape(value if isinstance(value, str) else number(value))}"'
        for name, value in attributes.items()
    )


def polyline(points: Sequence[tuple[float, float]]) -> str:
    """Give a path through points, without those that lie on a straight line between their neighbours."""
    kept = [
        point
        for at, point in enumerate(points)
        if at in (0, len(points) - 1) or not points[at - 1][1] == point[1] == points[at + 1][1]
    ]
    return "M" + "L".join(f"{number(x)},{number(y)}" for x, y in kept)


def boxes(places: Iterable[tuple[float, float, float, float]]) -> str:
    """Give one path of many rectangles (x, y, width, height) of one colour."""
    return "".join(f"M{number(x)},{number(y)}h{number(w)}v{number(h)}h{number(-w)}z" for x, y, w, h in places)
