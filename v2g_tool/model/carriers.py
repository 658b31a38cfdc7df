"""Carriers of HomePlug AV and GreenPHY: numbers, frequencies, groups. Pure.

Source: frequencies as in Qualcomm's open-plc-utils (psnotch.c); 1155 carriers of 24.414 kHz from 1.807 MHz.
"""

from __future__ import annotations

from dataclasses import dataclass

from v2g_tool.model.plc import Band

CARRIERS = 1155
"""Carriers of HomePlug AV, masked ones included."""
SPACING_HZ = 1e6 / 40.96
"""Distance of two carriers."""
FIRST_BIN = 74
"""FFT bin of carrier 0."""
GROUP = 16
"""Active carriers of one SLAC group; the last group is shorter."""


def carrier_hz(carrier: int) -> float:
    """Give the frequency of a carrier 0..1154 in Hz: (carrier + 74) / 40.96 MHz."""
    return (carrier + FIRST_BIN) * SPACING_HZ


@dataclass(frozen=True)
class CarrierMask:
    """Which carriers a region forbids: pairs of first and last masked carrier."""

    id: str
    masked: tuple[tuple[int, int], ...]

    def active(self) -> tuple[int, ...]:
        """Give the numbers of the carriers that may be used, ascending."""
        forbidden = {c for first, last in self.masked for c in range(first, last + 1)}
        return tuple(c for c in range(CARRIERS) if c not in forbidden)

    def notches(self) -> tuple[Band, ...]:
        """Give the masked parts of the frequency axis."""
        return tuple(Band(carrier_hz(a) - SPACING_HZ / 2, carrier_hz(b) + SPACING_HZ / 2) for a, b in self.masked)

    def carriers(self) -> tuple[Band, ...]:
        """Give the band of each active carrier, ascending."""
        return tuple(Band(carrier_hz(c) - SPACING_HZ / 2, carrier_hz(c) + SPACING_HZ / 2) for c in self.active())

    def groups(self, size: int = GROUP) -> tuple[Band, ...]:
        """Give the band of each SLAC group, from the first to the last of its active carriers."""
        active = self.active()
        groups = (active[at : at + size] for at in range(0, len(active), size))
        return tuple(Band(carrier_hz(group[0]), carrier_hz(group[-1])) for group in groups)


NORTH_AMERICA = CarrierMask(
    "north-america",
    (
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
    ),
)
"""The default mask of HomePlug AV chips (917 active carriers); source: open-plc-utils, psgraph.1 and psnotch.c."""

MASKS = {mask.id: mask for mask in (NORTH_AMERICA,)}
"""Known masks by id."""
