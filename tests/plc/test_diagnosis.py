"""Causes named from maps that were written down by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc_tool.rules.diagnosis import blind_spots, diagnose
from plc_tool.rules.link_class import classify
from v2g_tool.model.carriers import NORTH_AMERICA
from v2g_tool.model.plc import Band, ErrorRates, LinkMap, Row, Service, Spectrum, Tier

from .maps import CARRIERS, GROUPS, NOISY, QUIET, attenuation, floors

SERVICES = (
    Service("49 m broadcast", "shortwave broadcaster", Band(5.9e6, 6.2e6)),
    Service("CB radio", "radio in a vehicle", Band(26.96e6, 27.41e6)),
)
LOCKED_S = tuple(0.020 * sound for sound in range(10))


def named(*maps, mains_hz=50.0):
    return diagnose(maps, NORTH_AMERICA, SERVICES, mains_hz)


def checks(*maps, mains_hz=50.0):
    return [cause.check.id for cause in named(*maps, mains_hz=mains_hz)]


def sound(mhz, _time_s=0.0):
    """A working link: 16 dB at the lower end, 2 dB more at the upper."""
    return 16 + 0.5 * math.sqrt(mhz)


def short_of(mhz, centre_mhz, width_mhz, depth_db):
    """A hole with the skirts of a transmitter."""
    return depth_db / (1 + ((mhz - centre_mhz) / width_mhz) ** 2)


def test_a_sound_link_has_no_cause_at_any_tier():
    assert checks(attenuation(sound, errors=QUIET)) == []
    assert checks(floors(lambda *_: 34, errors=QUIET)) == []


def test_loss_that_grows_with_the_root_of_frequency_is_a_long_cable():
    found = named(attenuation(lambda mhz, _: 14 + 5 * math.sqrt(mhz)))

    assert [cause.check.id for cause in found] == ["PLC-LONG-CABLE"]
    assert "5.0 dB for each √MHz" in found[0].statement
    assert found[0].confidence > 0.8


def test_snr_that_falls_with_frequency_is_a_long_cable():
    assert checks(floors(lambda mhz, _: 32 - 5 * math.sqrt(mhz)))[0] == "PLC-LONG-CABLE"


def test_a_ripple_of_4_mhz_is_a_reflection_over_23_metres():
    found = named(attenuation(lambda mhz, _: 18 + 3 * math.cos(2 * math.pi * mhz / 4)))

    assert found[0].check.id == "PLC-MISMATCH"
    assert "about 22 m (19-26 m)" in found[0].statement  # 0.6 c / (2 · 4 MHz) = 22.5 m
    period = next(e for e in found[0].evidence if e.name == "period")
    assert float(period.value) == pytest.approx(4.0, abs=0.05)


def test_the_slow_ripple_of_a_charging_cable_of_six_metres_is_no_cause():
    assert checks(attenuation(lambda mhz, _: 17 + 2 * math.cos(2 * math.pi * mhz / 15))) == []


def test_a_flat_offset_is_a_coupling_loss():
    found = named(attenuation(lambda mhz, _: 20 + sound(mhz)))

    assert [cause.check.id for cause in found] == ["PLC-COUPLING"]
    assert "Some chargers calibrate up to 10 dB away" in found[0].statement


def test_a_flat_loss_of_snr_is_told_with_its_ambiguity():
    found = named(floors(lambda *_: 13))

    assert [cause.check.id for cause in found] == ["PLC-COUPLING"]
    assert "or noise is as strong everywhere" in found[0].statement


def test_a_transmitter_is_named_with_the_owner_of_its_band():
    found = named(floors(lambda mhz, _: 33 - short_of(mhz, 6.07, 0.1, 30)))

    assert [cause.check.id for cause in found] == ["PLC-NARROWBAND"]
    assert "4 carriers in a narrow hole are below 10 dB; the largest at 6.08 MHz" in found[0].statement
    assert "49 m broadcast, usually of: shortwave broadcaster" in found[0].statement
    assert found[0].band.low_hz < 6.07e6 < found[0].band.high_hz


def test_a_transmitter_in_nobodys_band_says_so():
    found = named(floors(lambda mhz, _: 33 - short_of(mhz, 8.3, 0.1, 30)))

    assert "No known service has this band" in found[0].statement


def test_weak_carriers_beside_the_masked_ranges_are_no_transmitter():
    def filtered(mhz, _slot):
        distance = min(
            abs(mhz - edge / 1e6) for notch in NORTH_AMERICA.notches() for edge in (notch.low_hz, notch.high_hz)
        )
        return 34 - 25 / (1 + (distance / 0.06) ** 2)

    assert checks(floors(filtered)) == []


def test_noise_of_a_drive_is_strongest_at_low_frequencies():
    found = named(floors(lambda mhz, _: min(34, 4 + 60 * math.log10(max(mhz, 4) / 4))))

    assert found[0].check.id == "PLC-BROADBAND-LOW"
    assert found[0].band.low_hz < 2.5e6


def test_background_noise_that_falls_20_db_a_decade_is_no_drive():
    assert checks(floors(lambda mhz, _: 16 + 20 * math.log10(mhz / 2))) == []


def test_one_bad_slot_is_noise_in_step_with_the_mains():
    found = named(floors(lambda _, slot: 12 if slot == 3 else 32))

    assert [cause.check.id for cause in found] == ["PLC-MAINS-SYNCHRONOUS"]
    assert "SNR of slot 3" in found[0].statement
    assert "5.8 ms of the half cycle of 10.0 ms" in found[0].statement


def burst(mhz, time_s, drop_db=6):
    """Impulses in the first third of each half cycle of 50 Hz make the line look shorter."""
    return sound(mhz) - (drop_db if time_s * 100 % 1 < 0.31 else 0)


def test_sounds_that_differ_side_by_side_in_the_half_cycle_are_in_step_with_the_mains():
    found = named(attenuation(burst))

    assert [cause.check.id for cause in found] == ["PLC-MAINS-SYNCHRONOUS"]
    assert "4 of 10 sounds differ by up to -5.6 dB" in found[0].statement
    assert any(e.name == "side by side by chance" for e in found[0].evidence)


def test_the_same_impulses_are_unseen_when_the_sounds_are_locked_to_the_mains():
    locked = attenuation(burst, times=LOCKED_S)

    assert checks(locked) == []
    assert any("every 20.0 ms" in text and "can not be seen" in text for text in blind_spots(locked, 50.0))


def test_sounds_that_walk_through_the_cycle_are_not_blind_to_it():
    assert not any("mains half cycle" in text for text in blind_spots(attenuation(sound), 50.0))


def test_a_single_odd_sound_is_no_cause():
    assert checks(attenuation(lambda mhz, t: sound(mhz) + (28 if t == 0 else 0))) == []


def test_odd_sounds_in_no_order_are_impulses_not_the_mains():
    found = named(attenuation(lambda mhz, t: sound(mhz) + (6 if round(t / 0.033) in (0, 2, 4, 9) else 0)))

    assert [cause.check.id for cause in found] == ["PLC-NOISE"]
    assert "in no order" in found[0].statement


def test_a_neighbour_that_hears_the_ev_5_db_weaker_is_crosstalk():
    own, neighbour = attenuation(sound), attenuation(lambda mhz, _: 5 + sound(mhz), seed=2, reporter="neighbour")

    found = named(own, neighbour)

    assert [cause.check.id for cause in found] == ["PLC-CROSSTALK"]
    assert "only 5.0 dB weaker" in found[0].statement


def test_a_neighbour_22_db_away_is_none():
    far = attenuation(lambda mhz, _: 22 + sound(mhz), seed=2, reporter="neighbour")

    assert checks(attenuation(sound), far) == []


def test_what_a_charger_reports_is_not_compared_with_what_a_modem_measures():
    corrected = attenuation(sound, seed=2, reporter="neighbour", flags=("reported-mean",))

    assert checks(attenuation(sound), corrected) == []


def test_another_ev_at_the_neighbour_is_no_crosstalk():
    other = replace(attenuation(sound, seed=2, reporter="neighbour"), peer="02:00:00:00:00:01")

    assert checks(attenuation(sound), other) == []


def test_zeros_in_low_groups_are_a_saturated_receiver_and_hide_the_shape():
    found = named(attenuation(lambda mhz, _: 8 * math.sqrt(mhz) - 20, flags=("saturated",)))

    assert [cause.check.id for cause in found] == ["PLC-SATURATION"]
    assert "read 0 dB" in found[0].statement


def test_errors_on_a_link_with_normal_attenuation_are_noise():
    found = named(attenuation(sound, errors=NOISY))

    assert [cause.check.id for cause in found] == ["PLC-NOISE"]
    assert "6 % of 5000 blocks were lost" in found[0].statement
    assert "can not tell where in the spectrum" in found[0].statement


def test_errors_that_another_cause_explains_get_no_second_name():
    assert checks(attenuation(lambda mhz, _: 20 + sound(mhz), errors=NOISY)) == ["PLC-COUPLING"]


def test_too_few_blocks_prove_no_noise():
    assert checks(attenuation(sound, errors=replace(NOISY, blocks=60))) == []


def test_carriers_that_the_modem_masks_itself_are_noted_and_no_disturbance():
    found = named(floors(lambda mhz, _: -50 if 8.0 < mhz < 8.4 else 33))

    assert [cause.check.id for cause in found] == ["PLC-NOTCHES"]
    assert "no disturbance" in found[0].statement


@pytest.mark.parametrize("flag", ["robo-default", "synthetic", "no-measurement"])
def test_what_was_not_measured_has_no_shape(flag):
    assert checks(attenuation(lambda *_: 60, flags=(flag,))) == []
    assert checks(LinkMap(Tier.ATTENUATION, "a", "b", None, flags=(flag,))) == []


def test_no_map_has_no_cause():
    assert checks() == []


def test_a_ripple_explains_the_level_that_its_reflections_cost():
    found = checks(attenuation(lambda mhz, _: 27 + 3 * math.cos(2 * math.pi * mhz / 4)))

    assert found == ["PLC-MISMATCH"]


def test_a_map_at_the_ceiling_says_what_it_hides():
    assert "58 of 58 groups are at the top" in blind_spots(floors(lambda *_: 40), 50.0)[0]
    assert blind_spots(floors(lambda *_: 20), 50.0) == ()


def test_a_reported_mean_says_nothing_about_the_mains():
    one = attenuation(sound, times=(0.0,), flags=("reported-mean",))

    assert any("mean of several sounds" in text for text in blind_spots(one, 50.0))


@pytest.mark.parametrize(
    ("level_db", "errors", "name"),
    [
        (16, QUIET, "ok"),
        (30, QUIET, "cable-coupling"),
        (16, NOISY, "noise-EMI"),
        (30, NOISY, "cable and EMI"),
        (16, None, "unknown"),
    ],
)
def test_attenuation_and_errors_make_four_classes(level_db, errors, name):
    found = classify(attenuation(lambda *_: level_db, errors=errors))

    assert found.name == name
    assert found.statement.endswith(f"{name}.")


def test_snr_is_no_attenuation():
    assert classify(floors(lambda *_: 10, errors=NOISY)).attenuation == "unknown"


@pytest.mark.parametrize(
    ("blocks", "ratio", "level"),
    # plc links of public captures: QCA7000 charger 0.0027 %, QCA7005 vehicle 1.82 % with lamps on the line
    [(117, 2.7e-5, "normal"), (200, 1.82e-2, "raised"), (39, 1.82e-2, "unknown")],
)
def test_real_counters_are_classed_by_what_qpsk_needs(blocks, ratio, level):
    errors = ErrorRates(blocks, 0.0, ratio, 0.0, 10.0)

    assert classify(LinkMap(Tier.ERROR_RATE, "a", "b", None, errors=errors)).errors == level


def profile(text, *flags):
    """A profile of a public capture: 58 bytes of attenuation in hexadecimal."""
    values = tuple(float(v) for v in bytes.fromhex(text))
    spectrum = Spectrum(GROUPS, (Row("sound 1", 0.0, values),))
    return LinkMap(Tier.ATTENUATION, "a", "b", spectrum, None, None, flags, NORTH_AMERICA.id)


REPORT = (
    "0b0f110d1608150109120000001205040b040d120304050d171309090a"
    "0a0a0c0c0c1a0d0d0b0c0b090e160804030302040b0705060713221228"
)
BENCH = (
    "0e0d0d1010121913151615161517161613131413121111110f0d0b0a0a"
    "0a0a09090a0a0a0a0a0909090e11111314151a191d1d1c1e1d2426272c"
)
SUPERCHARGER = (
    "0f0e0f120e0e140f0f111111100f0f1210101112111110101110111111"
    "1111101113141313121313131514131413131212161514121117181824"
)


@pytest.mark.parametrize("link", [profile(REPORT, "reported-mean"), profile(BENCH), profile(SUPERCHARGER)])
def test_working_links_of_public_captures_have_no_cause(link):
    assert checks(link) == []


def test_groups_that_a_charger_corrected_to_zero_are_no_saturation():
    found = checks(profile("00" * 5 + "10" * 53, "reported-mean"))

    assert "PLC-SATURATION" not in found
    assert checks(profile("00" * 5 + "10" * 53)) == ["PLC-SATURATION"]


VALUES = st.one_of(st.none(), st.integers(0, 120).map(float))


@settings(max_examples=25)
@given(st.lists(st.lists(VALUES, min_size=58, max_size=58), min_size=1, max_size=4), st.sampled_from([50.0, 60.0]))
def test_any_attenuation_map_gives_causes_with_confidence_and_numbers(rows, mains_hz):
    spectrum = Spectrum(GROUPS, tuple(Row(f"sound {n}", 0.033 * n, tuple(row)) for n, row in enumerate(rows)))
    link = LinkMap(Tier.ATTENUATION, "a", "b", spectrum, None, NOISY)

    found = diagnose([link], NORTH_AMERICA, SERVICES, mains_hz)

    assert all(0 <= cause.confidence <= 1 and cause.statement.endswith(".") and cause.evidence for cause in found)
    assert blind_spots(link, mains_hz)


@settings(max_examples=12)
@given(st.lists(st.sampled_from([None, 0.0, 2.0, 4.0, 10.0, 28.0, 36.0]), min_size=30, max_size=30), st.integers(1, 6))
def test_any_bit_loading_map_gives_causes_with_confidence_and_numbers(pattern, slots):
    values = tuple(pattern[at * len(pattern) // len(CARRIERS)] for at in range(len(CARRIERS)))
    spectrum = Spectrum(CARRIERS, tuple(Row(f"slot {n}", 0.001 * n, values) for n in range(slots)))

    found = diagnose([LinkMap(Tier.BIT_LOADING, "a", "b", spectrum, 28.0)], NORTH_AMERICA, SERVICES, 50.0)

    assert all(0 <= cause.confidence <= 1 and cause.evidence for cause in found)
