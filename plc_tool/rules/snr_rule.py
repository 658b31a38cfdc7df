"""The manual's SNR rule on maps of bit loading: what a constellation says about a limit, and what it can't. Pure.

A carrier with a code has an SNR from its floor up to the floor of the next code. It is below the limit when all of that
is, at or above it when all of that is, and undecided in between. A modem keeps a margin, and its choice for a carrier
moves by one step from reading to reading: a few carriers one step below are therefore neither passed nor failed.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plc_tool.rules.ladder import FLOORS_DB
from v2g_tool.model.findings import Verdict
from v2g_tool.model.plc import Band, Flag, LinkMap, Tier

NEAR_PCT = 1.0
"""So many carriers, in % of all, may be one constellation below the limit without failing the link for sure."""
INCOMPLETE: frozenset[Flag] = frozenset({"slots-left-out", "slots-missing"})
DECISION_RULE = (
    "A carrier is judged in its worst slot, from the floor of its constellation to the floor of the next. Fail: more "
    "carriers than the site allows are below the limit by more than one constellation, or more than 1 % by one. Pass: "
    "every slot of both directions was read, and no more carriers than allowed are below or undecided."
)


@dataclass(frozen=True)
class SnrLimit:
    """The SNR that every carrier needs in dB, and the share of carriers in % that may miss it."""

    snr_db: float = 10.0
    carriers_below_pct: float = 0.0


THE_MANUALS = SnrLimit()
"""10 dB for every carrier."""


@dataclass(frozen=True)
class SnrCount:
    """How the carriers of one direction stand to a limit, each in its worst slot.

    Attributes:
        link: the map that was counted.
        carriers: all carriers of the map.
        below: carriers that are below in at least one slot.
        far: those of them that are below by more than one constellation.
        undecided: carriers that are not below, but not known to be at or above in every slot.
        bands: where those below lie.
    """

    link: LinkMap
    carriers: int
    below: int
    far: int
    undecided: int
    bands: tuple[Band, ...]

    @property
    def below_pct(self) -> float:
        """The share of carriers below, in %."""
        return 100 * self.below / self.carriers

    def verdict(self, allowed_pct: float) -> Verdict:
        """Give what this direction alone comes to."""
        if 100 * self.far / self.carriers > allowed_pct or self.below_pct > max(allowed_pct, NEAR_PCT):
            return Verdict.FAIL
        open_pct = 100 * (self.below + self.undecided) / self.carriers
        if open_pct > allowed_pct or INCOMPLETE & {*self.link.flags}:
            return Verdict.INCONCLUSIVE
        return Verdict.PASS


def snr_counts(maps: Iterable[LinkMap], limit: SnrLimit) -> list[SnrCount]:
    """Give the count of each direction whose SNR floors were read, the worst first."""
    counts = [
        snr_count(link, limit.snr_db) for link in maps if link.tier is Tier.BIT_LOADING and link.spectrum is not None
    ]
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
    return sorted(counts, key=lambda c: (order.index(c.verdict(limit.carriers_below_pct)), -c.far, -c.below))


def snr_count(link: LinkMap, limit_db: float) -> SnrCount:
    """Give how the carriers of a map of bit loading stand to the limit; the map has values."""
    spectrum = link.spectrum
    points = spectrum.points if spectrum is not None else ()
    rows = spectrum.rows if spectrum is not None else ()
    columns = spectrum.columns() if spectrum is not None else []
    floors = [min(column, default=math.inf) for column in columns]
    worst = [_upper_db(floor_db, link.ceiling_db) for floor_db in floors]
    below = [at for at, upper_db in enumerate(worst) if upper_db <= limit_db]
    sure = sum(floor_db >= limit_db and len(c) == len(rows) for floor_db, c in zip(floors, columns, strict=True))
    return SnrCount(
        link=link,
        carriers=len(columns),
        below=len(below),
        far=sum(upper_db < limit_db for upper_db in worst),
        undecided=len(columns) - len(below) - sure,
        bands=_joined([points[at] for at in below]),
    )


def _upper_db(floor_db: float, ceiling_db: float | None) -> float:
    """Give the SNR that a carrier with this floor stays below; infinite at the top of the constellation."""
    if ceiling_db is not None and floor_db >= ceiling_db:
        return math.inf
    above = bisect_right(FLOORS_DB, floor_db)
    return FLOORS_DB[above] if above < len(FLOORS_DB) else math.inf


def _joined(bands: Sequence[Band]) -> tuple[Band, ...]:
    """Give bands with those that touch (to 1 Hz) made one."""
    joined: list[Band] = []
    for band in bands:
        if joined and band.low_hz - joined[-1].high_hz < 1:
            joined[-1] = Band(joined[-1].low_hz, band.high_hz)
        else:
            joined.append(band)
    return tuple(joined)
