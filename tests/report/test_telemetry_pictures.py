"""The picture and the tables of a backhaul: sound XML, nothing loaded, always the same bytes, and what they show."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.telemetry_sample import echoes_of, facts_of, piece_of, random_piece
from v2g_tool.backhaul.pictures.svg import telemetry_svg
from v2g_tool.backhaul.pictures.table import echoes_csv, telemetry_csv
from v2g_tool.backhaul.rules.facts import TelemetryFacts, TelemetryLimits
from v2g_tool.model.telemetry import Echo

SVG = "{http://www.w3.org/2000/svg}"
LIMITS = TelemetryLimits()
TITLE = "telemetry-srv:502 at depot <A&B>"
SOME = facts_of(
    piece_of([0, 3, 0, 1], 5, 100.0),
    piece_of([], 5, 105.5),
    echoes=tuple(replace(e, sent_s=e.sent_s + 100) for e in echoes_of([8.0, 200.0, None] * 30)),
    echo_kind="udp-echo",
)


def drawn(facts: TelemetryFacts, look: int = 1) -> bytes:
    return telemetry_svg(facts, LIMITS, look, title=TITLE)


def words(svg: bytes) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def fills(svg: bytes, fill: str) -> int:
    return sum(element.get("fill") == fill for element in ElementTree.fromstring(svg).iter())


@pytest.mark.parametrize("facts", [SOME, facts_of(), TelemetryFacts("h", 502)], ids=["some", "empty", "nobody"])
def test_a_picture_is_self_contained_xml_and_always_the_same(facts):
    svg = drawn(facts)
    root = ElementTree.fromstring(svg)

    assert root.tag == f"{SVG}svg"
    assert not {e.tag for e in root.iter()} & {f"{SVG}{name}" for name in ("script", "image", "use", "foreignObject")}
    assert b"http" not in svg.replace(b"http://www.w3.org/2000/svg", b"")
    assert svg == drawn(replace(facts))


def test_loss_jitter_round_trips_and_their_limits_are_read_on_the_sheet():
    said = words(drawn(SOME))

    assert TITLE in said
    assert "Loss of each second in %; no bar, no loss" in said
    assert "Jitter in ms (RFC 3550)" in said
    assert "UDP echo (RFC 862): round trips under load in ms" in said
    assert {"limit 0.1 %", "limit 100 ms", "Time in s", "late or unanswered at the top"} <= {*said}
    assert "90 round trips by UDP echo (RFC 862), 30 unanswered · 50 %: 200 ms, 99 %: no answer, limit 100 ms" in said
    assert any(word.startswith("4 of 8930 datagrams lost: 0.04479 %, ") for word in said)


def test_the_judged_percentile_is_a_line_beside_the_limit():
    said = words(drawn(replace(SOME, echoes=echoes_of([8.0] * 300))))

    assert "99 % 8 ms" in said
    assert "late" not in " ".join(said)


def test_a_second_in_which_nothing_arrived_is_hatched_and_explained():
    piece = piece_of([0, 0, 500], 5)
    silent = replace(piece, intervals=(piece.intervals[0], replace(piece.intervals[1], total=0), *piece.intervals[2:]))

    assert fills(drawn(facts_of(silent)), "url(#notch)") == 2  # the legend has one too
    assert "nothing arrived" in words(drawn(facts_of(silent)))
    assert fills(drawn(SOME), "url(#notch)") == 0


def test_a_clean_run_has_the_interval_and_no_bar():
    svg = drawn(facts_of(piece_of([], 10)))

    assert "0 of 8930 datagrams lost" in " ".join(words(svg))
    assert fills(svg, "#a9cbe8") == 2  # the interval, and its place in the legend
    assert "round trips" not in " ".join(words(svg))


def test_without_load_only_round_trips_are_drawn():
    said = words(drawn(TelemetryFacts("h", 502, echoes=echoes_of([5.0] * 40), echo_kind="modbus")))

    assert "Modbus/TCP transaction: round trips in ms" in said
    assert not any("Loss" in word for word in said)


def test_nothing_measured_is_said_in_words():
    assert "Nothing was measured, so there is no picture." in words(drawn(TelemetryFacts("h", 502)))


def test_a_piece_without_seconds_is_one_bar():
    assert "4 of 4465 datagrams lost" in " ".join(words(drawn(facts_of(piece_of([4], 5, intervals=())))))


def test_ten_minutes_stay_small_and_say_that_bars_stand_for_several_seconds():
    rng = random.Random(1)
    pieces = [random_piece(rng, 0.002, 60, 60.2 * at) for at in range(10)]
    echoes = tuple(Echo(at * 0.05, rng.lognormvariate(-4, 0.5)) for at in range(12_000))
    svg = drawn(facts_of(*pieces, echoes=echoes, echo_kind="icmp"), 4)

    assert len(svg) < 100_000
    assert "worst loss of some seconds" in words(svg)


def test_names_of_levels_do_not_lie_over_one_another():
    root = ElementTree.fromstring(drawn(replace(SOME, echoes=echoes_of([98.0] * 300))))
    levels = [t for t in root.iter(f"{SVG}text") if t.text in ("limit 100 ms", "99 % 98 ms")]
    upper, lower = sorted(float(t.get("y", "")) for t in levels)

    assert lower - upper >= 12


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(-5, 900), st.integers(0, 900), st.floats(-1, 1e4)), max_size=8),
    st.lists(st.none() | st.floats(0, 1e5), max_size=8),
)
def test_no_measurement_upsets_the_picture(seconds, times_ms):
    piece = piece_of([], len(seconds))
    odd = tuple(
        replace(interval, lost=lost, total=total, jitter_ms=jitter)
        for interval, (lost, total, jitter) in zip(piece.intervals, seconds, strict=True)
    )
    pieces = (replace(piece, intervals=odd),) if seconds else ()

    assert ElementTree.fromstring(drawn(facts_of(*pieces, echoes=echoes_of(times_ms)))).tag == f"{SVG}svg"


# Tables.


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_the_table_has_a_line_for_each_interval_on_one_time_axis():
    found = rows(telemetry_csv(SOME))

    assert found[0] == [
        *("piece", "start (s)", "end (s)", "received (Mbit/s)"),
        *("lost", "datagrams", "loss (%)", "jitter (ms)"),
    ]
    assert len(found) == 11
    assert found[2] == ["1", "1.000", "2.000", "9.968", "3", "893", "0.335946", "0.011"]
    assert found[6][:3] == ["2", "5.500", "6.500"]


def test_an_interval_without_datagrams_has_no_loss_in_the_table():
    piece = piece_of([], 1)
    silent = replace(piece, intervals=(replace(piece.intervals[0], total=0),))

    assert rows(telemetry_csv(facts_of(silent)))[1][4:7] == ["0", "0", ""]


def test_each_round_trip_has_a_line_and_an_unanswered_one_no_duration():
    echoes = (Echo(100.0, 0.0125), Echo(100.5, None), Echo(101.0, 0.3, copies=2, overtaken=True))

    assert rows(echoes_csv(replace(SOME, echoes=echoes))) == [
        ["asked (s)", "round trip (ms)", "answers", "overtaken"],
        ["0.000000", "12.5", "1", "no"],
        ["0.500000", "", "0", "no"],
        ["1.000000", "300", "2", "yes"],
    ]


def test_a_run_without_anything_is_a_header():
    assert len(rows(telemetry_csv(TelemetryFacts("h", 502)))) == len(rows(echoes_csv(TelemetryFacts("h", 502)))) == 1
