"""Frames of public captures: each says what its source says of it, and gives the same bytes again."""

from __future__ import annotations

from dataclasses import astuple, is_dataclass
from typing import Any

import pytest

from tests.hal.homeplug.golden_frames import EV, FRAMES, GOLDEN, PROBE, Golden, tagged
from v2g_tool.hal.homeplug.fields import Fields
from v2g_tool.hal.homeplug.frame import BROADCAST, LOCAL_MODEM
from v2g_tool.hal.homeplug.identity import AttributesRequest, PropertyRequest, VersionRequest
from v2g_tool.hal.homeplug.keys import SetKeyRequest
from v2g_tool.hal.homeplug.messages import compose, decode, encode
from v2g_tool.hal.homeplug.network import NetworkInfoRequestV1
from v2g_tool.hal.homeplug.slac_messages import SlacParmRequest, StartAttenChar
from v2g_tool.hal.homeplug.statistics import BOTH, CSMA_WITH_PEER, LinkStatisticsRequest
from v2g_tool.hal.homeplug.tone_map import RxToneMapRequestV0, RxToneMapRequestV1

by_name = pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)


def plain(value: Any) -> Any:
    """Give a value as the table writes it: entries as dictionaries of what it names, intervals as their number."""
    if is_dataclass(value) and not isinstance(value, type):
        return astuple(value)
    if isinstance(value, tuple) and any(isinstance(entry, Fields) for entry in value):
        return [{k: plain(v) for k, v in vars(entry).items() if "reserved" not in k} for entry in value]
    return value


def named(said: Any, expected: Any) -> Any:
    """Give of what was said only what the table expects."""
    if isinstance(expected, list):
        return [{k: named(entry[k], v) for k, v in e.items()} for entry, e in zip(said, expected, strict=True)]
    if isinstance(expected, int) and isinstance(said, list):
        return len(said)
    return said


@by_name
def test_a_golden_frame_says_what_its_source_says(golden: Golden) -> None:
    body = decode(golden.frame).body

    assert type(body).__name__ == golden.body
    assert {key: named(plain(getattr(body, key)), value) for key, value in golden.says.items()} == golden.says


@by_name
def test_a_golden_frame_gives_its_bytes_again(golden: Golden) -> None:
    assert encode(decode(golden.frame)) == golden.frame


@by_name
def test_a_vlan_tag_changes_nothing_but_the_tag(golden: Golden) -> None:
    frame = tagged(golden.frame)

    message = decode(frame)

    assert message.body == decode(golden.frame).body
    assert message.head.vlan == bytes.fromhex("81000005")
    assert encode(message) == frame


def test_a_head_names_both_stations_and_the_version() -> None:
    head = decode(FRAMES["VS_TONE_MAP_CHAR.CNF, MMV 1, slot 0"]).head

    assert (head.destination, head.source) == (EV, PROBE)
    assert (head.mmv, head.mmtype, head.fmi, head.oui) == (1, 0xA071, bytes(2), bytes.fromhex("00b052"))


HOST, MODEM, PEER = "02:00:00:00:00:10", "00:b0:52:aa:bb:01", "00:b0:52:cc:dd:02"

OBSERVED = [
    ("plctone", MODEM, RxToneMapRequestV1(peer=PEER, slot=0), "01 90a0 0000 00b052 00000000 00b052ccdd02 00 00"),
    ("int6ktone", LOCAL_MODEM, RxToneMapRequestV0(peer=PEER, slot=0), "00 90a0 00b052 00b052ccdd02 00"),
    ("ampstat -t", LOCAL_MODEM, VersionRequest(), "00 00a0 00b052"),
    ("plcstat -t", MODEM, NetworkInfoRequestV1(), "01 38a0 0000 00b052"),
    (
        "plcstat -d both -s 0xF8 -p",
        LOCAL_MODEM,
        LinkStatisticsRequest(direction=BOTH, lid=CSMA_WITH_PEER, peer=PEER),
        "00 30a0 00b052 00 02 f8 00b052ccdd02",
    ),
    ("plctool -a", LOCAL_MODEM, AttributesRequest(cookie=0x01020304), "00 68a0 00b052 04030201 00"),
    (
        "plcget -n 100 -h",
        LOCAL_MODEM,
        PropertyRequest(cookie=0, property_format=1, number=100),
        "00 f8a0 00b052 00000000 00 01 0000 00000000 04000000 64000000",
    ),
    (
        "pev -p",
        LOCAL_MODEM,
        SetKeyRequest(
            my_nonce=0xAAAAAAAA,
            nid=bytes.fromhex("b0f2e695666b03"),
            nmk=bytes.fromhex("50d3e4933f855b7040784df815aa8db7"),
        ),
        "01 0860 0000 01 aaaaaaaa 00000000 04 0000 00 00 b0f2e695666b03 01 50d3e4933f855b7040784df815aa8db7",
    ),
    (
        "pev -K",
        BROADCAST,
        SlacParmRequest(run_id=bytes.fromhex("0200000000100001")),
        "01 6460 0000 00 00 0200000000100001",
    ),
    (
        "an EV",
        BROADCAST,
        StartAttenChar(forwarding_sta=HOST, run_id=bytes(8)),
        "01 6a60 0000 00 00 0a 06 01 020000000010 0000000000000000",
    ),
]


@pytest.mark.parametrize(("program", "destination", "body", "sent"), OBSERVED, ids=[row[0] for row in OBSERVED])
def test_a_composed_request_is_what_an_independent_program_sends(
    program: str, destination: str, body: Any, sent: str
) -> None:
    head = destination.replace(":", "") + HOST.replace(":", "") + "88e1"

    assert compose(body, destination, HOST) == bytes.fromhex(head + sent).ljust(60, b"\0")
