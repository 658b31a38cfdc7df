"""The physical channel between two HomePlug modems on a control pilot: what is sent, lost and added.

    received PSD = transmitted PSD − attenuation          at the receiver's input
    noise        = receiver + converter + line noise      (line noise passes the receiver's coupler)

Nothing here reads a clock: noise is a function of time in s, and time 0 is a zero crossing of the mains.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any, Literal, NamedTuple, get_args

from v2g_tool.bench.homeplug import line as lines
from v2g_tool.bench.homeplug import noise_sources as sources
from v2g_tool.bench.homeplug.carriers import ACTIVE_HZ, GROUPS
from v2g_tool.bench.homeplug.line import Line, Sender
from v2g_tool.bench.homeplug.noise_sources import Noise, Window, decibels, milliwatts, slot_window, window

Cause = Literal[
    "clean",
    "long-cable",
    "mismatch",
    "coupling-loss",
    "narrowband",
    "broadband-low",
    "mains-synchronous",
    "crosstalk",
    "saturation",
]
CAUSES: tuple[Cause, ...] = get_args(Cause)
Size = tuple[str, float | str]
"""One planted size: its name with the unit, and its value."""

_CONVERTER_DB = 42.0  # from the mean received PSD down to the noise of converter and mixing products
_FULL_SCALE_DB = 4.0  # mean attenuation below which the gain control has nothing left to take away
_CLIPPING_DB = 2.5  # more noise for each dB beyond full scale
_EVER = Window(0.0, 1.0)


class Carriers(NamedTuple):
    """Power at the receiver for each active carrier, in mW/Hz."""

    signal: tuple[float, ...]
    steady: tuple[float, ...]
    swelling: tuple[float, ...]
    burst: tuple[float, ...]


@dataclass(frozen=True)
class Channel:
    """The truth about one direction of one link.

    Attributes:
        cause: what is wrong, "clean" for nothing.
        mains_hz: mains frequency.
        sender: the transmitting modem.
        line: cable, couplers and reflections.
        noise: at the receiver's end of the line.
        isolation_db: mean loss from this line over to the neighbour outlet's line.
        demodulator_ber: bit errors that a modem counts even on a perfect line.
        jitter_db: standard deviation with which a receiver repeats a level.
        sizes: what was planted.
    """

    cause: Cause
    mains_hz: float
    sender: Sender
    line: Line
    noise: Noise
    isolation_db: float
    demodulator_ber: float
    jitter_db: float
    sizes: tuple[Size, ...] = ()

    def attenuation_db(self, hz: float) -> float:
        """Give the loss between the modems in dB, below 0 for an overdriven receiver."""
        return self.line.attenuation_db(hz)

    def received_dbm_hz(self, hz: float) -> float:
        """Give the received PSD in dBm/Hz; −inf at masked frequencies."""
        return self.sender.psd_dbm_hz(hz) - self.attenuation_db(hz)

    def noise_dbm_hz(self, hz: float, time_s: float) -> float:
        """Give the noise at the receiver in dBm/Hz at a moment."""
        noise, now = self.noise, window(time_s, 0.0, self.mains_hz)
        swelling = noise.swelling(hz) * noise.background.swell(now)
        return decibels(self._passed(noise.steady(hz) + swelling + noise.burst(hz) * noise.burst_share(now)))

    def snr_db(self, hz: float, time_s: float) -> float:
        """Give the signal-to-noise ratio in dB at a moment; −inf at masked frequencies."""
        return self.received_dbm_hz(hz) - self.noise_dbm_hz(hz, time_s)

    def _passed(self, line_noise: float) -> float:
        """Give the noise behind the receiver's coupler, with that of the receiver itself."""
        return line_noise * milliwatts(-self.line.lost_at_receiver_db) + self._own_noise

    @cached_property
    def _own_noise(self) -> float:
        mean = statistics.fmean(lines.received(self.sender, self.line))
        overdriven_db = max(0.0, _FULL_SCALE_DB - (lines.NOMINAL_PSD_DBM_HZ - decibels(mean)))
        converter = mean * milliwatts(_CLIPPING_DB * overdriven_db - _CONVERTER_DB)
        return milliwatts(self.noise.floor_dbm_hz) + converter

    @cached_property
    def carriers(self) -> Carriers:
        """The powers of all active carriers, computed once."""
        noise, passed = self.noise, milliwatts(-self.line.lost_at_receiver_db)
        return Carriers(
            lines.received(self.sender, self.line),
            tuple(self._passed(noise.steady(hz)) for hz in ACTIVE_HZ),
            tuple(noise.swelling(hz) * passed for hz in ACTIVE_HZ),
            tuple(noise.burst(hz) * passed for hz in ACTIVE_HZ),
        )

    def noise_densities(self, when: Window) -> list[float]:
        """Give the mean noise of each active carrier in a stretch of time, in mW/Hz."""
        swell, share = self.noise.background.swell(when), self.noise.burst_share(when)
        _, steady, swelling, burst = self.carriers
        if not share:
            return [s + swell * b for s, b in zip(steady, swelling, strict=True)]
        return [s + swell * b + share * i for s, b, i in zip(steady, swelling, burst, strict=True)]

    def snr_ratios(self, when: Window) -> list[float]:
        """Give the mean signal-to-noise power ratio of each active carrier in a stretch of time."""
        return [s / n for s, n in zip(self.carriers.signal, self.noise_densities(when), strict=True)]

    def readings_db(self) -> list[float]:
        """Give the attenuation of each SLAC group against the nominal PSD, without noise."""
        signal = self.carriers.signal
        means = (statistics.fmean(signal[k] for k in group) for group in GROUPS)
        return [lines.NOMINAL_PSD_DBM_HZ - decibels(mean) for mean in means]


_PLANTINGS = 20
"""So many sizes of a cause are tried on one sound channel before another is drawn."""


def draw(cause: Cause, seed: int, mains_hz: float = 50.0) -> Channel:
    """Draw a channel with one planted cause on top of a sound one; the same arguments give the same channel.

    What counts as the cause (less is natural variety, and no engineer would call it a fault; more leaves no link):

    - clean: 3-10 m of cable; every group but the last few reads 3-32 dB; every carrier has 17 dB of SNR.
    - long-cable: 60-250 m whose loss rises by 12-60 dB from the lower to the upper end of the band.
    - mismatch: a branch or section of 12-40 m with a ripple of 8 dB or more, peak to valley.
    - coupling-loss: 12-32 dB at all frequencies, in one coupler.
    - narrowband: broadcast stations that take 3 or more carriers by 12 dB or more to an SNR below 10 dB.
    - broadband-low: a drive that takes 15 dB or more of SNR below 5 MHz, to 12 dB or less, and less than a third of
      it above 20 MHz.
    - mains-synchronous: bursts of 8-30 % of the half cycle that take 12 dB or more of SNR from half of the carriers,
      to 16 dB or less.
    - crosstalk: 0.5-8 dB isolation from the neighbour outlet; a sound one has 20-50 dB.
    - saturation: 5-28 groups that are stronger than the nominal level, all of them below 18 MHz.

    Args:
        cause: what to plant.
        seed: draws everything.
        mains_hz: mains frequency.
    """
    # The same seed gives the same sound channel whatever is planted in it: before and after can be compared.
    sound_rng, plant_rng = Random(f"sound {seed}"), Random(f"{cause} {seed}")
    while True:
        sound = _sound(sound_rng, mains_hz)
        for _ in range(_PLANTINGS if _is_sound(sound) else 0):
            planted = _PLANTS[cause](replace(sound, cause=cause), plant_rng)
            if planted is not None and _holds_a_link(planted):
                return planted


def neighbour_of(channel: Channel, seed: int) -> Channel:
    """Give the channel from the same sender to the modem of the next outlet.

    The signal crosses over from the own line, so it has that line's shape and the loss of the isolation on top. The
    neighbour's receiver, coupler and noise are its own, and sound.

    Args:
        channel: the link to the own outlet.
        seed: draws what is the neighbour's own.
    """
    rng = Random(f"neighbour {seed}")
    paths, humps = lines.crosstalk_paths(rng)
    crossing = replace(
        channel.line,
        discontinuities=(*channel.line.discontinuities, paths),
        couplers_db=channel.line.couplers_db + channel.isolation_db,
        humps=(*channel.line.humps, *humps),
        lost_at_receiver_db=0.0,
        overdrive_db=0.0,
    )
    return replace(channel, line=crossing, noise=sources.healthy_noise(rng))


def truth(channel: Channel) -> dict[str, Any]:
    """Give what is true about a channel as JSON-able values, units in the names."""
    readings_db = channel.readings_db()
    return {
        "cause": channel.cause,
        "planted": dict(channel.sizes),
        "mains_hz": channel.mains_hz,
        "cable_m": round(channel.line.cable.length_m, 2),
        "velocity_m_s": round(channel.line.cable.velocity_m_s),
        "attenuation_mean_db": round(statistics.fmean(readings_db), 2),
        "snr_median_db": round(_median_snr_db(channel, _EVER, ACTIVE_HZ[0], ACTIVE_HZ[-1]), 2),
        "isolation_db": round(channel.isolation_db, 2),
        "background_dbm_hz": round(channel.noise.background.level_dbm_hz, 2),
        "floor_dbm_hz": round(channel.noise.floor_dbm_hz, 2),
        "transmitters_hz": [round(station.hz) for station in channel.noise.transmitters],
    }


def _sound(rng: Random, mains_hz: float) -> Channel:
    return Channel(
        "clean",
        mains_hz,
        lines.healthy_sender(rng),
        lines.healthy_line(rng),
        sources.healthy_noise(rng),
        isolation_db=rng.uniform(20.0, 50.0),
        demodulator_ber=10.0 ** rng.uniform(-5.4, -4.0),
        jitter_db=rng.uniform(0.1, 0.6),
    )


_SOUND_RATIO = 10.0 ** (17.0 / 10.0)
"""SNR of the worst carrier of a sound line: the manual's 10 dB, a modem's margin, and what the mains takes at times."""


def _is_sound(channel: Channel) -> bool:
    readings_db = channel.readings_db()
    if min(channel.snr_ratios(_EVER)) < _SOUND_RATIO or _carriers_lost(channel) >= 3:
        return False
    return min(readings_db) >= 3.0 and max(readings_db[:-4]) <= 32.0


def _holds_a_link(channel: Channel) -> bool:
    """Say whether modems still hear each other in the quietest part of the half cycle."""
    return max(_median_snr_db(channel, slot_window(slot, 6), 0.0, 30e6) for slot in range(6)) >= 3.0


def _long_cable(sound: Channel, rng: Random) -> Channel | None:
    line = lines.with_long_cable(sound.line, rng)
    tilt_db = line.tilt_db()
    if not 12.0 <= tilt_db <= 60.0:
        return None
    return replace(sound, line=line, sizes=_sizes(cable_m=line.cable.length_m, tilt_db=tilt_db))


def _mismatch(sound: Channel, rng: Random) -> Channel | None:
    line, kind, distance_m = lines.with_reflections(sound.line, rng)
    ripple_db = line.ripple_db(line.discontinuities[-1])
    if ripple_db < 8.0:
        return None
    period_hz = line.cable.velocity_m_s / (2.0 * distance_m)
    sizes = _sizes(kind=kind, distance_m=distance_m, ripple_db=ripple_db, ripple_period_mhz=period_hz / 1e6)
    return replace(sound, line=line, sizes=sizes)


def _coupling_loss(sound: Channel, rng: Random) -> Channel:
    loss_db = rng.uniform(12.0, 32.0)
    if rng.random() < 0.5:
        line, end = replace(sound.line, lost_at_sender_db=loss_db), "sender"
    else:
        line, end = replace(sound.line, lost_at_receiver_db=loss_db), "receiver"
    return replace(sound, line=line, sizes=_sizes(coupling_loss_db=loss_db, end=end))


def _narrowband(sound: Channel, rng: Random) -> Channel | None:
    stations = sources.strong_stations(rng)
    found = replace(sound, noise=replace(sound.noise, transmitters=(*sound.noise.transmitters, *stations)))
    lost = _carriers_lost(found)
    sizes = _sizes(strongest_hz=stations[0].hz, power_dbm=stations[0].power_dbm, carriers_lost=float(lost))
    return replace(found, sizes=sizes) if lost >= 3 else None


def _carriers_lost(channel: Channel) -> int:
    """Count the carriers that radio stations take by 12 dB or more to an SNR below 10 dB."""
    silent = replace(channel, noise=replace(channel.noise, transmitters=()))
    pairs = zip(silent.snr_ratios(_EVER), channel.snr_ratios(_EVER), strict=True)
    return sum(after < 10.0 and before >= after * milliwatts(12.0) for before, after in pairs)


def _broadband_low(sound: Channel, rng: Random) -> Channel | None:
    drive = sources.strong_drive(rng)
    found = replace(sound, noise=replace(sound.noise, drive=drive))
    low_db, high_db = (_snr_taken_db(sound, found, *band) for band in ((2e6, 5e6), (20e6, 28e6)))
    if low_db < 15.0 or high_db > low_db / 3.0 or _median_snr_db(found, _EVER, 2e6, 5e6) > 12.0:
        return None
    sizes = _sizes(level_dbm_hz=drive.level_dbm_hz, corner_mhz=drive.corner_hz / 1e6, switching_hz=drive.switching_hz)
    return replace(found, sizes=(*sizes, *_sizes(snr_taken_low_db=low_db, snr_taken_high_db=high_db)))


def _mains_synchronous(sound: Channel, rng: Random) -> Channel | None:
    impulses = sources.strong_impulses(rng)
    found = replace(sound, noise=replace(sound.noise, impulses=impulses))
    burst = Window(impulses.phase, impulses.width)
    within_db = _median_snr_db(found, burst, 0.0, 30e6)
    taken_db = _median_snr_db(sound, burst, 0.0, 30e6) - within_db
    if taken_db < 12.0 or within_db > 16.0:
        return None
    sizes = _sizes(level_dbm_hz=impulses.level_dbm_hz, phase_ratio=impulses.phase, width_ratio=impulses.width)
    return replace(found, sizes=(*sizes, *_sizes(snr_taken_db=taken_db, snr_within_db=within_db)))


def _crosstalk(sound: Channel, rng: Random) -> Channel:
    isolation_db = rng.uniform(0.5, 8.0)
    return replace(sound, isolation_db=isolation_db, sizes=_sizes(isolation_db=isolation_db))


def _saturation(sound: Channel, rng: Random) -> Channel | None:
    found = replace(sound, line=lines.overdriven(sound.line, rng))
    zeros = [at for at, reading_db in enumerate(found.readings_db()) if reading_db < 0.5]
    if not 5 <= len(zeros) <= 28 or ACTIVE_HZ[GROUPS[zeros[-1]][-1]] > 18e6:
        return None
    return replace(found, sizes=_sizes(groups=float(len(zeros)), overdrive_db=found.line.overdrive_db))


_PLANTS: dict[Cause, Callable[[Channel, Random], Channel | None]] = {
    "clean": lambda sound, _: sound,
    "long-cable": _long_cable,
    "mismatch": _mismatch,
    "coupling-loss": _coupling_loss,
    "narrowband": _narrowband,
    "broadband-low": _broadband_low,
    "mains-synchronous": _mains_synchronous,
    "crosstalk": _crosstalk,
    "saturation": _saturation,
}


def _sizes(**named: float | str) -> tuple[Size, ...]:
    return tuple((name, round(value, 3) if isinstance(value, float) else value) for name, value in named.items())


def _median_snr_db(channel: Channel, when: Window, low_hz: float, high_hz: float) -> float:
    ratios = channel.snr_ratios(when)
    inside = [ratio for hz, ratio in zip(ACTIVE_HZ, ratios, strict=True) if low_hz <= hz <= high_hz]
    return decibels(statistics.median(inside))


def _snr_taken_db(before: Channel, after: Channel, low_hz: float, high_hz: float) -> float:
    return _median_snr_db(before, _EVER, low_hz, high_hz) - _median_snr_db(after, _EVER, low_hz, high_hz)
