"""The PLC part of the bench as one server: modems on the far ends of veth pairs."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable
from typing import Any

from v2g_tool.bench.faults import FaultSet
from v2g_tool.bench.homeplug.forgery import garbage
from v2g_tool.bench.homeplug.mme import mac_text
from v2g_tool.bench.homeplug.packets import PacketLoop, open_interface
from v2g_tool.bench.homeplug.port import Port
from v2g_tool.bench.homeplug.scenes import INTERFACES, Scenes, host_mac, modem_mac
from v2g_tool.bench.namespace import VethPair
from v2g_tool.bench.worker import Worker

FLOOD_PER_S = 25_000
"""Frames that a flood sends in a second; without a bound the modems of the bench would not have their turn."""

_PAUSE_S = 1e-3
_MOST_AT_ONCE = 500


def veth_pairs() -> list[VethPair]:
    """Give the cables between hosts and modems."""
    return [
        VethPair(near, mac_text(host_mac(name)), _far_end(near), mac_text(modem_mac(name)))
        for name, near in INTERFACES.items()
    ]


def _far_end(interface: str) -> str:
    """Give the modem's side of a veth pair, `line0` for `plc0`."""
    return "line" + interface[-1]


class PlcService:
    """Serves all modems of the bench on existing veth pairs.

    Args:
        seed: draws the channels.
        faults: gives the faults of a device.
    """

    def __init__(self, seed: int, faults: Callable[[str], FaultSet]) -> None:
        self._seed = seed
        self._loop = PacketLoop()
        self._floods: list[_Flood] = []
        self.scenes = Scenes(seed, faults, self._loop)

    @property
    def truth(self) -> dict[str, dict[str, Any]]:
        """What is true about the line of each modem."""
        return self.scenes.truth()

    def start(self) -> None:
        """Begin to serve.

        Raises:
            OSError: an interface or the right to use it is missing.
        """
        for name, modem in self.scenes.modems.items():
            interface, faults = _far_end(INTERFACES[name]), self.scenes.faults[name]
            modem.host = Port(self._loop.attach(interface, modem.from_host), self._loop, faults)
            if faults.has("frame-flood"):
                self._floods.append(_Flood(interface, garbage(self._seed, host_mac(name), modem.mac)))
        self._loop.start()
        for flood in self._floods:
            flood.start()

    def stop(self) -> None:
        """End, and close the interfaces."""
        for flood in self._floods:
            flood.stop()
        self._loop.stop()


class _Flood(Worker):
    """Sends the same frames over and over, in bursts."""

    def __init__(self, interface: str, frames: list[bytes]) -> None:
        super().__init__("flood")
        self._wire = open_interface(interface, receives=False)
        self._frames = frames

    def stop(self) -> None:
        """End, and close the interface."""
        super().stop()
        self._wire.close()

    def work(self) -> None:
        frames, sent_s, busy_s = itertools.cycle(self._frames), time.monotonic(), 0.0
        # As long as the burst took, at least: on a busy computer the modem has its turn too.
        while not self.stopping.wait(max(_PAUSE_S, busy_s)):
            now_s = time.monotonic()
            for frame in itertools.islice(frames, min(_MOST_AT_ONCE, int((now_s - sent_s) * FLOOD_PER_S))):
                with contextlib.suppress(OSError):  # the queue is full, or the interface is down
                    self._wire.send(frame)
            sent_s, busy_s = now_s, time.monotonic() - now_s
