"""Layouts, one by one, against bytes written from the documents; and what contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hal.homeplug.golden_frames import FRAMES, octets, tagged
from v2g_tool.errors import RequestError
from v2g_tool.hal.homeplug.frame import ForeignFrame, MalformedFrame, mac_bytes
from v2g_tool.hal.homeplug.identity import VersionConfirm, VersionRequest
from v2g_tool.hal.homeplug.messages import UnknownMessage, compose, decode, encode, kind_name
from v2g_tool.hal.homeplug.slac_messages import SlacParmRequest
from v2g_tool.hal.homeplug.tone_map import nibbles
from v2g_tool.hal.homeplug.vertexcom import VcLinkStatsConfirm

QCA_0 = "020000000010 00b052aabb01 88e1 00"
QCA_1 = "020000000010 00b052aabb01 88e1 01"
CM = "020000000010 00b052aabb01 88e1 01"
VERTEXCOM = "020000000010 0013d7000001 88e1 01"
PEER = "00b052ccdd02"
_RX_V1 = f"{QCA_1} 91a0 0000 00b052 00 00"

LAYOUTS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("link status", f"{QCA_0} b9a0 00b052 00 01 |60", "LinkStatusConfirm", {"status": 0, "linked": 1}),
    (
        "attributes, refused in a short frame",
        f"{QCA_0} 69a0 00b052 0100 |60",
        "AttributesConfirm",
        {"status": 1, "hardware": bytes(16)},
    ),
    (
        "property",
        f"{QCA_0} f9a0 00b052 00000000 04030201 01 000000 04000000 2a000000 |60",
        "PropertyConfirm",
        {"status": 0, "cookie": 0x01020304, "data": bytes((42, 0, 0, 0))},
    ),
    ("property, refused", f"{QCA_0} f9a0 00b052 01000000 |60", "PropertyConfirm", {"status": 1, "data": b""}),
    (
        "tone map of an INT6x00: 578 bytes of codes, then GIL and AGC",
        f"{QCA_0} 91a0 00b052 00 03 05 9503 54*458 06 00*119 07 03",
        "RxToneMapConfirmV0",
        {"slot": 3, "maps": 5, "codes": (4, 5) * 458 + (6,), "gil": 7, "agc": 3},
    ),
    (
        "received tone map, 22 bytes of head",
        f"{_RX_V1} e101 00 00 {PEER} 02 00 05 00 9503 00000000 07 00 03 00 54*458 06",
        "RxToneMapConfirmV1",
        {"slot": 2, "maps": 5, "codes": (4, 5) * 458 + (6,), "gil": 7, "agc": 3},
    ),
    (
        "sent tone map, 24 bytes of head as open-plc-utils wants it",
        f"{QCA_1} 71a0 0000 00b052 00 00 1a00 00 00 {PEER} 02 00 05 00 0300 00000000 010203040506 21 03 |60",
        "TxToneMapConfirmV1",
        {"codes": (1, 2, 3), "extra": bytes((1, 2, 3, 4, 5, 6)), "gil": None},
    ),
    (
        "statistics of what was sent",
        f"{QCA_0} 31a0 00b052 00 00 f8 02 01 00*7 02 00*7 03 00*7 04 00*7 05 00*7",
        "LinkStatisticsConfirm",
        {"direction": 0, "tei": 2, "rx": None, "intervals": ()},
    ),
    ("statistics, refused", f"{QCA_0} 31a0 00b052 10 |60", "LinkStatisticsConfirm", {"status": 16, "tx": None}),
    ("station rates", f"{CM} 4960 0000 01 {PEER} 2a 2b |60", "NetworkStatsConfirm", {}),
    (
        "station identity",
        f"{CM} 6160 0000 01 00 01 00 01 04 00 |60",
        "StationIdentifyConfirm",
        {"green_phy": 1, "preferred_allocation": 1, "hpav_version": 1, "efl": 4},
    ),
    (
        "amplitude map",
        "00b052aabb01 020000000010 88e1 02 1c60 0000 0300 2f 01 |60",
        "AmpMapRequest",
        {"count": 3, "codes": (15, 2, 1)},
    ),
    ("amplitude map, taken", "020000000010 00b052aabb01 88e1 02 1d60 0000 00 |60", "AmpMapConfirm", {"result": 0}),
    ("validation", f"{CM} 7860 0000 00 05 01 |60", "ValidateRequest", {"timer": 5, "result": 1}),
    ("validated", f"{CM} 7960 0000 00 03 02 |60", "ValidateConfirm", {"toggles": 3, "result": 2}),
    (
        "asking for a key",
        f"{CM} 0c60 0000 00 01 b0f2e695666b03 aaaaaaaa 04 0000 00 |60",
        "GetKeyRequest",
        {"nid": bytes.fromhex("b0f2e695666b03"), "my_nonce": 0xAAAAAAAA, "pid": 4},
    ),
    (
        "version of a VertexCom modem",
        f"{VERTEXCOM} 01a0 0000 0013d7 00 2210 00 1.6.3/16 AV-2.4.1/64 |189",
        "VcVersionConfirm",
        {"device_id": 0x1022, "firmware": "1.6.3 AV-2.4.1"},
    ),
    ("its refusal", f"{VERTEXCOM} 01a0 0000 0013d7 01 |60", "VcVersionConfirm", {"result": 1, "firmware": ""}),
    (
        "SNR of a VertexCom modem",
        f"{VERTEXCOM} 39a0 0000 0013d7 00 07 02 d003 a007 4700 01 1e ff 00 80 00*26",
        "VcSnrConfirm",
        {
            "interval_list": 7,
            "ends": (976, 1952),
            "ber_ratio": 71 / 32768,
            "comb": 1,
            "values": (30, -1, 0, -128, *[0] * 26),
        },
    ),
    ("its refusal of SNR", f"{VERTEXCOM} 39a0 0000 0013d7 02 |60", "VcSnrConfirm", {"result": 2, "values": ()}),
    ("tone mask", f"{VERTEXCOM} 1da0 0000 0013d7 00 ff*192", "VcToneMaskConfirm", {"mask": b"\xff" * 192}),
    (
        "network of a VertexCom modem",
        f"{VERTEXCOM} fda0 0000 0013d7 b0f2e695666b03 05 01 {PEER} 01 02 00b052ccdd03 0900 0c00 0900 0c00 e7 |60",
        "VcNetworkInfoConfirm",
        {"snid": 5, "cco_tei": 1, "cco": "00:b0:52:cc:dd:02"},
    ),
]


@pytest.mark.parametrize(("name", "notation", "body", "says"), LAYOUTS, ids=[row[0] for row in LAYOUTS])
def test_a_layout_reads_and_gives_its_bytes_again(name: str, notation: str, body: str, says: dict[str, Any]) -> None:
    frame = octets(notation)

    message = decode(frame)

    assert type(message.body).__name__ == body
    assert {key: getattr(message.body, key) for key in says} == says
    assert encode(message) == frame


def test_the_same_number_means_another_message_with_another_maker() -> None:
    qca = decode(octets(f"{QCA_1} 39a0 0000 00b052 00 00 0200 00 00 |60"))
    vertexcom = decode(octets(f"{VERTEXCOM} 39a0 0000 0013d7 02 |60"))

    assert type(qca.body).__name__ == "NetworkInfoConfirmV1"
    assert type(vertexcom.body).__name__ == "VcSnrConfirm"


def test_counters_of_a_vertexcom_modem_are_read_in_the_direction_that_was_asked_for() -> None:
    numbers = b"".join(n.to_bytes(4, "little") for n in range(1, 11))
    sent = decode(octets(f"{VERTEXCOM} 41a0 0000 0013d7 09 00 {numbers.hex()} |64")).body
    received = decode(octets(f"{VERTEXCOM} 41a0 0000 0013d7 09 00 {numbers.hex()} 0b00000000000000 00*12")).body
    refused = decode(octets(f"{VERTEXCOM} 41a0 0000 0013d7 09 01 |60")).body

    assert isinstance(sent, VcLinkStatsConfirm)
    assert isinstance(received, VcLinkStatsConfirm)
    assert isinstance(refused, VcLinkStatsConfirm)
    tx, rx = sent.tx(), received.rx()
    assert tx is not None
    assert rx is not None
    assert (tx.mpdu_acknowledged, tx.mpdu_failed, tx.pb_passed, tx.pb_crc_failed) == (4, 6, 7, 9)
    assert (rx.mpdu_acknowledged, rx.mpdu_failed, rx.pb_passed, rx.pb_crc_failed, rx.sum_of_ber) == (4, 5, 8, 10, 11)
    assert sent.rx() is None
    assert refused.tx() is None


def test_codes_are_packed_with_the_even_carrier_in_the_low_nibble() -> None:
    assert nibbles(bytes.fromhex("21430f"), 5) == (1, 2, 3, 4, 15)


@pytest.mark.parametrize(
    ("name", "notation"),
    [
        ("cut in the addresses", "020000000010 00b052"),
        ("cut in a VLAN tag", "020000000010 00b052aabb01 8100 00"),
        ("cut before the type", "020000000010 00b052aabb01 88e1 01"),
        ("cut in the fragment mark", f"{QCA_1} 71a0 00"),
        ("cut in the OUI", f"{QCA_0} 01a0 00b0"),
        ("cut in the fields", f"{CM} 6460 0000 00 00 0200"),
        ("more groups than bytes", f"{CM} 8660 0000 {PEER} 3a 00 10*57"),
        ("more stations than bytes", f"{QCA_0} 39a0 00b052 01 5a97fe49d9ea0b 0e 01 02 bcf2aff31374 01 09 |60"),
        ("more carriers than bytes", f"{QCA_0} 71a0 00b052 00 00 01 9503 11*100"),
        ("fewer bytes than the length says", f"{_RX_V1} e101 00 00 {PEER} 02 00 05 00 9503 00000000 00*400"),
        ("a length that no head has", f"{_RX_V1} e201 00 00 {PEER} 02 00 05 00 9503 00000000 00*470"),
        ("a direction that there is not", f"{QCA_0} 31a0 00b052 00 03 fc 00 00*288"),
        ("no room for GIL and AGC", f"{QCA_0} 91a0 00b052 00 00 00 0000 07"),
    ],
)
def test_a_frame_that_contradicts_itself_is_malformed(name: str, notation: str) -> None:
    frame = octets(notation)

    with pytest.raises(MalformedFrame) as caught:
        decode(frame)

    assert not isinstance(caught.value, ForeignFrame)
    assert caught.value.understood <= len(frame)


@pytest.mark.parametrize("ethertype", ["0800", "86dd", "887b", "8912", "9100"])
def test_other_ethernet_types_are_foreign(ethertype: str) -> None:
    with pytest.raises(ForeignFrame):
        decode(octets(f"020000000010 00b052aabb01 {ethertype} 00*46"))


def test_a_kind_that_is_not_understood_keeps_its_bytes_and_its_number() -> None:
    frame = octets(f"{QCA_0} 24a0 00b052 02 00 0004 00*36")

    message = decode(frame)

    assert isinstance(message.body, UnknownMessage)
    assert kind_name(message.head) == "message 0xA024 of maker 00:b0:52"
    assert encode(message) == frame


def test_a_kind_of_the_standard_needs_no_fragment_mark_at_mmv_0() -> None:
    message = decode(octets("ff*6 dc0ea1116708 88e1 00 6460 00 00 dc0ea11167080000 |60"))

    assert message.body == SlacParmRequest(run_id=bytes.fromhex("dc0ea11167080000"))


def test_two_vlan_tags_are_read_and_a_third_is_foreign() -> None:
    twice = tagged(tagged(FRAMES["CM_SLAC_PARM.REQ"], 7), 9)

    assert decode(twice).head.vlan == bytes.fromhex("8100000981000007")
    with pytest.raises(ForeignFrame):
        decode(tagged(twice))


def test_text_of_a_modem_cannot_steer_a_terminal() -> None:
    body = VersionConfirm(status=0, device_class=0x22, area=b"MAC\x1b[2J\xff".ljust(262, b"\0"))

    assert body.firmware == "MAC?[2J?"


def test_a_chip_that_no_table_knows_says_so() -> None:
    body = VersionConfirm(status=0, device_class=0x77, area=bytes(254) + bytes.fromhex("efbeadde00000000"))

    assert body.chip == "unknown chip (device class 0x77)"
    assert body.ident == 0xDEADBEEF


@pytest.mark.parametrize("at", [65, 129, 254])
def test_the_identity_word_is_found_where_a_firmware_puts_it(at: int) -> None:
    area = bytearray(262)
    area[at : at + 4] = bytes.fromhex("7c581b00")

    assert VersionConfirm(status=0, device_class=0x22, area=bytes(area)).chip == "QCA7005"


@pytest.mark.parametrize("mac", ["", "00:b0:52", "00:b0:52:aa:bb:0g", "00:b0:52:aa:bb:01:02"])
def test_text_that_is_no_mac_address_is_refused(mac: str) -> None:
    with pytest.raises(RequestError):
        mac_bytes(mac)
    with pytest.raises(RequestError):
        compose(VersionRequest(), mac, "02:00:00:00:00:10")


def test_a_field_of_the_wrong_length_is_not_cut_silently() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        compose(SlacParmRequest(run_id=bytes(7)), "ff:ff:ff:ff:ff:ff", "02:00:00:00:00:10")


def test_a_message_is_a_value() -> None:
    one, same = SlacParmRequest(run_id=bytes(8)), SlacParmRequest(run_id=bytes(8), security=0)

    assert one == same
    assert hash(one) == hash(same)
    assert one != SlacParmRequest(run_id=bytes(8), security=1)
    with pytest.raises(AttributeError):
        one.security = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        SlacParmRequest()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        SlacParmRequest(run_id=bytes(8), colour=1)  # type: ignore[call-arg]
