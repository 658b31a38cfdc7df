"""Capture files: what scapy, tshark and we make of the same bytes, and what is left of damaged ones."""

from __future__ import annotations

import gzip
import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hal.homeplug_wire.peer import EVERYBODY, HOST, MODEM, PEER, QCA, mme, rx_map_v1, version
from v2g_tool.errors import RequestError
from v2g_tool.hal.homeplug import capture as capture_module
from v2g_tool.hal.homeplug.capture import Capture, capture_bytes, read_capture
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.model.plc import Captured

T0_S = 1_700_000_000.0
FRAMES = (
    Captured(T0_S + 0.123456789, mme(MODEM, HOST, 0, 0xA000, QCA), sent=True),
    Captured(T0_S + 0.124, version(HOST)),
    Captured(T0_S + 0.2, rx_map_v1(HOST, PEER, 0, 5)),
    Captured(T0_S + 1.9999999, HOST + MODEM + b"\x81\0\0\x64" + version(HOST)[12:]),
)
KEY = bytes.fromhex("9ed1f8a5b566e83dc4f1700e4a89afec")
MATCH = mme(HOST, MODEM, 1, 0x607D, bytes(4) + b"\x56\0" + bytes(62) + b"\xb4\x68\xac\xe9\xff\x56\3\0" + KEY)
IP = HOST + MODEM + b"\x08\0" + bytes(46)


def block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


SECTION = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def described(link_type: int = 1, resolution: int = 6) -> bytes:
    return block(1, struct.pack("<HHI", link_type, 0, 0) + struct.pack("<HHB3xI", 9, 1, resolution, 0))


def packet(data: bytes, ticks: int, interface: int = 0) -> bytes:
    head = struct.pack("<5I", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
    return block(6, head + data)


def pcap(frames: Sequence[bytes], *, link_type: int = 1, nano: bool = False, order: str = "<") -> bytes:
    head = struct.pack(order + "IHHIIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, link_type)
    part = 500_000_000 if nano else 500_000
    return head + b"".join(
        struct.pack(order + "4I", int(T0_S) + at, part, len(f), len(f)) + f for at, f in enumerate(frames)
    )


Read = Callable[[bytes], Capture]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def written(data: bytes) -> Capture:
        path = tmp_path / "capture"
        path.write_bytes(data)
        return read_capture(path)

    return written


def test_what_is_written_is_read_back_with_times_and_directions(tmp_path: Path) -> None:
    (tmp_path / "frames.pcapng").write_bytes(capture_bytes(FRAMES, "plc0"))

    assert read_capture(tmp_path / "frames.pcapng") == Capture(FRAMES, others=0)


def test_the_same_frames_give_the_same_bytes() -> None:
    assert capture_bytes(FRAMES, "plc0") == capture_bytes(list(FRAMES), "plc0")


@given(st.floats(0, 4e9, allow_nan=False))
@settings(max_examples=100)
def test_times_of_this_century_are_kept_exactly(tmp_path: Path, time_s: float) -> None:
    (tmp_path / "time").write_bytes(capture_bytes([Captured(time_s, IP[:12] + version(HOST)[12:])], "plc0"))

    (captured,) = read_capture(tmp_path / "time").frames

    assert captured.time_s == pytest.approx(time_s, abs=1e-9)
    assert captured.time_s == time_s or time_s < 4e6, "from 46 days after 1970 on a float is coarser than 1 ns"


def test_tshark_reads_the_same_frames_and_times(tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("the program tshark is not installed")
    (tmp_path / "frames.pcapng").write_bytes(capture_bytes(FRAMES, "plc0"))
    fields = ["frame.time_epoch", "frame.len", "frame.interface_name", "frame.packet_flags_direction", "eth.src"]
    command = ["tshark", "-r", str(tmp_path / "frames.pcapng"), "-T", "fields"]
    command += [word for name in (*fields, "homeplug_av.tone_map_rx_cnf.num_act") for word in ("-e", name)]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [float(row[0]) for row in rows] == [captured.time_s for captured in FRAMES]
    assert [int(row[1]) for row in rows] == [len(captured.frame) for captured in FRAMES]
    assert [row[2] for row in rows] == ["plc0"] * len(FRAMES)
    assert [int(row[3], 0) for row in rows] == [2, 1, 1, 1]
    assert [row[4] for row in rows] == [captured.frame[6:12].hex(":") for captured in FRAMES]
    assert rows[2][5] in ("917", "0x0395")


def test_network_keys_are_not_written() -> None:
    written = capture_bytes([Captured(T0_S, MATCH)], "plc0")

    assert KEY not in written
    assert MATCH[:60] in written


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [True, False])
def test_pcap_of_either_byte_order_and_resolution_is_read(read: Read, order: str, nano: bool) -> None:
    frames = [captured.frame for captured in FRAMES]

    got = read(pcap([*frames, IP], nano=nano, order=order))

    assert [captured.frame for captured in got.frames] == frames
    assert [captured.time_s for captured in got.frames] == [T0_S + at + 0.5 for at in range(4)]
    assert (got.others, got.damage) == (1, "")


def test_gzip_is_unpacked(read: Read) -> None:
    assert read(gzip.compress(capture_bytes(FRAMES, "plc0"))) == Capture(FRAMES, others=0)


def test_each_section_numbers_its_interfaces_anew(read: Read) -> None:
    """As after `cat a.pcapng b.pcapng`: the second section counts in ns."""
    frame = version(HOST)
    first = SECTION + described() + packet(frame, int(T0_S) * 10**6)
    second = SECTION + described(resolution=9) + packet(frame, int(T0_S) * 10**9)

    assert [captured.time_s for captured in read(first + second).frames] == [T0_S, T0_S]


def test_a_capture_on_all_interfaces_is_read_without_destinations(read: Read) -> None:
    payload = version(HOST)[14:]
    cooked = struct.pack(">HHH", 1, 1, 6) + MODEM + bytes(2) + b"\x88\xe1" + payload
    newer = b"\x88\xe1\0\0" + struct.pack(">IHBB", 3, 1, 0, 6) + MODEM + bytes(2) + payload

    for data, link_type, destination in ((cooked, 113, EVERYBODY), (newer, 276, bytes(6))):
        (captured,) = read(pcap([data], link_type=link_type)).frames
        assert captured.frame == destination + MODEM + b"\x88\xe1" + payload


def test_a_truncated_capture_gives_the_frames_before_the_cut(read: Read) -> None:
    whole = capture_bytes(FRAMES, "plc0")

    for cut in range(1, 40):
        got = read(whole[:-cut])
        assert got.frames == FRAMES[:-1]
        assert "cut or damaged" in got.damage


def test_a_truncated_pcap_gives_the_frames_before_the_cut(read: Read) -> None:
    whole = pcap([captured.frame for captured in FRAMES])

    for cut in (1, len(FRAMES[-1].frame), len(FRAMES[-1].frame) + 3):
        got = read(whole[:-cut])
        assert [captured.frame for captured in got.frames] == [captured.frame for captured in FRAMES[:-1]]
        assert "cut or damaged" in got.damage


def test_a_block_of_an_absurd_length_ends_the_reading(read: Read) -> None:
    got = read(capture_bytes(FRAMES, "plc0") + struct.pack("<II", 6, 0xFFFFFFFC) + bytes(100))

    assert got.frames == FRAMES
    assert "holds 4294967280 bytes" in got.damage


def test_a_pcap_record_of_an_absurd_length_ends_the_reading(read: Read) -> None:
    got = read(pcap([FRAMES[1].frame]) + struct.pack("<4I", 0, 0, 0xFFFFFFFF, 60) + bytes(400))

    assert [captured.frame for captured in got.frames] == [FRAMES[1].frame]
    assert got.damage


@pytest.mark.parametrize("tail", [bytes(64), b"\xff" * 64, b"garbage " * 8])
def test_garbage_behind_the_frames_is_named(read: Read, tail: bytes) -> None:
    got = read(capture_bytes(FRAMES, "plc0") + tail)

    assert got.frames == FRAMES
    assert got.damage


def test_a_damaged_gzip_file_gives_the_frames_before_the_damage(read: Read) -> None:
    noisy = [Captured(T0_S + at, version(HOST)[:40] + bytes((at * 7 % 256, at * 31 % 256)) * 60) for at in range(3000)]
    packed = gzip.compress(capture_bytes(noisy, "plc0"))

    got = read(packed[: len(packed) // 2])

    assert got.frames == tuple(noisy[: len(got.frames)])
    assert len(got.frames) > 100
    assert "gzip" in got.damage


def test_a_bomb_is_read_to_the_bound(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_module, "MOST_BYTES", 1 << 20)
    bomb = gzip.compress(capture_bytes(FRAMES, "plc0") + packet(IP, 0) * 20_000)

    got = read(bomb)

    assert got.frames == FRAMES
    assert "only the first 1 MiB" in got.damage


def test_more_frames_than_anybody_needs_are_said_and_left(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_module, "MOST_FRAMES", 3)

    got = read(capture_bytes(FRAMES, "plc0"))

    assert got.frames == FRAMES[:3]
    assert "only the first 3 HomePlug AV frames" in got.damage


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"MZ\x90\0 no capture at all", "no capture file"),
        (b"\x1f\x8b\x08 broken", "no capture file"),
        (gzip.compress(b"text", mtime=0), "no capture file"),
        (pcap([b"\x08\0" + bytes(50)], link_type=105), "link type 105"),
        (SECTION + described(link_type=189) + packet(bytes(80), 1), "link type 189"),
    ],
    ids=["empty", "program", "broken-gzip", "packed-text", "wlan", "usb"],
)
def test_what_is_no_ethernet_capture_is_refused(read: Read, data: bytes, word: str) -> None:
    with pytest.raises(RequestError, match=word) as told:
        read(data)

    assert told.value.todo


def test_a_file_that_is_not_there_is_a_wrong_request(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.pcapng", tmp_path):
        with pytest.raises(RequestError, match=r"cannot be read|is no file"):
            read_capture(path)


def test_a_capture_without_homeplug_frames_holds_none(read: Read) -> None:
    assert read(pcap([IP, IP])) == Capture((), others=2)


@given(st.binary(max_size=120), st.integers(0, 10**6), st.integers(0, 7), st.sampled_from(["pcapng", "pcap"]))
@settings(max_examples=150)
def test_any_damage_leaves_a_capture_that_can_be_observed(
    tmp_path: Path, noise: bytes, place: int, bit: int, kind: str
) -> None:
    whole = capture_bytes(FRAMES, "plc0") if kind == "pcapng" else pcap([c.frame for c in FRAMES])
    at = place % len(whole)
    flipped = whole[:at] + bytes((whole[at] ^ 1 << bit,)) + whole[at + 1 :]
    for data in (flipped, whole[:at] + noise + whole[at:], whole[:4] + noise):
        (tmp_path / "damaged").write_bytes(data)
        try:
            got = read_capture(tmp_path / "damaged")
        except RequestError:
            continue
        assert observe(got.frames).frames == len(got.frames) <= len(data)
