"""The Ethernet port between a modem and its host, where frames are lost, spoilt and forged."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from v2g_tool.bench.faults import FaultSet
from v2g_tool.bench.homeplug.forgery import foreign_frames, lie
from v2g_tool.bench.homeplug.packets import Take
from v2g_tool.bench.homeplug.powerline import Agenda

_HELD_S = 0.03  # how long a frame waits for another one to overtake it
_SHORTEST = 15

_SPOILT: Mapping[str, Callable[[bytes], list[bytes]]] = {
    "frame-lost": lambda _: [],
    "frame-duplicated": lambda frame: [frame, frame],
    "frame-truncated": lambda frame: [frame[: max(_SHORTEST, len(frame) // 2)]],
    "frame-foreign": lambda frame: [*foreign_frames(frame), frame],
    "lying-status": lambda frame: [lie(frame, "lying-status")],
    "lying-peer": lambda frame: [lie(frame, "lying-peer")],
    "lying-length": lambda frame: [lie(frame, "lying-length")],
}
"""What comes in place of a frame, at once."""


class Port:
    """Sends what a modem tells its host.

    Args:
        send: puts a frame on the wire.
        agenda: the time.
        faults: what happens to the frames.
    """

    def __init__(self, send: Take, agenda: Agenda, faults: FaultSet) -> None:
        self._send = send
        self._agenda = agenda
        self._faults = faults
        self._held: list[bytes] = []

    def hear(self, frame: bytes) -> None:
        """Take a frame from the modem."""
        self._faults.begin()
        fault = self._faults.strike("frame-reordered", "frame-late", *_SPOILT)
        if fault is None:
            self._send(frame)
            self._release()
        elif fault.name == "frame-reordered":  # the next frame overtakes this one; alone it comes late
            self._release()
            self._held.append(frame)
            self._agenda.later(_HELD_S, self._release)
        elif fault.name == "frame-late":
            self._agenda.later(fault.delay_s, lambda: self._send(frame))
        else:
            for spoilt in _SPOILT[fault.name](frame):
                self._send(spoilt)

    def _release(self) -> None:
        while self._held:
            self._send(self._held.pop(0))
