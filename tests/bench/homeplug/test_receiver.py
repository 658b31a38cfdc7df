"""What modems report follows from the channel: honest estimates with honest errors."""

from __future__ import annotations

import statistics
from dataclasses import replace
from functools import cache
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v2g_tool.bench.homeplug.channel import CAUSES, Cause, Channel, draw
from v2g_tool.bench.homeplug.noise_sources import MainsImpulses, decibels, slot_window, window
from v2g_tool.bench.homeplug.receiver import (
    BLOCK_BITS,
    COMBS,
    Counters,
    Traffic,
    bit_error_ratio,
    block_error_ratio,
    collision_ratio,
    modem_snr,
    sound_profile,
    tone_map,
)

FLOORS_DB = (0, 2, 4, 7, 10, 16, 22, 28)


drawn = cache(draw)


def weaker(channel: Channel, loss_db: float) -> Channel:
    return replace(channel, line=replace(channel.line, lost_at_sender_db=loss_db))


def bursty(level_dbm_hz: float = -70.0) -> Channel:
    """A sound channel with bursts from 0.2 to 0.4 of the half cycle: 2 to 4 ms after a zero crossing at 50 Hz."""
    channel = drawn("clean", 1)
    return replace(channel, noise=replace(channel.noise, impulses=MainsImpulses(level_dbm_hz, 0.0, 0.2, 0.2)))


def profiles(channel: Channel, step_s: float, start_s: float = 0.0, seed: int = 1) -> list[list[int]]:
    rng = Random(seed)
    return [sound_profile(channel, start_s + n * step_s, rng) for n in range(10)]


def spreads_db(sounds: list[list[int]]) -> list[float]:
    return [statistics.pstdev(group) for group in zip(*sounds, strict=True)]


@pytest.mark.parametrize("cause", CAUSES)
def test_a_tone_map_has_a_code_for_each_active_carrier_and_rarely_promises_too_much(cause: Cause) -> None:
    channel = drawn(cause, 3)

    for slot in range(6):
        codes = tone_map(channel, slot, 6, Random(slot))
        true_db = [decibels(ratio) for ratio in channel.snr_ratios(slot_window(slot, 6))]

        assert len(codes) == 917
        assert set(codes) <= set(range(8))
        promised = [FLOORS_DB[code] > snr_db for code, snr_db in zip(codes, true_db, strict=True) if code]
        assert sum(promised) <= 0.06 * len(codes)


def test_a_tone_map_uses_what_the_line_offers() -> None:
    channels = [drawn("clean", seed) for seed in range(5)]

    codes = [statistics.fmean(tone_map(channel, 0, 6, Random(1))) for channel in channels]
    lossy = [statistics.fmean(tone_map(weaker(channel, 20.0), 0, 6, Random(1))) for channel in channels]

    assert statistics.median(codes) > 6.0
    assert all(less < full - 1.0 for less, full in zip(lossy, codes, strict=True))


def test_the_estimate_of_a_carrier_changes_a_little_from_map_to_map() -> None:
    channel = weaker(drawn("clean", 3), 15.0)
    one, two = tone_map(channel, 0, 6, Random(1)), tone_map(channel, 0, 6, Random(2))

    changed = [abs(a - b) for a, b in zip(one, two, strict=True)]

    assert 0.02 < statistics.fmean(step > 0 for step in changed) < 0.5
    assert max(changed) <= 2


def test_bursts_lower_the_codes_of_the_slots_they_fall_into_only() -> None:
    means = [statistics.fmean(tone_map(bursty(), slot, 6, Random(slot))) for slot in range(6)]

    assert max(means[1:3]) < 2.0
    assert min(means[0], *means[3:]) > 5.0


def test_a_profile_reads_the_attenuation_of_each_group_on_a_quiet_line() -> None:
    for seed in range(10):
        channel = drawn("clean", seed)
        sounds = profiles(channel, 0.031)
        medians_db = [statistics.median(group) for group in zip(*sounds, strict=True)]

        for measured_db, true_db in zip(medians_db, channel.readings_db(), strict=True):
            assert measured_db == pytest.approx(true_db, abs=2.5)


@settings(max_examples=60)
@given(st.sampled_from(CAUSES), st.integers(0, 5), st.floats(0.0, 1e6), st.integers(0, 1000))
def test_a_profile_is_58_whole_numbers_from_zero_on(cause: Cause, seed: int, time_s: float, noise: int) -> None:
    values = sound_profile(drawn(cause, seed), time_s, Random(noise))

    assert len(values) == 58
    assert all(isinstance(value, int) and 0 <= value < 128 for value in values)


def test_sounds_repeat_as_well_as_on_a_quiet_bench() -> None:
    spread_db = [spreads_db(profiles(drawn("clean", seed), 0.031, seed=seed)) for seed in range(50)]
    means_db = [statistics.fmean(one) for one in spread_db]

    assert 0.2 < statistics.median(means_db) < 1.0
    assert statistics.median(max(one) for one in spread_db) < 3.2


def test_noise_stronger_than_the_signal_makes_the_line_look_shorter() -> None:
    quiet = sound_profile(bursty(), 0.006, Random(1))
    noisy = sound_profile(bursty(), 0.003, Random(1))

    assert statistics.fmean(noisy) < statistics.fmean(quiet) - 3.0


def test_sounds_in_step_with_the_mains_see_one_phase_and_jittered_ones_see_all() -> None:
    locked_db = statistics.fmean(spreads_db(profiles(bursty(), 0.020, 0.006)))
    walking_db = statistics.fmean(spreads_db(profiles(bursty(), 0.023, 0.006)))

    assert locked_db < 1.0
    assert walking_db > 2.0


def test_an_overdriven_receiver_reports_zeros() -> None:
    for seed in range(5):
        assert sound_profile(drawn("saturation", seed), 0.0, Random(1)).count(0) >= 4
        assert sound_profile(drawn("clean", seed), 0.0, Random(1)).count(0) == 0


def test_the_four_combs_of_a_modem_make_up_the_snr_of_all_carriers() -> None:
    channel = drawn("mismatch", 2)
    combs = [modem_snr(channel, comb, 0.0, Random(comb)) for comb in range(COMBS)]
    true_db = [decibels(ratio) for ratio in channel.snr_ratios(window(0.0, 1 / 600, 50.0))]

    assert sum(map(len, combs)) == 917
    for comb, values in enumerate(combs):
        errors_db = [value - true_db[k] for value, k in zip(values, range(comb, 917, COMBS), strict=True)]
        assert abs(statistics.fmean(errors_db)) < 1.0
        assert max(map(abs, errors_db)) < 5.0


def test_error_rates_rise_with_the_loss_and_blocks_fail_last() -> None:
    losses = [weaker(drawn("clean", 4), 4.0 * n) for n in range(15)]
    bits, blocks = [bit_error_ratio(one) for one in losses], [block_error_ratio(one) for one in losses]

    assert bits == sorted(bits)
    assert blocks == sorted(blocks)
    assert bits[0] < 2e-4
    assert bits[-1] > 0.3
    assert max(b for b, ber in zip(blocks, bits, strict=True) if ber < 0.03) < 1e-3
    assert min(b for b, ber in zip(blocks, bits, strict=True) if ber > 0.2) > 0.99


def test_sound_links_count_as_few_bit_errors_as_the_captures() -> None:
    ratios = [bit_error_ratio(drawn("clean", seed)) for seed in range(25)]

    assert min(ratios) > 3e-6
    assert max(ratios) < 1e-3
    assert statistics.median(ratios) < 1e-4


def test_noise_raises_the_bit_errors_though_the_attenuation_stays() -> None:
    for cause in ("broadband-low", "mains-synchronous"):
        rises = []
        for seed in range(7):
            noisy = drawn(cause, seed)
            quiet = replace(noisy, noise=replace(noisy.noise, drive=None, impulses=None))
            rises.append(bit_error_ratio(noisy) / bit_error_ratio(quiet))
            assert noisy.readings_db() == quiet.readings_db()

        assert min(rises) >= 1.0
        assert statistics.median(rises) > 2.0


def test_a_neighbour_without_isolation_makes_collisions() -> None:
    for seed in range(5):
        assert collision_ratio(drawn("crosstalk", seed)) > 5 * collision_ratio(drawn("clean", seed))


@settings(max_examples=60)
@given(st.sampled_from(CAUSES), st.integers(0, 3), st.integers(0, 20000), st.integers(0, 1000))
def test_counters_account_for_every_block(cause: Cause, seed: int, blocks: int, noise: int) -> None:
    counters = Counters()

    counters.add_traffic(drawn(cause, seed), blocks, Random(noise))

    for one in (counters.tx, counters.rx):
        assert one.pb_passed + one.pb_failed == blocks
        assert one.mpdu_acknowledged + one.mpdu_failed <= blocks
        assert min(vars(one).values()) >= 0
        assert one.bit_errors_passed + one.bit_errors_failed <= blocks * BLOCK_BITS


def test_counters_only_grow_and_follow_the_expected_ratios() -> None:
    channel, counters, rng = weaker(drawn("clean", 4), 40.0), Counters(), Random(1)
    seen = []
    for _ in range(20):
        counters.add_traffic(channel, 1000, rng)
        seen.append(vars(counters.rx).copy())

    assert all(b[name] >= a[name] for a, b in pairwise(seen) for name in a)
    received = counters.rx
    errors = received.bit_errors_passed + received.bit_errors_failed
    assert errors / (20000 * BLOCK_BITS) == pytest.approx(bit_error_ratio(channel), rel=0.15)
    assert received.pb_failed / 20000 == pytest.approx(block_error_ratio(channel), abs=0.02)


@pytest.mark.parametrize("cause", CAUSES)
def test_the_same_generator_gives_the_same_reports(cause: Cause) -> None:
    def reports() -> tuple[object, ...]:
        channel, rng, traffic = draw(cause, 6), Random(9), Traffic()
        traffic.add(channel, 500, rng)
        return tone_map(channel, 1, 5, rng), sound_profile(channel, 0.01, rng), modem_snr(channel, 2, 0.0, rng), traffic

    assert reports() == reports()
