"""Modems without wires: a clock that the test moves, hosts that keep what they hear."""

from __future__ import annotations

from collections.abc import Callable

from v2g_tool.bench.faults import FaultSet, parse_fault
from v2g_tool.bench.homeplug.bridge import Bridge, Seat
from v2g_tool.bench.homeplug.channel import Cause, draw
from v2g_tool.bench.homeplug.powerline import Line
from v2g_tool.bench.homeplug.reception import Reception

NID = bytes.fromhex("5a97fe49d9ea0b")


class Clock:
    """An agenda whose time stands still until the test moves it."""

    def __init__(self) -> None:
        self._now_s = 1000.0
        self._due: list[tuple[float, Callable[[], None]]] = []

    def now_s(self) -> float:
        return self._now_s

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        self._due.append((self._now_s + delay_s, action))

    def advance(self, seconds: float) -> None:
        end_s = self._now_s + seconds
        while self._due and min(self._due, key=lambda entry: entry[0])[0] <= end_s:
            entry = min(self._due, key=lambda entry: entry[0])
            self._due.remove(entry)
            self._now_s = entry[0]
            entry[1]()
        self._now_s = end_s


class Ear:
    """A host that keeps the frames it hears."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def hear(self, frame: bytes) -> None:
        self.frames.append(frame)

    def taken(self) -> list[bytes]:
        frames, self.frames = self.frames, []
        return frames


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def frame(text: str) -> bytes:
    """Give a frame from hex, `NN*count` for repeated bytes, padded to the minimum length."""
    parts = (part.partition("*") for part in text.split())
    return b"".join(bytes.fromhex(byte) * int(count or 1) for byte, _, count in parts).ljust(60, b"\0")


class Bench:
    """A line to which a test attaches modems."""

    def __init__(self, cause: Cause = "clean") -> None:
        self.clock = Clock()
        self.line = Line()
        self.channel = draw(cause, 1)

    def seat(self, address: str, *faults: str, nid: bytes = NID) -> Seat:
        reception = Reception(self.channel, len(self.line.stations), self.clock)
        return Seat(mac(address), nid, self.line, FaultSet("modem_01", [parse_fault(f) for f in faults]), reception)


def asked(modem: Bridge, request: str) -> list[bytes]:
    """Give what the host of a modem hears after it sent a request."""
    ear = Ear()
    modem.host = ear
    modem.from_host(frame(request))
    return ear.frames
