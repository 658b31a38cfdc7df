"""The wire between modems: who hears whose frames.

    host ── modem ══╦══ modem ── host
                    ╚══ modem ── host

SLAC messages reach every modem on the line; everything else only those of the same network (NID).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from v2g_tool.bench.homeplug.mme import parse

_SLAC = frozenset(range(0x6064, 0x6088))
_PROFILE = 0xA14E


class Agenda(Protocol):
    """The time of the powerline, and what is to happen later."""

    def now_s(self) -> float:
        """Give the time in s; only differences and the phase of the mains mean something."""

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something after a delay in s."""


class Host(Protocol):
    """What is behind a modem: a program on a veth pair, or the controller of a charger."""

    def hear(self, frame: bytes) -> None:
        """Take a frame from the modem."""


class Station(Protocol):
    """A modem as the line sees it."""

    mac: bytes
    nid: bytes
    hosts: set[bytes]

    def from_line(self, frame: bytes) -> None:
        """Take a frame that another modem sent."""


class Line:
    """One powerline with its modems; the one of a network that was attached first is its coordinator (CCo)."""

    def __init__(self) -> None:
        self.stations: list[Station] = []

    def members(self, station: Station) -> list[Station]:
        """Give all modems in the network of one, itself included."""
        return [other for other in self.stations if other.nid == station.nid]

    def peers(self, station: Station) -> list[Station]:
        """Give the other modems in the network of one."""
        return [other for other in self.members(station) if other is not station]

    def tei(self, station: Station) -> int:
        """Give the terminal equipment identifier of a modem in its network, 1 for the coordinator."""
        return self.members(station).index(station) + 1

    def carry(self, frame: bytes, origin: Station) -> None:
        """Bring a frame to the modem that it is for, or to all of them."""
        reached = self._everybody(origin) if _crosses_networks(frame) else self.peers(origin)
        to = frame[:6]
        owners = [station for station in reached if to == station.mac or to in station.hosts]
        for station in owners or reached:  # nobody's address is known: flooded, as any bridge does
            station.from_line(frame)

    def _everybody(self, origin: Station) -> list[Station]:
        return [station for station in self.stations if station is not origin]


def _crosses_networks(frame: bytes) -> bool:
    message = parse(frame)
    return message is not None and (message.code in _SLAC or message.code == _PROFILE)
