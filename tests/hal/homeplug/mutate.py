"""Frames as cables, faulty modems and enemies make them, and a campaign through all that reads frames."""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.hal.homeplug.golden_frames import GOLDEN, octets, tagged
from v2g_tool.hal.homeplug.frame import ForeignFrame, MalformedFrame
from v2g_tool.hal.homeplug.messages import Fragment, UnknownMessage, decode, encode
from v2g_tool.hal.homeplug.observation import Observer
from v2g_tool.hal.homeplug.redaction import redacted
from v2g_tool.model.plc import Captured, Observation

VERTEXCOM_SNR = octets("020000000010 0013d7000001 88e1 01 39a0 0000 0013d7 00 07 02 d003 a007 4700 01 1e*229")


@dataclass(frozen=True)
class Campaign:
    """What came of a campaign; `peak_bytes` is the memory of the whole process, `grown_bytes` what was added to it."""

    frames: int
    understood: int
    unknown: int
    fragments: int
    malformed: int
    foreign: int
    seconds: float
    peak_bytes: int
    grown_bytes: int
    observation: Observation

    @property
    def frames_per_s(self) -> float:
        return self.frames / self.seconds


def fragmented(frame: bytes, size: int, *, low_is_last: bool, repeat_oui: bool = False, number: int = 7) -> list[bytes]:
    """Give an untagged MMV 1 frame in fragments of `size` bytes behind the fragment mark."""
    head, data, oui = frame[:17], frame[19:], frame[19:22] if repeat_oui else b""
    parts = [data[:size]] + [oui + data[at : at + size] for at in range(size, len(data), size)]
    last = len(parts) - 1
    marks = (at << 4 | last if low_is_last else last << 4 | at for at in range(len(parts)))
    return [head + bytes((mark, number)) + part for mark, part in zip(marks, parts, strict=True)]


def seeds() -> list[bytes]:
    """Give the frames that are mutated: those of captures, with VLAN tags too, and fragments of both orders."""
    plain = [golden.frame for golden in GOLDEN] + [VERTEXCOM_SNR]
    map_v1 = next(golden.frame for golden in GOLDEN if golden.name == "VS_TONE_MAP_CHAR.CNF, MMV 1, slot 0")
    parts = fragmented(map_v1, 200, low_is_last=True) + fragmented(map_v1, 200, low_is_last=False)
    parts += fragmented(VERTEXCOM_SNR, 120, low_is_last=True, repeat_oui=True)
    return plain + [tagged(frame) for frame in plain] + parts


Mutation = Callable[[random.Random, bytearray, Sequence[bytes]], bytes]


def _flip_bits(rng: random.Random, frame: bytearray, _: Sequence[bytes]) -> bytes:
    for _ in range(rng.choice((1, 1, 2, 8))):
        frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
    return bytes(frame)


def _flip_early(rng: random.Random, frame: bytearray, _: Sequence[bytes]) -> bytes:
    frame[rng.randrange(12, min(len(frame), 48))] = rng.randrange(256)
    return bytes(frame)


def _truncate(rng: random.Random, frame: bytearray, _: Sequence[bytes]) -> bytes:
    return bytes(frame[: rng.randrange(len(frame))])


def _extend(rng: random.Random, frame: bytearray, _: Sequence[bytes]) -> bytes:
    return bytes(frame) + rng.randbytes(rng.choice((1, 60, 1400)))


def _splice(rng: random.Random, frame: bytearray, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    return bytes(frame[: rng.randrange(len(frame))]) + other[rng.randrange(len(other)) :]


def _fill(rng: random.Random, frame: bytearray, _: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(frame))
    frame[at : at + rng.randrange(32)] = bytes((rng.choice((0, 0xFF)),)) * rng.randrange(32)
    return bytes(frame)


def _noise(rng: random.Random, _: bytearray, __: Sequence[bytes]) -> bytes:
    return rng.randbytes(rng.randrange(200))


def _repeat(_: random.Random, frame: bytearray, __: Sequence[bytes]) -> bytes:
    return bytes(frame)


MUTATIONS: tuple[Mutation, ...] = (_flip_bits, _flip_early, _truncate, _extend, _splice, _fill, _noise, _repeat)


def mutated(count: int, seed: int) -> Iterator[bytes]:
    """Give `count` frames, the same for the same seed."""
    rng = random.Random(seed)
    frames = seeds()
    for _ in range(count):
        yield rng.choice(MUTATIONS)(rng, bytearray(rng.choice(frames)), frames)


def sort_of(frame: bytes) -> str:
    """Give what decoding came to; checks that the frame comes out again, and comes out redacted as it should."""
    hidden = redacted(frame)
    assert len(hidden) == len(frame), frame.hex()
    assert redacted(hidden) == hidden, frame.hex()
    try:
        message = decode(frame)
    except ForeignFrame:
        return "foreign"
    except MalformedFrame:
        return "malformed"
    assert encode(message) == frame, frame.hex()
    return {UnknownMessage: "unknown", Fragment: "fragments"}.get(type(message.body), "understood")


def campaign(count: int, seed: int) -> Campaign:
    """Push `count` mutated frames through decoding, redaction and observation, at 1 ms from each other.

    Raises:
        AssertionError: a frame did not come out as it should; names it.
        Exception: whatever a reader raised that it should not have; there is none.
    """
    observer = Observer()
    sorts = dict.fromkeys(("understood", "unknown", "fragments", "malformed", "foreign"), 0)
    before = _memory_bytes()
    started = time.perf_counter()
    for at, frame in enumerate(mutated(count, seed)):
        sorts[sort_of(frame)] += 1
        observer.add(Captured(at * 0.001, frame))
    observation = observer.observation()
    seconds = time.perf_counter() - started
    peak = _memory_bytes()
    return Campaign(
        count, **sorts, seconds=seconds, peak_bytes=peak, grown_bytes=peak - before, observation=observation
    )


def _memory_bytes() -> int:
    """Give the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(words: Sequence[str]) -> None:
    """Print what a campaign came to: [COUNT [SEED]]."""
    done = campaign(int(words[0]) if words else 1_000_000, int(words[1]) if len(words) > 1 else 1)
    sorts = {name: getattr(done, name) for name in ("understood", "unknown", "fragments", "malformed", "foreign")}
    print(f"{done.frames:,} mutated frames, no exception: {sorts}")
    print(f"{done.seconds:.0f} s, {done.frames_per_s:,.0f} frames/s, memory grew by {done.grown_bytes / 1e6:.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
