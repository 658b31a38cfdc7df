"""Maps written down by hand, for the tests of diagnosis and comparison."""

from __future__ import annotations

import random

from plc_tool.rules.ladder import FLOORS_DB
from v2g_tool.model.carriers import NORTH_AMERICA
from v2g_tool.model.plc import ErrorRates, LinkMap, Row, Spectrum, Tier

GROUPS = NORTH_AMERICA.groups()
CARRIERS = NORTH_AMERICA.carriers()
QUIET = ErrorRates(5000, 0.0, 1e-5, 0.0, 10.0)
NOISY = ErrorRates(5000, 0.06, 0.02, 0.1, 10.0)
WALK_S = tuple(0.033 * sound for sound in range(10))
"""Ten sounds that walk through the half cycle of 10 ms in steps of 3 ms."""


def mhz(band):
    return band.centre_hz / 1e6


def attenuation(loss, *, times=WALK_S, seed=1, sd=0.5, errors=None, flags=(), reporter="00:b0:52:00:00:0a"):
    """Ten sounds of `loss(mhz, time_s)` with a spread from sound to sound, rounded to 1 dB as modems do."""
    rng = random.Random(seed)
    rows = tuple(
        Row(f"sound {n}", t, tuple(float(max(0, round(loss(mhz(g), t) + rng.gauss(0, sd)))) for g in GROUPS))
        for n, t in enumerate(times, 1)
    )
    return LinkMap(
        Tier.ATTENUATION, reporter, "dc:0e:a1:11:67:08", Spectrum(GROUPS, rows), None, errors, flags, NORTH_AMERICA.id
    )


def floors(snr, *, slots=6, seed=1, sd=1.0, errors=None, flags=()):
    """Bit-loading floors of `snr(mhz, slot)` with estimation noise for each carrier and slot."""
    rng = random.Random(seed)

    def floor(value):
        return max((f for f in FLOORS_DB[:8] if f <= value), default=0.0)

    rows = tuple(
        Row(
            f"slot {slot}",
            (slot + 0.5) / slots * 0.01,
            tuple(floor(snr(mhz(c), slot) + rng.gauss(0, sd)) for c in CARRIERS),
        )
        for slot in range(slots)
    )
    return LinkMap(
        Tier.BIT_LOADING,
        "00:b0:52:00:00:0a",
        "00:b0:52:00:00:0b",
        Spectrum(CARRIERS, rows),
        28.0,
        errors,
        flags,
        NORTH_AMERICA.id,
    )
