"""A modem made of literal bytes, after the layouts of open-plc-utils and captures; it shares no code with ours."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

HOST = bytes.fromhex("020000000010")
MODEM = bytes.fromhex("00b052aabb01")
PEER = bytes.fromhex("00b052ccdd02")
LOCAL = bytes.fromhex("00b052000001")
EVERYBODY = b"\xff" * 6
QCA = bytes.fromhex("00b052")
ACTIVE = 917


def mme(to: bytes, sender: bytes, mmv: int, mmtype: int, body: bytes) -> bytes:
    """Give a frame; the fragment mark of MMV 1 and the OUI are part of `body`."""
    return (to + sender + b"\x88\xe1" + struct.pack("<BH", mmv, mmtype) + body).ljust(60, b"\0")


def version(to: bytes, sender: bytes = MODEM) -> bytes:
    """Give VS_SW_VER.CNF of a QCA7420."""
    text = b"MAC-QCA7420-1.3.0.2134-00-20151212-CS"
    body = QCA + bytes((0, 0x20, len(text))) + text.ljust(254, b"\0") + bytes.fromhex("fcfc1c0000000000")
    return mme(to, sender, 0, 0xA001, body).ljust(297, b"\0")


def codes(slot: int) -> list[int]:
    """Give a map that differs from slot to slot: 1024-QAM with a dip."""
    return [2 if 400 <= carrier < 420 + slot else 7 for carrier in range(ACTIVE)]


def packed(values: list[int]) -> bytes:
    """Give codes as nibbles, the even carrier low."""
    even = [*values, *[0] * (len(values) % 2)]
    return bytes(low | high << 4 for low, high in zip(even[::2], even[1::2], strict=True))


def rx_map_v1(to: bytes, peer: bytes, slot: int, slots: int, sender: bytes = MODEM) -> bytes:
    """Give 0xA091 v1: 22 bytes from SUBVER to the codes."""
    if slot >= slots:
        body = bytes(2) + QCA + b"\2\0" + struct.pack("<H", 22) + bytes(2) + peer + bytes((slot,)) + bytes(13)
        return mme(to, sender, 1, 0xA091, body)
    mod = packed(codes(slot))
    head = struct.pack("<BBHBB6sBBBBHI4B", 0, 0, 22 + len(mod), 0, 0, peer, slot, 0, slots, 0, ACTIVE, 0, 3, 0, 7, 0)
    return mme(to, sender, 1, 0xA091, bytes(2) + QCA + head + mod)


def rx_map_v0(to: bytes, slot: int, slots: int, sender: bytes = MODEM) -> bytes:
    """Give 0xA091 v0 of an INT6x00: 578 bytes of codes, then GIL and AGC."""
    if slot >= slots:
        return mme(to, sender, 0, 0xA091, QCA + b"\2" + bytes(584))
    head = struct.pack("<BBBH", 0, slot, slots, ACTIVE)
    return mme(to, sender, 0, 0xA091, QCA + head + packed(codes(slot)).ljust(578, b"\0") + b"\3\7")


def counters(to: bytes, lid: int, errors: int, sender: bytes = MODEM) -> bytes:
    """Give 0xA031 as long as captured ones: 311 bytes with room for 6 intervals."""
    numbers = (376, 3, 0, 398, 0, 144, 0, 259, 0, 109 + errors, 0)
    return mme(to, sender, 0, 0xA031, QCA + bytes((0, 2, lid, 2)) + struct.pack("<11QB", *numbers, 6)).ljust(311, b"\0")


NETWORK_V1 = bytes.fromhex(
    "0000 00b052 00 00 3a00 00 01 5a97fe49d9ea0b 0000 0e 01 00000000 02 00b052aabb01 01 000000 01 0000000000"
    "00b052ccdd02 02 000000 020000000010 0900 00 00 0900 0000"
)


@dataclass
class Qca:
    """A QCA7420 with `slots` tone maps towards one peer; an old one knows version 0 only."""

    slots: int = 5
    old: bool = False
    errors: int = 0

    def answers(self, request: bytes) -> Iterable[bytes]:
        """Give the answers to a frame."""
        to, host, mmv, mmtype = request[:6], request[6:12], request[14], request[15:17]
        if to not in (MODEM, LOCAL, EVERYBODY) or request[12:14] != b"\x88\xe1" or (self.old and mmv):
            return
        if mmtype == b"\x00\xa0" and not mmv:
            yield version(host)
        elif mmtype == b"\x90\xa0" and mmv:
            yield rx_map_v1(host, request[26:32], request[32], self.slots)
        elif mmtype == b"\x90\xa0":
            yield rx_map_v0(host, request[26], self.slots)
        elif mmtype == b"\x30\xa0":
            yield counters(host, request[22], self.errors)
        elif mmtype == b"\x38\xa0" and mmv:
            yield mme(host, MODEM, 1, 0xA039, NETWORK_V1)
        elif mmtype == b"\xb8\xa0":
            yield mme(host, MODEM, 0, 0xA0B9, QCA + b"\0\1")
