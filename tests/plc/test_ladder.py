"""The ladder: which tier an observation reaches, what its map holds, and when a map says less than it seems."""

from __future__ import annotations

import pytest

from plc_tool.rules.ladder import link_maps
from v2g_tool.model.carriers import CARRIERS, NORTH_AMERICA, carrier_hz
from v2g_tool.model.plc import (
    LinkCounters,
    LinkMap,
    ModemSnr,
    Observation,
    ReportedAttenuation,
    RxCounters,
    SlacStart,
    Sound,
    SoundProfile,
    Tier,
    ToneMap,
)

LOCAL, PEER, EV = "00:b0:52:aa:bb:01", "00:b0:52:cc:dd:02", "02:00:00:00:00:10"
ACTIVE = NORTH_AMERICA.active()


def tone_map(slot: int, codes: list[int], direction: str = "rx", maps: int = 1, time_s: float = 1.0) -> ToneMap:
    return ToneMap(LOCAL, PEER, direction, slot, maps, tuple(codes), 7, 3, time_s)  # type: ignore[arg-type]


def profile(time_s: float, groups: list[int], modem: str = PEER, ev: str = EV) -> SoundProfile:
    return SoundProfile(modem, ev, tuple(groups), "CM_ATTEN_PROFILE.IND", time_s)


def maps_of(observation: Observation) -> tuple[LinkMap, ...]:
    return link_maps(observation, NORTH_AMERICA, 50.0)


def test_bit_loading_codes_become_floors_at_the_frequencies_of_the_active_carriers() -> None:
    codes = [7] * 917
    codes[400:420] = [3] * 20
    (link,) = maps_of(Observation(tone_maps=(tone_map(0, codes), tone_map(1, [7] * 917))))
    assert (link.tier, link.reporter, link.peer, link.ceiling_db) == (Tier.BIT_LOADING, LOCAL, PEER, 28.0)
    assert link.spectrum is not None
    assert link.spectrum.points[400].centre_hz == pytest.approx(carrier_hz(ACTIVE[400]))
    assert link.spectrum.lowest()[399:421] == (28.0, *[7.0] * 20, 28.0)
    assert [row.time_s for row in link.spectrum.rows] == [0.0025, 0.0075]


def test_a_slot_that_was_read_twice_counts_once_as_read_last() -> None:
    seen = (tone_map(0, [1] * 917, time_s=1.0), tone_map(0, [6] * 917, time_s=2.0))
    (link,) = maps_of(Observation(tone_maps=seen))
    assert link.spectrum is not None
    assert [set(row.values) for row in link.spectrum.rows] == [{22.0}]


def test_the_map_for_sending_speaks_of_what_the_peer_receives() -> None:
    (link,) = maps_of(Observation(tone_maps=(tone_map(0, [5] * 917, "tx"),)))
    assert (link.reporter, link.peer) == (PEER, LOCAL)


def test_flat_qpsk_without_a_tone_map_is_no_snr_information() -> None:
    flat = tuple(tone_map(slot, [2] * 917, "tx", maps=0) for slot in range(6))
    (link,) = maps_of(Observation(tone_maps=flat))
    assert (link.flags, link.spectrum) == (("robo-default",), None)


def test_flat_qpsk_of_a_negotiated_tone_map_is_a_measurement() -> None:
    (link,) = maps_of(Observation(tone_maps=(tone_map(0, [2] * 917, maps=1),)))
    assert link.flags == ()
    assert link.spectrum is not None


def test_a_list_of_another_length_is_not_placed_on_the_frequency_axis() -> None:
    (link,) = maps_of(Observation(tone_maps=(tone_map(0, [6] * 2690),)))
    assert (link.flags, link.spectrum) == (("unknown-carriers",), None)


def test_a_slot_of_another_length_than_the_others_is_left_out_and_said() -> None:
    seen = (tone_map(0, [6] * 917), tone_map(1, [6] * 874), tone_map(2, [6] * 917))
    (link,) = maps_of(Observation(tone_maps=seen))
    assert link.flags == ("slots-left-out",)
    assert link.spectrum is not None
    assert [row.name for row in link.spectrum.rows] == ["slot 0", "slot 2"]


def test_four_combs_of_all_carriers_are_put_in_order_and_masked() -> None:
    combs = tuple(
        ModemSnr(LOCAL, PEER, 0xFF, comb, tuple(c % 60 for c in range(comb, CARRIERS, 4)), 0.0, 1.0)
        for comb in range(4)
    )
    (link,) = maps_of(Observation(snrs=combs))
    assert link.tier is Tier.MODEM_SNR
    assert link.spectrum is not None
    assert link.spectrum.rows[0].values == tuple(float(c % 60) for c in ACTIVE)


def test_a_comb_that_is_missing_leaves_no_map() -> None:
    (link,) = maps_of(Observation(snrs=(ModemSnr(LOCAL, PEER, 0xFF, 0, (9,) * 289, 0.0, 1.0),)))
    assert (link.flags, link.spectrum) == (("unknown-carriers",), None)


def test_sounds_of_one_vehicle_make_one_map_until_it_pauses() -> None:
    groups = list(range(58))
    first = [profile(10 + 0.03 * n, groups) for n in range(10)]
    second = [profile(20 + 0.03 * n, groups) for n in range(4)]
    newest, oldest = maps_of(Observation(profiles=(*first, *second)))
    assert newest.spectrum is not None
    assert oldest.spectrum is not None
    assert (len(newest.spectrum.rows), len(oldest.spectrum.rows)) == (4, 10)
    assert oldest.spectrum.rows[3].time_s == pytest.approx(0.09)
    assert newest.peer == EV


def test_a_row_has_the_time_of_its_sound_not_of_a_profile_that_came_late() -> None:
    made = [10 + 0.03 * n for n in range(10)]
    late = [profile(t + (0.02 if n == 4 else 0.001), list(range(58))) for n, t in enumerate(made)]
    heard = tuple(Sound(EV, "00" * 8, 9 - n, t) for n, t in enumerate(made))
    (link,) = maps_of(Observation(profiles=tuple(late), sounds=heard))
    assert link.spectrum is not None
    assert [row.time_s for row in link.spectrum.rows] == pytest.approx([0.03 * n for n in range(10)])
    (partly,) = maps_of(Observation(profiles=tuple(late), sounds=heard[1:]))
    assert partly.spectrum is not None
    assert partly.spectrum.rows[4].time_s == pytest.approx(0.139)


def test_a_new_slac_start_begins_a_new_map_without_a_pause() -> None:
    groups = list(range(58))
    sounds = tuple(profile(t, groups) for t in (1.0, 1.1, 1.5, 1.6))
    starts = (
        SlacStart(EV, "00" * 8, 0.9),
        SlacStart(EV, "00" * 8, 1.3),
        SlacStart("02:00:00:00:00:99", "00" * 8, 1.55),
    )
    assert len(maps_of(Observation(profiles=sounds, starts=starts))) == 2


def test_of_one_sounding_the_modem_that_heard_best_comes_first() -> None:
    own = [profile(1 + 0.03 * n, list(range(10, 68))) for n in range(10)]
    far = [profile(1 + 0.03 * n, list(range(40, 98)), modem=LOCAL) for n in range(10)]
    assert [link.reporter for link in maps_of(Observation(profiles=(*far, *own)))] == [PEER, LOCAL]


def test_an_empty_profile_is_no_measurement() -> None:
    (link,) = maps_of(Observation(profiles=(profile(1.0, []),)))
    assert (link.flags, link.spectrum) == (("no-measurement",), None)


@pytest.mark.parametrize("groups", [[9] * 58, [9] * 55 + [15, 19, 25]])
def test_a_constant_profile_is_synthetic(groups: list[int]) -> None:
    (link,) = maps_of(Observation(profiles=(profile(1.0, groups),)))
    assert (link.flags, link.spectrum) == (("synthetic",), None)


def test_groups_at_zero_are_saturation() -> None:
    (link,) = maps_of(Observation(profiles=(profile(1.0, [0] * 4 + list(range(54))),)))
    assert link.flags == ("saturated",)


def test_the_chargers_own_mean_comes_after_the_sounds_of_the_same_outlet() -> None:
    reported = ReportedAttenuation("9a:8a:b6:6d:2d:f6", EV, "00" * 8, 10, tuple(range(58)), 2.0)
    (alone,) = maps_of(Observation(reported=(reported,)))
    assert alone.flags == ("reported-mean",)
    own = Observation(reported=(reported,), profiles=(profile(1.5, list(range(5, 63))),))
    assert [link.flags for link in maps_of(own)] == [(), ("reported-mean",)]
    neighbour = Observation(reported=(reported,), profiles=(profile(1.5, list(range(30, 88))),))
    assert [link.flags for link in maps_of(neighbour)] == [("reported-mean",), ()]
    empty = Observation(reported=(reported,), profiles=(profile(1.5, []),))
    assert [link.flags for link in maps_of(empty)] == [("reported-mean",), ("no-measurement",)]


def test_two_modems_that_heard_one_sounding_in_two_different_seconds_are_ordered_by_level() -> None:
    own = [profile(1.501 + 0.03 * n, list(range(10, 68))) for n in range(10)]
    far = [profile(1.499 + 0.03 * n, list(range(40, 98)), modem=LOCAL) for n in range(10)]
    assert [link.reporter for link in maps_of(Observation(profiles=(*far, *own)))] == [PEER, LOCAL]


def test_combs_of_unequal_length_leave_no_map() -> None:
    lengths = (229, 230, 229, 229)
    combs = tuple(ModemSnr(LOCAL, PEER, 0xFF, n, (9,) * length, 0.0, 1.0) for n, length in enumerate(lengths))
    (link,) = maps_of(Observation(snrs=combs))
    assert (link.flags, link.spectrum) == (("unknown-carriers",), None)


def test_counters_of_another_link_or_lid_do_not_join() -> None:
    def polls(reporter: str, peer: str, lid: int, base: int) -> tuple[LinkCounters, ...]:
        return tuple(
            LinkCounters(reporter, peer, lid, None, RxCounters(n, 0, base * n, base * n, 9, 0), float(n))
            for n in (1, 2)
        )

    strange = polls("00:b0:52:00:00:07", "00:b0:52:00:00:08", 0xF8, 500)
    towards_another = polls(LOCAL, "00:b0:52:00:00:08", 0xF8, 500)
    other_lid = (LinkCounters(LOCAL, PEER, 0, None, RxCounters(0, 0, 1, 0, 0, 0), 0.5),)
    seen = Observation(counters=strange + towards_another + other_lid, tone_maps=(tone_map(0, [7] * 917),))
    best = maps_of(seen)[0]
    assert best.errors is not None
    assert best.errors.blocks == 1


def test_counters_alone_are_the_last_tier_and_join_the_map_of_their_link() -> None:
    polls = tuple(LinkCounters(LOCAL, PEER, 0xF8, None, RxCounters(n, 0, 500 * n, 0, 9, 0), float(n)) for n in (1, 2))
    (alone,) = maps_of(Observation(counters=polls))
    assert alone.tier is Tier.ERROR_RATE
    best, rest = maps_of(Observation(counters=polls, tone_maps=(tone_map(0, [7] * 917),)))
    assert (best.tier, rest.tier) == (Tier.BIT_LOADING, Tier.ERROR_RATE)
    assert best.errors is not None
    assert best.errors.blocks == 500


def test_a_map_without_values_comes_after_what_was_measured() -> None:
    flat = tuple(tone_map(slot, [2] * 917, "tx", maps=0) for slot in range(2))
    sounds = tuple(profile(1 + 0.03 * n, list(range(58))) for n in range(10))
    assert [link.tier for link in maps_of(Observation(tone_maps=flat, profiles=sounds))] == [
        Tier.ATTENUATION,
        Tier.BIT_LOADING,
    ]


def test_nothing_observed_gives_no_map() -> None:
    assert maps_of(Observation()) == ()
