"""Channels of the bench with one planted cause, as modems would see them; for the tests and for the benchmark."""

from __future__ import annotations

import random
from functools import lru_cache

from plc_tool.rules.diagnosis import diagnose
from plc_tool.rules.ladder import FLOORS_DB, SATURATED_GROUPS
from plc_tool.work.sounding import spread_gaps
from v2g_tool.bench.homeplug import channel, receiver
from v2g_tool.model.carriers import NORTH_AMERICA
from v2g_tool.model.plc import ErrorRates, LinkMap, Row, Spectrum, Tier

OWN, NEIGHBOUR, EV = "00:b0:52:00:00:0a", "00:b0:52:00:00:0b", "dc:0e:a1:11:67:08"
MAINS_HZ = 50.0
SLOTS = 6
SOUNDS = 10
BLOCKS = 3000
NOTHING = "nothing"

CHECKS = {
    "long-cable": "PLC-LONG-CABLE",
    "mismatch": "PLC-MISMATCH",
    "coupling-loss": "PLC-COUPLING",
    "narrowband": "PLC-NARROWBAND",
    "broadband-low": "PLC-BROADBAND-LOW",
    "mains-synchronous": "PLC-MAINS-SYNCHRONOUS",
    "crosstalk": "PLC-CROSSTALK",
    "saturation": "PLC-SATURATION",
}
SHOWN_BY = {
    "long-cable": Tier.ATTENUATION,
    "mismatch": Tier.ATTENUATION,
    "coupling-loss": Tier.ATTENUATION,
    "crosstalk": Tier.ATTENUATION,
    "saturation": Tier.ATTENUATION,
    "narrowband": Tier.BIT_LOADING,
    "broadband-low": Tier.BIT_LOADING,
    "mains-synchronous": Tier.BIT_LOADING,
}
"""What acts on the level shows in attenuation, what acts on the noise shows in SNR."""


def first_name(cause: str, seed: int, tier: Tier) -> str:
    """Give the first diagnosis of a drawn channel as one tier sees it."""
    drawn = draw(cause, seed)
    found = diagnose(maps_of(drawn, seed, tier), NORTH_AMERICA, (), MAINS_HZ)
    return found[0].check.id if found else NOTHING


@lru_cache(maxsize=64)
def draw(cause: str, seed: int) -> channel.Channel:
    """Give a drawn channel; several tiers look at the same one."""
    return channel.draw(cause, seed, MAINS_HZ)


def maps_of(drawn: channel.Channel, seed: int, tier: Tier) -> list[LinkMap]:
    """Give the map of the link itself, and with sounds also that of the neighbour outlet."""
    rng = random.Random(f"{tier} {seed}")
    if tier is Tier.BIT_LOADING:
        return [bit_loading(drawn, rng)]
    gaps_s = spread_gaps(rng, SOUNDS - 1)
    start_s = rng.random()
    times_s = [start_s + sum(gaps_s[:n]) for n in range(SOUNDS)]
    own = sounding(drawn, times_s, OWN, rng, error_rates(drawn, rng))
    return [own, sounding(channel.neighbour_of(drawn, seed), times_s, NEIGHBOUR, rng, None)]


def bit_loading(drawn: channel.Channel, rng: random.Random) -> LinkMap:
    half_cycle_s = 0.5 / drawn.mains_hz
    rows = tuple(
        Row(
            f"slot {slot}",
            (slot + 0.5) / SLOTS * half_cycle_s,
            tuple(FLOORS_DB[code] for code in receiver.tone_map(drawn, slot, SLOTS, rng)),
        )
        for slot in range(SLOTS)
    )
    spectrum = Spectrum(NORTH_AMERICA.carriers(), rows)
    return LinkMap(
        Tier.BIT_LOADING, OWN, NEIGHBOUR, spectrum, FLOORS_DB[7], error_rates(drawn, rng), (), NORTH_AMERICA.id
    )


def sounding(
    drawn: channel.Channel, times_s: list[float], reporter: str, rng: random.Random, errors: ErrorRates | None
) -> LinkMap:
    rows = tuple(
        Row(f"sound {n}", time_s - times_s[0], tuple(map(float, receiver.sound_profile(drawn, time_s, rng))))
        for n, time_s in enumerate(times_s, 1)
    )
    spectrum = Spectrum(NORTH_AMERICA.groups(), rows)
    zeros = sum(v == 0 for v in spectrum.medians())
    flags = ("saturated",) if zeros >= SATURATED_GROUPS else ()
    return LinkMap(Tier.ATTENUATION, reporter, EV, spectrum, None, errors, flags, NORTH_AMERICA.id)


def error_rates(drawn: channel.Channel, rng: random.Random) -> ErrorRates:
    counters = receiver.Counters()
    counters.add_traffic(drawn, BLOCKS, rng)
    rx = counters.rx
    blocks, mpdus = rx.pb_passed + rx.pb_failed, rx.mpdu_acknowledged + rx.mpdu_failed
    bits = rx.bit_errors_passed + rx.bit_errors_failed
    return ErrorRates(blocks, rx.pb_failed / blocks, bits / (blocks * 4160), rx.mpdu_failed / mpdus, 10.0)
