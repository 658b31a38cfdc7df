"""The head that all management messages share: Ethernet, 802.1Q tags, version, type, fragment mark, maker.

    0        6        12        14    15       17    19    22
    | ODA    | OSA    | 0x88E1  | MMV | MMTYPE | FMI | OUI | fields of the message ...
                                                 |     only types 0x8000-0xBFFF
                                                 only MMV >= 1

The Ethernet type is big-endian, everything behind it little-endian. A VLAN tag moves all by 4 bytes.
"""

from __future__ import annotations

from struct import Struct, error
from typing import Any, NamedTuple

from v2g_tool.errors import Implausible, RequestError

BROADCAST = "ff:ff:ff:ff:ff:ff"
LOCAL_MODEM = "00:b0:52:00:00:01"
"""Any Qualcomm modem on this wire; modems do not send it on to the powerline."""
ETHERTYPE = b"\x88\xe1"
QCA = bytes.fromhex("00b052")
"""The maker's number (OUI) in messages of Qualcomm and Intellon chips."""
VERTEXCOM = bytes.fromhex("0013d7")
"""The maker's number in messages of VertexCom, MStar and Spidcom chips."""
SHORTEST = 60
"""The least length of an Ethernet frame, bytes without the checksum."""

_TAGS = (b"\x81\x00", b"\x88\xa8")
_MOST_TAGS = 2
_ADDRESSES = 12
_TYPE = Struct("<BH")


class MalformedFrame(Implausible):
    """A frame that announces more than it holds, or contradicts itself.

    Attributes:
        understood: how many bytes from the front made sense.
    """

    def __init__(self, what: str, understood: int) -> None:
        super().__init__(what, why="It was cut while it was captured, or its sender is faulty.")
        self.understood = understood


class ForeignFrame(MalformedFrame):
    """A frame that is no HomePlug AV management message."""


class Head(NamedTuple):
    """What stands before the fields of a message.

    Attributes:
        destination: the MAC address it goes to.
        source: the MAC address it came from.
        mmv: the version of HomePlug AV that it follows: 0 is 1.0, 1 is 1.1, 2 is 2.0.
        mmtype: the kind of message; its two lowest bits are 0 request, 1 confirm, 2 indication, 3 response.
        fmi: two bytes that say whether it is a fragment, as sent; empty at MMV 0.
        oui: the maker's number; empty for kinds of the standard, and in fragments, whose data begin with it.
        vlan: VLAN tags as sent.
    """

    destination: str
    source: str
    mmv: int
    mmtype: int
    fmi: bytes = b""
    oui: bytes = b""
    vlan: bytes = b""

    @property
    def is_fragment(self) -> bool:
        """Whether this is a part of a longer message."""
        return self.fmi[:1] > b"\0"

    def encode(self) -> bytes:
        """Give the head as it lies on the wire."""
        addresses = mac_bytes(self.destination) + mac_bytes(self.source)
        return addresses + self.vlan + ETHERTYPE + _TYPE.pack(self.mmv, self.mmtype) + self.fmi + self.oui


class Reader:
    """Takes a frame apart from the front and knows how far it made sense."""

    __slots__ = ("at", "frame")

    def __init__(self, frame: bytes) -> None:
        self.frame = frame
        self.at = 0

    def unpack(self, layout: Struct) -> tuple[Any, ...]:
        """Give the next fields; raises MalformedFrame when the frame ends before."""
        try:
            values = layout.unpack_from(self.frame, self.at)
        except error:
            raise self.too_short(layout.size) from None
        self.at += layout.size
        return values

    def take(self, count: int) -> bytes:
        """Give the next `count` bytes; raises MalformedFrame when the frame ends before."""
        taken = self.frame[self.at : self.at + count]
        if len(taken) < count:
            raise self.too_short(count)
        self.at += count
        return taken

    def at_most(self, count: int) -> bytes:
        """Give the next `count` bytes, or what is left."""
        return self.take(min(count, len(self.frame) - self.at))

    def rest(self) -> bytes:
        """Give all that is left."""
        return self.take(len(self.frame) - self.at)

    def too_short(self, count: int) -> MalformedFrame:
        """Give the error of a frame that ends too early."""
        return self.contradiction(f"it ends at byte {len(self.frame)}, {count} are needed from byte {self.at} on")

    def contradiction(self, what: str) -> MalformedFrame:
        """Give the error of a frame that cannot be meant as it stands."""
        return MalformedFrame(f"a HomePlug message cannot be read: {what}", self.at)

    def head(self) -> Head:
        """Give the head; raises MalformedFrame when it is cut, ForeignFrame when it is not one of HomePlug AV."""
        frame, at = self.frame, _ADDRESSES
        while frame[at : at + 2] in _TAGS and at < _ADDRESSES + 4 * _MOST_TAGS:
            at += 4
        if frame[at : at + 2] != ETHERTYPE:
            raise self._no_homeplug(at)
        self.at = at + 2
        mmv, mmtype = self.unpack(_TYPE)
        fmi = self.take(2) if mmv else b""
        is_fragment = fmi[:1] > b"\0"
        oui = self.take(3) if mmtype >> 14 == 2 and not is_fragment else b""
        return Head(frame[0:6].hex(":"), frame[6:12].hex(":"), mmv, mmtype, fmi, oui, frame[_ADDRESSES:at])

    def _no_homeplug(self, at: int) -> MalformedFrame:
        self.at = min(at, len(self.frame)) if len(self.frame) >= _ADDRESSES else 0
        kind = self.frame[at : at + 2]
        if len(kind) < 2:
            return self.too_short(2)
        return ForeignFrame(f"Ethernet type 0x{kind.hex().upper()} is not HomePlug AV", at + 2)


def mac_bytes(mac: str) -> bytes:
    """Give the six bytes of a MAC address; raises RequestError when the text is none."""
    try:
        data = bytes.fromhex(mac.replace(":", ""))
    except ValueError:
        data = b""
    if len(data) != 6:
        raise RequestError(f"'{mac}' is no MAC address", todo="Write it as 00:b0:52:aa:bb:01.")
    return data


def text_of(data: bytes) -> str:
    """Give the text up to the first NUL; what cannot be printed becomes `?`, so that it is safe on a terminal."""
    text = data.split(b"\0", 1)[0].decode("ascii", "replace")
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)
