"""The channel between two modems obeys the physics of lines and noise, and looks like the field."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import replace
from functools import cache
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.bench.homeplug.carriers import ACTIVE, ACTIVE_HZ, GROUPS, MASKED_RANGES, carrier_hz, is_silent
from v2g_tool.bench.homeplug.channel import CAUSES, Cause, Channel, draw, neighbour_of, truth
from v2g_tool.bench.homeplug.line import Cable, Line, along_stub, between_reflections
from v2g_tool.bench.homeplug.noise_sources import (
    Background,
    Drive,
    MainsImpulses,
    Transmitter,
    Window,
    decibels,
    milliwatts,
    slot_window,
    window,
)

LOSSLESS = Cable(5.0, 0.6, 0.0, 0.0)
SEEDS = range(50)
MHZ = 1e6


drawn = cache(draw)


def bare(cable: Cable, *discontinuities: tuple) -> Line:
    return Line(cable, tuple(discontinuities), 0.0)


def grid_hz(step_hz: float = 5e3) -> list[float]:
    return [2 * MHZ + n * step_hz for n in range(int(26 * MHZ / step_hz))]


def minima_hz(line: Line) -> list[float]:
    points = [(hz, line.attenuation_db(hz)) for hz in grid_hz()]
    triples = zip(points, points[1:], points[2:], strict=False)
    return [b[0] for a, b, c in triples if a[1] > b[1] <= c[1]]


def noise_swing_db(channel: Channel, hz: float) -> float:
    half_cycle_s = 0.5 / channel.mains_hz
    levels_db = [channel.noise_dbm_hz(hz, n * half_cycle_s / 64) for n in range(64)]
    return max(levels_db) - min(levels_db)


def mean_difference_db(one: Channel, other: Channel) -> float:
    return statistics.fmean(b - a for a, b in zip(one.readings_db(), other.readings_db(), strict=True))


def test_carriers_and_groups_stand_where_the_documents_say() -> None:
    edges = [(round(ACTIVE_HZ[g[0]] / MHZ, 3), round(ACTIVE_HZ[g[-1]] / MHZ, 3)) for g in GROUPS]

    assert len(ACTIVE) == 917
    assert (round(carrier_hz(0) / MHZ, 3), round(carrier_hz(1154) / MHZ, 3)) == (1.807, 29.98)
    assert len(GROUPS) == 58
    assert (edges[0], edges[3], edges[57]) == ((2.1, 2.466), (3.271, 4.321), (27.808, 27.905))


def test_masked_carriers_are_silent_and_all_others_are_heard() -> None:
    channel = drawn("clean", 1)

    for first, last in MASKED_RANGES:
        for carrier in (first, last):
            assert is_silent(carrier_hz(carrier))
            assert channel.snr_db(carrier_hz(carrier), 0.0) == -math.inf
    assert all(math.isfinite(channel.snr_db(hz, 0.0)) for hz in ACTIVE_HZ)


def test_skin_effect_doubles_the_loss_of_a_cable_at_four_times_the_frequency() -> None:
    line = bare(Cable(100.0, 0.6, 0.02, 0.0))

    assert line.attenuation_db(4 * MHZ) == pytest.approx(100 * 0.02 * 2)
    assert line.attenuation_db(16 * MHZ) == pytest.approx(2 * line.attenuation_db(4 * MHZ))


def test_dielectric_loss_grows_with_frequency_and_length() -> None:
    one, two = bare(Cable(50.0, 0.6, 0.0, 0.002)), bare(Cable(100.0, 0.6, 0.0, 0.002))

    assert one.attenuation_db(20 * MHZ) == pytest.approx(2.0)
    assert two.attenuation_db(20 * MHZ) == pytest.approx(4.0)


@pytest.mark.parametrize("distance_m", [12.0, 20.0, 35.0])
@pytest.mark.parametrize("kind", ["section", "stub"])
def test_an_echo_makes_a_ripple_of_period_v_over_twice_its_length(distance_m: float, kind: str) -> None:
    paths = between_reflections(0.4, distance_m) if kind == "section" else along_stub(distance_m, 0.7)

    found_hz = minima_hz(bare(LOSSLESS, paths))

    period_hz = LOSSLESS.velocity_m_s / (2 * distance_m)
    steps_hz = [b - a for a, b in pairwise(found_hz)]
    assert len(found_hz) == pytest.approx(26 * MHZ / period_hz, abs=1)
    assert all(step_hz == pytest.approx(period_hz, rel=0.01) for step_hz in steps_hz)


@pytest.mark.parametrize(("end", "wavelengths"), [(1.0, 0.25), (-1.0, 0.5)])
def test_a_branch_shorts_the_line_where_it_is_a_quarter_or_a_half_wave_long(end: float, wavelengths: float) -> None:
    line = bare(LOSSLESS, along_stub(10.0, end))
    null_hz = wavelengths * LOSSLESS.velocity_m_s / 10.0

    assert line.attenuation_db(null_hz) > 40.0
    assert line.attenuation_db(2 * null_hz if end > 0 else null_hz / 2) == pytest.approx(0.0, abs=0.1)


@given(st.floats(1.0, 100.0), st.floats(-1.0, 1.0), st.floats(2e6, 28e6))
def test_passive_branches_and_sections_never_amplify(length_m: float, reflection: float, hz: float) -> None:
    assert bare(LOSSLESS, along_stub(length_m, reflection)).attenuation_db(hz) >= -0.05
    assert bare(LOSSLESS, between_reflections(0.9 * reflection, length_m)).attenuation_db(hz) >= -0.05


def test_the_echoes_of_a_long_cable_are_damped_by_their_way() -> None:
    paths = between_reflections(0.5, 100.0)

    assert bare(LOSSLESS, paths).ripple_db(paths) == pytest.approx(20 * math.log10(1.5 / 0.5), abs=0.3)
    assert bare(Cable(100.0, 0.6, 0.03, 0.002), paths).ripple_db(paths) < 3.0


def test_a_transmitter_has_its_power_and_its_skirt() -> None:
    station = Transmitter(6.1e6, -40.0, 9e3)

    power = sum(station.density(hz) for hz in range(100_000, 12_100_000, 1000)) * 1000

    assert decibels(power) == pytest.approx(-40.0, abs=0.05)
    assert station.density(6.1e6 + 24.4e3) < station.density(6.1e6) / 3
    assert station.density(6.1e6 + 1e6) < station.density(6.1e6) / 5e4


def test_background_and_drive_fall_with_frequency_as_their_slopes_say() -> None:
    background, drive = Background(-120.0, 12.0, 0.0, 0.0), Drive(-80.0, 3e6, 40.0, 8e3)

    assert decibels(background.density(2e7)) == pytest.approx(-132.0)
    assert decibels(drive.density(2e5)) == pytest.approx(-80.0, abs=0.1)
    assert decibels(drive.density(3e6)) == pytest.approx(-83.01, abs=0.1)
    assert decibels(drive.density(3e7)) == pytest.approx(-120.0, abs=0.1)


impulses = st.builds(MainsImpulses, st.just(-90.0), st.just(5.0), st.floats(0.0, 0.999), st.floats(0.05, 0.5))


@given(impulses, st.floats(-5.0, 5.0), st.integers(1, 12))
def test_bursts_have_the_same_energy_however_the_half_cycle_is_cut(
    source: MainsImpulses, start: float, parts: int
) -> None:
    shares = [source.share(Window(start + n / parts, 1.0 / parts)) for n in range(parts)]

    assert statistics.fmean(shares) == pytest.approx(source.width, abs=1e-6)
    assert all(-1e-9 <= share <= 1.0 + 1e-9 for share in shares)


def test_a_burst_covers_the_slots_it_falls_into() -> None:
    source = MainsImpulses(-90.0, 0.0, phase=0.5, width=1 / 12)

    assert [round(source.share(slot_window(slot, 6)), 6) for slot in range(6)] == [0, 0, 0, 0.5, 0, 0]
    assert source.share(window(0.0151, 0.4e-3, 50.0)) == pytest.approx(1.0)
    assert source.share(window(0.0131, 0.4e-3, 50.0)) == 0.0


def test_the_swelling_of_the_background_keeps_its_mean() -> None:
    background = Background(-120.0, 10.0, 0.3, 0.2)

    assert background.swell(Window(0.37, 1.0)) == pytest.approx(1.0)
    assert statistics.fmean(background.swell(slot_window(n, 5)) for n in range(5)) == pytest.approx(1.0)
    assert background.swell(Window(0.2, 0.0)) == pytest.approx(1.3)


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_noise_repeats_with_each_half_cycle_of_the_mains(mains_hz: float) -> None:
    channel = drawn("mains-synchronous", 3, mains_hz)

    for n in range(20):
        time_s = (n + 0.4) * 1.01e-3
        again_s = time_s + 7 / (2 * mains_hz)
        assert channel.noise_dbm_hz(6e6, time_s) == pytest.approx(channel.noise_dbm_hz(6e6, again_s))


@pytest.mark.parametrize("cause", CAUSES)
def test_only_mains_synchronous_noise_depends_strongly_on_the_mains_phase(cause: Cause) -> None:
    for seed in range(4):
        channel = drawn(cause, seed)
        swing_db = statistics.median(noise_swing_db(channel, hz) for hz in ACTIVE_HZ[::60])

        assert swing_db > 9.0 if cause == "mains-synchronous" else swing_db < 3.0


def test_tables_of_the_carriers_agree_with_the_formulas() -> None:
    for cause in CAUSES:
        channel = drawn(cause, 5)
        now = Window(0.3, 0.0)
        for k, ratio in list(enumerate(channel.snr_ratios(now)))[::131]:
            assert decibels(ratio) == pytest.approx(channel.snr_db(ACTIVE_HZ[k], 0.3 / (2 * channel.mains_hz)))


def test_a_lossy_coupler_weakens_all_frequencies_alike() -> None:
    for seed in range(6):
        broken = drawn("coupling-loss", seed)
        sound = replace(broken, line=replace(broken.line, lost_at_sender_db=0.0, lost_at_receiver_db=0.0))
        lost_db = [broken.attenuation_db(hz) - sound.attenuation_db(hz) for hz in ACTIVE_HZ[::50]]

        assert min(lost_db) >= 12.0
        assert max(lost_db) == pytest.approx(min(lost_db))


def test_a_lossy_coupler_at_the_receiver_weakens_the_noise_of_the_line_too() -> None:
    channel = drawn("clean", 2)
    at_sender = replace(channel, line=replace(channel.line, lost_at_sender_db=20.0))
    at_receiver = replace(channel, line=replace(channel.line, lost_at_receiver_db=20.0))

    assert at_receiver.attenuation_db(5e6) == pytest.approx(at_sender.attenuation_db(5e6))
    assert at_receiver.noise_dbm_hz(5e6, 0.0) < at_sender.noise_dbm_hz(5e6, 0.0) - 10.0
    assert at_receiver.snr_db(5e6, 0.0) > at_sender.snr_db(5e6, 0.0)


def test_a_long_cable_tilts_the_attenuation_and_a_sound_one_does_not() -> None:
    for seed in range(10):
        assert drawn("clean", seed).line.tilt_db() < 3.0
        assert drawn("long-cable", seed).line.tilt_db() >= 12.0


def test_a_drive_takes_the_low_frequencies_and_spares_the_high_ones() -> None:
    for seed in range(10):
        channel = drawn("broadband-low", seed)
        quiet = replace(channel, noise=replace(channel.noise, drive=None))

        def taken_db(hz: float, after: Channel = channel, before: Channel = quiet) -> float:
            return after.noise_dbm_hz(hz, 0.0) - before.noise_dbm_hz(hz, 0.0)

        assert taken_db(3e6) > 12.0
        assert taken_db(26e6) < taken_db(3e6) / 2.5


def test_a_strong_station_takes_few_carriers_of_a_broadcast_band() -> None:
    for seed in range(10):
        channel = drawn("narrowband", seed)
        planted = dict(channel.sizes)
        weak = [k for k, ratio in enumerate(channel.snr_ratios(Window(0.0, 1.0))) if ratio < 10.0]
        near = [k for k in weak if abs(ACTIVE_HZ[k] - float(planted["strongest_hz"])) < 0.8 * MHZ]

        assert 3 <= float(planted["carriers_lost"]) <= 60
        assert len(near) >= 3


def test_overdriven_receivers_read_zero_at_low_groups_only() -> None:
    for seed in range(10):
        zeros = [at for at, reading_db in enumerate(drawn("saturation", seed).readings_db()) if reading_db < 0.5]

        assert len(zeros) >= 5
        assert max(zeros) < 36
        assert statistics.fmean(zeros) < 18


def test_overdriving_costs_snr_by_its_mixing_products() -> None:
    channel = drawn("saturation", 1)
    harder = replace(channel, line=replace(channel.line, couplers_db=channel.line.couplers_db - 6.0))

    assert harder.snr_db(24e6, 0.0) < channel.snr_db(24e6, 0.0)


def test_the_neighbour_is_far_on_a_sound_site_and_near_under_crosstalk() -> None:
    for seed in range(10):
        sound, leaky = drawn("clean", seed), drawn("crosstalk", seed)

        assert mean_difference_db(sound, neighbour_of(sound, seed)) > 15.0
        assert mean_difference_db(leaky, neighbour_of(leaky, seed)) < 12.0
        assert neighbour_of(leaky, seed) == neighbour_of(leaky, seed)


def test_sound_channels_look_like_the_captures_of_working_chargers() -> None:
    channels = [drawn("clean", seed) for seed in SEEDS]
    readings_db = [channel.readings_db() for channel in channels]
    means_db = [statistics.fmean(one) for one in readings_db]
    worst = [min(channel.snr_ratios(Window(0.0, 1.0))) for channel in channels]

    assert all(7.0 < mean_db < 24.0 for mean_db in means_db)
    assert max(means_db) - min(means_db) > 6.0
    assert max(max(one) for one in readings_db) > 30.0
    assert all(min(one) >= 3.0 and max(one) < 55.0 for one in readings_db)
    assert all(max(one) - min(one) > 4.0 for one in readings_db)
    assert min(worst) >= 10.0**1.7


def test_groups_that_span_a_masked_range_stand_out_a_little() -> None:
    bumps_db = []
    for seed in SEEDS:
        readings_db = drawn("clean", seed).readings_db()
        bumps_db += [readings_db[g] - (readings_db[g - 1] + readings_db[g + 1]) / 2 for g in (3, 6, 25, 41)]

    assert 1.0 < statistics.median(bumps_db) < 6.0


@pytest.mark.parametrize("cause", CAUSES)
def test_a_seed_always_gives_the_same_channel(cause: Cause) -> None:
    assert draw(cause, 7) == drawn(cause, 7)
    assert drawn(cause, 7) != drawn(cause, 8)
    assert drawn(cause, 7, 60.0).mains_hz == 60.0
    assert drawn(cause, 7).cause == cause


@pytest.mark.parametrize("cause", CAUSES)
def test_the_truth_names_the_cause_and_its_sizes_as_json(cause: Cause) -> None:
    told = json.loads(json.dumps(truth(drawn(cause, 4)), allow_nan=False))

    assert told["cause"] == cause
    assert bool(told["planted"]) == (cause != "clean")
    assert 0.0 < told["attenuation_mean_db"] < 70.0


@pytest.mark.parametrize("cause", CAUSES)
def test_modems_still_hear_each_other_over_every_drawn_channel(cause: Cause) -> None:
    for seed in range(5):
        channel = drawn(cause, seed)
        best = max(statistics.median(channel.snr_ratios(slot_window(slot, 6))) for slot in range(6))

        assert best >= milliwatts(3.0) * 0.999


def test_more_noise_never_raises_the_snr() -> None:
    rng = Random(3)
    for cause in CAUSES:
        channel = drawn(cause, 2)
        louder = replace(channel, noise=replace(channel.noise, floor_dbm_hz=channel.noise.floor_dbm_hz + 20.0))
        for hz in rng.sample(ACTIVE_HZ, 20):
            assert louder.snr_db(hz, 0.0) < channel.snr_db(hz, 0.0)
