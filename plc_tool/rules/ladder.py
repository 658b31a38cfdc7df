"""The ladder of measurement: from what was observed to maps, the most telling tier first. Pure.

1 modem SNR · 2 SNR floor from bit loading · 3 attenuation from SLAC sounding · 4 error rates. A map that says less
than it seems carries a flag instead of values.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from plc_tool.rules.error_rates import Found, error_rates
from v2g_tool.model.carriers import CARRIERS, CarrierMask
from v2g_tool.model.plc import (
    Band,
    Flag,
    LinkMap,
    ModemSnr,
    Observation,
    ReportedAttenuation,
    Row,
    SoundProfile,
    Spectrum,
    Tier,
    ToneMap,
)

FLOORS_DB = (0.0, 2.0, 4.0, 7.0, 10.0, 16.0, 22.0, 28.0, 36.0)
"""SNR in dB that a bit-loading code needs at least; source: open-plc-utils, `mod2db`."""
TOP_CODE = 7
"""1024-QAM, the top of HomePlug AV: above it the SNR may be anything."""
ROBO_CODE = 2
"""QPSK: what a modem without a negotiated tone map reports for every carrier."""
INITIAL = 0xFF
"""The interval index of a VertexCom modem's first estimate, before intervals were agreed."""
PAUSE_S = 1.0
"""A pause between sounds that begins a new sounding: an EV may use one run id for every attempt."""
CORRECTION_DB = 12.0
"""Chargers report up to 10 dB less than their modem measured: so much worse, a raw map is still of the same outlet."""
LATE_S = 0.1
"""A profile comes so soon after its sound at the latest."""
SYNTHETIC_EQUAL = 50
"""So many equal groups of 58 are no measurement: real reports had at most 23 (public captures)."""
SATURATED_GROUPS = 3
"""So many groups at 0 dB are a receiver at its limit, not a cable without loss."""

_Item = TypeVar("_Item")


def link_maps(observation: Observation, mask: CarrierMask, mains_hz: float) -> tuple[LinkMap, ...]:
    """Give a map for each link and direction that was observed, the most telling tier first.

    Within a tier the newest comes first, of one sounding the modem that heard it best: the outlet that the car is at.
    """
    maps = [
        *_snr_maps(observation.snrs, mask),
        *_tone_map_maps(observation.tone_maps, mask, mains_hz),
        *_attenuation_maps(observation, mask),
    ]
    rates = error_rates(observation.counters)
    maps = [_with_errors(link, rates) for link in maps]
    maps += [
        LinkMap(Tier.ERROR_RATE, reporter, peer, None, errors=errors, flags=flags, start_s=start_s)
        for (reporter, peer, _), (errors, flags, start_s) in rates.items()
    ]
    begun = _sounding_starts(maps)
    return tuple(sorted(maps, key=lambda link: _rank(link, begun.get(id(link), link.start_s))))


def _rank(link: LinkMap, begun_s: float) -> tuple[bool, int, float, float]:
    """Order by use: with values before without, low tier first, newest sounding, strongest in it."""
    empty = link.spectrum is None and link.tier is not Tier.ERROR_RATE
    if link.tier is not Tier.ATTENUATION:
        return empty, link.tier, -begun_s, 0.0
    corrected_db = CORRECTION_DB if "reported-mean" in link.flags else 0.0
    return empty, link.tier, -begun_s, mean_db(link) + corrected_db


def _sounding_starts(maps: Sequence[LinkMap]) -> dict[int, float]:
    """Give for each attenuation map, by identity, when the sounding began that it is of: all its modems have one."""
    starts: dict[int, float] = {}
    last: tuple[str, float] = ("", -math.inf)
    sounded = (link for link in maps if link.tier is Tier.ATTENUATION)
    for link in sorted(sounded, key=lambda link: (link.peer, link.start_s)):
        if link.peer != last[0] or link.start_s - last[1] >= PAUSE_S:
            last = link.peer, link.start_s
        starts[id(link)] = last[1]
    return starts


def mean_db(link: LinkMap) -> float:
    """Give the mean over the points of the medians over the rows in dB; 0 without values."""
    values = [v for v in link.spectrum.medians() if v is not None] if link.spectrum else []
    return statistics.fmean(values) if values else 0.0


def _grouped(items: Iterable[_Item], *names: str) -> dict[tuple[Hashable, ...], list[_Item]]:
    groups: dict[tuple[Hashable, ...], list[_Item]] = defaultdict(list)
    for item in items:
        groups[tuple(getattr(item, name) for name in names)].append(item)
    return groups


def _spectrum(points: Sequence[Band], rows: Sequence[Row]) -> Spectrum | None:
    return Spectrum(tuple(points), tuple(rows)) if points and rows else None


# Tier 2: bit loading.


def _tone_map_maps(maps: Sequence[ToneMap], mask: CarrierMask, mains_hz: float) -> list[LinkMap]:
    return [_tone_map_map(group, mask, mains_hz) for group in _grouped(maps, "reporter", "peer", "direction").values()]


def _tone_map_map(maps: Sequence[ToneMap], mask: CarrierMask, mains_hz: float) -> LinkMap:
    newest = {tone_map.slot: tone_map for tone_map in maps}
    slots = [newest[slot] for slot in sorted(newest)]
    flags: list[Flag] = []
    points = mask.carriers()
    if all(not s.codes for s in slots):
        flags.append("no-measurement")
    elif all(s.maps == 0 and set(s.codes) <= {ROBO_CODE} for s in slots):
        flags.append("robo-default")
    elif all(len(s.codes) != len(points) for s in slots):
        flags.append("unknown-carriers")
    unusable = bool(flags)
    whole = [s for s in slots if len(s.codes) == len(points)]
    if not unusable and len(whole) < len(slots):
        flags.append("slots-left-out")
    if not unusable and (len(slots) < slots[0].maps or [s.slot for s in slots] != list(range(len(slots)))):
        flags.append("slots-missing")
    half_cycle_s = 0.5 / mains_hz
    rows = [
        Row(
            f"slot {tone_map.slot}",
            (at + 0.5) / len(slots) * half_cycle_s,
            tuple(FLOORS_DB[c] if c < len(FLOORS_DB) else None for c in tone_map.codes),
        )
        for at, tone_map in enumerate(slots)
        if tone_map in whole
    ]
    first = slots[0]
    # What the peer lets the reporter send is how well the peer receives: the reporter of the quality is the peer.
    ends = (first.reporter, first.peer) if first.direction == "rx" else (first.peer or "unknown", first.reporter)
    spectrum, top_db = None if unusable else _spectrum(points, rows), FLOORS_DB[TOP_CODE]
    return LinkMap(Tier.BIT_LOADING, *ends, spectrum, top_db, None, tuple(flags), mask.id, first.time_s)


# Tier 1: the modem's own SNR.


def _snr_maps(snrs: Sequence[ModemSnr], mask: CarrierMask) -> list[LinkMap]:
    return [_snr_map(group, mask) for group in _grouped(snrs, "reporter", "peer").values()]


def _snr_map(snrs: Sequence[ModemSnr], mask: CarrierMask) -> LinkMap:
    rows: list[Row] = []
    flags: tuple[Flag, ...] = ()
    active, first = mask.active(), snrs[0]
    for at, group in enumerate(sorted(_grouped(snrs, "interval").values(), key=lambda group: group[0].interval)):
        interval = group[0].interval
        combs = {snr.comb: snr.values for snr in group}
        values = _interleaved(combs, active)
        if values is None:
            flags = ("unknown-carriers",)
        else:
            name = "initial" if interval == INITIAL else f"interval {interval}"
            rows.append(Row(name, float(at), values))
    spectrum = None if flags else _spectrum(mask.carriers(), rows)
    return LinkMap(Tier.MODEM_SNR, first.reporter, first.peer, spectrum, None, None, flags, mask.id, first.time_s)


def _interleaved(combs: dict[int, tuple[int, ...]], active: Sequence[int]) -> tuple[float | None, ...] | None:
    """Give the values of four combs (index mod 4) in the order of the active carriers.

    None when the lists are neither as long as the active carriers nor as all carriers: then nobody has published which
    carrier a value belongs to.
    """
    for count, order in ((len(active), range(len(active))), (CARRIERS, active), (CARRIERS + 1, active)):
        if {comb: len(values) for comb, values in combs.items()} == {n: len(range(n, count, 4)) for n in range(4)}:
            return tuple(float(combs[at % 4][at // 4]) for at in order)
    return None


# Tier 3: attenuation.


def _attenuation_maps(observation: Observation, mask: CarrierMask) -> list[LinkMap]:
    starts: dict[str, list[float]] = defaultdict(list)
    for start in observation.starts:
        starts[start.ev].append(start.time_s)
    sent: dict[str, list[float]] = defaultdict(list)
    for sound in sorted(observation.sounds, key=lambda s: s.time_s):
        sent[sound.ev].append(sound.time_s)
    maps = [
        _sounding_map(sounding, sent[group[0].ev], mask)
        for group in _grouped(observation.profiles, "modem", "ev").values()
        for sounding in _soundings(group, starts[group[0].ev])
    ]
    return [*maps, *(_reported_map(report, mask) for report in observation.reported)]


def _soundings(profiles: Sequence[SoundProfile], starts_s: Sequence[float]) -> list[list[SoundProfile]]:
    """Give the profiles of each sounding: a new one begins with CM_SLAC_PARM.REQ or after a pause."""
    soundings: list[list[SoundProfile]] = []
    starts_s = sorted(starts_s)
    for profile in sorted(profiles, key=lambda p: p.time_s):
        last_s = soundings[-1][-1].time_s if soundings else -math.inf
        started = bisect_right(starts_s, profile.time_s) > bisect_right(starts_s, last_s)
        if started or profile.time_s - last_s > PAUSE_S:
            soundings.append([])
        soundings[-1].append(profile)
    return soundings


def _sounding_map(sounding: Sequence[SoundProfile], sent_s: Sequence[float], mask: CarrierMask) -> LinkMap:
    first = sounding[0]
    rows = [
        Row(f"sound {number}", time_s, tuple(float(g) for g in profile.groups_db))
        for number, (profile, time_s) in enumerate(zip(sounding, _times(sounding, sent_s), strict=True), 1)
        if profile.groups_db
    ]
    return _attenuation(LinkMap(Tier.ATTENUATION, first.modem, first.ev, None, start_s=first.time_s), rows, mask)


def _times(sounding: Sequence[SoundProfile], sent_s: Sequence[float]) -> list[float]:
    """Give when each sound of a sounding was made, from the first, in s.

    The phase of the mains is that of the sound, not of its profile, which a busy host may deliver late. Where not every
    sound was heard, the arrival of the profiles has to do.
    """
    arrived = [profile.time_s for profile in sounding]
    low, high = bisect_left(sent_s, arrived[0] - LATE_S), bisect_right(sent_s, arrived[-1])
    made = sent_s[low:high] if high - low == len(arrived) else arrived
    return [time_s - made[0] for time_s in made]


def _reported_map(report: ReportedAttenuation, mask: CarrierMask) -> LinkMap:
    row = Row(f"mean of {report.sounds} sounds", 0.0, tuple(float(g) for g in report.groups_db))
    empty = LinkMap(Tier.ATTENUATION, report.evse, report.ev, None, start_s=report.time_s)
    link = _attenuation(empty, [row] if report.groups_db else [], mask)
    return replace(link, flags=("reported-mean", *link.flags))


def _attenuation(empty: LinkMap, rows: Sequence[Row], mask: CarrierMask) -> LinkMap:
    """Give the map with its values, or with the flag that says why there are none."""
    points = mask.groups()
    link = replace(empty, mask_id=mask.id)
    if not rows:
        return replace(link, flags=("no-measurement",))
    if any(len(row.values) != len(points) for row in rows):
        return replace(link, flags=("unknown-carriers",))
    if all(max(Counter(row.values).values()) >= SYNTHETIC_EQUAL for row in rows):
        return replace(link, flags=("synthetic",))
    spectrum = Spectrum(points, tuple(rows))
    saturated = sum(v == 0 for v in spectrum.medians()) >= SATURATED_GROUPS
    return replace(link, spectrum=spectrum, flags=("saturated",) if saturated else ())


# Tier 4, and the error rates that belong to the other tiers.


def _with_errors(link: LinkMap, rates: Mapping[tuple[str, str, int], Found]) -> LinkMap:
    """Add the error rates of the same link: counted by one of its ends, on the other one or on all its peers."""
    ends = {link.reporter, link.peer}
    sounded = link.reporter if link.tier is Tier.ATTENUATION else None
    of_link = [
        found
        for (reporter, peer, _), found in rates.items()
        if (reporter in ends and (not peer or peer in ends)) or peer == sounded
    ]
    found = max((f for f in of_link if f[0] is not None), key=lambda f: f[0].blocks if f[0] else 0, default=None)
    return link if found is None else replace(link, errors=found[0], flags=(*link.flags, *found[1]))
