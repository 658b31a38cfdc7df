"""Who a Qualcomm modem is and what state it is in: version, link, attributes, properties. MMV 0."""

from __future__ import annotations

from typing import Annotated

from v2g_tool.hal.homeplug.fields import U8, U16, U32, Answer, Body, Kind, Raw2, Raw3, Raw8, Raw12, Raw16, Variable
from v2g_tool.hal.homeplug.frame import QCA, text_of

IDENTS = {
    0x001B58DC: "QCA7000",
    0x001B589C: "QCA7000",
    0x001B587C: "QCA7005",
    0x001B58AC: "QCA7006AQ",
    0x001CFCFC: "QCA7420",
    0x001D4C0F: "QCA7500",
}
"""Chips by their identity word; source: open-plc-utils, plc/chipset.c, and captures."""
DEVICE_CLASSES = {
    0x01: "INT6000",
    0x02: "INT6300",
    0x03: "INT6400",
    0x04: "AR7400",
    0x05: "AR6405",
    0x06: "Panther/Lynx boot loader",
    0x20: "QCA7420 or QCA7450",
    0x21: "QCA6410, QCA6411 or QCA7006AQ",
    0x22: "QCA7000 or QCA7005",
    0x30: "QCA7500",
}
"""Families of chips by their device class; same source."""

_VERSION_BYTES = 254
_IDENT_AT = (254, 65, 129)
"""Where the identity word stands behind the version text, by firmware; all captures have the first."""


class VersionRequest(Body):
    """Asks for chip and firmware."""

    KIND = Kind("VS_SW_VER.REQ", 0xA000, 0, QCA)
    cookie: U32 = 0


class VersionConfirm(Body):
    """Chip and firmware; `area` is the version text and what follows: identity word and stepping."""

    KIND = Kind("VS_SW_VER.CNF", 0xA001, 0, QCA)
    status: U8
    device_class: U8 = 0
    version_length: U8 = 0
    area: Annotated[bytes, Variable(lambda reader, _: reader.at_most(_VERSION_BYTES + 8))] = b""

    @property
    def firmware(self) -> str:
        """The version text."""
        return text_of(self.area[:_VERSION_BYTES])

    @property
    def ident(self) -> int | None:
        """The identity word where it is a known one, else what stands at the usual place, None if nothing does."""
        words = [int.from_bytes(self.area[at : at + 4], "little") for at in _IDENT_AT]
        return next((word for word in words if word in IDENTS), words[0] or None)

    @property
    def chip(self) -> str:
        """The chip, or its family, or that it is unknown."""
        family = DEVICE_CLASSES.get(self.device_class, f"unknown chip (device class 0x{self.device_class:02X})")
        return IDENTS.get(self.ident or 0, family)


class LinkStatusRequest(Body):
    """Asks whether there is a powerline network."""

    KIND = Kind("VS_PL_LINK_STATUS.REQ", 0xA0B8, 0, QCA)


class LinkStatusConfirm(Body):
    """Whether the modem is linked: 1 is yes."""

    KIND = Kind("VS_PL_LINK_STATUS.CNF", 0xA0B9, 0, QCA)
    status: U8
    linked: U8


class AttributesRequest(Body):
    """Asks for the attributes of chip and firmware; the answer repeats the cookie."""

    KIND = Kind("VS_OP_ATTRIBUTES.REQ", 0xA068, 0, QCA)
    cookie: U32
    rtype: U8 = 0


class AttributesConfirm(Answer):
    """The attributes up to byte 107; what follows is described differently by each source and stays in the tail."""

    KIND = Kind("VS_OP_ATTRIBUTES.CNF", 0xA069, 0, QCA)
    status: U16
    cookie: U32 = 0
    rtype: U8 = 0
    length: U16 = 0
    hardware: Raw16 = bytes(16)
    software: Raw16 = bytes(16)
    major: U32 = 0
    minor: U32 = 0
    pib: U32 = 0
    sustaining: U32 = 0
    build: U32 = 0
    build_date: Raw8 = bytes(8)
    release: Raw12 = bytes(12)
    sdram_type: U8 = 0
    reserved: U8 = 0
    line_frequency: U8 = 0
    sdram_size: U32 = 0


class PropertyRequest(Body):
    """Asks for a numbered property; the answer repeats the cookie."""

    KIND = Kind("VS_GET_PROPERTY.REQ", 0xA0F8, 0, QCA)
    cookie: U32
    data_format: U8 = 0
    property_format: U8 = 0
    reserved: Raw2 = bytes(2)
    version: U32 = 0
    length: U32 = 4
    number: U32


class PropertyConfirm(Answer):
    """A property. Some hold keys, so none is shown."""

    KIND = Kind("VS_GET_PROPERTY.CNF", 0xA0F9, 0, QCA)
    SECRET = ("data",)
    status: U32
    cookie: U32 = 0
    data_format: U8 = 0
    reserved: Raw3 = bytes(3)
    length: U32 = 0
    data: Annotated[bytes, Variable(lambda reader, fields: reader.take(fields["length"]))] = b""
