"""Frames on real interfaces and the time between them: one thread, no locks.

A modem's side of a veth pair is a packet socket. The kernel takes VLAN tags out of received frames and tells them
beside; here they are put back.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable

from v2g_tool.bench.worker import Worker

Take = Callable[[bytes], None]
"""Does something with a frame."""

_ALL_PROTOCOLS = 0x0003
_SOL_PACKET = 263
_PACKET_AUXDATA = 8
_PACKET_IGNORE_OUTGOING = 23
_VLAN_VALID = 1 << 4
_AUXDATA = struct.Struct("=IIIHHHH")  # status, length, captured, offsets of link and network layer, tag, its protocol
_LONGEST = 2048
_AT_ONCE = 64  # frames from one interface before the others and the timers have their turn


def open_interface(interface: str, *, receives: bool) -> socket.socket:
    """Give a packet socket on an interface.

    Raises:
        OSError: the interface or the right is missing.
    """
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        wire.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        wire.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        wire.bind((interface, _ALL_PROTOCOLS if receives else 0))
    except OSError:
        wire.close()
        raise
    wire.setblocking(False)
    return wire


class PacketLoop(Worker):
    """Waits for frames and for what is due, and does it."""

    def __init__(self) -> None:
        super().__init__("powerline")
        self._selector = selectors.DefaultSelector()
        self._wires: list[socket.socket] = []
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now_s(self) -> float:
        """Give the monotonic time in s."""
        return time.monotonic()

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do something after a delay in s; only to be called from the loop itself."""
        heapq.heappush(self._due, (self.now_s() + delay_s, next(self._order), action))

    def attach(self, interface: str, take: Take) -> Take:
        """Have the frames of an interface taken; give what sends frames to it.

        Raises:
            OSError: the interface or the right is missing.
        """
        wire = open_interface(interface, receives=True)
        self._wires.append(wire)
        self._selector.register(wire, selectors.EVENT_READ, lambda: _drain(wire, take))

        def send(frame: bytes) -> None:
            with contextlib.suppress(OSError):  # a full queue or an interface that is down loses frames, as wires do
                wire.send(frame)

        return send

    def stop(self) -> None:
        """End the thread and close the interfaces."""
        super().stop()
        _close(self._wires)
        self._selector.close()

    def work(self) -> None:
        """Do what comes and what is due."""
        self._selector.register(self.ear, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select(self._wait_s()):
                if key.data is None:
                    return
                key.data()
            now_s = self.now_s()
            while self._due and self._due[0][0] <= now_s:
                heapq.heappop(self._due)[2]()

    def _wait_s(self) -> float | None:
        return max(0.0, self._due[0][0] - self.now_s()) if self._due else None


def _close(wires: list[socket.socket]) -> None:
    """Close packet sockets side by side: the kernel lets each wait until no processor can still be using it."""
    closing = [threading.Thread(target=wire.close) for wire in wires]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join()


def _drain(wire: socket.socket, take: Take) -> None:
    with contextlib.suppress(OSError):  # nothing left, or the interface is gone
        for _ in range(_AT_ONCE):
            frame, beside, _, _ = wire.recvmsg(_LONGEST, socket.CMSG_SPACE(_AUXDATA.size))
            take(_tagged(frame, beside))


def _tagged(frame: bytes, beside: list[tuple[int, int, bytes]]) -> bytes:
    for _, kind, data in beside:
        if kind == _PACKET_AUXDATA and len(data) >= _AUXDATA.size:
            status, *_, tag, protocol = _AUXDATA.unpack_from(data)
            if status & _VLAN_VALID:
                return frame[:12] + struct.pack(">HH", protocol, tag) + frame[12:]
    return frame
