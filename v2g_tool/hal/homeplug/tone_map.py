"""Bit loading of each carrier (tone maps), as sent to a peer and as asked of it, and the transmit amplitude map.

The two requests exist in two versions with the same type: MMV 0 and MMV 1. Codes are packed two to a byte, the even
carrier in the low nibble; an odd count leaves the last high nibble unused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from v2g_tool.hal.homeplug.fields import U8, U16, Body, Kind, Mac, Raw3, Raw4, Variable
from v2g_tool.hal.homeplug.frame import QCA, Reader
from v2g_tool.model.plc import Direction

_LOW = bytes(code & 15 for code in range(256))
_HIGH = bytes(code >> 4 for code in range(256))
_HEADS = (18, 22, 24)
"""Bytes from SUBVER to the codes in version 1: 0xA071, 0xA091, and what open-plc-utils expects of 0xA071."""


def nibbles(data: bytes, count: int) -> tuple[int, ...]:
    """Give the first `count` codes that are packed in `data`."""
    codes = bytearray(2 * len(data))
    codes[0::2] = data.translate(_LOW)
    codes[1::2] = data.translate(_HIGH)
    return tuple(codes[:count])


def _packed(codes: int) -> int:
    return (codes + 1) // 2


class ToneMapRequestV0(Body):
    """Asks for the codes of one slot; MMV 0."""

    peer: Mac
    slot: U8


class TxToneMapRequestV0(ToneMapRequestV0):
    """Asks what is sent to the peer."""

    KIND = Kind("VS_TONE_MAP_CHAR.REQ", 0xA070, 0, QCA)


class RxToneMapRequestV0(ToneMapRequestV0):
    """Asks what is received from the peer."""

    KIND = Kind("VS_RX_TONE_MAP_CHAR.REQ", 0xA090, 0, QCA)


class ToneMapRequestV1(Body):
    """Asks for the codes of one slot; MMV 1."""

    subversion: U8 = 0
    reserved: Raw3 = bytes(3)
    peer: Mac
    slot: U8
    coupling: U8 = 0


class TxToneMapRequestV1(ToneMapRequestV1):
    """Asks what is sent to the peer."""

    KIND = Kind("VS_TONE_MAP_CHAR.REQ", 0xA070, 1, QCA)


class RxToneMapRequestV1(ToneMapRequestV1):
    """Asks what is received from the peer."""

    KIND = Kind("VS_RX_TONE_MAP_CHAR.REQ", 0xA090, 1, QCA)


def _codes_before(behind: int) -> Variable:
    """Give how codes lie on the wire that leave `behind` bytes of the frame."""

    def read(reader: Reader, fields: Mapping[str, Any]) -> bytes:
        mod = reader.frame[reader.at : len(reader.frame) - behind]
        if fields["active"] > 2 * len(mod) and not fields["status"]:
            raise reader.contradiction(f"{fields['active']} carriers are announced, {2 * len(mod)} would fit")
        return reader.take(len(mod))

    return Variable(read)


class ToneMapConfirmV0(Body):
    """The codes of one slot; MMV 0.

    How many bytes of codes there are depends on the chip (578 on INT6x00, 1345 on QCA7420), so the frame's end tells;
    the first `active` codes count. Statuses: 0 given, 1 unknown peer, 2 unknown slot.
    """

    status: U8
    slot: U8
    maps: U8
    active: U16
    mod: bytes

    direction: ClassVar[Direction]

    @property
    def codes(self) -> tuple[int, ...]:
        """One code for each active carrier, ascending in frequency."""
        return nibbles(self.mod, self.active)


class TxToneMapConfirmV0(ToneMapConfirmV0):
    """What is sent to the peer."""

    KIND = Kind("VS_TONE_MAP_CHAR.CNF", 0xA071, 0, QCA)
    direction: ClassVar[Direction] = "tx"
    gil: ClassVar[None] = None
    agc: ClassVar[None] = None
    mod: Annotated[bytes, _codes_before(0)]


class RxToneMapConfirmV0(ToneMapConfirmV0):
    """What is received from the peer, with guard-interval and gain codes."""

    KIND = Kind("VS_RX_TONE_MAP_CHAR.CNF", 0xA091, 0, QCA)
    direction: ClassVar[Direction] = "rx"
    mod: Annotated[bytes, _codes_before(2)]
    gil: U8 = 0
    agc: U8 = 0


def _extra(reader: Reader, fields: Mapping[str, Any]) -> bytes:
    """Read what the head holds beyond 18 bytes; its length follows from that of the codes."""
    if fields["status"]:
        return b""
    head = fields["length"] - _packed(fields["active"])
    if head not in _HEADS:
        raise reader.contradiction(f"{fields['active']} carriers do not fit a length of {fields['length']}")
    return reader.take(head - _HEADS[0])


def _mod(reader: Reader, fields: Mapping[str, Any]) -> bytes:
    return b"" if fields["status"] else reader.take(_packed(fields["active"]))


class ToneMapConfirmV1(Body):
    """The codes of one slot; MMV 1.

    `length` (MME_LEN) counts the bytes from SUBVER to the end of the codes, and so tells how long the head is: 18, 22
    or 24 bytes; `extra` is what it holds beyond 18. Statuses: 0 given, 1 unknown peer, 2 unknown slot; of a refusal
    the rest is not read.
    """

    status: U8
    reserved_1: U8 = 0
    length: U16
    subversion: U8 = 0
    reserved_2: U8 = 0
    peer: Mac
    slot: U8
    coupling: U8 = 0
    maps: U8
    reserved_3: U8 = 0
    active: U16
    reserved_4: Raw4 = bytes(4)
    extra: Annotated[bytes, Variable(_extra)] = b""
    mod: Annotated[bytes, Variable(_mod)] = b""

    direction: ClassVar[Direction]

    @property
    def codes(self) -> tuple[int, ...]:
        """One code for each active carrier, ascending in frequency."""
        return nibbles(self.mod, self.active)


class TxToneMapConfirmV1(ToneMapConfirmV1):
    """What is sent to the peer."""

    KIND = Kind("VS_TONE_MAP_CHAR.CNF", 0xA071, 1, QCA)
    direction: ClassVar[Direction] = "tx"
    gil: ClassVar[None] = None
    agc: ClassVar[None] = None


class RxToneMapConfirmV1(ToneMapConfirmV1):
    """What is received from the peer, with guard-interval and gain codes where the head has its usual length."""

    KIND = Kind("VS_RX_TONE_MAP_CHAR.CNF", 0xA091, 1, QCA)
    direction: ClassVar[Direction] = "rx"

    @property
    def gil(self) -> int | None:
        """The guard-interval code."""
        return self.extra[0] if len(self.extra) == 4 else None

    @property
    def agc(self) -> int | None:
        """The gain code."""
        return self.extra[2] if len(self.extra) == 4 else None


class AmpMapRequest(Body):
    """Limits the transmit amplitude of `count` carriers, a code each; what a code means in dB is unconfirmed."""

    KIND = Kind("CM_AMP_MAP.REQ", 0x601C, 2)
    count: U16
    data: Annotated[bytes, Variable(lambda reader, fields: reader.take(_packed(fields["count"])))]

    @property
    def codes(self) -> tuple[int, ...]:
        """One code for each carrier."""
        return nibbles(self.data, self.count)


class AmpMapConfirm(Body):
    """Whether the amplitude map was taken: 0 is yes."""

    KIND = Kind("CM_AMP_MAP.CNF", 0x601D, 2)
    result: U8
