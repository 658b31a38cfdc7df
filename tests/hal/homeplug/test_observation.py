"""What a sequence of frames says: refusals, peers by request, sounds counted once, bounded and damaged input."""

from __future__ import annotations

import pytest

from tests.hal.homeplug.golden_frames import (
    BENCH,
    CHARGER,
    EV,
    FRAMES,
    GOLDEN,
    PROBE,
    SUPERCHARGER,
    groups,
    octets,
    tagged,
)
from tests.hal.homeplug.mutate import VERTEXCOM_SNR, fragmented
from v2g_tool.hal.homeplug.frame import BROADCAST, LOCAL_MODEM
from v2g_tool.hal.homeplug.identity import VersionConfirm
from v2g_tool.hal.homeplug.messages import Body, compose
from v2g_tool.hal.homeplug.network import DiscoverListRequest
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.hal.homeplug.slac_messages import AttenChar, AttenProfile, MnbcSound, SlacParmRequest, VendorAttenuation
from v2g_tool.hal.homeplug.statistics import LinkStatisticsRequest
from v2g_tool.hal.homeplug.tone_map import RxToneMapConfirmV0, RxToneMapRequestV0, TxToneMapRequestV0
from v2g_tool.hal.homeplug.vertexcom import VcLinkStatsConfirm, VcLinkStatsRequest, VcSnrRequest
from v2g_tool.model.plc import (
    Captured,
    LinkCounters,
    ModemIdentity,
    Network,
    Observation,
    Refusal,
    ReportedAttenuation,
    RxCounters,
    SlacStart,
    Sound,
    SoundProfile,
    Station,
    TxCounters,
)

HOST, MODEM, PEER = "02:00:00:00:00:10", "00:b0:52:aa:bb:01", "00:b0:52:cc:dd:02"
VEHICLE = "64:4d:70:01:02:c8"
EVSE = "88:fc:a6:1c:7c:88"
RUN_ID = bytes.fromhex("dc0ea11167080000")
OFFLINE_HOST_PROFILE = FRAMES["CM_ATTEN_PROFILE.IND of the same sound"]
POWERLINE_PROFILE = FRAMES["VS_ATTENUATION_CHARACTERISTICS.IND, OUI 00:00:00"]


def seen(*frames: tuple[float, bytes]) -> Observation:
    return observe(Captured(time_s, frame) for time_s, frame in frames)


def said(name: str) -> Observation:
    return seen((1.0, FRAMES[name]))


def asked(body: Body, modem: str = MODEM) -> bytes:
    return compose(body, modem, HOST)


def answered(body: Body, modem: str = MODEM) -> bytes:
    return compose(body, HOST, modem)


def from_station(frame: bytes, mac: str) -> bytes:
    return frame[:6] + bytes.fromhex(mac.replace(":", "")) + frame[12:]


def test_a_version_names_the_chip() -> None:
    assert said("VS_SW_VER.CNF of a QCA7005").identities == (
        ModemIdentity(CHARGER, "Qualcomm", "QCA7005", "MAC-QCA7005-1.1.0.730-04-20140815-CS", 0x22),
    )


def test_a_modem_that_says_the_same_again_is_one_modem() -> None:
    frame = FRAMES["VS_SW_VER.CNF of a QCA7000"]

    assert len(seen((1.0, frame), (2.0, frame), (3.0, frame)).identities) == 1


def test_only_news_of_a_network_and_a_link_is_kept() -> None:
    network = FRAMES["VS_NW_INFO.CNF, MMV 1"]
    faster = network[:-4] + b"\x0a" + network[-3:]
    up, down = (octets(f"020000000010 00b052aabb01 88e1 00 b9a0 00b052 00 {linked} |60") for linked in ("01", "00"))

    observed = seen(*enumerate([network, up, network, up, faster, down, network, up]))

    assert [n.stations[0].rx_mbit_s for n in observed.networks] == [9, 10, 9]
    assert [state.linked for state in observed.link_states] == [True, False, True]


def test_a_vertexcom_modem_is_named_by_its_device() -> None:
    frame = octets("020000000010 0013d7000001 88e1 01 01a0 0000 0013d7 00 2210 00 1.6.3/16 AV-2.4.1/64 |189")

    assert seen((1.0, frame)).identities == (
        ModemIdentity("00:13:d7:00:00:01", "VertexCom", "MSE102x (device 0x1022)", "1.6.3 AV-2.4.1"),
    )


@pytest.mark.parametrize("name", ["VS_NW_INFO.CNF, MMV 0", "VS_NW_INFO.CNF, MMV 1"])
def test_a_network_is_seen_with_its_stations(name: str) -> None:
    assert said(name).networks == (
        Network(CHARGER, "5a97fe49d9ea0b", 14, 1, "CCo", CHARGER, (Station(PROBE, 2, EV, 9, 9),)),
    )


def test_a_link_state_is_seen() -> None:
    up, down = (octets(f"020000000010 00b052aabb01 88e1 00 b9a0 00b052 00 {linked} |60") for linked in ("01", "00"))

    assert [state.linked for state in seen((1.0, up), (2.0, down)).link_states] == [True, False]


def test_a_tone_map_of_version_1_names_its_peer() -> None:
    (found,) = said("VS_TONE_MAP_CHAR.CNF, MMV 1, slot 255").tone_maps

    assert (found.reporter, found.peer, found.direction, found.slot, found.maps) == (PROBE, CHARGER, "tx", 255, 0)
    assert found.codes == (2,) * 917
    assert (found.agc, found.gil, found.time_s) == (None, None, 1.0)


RX_MAP = RxToneMapConfirmV0(
    status=0, slot=1, maps=5, active=3, mod=bytes.fromhex("5406").ljust(578, b"\0"), gil=7, agc=3
)


@pytest.mark.parametrize("modem", [MODEM, LOCAL_MODEM, BROADCAST])
def test_a_tone_map_of_version_0_is_of_the_peer_that_was_asked_for(modem: str) -> None:
    request = asked(RxToneMapRequestV0(peer=PEER, slot=1), modem)

    (found,) = seen((1.0, request), (1.001, answered(RX_MAP))).tone_maps

    assert (found.peer, found.direction, found.codes, found.gil, found.agc) == (PEER, "rx", (4, 5, 6), 7, 3)


def test_a_tone_map_of_version_0_without_its_request_names_no_peer() -> None:
    request = asked(RxToneMapRequestV0(peer=PEER, slot=2))
    of_another_host = compose(RxToneMapRequestV0(peer=PEER, slot=1), MODEM, "02:00:00:00:00:99")
    of_another_modem = asked(RxToneMapRequestV0(peer=PEER, slot=1), "00:b0:52:00:00:77")
    sent_map = asked(TxToneMapRequestV0(peer=PEER, slot=1))

    for other in (request, of_another_host, of_another_modem, sent_map):
        (found,) = seen((1.0, other), (1.001, answered(RX_MAP))).tone_maps
        assert found.peer == ""


def test_equal_answers_to_two_questions_are_two_answers() -> None:
    first, second = (asked(RxToneMapRequestV0(peer=peer, slot=1)) for peer in (PEER, "00:b0:52:cc:dd:03"))
    answer = answered(RX_MAP)

    found = seen((1.0, first), (1.001, answer), (1.002, second), (1.003, answer)).tone_maps

    assert [tone_map.peer for tone_map in found] == [PEER, "00:b0:52:cc:dd:03"]


def test_fragments_of_a_tone_map_are_joined() -> None:
    parts = fragmented(FRAMES["VS_TONE_MAP_CHAR.CNF, MMV 1, slot 0"], 200, low_is_last=True)

    observed = seen(*((1.0 + at * 0.001, part) for at, part in enumerate(parts)))

    assert [len(tone_map.codes) for tone_map in observed.tone_maps] == [917]
    assert (observed.frames, observed.damaged) == (3, 0)


def test_a_message_with_a_lost_fragment_is_damaged() -> None:
    first, *_ = fragmented(FRAMES["VS_TONE_MAP_CHAR.CNF, MMV 1, slot 0"], 200, low_is_last=True)

    observed = seen((1.0, first))

    assert (observed.tone_maps, observed.damaged) == ((), 1)


def test_counters_of_all_peers_name_none() -> None:
    assert said("VS_LNK_STATS.CNF of a QCA7000, written out").counters == (
        LinkCounters(CHARGER, "", 0xFC, TxCounters(7038, 0, 0, 7053, 0), RxCounters(95, 0, 117, 0, 13, 0), 1.0),
    )


def test_counters_of_a_link_are_of_the_peer_that_was_asked_for() -> None:
    request = asked(LinkStatisticsRequest(direction=0, lid=0xF8, peer=PEER), LOCAL_MODEM)
    answer = octets(f"020000000010 00b052aabb01 88e1 00 31a0 00b052 00 00 f8 02 {'0100000000000000' * 5}")

    (found,) = seen((1.0, request), (1.001, answer)).counters

    assert (found.peer, found.lid, found.tx, found.rx) == (PEER, 0xF8, TxCounters(1, 1, 1, 1, 1), None)


def test_snr_is_of_the_peer_and_interval_that_were_asked_for() -> None:
    request = compose(VcSnrRequest(peer=PEER, interval=1, interval_list=7, comb=1), "00:13:d7:00:00:01", HOST)

    (found,) = seen((1.0, request), (1.001, VERTEXCOM_SNR)).snrs

    assert (found.reporter, found.peer, found.interval, found.comb) == ("00:13:d7:00:00:01", PEER, 1, 1)
    assert found.values == (30,) * 229
    assert found.ber_ratio == pytest.approx(71 / 32768)


def test_snr_without_its_request_names_no_peer() -> None:
    (found,) = seen((1.0, VERTEXCOM_SNR)).snrs

    assert (found.peer, found.interval) == ("", 0xFF)


@pytest.mark.parametrize(("direction", "expected"), [(0, (TxCounters(4, 5, 6, 7, 9),)), (1, ())])
def test_of_a_vertexcom_modem_only_what_was_sent_is_counted(direction: int, expected: tuple[TxCounters, ...]) -> None:
    request = VcLinkStatsRequest(request_id=3, lid=1, direction=direction, peer=PEER)
    numbers = b"".join(n.to_bytes(4, "little") for n in range(1, 11)) + bytes(24)
    answer = VcLinkStatsConfirm(request_id=3, result=0, stats=numbers)

    found = seen((1.0, asked(request)), (1.001, answered(answer))).counters

    assert tuple(counters.tx for counters in found) == expected


def test_the_network_of_a_vertexcom_modem_is_seen() -> None:
    cnf = "020000000010 0013d7000001 88e1 01 fda0 0000 0013d7 b0f2e695666b03 05 01"
    entry = "01 02 00b052ccdd03 0900 0c00 0a00 0c00 e7 |60"

    (member,) = seen((1.0, octets(f"{cnf} 00b052ccdd02 {entry}"))).networks
    (leader,) = seen((1.0, octets(f"{cnf} 0013d7000001 {entry}"))).networks

    assert (member.role, member.tei, member.snid, member.cco) == ("unknown", 0, 5, PEER)
    assert member.stations == (Station("00:b0:52:cc:dd:03", 2, "", 9, 10),)
    assert (leader.role, leader.tei) == ("CCo", 1)


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        (
            "VS_RX_TONE_MAP_CHAR.CNF, MMV 1, refused",
            Refusal(PROBE, "VS_RX_TONE_MAP_CHAR.CNF", 2, "the slot is unknown", 0),
        ),
        (
            "VS_TONE_MAP_CHAR.CNF, MMV 0, refused by a QCA7420",
            Refusal(PROBE, "VS_TONE_MAP_CHAR.CNF", 2, "the slot is unknown", 0),
        ),
    ],
)
def test_a_refused_tone_map_is_a_refusal_and_no_map(name: str, refusal: Refusal) -> None:
    observed = said(name)

    assert observed.refusals == (refusal,)
    assert observed.tone_maps == ()


def test_a_refusal_says_what_its_status_means() -> None:
    statistics = octets("020000000010 00b052aabb01 88e1 00 31a0 00b052 20 |60")
    snr = octets("020000000010 0013d7000001 88e1 01 39a0 0000 0013d7 02 |60")
    version = octets("020000000010 00b052aabb01 88e1 00 01a0 00b052 07 |60")
    meanings = [refusal.meaning for refusal in seen((1.0, statistics), (2.0, snr), (3.0, version)).refusals]

    assert meanings == [
        "the peer's MAC address is unknown",
        "the list of intervals has changed",
        "the status is not documented",
    ]


@pytest.mark.parametrize(("result", "refused"), [("00", False), ("01", False), ("02", True)])
def test_a_key_is_accepted_with_0_and_with_1(result: str, refused: bool) -> None:
    frame = octets(f"dc0ea1116708 9848275a3ce6 88e1 01 0960 0000 {result} 24bc5ff6 aaaaaaaa 04 0000 ff 00 |60")

    assert bool(seen((1.0, frame)).refusals) == refused


def test_a_sounding_is_seen() -> None:
    observed = seen(*((at * 0.02, golden.frame) for at, golden in enumerate(GOLDEN[:6])))

    assert observed.starts == (SlacStart(EV, RUN_ID.hex(), 0.0),)
    assert [(sound.ev, sound.remaining) for sound in observed.sounds] == [(EV, 9), (EV, 9)]
    (reported,) = observed.reported
    assert (reported.evse, reported.ev, reported.sounds) == ("9a:8a:b6:6d:2d:f6", EV, 10)
    assert sum(reported.groups_db) / 58 == pytest.approx(11.40, abs=0.005)


def test_one_sound_in_two_messages_of_one_modem_is_one_profile() -> None:
    for first, second in ((OFFLINE_HOST_PROFILE, POWERLINE_PROFILE), (POWERLINE_PROFILE, OFFLINE_HOST_PROFILE)):
        (profile,) = seen((1.0, first), (1.002, second)).profiles
        assert (profile.modem, profile.ev, profile.groups_db) == (EVSE, VEHICLE, groups(BENCH))


def test_the_same_sound_on_two_vlans_is_one_profile() -> None:
    frames = [tagged(POWERLINE_PROFILE, 5), tagged(POWERLINE_PROFILE, 6), tagged(OFFLINE_HOST_PROFILE, 5)]

    assert len(seen(*((1.0 + at * 0.002, frame) for at, frame in enumerate(frames))).profiles) == 1


def test_equal_sounds_20_ms_apart_are_two_profiles() -> None:
    frames = ((1.0 + at * 0.020, POWERLINE_PROFILE) for at in range(10))

    assert len(seen(*frames).profiles) == 10


def test_a_host_that_shows_another_address_is_the_modem_of_the_powerline_message() -> None:
    host = from_station(OFFLINE_HOST_PROFILE, "02:00:00:00:00:77")
    lonely = compose(AttenProfile(ev=VEHICLE, groups_db=groups(SUPERCHARGER)), BROADCAST, "02:00:00:00:00:77")

    for pair in ((host, POWERLINE_PROFILE), (POWERLINE_PROFILE, host)):
        profiles = seen((1.0, pair[0]), (1.002, pair[1]), (1.05, lonely)).profiles
        assert [profile.groups_db for profile in profiles] == [groups(BENCH), groups(SUPERCHARGER)]
        assert {profile.modem for profile in profiles} == {EVSE}


def test_two_modems_that_hear_one_sound_are_two_profiles() -> None:
    neighbour = from_station(POWERLINE_PROFILE, "dc:44:27:1f:d9:1c")

    profiles = seen((1.0, POWERLINE_PROFILE), (1.001, neighbour)).profiles

    assert [profile.modem for profile in profiles] == [EVSE, "dc:44:27:1f:d9:1c"]


def test_empty_profiles_are_kept_and_those_of_two_modems_stay_apart() -> None:
    powerline = FRAMES["VS_ATTENUATION_CHARACTERISTICS.IND without a measurement"]
    host = FRAMES["CM_ATTEN_PROFILE.IND without a measurement"]
    neighbour = from_station(host, "dc:44:27:1f:d9:1c")

    profiles = seen((1.0, powerline), (1.001, neighbour), (1.002, host)).profiles

    assert [(profile.modem, profile.groups_db) for profile in profiles] == [
        ("98:48:27:5a:3c:e4", ()),
        ("dc:44:27:1f:d9:1c", ()),
    ]


def test_a_start_and_a_sound_that_pass_twice_at_once_count_once() -> None:
    start = compose(SlacParmRequest(run_id=RUN_ID), BROADCAST, EV)
    sound = compose(MnbcSound(remaining=9, run_id=RUN_ID, random=bytes(16)), BROADCAST, EV)

    observed = seen((1.0, start), (1.002, tagged(start)), (1.1, sound), (1.101, tagged(sound)), (1.5, start))

    assert [start.time_s for start in observed.starts] == [1.0, 1.5]
    assert observed.sounds == (Sound(EV, RUN_ID.hex(), 9, 1.1),)


def test_a_report_without_a_source_address_is_no_measurement() -> None:
    body = AttenChar(source_address=BROADCAST, run_id=RUN_ID, sounds=10, groups_db=(254,) * 58)

    observed = seen((1.0, compose(body, EV, EVSE)))

    assert (observed.reported, observed.foreign) == ((), 1)


def test_a_report_is_kept_as_it_came() -> None:
    body = AttenChar(source_address=EV, run_id=RUN_ID, sounds=10, groups_db=(9, 10))

    assert seen((1.0, compose(body, EV, EVSE))).reported == (
        ReportedAttenuation(EVSE, EV, RUN_ID.hex(), 10, (9, 10), 1.0),
    )


def test_a_profile_with_any_maker_is_a_profile() -> None:
    frame = bytearray(compose(VendorAttenuation(ev=EV, groups_db=(1, 2, 3)), BROADCAST, EVSE))
    frame[17:20] = bytes.fromhex("0016e8")

    assert seen((1.0, bytes(frame))).profiles == (
        SoundProfile(EVSE, EV, (1, 2, 3), "VS_ATTENUATION_CHARACTERISTICS.IND", 1.0),
    )


def test_what_is_foreign_and_what_is_damaged_is_counted() -> None:
    ipv6 = octets("020000000010 001f84000001 86dd |60")
    unknown = octets("020000000010 001f84000001 88e1 01 70ac 0000 0016e8 |60")
    cut = POWERLINE_PROFILE[:70]
    silent = compose(DiscoverListRequest(), LOCAL_MODEM, HOST)

    observed = seen((1.0, ipv6), (2.0, unknown), (3.0, cut), (4.0, b""), (5.0, silent))

    assert (observed.frames, observed.foreign, observed.damaged, observed.dropped) == (5, 2, 2, 0)


def test_a_modem_with_a_bare_version_is_still_named() -> None:
    frame = answered(VersionConfirm(status=0, device_class=6, version_length=1))

    assert seen((1.0, frame)).identities == (ModemIdentity(MODEM, "Qualcomm", "Panther/Lynx boot loader", "", 6),)


def test_no_frames_say_nothing() -> None:
    assert observe([]) == Observation()
