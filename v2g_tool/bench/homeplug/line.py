"""The control pilot as a line between two modems: sender, cable, reflections, couplers.

    sender ── coupler ── cable with its discontinuities ── coupler ── receiver

The transfer function is the sum of the paths a wave can take. A path that is longer by 2·L than the
direct one makes a ripple over frequency with the period v/(2·L).
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import NamedTuple

from v2g_tool.bench.homeplug.carriers import ACTIVE_HZ, carriers_to_mask, is_silent
from v2g_tool.bench.homeplug.noise_sources import milliwatts

NOMINAL_PSD_DBM_HZ = -75.0
"""What a modem on the control pilot is meant to send, and what attenuation readings refer to."""

_DB_PER_NEPER = 20.0 / math.log(10.0)
_LIGHT_M_S = 299_792_458.0
_WEAKEST = 0.003  # of an amplitude: waves that went forth and back more often do not matter
_SMALLEST = 1e-6  # of an amplitude: 120 dB, so that a perfect null has a logarithm


class Path(NamedTuple):
    """One way through a discontinuity: its share of the amplitude, and how much longer it is."""

    gain: complex
    extra_m: float


Paths = tuple[Path, ...]


def between_reflections(reflection: complex, distance_m: float) -> Paths:
    """Give the paths of a cable section with a reflection at both ends; in resonance it lets everything pass.

    Args:
        reflection: product of both reflection factors, below 1; its phase is that of the terminations.
        distance_m: length of the section.
    """
    return _rounds(1.0 - abs(reflection), reflection, distance_m)


def along_stub(length_m: float, end: float) -> Paths:
    """Give the paths past a branch of the same cable.

    At the junction 2/3 of the amplitude go each way; a wave that comes back out of the branch goes on with 2/3
    and is thrown back into it with −1/3.

    Args:
        length_m: length of the branch.
        end: reflection factor of its far end, +1 open, −1 shorted.
    """
    behind = _rounds(4.0 / 9.0 * end, -end / 3.0, length_m)
    return (Path(2.0 / 3.0, 0.0), *(Path(gain, extra_m + 2.0 * length_m) for gain, extra_m in behind))


def _rounds(first: float, reflection: complex, distance_m: float) -> Paths:
    paths = [Path(first, 0.0)]
    while abs(paths[-1].gain * reflection) > _WEAKEST:
        paths.append(Path(paths[-1].gain * reflection, paths[-1].extra_m + 2.0 * distance_m))
    return tuple(paths)


@dataclass(frozen=True)
class Cable:
    """A cable with the losses of skin effect and dielectric.

    Attributes:
        length_m: from coupler to coupler.
        velocity_ratio: propagation velocity as a share of that of light.
        skin_db: loss in dB per metre and √MHz.
        dielectric_db: loss in dB per metre and MHz.
    """

    length_m: float
    velocity_ratio: float
    skin_db: float
    dielectric_db: float

    @property
    def velocity_m_s(self) -> float:
        """The propagation velocity."""
        return self.velocity_ratio * _LIGHT_M_S

    def loss_db(self, hz: float, metres: float) -> float:
        """Give the loss of some metres of this cable."""
        mhz = hz / 1e6
        return metres * (self.skin_db * math.sqrt(mhz) + self.dielectric_db * mhz)

    def propagation(self, hz: float) -> complex:
        """Give the propagation constant per metre: attenuation in neper and phase in rad."""
        return complex(self.loss_db(hz, 1.0) / _DB_PER_NEPER, math.tau * hz / self.velocity_m_s)


class Hump(NamedTuple):
    """A broad resonance of a coupler: `height_db` of loss (below 0: of gain) at the centre."""

    centre_hz: float
    half_width_hz: float
    height_db: float

    def loss_db(self, hz: float) -> float:
        """Give the loss at a frequency."""
        return self.height_db / (1.0 + ((hz - self.centre_hz) / self.half_width_hz) ** 2)


@dataclass(frozen=True)
class Sender:
    """The transmitting modem: the nominal PSD, less near the masked ranges and at the upper end of the band.

    Attributes:
        edge_db: loss of a carrier directly beside a masked range.
        edge_carriers: distance from the masked range at which half of that loss is left.
        corner_hz: 3 dB corner of the low-pass behind the converter.
        order: order of that low-pass.
    """

    edge_db: float
    edge_carriers: float
    corner_hz: float
    order: float

    def psd_dbm_hz(self, hz: float) -> float:
        """Give the transmitted PSD in dBm/Hz; −inf where the mask keeps it silent."""
        if is_silent(hz):
            return -math.inf
        edge_db = self.edge_db / (1.0 + (carriers_to_mask(hz) / self.edge_carriers) ** 2)
        low_pass_db = 10.0 * math.log10(1.0 + (hz / self.corner_hz) ** (2.0 * self.order))
        return NOMINAL_PSD_DBM_HZ - edge_db - low_pass_db


@dataclass(frozen=True)
class Line:
    """Everything between the two modems.

    Attributes:
        cable: the direct way.
        discontinuities: what the direct way passes: sections between reflections, and branches.
        couplers_db: loss of both couplers and front ends as they should be, at all frequencies.
        humps: their resonances.
        lost_at_sender_db: loss in a damaged coupler of the sender, on top; 0 when it is sound.
        lost_at_receiver_db: the same at the receiver, where it weakens the noise of the line, too.
        overdrive_db: receive level above the calibrated one at 0 Hz; 0 as it should be.
        overdrive_corner_hz: above this frequency the excess vanishes.
    """

    cable: Cable
    discontinuities: tuple[Paths, ...]
    couplers_db: float
    humps: tuple[Hump, ...] = ()
    lost_at_sender_db: float = 0.0
    lost_at_receiver_db: float = 0.0
    overdrive_db: float = 0.0
    overdrive_corner_hz: float = 1e7

    def transfer(self, hz: float) -> complex:
        """Give the transfer function of cable and discontinuities, without the couplers."""
        constant = self.cable.propagation(hz)
        total = cmath.exp(-constant * self.cable.length_m)
        for paths in self.discontinuities:
            total *= _sum(paths, constant)
        return total

    def attenuation_db(self, hz: float) -> float:
        """Give the loss from the sender's output to the receiver's input; below 0 when overdriven."""
        wires_db = -20.0 * math.log10(max(abs(self.transfer(hz)), _SMALLEST))
        couplers_db = self.couplers_db + sum(hump.loss_db(hz) for hump in self.humps)
        lost_db = self.lost_at_sender_db + self.lost_at_receiver_db
        return wires_db + couplers_db + lost_db - self.overdrive_db / (1.0 + (hz / self.overdrive_corner_hz) ** 2)

    def ripple_db(self, paths: Paths) -> float:
        """Give the peak-to-valley of what one discontinuity does in the band."""
        amplitudes = [abs(_sum(paths, self.cable.propagation(hz))) for hz in ACTIVE_HZ[::4]]
        return 20.0 * math.log10(max(amplitudes) / max(min(amplitudes), _SMALLEST))

    def tilt_db(self) -> float:
        """Give the loss of the cable at the upper end of the band beyond that at the lower end."""
        low, high = (self.cable.loss_db(hz, self.cable.length_m) for hz in (ACTIVE_HZ[0], ACTIVE_HZ[-1]))
        return high - low


def _sum(paths: Paths, constant: complex) -> complex:
    total = 0j
    for gain, extra_m in paths:
        total += gain * cmath.exp(-constant * extra_m)
    return total


@lru_cache(maxsize=64)
def received(sender: Sender, line: Line) -> tuple[float, ...]:
    """Give the received power of each active carrier in mW/Hz."""
    return tuple(milliwatts(sender.psd_dbm_hz(hz) - line.attenuation_db(hz)) for hz in ACTIVE_HZ)


def healthy_sender(rng: Random) -> Sender:
    """Draw a sound sender: bumps of 1-8 dB in groups at masked ranges, up to 25 dB at the end of the band."""
    return Sender(rng.uniform(6.0, 20.0), rng.uniform(1.5, 3.5), rng.uniform(25.5, 29.0) * 1e6, rng.uniform(6.0, 30.0))


def healthy_cable(rng: Random, length_m: float) -> Cable:
    """Draw the material of a charging or installation cable."""
    return Cable(length_m, rng.uniform(0.52, 0.70), rng.uniform(0.014, 0.030), rng.uniform(0.0008, 0.0025))


def healthy_line(rng: Random) -> Line:
    """Draw a sound line: 3-10 m of cable with reflections at its ends, clutter, couplers of 6-17 dB with gentle humps.

    The ends make a slow wave of 1-11 dB (less than two periods in the band) on a short cable, of less than 4 dB on
    a longer one; the clutter of connectors and wiring roughens that by up to 5 dB.
    """
    length_m = rng.uniform(3.0, 10.0)
    strongest = 0.55 if length_m < 4.5 else 0.35 if length_m < 6.0 else 0.22
    ends = _reflection(rng, 0.08, strongest)
    return Line(
        healthy_cable(rng, length_m),
        (between_reflections(ends, length_m), _clutter(rng)),
        rng.uniform(6.0, 17.0),
        _gentle_humps(rng),
    )


def _reflection(rng: Random, weakest: float, strongest: float) -> complex:
    return cmath.rect(rng.uniform(weakest, strongest), rng.uniform(-math.pi, math.pi))


def _clutter(rng: Random) -> Paths:
    count = rng.randrange(2, 7)
    strongest = rng.uniform(0.05, 0.3) / count
    echoes = (Path(_reflection(rng, 0.3 * strongest, strongest), rng.uniform(4.0, 150.0)) for _ in range(count))
    return (Path(1.0, 0.0), *echoes)


def _gentle_humps(rng: Random) -> tuple[Hump, ...]:
    count = rng.randrange(4)
    return tuple(Hump(rng.uniform(2e6, 28e6), rng.uniform(1.5e6, 6e6), rng.uniform(-3.0, 5.0)) for _ in range(count))


def with_long_cable(line: Line, rng: Random) -> Line:
    """Draw the same line with 60-250 m of cable; its reflections are then that far apart."""
    length_m = rng.uniform(60.0, 250.0)
    ends = between_reflections(_reflection(rng, 0.05, 0.25), length_m)
    return replace(line, cable=healthy_cable(rng, length_m), discontinuities=(ends, *line.discontinuities[1:]))


def with_reflections(line: Line, rng: Random) -> tuple[Line, str, float]:
    """Draw a branch or a badly connected section of 12-40 m on the line; give its kind and length, too."""
    distance_m = rng.uniform(12.0, 40.0)
    if rng.random() < 0.5:
        kind, paths = "open branch", along_stub(distance_m, rng.uniform(0.6, 1.0))
    else:
        kind, paths = "bad connections", between_reflections(_reflection(rng, 0.4, 0.9), distance_m)
    return replace(line, discontinuities=(*line.discontinuities, paths)), kind, distance_m


def overdriven(line: Line, rng: Random) -> Line:
    """Draw a line of 0.5-2.5 m into a receiver whose gain is too high, most at low frequencies."""
    length_m = rng.uniform(0.5, 2.5)
    return Line(
        replace(line.cable, length_m=length_m),
        (between_reflections(_reflection(rng, 0.0, 0.1), length_m), *line.discontinuities[1:]),
        rng.uniform(4.0, 10.0),
        (),
        overdrive_db=rng.uniform(8.0, 22.0),
        overdrive_corner_hz=rng.uniform(5e6, 14e6),
    )


def crosstalk_paths(rng: Random) -> tuple[Paths, tuple[Hump, ...]]:
    """Draw what the way over to a neighbour's line adds to the shape: its reflections and humps."""
    distance_m = rng.uniform(3.0, 15.0)
    return between_reflections(_reflection(rng, 0.05, 0.3), distance_m), _gentle_humps(rng)
