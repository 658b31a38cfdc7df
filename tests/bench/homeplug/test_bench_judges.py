"""Independent programs, unmodified, against the simulated modems; judged by what they print."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import pytest

from tests.bounds import HANG_S

PROGRAMS = ("int6ktone", "amptone", "plctone", "plcstat", "plctool", "plcget", "plcrate", "int6krate", "pev", "evse")
FLOORS_DB = (0, 2, 4, 7, 10, 16, 22, 28)
PEV_HOSTS = ("02:00:00:01:00:01", "02:00:00:04:00:01")
HERE = Path(__file__).parent


class Judged(NamedTuple):
    """What the programs printed, and the frames that passed."""

    shown: dict[str, str]
    capture: Path

    def frames(self) -> list[bytes]:
        content, frames, at = self.capture.read_bytes(), [], 24
        while at < len(content):
            (length,) = struct.unpack_from("<I", content, at + 8)
            frames.append(content[at + 16 : at + 16 + length])
            at += 16 + length
        return frames

    def averages_db(self, program: str) -> list[float]:
        """Give the averages that a program printed, one for each slot and the one over all."""
        found = re.search(r"SNR,?((?:[\s,]+-?[\d.]+)+)", self.shown[program])
        assert found, self.shown[program]
        return [float(number) for number in re.findall(r"-?[\d.]+", found[1])]

    def served_db(self, sender: str, version: int) -> dict[int, float]:
        """Give the average floor of each slot from the receive maps on the wire; this is the judges' arithmetic."""
        means = {}
        for frame in self.frames():
            if frame[6:12].hex(":") != sender or frame[12:17] != bytes.fromhex("88e1") + bytes((version, 0x91, 0xA0)):
                continue
            slot, at = (frame[34], 48) if version else (frame[21], 25)
            if frame[22 if version else 20] == 0:
                codes = [code for byte in frame[at : at + 459] for code in (byte & 15, byte >> 4)][:917]
                means[slot] = fmean(FLOORS_DB[code] for code in codes)
        return means


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("judges")
    command = [sys.executable, str(HERE / "judges.py"), str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "v2g_tool", "bench", "run", "--", *command],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    if "without PLC modems" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return Judged(json.loads((folder / "shown.json").read_text()), folder / "all.pcap")


@pytest.mark.parametrize(
    ("program", "sender", "version"),
    [
        ("int6ktone", "00:b0:52:02:00:01", 0),
        ("int6ktone-far", "00:b0:52:02:00:02", 0),
        ("amptone", "00:b0:52:02:00:01", 1),
    ],
)
def test_printed_averages_are_those_of_the_served_codes(
    judged: Judged, program: str, sender: str, version: int
) -> None:
    *slots, total = judged.averages_db(program)
    served = judged.served_db(sender, version)

    assert sorted(served) == list(range(6))
    assert slots == [pytest.approx(served[slot], abs=0.002) for slot in range(6)]
    assert total == pytest.approx(fmean(served.values()), abs=0.002)


def test_int6ktone_finds_gain_and_guard_interval_where_the_older_chip_has_them(judged: Judged) -> None:
    gain, guard = (re.findall(rf"{name} (\w\w)", judged.shown["int6ktone-far"]) for name in ("AGC", "GIL"))

    assert guard == ["03"]
    assert int(gain[0], 16) > 5


def test_greenphy_modems_are_seen_to_have_no_tone_maps(judged: Judged) -> None:
    assert "No Tone Maps Available" in judged.shown["int6ktone-green"]
    assert "Device refused request for slot 0: Unknown Slot Number" in judged.shown["plctone-green"]


def test_topology_and_versions_are_read(judged: Judged) -> None:
    probes, green = judged.shown["plcstat-t"], judged.shown["plcstat-green"]

    assert re.search(r"LOC CCO 001 00:B0:52:02:00:01 .* QCA7420 MAC-QCA7420-1.3.0.2134-00-20151212-CS", probes)
    assert re.search(r"REM STA 002 00:B0:52:02:00:02 .* INT6400 INT6400-MAC-4-4-4405", probes)
    assert re.search(r"LOC STA 002 00:B0:52:01:00:01 .* QCA7005 MAC-QCA7005-1.1.0.730-04-20140815-CS", green)
    assert re.search(r"REM CCO 001 00:B0:52:01:00:02 02:00:00:01:00:02 009 009 QCA7000 MAC-QCA7000", green)
    assert "QCA7005 MAC-QCA7005-1.1.0.730-04-20140815-CS" in judged.shown["plctool-r"]
    assert "00:B0:52:01:00:01 1" in judged.shown["plctool-L"]
    assert "(0x01): Device refused request" in judged.shown["plcget"]


def test_rates_agree_between_the_versions_of_network_info(judged: Judged) -> None:
    new, old = (re.findall(r"[TR]X (\d+) mbps", judged.shown[name]) for name in ("plcrate", "int6krate"))

    assert new == old
    assert all(80 < int(rate) < 200 for rate in new)
    # A modem that answers late is asked again, and plcrate prints both answers.
    assert {*re.findall(r"([TR]X \d+) mbps", judged.shown["plcrate-green"])} == {"TX 009", "RX 009"}


def test_link_statistics_are_those_on_the_wire(judged: Judged) -> None:
    answers = [frame for frame in judged.frames() if len(frame) == 311 and frame[15:17] == b"\x31\xa0"]
    tx = [struct.unpack_from("<5Q", frame, 24) for frame in answers]
    rx = [struct.unpack_from("<6Q", frame, 64) for frame in answers]

    printed = {line.split()[0]: line.split()[1:] for line in judged.shown["plcstat-d"].splitlines() if line.split()}

    sent, received = printed["TX"], printed["RX"]
    assert [int(sent[at]) for at in (0, 1, 3, 4, 5)] in [[t[3], t[4], t[0], t[2], t[1]] for t in tx] + [
        [t[3], t[4], t[0], t[1], t[2]] for t in tx
    ]
    assert [int(received[at]) for at in (0, 1, 3, 4)] in [[r[2], r[3], r[0], r[1]] for r in rx]
    assert [int(number) for number in printed["ALL"][:2] + printed["ALL"][3:5]] in [list(r[2:6]) for r in rx]


def test_pev_completes_a_run_against_the_simulated_charger(judged: Judged) -> None:
    reports = [frame for frame in judged.frames() if frame[15:17] == b"\x6e\x60" and len(frame) == 129]

    _assert_whole(judged.shown["pev-secc"])
    assert _average_db(judged.shown["pev-secc"]) in {sum(report[71:]) // 58 for report in reports}


def test_pev_and_evse_complete_a_run_over_one_line(judged: Judged) -> None:
    profiles = [
        f[27:85] for f in judged.frames() if f[15:17] == b"\x86\x60" and f[6:12].hex(":") == "00:b0:52:05:00:01"
    ]
    last = profiles[-10:]

    _assert_whole(judged.shown["pev"])
    assert judged.shown["evse"].count("<-- CM_ATTEN_PROFILE.IND") == 10
    assert "<-- CM_ATTEN_CHAR.RSP" in judged.shown["evse"]
    means = [sum(column) // 10 for column in zip(*last, strict=True)]
    assert _average_db(judged.shown["pev"]) == sum(means) // 58
    assert ":".join(f"{mean:02X}" for mean in means) in judged.shown["pev"]


def _assert_whole(shown: str) -> None:
    steps = ("<-- CM_SLAC_PARAM.CNF", "--> CM_START_ATTEN_CHAR.IND", "<-- CM_ATTEN_CHAR.IND", "--> CM_ATTEN_CHAR.RSP")
    assert [step for step in steps if step not in shown] == []
    assert shown.count("--> CM_MNBC_SOUND.IND") == 10


def _average_db(shown: str) -> int:
    found = re.search(r"Average attenuation \((\d+)\) less than limit \(40\) from 58 groups", shown)
    assert found, shown
    return int(found[1])


@pytest.mark.skipif(shutil.which("faifa") is None, reason="faifa is not installed")
def test_faifa_reads_version_and_network(judged: Judged) -> None:
    assert "Version: MAC-QCA7420-1.3.0.2134-00-20151212-CS" in judged.shown["faifa"]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_finds_no_modem_frame_malformed(judged: Judged) -> None:
    # pev itself sends sounds that are 7 bytes short, which its authors' peers accept.
    own = " && ".join(f"!(eth.src=={host})" for host in PEV_HOSTS)
    fields = ("_ws.malformed", "homeplug_av.mmhdr.mmtype", "homeplug_av.mmhdr.mmtype.qualcomm")
    done = subprocess.run(
        ["tshark", "-r", str(judged.capture), "-Y", f"homeplug-av && {own}", "-T", "fields"]
        + [part for field in fields for part in ("-e", field)],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]

    kinds = {int(kind, 16) for _, *found in rows for kind in found if kind}
    assert [row for row in rows if row[0]] == []
    assert kinds >= {0x6065, 0x606E, 0x6086, 0xA001, 0xA031, 0xA039, 0xA091, 0xA0B9}
