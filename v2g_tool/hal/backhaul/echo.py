"""Round trips measured in the background: one thread that asks at a steady rate and notes what comes back."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from v2g_tool.hal.backhaul.ledger import ANSWER_S, Ledger
from v2g_tool.model.telemetry import Echo

PER_SECOND = 20.0
"""Questions per second."""
MOST_ECHOES = 500_000
"""Some seven hours, 60 MB; then it asks no more."""
_STEP_S = 0.05
"""So soon a wish to close is heard."""


class EchoWire(Protocol):
    """Carries questions with a sequence number; what comes back is never an error, however hostile."""

    @property
    def most_pending(self) -> int:
        """How many questions may be without an answer at a time."""

    def ask(self, sequence: int) -> None:
        """Send one question; raises OSError where it cannot go out, and the question has no answer."""

    def answers(self, wait_s: float) -> Sequence[int]:
        """Give the numbers of the answers that come within `wait_s`, at once when there is one."""

    def close(self) -> None:
        """Give up the socket."""


class BackgroundEchoes:
    """Fulfils `Echoes`.

    Args:
        wire: what carries the questions; closed with this.
        clock: the run's monotonic clock.
        done: is given all round trips when it is closed.
    """

    def __init__(
        self,
        wire: EchoWire,
        clock: Callable[[], float],
        done: Callable[[Sequence[Echo]], object] = lambda _echoes: None,
    ) -> None:
        self._wire, self._clock, self._done = wire, clock, done
        self._interval_s = 1 / PER_SECOND
        self._ledger = Ledger()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._patience_s = ANSWER_S
        self._closed: Sequence[Echo] | None = None
        self._thread = threading.Thread(target=self._run, name="echo", daemon=True)
        self._thread.start()

    def so_far(self) -> Sequence[Echo]:
        """Give the round trips that are decided."""
        with self._lock:
            return self._ledger.decided()

    def close(self, *, wait: bool = True) -> Sequence[Echo]:
        """Ask no more and give all round trips; see `Echoes`. Waits for up to 2 s, without `wait` hardly at all."""
        if self._closed is None:
            self._patience_s = ANSWER_S + _STEP_S if wait else 0.0
            self._closing.set()
            self._thread.join()
            self._wire.close()
            self._closed = self.so_far()
            self._done(self._closed)
        return self._closed

    def _run(self) -> None:
        next_s = self._clock()
        while not self._closing.is_set() and self._ledger.asked < MOST_ECHOES:
            if self._clock() >= next_s and self._ledger.pending < self._wire.most_pending:
                # A question that had to wait for the one before is late by that too: a device that hangs for a while
                # is not let off with one slow answer.
                self._ask(next_s)
                next_s += self._interval_s
            due_s = next_s - self._clock() if self._ledger.pending < self._wire.most_pending else _STEP_S
            self._listen(min(_STEP_S, max(0.0, due_s)))
        self._finish()

    def _ask(self, due_s: float) -> None:
        sequence = self._ledger.asked
        now_s = self._clock()
        # Only a wait for answers counts; how late this thread itself was woken up does not.
        asked_s = due_s if self._wire.most_pending == 1 and now_s - due_s > self._interval_s else now_s
        with self._lock:
            self._ledger.ask(sequence, asked_s)
        with contextlib.suppress(OSError):  # it did not go out: a question without an answer, which is what it is
            self._wire.ask(sequence)

    def _listen(self, wait_s: float) -> None:
        answers = self._wire.answers(wait_s)
        received_s = self._clock()
        with self._lock:
            for sequence in answers:
                self._ledger.answer(sequence, received_s)
            self._ledger.settle(received_s)

    def _finish(self) -> None:
        """Wait for answers that are due, or for the end of their time; with none missing it is over at once."""
        self._closing.wait()
        until_s = self._clock() + self._patience_s
        while self._ledger.pending and self._clock() < until_s:
            self._listen(_STEP_S)
        with self._lock:
            self._ledger.settle(self._clock())
            self._ledger.drop_pending()
