"""Two lines of characters for a terminal that is watched while load flows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.telemetry_sample import piece_of
from v2g_tool.backhaul.pictures.strip import telemetry_strip
from v2g_tool.drawing.columns import in_columns
from v2g_tool.model.telemetry import Interval

INTERVALS = st.lists(
    st.builds(
        Interval,
        st.just(0.0),
        st.just(1.0),
        st.just(1e7),
        st.floats(-1, 1e4),
        st.integers(-9, 999),
        st.integers(0, 999),
    ),
    max_size=300,
)


def seconds(*lost: int) -> list[Interval]:
    return [replace(interval, jitter_ms=0.2) for interval in piece_of(lost, len(lost)).intervals]


def test_no_loss_a_little_and_much_are_told_apart():
    loss, jitter = telemetry_strip(seconds(0, 1, 0, 400), 40)

    assert loss == "loss   ·▁·█                       44.8 %"
    assert jitter == "jitter ▂▂▂▂                       0.2 ms"


def test_a_single_lost_datagram_is_no_alarm():
    assert "▁" in telemetry_strip(seconds(0, 1), 40)[0]
    assert "█" not in telemetry_strip(seconds(0, 1), 40)[0]


def test_a_second_in_which_nothing_arrived_has_its_own_sign():
    silent = [replace(interval, total=0) for interval in seconds(0, 0)]

    assert telemetry_strip(silent, 40)[0].split() == ["loss", "××"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "no-such-encoding"])
def test_ascii_says_the_same(encoding):
    loss, jitter = telemetry_strip(seconds(0, 1, 0, 400), 40, encoding)

    assert loss == "loss   ._.@                       44.8 %"
    assert jitter.isascii()


def test_more_seconds_than_columns_show_the_worst_of_each_column():
    lost = [0] * 300
    lost[137] = 400

    loss, _ = telemetry_strip(seconds(*lost), 40)

    assert len(loss) == 40
    assert loss.count("█") == 1
    assert loss.count("·") == 21


def test_late_datagrams_are_no_negative_loss():
    assert telemetry_strip(seconds(-3), 40)[0] == f"loss   ·{' ' * 29}0 %"


def test_before_the_first_second_there_are_only_the_names():
    assert [line.strip() for line in telemetry_strip([], 40)] == ["loss", "jitter"]


@given(INTERVALS, st.integers(0, 200), st.sampled_from(["utf-8", "ascii", "cp1252"]))
def test_the_strip_fits_into_its_width_and_encoding(intervals, width, encoding):
    for line in telemetry_strip(intervals, width, encoding):
        assert len(line) <= width
        assert line.encode(encoding) or width == 0
        assert "\n" not in line


@given(st.lists(st.integers(), max_size=300), st.integers(-3, 80))
def test_columns_hold_all_items_once_and_in_order(items, most):
    columns = in_columns(items, most)

    assert len(columns) == min(len(items), max(most, 0))
    assert all(columns)
    if columns:
        assert [item for column in columns for item in column] == items
        assert max(map(len, columns)) - min(map(len, columns)) <= 1
