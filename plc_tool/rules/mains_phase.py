"""Whether the rows of a map differ with the phase of the mains. Pure.

Tone-map slots divide the half cycle of the mains, so a slot that is worse is worse in step with it. Sounds come at any
time: folded at the half cycle, those that differ must lie side by side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from plc_tool.rules.levels import losses, point_losses
from plc_tool.rules.shape import robust_spread
from v2g_tool.model.plc import LinkMap, Spectrum

_SIGMAS = 4.0
_LEAST_SPREAD_DB = 0.25
"""Of the mean over 58 groups: a sound that differs by less than one step of 1 dB does not differ."""


@dataclass(frozen=True)
class Phases:
    """The sounds of a map, folded at the half cycle of the mains.

    Attributes:
        offsets_db: for each sound, by how much its loss is above the median of all sounds, mean over the groups.
        odd: the sounds that differ from the others, ascending.
        window: the part of the half cycle that holds all odd sounds and none of the others, 0..1; None if there is no
            such part, or fewer than two odd sounds.
        chance: probability that as many sounds lie side by side by chance.
        hole: the longest part of the half cycle without a sound, 0..1.
    """

    offsets_db: tuple[float, ...]
    odd: tuple[int, ...]
    window: float | None
    chance: float
    hole: float


def row_offsets(link: LinkMap, spectrum: Spectrum) -> tuple[float, ...]:
    """Give for each row by how many dB its loss lies above the median over all rows, mean over the points."""
    medians = point_losses(link, spectrum)
    offsets = []
    for row in spectrum.rows:
        above = [v - m for v, m in zip(losses(link, row), medians, strict=True) if v is not None and m is not None]
        offsets.append(fmean(above) if above else 0.0)
    return tuple(offsets)


def folded(link: LinkMap, spectrum: Spectrum, mains_hz: float) -> Phases:
    """Give the sounds of a map with at least one row, folded at the half cycle."""
    offsets = row_offsets(link, spectrum)
    centre = median(offsets)
    limit = _SIGMAS * robust_spread([offset - centre for offset in offsets], _LEAST_SPREAD_DB)
    odd = tuple(at for at, offset in enumerate(offsets) if abs(offset - centre) >= limit)
    phases = [row.time_s * 2 * mains_hz % 1 for row in spectrum.rows]
    chance = min(1.0, len(phases) / math.comb(len(phases), len(odd)))
    return Phases(offsets, odd, _window(phases, odd), chance, longest_hole(phases))


def longest_hole(phases: Sequence[float]) -> float:
    """Give the longest part of a cycle in which none of some phases (0..1) falls."""
    ordered = sorted(phases)
    return max(b - a for a, b in pairwise((*ordered, ordered[0] + 1)))


def _window(phases: Sequence[float], odd: Sequence[int]) -> float | None:
    """Give the length of the shortest part with all odd phases, if no other phase lies in it."""
    if not 2 <= len(odd) < len(phases):
        return None
    inside = sorted(phases[at] for at in odd)
    turns = [(b - a, b) for a, b in pairwise((*inside, inside[0] + 1))]
    hole, start = max(turns)
    length = 1 - hole
    others = (phase for at, phase in enumerate(phases) if at not in odd)
    return None if any((phase - start) % 1 <= length for phase in others) else length
