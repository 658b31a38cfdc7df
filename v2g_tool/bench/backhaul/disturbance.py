"""What goes wrong with frames on the way to the utility: they come late, overtaken or double.

Everything that is IP is delayed, so every kind of echo sees it; only datagrams of the load are overtaken or doubled.
"""

from __future__ import annotations

from random import Random

from v2g_tool.bench.faults import FaultSet
from v2g_tool.bench.homeplug.packets import Take
from v2g_tool.bench.homeplug.powerline import Agenda

DELAY, JITTER, REORDER, DUPLICATE = "telemetry-delay", "telemetry-jitter", "telemetry-reorder", "telemetry-duplicate"
DISTURBANCES = (DELAY, JITTER, REORDER, DUPLICATE)
"""Faults of this kind."""

_ETHERNET_BYTES, _LEAST_IPV4_BYTES = 14, 20
_IPV4, _UDP = b"\x08\x00", 17
_HANDSHAKE_BYTES = 100  # UDP length; losing iperf3's first datagram of 4 bytes would end a load before it begins
_HELD_S = 0.05  # so long a datagram waits for the next one to overtake it


class Disturbance:
    """Passes frames on, as its faults say.

    Args:
        port: UDP port of the load.
        seed: draws which datagrams are hit, the same each time.
        faults: what happens.
        agenda: the time.
        send: puts a frame on the next wire.
    """

    def __init__(self, port: int, seed: int, faults: FaultSet, agenda: Agenda, send: Take) -> None:
        self.counts = {"delayed": 0, "reordered": 0, "duplicated": 0}
        self._port, self._random = port, Random(seed)
        self._agenda, self._send = agenda, send
        present = {name: faults.lasting(name) for name in DISTURBANCES}
        self._ratios = {name: fault.ratio for name in (REORDER, DUPLICATE) if (fault := present[name])}
        self._delay_s, self._jitter_s = (fault.delay_s if (fault := present[name]) else 0.0 for name in (DELAY, JITTER))
        self._held: bytes | None = None
        self._last_due_s = 0.0

    def take(self, frame: bytes) -> None:
        """Take a frame from the bench."""
        if frame[12:14] != _IPV4:
            self._send(frame)
        elif is_load(frame, self._port):
            self._take_load(frame)
        else:
            self._pass(frame)

    def _take_load(self, frame: bytes) -> None:
        hits = {name for name, ratio in self._ratios.items() if self._random.random() < ratio}
        if REORDER in hits and self._held is None:
            self._held = frame
            self._agenda.later(_HELD_S, lambda: self._release(frame))
            return
        self._pass(frame)
        if self._held is not None:
            self.counts["reordered"] += 1
            self._release(self._held)
        if DUPLICATE in hits:
            self.counts["duplicated"] += 1
            self._pass(frame)

    def _release(self, frame: bytes) -> None:
        if self._held is frame:
            self._held = None
            self._pass(frame)

    def _pass(self, frame: bytes) -> None:
        """Pass a frame on, late where that is the fault; jitter alone never lets one overtake another."""
        if not self._delay_s and not self._jitter_s:
            self._send(frame)
            return
        now_s = self._agenda.now_s()
        due_s = now_s + self._delay_s + self._random.uniform(0.0, self._jitter_s)
        self._last_due_s = max(self._last_due_s, due_s)
        self.counts["delayed"] += 1
        self._agenda.later(self._last_due_s - now_s, lambda: self._send(frame))


def is_load(frame: bytes, port: int) -> bool:
    """Say whether an IPv4 frame is a datagram of the load: UDP to the port, and more than a handshake."""
    if len(frame) < _ETHERNET_BYTES + _LEAST_IPV4_BYTES:
        return False
    head = _ETHERNET_BYTES + 4 * (frame[_ETHERNET_BYTES] & 0x0F)
    if frame[_ETHERNET_BYTES + 9] != _UDP or len(frame) < head + 8:
        return False
    to, length = (int.from_bytes(frame[head + at : head + at + 2], "big") for at in (2, 4))
    return to == port and length > _HANDSHAKE_BYTES
