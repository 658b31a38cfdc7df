"""Any bytes: nothing but MalformedFrame comes out of decoding, nothing at all out of the rest."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hal.homeplug.golden_frames import GOLDEN
from tests.hal.homeplug.mutate import MUTATIONS, campaign, seeds, sort_of
from v2g_tool.hal.homeplug.fields import Answer, Mac, Wire
from v2g_tool.hal.homeplug.frame import BROADCAST, ETHERTYPE, MalformedFrame
from v2g_tool.hal.homeplug.identity import VersionConfirm
from v2g_tool.hal.homeplug.messages import BODIES, Body, compose, decode, encode
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.hal.homeplug.redaction import redacted
from v2g_tool.model.plc import Captured

HOST = "02:00:00:00:00:10"
SEEDS = seeds()

raw_frames = st.binary(max_size=300)
homeplug_frames = st.builds(lambda head, rest: head + ETHERTYPE + rest, st.binary(min_size=12, max_size=12), raw_frames)


def _of_a_known_kind(kind: type[Body], content: bytes) -> bytes:
    oui = kind.KIND.oui
    head = bytes((kind.KIND.mmv,)) + kind.KIND.mmtype.to_bytes(2, "little") + bytes(2 if kind.KIND.mmv else 0) + oui
    return bytes(12) + ETHERTYPE + head + content


known_frames = st.builds(_of_a_known_kind, st.sampled_from(BODIES), raw_frames)


def _mutated(seed: int, number: int) -> bytes:
    rng = random.Random(seed)
    return MUTATIONS[number % len(MUTATIONS)](rng, bytearray(rng.choice(SEEDS)), SEEDS)


mutants = st.builds(_mutated, st.integers(0, 2**32), st.integers(0, 7))
any_frames = st.one_of(raw_frames, homeplug_frames, known_frames, mutants)


@settings(max_examples=400)
@given(any_frames)
def test_any_bytes_give_a_message_that_gives_them_again_or_malformed_frame(frame: bytes) -> None:
    assert sort_of(frame) in {"understood", "unknown", "fragments", "malformed", "foreign"}


@settings(max_examples=150)
@given(st.lists(st.tuples(any_frames, st.floats()), max_size=20))
def test_any_frames_at_any_time_give_an_observation(frames: list[tuple[bytes, float]]) -> None:
    observed = observe(Captured(time_s, frame) for frame, time_s in frames)

    assert observed.frames == len(frames)
    assert observed.foreign + observed.damaged <= len(frames)


@settings(max_examples=150)
@given(st.lists(st.one_of(raw_frames, homeplug_frames, known_frames, st.sampled_from(SEEDS)), max_size=20))
def test_redacted_frames_give_the_same_observation(frames: list[bytes]) -> None:
    as_it_was = observe(Captured(at * 0.001, frame) for at, frame in enumerate(frames))
    as_it_is_kept = observe(Captured(at * 0.001, redacted(frame)) for at, frame in enumerate(frames))

    assert as_it_is_kept == as_it_was


@settings(max_examples=200)
@given(st.sampled_from(GOLDEN), st.data())
def test_every_truncation_of_a_golden_frame_is_malformed_or_reads_as_the_same_kind(golden: Any, data: Any) -> None:
    frame = golden.frame[: data.draw(st.integers(0, len(golden.frame) - 1))]

    try:
        body = decode(frame).body
    except MalformedFrame:
        return
    assert type(body).__name__ == golden.body


def _value_of(name: str, wire: Wire, kind: type[Body]) -> st.SearchStrategy[Any]:
    if issubclass(kind, Answer) and name == kind.STATUS.names[0]:
        return st.just(0)
    if wire is Mac.__metadata__[0]:  # type: ignore[attr-defined]
        return st.binary(min_size=6, max_size=6).map(lambda mac: mac.hex(":"))
    if wire.code.endswith("s"):
        size = int(wire.code[:-1])
        return st.binary(min_size=size, max_size=size)
    if wire.code == "b":
        return st.integers(-128, 127)
    return st.integers(0, (1 << 8 * {"B": 1, "H": 2, "I": 4, "Q": 8}[wire.code]) - 1)


FIXED = [kind for kind in BODIES if set(kind.WIRES) == kind.NAMES]
fixed_bodies = st.sampled_from(FIXED).flatmap(
    lambda kind: st.builds(kind, **{name: _value_of(name, wire, kind) for name, wire in kind.WIRES.items()})
)


@settings(max_examples=200)
@given(fixed_bodies)
def test_a_body_of_fixed_fields_comes_back_from_its_frame(body: Body) -> None:
    frame = compose(body, BROADCAST, HOST)

    assert decode(frame).body == body
    assert encode(decode(frame)) == frame


def test_most_kinds_have_fixed_fields_only() -> None:
    assert len(FIXED) > len(BODIES) // 2


def test_a_campaign_of_mutated_frames_ends_well_in_bounded_memory() -> None:
    done = campaign(8_000, seed=1)

    assert done.frames == done.observation.frames == 8_000
    assert min(done.understood, done.unknown, done.fragments, done.malformed, done.foreign) > 100
    assert done.grown_bytes < 150 << 20


def test_a_flood_fills_no_more_than_the_bounds() -> None:
    frames = (
        Captured(
            float(at), compose(VersionConfirm(status=0, device_class=at % 256, area=at.to_bytes(262, "big")), HOST, mac)
        )
        for at, mac in ((at, (at + (2 << 40)).to_bytes(6, "big").hex(":")) for at in range(1_500))
    )

    observed = observe(frames)

    assert len(observed.identities) == 1_000
    assert observed.dropped == 500
