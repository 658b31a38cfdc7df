"""Independent programs read the same frames: tshark (one call for all of them) and scapy."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.bounds import HANG_S
from tests.hal.homeplug.golden_frames import DEHNER, EV, FRAMES, GOLDEN, tagged
from v2g_tool.hal.homeplug.fields import Body
from v2g_tool.hal.homeplug.frame import BROADCAST
from v2g_tool.hal.homeplug.identity import AttributesConfirm, AttributesRequest, VersionConfirm
from v2g_tool.hal.homeplug.keys import SetKeyConfirm, SetKeyRequest
from v2g_tool.hal.homeplug.messages import compose, decode
from v2g_tool.hal.homeplug.network import (
    DiscoveredNetwork,
    DiscoveredStation,
    DiscoverListConfirm,
    DiscoverListRequest,
    NetworkInfoConfirmV0,
    NetworkInfoConfirmV1,
    NetworkInfoRequestV0,
    NetworkStatsConfirm,
    NetworkStatsRequest,
    StationRate,
)
from v2g_tool.hal.homeplug.slac_messages import (
    AttenChar,
    AttenCharResponse,
    AttenProfile,
    MnbcSound,
    SlacMatchConfirm,
    SlacMatchRequest,
    SlacParmConfirm,
    SlacParmRequest,
    StartAttenChar,
    ValidateConfirm,
    ValidateRequest,
)
from v2g_tool.hal.homeplug.statistics import LinkStatisticsConfirm, LinkStatisticsRequest, RxInterval
from v2g_tool.hal.homeplug.tone_map import (
    RxToneMapConfirmV0,
    RxToneMapConfirmV1,
    RxToneMapRequestV0,
    RxToneMapRequestV1,
    TxToneMapConfirmV0,
    TxToneMapConfirmV1,
    TxToneMapRequestV0,
    TxToneMapRequestV1,
)
from v2g_tool.model.plc import RxCounters, TxCounters

HOST, MODEM, PEER = "02:00:00:00:00:10", "00:b0:52:aa:bb:01", "00:b0:52:cc:dd:02"
RUN_ID = b"\x01\x02\x03\x04\x05\x06\x07\x08"
CODES = bytes(range(0x10, 0x10 + 200)).ljust(458, b"\x54") + b"\x06"
V1_HEAD = {"status": 0, "peer": PEER, "slot": 3, "maps": 5, "active": 917, "mod": CODES}

OWN: tuple[Body, ...] = (
    VersionConfirm(status=0, device_class=0x20, version_length=4, area=b"MAC\0".ljust(262, b"\0")),
    AttributesRequest(cookie=7),
    LinkStatisticsRequest(direction=1, lid=0xF8, peer=PEER),
    LinkStatisticsConfirm(
        status=0,
        direction=2,
        lid=0xF8,
        tei=2,
        tx=TxCounters(1, 2, 3, 4, 1 << 40),
        rx=RxCounters(6, 7, 8, 9, 10, 11),
        intervals=(RxInterval(phy_rate=9, pb_passed=1, pb_failed=2, bit_errors_passed=3, bit_errors_failed=4),) * 2,
    ),
    NetworkInfoRequestV0(),
    DiscoverListRequest(),
    DiscoverListConfirm(
        stations=(
            DiscoveredStation(mac=PEER, tei=3, same_network=1, snid=5, capabilities=2, signal_level=4, average_ble=77),
        ),
        networks=(
            DiscoveredNetwork(
                nid=bytes.fromhex("b0f2e695666b03"),
                snid=5,
                hybrid_mode=1,
                beacon_slots=2,
                coordinating=3,
                beacon_offset=9,
            ),
        ),
    ),
    NetworkStatsRequest(),
    NetworkStatsConfirm(stations=(StationRate(mac=PEER, tx_mbit_s=40, rx_mbit_s=41),)),
    TxToneMapRequestV0(peer=PEER, slot=2),
    TxToneMapRequestV1(peer=PEER, slot=2),
    RxToneMapRequestV1(peer=PEER, slot=4, coupling=1),
    TxToneMapConfirmV0(status=0, slot=3, maps=5, active=917, mod=CODES.ljust(578, b"\0")),
    RxToneMapConfirmV0(status=0, slot=3, maps=5, active=917, mod=CODES.ljust(578, b"\0"), gil=7, agc=3),
    TxToneMapConfirmV1(length=18 + 459, **V1_HEAD),
    RxToneMapConfirmV1(length=22 + 459, extra=bytes((7, 0, 3, 0)), **V1_HEAD),
    ValidateRequest(timer=5, result=1),
    ValidateConfirm(toggles=3, result=2),
    SlacParmConfirm(forwarding_sta=EV, run_id=RUN_ID),
    AttenProfile(ev=EV, groups_db=tuple(range(58))),
    AttenChar(source_address=EV, run_id=RUN_ID, sounds=10, groups_db=tuple(range(58))),
    MnbcSound(remaining=4, run_id=RUN_ID, random=bytes(range(16))),
    SlacMatchRequest(pev=EV, evse=PEER, run_id=RUN_ID),
)

Seen = Mapping[str, object]
OPINIONS: dict[type[Body], Callable[[Any], Seen]] = {
    VersionConfirm: lambda b: {
        "get_sw_cnf.status": b.status,
        "get_sw_cnf.dev_id": b.device_class,
        "get_sw_cnf.ver_str": b.firmware,
    },
    AttributesRequest: lambda b: {"op_attr.cookie": b.cookie, "op_attr.rep_type": b.rtype},
    AttributesConfirm: lambda b: {
        "op_attr_cnf.data.sw_major": b.major,
        "op_attr_cnf.data.sw_minor": b.minor,
        "op_attr_cnf.data.hw": b.hardware.rstrip(b"\0").decode(),
        "op_attr_cnf.data.sw_date": b.build_date.decode(),
    },
    LinkStatisticsRequest: lambda b: {
        "lnk_stats_req.mcontrol": b.control,
        "lnk_stats_req.dir": b.direction,
        "lnk_stats_req.lid": b.lid,
        "lnk_stats_req.macaddr": b.peer,
    },
    LinkStatisticsConfirm: lambda b: {
        "lnk_stats_cnf.dir": b.direction,
        "lnk_stats_cnf.lid": b.lid,
        "lnk_stats_cnf.tei": b.tei,
        "lnk_stats.tx.mpdu_ack": b.tx.mpdu_acknowledged,
        "lnk_stats.tx.mpdu_col": b.tx.mpdu_collided,
        "lnk_stats.tx.mpdu_fail": b.tx.mpdu_failed,
        "lnk_stats.tx.pbs_pass": b.tx.pb_passed,
        "lnk_stats.tx.pbs_fail": b.tx.pb_failed,
        "lnk_stats.rx.mdpu_ack": b.rx.mpdu_acknowledged,
        "lnk_stats.rx.mdpu_fail": b.rx.mpdu_failed,
        "lnk_stats.rx.pbs_pass": b.rx.pb_passed,
        "lnk_stats.rx.pbs_fail": b.rx.pb_failed,
        "lnk_stats.rx.tb_pass": b.rx.bit_errors_passed,
        "lnk_stats.rx.tb_fail": b.rx.bit_errors_failed,
        "lnk_stats.rx.num_int": len(b.intervals),
    },
    NetworkInfoConfirmV0: lambda b: _network(b),
    NetworkInfoConfirmV1: lambda b: _network(b),
    DiscoverListConfirm: lambda b: {
        "cc_disc_list_cnf.sta_cnt": len(b.stations),
        "cc_disc_list_cnf.sta_info.mac": [s.mac for s in b.stations],
        "cc_disc_list_cnf.sta_info.tei": [s.tei for s in b.stations],
        "cc_disc_list_cnf.sta_info.sig_level": [s.signal_level for s in b.stations],
        "cc_disc_list_cnf.sta_info.avg_ble": [s.average_ble for s in b.stations],
        # tshark takes the slots from the byte behind them, and the offset for big-endian.
        "cc_disc_list_cnf.net_info.hyb_mode": [n.hybrid_mode for n in b.networks],
        "cc_disc_list_cnf.net_info.cco_status": [n.coordinating for n in b.networks],
    },
    TxToneMapRequestV0: lambda b: {"tone_map_tx_req.mac": b.peer, "tone_map_tx_req.slot": b.slot},
    TxToneMapRequestV1: lambda b: {"tone_map_tx_req.mac": b.peer, "tone_map_tx_req.slot": b.slot},
    RxToneMapRequestV0: lambda b: {"tone_map_rx_req.mac": b.peer, "tone_map_rx_req.slot": b.slot},
    RxToneMapRequestV1: lambda b: {
        "tone_map_rx_req.mac": b.peer,
        "tone_map_rx_req.slot": b.slot,
        "tone_map_rx_req.coupling": b.coupling,
    },
    TxToneMapConfirmV0: lambda b: _tone_map("tx", b),
    TxToneMapConfirmV1: lambda b: _tone_map("tx", b) | {"tone_map_tx_cnf.mac": b.peer, "tone_map_tx_cnf.len": b.length},
    RxToneMapConfirmV0: lambda b: _tone_map("rx", b),
    RxToneMapConfirmV1: lambda b: _tone_map("rx", b) | {"tone_map_rx_cnf.mac": b.peer, "tone_map_rx_cnf.len": b.length},
    SetKeyRequest: lambda b: {
        "cm_set_key_req.nw_key": b.nmk.hex(),
        "nw_info.nid": b.nid.hex(),
        "nw_info.my_nonce": b.my_nonce,
        "nw_info.pid": b.pid,
    },
    SetKeyConfirm: lambda b: {"cm_set_key_cnf.result": b.result, "nw_info.pmn": b.pmn},
    SlacParmRequest: lambda b: {"gp.cm_slac_parm.runid": b.run_id.hex()},
    SlacParmConfirm: lambda b: {
        "gp.cm_slac_parm.sound_count": b.sounds,
        "gp.cm_slac_parm.time_out": b.timeout,
        "gp.cm_slac_parm.resptype": b.response_type,
        "gp.cm_slac_parm.forwarding_sta": b.forwarding_sta,
        "gp.cm_slac_parm.runid": b.run_id.hex(),
    },
    StartAttenChar: lambda b: {
        "gp.cm_start_atten_char.time_out": b.timeout,
        "gp.cm_start_atten_char.sounds_count": b.sounds,
        "gp.cm_start_atten_char.runid": b.run_id.hex(),
    },
    AttenProfile: lambda b: {
        "gp.cm_atten_profile_ind.pev_mac": b.ev,
        "gp.cm_atten_profile_ind.groups_count": len(b.groups_db),
        "gp.cm_atten_profile_ind.aag": list(b.groups_db),
    },
    AttenChar: lambda b: {
        "gp.cm_atten_char.source_mac": b.source_address,
        "gp.cm_atten_char.runid": b.run_id.hex(),
        "gp.cm_atten_char.sounds_count": b.sounds,
        "gp.cm_atten_char.groups_count": len(b.groups_db),
        "gp.cm_atten_char.aag": list(b.groups_db),
    },
    AttenCharResponse: lambda b: {"gp.cm_atten_char.source_mac": b.source_address, "gp.cm_atten_char.result": b.result},
    ValidateRequest: lambda b: {"gp.cm_validate.timer": b.timer, "gp.cm_validate.result": b.result},
    ValidateConfirm: lambda b: {"gp.cm_validate.togglenum": b.toggles, "gp.cm_validate.result": b.result},
    SlacMatchRequest: lambda b: _match(b),
    SlacMatchConfirm: lambda b: _match(b) | {"gp.cm_slac_match.nid": b.nid.hex(), "gp.cm_slac_match.nmk": b.nmk.hex()},
}


def _network(body: Any) -> dict[str, object]:
    network = body.networks[0]
    return {
        "nw_info.num_avlns": len(body.networks),
        "nw_info.nid": network.nid.hex(),
        "nw_info.snid": network.snid,
        "nw_info.tei": network.tei,
        "nw_info.sta_role": network.role,
        "nw_info_cnf.cco_mac": network.cco,
        "nw_info_cnf.num_stas": len(network.stations),
        "nw_info_cnf.sta_info.da": [s.mac for s in network.stations],
        "nw_info_cnf.sta_indo.bda": [s.bridged for s in network.stations],
    }


def _tone_map(direction: str, body: Any) -> dict[str, object]:
    seen: dict[str, object] = {
        f"tone_map_{direction}_cnf.status": body.status,
        f"tone_map_{direction}_cnf.slot": body.slot,
        f"tone_map_{direction}_cnf.num_tms": body.maps,
        f"tone_map_{direction}_cnf.num_act": body.active,
    }
    if direction == "rx" and not body.status:
        seen |= {"tone_map_rx_cnf.agc": body.agc, "tone_map_rx_cnf.gil": body.gil}
    if not body.status:
        seen |= {"tone_map_cnf.carrier.lo": list(body.codes[0::2]), "tone_map_cnf.carrier.hi": list(body.codes[1::2])}
    return seen


def _match(body: Any) -> dict[str, object]:
    return {
        "gp.cm_slac_match.length": body.length,
        "gp.cm_slac_match.pev_mac": body.pev,
        "gp.cm_slac_match.evse_mac": body.evse,
        "gp.cm_slac_match.runid": body.run_id.hex(),
    }


def _capture(path: Path, frames: list[bytes]) -> None:
    """Write a pcap file as its specification says."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    packets = (struct.pack("<IIII", at, 0, len(frame), len(frame)) + frame for at, frame in enumerate(frames))
    path.write_bytes(head + b"".join(packets))


def _agrees(shown: list[str], value: object) -> bool:
    """Whether what tshark shows is what we say; it may list padding nibbles of a tone map as one more carrier."""
    expected = value if isinstance(value, list) else [value]
    numbers = all(isinstance(v, int) for v in expected)
    said = [int(text, 0) for text in shown] if numbers else [text.replace(":", "") for text in shown]
    ours = expected if numbers else [str(v).replace(":", "") for v in expected]
    return said[: len(ours)] == ours and len(said) - len(ours) <= 1


def test_tshark_sees_in_every_frame_what_we_see(tmp_path: Path) -> None:
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    frames = [golden.frame for golden in GOLDEN] + [compose(body, BROADCAST, HOST) for body in OWN]
    frames += [tagged(FRAMES["CM_ATTEN_CHAR.IND"]), tagged(FRAMES["VS_NW_INFO.CNF, MMV 1"])]
    messages = [decode(frame) for frame in frames]
    seen = [OPINIONS.get(type(message.body), lambda _: {})(message.body) for message in messages]
    names = sorted({name for opinion in seen for name in opinion})

    rows = _tshark(tmp_path / "all.pcap", frames, ["_ws.malformed", *(f"homeplug_av.{name}" for name in names)])

    assert len(rows) == len(frames)
    wrong = [
        (message.body.KIND.name, name, shown[name], value)
        for message, opinion, (_, *values) in zip(messages, seen, rows, strict=True)
        for shown in [dict(zip(names, values, strict=True))]
        for name, value in opinion.items()
        if not _agrees(shown[name], value)
    ]
    assert wrong == []
    malformed = [frame for frame, row in zip(frames, rows, strict=True) if row[0]]
    assert malformed == [FRAMES["CM_MNBC_SOUND.IND, cut to 64 bytes"]]


def _tshark(path: Path, frames: list[bytes], fields: list[str]) -> list[list[list[str]]]:
    """Give the values of each field in each frame, in one call."""
    _capture(path, frames)
    options = ["-E", "occurrence=a", "-E", "aggregator=|", "-E", "separator=;"]
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", *options]
    command += [part for name in fields for part in ("-e", name)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=HANG_S)
    return [[value.split("|") if value else [] for value in line.split(";")] for line in done.stdout.splitlines()]


SCAPY = [
    ("CM_SLAC_PARM.REQ", "CM_SLAC_PARM_REQ", {"RunID": "run_id", "ApplicationType": "application"}),
    (
        "CM_SLAC_PARM.CNF",
        "CM_SLAC_PARM_CNF",
        {"NumberMSounds": "sounds", "TimeOut": "timeout", "ForwardingSTA": "forwarding_sta", "RunID": "run_id"},
    ),
    (
        "CM_START_ATTEN_CHAR.IND",
        "CM_START_ATTEN_CHAR_IND",
        {"NumberOfSounds": "sounds", "TimeOut": "timeout", "ForwardingSTA": "forwarding_sta", "RunID": "run_id"},
    ),
    (
        "CM_MNBC_SOUND.IND",
        "CM_MNBC_SOUND_IND",
        {"Countdown": "remaining", "RunID": "run_id", "SenderID": "sender_id", "RandomValue": "random"},
    ),
    (
        "CM_ATTEN_CHAR.IND",
        "CM_ATTEN_CHAR_IND",
        {"SourceAdress": "source_address", "RunID": "run_id", "NumberOfSounds": "sounds"},
    ),
    (
        "CM_ATTEN_CHAR.RSP",
        "CM_ATTEN_CHAR_RSP",
        {"SourceAdress": "source_address", "RunID": "run_id", "Result": "result"},
    ),
    ("CM_SLAC_MATCH.CNF", "CM_SLAC_MATCH_CNF", {"MatchVariableFieldLen": "length"}),
    ("CM_SLAC_MATCH.CNF", "SLAC_varfield_cnf", {"EVMAC": "pev", "EVSEMAC": "evse", "NetworkID": "nid", "NMK": "nmk"}),
    (
        "CM_SET_KEY.REQ",
        "CM_SET_KEY_REQ",
        {"KeyType": "key_type", "PID": "pid", "NetworkID": "nid", "NewEncKeySelect": "new_eks", "NewKey": "nmk"},
    ),
    ("CM_SET_KEY.CNF", "CM_SET_KEY_CNF", {"Result": "result", "PID": "pid", "ProtoMessNumber": "pmn"}),
]


@pytest.mark.parametrize(("name", "layer", "fields"), SCAPY, ids=[f"{row[0]} {row[1]}" for row in SCAPY])
def test_scapy_sees_in_slac_frames_what_we_see(name: str, layer: str, fields: dict[str, str]) -> None:
    pytest.importorskip("scapy.contrib.homepluggp")
    av = pytest.importorskip("scapy.contrib.homeplugav")
    body = decode(FRAMES[name]).body

    read = av.HomePlugAV(FRAMES[name][14:])
    packet = read.VariableField if layer == "SLAC_varfield_cnf" else read.getlayer(layer)

    assert {ours: getattr(packet, theirs) for theirs, ours in fields.items()} == {
        ours: getattr(body, ours) for ours in fields.values()
    }


def test_scapy_reads_the_same_version_and_groups() -> None:
    av = pytest.importorskip("scapy.contrib.homeplugav")
    pytest.importorskip("scapy.contrib.homepluggp")
    version = av.HomePlugAV(FRAMES["VS_SW_VER.CNF of a QCA7005"][14:]).getlayer("GetDeviceVersion")
    report = av.HomePlugAV(FRAMES["CM_ATTEN_CHAR.IND"][14:]).getlayer("CM_ATTEN_CHAR_IND")

    assert version.DeviceVersion.rstrip(b"\0") == b"MAC-QCA7005-1.1.0.730-04-20140815-CS"
    assert [group.group for group in report.Groups] == list(bytes.fromhex(DEHNER))
