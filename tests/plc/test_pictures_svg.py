"""The pictures of a report: sound XML, nothing loaded, the same bytes for the same map, and what they must show."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree

import pytest

from plc_tool.pictures.svg import difference_svg, map_svg
from v2g_tool.model.plc import LinkMap, Row, Spectrum, Tier

from .pictures_sample import (
    ERRORS_ONLY,
    MASK,
    ROBO,
    SERVICES,
    bit_loading,
    disturbed,
    drawn_texts,
    link,
    one_value,
    quiet,
    sounded,
)

QUIET, DISTURBED, SOUNDED = bit_loading(quiet), bit_loading(disturbed), sounded()
SVG = "{http://www.w3.org/2000/svg}"


@cache
def picture(drawn: LinkMap, limit_db: float | None = 10.0) -> bytes:
    return map_svg(drawn, MASK, SERVICES, title="cp-01 at depot <A&B>", limit_db=limit_db)


def hatched(svg: bytes) -> int:
    return sum(rect.get("fill") == "url(#notch)" for rect in ElementTree.fromstring(svg).iter(f"{SVG}rect"))


@pytest.mark.parametrize("drawn", [QUIET, SOUNDED, ROBO, ERRORS_ONLY], ids=["snr", "attenuation", "robo", "errors"])
def test_a_picture_is_self_contained_xml(drawn: LinkMap) -> None:
    svg = picture(drawn)
    root = ElementTree.fromstring(svg)

    assert root.tag == f"{SVG}svg"
    assert not {e.tag for e in root.iter()} & {f"{SVG}{name}" for name in ("script", "image", "use", "foreignObject")}
    assert b"http" not in svg.replace(b"http://www.w3.org/2000/svg", b"")
    assert b"href" not in svg


def test_the_same_map_gives_the_same_bytes() -> None:
    again = bit_loading(disturbed)

    assert picture.__wrapped__(again) == picture(DISTURBED)


def test_a_picture_of_a_report_stays_small() -> None:
    assert len(picture(DISTURBED)) < 100_000


def test_title_quantity_ends_time_and_mask_are_read_on_the_sheet() -> None:
    words = drawn_texts(picture(QUIET))

    assert "cp-01 at depot <A&B>" in words
    assert "SNR floor from bit loading (tier 2), high is good" in words
    assert "00:b0:52:aa:bb:01 hears 00:b0:52:cc:dd:02 · 2026-09-21 14:13:20 UTC · carrier mask north-america" in words
    assert "Frequency in MHz" in words
    assert "SNR in dB" in words
    assert "Attenuation in dB" in drawn_texts(picture(SOUNDED))


def test_the_limit_is_on_snr_maps_only() -> None:
    assert "limit 10 dB" in drawn_texts(picture(QUIET))
    assert "limit 10 dB" not in drawn_texts(picture(SOUNDED))
    assert "limit 10 dB" not in drawn_texts(picture(QUIET, limit_db=None))


def test_places_below_the_limit_are_marked_when_there_are_any() -> None:
    assert "below it in some row" in drawn_texts(picture(DISTURBED))
    assert "below it in some row" not in drawn_texts(picture(QUIET))


def test_notches_are_hatched_in_plot_and_heat_strip() -> None:
    assert hatched(picture(QUIET)) == 2 * len(MASK.notches()) + 1  # the legend has one too
    assert hatched(picture(bit_loading(quiet, 1))) == len(MASK.notches()) + 1


def test_each_row_of_the_heat_strip_has_name_and_time() -> None:
    words = drawn_texts(picture(QUIET))

    assert [word for word in words if word.startswith("slot")] == [f"slot {n}" for n in range(5)]
    assert [word for word in words if word.endswith(" ms")] == ["0 ms", "2 ms", "4 ms", "6 ms", "8 ms"]


def test_intervals_have_no_time_because_nobody_knows_it() -> None:
    rows = tuple(Row(f"interval {n}", float(n), (20.0,) * 917) for n in range(3))
    words = drawn_texts(picture(link(Tier.MODEM_SNR, Spectrum(MASK.carriers(), rows))))

    assert "interval 2" in words
    assert not any(word.endswith(" ms") for word in words)


def test_a_hit_service_is_named_in_the_header_and_above_the_plot() -> None:
    words = drawn_texts(picture(DISTURBED))

    assert any(word.startswith("Dip in the band of 13.56 MHz ISM (13.553-13.567 MHz): RFID") for word in words)
    assert "13.56 MHz ISM" in words


def test_names_above_the_plot_lie_within_the_sheet_and_do_not_overlap() -> None:
    root = ElementTree.fromstring(picture(DISTURBED))
    names = {service.name for service in SERVICES}
    spans: dict[str, list[tuple[float, float]]] = {}
    for text in root.iter(f"{SVG}text"):
        if text.text in names:
            x = float(text.get("x", ""))
            spans.setdefault(text.get("y", ""), []).append(
                (x, x + len(text.text) * float(text.get("font-size", "")) * 0.6)
            )

    assert sum(map(len, spans.values())) >= 10
    for lane in spans.values():
        ordered = sorted(lane)
        assert ordered[0][0] >= 0
        assert ordered[-1][1] <= float(root.get("width", ""))
        assert all(end < start for (_, end), (start, _) in itertools.pairwise(ordered))


def test_robo_default_is_a_sheet_with_words() -> None:
    words = " ".join(drawn_texts(picture(ROBO)))

    assert "ROBO default, no SNR information" in words
    assert "No values, so no picture." in words
    assert b"<path" not in picture(ROBO)


def test_error_rates_are_in_the_header() -> None:
    assert any("failed blocks 0" in word for word in drawn_texts(picture(ERRORS_ONLY)))


def test_missing_values_break_the_line_and_are_explained() -> None:
    values = tuple(None if 300 <= at < 400 else 28.0 for at in range(917))
    words = drawn_texts(picture(link(Tier.BIT_LOADING, Spectrum(MASK.carriers(), (Row("slot 0", 0.0, values),)))))

    assert "no value" in words
    assert "no value" not in drawn_texts(picture(QUIET))


def test_very_high_values_stay_on_the_sheet() -> None:
    words = drawn_texts(picture(sounded(base_db=240.0)))

    assert "300" in words


def test_a_single_point_is_drawn() -> None:
    assert b"<path" in picture(one_value(12.0))


# Before and after


def test_a_difference_shows_better_up_for_snr_and_for_attenuation() -> None:
    better = difference_svg(DISTURBED, QUIET, MASK, title="drive off")
    less = difference_svg(sounded(base_db=20.0), SOUNDED, MASK, title="short cable")
    worse = difference_svg(SOUNDED, sounded(base_db=20.0), MASK, title="long cable")

    blue, orange = b'fill="#0b5394"', b'fill="#c75b00"'
    # The legend has each colour once.
    assert (better.count(blue), better.count(orange)) == (2, 1)
    assert (less.count(blue), less.count(orange)) == (2, 1)
    assert (worse.count(blue), worse.count(orange)) == (1, 2)


def test_a_difference_names_both_maps_and_is_the_same_every_time() -> None:
    words = drawn_texts(difference_svg(DISTURBED, QUIET, MASK, SERVICES, title="drive off"))

    assert any(word.startswith("before: 00:b0:52:aa:bb:01 hears") for word in words)
    assert any(word.startswith("after: 00:b0:52:aa:bb:01 hears") for word in words)
    assert "Improvement in dB" in words
    assert difference_svg(DISTURBED, QUIET, MASK) == difference_svg(DISTURBED, QUIET, MASK)


def test_maps_of_different_tiers_are_not_compared() -> None:
    assert any("no values of one quantity" in word for word in drawn_texts(difference_svg(QUIET, SOUNDED, MASK)))
    assert any("no values of one quantity" in word for word in drawn_texts(difference_svg(QUIET, ROBO, MASK)))


def test_maps_without_a_common_point_are_not_compared() -> None:
    svg = difference_svg(one_value(1.0, mhz=10.0), one_value(1.0, mhz=11.0), MASK)

    assert any("no point in common" in word for word in drawn_texts(svg))


def test_flags_of_both_maps_are_said() -> None:
    svg = difference_svg(replace(SOUNDED, flags=("saturated",)), SOUNDED, MASK)

    assert any("receiver is at its limit" in word for word in drawn_texts(svg))
