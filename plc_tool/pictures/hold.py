"""Maps of one link over time: the latest values, and the lowest and highest that were ever seen. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from plc_tool.pictures.curve import Curve, Value, curve_of
from v2g_tool.model.plc import Band, LinkMap


@dataclass(frozen=True)
class Hold:
    """What a watch has seen so far of one link.

    Attributes:
        latest: the newest map.
        curve: its values, with the lowest and highest of all maps since the hold began; None before the first values.
        maps: how many maps with values it holds.
    """

    latest: LinkMap
    curve: Curve | None
    maps: int

    def add(self, link: LinkMap, notches: Sequence[Band]) -> Hold:
        """Give the hold with one more map; a map of another kind, link or set of points begins a new one."""
        if _identity(link) != _identity(self.latest):
            return hold(link, notches)
        new = curve_of(link, notches)
        if new is None:
            return replace(self, latest=link)
        if self.curve is None or self.curve.pieces != new.pieces:
            return Hold(link, new, 1)
        held = replace(
            new, lowest=_each(min, self.curve.lowest, new.lowest), highest=_each(max, self.curve.highest, new.highest)
        )
        return Hold(link, held, self.maps + 1)


def hold(link: LinkMap, notches: Sequence[Band]) -> Hold:
    """Begin a hold with its first map."""
    curve = curve_of(link, notches)
    return Hold(link, curve, 0 if curve is None else 1)


def _identity(link: LinkMap) -> tuple[int, str, str]:
    return link.tier, link.reporter, link.peer


def _each(of: Callable[[float, float], float], held: Sequence[Value], new: Sequence[Value]) -> tuple[Value, ...]:
    """Combine two values where both were measured, else give the one that was."""
    return tuple(b if a is None else a if b is None else of(a, b) for a, b in zip(held, new, strict=True))
