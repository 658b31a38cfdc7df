"""The picture on a terminal: fits, reads without colour and in ASCII, invents nothing."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import pytest
from rich.console import Console

from plc_tool.pictures.curve import curve_of, hits
from plc_tool.pictures.hold import hold
from plc_tool.pictures.terminal import SCREEN, Screen, hold_text, map_text
from v2g_tool.model.plc import LinkMap, Row, Spectrum, Tier

from .pictures_sample import ERRORS_ONLY, MASK, ROBO, SERVICES, bit_loading, disturbed, link, one_value, quiet, sounded

QUIET, DISTURBED, SOUNDED = bit_loading(quiet), bit_loading(disturbed), sounded()
BARS = "█▓░▁▂▃▄▅▆▇"


@cache
def lines(drawn: LinkMap, screen: Screen = SCREEN, limit_db: float | None = 10.0) -> list[str]:
    return map_text(drawn, MASK, SERVICES, limit_db=limit_db, screen=screen).plain.splitlines()


def plot(drawn: LinkMap, screen: Screen = SCREEN) -> list[str]:
    """Give the bars only, from the top line down, without the values on the left."""
    return [line.split("┤", 1)[1] for line in lines(drawn, screen) if "┤" in line]


@pytest.mark.parametrize("width", [30, 63, 80, 200])
@pytest.mark.parametrize("height", [8, 16, 40])
@pytest.mark.parametrize("drawn", [QUIET, DISTURBED, SOUNDED, ROBO], ids=["quiet", "disturbed", "sounded", "robo"])
def test_a_picture_fits_its_screen(drawn: LinkMap, width: int, height: int) -> None:
    shown = lines(drawn, Screen(width, height))

    assert len(shown) <= height
    assert max(map(len, shown)) <= width


def test_all_lines_of_a_plot_end_in_the_same_column() -> None:
    assert {len(bars) for bars in plot(DISTURBED)} == {73}


def test_a_picture_names_quantity_tier_direction_and_ends() -> None:
    assert lines(QUIET)[0] == "SNR floor from bit loading (tier 2), high is good"
    assert lines(QUIET)[1] == '00:b0:52:aa:bb:01 hears 00:b0:52:cc:dd:02 · 28 dB means "at least"'
    assert lines(SOUNDED)[0] == "Attenuation map from SLAC sounding (tier 3), low is good"


def test_a_terminal_without_unicode_gets_ascii() -> None:
    for drawn in (QUIET, DISTURBED, SOUNDED, ROBO, ERRORS_ONLY):
        for encoding in ("ascii", "latin-1", "no-such-encoding"):
            "\n".join(lines(drawn, Screen(80, 16, encoding))).encode("ascii")


def test_a_terminal_with_code_page_437_keeps_to_what_it_has() -> None:
    "\n".join(lines(DISTURBED, Screen(80, 16, "cp437"))).encode("cp437")


def test_rich_prints_the_lines_as_they_are() -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(map_text(DISTURBED, MASK, SERVICES, limit_db=10))

    assert isinstance(console.file, io.StringIO)
    assert [line.rstrip() for line in console.file.getvalue().splitlines()] == [s.rstrip() for s in lines(DISTURBED)]


def test_text_from_outside_is_no_markup_and_moves_no_cursor() -> None:
    named = replace(QUIET, reporter="[bold]\x1b[2J", peer="a\nb")

    assert "[bold]?[2J hears a b" in lines(named)[1]


# Values


def test_the_axis_is_in_megahertz_from_2_to_30() -> None:
    axis = next(line for line in lines(QUIET) if "MHz└" in line)

    assert [number for number in axis.replace("┆", "─").replace("└", "─").split("─") if number] == [
        "   MHz", *map(str, range(2, 31, 2)),
    ]  # fmt: skip


def test_a_clean_map_has_its_bars_at_one_height_and_no_mark_below_the_limit() -> None:
    assert set("".join(plot(QUIET)).replace("┆", "")) <= set("█▅ ")
    assert "×" not in "".join(lines(QUIET))


def test_a_column_below_the_limit_is_marked_at_its_foot() -> None:
    foot = plot(DISTURBED)[-1]

    # 13.56 MHz lies in column (13.56 - 1.8) / (30 - 1.8) * 73
    assert [at for at, mark in enumerate(foot) if mark == "×"] == [30]


def test_the_legend_explains_only_what_is_there() -> None:
    assert "_ 10 dB limit  ┆ notch" in lines(QUIET)[-1]
    assert "× below it" in lines(DISTURBED)[-2]
    assert "limit" not in "".join(lines(SOUNDED))


def test_a_limit_between_two_line_edges_is_drawn_within_its_line() -> None:
    bars = plot(link(Tier.MODEM_SNR, Spectrum(MASK.carriers(), (Row("interval 0", 0.0, (4.0,) * 917),))))

    assert any(set(line.replace("┆", "")) == {"_"} for line in bars)


def test_the_range_over_the_slots_is_shaded() -> None:
    low_end = "".join(line[:15] for line in plot(DISTURBED))

    assert "▓" in low_end  # slot 2 is worse than the median below 8 MHz
    assert "▓" not in "".join(line[40:] for line in plot(DISTURBED))


def test_slots_are_lines_of_a_heat_strip_that_show_mains_synchronous_noise() -> None:
    strip = {line[:6]: line[7:] for line in lines(DISTURBED) if line.startswith("slot")}

    assert list(strip) == [f"slot {n}" for n in range(5)]
    assert strip["slot 2"][:12] != strip["slot 1"][:12] == strip["slot 3"][:12]


def test_the_heat_strip_gives_way_to_one_line_of_spread_on_a_low_screen() -> None:
    shown = lines(DISTURBED, Screen(80, 11))

    assert not any(line.startswith("slot") for line in shown)
    assert any(line.startswith("spread") for line in shown)


def test_sounds_are_one_line_of_spread() -> None:
    assert sum(line.startswith("spread") for line in lines(SOUNDED)) == 1
    assert not any(line.startswith("spread") for line in lines(sounded(sounds=1)))


def test_long_names_of_rows_keep_their_number() -> None:
    rows = tuple(Row(f"interval {n}", 0.0, (20.0,) * 917) for n in range(2))
    shown = lines(link(Tier.MODEM_SNR, Spectrum(MASK.carriers(), rows)))

    assert [line[:6] for line in shown if line.startswith(" int")] == [" int 0", " int 1"]


def test_notches_are_columns_of_their_own_glyph() -> None:
    foot = plot(QUIET)[-1]

    assert foot.endswith("┆┆┆┆┆")  # 27.93 to 30 MHz
    assert set(foot[:-5]) <= {"█", "┆"}


def test_carriers_without_a_value_are_question_marks_not_zeros() -> None:
    values = tuple(None if 300 <= at < 400 else 28.0 for at in range(917))
    shown = plot(link(Tier.BIT_LOADING, Spectrum(MASK.carriers(), (Row("slot 0", 0.0, values),))))

    assert "???" in shown[-1]
    assert not any(mark in BARS for mark in (line[shown[-1].index("?")] for line in shown))


def test_zero_is_a_value() -> None:
    assert "▁" in plot(link(Tier.ATTENUATION, Spectrum(MASK.groups(), (Row("sound 1", 0.0, (0.0,) * 58),))))[-1]


# Known services


def test_a_dip_in_the_band_of_a_known_service_names_it_with_its_owner() -> None:
    assert lines(DISTURBED)[-1].startswith("Dip in the band of 13.56 MHz ISM (13.553-13.567 MHz): RFID or NFC reader")


def test_a_clean_map_names_no_service() -> None:
    assert "in the band of" not in "".join(lines(QUIET) + lines(SOUNDED))


def test_a_peak_of_attenuation_is_a_hit_and_a_dip_is_none() -> None:
    values = [10.0] * 58
    values[16] = 30.0  # 9.790 to 10.400 MHz
    peak = link(Tier.ATTENUATION, Spectrum(MASK.groups(), (Row("sound 1", 0.0, tuple(values)),)))
    values[16] = 0.0
    dip = link(Tier.ATTENUATION, Spectrum(MASK.groups(), (Row("sound 1", 0.0, tuple(values)),)))
    peaked, dipped = curve_of(peak, MASK.notches()), curve_of(dip, MASK.notches())

    assert peaked is not None
    assert dipped is not None
    assert "30 m amateur" not in {s.name for s in hits(dipped, SERVICES, "attenuation")}
    assert "31 m broadcast" in {s.name for s in hits(peaked, SERVICES, "attenuation")}


# Maps that hold nothing


def test_robo_default_is_words_and_no_picture() -> None:
    shown = lines(ROBO)

    assert "ROBO default, no SNR information" in " ".join(shown)
    assert not set("".join(shown)) & set(BARS)


@pytest.mark.parametrize("flag", ["robo-default", "synthetic", "no-measurement", "unknown-carriers"])
def test_a_flag_that_denies_the_values_keeps_them_out_of_the_picture(flag: str) -> None:
    shown = lines(replace(QUIET, flags=(flag,)))  # type: ignore[arg-type]

    assert shown[2].startswith("! ")
    assert not set("".join(shown)) & set(BARS)


def test_a_saturated_map_is_drawn_with_its_flag() -> None:
    shown = lines(replace(SOUNDED, flags=("saturated",)))

    assert "receiver is at its limit" in shown[-1]
    assert any("█" in line for line in shown)


def test_error_rates_are_said_in_words() -> None:
    text = " ".join(lines(ERRORS_ONLY))

    assert "bit errors before decoding 0.0011, failed blocks 0, lost MPDUs 0.004; 259 blocks" in text


def test_nothing_at_all_is_said_too() -> None:
    assert "No values: nothing was measured." in lines(link(Tier.MODEM_SNR, None))[-1]
    assert "No values: nothing was measured." in lines(one_value(None))[-1]


# Watching


def test_a_hold_keeps_lowest_and_highest_and_shows_the_latest() -> None:
    held = hold(one_value(20.0), ()).add(one_value(5.0), ()).add(one_value(12.0), ())

    assert held.maps == 3
    assert held.curve is not None
    assert (held.curve.lowest, held.curve.middle, held.curve.highest) == ((5.0,), (12.0,), (20.0,))
    assert "held over 3 maps" in hold_text(held, MASK, ()).plain


def test_a_hold_takes_a_value_where_there_was_none() -> None:
    points = one_value(1.0).spectrum
    assert points is not None
    two = tuple(replace(points.points[0], low_hz=f, high_hz=f + 1) for f in (10e6, 11e6))

    held = hold(link(Tier.MODEM_SNR, Spectrum(two, (Row("", 0, (None, 3.0)),))), ())
    held = held.add(link(Tier.MODEM_SNR, Spectrum(two, (Row("", 0, (7.0, None)),))), ())

    assert held.curve is not None
    assert held.curve.lowest == held.curve.highest == (7.0, 3.0)
    assert held.curve.middle == (7.0, None)


@pytest.mark.parametrize(
    "other",
    [replace(one_value(9.0), peer="another"), replace(one_value(9.0), tier=Tier.ATTENUATION), one_value(9.0, mhz=11.0)],
    ids=["peer", "tier", "points"],
)
def test_a_map_of_something_else_begins_a_new_hold(other: LinkMap) -> None:
    held = hold(one_value(20.0), ()).add(other, ())

    assert held.maps == 1
    assert held.curve is not None
    assert held.curve.highest == (9.0,)


def test_a_round_without_values_shows_its_reason_and_loses_nothing() -> None:
    empty = replace(one_value(None), flags=("no-measurement",))
    held = hold(one_value(20.0), ()).add(empty, ())

    assert "no measurement" in hold_text(held, MASK, ()).plain
    assert "┤" not in hold_text(held, MASK, ()).plain
    again = held.add(one_value(5.0), ())
    assert again.curve is not None
    assert again.curve.highest == (20.0,)
