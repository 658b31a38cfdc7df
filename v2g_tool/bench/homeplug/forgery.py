"""Frames that should not be believed: of others, with false fields, and plain garbage."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from random import Random

from v2g_tool.bench.homeplug.mme import BROADCAST, ETHERTYPE, QUALCOMM, VERTEXCOM, parse

_BROADCOM = bytes.fromhex("001f84")
_STRANGER = bytes.fromhex("00b0520f0f0f")
_FOREIGN_TYPES = (0x86DD, 0x887B, 0x8912)  # IPv6, HomePlug 1.0, Mediaxtreme
_VLAN_TAG = struct.pack(">HH", 0x8100, 7)

# Where an answer keeps its status, the address that it is about and a length or count, from byte 0 of the frame.
_STATUS: Mapping[tuple[int, int], int] = {
    (0xA001, 0): 20,
    (0xA031, 0): 20,
    (0xA069, 0): 20,
    (0xA071, 0): 20,
    (0xA071, 1): 22,
    (0xA091, 0): 20,
    (0xA091, 1): 22,
    (0xA0B9, 0): 20,
    (0xA039, 1): 22,
    (0xA041, 1): 23,
    (0x606E, 1): 69,
}
_PEER: Mapping[tuple[int, int], int] = {
    (0xA071, 1): 28,
    (0xA091, 1): 28,
    (0xA14E, 0): 20,
    (0x6086, 1): 19,
    (0x606E, 1): 21,
    (0x6065, 1): 28,
    (0x607D, 1): 40,
}
_LENGTH: Mapping[tuple[int, int], int] = {
    (0xA001, 0): 22,
    (0xA031, 0): 112,
    (0xA039, 0): 37,
    (0xA039, 1): 24,
    (0xA069, 0): 27,
    (0xA071, 0): 23,
    (0xA071, 1): 24,
    (0xA091, 0): 23,
    (0xA091, 1): 24,
    (0xA14E, 0): 26,
    (0x0015, 1): 19,
    (0x6086, 1): 25,
    (0x606E, 1): 70,
    (0x607D, 1): 21,
}
_CODES = sorted({code for code, _ in (*_STATUS, *_LENGTH)})
_LONGEST = 1514
_SENDER = 6  # of any frame: a message without an address inside lies about who sent it


def lie(frame: bytes, kind: str) -> bytes:
    """Give a message with one false field: `lying-status`, `lying-peer` or `lying-length`; others unchanged."""
    message = parse(frame)
    if message is None:
        return frame
    key = (message.code, message.version)
    if kind == "lying-status":
        return _changed(frame, _STATUS.get(key), 0x02)
    if kind == "lying-peer":
        at = _PEER.get(key, _SENDER)
        return _changed(frame, at + 5, 0xFF)
    return _changed(frame, _LENGTH.get(key), 0xFF)


def _changed(frame: bytes, at: int | None, bits: int) -> bytes:
    if at is None or at >= len(frame):
        return frame
    return frame[:at] + bytes((frame[at] ^ bits,)) + frame[at + 1 :]


def foreign_frames(frame: bytes) -> list[bytes]:
    """Give frames that look like an answer and are none: other protocols, makers, stations, a tagged one."""
    to, sender, rest = frame[:6], frame[6:12], frame[14:]
    others = [to + sender + kind.to_bytes(2, "big") + rest for kind in _FOREIGN_TYPES]
    others.append(frame[:12] + _VLAN_TAG + frame[12:])
    message = parse(frame)
    if message is not None:
        # The same code of another maker means something else; another station's answer is about another link.
        maker = VERTEXCOM if message.oui == _BROADCOM else _BROADCOM
        others.append(message._replace(oui=maker if message.oui else b"").frame())
        others.append(message._replace(to=_STRANGER, sender=_STRANGER).frame())
        others.append(message._replace(sender=_STRANGER, body=bytes(len(message.body))).frame())
    return others


def garbage(seed: int, to: bytes, sender: bytes, count: int = 256) -> list[bytes]:
    """Give hostile HomePlug frames: known and unknown codes, wild counts, cut short; one in eight is for everybody."""
    rng = Random(seed)
    return [_garbage(rng, (BROADCAST if at % 8 == 0 else to) + sender) for at in range(count)]


def _garbage(rng: Random, addresses: bytes) -> bytes:
    code = rng.choice((rng.choice(_CODES), rng.choice(_CODES), rng.randrange(0x10000)))
    version = rng.choice((0, 1, 2, 255))
    fragment = struct.pack("<H", rng.choice((0, rng.randrange(0x10000)))) if version else b""
    oui = rng.choice((QUALCOMM, VERTEXCOM, b""))
    content = rng.choice((b"\xff" * rng.randrange(600), rng.randbytes(rng.randrange(1490))))
    frame = addresses + struct.pack(">H", ETHERTYPE) + struct.pack("<BH", version, code) + fragment + oui + content
    return frame[: rng.choice((_LONGEST, _LONGEST, rng.randrange(15, 70)))]
