"""A relay between two networks: it copies frames, and disturbs those on the way to the utility.

Its way back is a plain wire.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Mapping

from v2g_tool.bench.backhaul.chain import FAR, NEAR
from v2g_tool.bench.backhaul.disturbance import Disturbance
from v2g_tool.bench.faults import FaultSet
from v2g_tool.bench.homeplug.packets import PacketLoop, Take
from v2g_tool.bench.namespace import inside

_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_STATISTICS = struct.Struct("=II")  # packets, drops
_ROOM_BYTES = 1 << 22


class Relay(PacketLoop):
    """Copies frames between `NEAR` and `FAR` of a network, and knows what came too fast for it.

    Args:
        network: where the two interfaces are.
        port: UDP port of the load.
        seed: draws which datagrams are hit, the same each time.
        faults: what happens to them.
    """

    def __init__(self, network: int, port: int, seed: int, faults: FaultSet) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._lost = 0
        self._disturbance = Disturbance(port, seed, faults, self, lambda frame: far(frame))
        with inside(network):
            near = self.attach(NEAR, self._disturbance.take)
            far = self.attach(FAR, near)

    def attach(self, interface: str, take: Take) -> Take:
        """Have the frames of an interface taken; give what sends frames to it."""
        send = super().attach(interface, take)
        self._wires[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM_BYTES)
        return send

    def counts(self) -> Mapping[str, int]:
        """Give how many packets were delayed, overtaken, doubled, or lost in the relay itself for want of room."""
        with self._lock:
            for wire in self._wires:
                with contextlib.suppress(OSError):  # closed; reading starts the kernel's count anew
                    told = wire.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
                    self._lost += _STATISTICS.unpack(told)[1]
            return {**self._disturbance.counts, "lost": self._lost}
