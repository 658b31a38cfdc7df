"""Signals reach every thread of a run at its next safe point, and a shield holds them from its own thread only."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.sessions import session_in
from v2g_tool.errors import Implausible, Interrupted
from v2g_tool.run.session import SLICE_S, Session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with session_in(tmp_path) as opened, opened.run.signals():
        yield opened


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_two_threads_leave_their_waits_at_a_signal(session: Session) -> None:
    workers = [session.thread(lambda: session.sleep(2 * HANG_S)) for _ in range(2)]

    interrupt()

    for worker in workers:
        worker.join(HANG_S)
        with pytest.raises(Interrupted, match="SIGINT"):
            worker.result()
    assert SLICE_S <= 0.5, "the longest that a thread goes on waiting"


def test_a_shield_in_one_thread_does_not_hide_the_signal_from_the_other(session: Session) -> None:
    behind, over = threading.Event(), threading.Event()

    def shielded() -> str:
        with session.shield():
            behind.set()
            over.wait(HANG_S)
            session.sleep(0.01)
            session.record("device", {"put": "back"})
            done = "put back"
        with pytest.raises(Interrupted):
            session.check()
        return done

    safe, other = session.thread(shielded), session.thread(lambda: session.sleep(2 * HANG_S))
    behind.wait(HANG_S)
    interrupt()
    other.join(HANG_S)
    over.set()
    safe.join(HANG_S)

    with pytest.raises(Interrupted):
        other.result()
    assert safe.result() == "put back"
    with pytest.raises(Interrupted):
        session.check()


def test_a_thread_stands_behind_the_shields_of_its_starter(session: Session) -> None:
    interrupt()
    with session.shield():
        worker = session.thread(lambda: session.sleep(0.01) or "done")
        assert session.result(worker) == "done"


def test_a_wait_for_a_thread_ends_at_a_signal_and_the_work_goes_on(session: Session) -> None:
    over = threading.Event()
    worker = session.thread(lambda: over.wait(HANG_S))
    interrupt()

    with pytest.raises(Interrupted):
        session.result(worker)
    assert worker.is_alive()
    over.set()
    worker.join(HANG_S)
    assert worker.result() is True


def test_the_error_of_a_thread_is_raised_by_its_starter(session: Session) -> None:
    def fail() -> None:
        raise Implausible("nonsense")

    with pytest.raises(Implausible, match="nonsense"):
        session.result(session.thread(fail))


def test_many_threads_write_one_whole_journal(session: Session, tmp_path: Path) -> None:
    workers = [session.thread(lambda: [session.record("n", {"n": n}) for n in range(50)]) for _ in range(4)]
    for worker in workers:
        session.result(worker)

    assert session.run.journal.records == 200
