"""The characters of a terminal picture: block elements, or ASCII where the encoding lacks them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from v2g_tool.drawing.text import encodable, plain


@dataclass(frozen=True)
class Glyphs:
    """One character for each meaning, so that a picture reads without colour.

    Attributes:
        solid: a bar up to the lowest value.
        middle: the bar from there to the median.
        beyond: from the median to the highest value.
        parts: the top of a bar, from little to almost a full cell.
        limit: the limit on the lower edge of its line.
        limit_inside: the limit within its line.
        notch: a column without carriers.
        below: a column with a value below the limit.
        missing: a column whose carriers gave no value.
        levels: a value of the heat strip, from low to high.
    """

    solid: str
    middle: str
    beyond: str
    parts: str
    limit: str
    limit_inside: str
    notch: str
    below: str
    missing: str
    levels: str
    side: str
    corner: str
    dash: str
    separator: str
    more: str

    def text(self, content: str) -> str:
        """Give text from outside as this set can show it: one line, visible, nothing the encoding may lack."""
        shown = plain(content)
        return shown if self is UNICODE else shown.encode("ascii", "replace").decode("ascii")


UNICODE = Glyphs("█", "▓", "░", "▁▂▃▄▅▆▇", "_", "╌", "┆", "×", "?", "▁▂▃▄▅▆▇█", "┤", "└", "─", " · ", "…")
ASCII = Glyphs("#", "+", ".", "__~~==#", "_", "-", ":", "x", "?", "_.-=+*#@", "|", "+", "-", " - ", "...")


def glyphs_for(encoding: str) -> Glyphs:
    """Give the block elements if `encoding` has them, else ASCII."""
    return UNICODE if encodable("".join(vars(UNICODE).values()), encoding) else ASCII
