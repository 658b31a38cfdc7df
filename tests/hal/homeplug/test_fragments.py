"""Long messages in several frames: both orders of nibbles, with OUI in each frame or only in the first."""

from __future__ import annotations

import random
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hal.homeplug.golden_frames import FRAMES
from tests.hal.homeplug.mutate import VERTEXCOM_SNR, fragmented
from v2g_tool.hal.homeplug.fragments import MOST_SETS, PATIENCE_S, Reassembler
from v2g_tool.hal.homeplug.messages import decode
from v2g_tool.hal.homeplug.tone_map import TxToneMapConfirmV1

MAP = FRAMES["VS_TONE_MAP_CHAR.CNF, MMV 1, slot 0"]
OTHER_MAP = FRAMES["VS_TONE_MAP_CHAR.CNF, MMV 1, slot 255"]
ORDERS = pytest.mark.parametrize("low_is_last", [True, False], ids=["NF low", "NF high"])


def joined(parts: list[bytes], reassembler: Reassembler | None = None, start_s: float = 0.0) -> list[bytes]:
    """Give the whole messages that come out, 1 ms from frame to frame."""
    reassembler = reassembler or Reassembler()
    return [
        whole for at, part in enumerate(parts) if (whole := reassembler.add(part, start_s + at * 0.001)) is not None
    ]


@ORDERS
def test_fragments_become_the_message_again(low_is_last: bool) -> None:
    (whole,) = joined(fragmented(MAP, 200, low_is_last=low_is_last))

    body = decode(whole).body
    assert isinstance(body, TxToneMapConfirmV1)
    assert body == decode(MAP).body


@ORDERS
def test_a_vertexcom_modem_repeats_its_oui_in_each_fragment(low_is_last: bool) -> None:
    (whole,) = joined(fragmented(VERTEXCOM_SNR, 100, low_is_last=low_is_last, repeat_oui=True))

    assert decode(whole).body == decode(VERTEXCOM_SNR).body


@ORDERS
def test_any_order_of_arrival_will_do(low_is_last: bool) -> None:
    parts = fragmented(MAP, 200, low_is_last=low_is_last)

    assert all(len(joined(list(order))) == 1 for order in permutations(parts))


@ORDERS
def test_repetitions_change_nothing(low_is_last: bool) -> None:
    parts = fragmented(MAP, 200, low_is_last=low_is_last)
    reassembler = Reassembler()

    wholes = joined([part for part in parts for _ in range(2)] + parts, reassembler)

    assert len(wholes) == 1
    assert (reassembler.open, reassembler.lost) == (0, 0)


def test_sixteen_fragments_are_the_most_there_can_be() -> None:
    (whole,) = joined(fragmented(MAP, 31, low_is_last=False))

    assert len(fragmented(MAP, 31, low_is_last=False)) == 16
    assert decode(whole).body == decode(MAP).body


def test_frames_that_are_no_fragments_pass_through() -> None:
    reassembler = Reassembler()

    assert [reassembler.add(frame, 0.0) for frame in (MAP, b"", b"\0" * 40)] == [MAP, b"", b"\0" * 40]


def test_a_lost_fragment_costs_its_message_only() -> None:
    first, second = fragmented(MAP, 200, low_is_last=True), fragmented(OTHER_MAP, 200, low_is_last=True, number=8)
    reassembler = Reassembler()

    (whole,) = joined([first[0], first[2], *second], reassembler)

    assert decode(whole).body == decode(OTHER_MAP).body
    assert reassembler.open == 1


def test_a_sender_that_gives_all_messages_one_number_is_understood_even_after_a_loss() -> None:
    first, second = fragmented(MAP, 200, low_is_last=True), fragmented(OTHER_MAP, 200, low_is_last=True)
    reassembler = Reassembler()

    wholes = joined([first[0], first[2], *second, *first], reassembler)

    assert [decode(whole).body for whole in wholes] == [decode(OTHER_MAP).body, decode(MAP).body]
    assert reassembler.lost == 1


def test_a_fragment_that_comes_too_late_joins_nothing() -> None:
    parts = fragmented(MAP, 200, low_is_last=True)
    reassembler = Reassembler()

    assert joined(parts[:2], reassembler) == []
    assert joined(parts[2:], reassembler, start_s=2 * PATIENCE_S) == []
    assert reassembler.lost == 1


def test_fragments_of_two_senders_do_not_mix() -> None:
    mine, theirs = fragmented(MAP, 200, low_is_last=True), fragmented(OTHER_MAP, 200, low_is_last=True)
    theirs = [part[:6] + bytes(6) + part[12:] for part in theirs]

    wholes = joined([part for pair in zip(mine, theirs, strict=True) for part in pair])

    assert [decode(whole).body for whole in wholes] == [decode(MAP).body, decode(OTHER_MAP).body]


def test_open_messages_are_bounded() -> None:
    reassembler = Reassembler()

    for sender in range(1_000):
        first = fragmented(MAP, 200, low_is_last=True)[0]
        reassembler.add(first[:6] + sender.to_bytes(6, "big") + first[12:], 0.0)

    assert reassembler.open == MOST_SETS
    assert reassembler.lost == 1_000 - MOST_SETS


def test_a_message_of_more_parts_than_a_message_can_have_is_given_up() -> None:
    reassembler = Reassembler()
    first = fragmented(MAP, 200, low_is_last=True)[0]

    for mark in range(0x11, 0xFF):
        if mark & 15 and mark >> 4:
            reassembler.add(first[:17] + bytes((mark, 7)) + bytes(40), 0.0)

    assert reassembler.lost >= 10


@settings(max_examples=100)
@given(st.integers(0, 2**32), st.booleans(), st.integers(40, 300))
def test_loss_repetition_and_disorder_never_give_a_wrong_message(seed: int, low_is_last: bool, size: int) -> None:
    rng = random.Random(seed)
    messages = [MAP, OTHER_MAP, FRAMES["VS_NW_INFO.CNF, MMV 1"]]
    parts = [
        part
        for number, message in enumerate(messages)
        for part in fragmented(message, size, low_is_last=low_is_last, number=number)
        for _ in range(rng.choice((0, 1, 1, 1, 2)))
    ]
    rng.shuffle(parts)

    bodies = [decode(whole).body for whole in joined(parts)]

    assert all(body in [decode(message).body for message in messages] for body in bodies)
