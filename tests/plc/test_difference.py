"""Comparing two maps of one link."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from plc_tool.rules.difference import difference
from v2g_tool.errors import RequestError
from v2g_tool.model.plc import ErrorRates, LinkMap, Tier

from .maps import NOISY, QUIET, attenuation, floors


def flat(level_db):
    return lambda *_: level_db


def drive_noise(mhz, _slot):
    """SNR under a drive: 18 dB lost at the low end, nothing above 12 MHz."""
    return 24 - max(0.0, 18 * (1 - mhz / 12))


def test_an_unchanged_attenuation_map_shows_no_change():
    found = difference(attenuation(flat(18), seed=1), attenuation(flat(18), seed=2))

    assert found.verdict == "unchanged"
    assert found.regions == ()
    assert "no change" in found.sentence


def test_an_unchanged_tone_map_shows_no_change():
    assert difference(floors(flat(19), seed=1), floors(flat(19), seed=2)).verdict == "unchanged"


def test_unchanged_links_are_called_changed_at_most_once_in_twenty():
    pairs = [(2 * n, 2 * n + 1) for n in range(20)]

    wrong = sum(
        difference(attenuation(flat(18), seed=a, sd=1.5), attenuation(flat(18), seed=b, sd=1.5)).verdict != "unchanged"
        for a, b in pairs
    )

    assert wrong <= 1


def test_less_attenuation_is_better_and_the_gain_is_inside_its_interval():
    found = difference(attenuation(flat(24), seed=1), attenuation(flat(18), seed=2))

    assert found.verdict == "better"
    assert found.whole.gain.low <= 6 <= found.whole.gain.high
    assert "better by 6." in found.sentence or "better by 5.9" in found.sentence


def test_more_attenuation_is_worse_and_is_told_as_a_positive_amount():
    found = difference(attenuation(flat(18), seed=1), attenuation(flat(24), seed=2))

    assert found.verdict == "worse"
    assert found.whole.gain.value == pytest.approx(-6, abs=0.5)
    assert "worse by 6.0 dB" in found.sentence


def test_a_drive_switched_off_helps_at_low_frequencies_only():
    found = difference(floors(drive_noise, seed=1), floors(flat(24), seed=2))

    assert found.verdict == "better"
    assert found.regions[0].band.low_hz < 2.2e6
    assert 9e6 < found.regions[-1].band.high_hz < 12.5e6
    assert found.regions[0].p_value <= 0.05


def test_a_stub_that_moves_notches_is_mixed():
    def comb(phase):
        return lambda mhz, _t: 22 + 6 * math.cos(2 * math.pi * mhz / 5 + phase)

    found = difference(attenuation(comb(0), seed=1), attenuation(comb(math.pi), seed=2))

    assert found.verdict == "mixed"
    assert {region.verdict for region in found.regions} == {"better", "worse"}


def test_one_sound_with_an_impulse_is_no_change():
    def struck(_mhz, time_s):
        return 46 if time_s == 0.0 else 18

    assert difference(attenuation(flat(18), seed=1), attenuation(struck, seed=2)).verdict == "unchanged"


def test_carriers_at_the_top_of_the_constellation_are_named_as_blind():
    found = difference(floors(flat(34), seed=1), floors(flat(34), seed=2))

    assert "917 of 917 carriers are at the top of the constellation" in found.sentence


def test_what_a_charger_reports_once_is_compared_as_a_whole():
    before, after = (attenuation(flat(level), times=(0.0,), seed=level, flags=("reported-mean",)) for level in (24, 18))

    found = difference(before, after)

    assert found.verdict == "better"
    assert found.regions == ()


def test_fewer_lost_blocks_are_better_even_when_the_attenuation_stays():
    found = difference(attenuation(flat(18), seed=1, errors=NOISY), attenuation(flat(18), seed=2, errors=QUIET))

    assert found.verdict == "better"
    assert found.whole.verdict == "unchanged"
    lost = found.errors[0]
    assert lost.rise.low < -0.06 < lost.rise.high < 0
    assert "Blocks lost fell: 6 % before, 0 % after" in found.sentence


def test_attenuation_that_changes_comes_with_the_warning_that_noise_reads_as_less_of_it():
    found = difference(attenuation(flat(18), seed=1, errors=NOISY), attenuation(flat(20), seed=2, errors=QUIET))

    assert found.verdict == "mixed"
    assert found.sentence.endswith("where noise went away, it reads more attenuation, and less where noise came.")


def test_floors_that_differ_by_less_than_their_steps_are_no_change():
    found = difference(floors(flat(18), seed=1), floors(flat(19), seed=2))

    assert found.verdict == "unchanged"


def test_two_maps_of_error_rates_alone_are_compared():
    maps = [LinkMap(Tier.ERROR_RATE, "a", "b", None, errors=errors) for errors in (QUIET, NOISY)]

    found = difference(*maps)

    assert (found.quantity, found.verdict, found.whole) == ("error rates", "worse", None)


def test_too_few_blocks_are_not_compared():
    few = ErrorRates(40, 0.5, 0.1, 0.1, 1.0)
    maps = [LinkMap(Tier.ERROR_RATE, "a", "b", None, errors=errors) for errors in (few, QUIET)]

    assert difference(*maps).errors == ()
    assert "enough blocks" in difference(*maps).sentence


def test_values_that_are_missing_in_one_map_are_left_out():
    before, after = attenuation(flat(24), seed=1), attenuation(flat(18), seed=2)
    gap = tuple(replace(row, values=(None, *row.values[1:])) for row in after.spectrum.rows)

    found = difference(before, replace(after, spectrum=replace(after.spectrum, rows=gap)))

    assert found.regions[0].band.low_hz == before.spectrum.points[1].low_hz


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tier": Tier.MODEM_SNR}, "modem SNR"),
        ({"mask_id": "elsewhere"}, "different carriers"),
        ({"spectrum": None, "flags": ("synthetic",)}, "no measurement (synthetic)"),
        ({"flags": ("reported-mean",)}, "reported"),
    ],
)
def test_maps_that_measure_different_things_are_not_compared(change, words):
    link = attenuation(flat(18))

    with pytest.raises(RequestError) as caught:
        difference(link, replace(link, **change))

    assert words in str(caught.value)
    assert caught.value.todo
