"""A wire without hardware: a peer answers after a delay, and time passes only while somebody waits."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext

from v2g_tool.model.plc import Captured

EPOCH_S = 1_700_000_000.0
HOST_MAC = "02:00:00:00:00:10"

Answers = Iterable[tuple[float, bytes]]
"""Delay in s after the request, and the frame."""


class FakeWire:
    """Hands out what the peer said, in the order of time.

    Args:
        peer: gives the answers to a frame that was sent.
        answering_s: how long a frame takes to be read.
    """

    def __init__(self, peer: Callable[[bytes], Answers], reading_s: float = 0.0) -> None:
        self.now_s = 100.0
        self.sent: list[tuple[float, bytes]] = []
        self.lost = 0
        self._peer = peer
        self._reading_s = reading_s
        self._coming: list[tuple[float, int, bytes, bool]] = []
        self._order = itertools.count()

    @property
    def mac(self) -> str:
        return HOST_MAC

    def clock(self) -> float:
        return self.now_s

    def put(self, at_s: float, frame: bytes, *, sent: bool = False) -> None:
        heapq.heappush(self._coming, (at_s, next(self._order), frame, sent))

    def send(self, frame: bytes) -> Captured:
        self.sent.append((self.now_s, frame))
        for delay_s, answer in self._peer(frame):
            self.put(self.now_s + delay_s, answer)
        return Captured(EPOCH_S + self.now_s, frame, sent=True)

    def only(self, kinds: Collection[bytes]) -> AbstractContextManager[None]:
        return nullcontext()

    def receive(self, deadline_s: float) -> Captured | None:
        if self.now_s >= deadline_s or not self._coming or self._coming[0][0] > deadline_s:
            self.now_s = max(self.now_s, deadline_s)
            return None
        at_s, _, frame, sent = heapq.heappop(self._coming)
        self.now_s = max(self.now_s, at_s) + self._reading_s
        return Captured(EPOCH_S + at_s, frame, sent)
