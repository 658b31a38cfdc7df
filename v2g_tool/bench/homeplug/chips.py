"""What the simulated chips say of themselves, as real ones were captured."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_ATTRIBUTES = 118
_ATTRIBUTES_FRAME = 1053


@dataclass(frozen=True)
class Chip:
    """A modem chip of the Qualcomm family.

    Attributes:
        firmware: version text as VS_SW_VER gives it: with the chip's name, and the date and stage at the end.
        release: major, minor and build number.
        device_class: family code in VS_SW_VER.CNF.
        ident: chip code in VS_SW_VER.CNF.
        ident_at: where VS_SW_VER.CNF carries it, from byte 0 of the frame.
        version_bytes: length of VS_SW_VER.CNF.
        intervals: intervals that VS_LNK_STATS announces; their contents are zero on all captured chips.
        carriers_v0: carriers for which a tone map of version 0 has room.
        green: a GreenPHY chip has no tone maps, and its receiver measures sounds.
    """

    firmware: str
    release: tuple[int, int, int]
    device_class: int
    ident: int
    ident_at: int = 277
    version_bytes: int = 297
    intervals: int = 6
    carriers_v0: int = 2690
    green: bool = False

    def version(self, *, bootloader: bool = False) -> bytes:
        """Give the body of VS_SW_VER.CNF."""
        text = b"BootLoader" if bootloader else self.firmware.encode()
        head = struct.pack("<BBB", 0, 6 if bootloader else self.device_class, len(text) + 1)
        body = (head + text).ljust(self.ident_at - 20, b"\0") + struct.pack("<II", self.ident, 0)
        return body.ljust(self.version_bytes - 20, b"\0")

    def attributes(self, cookie: int) -> bytes:
        """Give the body of VS_OP_ATTRIBUTES.CNF."""
        major, minor, build = self.release
        named, built, stage = self.firmware.encode().rsplit(b"-", 2)
        name = named.removeprefix(b"MAC-").partition(b"-")[0]
        data = struct.pack("<16s16s5I8s4s", name, b"MAC", major, minor, 0, 0, build, built, stage)
        head = struct.pack("<HIBH", 0, cookie, 0, _ATTRIBUTES)
        return (head + data.ljust(_ATTRIBUTES, b"\0")).ljust(_ATTRIBUTES_FRAME - 20, b"\0")


QCA7000 = Chip(
    firmware="MAC-QCA7000-1.1.0.727-02-20130826-FINAL",
    release=(1, 1, 727),
    device_class=0x22,
    ident=0x001B58DC,
    intervals=5,
    green=True,
)
"""In chargers."""
QCA7005 = Chip("MAC-QCA7005-1.1.0.730-04-20140815-CS", (1, 1, 730), device_class=0x22, ident=0x001B587C, green=True)
"""In vehicles."""
QCA7420 = Chip("MAC-QCA7420-1.3.0.2134-00-20151212-CS", (1, 3, 2134), device_class=0x20, ident=0x001CFCFC)
"""A powerline adapter, used as a probe."""
INT6400 = Chip(
    firmware="INT6400-MAC-4-4-4405-00-5083-20110506-FINAL",
    release=(4, 4, 4405),
    device_class=0x03,
    ident=0x00006400,
    ident_at=88,
    version_bytes=96,
    carriers_v0=1155,
)
"""An older powerline adapter; its arrays have a fixed size."""
