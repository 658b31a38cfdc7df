"""Narrow holes in an SNR map: what takes a few neighbouring carriers and leaves the rest. Pure.

A transmitter makes a hole with skirts, deepest at its frequency. A carrier mask makes one with steep edges: its
carriers are off and their neighbours are as good as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from plc_tool.rules.levels import point_losses
from v2g_tool.model.carriers import SPACING_HZ
from v2g_tool.model.plc import Band, LinkMap, Spectrum

DEEP_DB = 10.0
"""Deeper than one step of the constellation (6 dB) and the half of another that a floor leaves open."""
LOST_DB = 10.0
"""SNR that a carrier needs for 16-QAM; the limit below which the link drops."""
WIDEST = 40
"""Carriers: 1 MHz, wider than any broadcast band that one receiver feels as one."""
_SURROUNDINGS = 60
"""Carriers on either side that say how good the spectrum is around a hole."""
_FEWEST_SURROUNDINGS = 40
_JOINED = 3
"""Carriers between two dips of one transmitter, or of two in one band."""
_EDGE = 10
"""Carriers beside a masked range that the sender's filter may weaken."""
_FEWEST_MASKED = 6
"""Amateur bands take 10 carriers and more; fewer that are off may be anything."""


@dataclass(frozen=True)
class Hole:
    """Neighbouring carriers that are much worse than their surroundings.

    Attributes:
        band: from the first to the last of them.
        deepest_hz: where it is deepest.
        depth_db: there, below the surroundings.
        snr_db: there.
        lost: carriers below 10 dB.
        masked: its edges are as steep as those of a mask, and all its carriers are off.
    """

    band: Band
    deepest_hz: float
    depth_db: float
    snr_db: float
    lost: int
    masked: bool


def holes(link: LinkMap, spectrum: Spectrum) -> tuple[Hole, ...]:
    """Give the holes of an SNR map, ascending in frequency; a loss beside a masked range is none, the filter makes it.

    A hole may be up to 40 carriers (1 MHz) wide.
    """
    snr = [None if loss is None else -loss for loss in point_losses(link, spectrum)]
    known = [(band, v) for band, v in zip(spectrum.points, snr, strict=True) if v is not None]
    bands, values = [band for band, _ in known], [v for _, v in known]
    blocks = _blocks(bands)
    depths = _without_edges([_surroundings(values, at) - v for at, v in enumerate(values)], blocks)
    found = (_hole(bands, block, run, values, depths) for block in blocks for run in _runs(block, depths))
    return tuple(hole for hole in found if hole is not None)


def _blocks(bands: Sequence[Band]) -> list[range]:
    """Give the stretches without a masked range between them."""
    gaps = [at + 1 for at, (a, b) in enumerate(pairwise(bands)) if b.low_hz - a.high_hz > SPACING_HZ / 2]
    return [range(first, last) for first, last in pairwise((0, *gaps, len(bands)))]


def _surroundings(values: Sequence[float], at: int) -> float:
    """Give the median around a carrier; less far around near the ends of the band."""
    reach = max(_FEWEST_SURROUNDINGS, min(_SURROUNDINGS, at, len(values) - 1 - at))
    return median(values[max(0, at - reach) : at + reach + 1])


def _without_edges(depths: Sequence[float], blocks: Sequence[range]) -> list[float]:
    """Take away what the sender's filter costs beside a masked range: the median over all edges, by distance."""
    rest = list(depths)
    for distance in range(_EDGE):
        beside = [at for block in blocks for at in (block.start + distance, block.stop - 1 - distance) if at in block]
        usual = max(0.0, median(depths[at] for at in beside)) if beside else 0.0
        for at in {*beside}:
            rest[at] -= usual
    return rest


def _runs(block: range, depths: Sequence[float]) -> list[range]:
    """Give the deep stretches of a block; those close together are one."""
    runs: list[range] = []
    for at in block:
        if depths[at] >= DEEP_DB:
            near = bool(runs) and at - runs[-1][-1] <= _JOINED
            runs.append(range(runs.pop().start if near else at, at + 1))
    return runs


def _hole(
    bands: Sequence[Band], block: range, run: range, values: Sequence[float], depths: Sequence[float]
) -> Hole | None:
    worst = min(values[at] for at in run)
    bottom = [at for at in run if values[at] == worst]
    deepest = bottom[len(bottom) // 2]
    at_end = run.start == 0 or len(values) - run.stop < _EDGE  # there the low-pass of the sender takes more and more
    if len(run) > WIDEST or at_end:
        return None
    lost = sum(values[at] < LOST_DB for at in run)
    band = Band(bands[run.start].low_hz, bands[run.stop - 1].high_hz)
    return Hole(band, bands[deepest].centre_hz, depths[deepest], worst, lost, _is_masked(block, run, values, depths))


def _is_masked(block: range, run: range, values: Sequence[float], depths: Sequence[float]) -> bool:
    """Tell whether all carriers of a run are off and the second ones beyond it are untouched."""
    off = len(run) >= _FEWEST_MASKED and all(values[at] == 0 for at in run)
    return off and all(depths[at] < DEEP_DB / 2 for at in (run.start - 2, run.stop + 1) if at in block)
