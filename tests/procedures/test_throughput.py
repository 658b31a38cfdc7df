"""How long a backhaul is measured, what ends it, and that a live device gets no load: over a scripted backhaul."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.rules.telemetry_sample import PER_SECOND, piece_of
from tests.sessions import session_in
from v2g_tool.backhaul.rules.facts import TelemetryLimits
from v2g_tool.backhaul.work.throughput import BUSY_WAITS_S, Measured, Plan, Progress, Task, measure_backhaul
from v2g_tool.errors import Interrupted, NotPermitted
from v2g_tool.model.site.backhaul import TelemetrySite
from v2g_tool.model.telemetry import Echo, EchoKind, PathSize, Piece, Responder, ResponderKind, Trouble, UdpCounters
from v2g_tool.run.session import Session

SITE = TelemetrySite(host="telemetry-srv", port=502)
LIMITS = TelemetryLimits()


@dataclass
class SomeEchoes:
    waited: list[bool] = field(default_factory=list)

    def so_far(self) -> Sequence[Echo]:
        return [Echo(0.0, 0.01)]

    def close(self, *, wait: bool = True) -> Sequence[Echo]:
        self.waited.append(wait)
        return self.so_far()


@dataclass
class Scripted:
    """Answers each piece with the next line of a script; the last line goes on for ever."""

    script: list[Callable[[float], Piece | Trouble]]
    kind: ResponderKind = "iperf3"
    no_echo: bool = False
    asked: list[float] = field(default_factory=list)
    kinds: list[EchoKind] = field(default_factory=list)
    echo: SomeEchoes = field(default_factory=SomeEchoes)

    def responder(self) -> Responder:
        return Responder(self.kind, "as scripted", "192.0.2.1")

    def piece(self, seconds: float, waiting: Callable[[float], None]) -> Piece | Trouble:
        self.asked.append(seconds)
        waiting(seconds / 2)
        line = self.script[min(len(self.asked), len(self.script)) - 1]
        return line(seconds)

    def echoes(self, kind: EchoKind) -> SomeEchoes:
        self.kinds.append(kind)
        if self.no_echo:
            raise NotPermitted("ICMP echo is not allowed", todo="Run: sudo sysctl")
        return self.echo

    def counters(self) -> UdpCounters | None:
        return UdpCounters(sum(int(s) for s in self.asked) * 893, 0, 0)

    def path_size(self) -> PathSize:
        return PathSize(1500, 1428, "A packet of 1428 bytes passes whole.")


def losing(ratio: float) -> Callable[[float], Piece]:
    def measured(seconds: float) -> Piece:
        counts = [round(PER_SECOND * ratio * (at + 1)) - round(PER_SECOND * ratio * at) for at in range(int(seconds))]
        return piece_of(counts, int(seconds))

    return measured


def failing(kind: str) -> Callable[[float], Trouble]:
    return lambda _seconds: Trouble(kind, "as scripted")  # type: ignore[arg-type]


@pytest.fixture
def session(tmp_path: Path):
    with session_in(tmp_path, kind=WithoutWaiting, procedure="throughput") as opened:
        yield opened


class WithoutWaiting(Session):
    """A session whose time passes at once."""

    def sleep(self, seconds: float) -> None:
        self.__dict__.setdefault("slept", []).append(seconds)
        self.check()


def measured(
    backhaul: Scripted, session: Session, plan: Plan, shown: Callable[[Progress], None] = lambda _: None
) -> Measured:
    return measure_backhaul(backhaul, Task(SITE, LIMITS, plan), session, shown)


def test_a_run_without_loss_ends_as_soon_as_it_is_decided(session):
    backhaul = Scripted([losing(0.0)])

    done = measured(backhaul, session, Plan(30, 300))

    assert backhaul.asked == [10, 10, 10]
    assert (done.look, done.error, done.facts.trouble) == (1, None, None)


def test_a_run_near_the_limit_is_extended_until_the_time_is_up(session):
    backhaul = Scripted([losing(0.001)])

    done = measured(backhaul, session, Plan(10, 120))

    assert sum(backhaul.asked) == 120
    assert done.look > 1
    assert max(backhaul.asked) <= 60


def test_a_clear_loss_is_decided_at_the_first_look(session):
    backhaul = Scripted([losing(0.01)])

    done = measured(backhaul, session, Plan(10, 300))

    assert (backhaul.asked, done.look) == ([10], 1)


@pytest.mark.parametrize(("seconds", "pieces"), [(1, [1]), (11, [11]), (12, [10, 2]), (25, [10, 10, 5])])
def test_pieces_have_whole_seconds_and_no_crumb_is_left(session, seconds: float, pieces: list[int]):
    backhaul = Scripted([losing(0.0)])

    measured(backhaul, session, Plan(seconds, seconds))

    assert backhaul.asked == pieces


def test_a_busy_server_is_asked_again_with_longer_pauses(session):
    backhaul = Scripted([failing("busy"), failing("busy"), losing(0.0)])
    notes: list[str] = []

    done = measured(backhaul, session, Plan(10, 10), lambda progress: notes.append(progress.note))

    assert done.facts.trouble is None
    assert session.slept == list(BUSY_WAITS_S[:2])
    assert any("busy" in note for note in notes)


def test_a_server_that_stays_busy_is_given_up(session):
    done = measured(Scripted([failing("busy")]), session, Plan(10, 10))

    assert done.facts.trouble is not None
    assert done.facts.trouble.kind == "busy"
    assert session.slept == list(BUSY_WAITS_S)


def test_a_first_datagram_that_was_lost_is_tried_again_once(session):
    passing = measured(Scripted([failing("udp-blocked"), losing(0.0)]), session, Plan(10, 10))
    blocked = Scripted([failing("udp-blocked")])
    failed = measured(blocked, session, Plan(10, 10))

    assert passing.facts.trouble is None
    assert failed.facts.trouble is not None
    assert len(blocked.asked) == 2


def test_trouble_ends_the_run_and_keeps_what_was_measured(session):
    backhaul = Scripted([losing(0.0), failing("died")])

    done = measured(backhaul, session, Plan(30, 30))

    assert len(done.facts.pieces) == 1
    assert done.facts.trouble == Trouble("died", "as scripted")
    assert (done.look, done.unjudged, done.last_look) == (0, True, 1)


def test_a_live_modbus_device_gets_no_load_and_its_answers_are_timed(session):
    backhaul = Scripted([losing(0.0)], kind="modbus")

    done = measured(backhaul, session, Plan())

    assert backhaul.asked == []
    assert backhaul.kinds == ["modbus"]
    assert done.facts.echoes


@pytest.mark.parametrize("kind", ["silent", "other", "refused", "unreachable", "unknown-host"])
def test_whoever_is_no_iperf3_server_gets_no_load(session, kind: ResponderKind):
    backhaul = Scripted([losing(0.0)], kind=kind)

    measured(backhaul, session, Plan())

    assert (backhaul.asked, backhaul.kinds) == ([], [])


def test_without_the_right_to_echo_the_loss_is_measured_all_the_same(session):
    done = measured(Scripted([losing(0.0)], no_echo=True), session, Plan(10, 10))

    assert len(done.facts.pieces) == 1
    assert done.facts.no_echoes == "ICMP echo is not allowed. Run: sudo sysctl"
    assert done.facts.echo_kind is None


def test_a_stop_ends_the_piece_and_waits_for_no_answer(session):
    def stop(_progress: Progress) -> None:
        raise Interrupted("stopped by SIGINT")

    backhaul = Scripted([losing(0.0)])

    done = measured(backhaul, session, Plan(10, 10), stop)

    assert isinstance(done.error, Interrupted)
    assert done.facts.interrupted
    assert backhaul.echo.waited == [False]


def test_the_counters_are_read_around_the_load(session):
    done = measured(Scripted([losing(0.0)]), session, Plan(10, 10))

    assert done.facts.before == UdpCounters(0, 0, 0)
    assert done.facts.after == UdpCounters(8930, 0, 0)
