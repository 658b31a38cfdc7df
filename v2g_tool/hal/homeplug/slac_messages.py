"""Messages of SLAC (ISO 15118-3): an EV sounds, chargers measure the attenuation and report it.

Attenuation is in dB for each group of 16 active carriers, usually 58 groups; no groups mean that nothing was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Annotated, Any

from v2g_tool.hal.homeplug.fields import U8, U16, Body, Kind, Listed, Mac, Raw7, Raw8, Raw16, Raw17, Variable
from v2g_tool.hal.homeplug.frame import BROADCAST, QCA, Reader

_COUNT_AND_RESERVED = Struct("<BB")
_COUNT_AND_SIZE = Struct("<BBB7s")


class SlacBody(Body):
    """A message that begins with its application, 0 is the matching of EV and charger, and security, 0 is none."""

    application: U8 = 0
    security: U8 = 0


class SlacParmRequest(SlacBody):
    """An EV asks who is there. Cipher fields of a secured SLAC (`security` not 0) stay in the tail."""

    KIND = Kind("CM_SLAC_PARM.REQ", 0x6064)
    run_id: Raw8


class SlacParmConfirm(Body):
    """A charger answers: how many sounds it wants, and within how many times 100 ms."""

    KIND = Kind("CM_SLAC_PARM.CNF", 0x6065)
    sound_target: Mac = BROADCAST
    sounds: U8 = 10
    timeout: U8 = 6
    response_type: U8 = 1
    forwarding_sta: Mac
    application: U8 = 0
    security: U8 = 0
    run_id: Raw8


class StartAttenChar(SlacBody):
    """An EV announces its sounds."""

    KIND = Kind("CM_START_ATTEN_CHAR.IND", 0x606A)
    sounds: U8 = 10
    timeout: U8 = 6
    response_type: U8 = 1
    forwarding_sta: Mac
    run_id: Raw8


class MnbcSound(SlacBody):
    """One sound of an EV; `remaining` counts down to 0. Some senders cut the random bytes short."""

    KIND = Kind("CM_MNBC_SOUND.IND", 0x6076)
    sender_id: Raw17 = bytes(17)
    remaining: U8
    run_id: Raw8
    reserved: Raw8 = bytes(8)
    random: Annotated[bytes, Variable(lambda reader, _: reader.at_most(16))]


class AttenProfile(Body):
    """A modem tells its host what one sound of an EV lost on its way."""

    KIND = Kind("CM_ATTEN_PROFILE.IND", 0x6086)
    ev: Mac
    reserved: int = 0
    groups_db: tuple[int, ...]

    @classmethod
    def _read_more(cls, reader: Reader, _fields: Mapping[str, Any]) -> Mapping[str, Any]:
        count, reserved = reader.unpack(_COUNT_AND_RESERVED)
        return {"reserved": reserved, "groups_db": tuple(reader.take(count))}

    def _write_more(self) -> bytes:
        return _COUNT_AND_RESERVED.pack(len(self.groups_db), self.reserved) + bytes(self.groups_db)


class VendorAttenuation(Body):
    """The same, sent to everybody on the powerline; its OUI is 00:00:00 as often as Qualcomm's."""

    KIND = Kind("VS_ATTENUATION_CHARACTERISTICS.IND", 0xA14E, 0, QCA)
    ev: Mac
    reserved_1: int = 0
    carriers_per_group: int = 16
    reserved_2: bytes = bytes(7)
    groups_db: tuple[int, ...]

    @classmethod
    def _read_more(cls, reader: Reader, _fields: Mapping[str, Any]) -> Mapping[str, Any]:
        count, reserved_1, size, reserved_2 = reader.unpack(_COUNT_AND_SIZE)
        return {
            "reserved_1": reserved_1,
            "carriers_per_group": size,
            "reserved_2": reserved_2,
            "groups_db": tuple(reader.take(count)),
        }

    def _write_more(self) -> bytes:
        head = _COUNT_AND_SIZE.pack(len(self.groups_db), self.reserved_1, self.carriers_per_group, self.reserved_2)
        return head + bytes(self.groups_db)


class AttenChar(SlacBody):
    """A charger reports the mean over the sounds, after its own corrections; `source_address` is the EV."""

    KIND = Kind("CM_ATTEN_CHAR.IND", 0x606E)
    source_address: Mac
    run_id: Raw8
    source_id: Raw17 = bytes(17)
    response_id: Raw17 = bytes(17)
    sounds: U8
    groups_db: Listed[U8]


class AttenCharResponse(SlacBody):
    """The EV confirms that report: 0 is yes."""

    KIND = Kind("CM_ATTEN_CHAR.RSP", 0x606F)
    source_address: Mac
    run_id: Raw8
    source_id: Raw17 = bytes(17)
    response_id: Raw17 = bytes(17)
    result: U8 = 0


class ValidateRequest(Body):
    """An EV asks the charger to count how often it toggles the control pilot."""

    KIND = Kind("CM_VALIDATE.REQ", 0x6078)
    signal: U8 = 0
    timer: U8
    result: U8


class ValidateConfirm(Body):
    """The charger's count; results: 0 not ready, 1 ready, 2 success, 3 failure, 4 not required."""

    KIND = Kind("CM_VALIDATE.CNF", 0x6079)
    signal: U8 = 0
    toggles: U8
    result: U8


class SlacMatchRequest(SlacBody):
    """An EV asks the charger that it chose for the network key."""

    KIND = Kind("CM_SLAC_MATCH.REQ", 0x607C)
    length: U16 = 0x3E
    pev_id: Raw17 = bytes(17)
    pev: Mac
    evse_id: Raw17 = bytes(17)
    evse: Mac
    run_id: Raw8
    reserved: Raw8 = bytes(8)


class SlacMatchConfirm(SlacMatchRequest):
    """The charger repeats the request, and gives network identifier and network key."""

    KIND = Kind("CM_SLAC_MATCH.CNF", 0x607D)
    SECRET = ("nmk",)
    length: U16 = 0x56
    nid: Raw7
    reserved_2: U8 = 0
    nmk: Raw16
