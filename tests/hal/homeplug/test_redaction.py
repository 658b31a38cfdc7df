"""No network key leaves the program, in whatever frame it comes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hal.homeplug.golden_frames import FRAMES, GOLDEN, Golden, octets, tagged
from tests.hal.homeplug.mutate import VERTEXCOM_SNR, fragmented, seeds
from v2g_tool.hal.homeplug.frame import MalformedFrame
from v2g_tool.hal.homeplug.messages import decode
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.hal.homeplug.redaction import redacted
from v2g_tool.model.plc import Captured

KEY = bytes.fromhex("50d3e4933f855b7040784df815aa8db7")
QCA_0 = "020000000010 00b052aabb01 88e1 00"
QCA_1 = "020000000010 00b052aabb01 88e1 01"
SET_KEY = FRAMES["CM_SET_KEY.REQ"]
MATCH = FRAMES["CM_SLAC_MATCH.CNF"].replace(bytes.fromhex("9ed1f8a5b566e83dc4f1700e4a89afec"), KEY)

CARRIERS_OF_KEYS = {
    "CM_SET_KEY.REQ": SET_KEY,
    "CM_SLAC_MATCH.CNF": MATCH,
    "CM_GET_KEY.CNF": octets(f"{QCA_1} 0d60 0000 00 01 aaaaaaaa 00000000 b0f2e695666b03 01 04 0000 00 {KEY.hex()} |60"),
    "CM_ENCRYPTED_PAYLOAD.IND": octets(f"{QCA_1} 0660 0000 01 {KEY.hex()} |60"),
    "VS_RD_MOD.CNF": octets(f"{QCA_0} 25a0 00b052 00*12 {KEY.hex()} |60"),
    "VS_WR_MOD.REQ": octets(f"{QCA_0} 20a0 00b052 00*12 {KEY.hex()} |60"),
    "VS_MODULE_OPERATION.CNF": octets(f"{QCA_0} b1a0 00b052 00*40 {KEY.hex()} |120"),
    "VS_SET_KEY.REQ": octets(f"{QCA_0} 50a0 00b052 01 {KEY.hex()} 0f 00*20"),
    "VS_RD_MEM.CNF": octets(f"{QCA_0} 09a0 00b052 00 00000000 10000000 {KEY.hex()} |60"),
    "VS_GET_PROPERTY.CNF": octets(f"{QCA_0} f9a0 00b052 00000000 00000000 00 000000 10000000 {KEY.hex()}"),
    "VS_SET_PROPERTY.REQ": octets(
        f"{QCA_0} 00a1 00b052 00000000 01 000000 00000000 64000000 10000000 {KEY.hex()} |296"
    ),
    "VertexCom VS_GET_NVRAM.CNF": octets(f"{QCA_1} 09a1 0000 0013d7 00 00 0004 {KEY.hex()} 00*1008"),
    "VertexCom VS_FILE_ACCESS.CNF": octets(f"{QCA_1} fda4 0000 0013d7 00 01 02 {KEY.hex()} |120"),
    "Lumissil": octets(f"{QCA_1} 70ac 0000 0016e8 {KEY.hex()} |60"),
    "Broadcom": octets(f"020000000010 001f84000001 88e1 02 28a0 0000 001f84 02 {KEY.hex()} |60"),
    "manufacturer's message": octets(f"{QCA_0} 0280 644d70 {KEY.hex()} |60"),
    "HomePlug 1.0": octets(f"020000000010 00b052aabb01 887b 01 18 {KEY.hex()} |60"),
    "Mediaxtreme": octets(f"020000000010 001f84000001 8912 02 {KEY.hex()} |60"),
    "IPv6": octets(f"020000000010 001f84000001 86dd 60000000 {KEY.hex()} |60"),
    "three VLAN tags": tagged(tagged(tagged(SET_KEY))),
    "padding left over from a message with a key": FRAMES["CM_SLAC_PARM.REQ"][:33] + SET_KEY[33:],
    "padding behind a profile": FRAMES["CM_ATTEN_PROFILE.IND without a measurement"][:27] + KEY,
    "a cut profile": FRAMES["CM_ATTEN_PROFILE.IND of the same sound"][:27] + KEY,
    "a tone map of the wrong length": octets(f"{QCA_1} 91a0 0000 00b052 00 00 ffff 00 00 00*18 {KEY.hex()}"),
    "a refusal": octets(f"{QCA_0} 31a0 00b052 10 {KEY.hex()} |60"),
}
by_carrier = pytest.mark.parametrize("frame", CARRIERS_OF_KEYS.values(), ids=CARRIERS_OF_KEYS.keys())


def holds_key(frame: bytes) -> bool:
    """Whether four bytes of the key stand in a frame, anywhere."""
    return any(KEY[at : at + 4] in frame for at in range(len(KEY) - 3))


@by_carrier
def test_the_key_is_gone(frame: bytes) -> None:
    assert holds_key(frame)

    assert not holds_key(redacted(frame))


@by_carrier
def test_the_key_is_gone_behind_a_vlan_tag(frame: bytes) -> None:
    assert not holds_key(redacted(tagged(frame)))


@by_carrier
def test_the_key_is_gone_wherever_the_frame_is_cut(frame: bytes) -> None:
    assert not any(holds_key(redacted(frame[:length])) for length in range(len(frame)))


# Of a tone map that comes in fragments nothing can be judged before it is whole.
FRAGMENTED = {k: f for k, f in CARRIERS_OF_KEYS.items() if f[12:15].hex() == "88e101" and "tone map" not in k}


@pytest.mark.parametrize("low_is_last", [True, False])
@pytest.mark.parametrize("frame", FRAGMENTED.values(), ids=FRAGMENTED.keys())
def test_the_key_is_gone_from_fragments(frame: bytes, low_is_last: bool) -> None:
    parts = fragmented(frame[:240], 24, low_is_last=low_is_last, repeat_oui=True)
    parts += fragmented(frame[:240], 24, low_is_last=low_is_last)

    assert not any(holds_key(redacted(part)) for part in parts)


@settings(max_examples=200)
@given(st.sampled_from([SET_KEY, MATCH]), st.integers(0, 2**32))
def test_the_key_is_gone_however_the_fields_before_it_are_damaged(frame: bytes, seed: int) -> None:
    rng = random.Random(seed)
    damaged = bytearray(frame)
    for _ in range(rng.randrange(1, 9)):
        damaged[rng.randrange(19, 40)] = rng.randrange(256)

    assert not holds_key(redacted(bytes(damaged)))


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_a_golden_frame_without_a_key_stays_as_it_is(golden: Golden) -> None:
    assert (redacted(golden.frame) == golden.frame) == (not decode(golden.frame).body.SECRET)


@pytest.mark.parametrize("length", range(12))
def test_less_than_two_addresses_is_no_frame_and_all_of_it_goes(length: int) -> None:
    assert redacted(KEY[:length]) == bytes(length)


def test_only_the_key_of_a_message_is_taken() -> None:
    kept = redacted(SET_KEY)

    assert kept[:41] == SET_KEY[:41]
    assert kept[41:] == bytes(19)
    assert redacted(MATCH) == MATCH[:-16] + bytes(16)


@pytest.mark.parametrize("low_is_last", [True, False])
def test_fragments_of_what_is_measured_stay(low_is_last: bool) -> None:
    tone_map = FRAMES["VS_TONE_MAP_CHAR.CNF, MMV 1, slot 0"]
    parts = fragmented(tone_map, 200, low_is_last=low_is_last)
    parts += fragmented(VERTEXCOM_SNR, 100, low_is_last=low_is_last, repeat_oui=True)

    assert [redacted(part) for part in parts] == parts


def test_a_first_fragment_of_another_maker_loses_its_content() -> None:
    other = FRAMES["VS_TONE_MAP_CHAR.CNF, MMV 1, slot 0"].replace(bytes.fromhex("00b052"), bytes.fromhex("0016e8"))

    first, *_ = fragmented(other, 200, low_is_last=True)

    assert redacted(first) == first[:19].ljust(len(first), b"\0")


def test_what_is_shown_of_a_message_holds_no_key() -> None:
    for name in ("CM_SET_KEY.REQ", "CM_SLAC_MATCH.CNF", "CM_GET_KEY.CNF", "VS_GET_PROPERTY.CNF", "VS_SET_KEY.REQ"):
        message = decode(CARRIERS_OF_KEYS[name])

        assert str(KEY)[2:12] not in repr(message)
        assert str(KEY)[2:12] not in str(message)


def test_an_error_holds_no_bytes_of_the_frame() -> None:
    with pytest.raises(MalformedFrame) as caught:
        decode(SET_KEY[:50])

    assert KEY[:2].hex() not in str(caught.value)


@settings(max_examples=100)
@given(st.lists(st.sampled_from(seeds()), max_size=30))
def test_captures_say_the_same_without_keys(frames: list[bytes]) -> None:
    taken = [Captured(at * 0.004, frame) for at, frame in enumerate(frames)]
    kept = [Captured(captured.time_s, redacted(captured.frame)) for captured in taken]

    assert observe(kept) == observe(taken)
