"""What modems make of a channel: tone maps, sound profiles, SNR lists and error counters.

Everything is a pure function of the channel, the time and the generator that is passed in.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import NamedTuple

from v2g_tool.bench.homeplug.carriers import GROUPS
from v2g_tool.bench.homeplug.channel import Channel
from v2g_tool.bench.homeplug.line import NOMINAL_PSD_DBM_HZ
from v2g_tool.bench.homeplug.noise_sources import Window, decibels, milliwatts, slot_window, window

THRESHOLDS_DB = (2.0, 4.0, 7.0, 10.0, 16.0, 22.0, 28.0)
"""SNR from which codes 1 (BPSK) to 7 (1024-QAM) can be used; source: open-plc-utils."""
SOUND_S = 0.4e-3
"""Length of the part of an M-sound that a receiver measures: one block in the most robust mode."""
INTERVAL_S = 1.0 / 600.0
"""Length of one SNR interval: a sixth of the half cycle at 50 Hz, a fifth at 60 Hz."""
COMBS = 4
"""Lists in which a VertexCom modem hands out its SNR."""
BLOCK_BITS = 520 * 8
"""Bits of a PHY block as `VS_LNK_STATS` counts them."""

_MARGIN_DB = 1.5  # kept above a threshold before a constellation is chosen
_HYSTERESIS_DB = 0.5  # what the choice before leaves behind, either way
_CARRIER_SD_DB = 0.7  # one carrier's estimate over a few hundred symbols
_MAP_SD_DB = 0.3  # what all estimates of one map have in common
_SOUND_SYMBOLS = 8
_SLIP_RATIO = 0.01  # sounds whose gain was set by something else than the sound
_COPIES = 2  # of each bit on different carriers in HS-ROBO
_PHASES = 24  # parts of the half cycle, about as long as a block
_DECODER_LIMIT = 0.105  # bit error ratio at which the rate-1/2 turbo code loses every second block
_DECODER_STEEPNESS = 0.007
_BLOCKS_PER_MPDU = 1.2


def tone_map(channel: Channel, slot: int, slots: int, rng: Random) -> list[int]:
    """Give the constellation that a HomePlug AV receiver asks for: codes 0..7 of the 917 active carriers.

    Args:
        channel: the truth.
        slot: tone-map region, 0 .. slots - 1; they divide the half cycle of the mains.
        slots: number of regions.
        rng: draws the errors of the estimate.
    """
    bias_db = rng.gauss(0.0, _MAP_SD_DB) - _MARGIN_DB
    gauss, uniform, log10 = rng.gauss, rng.uniform, math.log10
    return [
        bisect_right(
            THRESHOLDS_DB,
            10.0 * log10(ratio) + bias_db + gauss(0.0, _CARRIER_SD_DB) + uniform(-_HYSTERESIS_DB, _HYSTERESIS_DB),
        )
        for ratio in channel.snr_ratios(slot_window(slot, slots))
    ]


def modem_snr(channel: Channel, comb: int, time_s: float, rng: Random) -> list[int]:
    """Give the SNR of every fourth active carrier, beginning with number `comb`, in dB.

    Args:
        channel: the truth.
        comb: 0..3.
        time_s: begin of the interval that is estimated.
        rng: draws the errors of the estimate.
    """
    ratios = channel.snr_ratios(window(time_s, INTERVAL_S, channel.mains_hz))[comb::COMBS]
    bias_db = rng.gauss(0.0, _MAP_SD_DB)
    return [round(decibels(ratio) + bias_db + rng.gauss(0.0, _CARRIER_SD_DB)) for ratio in ratios]


class _Group(NamedTuple):
    """The mean powers of one SLAC group, relative to the nominal PSD, and how well they are repeated."""

    signal: float
    steady: float
    swelling: float
    burst: float
    samples: int
    jitter_db: float


def sound_profile(channel: Channel, time_s: float, rng: Random) -> list[int]:
    """Give the attenuation of the 58 groups as a modem measures it on one M-sound, in dB, never below 0.

    The modem measures energy, so noise in a group makes the line look shorter.

    Args:
        channel: the truth.
        time_s: begin of the sound.
        rng: draws the errors of the measurement.
    """
    when = window(time_s, SOUND_S, channel.mains_hz)
    swell, share = channel.noise.background.swell(when), channel.noise.burst_share(when)
    gain_db = rng.gauss(0.0, channel.jitter_db / 2.0) + (rng.uniform(3.0, 7.0) if rng.random() < _SLIP_RATIO else 0.0)
    return [
        _reading(group, group.steady + swell * group.swelling + share * group.burst, gain_db, rng)
        for group in _groups(channel)
    ]


def _reading(group: _Group, noise: float, gain_db: float, rng: Random) -> int:
    mean = group.signal + noise
    spread = math.sqrt(noise * (noise + 2.0 * group.signal) / group.samples)
    energy = max(mean + rng.gauss(0.0, spread), mean / 10.0)
    return max(0, round(gain_db - decibels(energy) + rng.gauss(0.0, group.jitter_db)))


@lru_cache(maxsize=64)
def _groups(channel: Channel) -> tuple[_Group, ...]:
    nominal = milliwatts(NOMINAL_PSD_DBM_HZ)

    def mean(values: tuple[float, ...], group: range) -> float:
        return statistics.fmean(values[group.start : group.stop]) / nominal

    def one(group: range) -> _Group:
        signal, steady, swelling, burst = (mean(values, group) for values in channel.carriers)
        jitter_db = channel.jitter_db * (1.0 + max(0.0, -decibels(signal)) / 40.0)
        return _Group(signal, steady, swelling, burst, len(group) * _SOUND_SYMBOLS, jitter_db)

    return tuple(one(group) for group in GROUPS)


class _Phase(NamedTuple):
    """What happens to a block in one part of the half cycle."""

    bit_error_ratio: float
    block_error_ratio: float


@lru_cache(maxsize=64)
def _phases(channel: Channel) -> tuple[_Phase, ...]:
    return tuple(_phase(channel, slot_window(part, _PHASES)) for part in range(_PHASES))


def _phase(channel: Channel, when: Window) -> _Phase:
    bit_error_ratio = channel.demodulator_ber + _qpsk_bit_error_ratio(channel, when)
    return _Phase(bit_error_ratio, 1.0 / (1.0 + math.exp((_DECODER_LIMIT - bit_error_ratio) / _DECODER_STEEPNESS)))


def _qpsk_bit_error_ratio(channel: Channel, when: Window) -> float:
    """Give the errors after the copies of each bit are combined.

    The receiver weighs the copies by their channel gain and takes the noise for white, as a simple receiver does: a
    noisy copy is not left out.
    """
    signal, noise = channel.carriers.signal, channel.noise_densities(when)
    apart = len(signal) // _COPIES
    total = 0.0
    for k in range(apart):
        s0, s1 = signal[k], signal[k + apart]
        total += math.erfc(math.sqrt((s0 + s1) ** 2 / (s0 * noise[k] + s1 * noise[k + apart]) / 2.0))
    return total / apart / 2.0


def bit_error_ratio(channel: Channel) -> float:
    """Give the expected bit error ratio before decoding, over the half cycle."""
    return statistics.fmean(phase.bit_error_ratio for phase in _phases(channel))


def block_error_ratio(channel: Channel) -> float:
    """Give the expected ratio of blocks that stay wrong after decoding, over the half cycle."""
    return statistics.fmean(phase.block_error_ratio for phase in _phases(channel))


def collision_ratio(channel: Channel) -> float:
    """Give the expected ratio of MPDUs that collide: 0.2 % alone, up to 10 % beside a neighbour without isolation."""
    shielding: float = 10.0 ** ((channel.isolation_db - 10.0) / 5.0)
    return 0.002 + 0.1 / (1.0 + shielding)


@dataclass
class Traffic:
    """What a modem counted in one direction; it reports the bit errors of what it received only."""

    mpdu_acknowledged: int = 0
    mpdu_collided: int = 0
    mpdu_failed: int = 0
    pb_passed: int = 0
    pb_failed: int = 0
    bit_errors_passed: int = 0
    bit_errors_failed: int = 0

    def add(self, channel: Channel, blocks: int, rng: Random) -> None:
        """Count some blocks that were sent over a channel, evenly over the mains phase."""
        phases = _phases(channel)
        first = rng.randrange(len(phases))
        failed = 0
        for at, phase in enumerate(phases[first:] + phases[:first]):
            share = blocks * (at + 1) // len(phases) - blocks * at // len(phases)
            lost = _count(share, phase.block_error_ratio, rng)
            self.bit_errors_passed += _count((share - lost) * BLOCK_BITS, phase.bit_error_ratio, rng)
            self.bit_errors_failed += _count(lost * BLOCK_BITS, max(phase.bit_error_ratio, _DECODER_LIMIT), rng)
            failed += lost
        self.pb_failed += failed
        self.pb_passed += blocks - failed
        self._add_mpdus(channel, blocks, failed, rng)

    def _add_mpdus(self, channel: Channel, blocks: int, failed: int, rng: Random) -> None:
        sent = math.ceil(blocks / _BLOCKS_PER_MPDU)
        lost = _count(sent, (failed / blocks) ** _BLOCKS_PER_MPDU if blocks else 0.0, rng)
        self.mpdu_failed += lost
        self.mpdu_acknowledged += sent - lost
        self.mpdu_collided += _count(sent, collision_ratio(channel), rng)


@dataclass
class Counters:
    """The link statistics of one modem with one peer, all since its start; collisions belong to what it sent."""

    tx: Traffic = field(default_factory=Traffic)
    rx: Traffic = field(default_factory=Traffic)

    def add_traffic(self, channel: Channel, blocks: int, rng: Random) -> None:
        """Count some PHY blocks sent and as many received, both over this channel."""
        self.tx.add(channel, blocks, rng)
        self.rx.add(channel, blocks, rng)


def _count(trials: int, ratio: float, rng: Random) -> int:
    """Draw how many of some independent trials come true: a sum of trials, or its normal limit when they are many."""
    if trials <= 64:
        return sum(rng.random() < ratio for _ in range(trials))
    mean = trials * ratio
    if mean < 30.0:
        return min(trials, _rare(mean, rng))
    return min(trials, max(0, round(rng.gauss(mean, math.sqrt(mean * (1.0 - ratio))))))


def _rare(mean: float, rng: Random) -> int:
    """Draw from the Poisson distribution: how many exponential waits fit into `mean`."""
    count, waited = 0, rng.expovariate(1.0)
    while waited < mean:
        count += 1
        waited += rng.expovariate(1.0)
    return count
