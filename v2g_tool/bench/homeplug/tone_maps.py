"""Tone maps as they are asked for and answered, versions 0 and 1.

    version 0   20 MSTATUS  21 slot  22 maps  23 active u16  25 codes …  [guard interval, gain]
    version 1   22 MSTATUS  24 length u16  28 peer  34 slot  35 coupling  36 maps  38 active u16
                44 codes …, behind guard interval (44) and gain (46) in a receive map

Two codes a byte, the even carrier in the low half.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

TX_MAP = 0xA070
"""VS_TONE_MAP_CHAR: what the peer granted."""
RX_MAP = 0xA090
"""VS_RX_TONE_MAP_CHAR: what this receiver asked for."""
UNKNOWN_MAC = 1
"""MSTATUS: no link to that station."""
UNKNOWN_SLOT = 2
"""MSTATUS: no tone map for that part of the mains period."""


class ToneMapRequest(NamedTuple):
    """What a request asks for, in either version."""

    code: int
    version: int
    peer: bytes
    slot: int
    coupling: int
    room: int
    """Carriers for which an answer of version 0 has room."""

    def refused(self, status: int) -> bytes:
        """Give the body of an answer without a map."""
        return self._answer(status, _Content(0, (), 0, 0))

    def granted(self, maps: int, codes: Sequence[int], gain: int = 0, guard_interval: int = 0) -> bytes:
        """Give the body of an answer with one code for each active carrier."""
        return self._answer(0, _Content(maps, codes, gain, guard_interval))

    def _answer(self, status: int, content: _Content) -> bytes:
        return self._version_1(status, content) if self.version else self._version_0(status, content)

    def _version_0(self, status: int, content: _Content) -> bytes:
        head = struct.pack("<BBBH", status, self.slot, content.maps, len(content.codes))
        tail = bytes((content.guard_interval, content.gain)) if self.code == RX_MAP else b""
        return head + _nibbles(content.codes).ljust((self.room + 1) // 2, b"\0") + tail

    def _version_1(self, status: int, content: _Content) -> bytes:
        nibbles = _nibbles(content.codes)
        extra = struct.pack("<BxBx", content.guard_interval, content.gain) if self.code == RX_MAP else b""
        where = (self.peer, self.slot, self.coupling)
        length = 18 + len(extra) + len(nibbles)
        head = struct.pack("<BxHxx6sBBBxH4x", status, length, *where, content.maps, len(content.codes))
        return head + extra + nibbles


class _Content(NamedTuple):
    maps: int
    codes: Sequence[int]
    gain: int
    guard_interval: int


def _nibbles(codes: Sequence[int]) -> bytes:
    even = [*codes, 0] if len(codes) % 2 else codes
    return bytes(low | high << 4 for low, high in zip(even[::2], even[1::2], strict=True))
