"""The carriers of HomePlug AV as the bench counts them, written from the documents and not from the product.

Source: open-plc-utils, psnotch.c (frequencies) and psgraph.1 (default mask of North America).
"""

from __future__ import annotations

from functools import lru_cache

CARRIERS = 1155
"""Carriers of HomePlug AV, masked ones included."""
SPACING_HZ = 25e6 / 1024
"""Distance of two carriers: 24.414 kHz."""
FIRST_BIN = 74
"""Multiple of the spacing at which carrier 0 stands."""
GROUP_SIZE = 16
"""Active carriers of one SLAC group."""

MASKED_RANGES = (
    (0, 11),
    (66, 93),
    (141, 151),
    (209, 228),
    (336, 345),
    (496, 517),
    (663, 674),
    (783, 808),
    (942, 953),
    (1070, 1154),
)
"""First and last carrier of each range that is never used: amateur radio, and the two ends."""

_MASKED = frozenset(c for first, last in MASKED_RANGES for c in range(first, last + 1))

ACTIVE = tuple(c for c in range(CARRIERS) if c not in _MASKED)
"""The 917 carriers in use, ascending."""


def carrier_hz(carrier: int) -> float:
    """Give the frequency of a carrier in Hz."""
    return (carrier + FIRST_BIN) * SPACING_HZ


ACTIVE_HZ = tuple(carrier_hz(c) for c in ACTIVE)
"""The frequencies of the carriers in use, ascending."""
GROUPS = tuple(range(at, min(at + GROUP_SIZE, len(ACTIVE))) for at in range(0, len(ACTIVE), GROUP_SIZE))
"""The 58 SLAC groups as ranges of positions in `ACTIVE`; the last has five carriers only."""


def nearest_carrier(hz: float) -> int:
    """Give the number of the carrier nearest to a frequency; below 0 or above 1154 outside the band."""
    return round(hz / SPACING_HZ) - FIRST_BIN


def is_silent(hz: float) -> bool:
    """Say whether nothing is sent at a frequency: masked, or outside the carriers."""
    carrier = nearest_carrier(hz)
    return carrier in _MASKED or not 0 <= carrier < CARRIERS


@lru_cache(maxsize=2048)
def carriers_to_mask(hz: float) -> float:
    """Give the distance from a frequency to the nearest masked range, in carriers; 0 inside one."""
    carrier = hz / SPACING_HZ - FIRST_BIN
    return min(max(first - carrier, carrier - last, 0.0) for first, last in MASKED_RANGES)
