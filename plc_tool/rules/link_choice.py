"""Which maps are of the link in question: by the addresses of its ends. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plc_tool.rules.ladder import PAUSE_S
from v2g_tool.model.plc import LinkMap, Tier


@dataclass(frozen=True)
class Ends:
    """The two modems of the link in question, "" where it is not known which."""

    local: str = ""
    peer: str = ""

    def of(self, link: LinkMap) -> bool:
        """Give whether a map belongs to this link.

        In a sounding the vehicle and the charger are known by the addresses of their hosts, not of their modems: there
        the map itself says whose it is, and every sounding counts.
        """
        if link.tier is Tier.ATTENUATION:
            return True
        ends = {link.reporter, link.peer}
        if link.tier is Tier.ERROR_RATE:
            return not self.local or self.local in ends
        return all(not end or end in ends for end in (self.local, self.peer))


ANY = Ends()
"""No end is known: whatever was found is meant."""


def ambiguous(maps: Sequence[LinkMap]) -> tuple[str, ...]:
    """Give the links that SNR maps are of, as text, when there is more than one."""
    pairs = {frozenset({m.reporter, m.peer}) for m in maps if m.tier <= Tier.BIT_LOADING}
    return tuple(sorted(" and ".join(sorted(pair)) for pair in pairs)) if len(pairs) > 1 else ()


def heard_together(first: LinkMap, every: Sequence[LinkMap]) -> list[LinkMap]:
    """Give a map and those of other modems that heard the same EV in the same sounding."""
    if first.tier is not Tier.ATTENUATION:
        return [first]
    return [first, *(other for other in every if _neighbour(first, other))]


def _neighbour(first: LinkMap, other: LinkMap) -> bool:
    return (
        other.tier is first.tier
        and other.peer == first.peer
        and other.reporter != first.reporter
        and "reported-mean" not in other.flags
        and abs(other.start_s - first.start_s) < PAUSE_S
    )
