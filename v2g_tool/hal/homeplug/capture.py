"""Capture files: pcapng and pcap are read with scapy, pcapng is written here.

scapy's writer keeps whole microseconds only and rounds them down, so a frame would not keep its time, and it takes
0.4 s to import. What is written needs 30 lines of the pcapng specification (draft-ietf-opsawg-pcapng, 4.1 to 4.3).
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, cast

from v2g_tool.data.reading import open_regular
from v2g_tool.errors import RequestError
from v2g_tool.hal.homeplug.redaction import redacted
from v2g_tool.model.plc import Captured

MOST_BYTES = 256 << 20
"""So much of a capture is read, after unpacking; at worst, all of it small frames, for half a minute."""
MOST_FRAMES = 200_000
"""So many HomePlug AV frames are taken: two hours of one sounding after the other."""
_LONGEST_BLOCK = 16 << 20
_LONGEST_FRAME = 0x40000
_SCAPY_CUT = 0xFFFF
"""scapy gives no more of a frame."""

_PCAPNG = b"\x0a\x0d\x0d\x0a"
_PCAP = frozenset(bytes.fromhex(magic) for magic in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1"))
_GZIP = b"\x1f\x8b"
_BAD_GZIP = "its gzip packing is cut or damaged"

_ETHERNET, _COOKED, _COOKED_2 = 1, 113, 276
_HOMEPLUG_AV = b"\x88\xe1"
_TAGS = (b"\x81\x00", b"\x88\xa8")
_BROADCAST_PACKET = 1
_INBOUND, _OUTBOUND = 1, 2


@dataclass(frozen=True)
class Capture:
    """What a capture file holds.

    Attributes:
        frames: the HomePlug AV frames, in the order of the file.
        others: the number of other frames: IP, and interfaces that are not Ethernet.
        damage: why the file was not read to its end, one sentence; empty when it was.
        sha256: of the file, or of as much as would be read of it, 64 hex digits.
    """

    frames: tuple[Captured, ...]
    others: int
    damage: str = ""
    sha256: str = field(default="", compare=False)


def read_capture(path: Path) -> Capture:
    """Give the HomePlug AV frames of a pcapng or pcap file, packed with gzip or not.

    A damaged file gives the frames before the damage. A cooked capture (`tcpdump -i any`) has no destination addresses:
    a broadcast frame gets the broadcast address, any other zeros.

    Raises:
        RequestError: the file cannot be read, is no capture, or holds no Ethernet.
    """
    try:
        with open_regular(path) as file:
            digest = hashlib.sha256(file.read(MOST_BYTES) or b"").hexdigest()
            file.seek(0)
            packed = file.peek(2)[:2] == _GZIP
            capture = _read(path, _Source(cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file))
            return replace(capture, sha256=digest)
    except OSError as exc:
        raise RequestError(
            f"the capture {path} cannot be read: {exc.strerror}",
            todo="Check the path and the right to read it; copy a stream into a file first.",
        ) from exc


def capture_bytes(frames: Iterable[Captured], interface: str) -> bytes:
    """Give the frames as a pcapng file: network keys redacted, times in ns, the same bytes for the same frames."""
    section = _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    described = _option(2, interface.encode()) + _option(9, b"\x09") + _option(0, b"")
    return b"".join(
        (section, _block(1, struct.pack("<HHI", _ETHERNET, 0, 0) + described), *(_packet(frame) for frame in frames))
    )


def _packet(captured: Captured) -> bytes:
    data = redacted(captured.frame)
    whole = int(captured.time_s)
    time_ns = min(max(whole * 10**9 + round((captured.time_s - whole) * 1e9), 0), (1 << 64) - 1)
    head = struct.pack("<5I", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, len(data), len(data))
    direction = struct.pack("<I", _OUTBOUND if captured.sent else _INBOUND)
    return _block(6, head + _padded(data) + _option(2, direction) + _option(0, b""))


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


class _Source:
    """The bytes of a capture as scapy asks for them: bounded, and it remembers how far the last whole block reached."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.position = 0
        self.whole = 0
        self.trouble = ""

    def magic(self) -> bytes:
        """Give the first four bytes without taking them."""
        try:
            return cast("BufferedReader", self._stream).peek(4)[:4]
        except (EOFError, OSError, zlib.error):
            self.trouble = _BAD_GZIP
            return b""

    def read(self, count: int) -> bytes:
        """Give up to `count` bytes; none once there is trouble."""
        if count > _LONGEST_BLOCK:
            self.trouble = f"a block says that it holds {count} bytes"
        elif self.position + count > MOST_BYTES:
            self.trouble = f"only the first {MOST_BYTES >> 20} MiB of a capture are read"
        if self.trouble:
            return b""
        try:
            data = self._stream.read(count)
        except (EOFError, OSError, zlib.error):
            self.trouble = _BAD_GZIP
            return b""
        self.position += len(data)
        return data

    def mark(self) -> None:
        """Remember that all up to here made sense."""
        self.whole = self.position

    def damage(self) -> str:
        """Give why reading ended before the end, empty if it did not."""
        if not self.trouble and self.position == self.whole:
            return ""
        return f"the capture was read up to byte {self.whole}: {self.trouble or 'what follows is cut or damaged'}"


@dataclass(frozen=True)
class _Packet:
    """One packet of a capture file, before it is known what it holds."""

    link_type: int
    time_s: float
    data: bytes
    sent: bool


def _read(path: Path, source: _Source) -> Capture:
    packets = _packets(path, source)
    frames: list[Captured] = []
    others, links = 0, set()
    for packet in packets:
        if len(frames) == MOST_FRAMES:
            source.trouble = f"only the first {MOST_FRAMES} HomePlug AV frames of a capture are taken"
            break
        frame = _ethernet(packet)
        if _is_homeplug_av(frame):
            frames.append(Captured(packet.time_s, frame, packet.sent))
        else:
            others += 1
            links.add(packet.link_type)
    if not frames and links and links.isdisjoint((_ETHERNET, _COOKED, _COOKED_2)):
        raise _no_ethernet(path, min(links))
    return Capture(tuple(frames), others, source.damage())


def _packets(path: Path, source: _Source) -> Iterator[_Packet]:
    magic = source.magic()
    if magic == _PCAPNG:
        return _pcapng_packets(source)
    if magic in _PCAP:
        return _pcap_packets(source)
    raise RequestError(
        f"{path} is {'no capture file' if magic or source.trouble else 'empty'}",
        why=source.trouble.capitalize() or "A capture begins with the mark of pcapng or pcap.",
        todo="Give a file as Wireshark, tshark or tcpdump write it; other formats: 'editcap -F pcapng IN OUT'.",
    )


def _pcap_packets(source: _Source) -> Iterator[_Packet]:
    from scapy.error import Scapy_Exception
    from scapy.utils import RawPcapReader

    try:
        reader = _quiet(RawPcapReader, source)
    except Scapy_Exception:
        return
    source.mark()
    unit = 10**9 if reader.nano else 10**6
    for data, said in reader:
        if said.caplen > _LONGEST_FRAME or len(data) < min(said.caplen, _SCAPY_CUT):
            return
        source.mark()
        yield _Packet(reader.linktype & 0xFFFF, (said.sec * unit + said.usec) / unit, data, sent=False)


def _pcapng_packets(source: _Source) -> Iterator[_Packet]:
    from scapy.error import Scapy_Exception
    from scapy.utils import RawPcapNgReader

    class Blocks(RawPcapNgReader):
        """Marks each whole block, and numbers the interfaces anew in each section, as the format wants it."""

        def _read_block(self, size: int = _SCAPY_CUT) -> Any:  # noqa: ANN401 - scapy's own type is wrong here
            packet = super()._read_block(size)
            source.mark()
            return packet

        def _read_block_shb(self) -> None:
            self.interfaces.clear()
            super()._read_block_shb()

    try:
        for data, said in _quiet(Blocks, source):
            ticks = (said.tshigh or 0) << 32 | (said.tslow or 0)
            yield _Packet(said.linktype, ticks / said.tsresol, data, sent=said.direction == _OUTBOUND)
    except Scapy_Exception:
        return


def _quiet(reader: Any, source: _Source) -> Any:  # noqa: ANN401 - scapy's annotations fit neither
    """Give a scapy reader of the source; what is wrong with a file is said by us, once."""
    logging.getLogger("scapy.runtime").disabled = True
    return reader(source)


def _ethernet(packet: _Packet) -> bytes:
    """Give the packet as an Ethernet frame, nothing where it cannot be one."""
    data = packet.data
    if packet.link_type == _ETHERNET:
        return data
    if packet.link_type == _COOKED and len(data) >= 16:
        return _uncooked(int.from_bytes(data[0:2]), data[6:12], data[14:16], data[16:])
    if packet.link_type == _COOKED_2 and len(data) >= 20:
        return _uncooked(data[10], data[12:18], data[0:2], data[20:])
    return b""


def _uncooked(kind: int, source: bytes, protocol: bytes, payload: bytes) -> bytes:
    return (b"\xff" * 6 if kind == _BROADCAST_PACKET else bytes(6)) + source + protocol + payload


def _is_homeplug_av(frame: bytes) -> bool:
    at = 12
    while frame[at : at + 2] in _TAGS and at < 20:
        at += 4
    return frame[at : at + 2] == _HOMEPLUG_AV


def _no_ethernet(path: Path, link_type: int) -> RequestError:
    return RequestError(
        f"the capture {path} holds no Ethernet frames, but link type {link_type}",
        why="It was taken on another kind of interface: wireless, USB or a serial bus.",
        todo="Capture on the Ethernet interface that the PLC modem is plugged into.",
    )
