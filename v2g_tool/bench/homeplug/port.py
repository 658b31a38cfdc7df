"""The Ethernet port between a modem and its host, where frames are lost, spoilt and forged."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from v2g_tool.bench.faults import Fault, FaultSet
from v2g_tool.bench.homeplug.forgery import foreign_frames, lie
from v2g_tool.bench.homeplug.packets import Take
from v2g_tool.bench.homeplug.powerline import Agenda

_HELD_S = 0.03  # how long a frame waits for another one to overtake it
_SHORTEST = 15


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
        self._spoil: Mapping[str, Callable[[bytes, Fault], None]] = {
            "frame-lost": lambda _frame, _fault: None,
            "frame-duplicated": self._duplicate,
            "frame-reordered": self._hold,
            "frame-truncated": self._truncate,
            "frame-late": self._delay,
            "frame-foreign": self._add_foreign,
            "lying-status": self._forge,
            "lying-peer": self._forge,
            "lying-length": self._forge,
        }

    def hear(self, frame: bytes) -> None:
        """Take a frame from the modem."""
        self._faults.begin()
        fault = self._faults.strike(*self._spoil)
        if fault is not None:
            self._spoil[fault.name](frame, fault)
            return
        self._send(frame)
        self._release()

    def _duplicate(self, frame: bytes, _: Fault) -> None:
        self._send(frame)
        self._send(frame)

    def _hold(self, frame: bytes, _: Fault) -> None:
        """Let the next frame overtake this one; alone it comes late."""
        self._release()
        self._held.append(frame)
        self._agenda.later(_HELD_S, self._release)

    def _release(self) -> None:
        while self._held:
            self._send(self._held.pop(0))

    def _truncate(self, frame: bytes, _: Fault) -> None:
        self._send(frame[: max(_SHORTEST, len(frame) // 2)])

    def _delay(self, frame: bytes, fault: Fault) -> None:
        self._agenda.later(fault.delay_s, lambda: self._send(frame))

    def _add_foreign(self, frame: bytes, _: Fault) -> None:
        for other in foreign_frames(frame):
            self._send(other)
        self._send(frame)

    def _forge(self, frame: bytes, fault: Fault) -> None:
        self._send(lie(frame, fault.name))
