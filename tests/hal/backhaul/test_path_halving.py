"""How the largest packet is found: few questions, and what is proven is what was answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.hal.backhaul.path import SMALLEST_BYTES, largest


class Path:
    """A path that carries up to `limit` bytes, and answers no more than `questions` times."""

    def __init__(self, limit: int, questions: int = 1000) -> None:
        self.limit, self.left = limit, questions
        self.asked: list[int] = []

    def __call__(self, packet_bytes: int) -> bool:
        self.asked.append(packet_bytes)
        self.left -= 1
        return self.left >= 0 and packet_bytes <= self.limit


def test_a_packet_that_passes_needs_one_question() -> None:
    path = Path(1500)

    assert largest(path, 1428, 1500) == 1428
    assert path.asked == [1428]


def test_what_the_route_knows_is_tried_first() -> None:
    assert largest(path := Path(1280), 1428, 1280) == 1280
    assert path.asked[:3] == [1428, SMALLEST_BYTES, 1280]


def test_where_nothing_answers_nothing_is_proven() -> None:
    assert largest(Path(0), 1428, 1500) is None


@given(st.integers(SMALLEST_BYTES, 70_000), st.integers(92, 65_535), st.none() | st.integers(68, 65_536))
def test_the_largest_packet_is_found_exactly(limit: int, needed: int, route: int | None) -> None:
    path = Path(limit)

    assert largest(path, needed, route) == min(limit, needed)
    assert len(path.asked) <= 20


@pytest.mark.parametrize("questions", range(2, 14))
def test_when_time_runs_out_what_was_answered_stands(questions: int) -> None:
    path = Path(1100, questions)

    found = largest(path, 1428, 1500)

    assert found is not None
    assert SMALLEST_BYTES <= found <= 1100
