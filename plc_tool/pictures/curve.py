"""What a picture draws of a map: a lowest, a middle and a highest value for each piece of the spectrum. Pure."""

from __future__ import annotations

import itertools
import math
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from plc_tool.pictures.words import rows_words
from v2g_tool.drawing.axis import Axis
from v2g_tool.model.carriers import CarrierMask
from v2g_tool.model.plc import Band, Flag, LinkMap, Row, Service

AXIS_LOW_HZ = 1.8e6
"""The axis of every picture begins here, so that two pictures lie over one another."""
AXIS_HIGH_HZ = 30e6
"""And ends here, unless a chip reports carriers above HomePlug AV."""

UNDRAWN: frozenset[Flag] = frozenset({"robo-default", "synthetic", "no-measurement", "unknown-carriers"})
"""A map with one of these flags holds nothing that was measured: its picture is words."""
HIT_DB = 8.0
"""So much worse than its surroundings is worth naming the service: two steps of the constellation."""
AROUND_HZ = 1e6
"""How far the surroundings of a service reach on each side."""
SKIRT_HZ = 0.2e6
"""A disturbance belongs to the band with its worst point; its skirt reaches about that far into the next one."""
BOTTOM_DB = 3.0
"""Places this close to the worst one are the bottom of a dip; their middle says whose band it is."""
EDGE_HZ = 0.15e6
"""So far from a notch its filter still takes something away."""
FARTHEST_DB = 999.0
"""Beyond every dB value of a modem: SNR is one signed byte, attenuation one unsigned byte."""

Value = float | None


@dataclass(frozen=True)
class Curve:
    """The values of a map over frequency, one per piece; None where nothing was measured.

    Attributes:
        pieces: parts of the frequency axis without notches; a group that spans a notch gives two pieces.
        lowest: smallest value over the rows of each piece in dB.
        middle: median over the rows.
        highest: largest value over the rows.
        rows: the rows, with a value for each piece.
    """

    pieces: tuple[Band, ...]
    lowest: tuple[Value, ...]
    middle: tuple[Value, ...]
    highest: tuple[Value, ...]
    rows: tuple[Row, ...]

    def extremes(self) -> tuple[float, float]:
        """Give the smallest and the largest value of all."""
        values = [v for v in (*self.lowest, *self.highest) if v is not None]
        return min(values), max(values)


@dataclass(frozen=True)
class Picture:
    """What is drawn of a map, on a page or on a terminal.

    Attributes:
        link: the map.
        curve: its values.
        notches: the masked parts of the spectrum.
        hit: the known services in whose bands the map has a dip.
        limit_db: the limit, None where there is none: it counts on SNR maps only.
        held: how many maps a watch has seen, of which the curve has the lowest and highest values; 0 for one map.
    """

    link: LinkMap
    curve: Curve
    notches: tuple[Band, ...]
    hit: tuple[Service, ...]
    limit_db: float | None
    held: int = 0

    @property
    def axis(self) -> Axis:
        """The part of the spectrum that is shown."""
        return frequency_axis(self.curve.pieces)

    @property
    def span(self) -> str:
        """What lowest and highest were taken over; "" where they are the same."""
        return "so far" if self.held else rows_words(self.link, len(self.curve.rows))

    def below(self, value: Value) -> bool:
        """Give whether a value was measured and is below the limit."""
        return self.limit_db is not None and value is not None and value < self.limit_db


def picture_of(link: LinkMap, mask: CarrierMask, services: Sequence[Service], limit_db: float | None) -> Picture | None:
    """Give what is drawn of a map; None where nothing can be."""
    curve = curve_of(link, mask.notches())
    if curve is None:
        return None
    limit_db = limit_db if link.quantity == "SNR" else None
    return Picture(link, curve, mask.notches(), hits(curve, services, link.quantity), limit_db)


def frequency_axis(pieces: Sequence[Band]) -> Axis:
    """Give the part of the spectrum that a picture shows: 1.8 to 30 MHz, and further where values lie outside."""
    low = min((piece.low_hz for piece in pieces), default=AXIS_LOW_HZ)
    high = max((piece.high_hz for piece in pieces), default=AXIS_HIGH_HZ)
    return Axis(min(low, AXIS_LOW_HZ), max(high, AXIS_HIGH_HZ), "Frequency in MHz", 1e6)


def curve_of(link: LinkMap, notches: Sequence[Band]) -> Curve | None:
    """Give what can be drawn of a map; None when nothing was measured, or a flag says that the values are none."""
    if link.spectrum is None or UNDRAWN & set(link.flags):
        return None
    points = link.spectrum.points
    rows = [_padded(row.values, len(points)) for row in link.spectrum.rows]
    columns = [[v for row in rows if (v := row[at]) is not None] for at in range(len(points))]
    if not any(columns):
        return None
    cut = [(piece, at) for at, point in enumerate(points) for piece in _without(point, notches)]
    return Curve(
        tuple(piece for piece, _ in cut),
        tuple(min(columns[at], default=None) for _, at in cut),
        tuple(statistics.median(columns[at]) if columns[at] else None for _, at in cut),
        tuple(max(columns[at], default=None) for _, at in cut),
        tuple(
            Row(row.name, row.time_s, tuple(values[at] for _, at in cut))
            for row, values in zip(link.spectrum.rows, rows, strict=True)
        ),
    )


def _padded(values: Sequence[Value], length: int) -> list[Value]:
    drawable = [None if v is None or not math.isfinite(v) else max(-FARTHEST_DB, min(FARTHEST_DB, v)) for v in values]
    return [*drawable[:length], *[None] * (length - len(drawable))]


def _without(point: Band, notches: Sequence[Band]) -> list[Band]:
    """Give what of a point's band is no notch; all of it where the notches leave nothing of a measured point."""
    left = [point]
    for notch in (n for n in notches if overlaps(point, n)):
        left = [piece for band in left for piece in _cut(band, notch)]
    return left or [point]


def _cut(band: Band, notch: Band) -> list[Band]:
    if not overlaps(band, notch):
        return [band]
    below, above = Band(band.low_hz, notch.low_hz), Band(notch.high_hz, band.high_hz)
    return [piece for piece in (below, above) if piece.high_hz > piece.low_hz]


def overlaps(one: Band, other: Band) -> bool:
    """Give whether two bands have a part in common; bands that only touch have none."""
    return one.low_hz < other.high_hz and other.low_hz < one.high_hz


def hits(curve: Curve, services: Sequence[Service], quantity: str) -> tuple[Service, ...]:
    """Give the services in whose band the map has its local worst place, 8 dB worse than around; narrow bands first.

    A hint for the eye, no finding: others may use the band too.
    """
    sign = 1.0 if quantity == "SNR" else -1.0
    measured = [(p, sign * v) for p, v in zip(curve.pieces, curve.middle, strict=True) if v is not None]
    measured = _away_from_edges(sorted(measured, key=lambda place: place[0].low_hz))
    lows = [p.low_hz for p, _ in measured]
    widest = max((p.high_hz - p.low_hz for p, _ in measured), default=0.0)
    found = []
    for service in services:
        reach = _wider(service.band, AROUND_HZ)
        near = measured[bisect_left(lows, reach.low_hz - widest) : bisect_right(lows, reach.high_hz)]
        if _hit(service.band, near):
            found.append(service)
    return tuple(sorted(found, key=lambda service: service.band.high_hz - service.band.low_hz))


def _away_from_edges(measured: Sequence[tuple[Band, float]]) -> list[tuple[Band, float]]:
    """Give the places that lie at least `EDGE_HZ` from a notch: filters round off its edges, nobody transmits there.

    Groups of carriers, wider than that, are all kept.
    """
    if not measured or measured[0][0].high_hz - measured[0][0].low_hz >= EDGE_HZ:
        return list(measured)
    edges = [measured[0][0].low_hz, measured[-1][0].high_hz]
    for (one, _), (other, _) in itertools.pairwise(measured):
        if other.low_hz - one.high_hz > 1.0:
            edges += [one.high_hz, other.low_hz]
    edges.sort()
    return [(p, v) for p, v in measured if not _near(edges, p.centre_hz)]


def _near(edges: Sequence[float], hz: float) -> bool:
    at = bisect_left(edges, hz)
    return any(abs(edge - hz) < EDGE_HZ for edge in edges[max(at - 1, 0) : at + 1])


def _hit(band: Band, near: Sequence[tuple[Band, float]]) -> bool:
    outside = [v for p, v in near if not overlaps(p, band)]
    skirt = [(p, v) for p, v in near if overlaps(p, _wider(band, SKIRT_HZ))]
    if not outside or not skirt:
        return False
    worst = min(v for _, v in skirt)
    bottom = [p for p, v in skirt if v <= worst + BOTTOM_DB]
    return overlaps(_middle(bottom), band) and statistics.median(outside) - worst >= HIT_DB


def _middle(pieces: Sequence[Band]) -> Band:
    """Give the middle of neighbouring pieces, as well as their width tells it: to a quarter of a piece."""
    centre = (pieces[0].low_hz + pieces[-1].high_hz) / 2
    quarter = statistics.fmean(piece.high_hz - piece.low_hz for piece in pieces) / 4
    return Band(centre - quarter, centre + quarter)


def _wider(band: Band, by_hz: float) -> Band:
    return Band(band.low_hz - by_hz, band.high_hz + by_hz)
