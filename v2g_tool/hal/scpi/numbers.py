"""Reply fields to numbers; pure. Sentinels are filtered before anything is believed to be a number."""

from __future__ import annotations

import math
from collections.abc import Sequence

from v2g_tool.errors import Implausible
from v2g_tool.model.profiles.analyzer import Sentinel


def fields(reply: str, separator: str, expected: int, name: str) -> list[str]:
    """Give the fields of a reply; raises Implausible when their number is not the number asked for.

    A wrong count is the sign of an answer that belongs to another question.
    """
    parts = [part.strip() for part in reply.split(separator)]
    if len(parts) != expected:
        raise Implausible(
            f"{name} answered {len(parts)} values where {expected} were asked for",
            why="The answer belongs to another question, or the instrument lost its set-up.",
            todo="Stop other programs that use the instrument and run again.",
        )
    return parts


def meaning(field: str, sentinels: Sequence[Sentinel]) -> str:
    """Give what a field means if it is no value ("no_data", "over_range", ...), or an empty text if it is one."""
    try:
        value = float(field)
    except ValueError:
        value = math.nan
    for sentinel in sentinels:
        if sentinel.text is not None and field.upper() == sentinel.text.upper():
            return sentinel.means
        if sentinel.equals is not None and math.isclose(value, sentinel.equals, rel_tol=sentinel.rel):
            return sentinel.means
        if sentinel.abs_ge is not None and abs(value) >= sentinel.abs_ge:
            return sentinel.means
    return "" if math.isfinite(value) else "no_data"
