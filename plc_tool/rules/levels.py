"""The level of a link over frequency: one loss for each group of 16 active carriers, from a map of any tier. Pure.

A bit-loading floor says only that the SNR lies between it and the next floor, so the middle of that interval is used;
at the ceiling the SNR may be anything above, and the loss is a bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean, median, quantiles

from plc_tool.rules.ladder import FLOORS_DB
from v2g_tool.model.carriers import GROUP
from v2g_tool.model.plc import LinkMap, Row, Spectrum, Tier

_MIDDLE = {low: (low + high) / 2 for low, high in pairwise(FLOORS_DB)} | {0.0: 0.0}
"""A carrier that is off may have any SNR below the first floor; it counts as 0 dB."""


@dataclass(frozen=True)
class Level:
    """The loss of one group of carriers.

    Attributes:
        hz: mean frequency of its carriers.
        loss_db: attenuation, or the SNR with the opposite sign.
        at_most: it is the smallest that the map can show, so that the loss may be any smaller.
    """

    hz: float
    loss_db: float
    at_most: bool = False


def losses(link: LinkMap, row: Row) -> tuple[float | None, ...]:
    """Give the loss in dB of each point in one row: attenuation, or the SNR with the opposite sign."""
    if link.tier is Tier.ATTENUATION:
        return row.values
    known = {value: -snr_db(link, value) for value in {*row.values} if value is not None}
    return tuple(None if value is None else known[value] for value in row.values)


def snr_db(link: LinkMap, value: float) -> float:
    """Give the SNR that a value of an SNR map stands for, in dB."""
    if link.tier is not Tier.BIT_LOADING or value == link.ceiling_db:
        return value
    return _MIDDLE.get(value, value)


def point_losses(link: LinkMap, spectrum: Spectrum) -> tuple[float | None, ...]:
    """Give the median loss in dB over the rows of each point."""
    rows = tuple(replace(row, values=losses(link, row)) for row in spectrum.rows)
    return replace(spectrum, rows=rows).medians()


def levels(link: LinkMap, spectrum: Spectrum) -> tuple[Level, ...]:
    """Give the loss of each group that was measured, ascending in frequency."""
    values = point_losses(link, spectrum)
    size = 1 if link.tier is Tier.ATTENUATION else GROUP
    groups = (range(at, min(at + size, len(values))) for at in range(0, len(values), size))
    found = ([(spectrum.points[p].centre_hz, v) for p in group if (v := values[p]) is not None] for group in groups)
    least_db = _least_db(link)
    return tuple(_level(pairs, least_db) for pairs in found if pairs)


def _least_db(link: LinkMap) -> float:
    """Give the smallest loss that a map can show: 0 dB of attenuation, or the ceiling of the SNR."""
    if link.tier is Tier.ATTENUATION:
        return 0.0
    return -math.inf if link.ceiling_db is None else -link.ceiling_db


def _level(pairs: Sequence[tuple[float, float]], least_db: float) -> Level:
    values = [loss for _, loss in pairs]
    return Level(fmean(hz for hz, _ in pairs), midmean(values), median(values) <= least_db)


def midmean(values: Sequence[float]) -> float:
    """Give the mean of the middle half of at least one value: as robust as needed, yet finer than steps of floors."""
    if len(values) < 4:
        return median(values)
    low, _, high = quantiles(values, n=4, method="inclusive")
    return fmean(v for v in values if low <= v <= high)
