"""Frames that should not be believed: of others, with false fields, and plain garbage."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from v2g_tool.bench.homeplug.mme import BROADCAST, ETHERTYPE, QUALCOMM, VERTEXCOM, parse

_BROADCOM = bytes.fromhex("001f84")
_STRANGER = bytes.fromhex("00b0520f0f0f")
_FOREIGN_TYPES = (0x86DD, 0x887B, 0x8912)  # IPv6, HomePlug 1.0, Mediaxtreme
_VLAN_TAG = struct.pack(">HH", 0x8100, 7)


class _Places(NamedTuple):
    """Where a message keeps its status, the address that it is about and a length or count, from byte 0 on."""

    status: int | None = None
    peer: int | None = None
    length: int | None = None


_PLACES: Mapping[tuple[int, int], _Places] = {
    (0x0015, 1): _Places(length=19),
    (0x6065, 1): _Places(peer=28),
    (0x606E, 1): _Places(status=69, peer=21, length=70),
    (0x607D, 1): _Places(peer=40, length=21),
    (0x6086, 1): _Places(peer=19, length=25),
    (0xA001, 0): _Places(status=20, length=22),
    (0xA031, 0): _Places(status=20, length=112),
    (0xA039, 0): _Places(length=37),
    (0xA039, 1): _Places(status=22, length=24),
    (0xA041, 1): _Places(status=23),
    (0xA069, 0): _Places(status=20, length=27),
    (0xA071, 0): _Places(status=20, length=23),
    (0xA071, 1): _Places(status=22, peer=28, length=24),
    (0xA091, 0): _Places(status=20, length=23),
    (0xA091, 1): _Places(status=22, peer=28, length=24),
    (0xA0B9, 0): _Places(status=20),
    (0xA14E, 0): _Places(peer=20, length=26),
}
_CODES = sorted({code for (code, _), places in _PLACES.items() if places.status or places.length})
_LONGEST = 1514
_GARBAGE = 256
_SENDER = 6  # of any frame: a message without an address inside lies about who sent it


def lie(frame: bytes, kind: str) -> bytes:
    """Give a message with one false field: `lying-status`, `lying-peer` or `lying-length`; others unchanged."""
    message = parse(frame)
    if message is None:
        return frame
    places = _PLACES.get((message.code, message.version), _Places())
    at, bits = {
        "lying-status": (places.status, 0x02),
        "lying-peer": ((places.peer or _SENDER) + 5, 0xFF),
        "lying-length": (places.length, 0xFF),
    }[kind]
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


def garbage(seed: int, to: bytes, sender: bytes) -> list[bytes]:
    """Give hostile HomePlug frames: known and unknown codes, wild counts, cut short; one in eight is for everybody."""
    rng = Random(seed)
    return [_garbage(rng, (BROADCAST if at % 8 == 0 else to) + sender) for at in range(_GARBAGE)]


def _garbage(rng: Random, addresses: bytes) -> bytes:
    code = rng.choice((rng.choice(_CODES), rng.choice(_CODES), rng.randrange(0x10000)))
    version = rng.choice((0, 1, 2, 255))
    fragment = struct.pack("<H", rng.choice((0, rng.randrange(0x10000)))) if version else b""
    oui = rng.choice((QUALCOMM, VERTEXCOM, b""))
    content = rng.choice((b"\xff" * rng.randrange(600), rng.randbytes(rng.randrange(1490))))
    frame = addresses + struct.pack(">H", ETHERTYPE) + struct.pack("<BH", version, code) + fragment + oui + content
    return frame[: rng.choice((_LONGEST, _LONGEST, rng.randrange(15, 70)))]
