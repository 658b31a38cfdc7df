"""Measure the telemetry backhaul: who answers, pieces of load until the loss is decided, round trips beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from v2g_tool.backhaul.rules.facts import TelemetryFacts, TelemetryLimits
from v2g_tool.backhaul.rules.verdict import look_at
from v2g_tool.errors import InstrumentError, Interrupted, NotPermitted, RequestError, V2GError
from v2g_tool.hal.contracts.backhaul import Backhaul
from v2g_tool.model.findings import Verdict
from v2g_tool.model.site.backhaul import TelemetrySite
from v2g_tool.model.telemetry import EchoKind, Piece, Trouble
from v2g_tool.run.session import Session

PIECE_S = 10.0
"""Longest piece: short enough for a live picture, and far below the 60 s that any iperf3 can hold in its JSON."""
SHORTEST_S = 1.0
MARGIN = 1.1
"""A run is extended by so much more than should decide it: what comes is never just as what was."""
BUSY_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0)
"""Pauses before a busy server is asked again; a test that just ended on it frees it in some ms."""
RETRIED = {"busy": "the server is busy", "udp-blocked": "the first datagram was not answered"}
TICK_S = 0.05
MODBUS_PORT = 502
ALONE_S = 10.0
"""How long round trips are measured where no load may be sent."""


@dataclass(frozen=True)
class Plan:
    """How long to measure: at least `seconds`, then longer until the loss is decided, at most `max_seconds`."""

    seconds: float = 30.0
    max_seconds: float = 300.0


@dataclass(frozen=True)
class Task:
    """What is to be measured: the way to a server, against its limits, and how long."""

    telemetry: TelemetrySite
    limits: TelemetryLimits
    plan: Plan


@dataclass(frozen=True)
class Progress:
    """How far a measurement is: seconds of load sent and wanted for the next look, and what is known."""

    sent_s: float
    wanted_s: float
    facts: TelemetryFacts
    note: str = ""


Shown = Callable[[Progress], None]
T = TypeVar("T")


@dataclass
class Measured:
    """What a measurement came to.

    Attributes:
        facts: what is known.
        look: how often the loss was judged, 0 before the first time.
        unjudged: whether pieces came after the last look.
        error: why it ended early.
    """

    facts: TelemetryFacts
    look: int = 0
    unjudged: bool = False
    error: V2GError | None = None

    @property
    def last_look(self) -> int:
        """The number of the look that the report rests on, from 1."""
        return max(self.look + self.unjudged, 1)


@dataclass
class _Measurement:
    backhaul: Backhaul
    task: Task
    session: Session
    shown: Shown
    done: Measured
    sent_s: float = 0.0
    wanted_s: float = 0.0

    def know(self, **facts: object) -> None:
        """Add to what is known."""
        self.done.facts = replace(self.done.facts, **facts)  # type: ignore[arg-type]

    def pieces_until_decided(self) -> None:
        """Send pieces, and judge when enough was sent; go on as long as that can help."""
        self.wanted_s = self.task.plan.seconds
        while (outcome := self.piece(self.piece_s())) and not isinstance(outcome, Trouble):
            self.know(pieces=(*self.done.facts.pieces, outcome))
            self.sent_s += outcome.seconds
            self.done.unjudged = True
            if self.sent_s >= self.wanted_s - SHORTEST_S / 2 and self.decided():
                return
        self.know(trouble=outcome)

    def piece_s(self) -> float:
        """Give how long the next piece is, in whole seconds: iperf3 takes half a second for none, and never ends."""
        left_s = math.ceil(self.wanted_s - self.sent_s - SHORTEST_S / 2)
        return max(left_s if left_s <= PIECE_S + SHORTEST_S else PIECE_S, SHORTEST_S)

    def decided(self) -> bool:
        """Judge what was sent; give whether that is the end, else how long to go on is known."""
        self.done.look += 1
        self.done.unjudged = False
        now = look_at(self.done.facts, self.task.limits, self.done.look)
        self.session.record(
            "telemetry.look",
            {"look": self.done.look, "verdict": str(now.verdict), "withheld": now.withheld, "seconds": self.sent_s},
        )
        over = self.sent_s >= self.task.plan.max_seconds - SHORTEST_S / 2
        if over or now.withheld or now.verdict is not Verdict.INCONCLUSIVE:
            return True
        per_s = now.loss.count.sent / self.sent_s
        helpful_s = now.wanted / per_s if now.wanted and per_s > 0 else self.task.plan.max_seconds
        self.wanted_s = min(max(helpful_s * MARGIN, self.sent_s + PIECE_S), self.task.plan.max_seconds)
        return False

    def piece(self, seconds: float) -> Piece | Trouble:
        """Send one piece; what may pass by itself is tried again: a busy server, a first datagram that was lost."""
        pauses_s = {"busy": list(BUSY_WAITS_S), "udp-blocked": [0.0]}
        while True:
            outcome = self.backhaul.piece(seconds, self.waiting)
            if not isinstance(outcome, Trouble) or not pauses_s.get(outcome.kind):
                return outcome
            pause_s = pauses_s[outcome.kind].pop(0)
            self.shown(self.progress(0.0, f"{RETRIED[outcome.kind]}, tried again"))
            self.session.sleep(pause_s)

    def waiting(self, elapsed_s: float) -> None:
        """Show how far the present piece is; a stop ends it here."""
        self.session.check()
        self.shown(self.progress(elapsed_s))

    def progress(self, elapsed_s: float, note: str = "") -> Progress:
        sent_s = min(self.sent_s + elapsed_s, self.wanted_s)
        return Progress(sent_s, self.wanted_s, self.done.facts, note)


def measure_backhaul(backhaul: Backhaul, task: Task, session: Session, shown: Shown) -> Measured:
    """Give what the backhaul is like; never raises V2GError, the reason for an early end is in the outcome."""
    measured = Measured(TelemetryFacts(host=task.telemetry.host, port=task.telemetry.port))
    measurement = _Measurement(backhaul, task, session, shown, measured)
    try:
        _measure(measurement)
    except Interrupted as exc:
        measurement.know(interrupted=True)
        measured.error = exc
    except V2GError as exc:
        measured.error = exc
    return measured


def _measure(m: _Measurement) -> None:
    telemetry = m.task.telemetry
    responder = _meanwhile(m, m.backhaul.responder)
    m.know(responder=responder)
    m.session.record("telemetry.responder", {"kind": responder.kind, "detail": responder.detail})
    if responder.kind == "modbus":
        # No load on a live device; how fast it answers may be asked.
        with _echoes(m, "modbus") as there:
            if there:
                m.session.sleep(ALONE_S)
    elif responder.kind in ("iperf3", "iperf3-busy"):
        if telemetry.echo == "modbus" and (telemetry.echo_port or MODBUS_PORT) == telemetry.port:
            raise RequestError(
                f"Modbus transactions cannot be timed on port {telemetry.port}: an iperf3 server answers there",
                todo="Name the Modbus device's port as echo_port under [telemetry], or choose another echo.",
                key=("telemetry", "echo"),
            )
        m.know(path=_meanwhile(m, m.backhaul.path_size), before=m.backhaul.counters())
        with _echoes(m, telemetry.echo):
            m.pieces_until_decided()
        m.know(after=m.backhaul.counters())


def _meanwhile(m: _Measurement, ask: Callable[[], T]) -> T:
    """Ask in a thread of its own, so that a stop need not wait for an answer that never comes."""
    return m.session.result(m.session.thread(ask))


@contextmanager
def _echoes(m: _Measurement, kind: EchoKind) -> Iterator[bool]:
    """Measure round trips meanwhile; gives whether that is possible. A stop waits for no answer."""
    try:
        echoes = m.backhaul.echoes(kind)
    except (NotPermitted, InstrumentError) as exc:
        m.know(no_echoes=f"{exc.what}. {exc.todo}".strip())
        yield False
        return
    m.know(echo_kind=kind)
    ended = False
    try:
        yield True
        ended = True
    finally:
        # A stop has done its work by now: what was answered until then still counts.
        with m.session.shield():
            m.know(echoes=tuple(echoes.close(wait=ended)))
