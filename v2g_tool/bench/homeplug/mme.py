"""HomePlug management messages (MME) as bytes, written for the bench alone.

Offsets in a frame, little-endian after the Ethernet type:

    0 ODA  6 OSA  12 88e1  14 MMV  15 MMTYPE  17 [FMI, only if MMV > 0]  [OUI, only vendor types]  body …
"""

from __future__ import annotations

import struct
from typing import NamedTuple, Self

ETHERTYPE = 0x88E1
"""Ethernet type of HomePlug AV."""
BROADCAST = b"\xff" * 6
"""All stations."""
LOCAL_MANAGEMENT = bytes.fromhex("00b052000001")
"""Whatever modem is on this wire; never crosses the powerline."""
QUALCOMM = bytes.fromhex("00b052")
"""Organisation of Qualcomm, Intellon before."""
VERTEXCOM = bytes.fromhex("0013d7")
"""Organisation of VertexCom, MStar before."""
MINIMUM = 60
"""Shortest Ethernet frame without its checksum."""

_VENDOR = range(0x8000, 0xC000)


class Mme(NamedTuple):
    """One management message; `body` is what follows the last header field."""

    to: bytes
    sender: bytes
    version: int
    """MMV: 0 is AV 1.0, without fragment field."""
    code: int
    """MMTYPE; its two low bits are 0 REQ, 1 CNF, 2 IND, 3 RSP."""
    body: bytes
    oui: bytes = b""

    def number(self, at: int, size: int = 1) -> int:
        """Give a little-endian number of the body, 0 where the body ends before it."""
        return int.from_bytes(self.body[at : at + size], "little")

    def mac(self, at: int) -> bytes:
        """Give the six bytes of an address in the body, zeros where it ends before."""
        return self.body[at : at + 6].ljust(6, b"\0")

    def answer(self, sender: bytes, body: bytes) -> Self:
        """Give the confirmation or response to this message, in the version in which it was asked."""
        return self._replace(to=self.sender, sender=sender, code=self.code + 1, body=body)

    def frame(self) -> bytes:
        """Give the message as one frame."""
        fragment = b"\0\0" if self.version else b""
        return (self._head() + fragment + self.oui + self.body).ljust(MINIMUM, b"\0")

    def fragments(self, size: int, sequence: int) -> list[bytes]:
        """Give the message as frames with at most `size` bytes of body each, as VertexCom modems send them.

        The OUI comes in every fragment; the low nibble is the last index, the high one this index.
        """
        pieces = [self.body[at : at + size] for at in range(0, len(self.body), size)] or [b""]
        return [
            (self._head() + bytes((at << 4 | len(pieces) - 1, sequence)) + self.oui + piece).ljust(MINIMUM, b"\0")
            for at, piece in enumerate(pieces)
        ]

    def _head(self) -> bytes:
        return self.to + self.sender + struct.pack(">H", ETHERTYPE) + struct.pack("<BH", self.version, self.code)


def parse(frame: bytes) -> Mme | None:
    """Give the message in a frame, None if it holds none."""
    if len(frame) < 17 or frame[12:14] != ETHERTYPE.to_bytes(2, "big"):
        return None
    version, code = struct.unpack_from("<BH", frame, 14)
    at = 19 if version else 17
    oui = frame[at : at + 3] if code in _VENDOR else b""
    return Mme(frame[:6], frame[6:12], version, code, frame[at + len(oui) :], oui)


def mac_text(mac: bytes) -> str:
    """Give an address as it is written, `00:b0:52:01:00:01`."""
    return mac.hex(":")
