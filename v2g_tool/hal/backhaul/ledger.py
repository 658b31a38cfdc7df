"""The book of round trips: what was asked, what came back, how often and in which order. No thread, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from v2g_tool.model.telemetry import Echo

ANSWER_S = 2.0
"""An answer that takes longer does not count; a copy of one that comes later is not looked for."""


@dataclass
class _Asked:
    sent_s: float
    round_trip_s: float | None = None
    copies: int = 0
    overtaken: bool = False

    def echo(self) -> Echo:
        return Echo(self.sent_s, self.round_trip_s, self.copies, self.overtaken)


class Ledger:
    """Keeps the questions of the last two seconds open, and the rest as echoes in the order of asking."""

    def __init__(self) -> None:
        self._settled: list[Echo] = []
        self._open: dict[int, _Asked] = {}
        self._latest = -1

    @property
    def asked(self) -> int:
        """How many questions there were."""
        return len(self._settled) + len(self._open)

    @property
    def pending(self) -> int:
        """How many questions are open and have no answer yet."""
        return sum(1 for asked in self._open.values() if not asked.copies)

    def ask(self, sequence: int, sent_s: float) -> None:
        """Note a question; sequence numbers rise."""
        self._open[sequence] = _Asked(sent_s)

    def answer(self, sequence: int, received_s: float) -> None:
        """Note an answer; one to a question that is not open is too late, or was never asked for."""
        asked = self._open.get(sequence)
        if asked is None or received_s - asked.sent_s > ANSWER_S:
            return
        asked.copies += 1
        if asked.copies == 1:
            asked.round_trip_s = max(0.0, received_s - asked.sent_s)
            asked.overtaken = sequence < self._latest
            self._latest = max(self._latest, sequence)

    def settle(self, now_s: float) -> None:
        """Close the questions that are older than an answer may be."""
        old = [number for number, asked in self._open.items() if now_s - asked.sent_s > ANSWER_S]
        self._settled += [self._open.pop(number).echo() for number in old]

    def drop_pending(self) -> None:
        """Leave out the questions that nothing can be said of: neither answered nor beyond their time."""
        self._open = {number: asked for number, asked in self._open.items() if asked.copies}

    def decided(self) -> Sequence[Echo]:
        """Give the round trips that are answered or settled."""
        return (*self._settled, *(asked.echo() for asked in self._open.values() if asked.copies))
