"""The simulated modems answer byte for byte as real ones did in public captures (pyPLC, dsV2Gshark)."""

from __future__ import annotations

import struct
from statistics import fmean

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plc_rig import NID, Bench, Ear, asked, frame, mac

from v2g_tool.bench.faults import FaultSet, parse_fault
from v2g_tool.bench.homeplug.channel import CAUSES, Cause, draw
from v2g_tool.bench.homeplug.chips import INT6400, QCA7420
from v2g_tool.bench.homeplug.greenphy import ChargerModem, VehicleModem
from v2g_tool.bench.homeplug.mme import Mme, parse
from v2g_tool.bench.homeplug.probe import ProbeModem
from v2g_tool.bench.homeplug.scenes import Scenes
from v2g_tool.bench.homeplug.slac import NetworkKey
from v2g_tool.bench.homeplug.vertexcom import VertexComModem

EV, CAR, CHARGER = "dc0ea1116708", "98ded0650ef7", "bcf2aff31374"
FLOORS_DB = (0, 2, 4, 7, 10, 16, 22, 28)
ANSWERED = (
    *(0x0014, 0x6008, 0x6060, 0x6064, 0x606A, 0x606F, 0x6076, 0x6078, 0x607C, 0x6086, 0xA000, 0xA030, 0xA038),
    *(0xA040, 0xA068, 0xA070, 0xA090, 0xA0F8, 0xA14E),
)


class Site:
    """The charger and the vehicle of the capture of 2022-12-20, EV host included."""

    def __init__(self) -> None:
        bench = Bench()
        self.clock = bench.clock
        self.charger = ChargerModem(bench.seat(CHARGER))
        self.car = VehicleModem(bench.seat(CAR))
        self.car.hosts.add(mac(EV))


class Probes:
    """A QCA7420 and an INT6400 on one line."""

    def __init__(self, *faults: str) -> None:
        bench = Bench()
        self.clock = bench.clock
        self.near = ProbeModem(bench.seat("00b0520a0001", *faults), QCA7420)
        self.far = ProbeModem(bench.seat("00b0520a0002"), INT6400)


@pytest.fixture(scope="module")
def site() -> Site:
    return Site()


@pytest.fixture(scope="module")
def probes() -> Probes:
    return Probes()


def codes(body: bytes) -> list[int]:
    return [code for byte in body for code in (byte & 15, byte >> 4)][:917]


def test_a_greenphy_transmit_map_is_qpsk_everywhere_as_captured(site: Site) -> None:
    request = f"{CAR} {EV} 88e1 01 70a0 0000 00b052 00000000 {CHARGER} 00 00"
    answer = f"{EV} {CAR} 88e1 01 71a0 0000 00b052 00 00 dd01 00 00 {CHARGER} 00 00 00 00 9503 00000000 22*458 02"

    assert asked(site.car, request) == [frame(answer)]
    assert len(frame(answer)) == 503
    assert asked(site.car, request.replace(f"{CHARGER} 00 00", f"{CHARGER} ff 00"))[0][34] == 0xFF


def test_a_greenphy_receive_map_is_refused_as_captured(site: Site) -> None:
    request = f"{CAR} {EV} 88e1 01 90a0 0000 00b052 00000000 {CHARGER} 00 00"
    answer = f"{EV} {CAR} 88e1 01 91a0 0000 00b052 02 00 1600 00 00 {CHARGER}"

    assert asked(site.car, request) == [frame(answer)]


@pytest.mark.parametrize(("asks", "answers", "length"), [("70a0", "71a0", 1370), ("90a0", "91a0", 1372)])
def test_greenphy_maps_of_version_0_are_refused_as_captured(site: Site, asks: str, answers: str, length: int) -> None:
    (answer,) = asked(site.car, f"{CAR} {EV} 88e1 00 {asks} 00b052 {CHARGER} 00")

    assert answer == frame(f"{EV} {CAR} 88e1 00 {answers} 00b052 02").ljust(length, b"\0")


def test_network_info_of_both_versions_as_captured(site: Site) -> None:
    new = (
        f"{EV} {CHARGER} 88e1 01 39a0 0000 00b052 00 00 3a00 00 01 5a97fe49d9ea0b 0000 0e 01 00000000 02 {CHARGER} 01 "
        f"000000 01 0000000000 {CAR} 02 000000 {EV} 0900 00 00 0900 0000"
    )
    old = f"{EV} {CHARGER} 88e1 00 39a0 00b052 01 5a97fe49d9ea0b 0e 01 02 {CHARGER} 01 01 {CAR} 02 {EV} 09 09"

    assert asked(site.car, f"{CHARGER} {EV} 88e1 01 38a0 0000 00b052") == [frame(new)]
    assert len(frame(new)) == 84
    assert asked(site.car, f"{CHARGER} {EV} 88e1 00 38a0 00b052") == [frame(old)]


@pytest.mark.parametrize(
    ("modem", "version", "ident"),
    [
        (CHARGER, b"MAC-QCA7000-1.1.0.727-02-20130826-FINAL", "dc581b00"),
        (CAR, b"MAC-QCA7005-1.1.0.730-04-20140815-CS", "7c581b00"),
    ],
)
def test_versions_as_captured(site: Site, modem: str, version: bytes, ident: str) -> None:
    (answer,) = asked(site.car, f"{modem} {EV} 88e1 00 00a0 00b052 00000000")

    assert len(answer) == 297
    assert answer[20:23] == bytes((0, 0x22, len(version) + 1))
    assert answer[23:].startswith(version + b"\0")
    assert answer[277:281] == bytes.fromhex(ident)


def test_attributes_as_captured(probes: Probes) -> None:
    (answer,) = asked(probes.near, f"00b052000001 {EV} 88e1 00 68a0 00b052 12345678 00")

    assert len(answer) == 1053
    assert answer[20:29] == bytes.fromhex("0000 12345678 00 7600")
    assert answer[29:61] == b"QCA7420".ljust(16, b"\0") + b"MAC".ljust(16, b"\0")
    assert struct.unpack_from("<5I", answer, 61) == (1, 3, 0, 0, 0x0856)
    assert answer[81:93] == b"20151212CS\0\0"


def test_a_key_is_taken_as_captured() -> None:
    modem = ChargerModem(Bench().seat("9848275a3ce6"))
    request = (
        f"00b052000001 {EV} 88e1 01 0860 0000 01 aaaaaaaa 00000000 04 0000 00 00 b0f2e695666b03 01 "
        "50d3e4933f855b7040784df815aa8db7"
    )

    (answer,) = asked(modem, request)

    assert answer == frame(f"{EV} 9848275a3ce6 88e1 01 0960 0000 01 24bc5ff6 aaaaaaaa 04 0000 ff 00")
    assert modem.nid == bytes.fromhex("b0f2e695666b03")


@pytest.mark.parametrize(
    ("nmk", "nid"),
    [
        ("50D3E4933F855B7040784DF815AA8DB7", "B0F2E695666B03"),
        ("B59319D7E8157BA001B018669CCEE30D", "026BCBA5354E08"),
        ("9ed1f8a5b566e83dc4f1700e4a89afec", "b468ace9ff5603"),
    ],
)
def test_network_identifiers_follow_from_keys(nmk: str, nid: str) -> None:
    assert NetworkKey(bytes.fromhex(nmk)).nid == bytes.fromhex(nid)


def test_a_sound_is_told_to_the_host_twice_and_to_the_line_once_as_captured(site: Site) -> None:
    charger, car = Ear(), Ear()
    site.charger.host, site.car.host = charger, car
    site.charger.hosts.add(mac("020000000001"))
    sound = frame(f"ff*6 {EV} 88e1 01 7660 0000 00 00 00*17 09 {EV}0000 00*8 ff*16")

    site.car.from_host(sound)

    heard, vendor, standard = charger.taken()
    assert heard == sound
    assert vendor[:36] == frame(f"ff*6 {CHARGER} 88e1 00 4ea1 000000 {EV} 3a 00 10 00*7")[:36]
    assert standard[:27] == frame(f"020000000001 {CHARGER} 88e1 01 8660 0000 {EV} 3a 00")[:27]
    assert (len(vendor), len(standard)) == (94, 85)
    assert vendor[36:] == standard[27:]
    assert car.taken() == [vendor[:17] + bytes.fromhex("00b052") + vendor[20:]]


def test_properties_are_refused_as_captured(site: Site) -> None:
    request = f"00b052000001 {EV} 88e1 00 f8a0 00b052 11223344 00 01 0000 00000000 04000000 64000000"

    assert asked(site.car, request) == [frame(f"{EV} {CAR} 88e1 00 f9a0 00b052 01000000 11223344")]


@pytest.mark.parametrize(
    ("content", "status", "length"),
    [
        (f"00 00 f8 {CHARGER}", 0, 64),
        (f"00 01 f8 {CHARGER}", 0, 271),
        ("00 02 fc 00*6", 0, 311),
        (f"00 03 f8 {CHARGER}", 2, 60),
        (f"02 02 f8 {CHARGER}", 1, 60),
        (f"00 02 77 {CHARGER}", 0x10, 60),
        ("00 02 f8 00*6", 0x20, 60),
    ],
)
def test_link_statistics_have_the_lengths_and_statuses_of_the_chips(
    site: Site, content: str, status: int, length: int
) -> None:
    (answer,) = asked(site.car, f"00b052000001 {EV} 88e1 00 30a0 00b052 {content}")

    assert (answer[20], len(answer)) == (status, length)
    assert answer[15:20] == bytes.fromhex("31a0 00b052")


def test_traffic_grows_and_can_be_cleared() -> None:
    site = Site()

    def received() -> int:
        (answer,) = asked(site.car, f"00b052000001 {EV} 88e1 00 30a0 00b052 00 02 fc 00*6")
        return sum(struct.unpack_from("<6Q", answer, 64)[2:4])

    first = received()
    site.clock.advance(2.0)
    second = received()
    asked(site.car, f"00b052000001 {EV} 88e1 00 30a0 00b052 01 02 fc 00*6")

    assert second - first == 600
    assert received() == 0


@pytest.mark.parametrize("version", [0, 1])
def test_both_directions_of_a_probe_pair_agree_from_both_ends(probes: Probes, version: int) -> None:
    def told(modem: ProbeModem, peer: ProbeModem, kind: str) -> list[int]:
        own, other = modem.mac.hex(), peer.mac.hex()
        request = f"{own} {EV} 88e1 00 {kind} 00b052 {other} 03"
        if version:
            request = f"{own} {EV} 88e1 01 {kind} 0000 00b052 00000000 {other} 03 00"
        (answer,) = asked(probes.near, request)
        at = 25 if not version else 44 if kind == "70a0" else 48
        return codes(answer[at:])

    received, sent = told(probes.near, probes.far, "90a0"), told(probes.far, probes.near, "70a0")

    assert received == sent
    assert len(received) == 917
    assert received != told(probes.far, probes.near, "90a0")
    assert fmean(FLOORS_DB[code] for code in received) > 20.0


def test_tone_map_lengths_of_the_chips(probes: Probes) -> None:
    near, far = probes.near.mac.hex(), probes.far.mac.hex()

    def lengths(to: str, peer: str) -> list[int]:
        requests = [
            *(f"{to} {EV} 88e1 00 {kind} 00b052 {peer} 00" for kind in ("70a0", "90a0")),
            *(f"{to} {EV} 88e1 01 {kind} 0000 00b052 00000000 {peer} 00 00" for kind in ("70a0", "90a0")),
        ]
        return [len(answer) for request in requests for answer in asked(probes.near, request)]

    assert lengths(near, far) == [1370, 1372, 503, 507]
    assert lengths(far, near) == [603, 605, 503, 507]


@pytest.mark.parametrize(("peer", "slot", "status"), [("far", "06", 2), ("far", "ff", 2), ("none", "00", 1)])
def test_a_probe_refuses_unknown_slots_and_stations(probes: Probes, peer: str, slot: str, status: int) -> None:
    other = probes.far.mac.hex() if peer == "far" else "0a*6"

    (old,) = asked(probes.near, f"00b052000001 {EV} 88e1 00 90a0 00b052 {other} {slot}")
    (new,) = asked(probes.near, f"00b052000001 {EV} 88e1 01 90a0 0000 00b052 00000000 {other} {slot} 00")

    assert old[20] == new[22] == status
    assert struct.unpack_from("<H", new, 24) == (22,)


def test_the_local_address_never_crosses_the_line(probes: Probes) -> None:
    (answer,) = asked(probes.near, f"00b052000001 {EV} 88e1 00 00a0 00b052 00000000")
    everybody = asked(probes.near, f"ff*6 {EV} 88e1 00 00a0 00b052 00000000")

    assert answer[6:12] == probes.near.mac
    assert [frame[6:12] for frame in everybody] == [probes.near.mac, probes.far.mac]


def test_another_network_hears_slac_and_nothing_else() -> None:
    bench = Bench()
    car, stranger = VehicleModem(bench.seat(CAR)), ChargerModem(bench.seat(CHARGER, nid=bytes(7)))
    ear = Ear()
    stranger.host = ear

    assert asked(car, f"{CHARGER} {EV} 88e1 00 00a0 00b052 00000000") == []
    assert asked(car, f"00b052000001 {EV} 88e1 00 b8a0 00b052")[0][20:22] == b"\0\0"
    car.from_host(frame(f"ff*6 {EV} 88e1 01 6460 0000 00 00 {EV}0000"))
    car.from_host(frame(f"ff*6 {EV} 86dd 60"))
    assert [frame[12:14].hex() for frame in ear.frames] == ["88e1"]
    neighbours = asked(car, f"00b052000001 {EV} 88e1 01 1400 0000")[0]
    assert neighbours[19:29] == bytes.fromhex("00 01 00000000000000 0f")


def test_the_discover_list_names_the_peer_without_a_level_as_captured(site: Site) -> None:
    (answer,) = asked(site.car, f"00b052000001 {EV} 88e1 01 1400 0000")

    assert answer == frame(f"{EV} {CAR} 88e1 01 1500 0000 01 {CHARGER} 01 01 0e 10 00 00 00")


def test_a_bootloader_tells_its_class_and_nothing_else() -> None:
    bench = Bench()
    car, ear = VehicleModem(bench.seat(CAR, "modem-bootloader")), Ear()
    ChargerModem(bench.seat(CHARGER)).host = ear

    (answer,) = asked(car, f"00b052000001 {EV} 88e1 00 00a0 00b052 00000000")

    assert answer[21] == 6
    assert asked(car, f"00b052000001 {EV} 88e1 00 38a0 00b052") == []
    car.from_host(frame(f"ff*6 {EV} 88e1 01 6460 0000"))
    assert ear.frames == []


def test_a_silent_modem_is_not_there() -> None:
    car = VehicleModem(Bench().seat(CAR, "modem-silent"))

    assert asked(car, f"00b052000001 {EV} 88e1 00 00a0 00b052 00000000") == []


def test_a_refusing_modem_says_so() -> None:
    probes = Probes("modem-refusing")
    far = probes.far.mac.hex()

    assert asked(probes.near, f"00b052000001 {EV} 88e1 00 90a0 00b052 {far} 00")[0][20] == 2
    assert asked(probes.near, f"00b052000001 {EV} 88e1 00 30a0 00b052 00 02 f8 {far}")[0][20] == 1


def test_counters_that_restart_are_smaller_at_the_next_reading() -> None:
    probes = Probes("counters-reset")
    request = f"00b052000001 {EV} 88e1 00 30a0 00b052 00 02 fc 00*6"

    first = asked(probes.near, request)[0]
    probes.clock.advance(1.0)
    second = asked(probes.near, request)[0]

    assert struct.unpack_from("<Q", second, 24) < struct.unpack_from("<Q", first, 24)


class VertexComs:
    """Two VertexCom modems; the requests carry their OUI and MMV 1."""

    def __init__(self, *faults: str) -> None:
        bench = Bench()
        self.far = VertexComModem(bench.seat("0013d7000002"))
        self.near = VertexComModem(bench.seat("0013d7000001", *faults))
        self.clock = bench.clock

    def ask(self, code: str, content: str) -> list[bytes]:
        return asked(self.near, f"00b052000001 {EV} 88e1 01 {code} 0000 0013d7 {content}")


def test_vertexcom_snr_comes_in_four_combs_with_the_oui_in_each_fragment() -> None:
    modems = VertexComs()
    values: list[int] = []
    for comb in range(4):
        frames = modems.ask("38a0", f"{modems.far.mac.hex()} 00 07 0{comb}")
        assert [frame[17] for frame in frames] == [0x01, 0x11]  # low nibble: last index; high: this one
        assert {frame[18] for frame in frames} == {comb + 1}
        assert all(frame[14:17] + frame[19:22] == bytes.fromhex("01 39a0 0013d7") for frame in frames)
        body = b"".join(frame[22:] for frame in frames)
        result, list_id, intervals = body[:3]
        assert (result, list_id, intervals, body[17]) == (0, 7, 6, comb)
        assert struct.unpack_from("<6H", body, 3) == (163, 326, 488, 651, 814, 977)  # × 10.24 µs up to 10 ms
        values += struct.unpack(f"{230 if comb == 0 else 229}b", body[18 : 248 if comb == 0 else 247])
    assert len(values) == 917
    assert 20 < fmean(values) < 50


@pytest.mark.parametrize(
    ("content", "result"),
    [
        ("0013d7000002 00 06 00", 2),
        ("0013d7000002 06 07 00", 2),
        ("0013d7000009 00 07 00", 1),
        ("0013d7000002 ff 00 00", 0),
    ],
)
def test_vertexcom_refuses_unknown_lists_intervals_and_stations(content: str, result: int) -> None:
    assert VertexComs().ask("38a0", content)[0][22] == result


def test_vertexcom_tells_version_mask_network_and_statistics() -> None:
    modems = VertexComs()

    version = modems.ask("00a0", "")[0]
    mask = int.from_bytes(modems.ask("1ca0", "0013d7000002")[0][23:215], "little")
    network = modems.ask("fca0", "")[0]
    statistics = modems.ask("40a0", "01 05 f8 01 00 0013d7000002")[0]

    assert version[22:26] == bytes.fromhex("00 2210 00")
    assert version[26:31] == b"1.6.3"
    assert [bit for bit in range(74 + 20) if mask >> bit & 1] == list(range(74 + 12, 74 + 20))
    assert mask.bit_count() == 917
    assert network[22:29] == NID
    assert network[37:45] == bytes.fromhex("01 01 0013d7000002")
    assert statistics[22:24] == bytes.fromhex("05 00")
    assert struct.unpack_from("<10IQ", statistics, 24)[6:8] == (7000, 7000)


def test_codes_of_another_maker_are_not_answered() -> None:
    modems, probes = VertexComs(), Probes()

    assert asked(modems.near, f"00b052000001 {EV} 88e1 00 38a0 00b052") == []
    assert asked(probes.near, f"00b052000001 {EV} 88e1 01 38a0 0000 0013d7 00") == []


@pytest.mark.parametrize("cause", CAUSES)
def test_every_modem_tells_of_the_line_that_the_fault_chose(cause: Cause) -> None:
    chosen = [] if cause == "clean" else [parse_fault(cause)]
    scenes = Scenes(1, lambda name: FaultSet(name, chosen), Bench().clock)
    expected = draw(cause, 1)

    def first(modem: str, request: str) -> bytes:
        return asked(scenes.modems[modem], request)[0]

    profile = first("modem_01", f"ff*6 {EV} 88e1 01 7660 0000 00 00 00*17 09 {EV}0000")[36:]
    slot = first("modem_02", f"00b052000001 {EV} 88e1 01 90a0 0000 00b052 00000000 00b052020002 00 00")
    snr = first("modem_03", f"00b052000001 {EV} 88e1 01 38a0 0000 0013d7 0013d7030002 00 07 00")

    assert {line["cause"] for line in scenes.truth().values()} == {cause}
    assert fmean(profile) == pytest.approx(fmean(max(0.0, db) for db in expected.readings_db()), abs=8.0)
    assert (slot[22], len(codes(slot[48:]))) == (0, 917)
    assert snr[22] == 0


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    return Scenes(1, FaultSet, Bench().clock)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.builds(
            lambda code, version, oui, body: Mme(b"\xff" * 6, b"\2\0\0\0\0\1", version, code, body, oui).frame(),
            st.sampled_from(ANSWERED),
            st.sampled_from((0, 1, 2)),
            st.sampled_from((b"", bytes.fromhex("00b052"), bytes.fromhex("0013d7"))),
            st.binary(max_size=120),
        ),
    ),
    st.sampled_from(("modem_01", "modem_02", "modem_03", "modem_04", "modem_05")),
)
@example(b"", "modem_01")
@settings(max_examples=150)
def test_any_frame_is_taken_without_harm(scenes: Scenes, content: bytes, modem: str) -> None:
    ear = Ear()
    scenes.modems[modem].host = ear
    scenes.modems[modem].from_host(content)

    assert len(ear.frames) < 20
    assert all(60 <= len(answer) <= 1514 for answer in ear.frames if parse(answer))
