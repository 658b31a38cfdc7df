"""What happens to frames between a modem and its host."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plc_rig import Clock, frame

from v2g_tool.bench.faults import CATALOGUE, FaultSet, parse_fault
from v2g_tool.bench.homeplug.channel import CAUSES
from v2g_tool.bench.homeplug.forgery import foreign_frames, garbage, lie
from v2g_tool.bench.homeplug.mme import parse
from v2g_tool.bench.homeplug.port import Port

FIRST, SECOND, THIRD = (frame(f"dc0ea1116708 00b0520a0001 88e1 00 b9a0 00b052 00 0{n}") for n in range(3))


class Wire:
    """A port with one fault, and what came out of it."""

    def __init__(self, fault: str) -> None:
        self.clock = Clock()
        self.frames: list[bytes] = []
        faults = FaultSet("modem_01", [parse_fault(fault)])
        self.port = Port(self.frames.append, self.clock, faults)

    def out(self, *frames: bytes) -> list[bytes]:
        for content in frames:
            self.port.hear(content)
        return self.frames


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("frame-lost:every=2", [SECOND]),
        ("frame-lost:after=1:count=1", [FIRST, THIRD]),
        ("frame-duplicated:count=1", [FIRST, FIRST, SECOND, THIRD]),
        ("frame-reordered:count=1", [SECOND, FIRST, THIRD]),
        ("frame-truncated:after=2", [FIRST, SECOND, THIRD[:30]]),
        ("lying-status:after=2", [FIRST, SECOND, THIRD[:20] + b"\2" + THIRD[21:]]),
        ("lying-peer:after=2", [FIRST, SECOND, THIRD[:11] + b"\xfe" + THIRD[12:]]),
    ],
)
def test_a_fault_does_what_its_name_says(fault: str, expected: list[bytes]) -> None:
    assert Wire(fault).out(FIRST, SECOND, THIRD) == expected


def test_a_late_frame_comes_after_its_delay() -> None:
    wire = Wire("frame-late:delay=0.4")

    assert wire.out(FIRST) == []
    wire.clock.advance(0.39)
    assert wire.frames == []
    wire.clock.advance(0.02)
    assert wire.frames == [FIRST]


def test_a_held_frame_comes_late_when_none_overtakes_it() -> None:
    wire = Wire("frame-reordered")

    assert wire.out(FIRST) == []
    wire.clock.advance(0.05)
    assert wire.frames == [FIRST]


def test_foreign_frames_come_before_the_answer_and_are_all_different() -> None:
    wire = Wire("frame-foreign")

    *foreign, answer = wire.out(FIRST)

    assert answer == FIRST
    assert len(set(foreign)) == len(foreign) == len(foreign_frames(FIRST)) == 7
    assert FIRST not in foreign
    assert {other[12:14].hex() for other in foreign} == {"86dd", "887b", "8912", "8100", "88e1"}


def test_every_cause_of_the_channel_is_a_fault() -> None:
    assert {name for name, kind in CATALOGUE.items() if kind.group == "line"} == set(CAUSES) - {"clean"}


@given(st.binary(max_size=200), st.sampled_from(("lying-status", "lying-peer", "lying-length")))
@settings(max_examples=100)
def test_a_lie_changes_one_byte_at_most(content: bytes, kind: str) -> None:
    told = lie(content, kind)

    assert len(told) == len(content)
    assert sum(a != b for a, b in zip(told, content, strict=True)) <= 1


def test_garbage_fits_an_ethernet_frame_and_claims_to_be_homeplug() -> None:
    frames = garbage(1, bytes(6), bytes(6))

    assert len(frames) == 256
    assert all(15 <= len(content) <= 1514 and content[12:14] == b"\x88\xe1" for content in frames)
    assert len({message.code for content in frames if (message := parse(content))}) > 50
