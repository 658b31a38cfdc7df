"""Frames of public captures, byte for byte, and what each of them says.

Notation: hex digits; `00*17` repeats; `QCA7420/16` is text, padded with NUL to 16 bytes; `|60` pads with zeros to that
length of the frame. Addresses that a source leaves out are those of the stations of its capture; where it leaves out
counts or values, the rest is zero.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

EV = "dc:0e:a1:11:67:08"
"""The laptop that plays the vehicle in pyPLC's captures."""
CHARGER = "bc:f2:af:f3:13:74"
"""The QCA7000 of a charger."""
PROBE = "98:de:d0:65:0e:f7"
"""The QCA7420 adapter of the laptop."""
NMK = "9ed1f8a5b566e83dc4f1700e4a89afec"


@dataclass(frozen=True)
class Golden:
    """A frame of a capture, the class that its body has, and fields and properties of the body."""

    name: str
    frame: bytes
    body: str
    says: dict[str, Any]


def octets(notation: str) -> bytes:
    """Give the bytes that the notation means."""
    data = b""
    for token in notation.split():
        if token.startswith("|"):
            data = data.ljust(int(token[1:]), b"\0")
        elif "/" in token:
            text, size = token.split("/")
            data += text.encode().ljust(int(size), b"\0")
        else:
            digits, _, count = token.partition("*")
            data += bytes.fromhex(digits) * int(count or 1)
    return data


RUN_ID = bytes.fromhex("dc0ea11167080000")
HYC_EMPTY = "0465650064c3"
DEHNER = (
    "0b0f110d1608150109120000001205040b040d120304050d171309090a"
    "0a0a0c0c0c1a0d0d0b0c0b090e160804030302040b0705060713221228"
)
BENCH = (
    "0e0d0d1010121913151615161517161613131413121111110f0d0b0a0a"
    "0a0a09090a0a0a0a0a0909090e11111314151a191d1d1c1e1d2426272c"
)
SUPERCHARGER = (
    "0f0e0f120e0e140f0f111111100f0f1210101112111110101110111111"
    "1111101113141313121313131514131413131212161514121117181824"
)


def groups(digits: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(digits))


SLAC = [
    Golden(
        "CM_SLAC_PARM.REQ",
        octets("ff*6 dc0ea1116708 88e1 01 6460 0000 00 00 dc0ea11167080000 |60"),
        "SlacParmRequest",
        {"application": 0, "security": 0, "run_id": RUN_ID},
    ),
    Golden(
        "CM_SLAC_PARM.CNF",
        octets(
            "dc0ea1116708 9a8ab66d2df6 88e1 01 6560 0000 ffffffffffff 0a 06 01 dc0ea1116708 00 00 dc0ea11167080000 |60"
        ),
        "SlacParmConfirm",
        {
            "sound_target": "ff:ff:ff:ff:ff:ff",
            "sounds": 10,
            "timeout": 6,
            "response_type": 1,
            "forwarding_sta": EV,
            "run_id": RUN_ID,
        },
    ),
    Golden(
        "CM_START_ATTEN_CHAR.IND",
        octets("ff*6 dc0ea1116708 88e1 01 6a60 0000 00 00 0a 0a 01 dc0ea1116708 dc0ea11167080000 |60"),
        "StartAttenChar",
        {"sounds": 10, "timeout": 10, "response_type": 1, "forwarding_sta": EV, "run_id": RUN_ID},
    ),
    Golden(
        "CM_MNBC_SOUND.IND",
        octets("ff*6 dc0ea1116708 88e1 01 7660 0000 00 00 00*17 09 dc0ea11167080000 00*8 ff*16"),
        "MnbcSound",
        {"sender_id": bytes(17), "remaining": 9, "run_id": RUN_ID, "random": b"\xff" * 16},
    ),
    Golden(
        "CM_MNBC_SOUND.IND, cut to 64 bytes",
        octets("ff*6 dc0ea1116708 88e1 01 7660 0000 00 00 00*17 09 dc0ea11167080000 00*8 ff*9"),
        "MnbcSound",
        {"remaining": 9, "run_id": RUN_ID, "random": b"\xff" * 9},
    ),
    Golden(
        "CM_ATTEN_CHAR.IND",
        octets(f"dc0ea1116708 9a8ab66d2df6 88e1 01 6e60 0000 00 00 dc0ea1116708 dc0ea11167080000 00*34 0a 3a {DEHNER}"),
        "AttenChar",
        {"source_address": EV, "run_id": RUN_ID, "sounds": 10, "groups_db": groups(DEHNER)},
    ),
    Golden(
        "CM_ATTEN_CHAR.IND, padded to 326 bytes",
        octets(
            f"dc0ea1116708 9a8ab66d2df6 88e1 01 6e60 0000 00 00 dc0ea1116708 dc0ea11167080000 00*34 0a 3a {DEHNER} |326"
        ),
        "AttenChar",
        {"source_address": EV, "sounds": 10, "groups_db": groups(DEHNER)},
    ),
    Golden(
        "CM_ATTEN_CHAR.RSP",
        octets("9a8ab66d2df6 dc0ea1116708 88e1 01 6f60 0000 00 00 dc0ea1116708 dc0ea11167080000 00*34 00"),
        "AttenCharResponse",
        {"source_address": EV, "run_id": RUN_ID, "result": 0},
    ),
    Golden(
        "CM_SLAC_MATCH.REQ",
        octets(
            "9a8ab66d2df6 dc0ea1116708 88e1 01 7c60 0000 00 00 3e00 00*17 dc0ea1116708 00*17 9a8ab66d2df6 "
            "dc0ea11167080000 00*8"
        ),
        "SlacMatchRequest",
        {"length": 0x3E, "pev": EV, "evse": "9a:8a:b6:6d:2d:f6", "run_id": RUN_ID},
    ),
    Golden(
        "CM_SLAC_MATCH.CNF",
        octets(
            "dc0ea1116708 9a8ab66d2df6 88e1 01 7d60 0000 00 00 5600 00*17 dc0ea1116708 00*17 9a8ab66d2df6 "
            f"dc0ea11167080000 00*8 b468ace9ff5603 00 {NMK}"
        ),
        "SlacMatchConfirm",
        {"length": 0x56, "pev": EV, "nid": bytes.fromhex("b468ace9ff5603"), "nmk": bytes.fromhex(NMK)},
    ),
    Golden(
        "CM_SET_KEY.REQ",
        octets(
            "00b052000001 020000000010 88e1 01 0860 0000 01 aaaaaaaa 00000000 04 0000 00 00 b0f2e695666b03 01 "
            "50d3e4933f855b7040784df815aa8db7 |60"
        ),
        "SetKeyRequest",
        {
            "key_type": 1,
            "my_nonce": 0xAAAAAAAA,
            "pid": 4,
            "nid": bytes.fromhex("b0f2e695666b03"),
            "new_eks": 1,
            "nmk": bytes.fromhex("50d3e4933f855b7040784df815aa8db7"),
        },
    ),
    Golden(
        "CM_SET_KEY.CNF",
        octets("dc0ea1116708 9848275a3ce6 88e1 01 0960 0000 01 24bc5ff6 aaaaaaaa 04 0000 ff 00 |60"),
        "SetKeyConfirm",
        {"result": 1, "my_nonce": 0xF65FBC24, "your_nonce": 0xAAAAAAAA, "pid": 4, "pmn": 0xFF, "cco_capability": 0},
    ),
]

_A071 = "dc0ea1116708 98ded0650ef7 88e1 01 71a0 0000 00b052 00 00 dd01 00 00 bcf2aff31374"
TONE_MAPS = [
    Golden(
        "VS_TONE_MAP_CHAR.REQ, MMV 1",
        octets("98ded0650ef7 dc0ea1116708 88e1 01 70a0 0000 00b052 00000000 bcf2aff31374 00 00 |60"),
        "TxToneMapRequestV1",
        {"peer": CHARGER, "slot": 0, "coupling": 0},
    ),
    Golden(
        "VS_RX_TONE_MAP_CHAR.REQ, MMV 0",
        octets("98ded0650ef7 dc0ea1116708 88e1 00 90a0 00b052 bcf2aff31374 05 |60"),
        "RxToneMapRequestV0",
        {"peer": CHARGER, "slot": 5},
    ),
    *(
        Golden(
            f"VS_TONE_MAP_CHAR.CNF, MMV 1, slot {slot}",
            octets(f"{_A071} {slot:02x} 00 00 00 9503 00000000 22*458 02"),
            "TxToneMapConfirmV1",
            {
                "status": 0,
                "length": 0x1DD,
                "peer": CHARGER,
                "slot": slot,
                "maps": 0,
                "active": 917,
                "extra": b"",
                "codes": (2,) * 917,
                "gil": None,
                "agc": None,
            },
        )
        for slot in (0, 255)
    ),
    Golden(
        "VS_RX_TONE_MAP_CHAR.CNF, MMV 1, refused",
        octets("dc0ea1116708 98ded0650ef7 88e1 01 91a0 0000 00b052 02 00 1600 00 00 bcf2aff31374 00*26"),
        "RxToneMapConfirmV1",
        {"status": 2, "length": 0x16, "peer": CHARGER, "slot": 0, "active": 0, "codes": (), "agc": None},
    ),
    Golden(
        "VS_TONE_MAP_CHAR.CNF, MMV 0, refused by a QCA7420",
        octets("dc0ea1116708 98ded0650ef7 88e1 00 71a0 00b052 02 |1370"),
        "TxToneMapConfirmV0",
        {"status": 2, "slot": 0, "active": 0, "mod": bytes(1345), "codes": ()},
    ),
    Golden(
        "VS_RX_TONE_MAP_CHAR.CNF, MMV 0, refused by a QCA7420",
        octets("dc0ea1116708 98ded0650ef7 88e1 00 91a0 00b052 02 |1372"),
        "RxToneMapConfirmV0",
        {"status": 2, "slot": 0, "active": 0, "mod": bytes(1345), "codes": (), "gil": 0, "agc": 0},
    ),
]


def _u64(*numbers: int) -> str:
    return b"".join(number.to_bytes(8, "little") for number in numbers).hex()


def _statistics(name: str, source: str, tx: tuple[int, ...], rx: tuple[int, ...], intervals: int) -> Golden:
    head = f"dc0ea1116708 {source.replace(':', '')} 88e1 00 31a0 00b052 00 02 fc 00"
    return Golden(
        f"VS_LNK_STATS.CNF of a {name}",
        octets(f"{head} {_u64(*tx)} {_u64(*rx)} {intervals:02x} |311"),
        "LinkStatisticsConfirm",
        {"status": 0, "direction": 2, "lid": 0xFC, "tei": 0, "tx": tx, "rx": rx, "intervals": intervals},
    )


STATISTICS = [
    Golden(
        "VS_LNK_STATS.REQ",
        octets("00b052000001 020000000010 88e1 00 30a0 00b052 00 02 f8 00b052ccdd02 |60"),
        "LinkStatisticsRequest",
        {"control": 0, "direction": 2, "lid": 0xF8, "peer": "00:b0:52:cc:dd:02"},
    ),
    Golden(
        "VS_LNK_STATS.CNF of a QCA7000, written out",
        octets(
            "dc0ea1116708 bcf2aff31374 88e1 00 31a0 00b052 00 02 fc 00 7e1b 00*6 00*8 00*8 8d1b 00*6 00*8 "
            "5f 00*7 00*8 75 00*7 00*8 0d 00*7 00*8 05 |311"
        ),
        "LinkStatisticsConfirm",
        {"tx": (7038, 0, 0, 7053, 0), "rx": (95, 0, 117, 0, 13, 0), "intervals": 5},
    ),
    _statistics("QCA7420", PROBE, (376, 3, 0, 398, 0), (144, 0, 259, 0, 109, 0), 6),
    _statistics("QCA7005", "04:65:65:00:64:c3", (73, 0, 0, 88, 0), (36, 0, 39, 0, 2952, 0), 6),
]


def _version(firmware: str, ident: str, device_class: int, chip: str) -> Golden:
    head = f"dc0ea1116708 bcf2aff31374 88e1 00 01a0 00b052 00 {device_class:02x} {len(firmware) + 1:02x}"
    return Golden(
        f"VS_SW_VER.CNF of a {chip}",
        octets(f"{head} {firmware}/254 {ident} |297"),
        "VersionConfirm",
        {"status": 0, "device_class": device_class, "firmware": firmware, "chip": chip},
    )


NID = bytes.fromhex("5a97fe49d9ea0b")
_STATION = {"mac": PROBE, "tei": 2, "bridged": EV, "tx_mbit_s": 9, "rx_mbit_s": 9}
IDENTITY = [
    Golden(
        "VS_SW_VER.REQ", octets("00b052000001 020000000010 88e1 00 00a0 00b052 |60"), "VersionRequest", {"cookie": 0}
    ),
    _version("MAC-QCA7000-1.1.0.727-02-20130826-FINAL", "dc581b00", 0x22, "QCA7000"),
    _version("MAC-QCA7005-1.1.0.730-04-20140815-CS", "7c581b00", 0x22, "QCA7005"),
    _version("MAC-QCA7420-1.3.0.2134-00-20151212-CS", "fcfc1c00", 0x20, "QCA7420"),
    Golden(
        "VS_OP_ATTRIBUTES.CNF of a QCA7420",
        octets(
            "dc0ea1116708 98ded0650ef7 88e1 00 69a0 00b052 0000 00000000 00 7600 QCA7420/16 MAC/16 "
            "01000000 03000000 00*8 56080000 20151212/8 CS/12 |1053"
        ),
        "AttributesConfirm",
        {
            "status": 0,
            "length": 0x76,
            "hardware": b"QCA7420".ljust(16, b"\0"),
            "software": b"MAC".ljust(16, b"\0"),
            "major": 1,
            "minor": 3,
            "pib": 0,
            "sustaining": 0,
            "build": 2134,
            "build_date": b"20151212",
            "release": b"CS".ljust(12, b"\0"),
        },
    ),
    Golden(
        "VS_NW_INFO.REQ, MMV 1",
        octets("00b052000001 020000000010 88e1 01 38a0 0000 00b052 |60"),
        "NetworkInfoRequestV1",
        {},
    ),
    Golden(
        "VS_NW_INFO.CNF, MMV 1",
        octets(
            "dc0ea1116708 bcf2aff31374 88e1 01 39a0 0000 00b052 00 00 3a00 00 01 5a97fe49d9ea0b 0000 0e 01 00000000 "
            "02 bcf2aff31374 01 000000 01 0000000000 98ded0650ef7 02 000000 dc0ea1116708 0900 00 00 0900 0000"
        ),
        "NetworkInfoConfirmV1",
        {
            "length": 0x3A,
            "networks": [{"nid": NID, "snid": 14, "tei": 1, "role": 2, "cco": CHARGER, "stations": [_STATION]}],
        },
    ),
    Golden(
        "VS_NW_INFO.CNF, MMV 0",
        octets(
            "dc0ea1116708 bcf2aff31374 88e1 00 39a0 00b052 01 5a97fe49d9ea0b 0e 01 02 bcf2aff31374 01 01 "
            "98ded0650ef7 02 dc0ea1116708 09 09 |60"
        ),
        "NetworkInfoConfirmV0",
        {"networks": [{"nid": NID, "snid": 14, "tei": 1, "role": 2, "cco": CHARGER, "stations": [_STATION]}]},
    ),
    Golden(
        "CC_DISCOVER_LIST.CNF",
        octets("644d700102c8 88fca61c7c88 88e1 01 1500 0000 01 bcf2aff366fa 02 01 06 10 00 00 |60"),
        "DiscoverListConfirm",
        {
            "stations": [
                {
                    "mac": "bc:f2:af:f3:66:fa",
                    "tei": 2,
                    "same_network": 1,
                    "snid": 6,
                    "capabilities": 0x10,
                    "signal_level": 0,
                    "average_ble": 0,
                }
            ],
            "networks": [],
        },
    ),
]

PROFILES = [
    Golden(
        "VS_ATTENUATION_CHARACTERISTICS.IND of a Supercharger",
        octets(f"ff*6 dc44271fd91c 88e1 00 4ea1 00b052 dc0ea1116708 3a 00 10 00*7 {SUPERCHARGER} |94"),
        "VendorAttenuation",
        {"ev": EV, "carriers_per_group": 16, "groups_db": groups(SUPERCHARGER)},
    ),
    Golden(
        "VS_ATTENUATION_CHARACTERISTICS.IND, OUI 00:00:00",
        octets(f"ff*6 88fca61c7c88 88e1 00 4ea1 000000 644d700102c8 3a 00 10 00*7 {BENCH}"),
        "VendorAttenuation",
        {"ev": "64:4d:70:01:02:c8", "groups_db": groups(BENCH)},
    ),
    Golden(
        "CM_ATTEN_PROFILE.IND of the same sound",
        octets(f"ff*6 88fca61c7c88 88e1 01 8660 0000 644d700102c8 3a 00 {BENCH}"),
        "AttenProfile",
        {"ev": "64:4d:70:01:02:c8", "groups_db": groups(BENCH)},
    ),
    Golden(
        "VS_ATTENUATION_CHARACTERISTICS.IND without a measurement",
        octets(f"ff*6 9848275a3ce4 88e1 00 4ea1 00b052 {HYC_EMPTY} 00 00 10 |60"),
        "VendorAttenuation",
        {"ev": "04:65:65:00:64:c3", "groups_db": ()},
    ),
    Golden(
        "CM_ATTEN_PROFILE.IND without a measurement",
        octets(f"ff*6 9848275a3ce4 88e1 01 8660 0000 {HYC_EMPTY} 00 00 |60"),
        "AttenProfile",
        {"ev": "04:65:65:00:64:c3", "groups_db": ()},
    ),
]

GOLDEN = [*SLAC, *TONE_MAPS, *STATISTICS, *IDENTITY, *PROFILES]
FRAMES = {golden.name: golden.frame for golden in GOLDEN}


def tagged(frame: bytes, vlan: int = 5) -> bytes:
    """Give the frame with an 802.1Q tag."""
    return frame[:12] + b"\x81\x00" + vlan.to_bytes(2, "big") + frame[12:]


assert all(re.fullmatch(r"[0-9a-f]{116}", digits) for digits in (DEHNER, BENCH, SUPERCHARGER))
