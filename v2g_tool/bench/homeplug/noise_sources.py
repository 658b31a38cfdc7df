"""Noise at the receiver's end of a control pilot: what makes it, how much, and when.

Levels are power spectral densities in dBm/Hz; sums are made in mW/Hz. Time counts in half cycles of the mains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from v2g_tool.bench.homeplug.carriers import SPACING_HZ

BROADCAST_BANDS_HZ = (
    (2.300e6, 2.495e6),
    (3.200e6, 3.400e6),
    (4.750e6, 5.060e6),
    (5.900e6, 6.200e6),
    (9.400e6, 9.900e6),
    (11.600e6, 12.100e6),
    (13.570e6, 13.870e6),
    (15.100e6, 15.800e6),
    (17.480e6, 17.900e6),
    (18.900e6, 19.020e6),
    (21.550e6, 21.850e6),
    (25.600e6, 26.100e6),
)
"""Short-wave broadcast bands where carriers are in use; the other two lie inside the masked amateur bands."""

REFERENCE_HZ = 2e6
"""Where levels with a slope over frequency are given."""

_FLANKS_HZ = 1.0 / 4.96e-6  # the roll-off interval of a HomePlug AV symbol lasts 4.96 µs


def milliwatts(level_db: float) -> float:
    """Give a level in dB (dBm, dBm/Hz) as a power ratio (mW, mW/Hz)."""
    ratio: float = 10.0 ** (level_db / 10.0)
    return ratio


def decibels(ratio: float) -> float:
    """Give a power ratio in dB; −inf for nothing."""
    return 10.0 * math.log10(ratio) if ratio > 0.0 else -math.inf


class Window(NamedTuple):
    """A stretch of time in half cycles of the mains: where it begins, and how long it is."""

    start: float
    length: float


def window(time_s: float, duration_s: float, mains_hz: float) -> Window:
    """Give the stretch that begins at a time; time 0 is a zero crossing."""
    return Window(2.0 * mains_hz * time_s, 2.0 * mains_hz * duration_s)


def slot_window(slot: int, slots: int) -> Window:
    """Give the stretch of a tone-map region, of which `slots` divide the half cycle."""
    return Window(slot / slots, 1.0 / slots)


@dataclass(frozen=True)
class Sloping:
    """Noise that falls with frequency.

    Attributes:
        level_dbm_hz: at 2 MHz, while it lasts.
        slope_db: fall per decade of frequency.
    """

    level_dbm_hz: float
    slope_db: float

    def density(self, hz: float) -> float:
        """Give the noise in mW/Hz, the mean of what swells."""
        return milliwatts(self.level_dbm_hz - self.slope_db * math.log10(hz / REFERENCE_HZ))


@dataclass(frozen=True)
class Background(Sloping):
    """Noise of many far sources: swells a little with the mains voltage.

    Attributes:
        swell_ratio: how far its power swings about its mean in a half cycle, 0..1.
        swell_phase: where in the half cycle it is strongest, 0..1.
    """

    swell_ratio: float
    swell_phase: float

    def swell(self, when: Window) -> float:
        """Give its power in a stretch of time, relative to the mean."""
        middle, half = when.start + when.length / 2.0, math.pi * when.length
        kept = math.sin(half) / half if half else 1.0
        return 1.0 + self.swell_ratio * kept * math.cos(math.tau * (middle - self.swell_phase))


@dataclass(frozen=True)
class Transmitter:
    """A radio station whose carrier the cable picks up.

    A receiver of OFDM cuts the signal into symbols that do not fit its period: it sees the line with a skirt that
    falls with the square of the distance, and with its fourth power beyond the reach of the symbol's soft flanks.

    Attributes:
        hz: its frequency.
        power_dbm: received power.
        bandwidth_hz: of its modulation.
    """

    hz: float
    power_dbm: float
    bandwidth_hz: float

    def density(self, hz: float) -> float:
        """Give its noise in mW/Hz; the integral over frequency is its power."""
        half_width_hz = (SPACING_HZ + self.bandwidth_hz) / 2.0
        apart_hz = hz - self.hz
        skirt = (1.0 + (apart_hz / half_width_hz) ** 2) * (1.0 + (apart_hz / _FLANKS_HZ) ** 2)
        return milliwatts(self.power_dbm) * (1.0 / half_width_hz + 1.0 / _FLANKS_HZ) / math.pi / skirt


@dataclass(frozen=True)
class Drive:
    """A variable frequency drive or another converter: lines at multiples of its switching frequency.

    They lie closer than two carriers, so they appear as one continuous noise.

    Attributes:
        level_dbm_hz: well below the corner.
        corner_hz: where it begins to fall.
        slope_db: fall per decade far above the corner.
        switching_hz: repetition of its edges, 2-20 kHz.
    """

    level_dbm_hz: float
    corner_hz: float
    slope_db: float
    switching_hz: float

    def density(self, hz: float) -> float:
        """Give its noise in mW/Hz."""
        fall: float = (hz / self.corner_hz) ** (self.slope_db / 10.0)
        return milliwatts(self.level_dbm_hz) / (1.0 + fall)


@dataclass(frozen=True)
class MainsImpulses(Sloping):
    """One burst in each half cycle of the mains, as thyristors and rectifiers make it.

    Attributes:
        phase: where in the half cycle it begins, 0..1.
        width: its share of the half cycle.
    """

    phase: float
    width: float

    def share(self, when: Window) -> float:
        """Give the share of a stretch of time that the bursts cover; 0 or 1 for a moment."""
        start = when.start - self.phase
        if when.length <= 0.0:
            return float(start % 1.0 < self.width)
        return (self._covered(start + when.length) - self._covered(start)) / when.length

    def _covered(self, until: float) -> float:
        cycles = math.floor(until)
        return cycles * self.width + min(until - cycles, self.width)


@dataclass(frozen=True)
class Noise:
    """All noise at one receiver.

    Attributes:
        floor_dbm_hz: noise of the receiver itself.
        background: what is always on the line.
        transmitters: radio stations.
        drive: a converter near by, if any.
        impulses: bursts in step with the mains, if any.
    """

    floor_dbm_hz: float
    background: Background
    transmitters: tuple[Transmitter, ...] = ()
    drive: Drive | None = None
    impulses: MainsImpulses | None = None

    def steady(self, hz: float) -> float:
        """Give what the mains phase does not change, in mW/Hz."""
        return sum(station.density(hz) for station in self.transmitters)

    def swelling(self, hz: float) -> float:
        """Give the mean of what swells with the mains voltage, in mW/Hz."""
        return self.background.density(hz) + (self.drive.density(hz) if self.drive else 0.0)

    def burst(self, hz: float) -> float:
        """Give what the bursts add while they last, in mW/Hz."""
        return self.impulses.density(hz) if self.impulses else 0.0

    def burst_share(self, when: Window) -> float:
        """Give the share of a stretch of time that bursts cover."""
        return self.impulses.share(when) if self.impulses else 0.0


def healthy_noise(rng: Random) -> Noise:
    """Draw the noise of a sound site: background, and up to four radio stations too weak to matter."""
    background = Background(rng.uniform(-124.0, -108.0), rng.uniform(8.0, 20.0), rng.uniform(0.0, 0.3), rng.random())
    weak = tuple(
        _station(rng, rng.choice(BROADCAST_BANDS_HZ), rng.uniform(-90.0, -66.0)) for _ in range(rng.randrange(5))
    )
    return Noise(rng.uniform(-140.0, -134.0), background, weak)


def _station(rng: Random, band_hz: tuple[float, float], power_dbm: float) -> Transmitter:
    return Transmitter(rng.uniform(*band_hz), power_dbm, rng.choice((3e3, 5e3, 9e3, 10e3)))


def strong_stations(rng: Random) -> tuple[Transmitter, ...]:
    """Draw one to three stations of −62 to −25 dBm in one broadcast band."""
    band_hz = rng.choice(BROADCAST_BANDS_HZ)
    strongest_dbm = rng.uniform(-62.0, -25.0)
    others = (_station(rng, band_hz, strongest_dbm - rng.uniform(3.0, 15.0)) for _ in range(rng.randrange(3)))
    return (_station(rng, band_hz, strongest_dbm), *others)


def strong_drive(rng: Random) -> Drive:
    """Draw a drive of −105 to −75 dBm/Hz that falls by 30-60 dB per decade above 2-5 MHz."""
    return Drive(rng.uniform(-105.0, -75.0), rng.uniform(2e6, 5e6), rng.uniform(30.0, 60.0), rng.uniform(2e3, 20e3))


def strong_impulses(rng: Random) -> MainsImpulses:
    """Draw bursts of −112 to −80 dBm/Hz that last 8-30 % of the half cycle."""
    return MainsImpulses(rng.uniform(-112.0, -80.0), rng.uniform(0.0, 12.0), rng.random(), rng.uniform(0.08, 0.30))
