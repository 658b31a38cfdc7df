"""What every simulated modem is, whatever its maker: a bridge between its host and the line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

from v2g_tool.bench.faults import FaultSet
from v2g_tool.bench.homeplug.mme import LOCAL_MANAGEMENT, Mme, parse
from v2g_tool.bench.homeplug.powerline import Host, Line, Station
from v2g_tool.bench.homeplug.reception import Reception

_BRIDGED = 32  # addresses behind a modem; one that invents more cannot fill the memory


class Nobody:
    """The host of a modem with nothing plugged in."""

    def hear(self, frame: bytes) -> None:
        """Lose the frame."""


class Seat(NamedTuple):
    """Who a modem is and what it is attached to."""

    mac: bytes
    """Its own address."""
    nid: bytes
    """The network that it belongs to at first."""
    line: Line
    faults: FaultSet
    """What it does wrong."""
    reception: Reception
    """What it receives over the line."""


class Bridge(ABC):
    """A modem: answers what is for it, passes on everything else."""

    def __init__(self, seat: Seat) -> None:
        self.mac = seat.mac
        self.nid = seat.nid
        self.hosts: set[bytes] = set()
        self.host: Host = Nobody()
        self.line = seat.line
        self.faults = seat.faults
        self.reception = seat.reception
        seat.line.stations.append(self)

    @property
    def peers(self) -> list[Station]:
        """The other modems of its network."""
        return self.line.peers(self)

    @abstractmethod
    def answers(self, message: Mme) -> Iterable[bytes]:
        """Give the frames with which the modem answers a message for it; none if it does not know it."""

    def from_host(self, frame: bytes) -> None:
        """Take a frame from the host."""
        self.faults.begin()
        if self.faults.has("modem-silent") or len(frame) < 14:
            return
        to, group = frame[:6], bool(frame[0] & 1)
        self._learn(frame[6:12])
        local = to in (self.mac, LOCAL_MANAGEMENT)
        if local or group:
            for answer in self._answers(frame):
                self.host.hear(answer)
        if not local and self.working:
            self.line.carry(frame, self)

    def from_line(self, frame: bytes) -> None:
        """Take a frame from another modem."""
        if not self.working:
            return
        own, group = frame[:6] == self.mac, bool(frame[0] & 1)
        if own or group:
            for answer in self._answers(frame):
                self.line.carry(answer, self)
        if not own:
            self.host.hear(frame)

    @property
    def working(self) -> bool:
        """Whether it has a powerline side now; one that stays in its bootloader has none."""
        return not self.faults.has("modem-silent") and not self.faults.has("modem-bootloader")

    def _answers(self, frame: bytes) -> Iterable[bytes]:
        message = parse(frame)
        return () if message is None else self.answers(message)

    def _learn(self, host: bytes) -> None:
        if any(host) and not host[0] & 1 and len(self.hosts) < _BRIDGED:
            self.hosts.add(host)
