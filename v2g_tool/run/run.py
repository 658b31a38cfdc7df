"""A run: who, where, clock, progress, and the evidence journal that is written while working.

Signals do not break into the middle of a write: they are noted and take effect at the next safe point (a wait, an
exchange, a question). Inside `shield` they wait until the device is safe again.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import rfc8785

from v2g_tool.errors import Interrupted, NotPermitted
from v2g_tool.hal.linux.clock import clock_synchronised
from v2g_tool.model.report import Clock
from v2g_tool.record.journal import Journal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Person:
    """The person at the terminal, if there is one.

    Attributes:
        present: whether questions can be answered.
        assent: whether consent was given on the command line (`--yes`).
        tell: shows one line of progress.
        read: shows a question and gives the answer.
    """

    present: bool
    assent: bool
    tell: Callable[[str], None]
    read: Callable[[str], str]


@dataclass
class Run:
    """One run of one procedure; owns the journal and the passing of time."""

    procedure: str
    folder: Path
    journal: Journal
    person: Person
    started: datetime
    monotonic: Callable[[], float] = time.monotonic
    _stop: threading.Event = field(default_factory=threading.Event)
    _signal: str = ""
    _shields: int = 0
    _asking: bool = False

    @property
    def report_id(self) -> str:
        """The name of the run's folder; also the report's id."""
        return self.folder.name

    def tell(self, text: str) -> None:
        """Show one line of progress; a terminal that went away is no reason to stop."""
        with suppress(OSError, ValueError, RuntimeError):
            self.person.tell(text)

    def record(self, kind: str, data: Mapping[str, object]) -> None:
        """Write an event into the evidence, then stop here if a signal has arrived.

        In a shield a full disk is told and passed over: putting a device back is worth more than the record of it.
        """
        try:
            self.journal.append(kind, data)
        except NotPermitted as exc:
            if not self._shields:
                raise
            self.tell(exc.what)
        self.check()

    def check(self) -> None:
        """Raise Interrupted if a signal has arrived; in the main thread, outside a shield."""
        if self._stop.is_set() and not self._shields and threading.current_thread() is threading.main_thread():
            raise Interrupted(f"stopped by {self._signal}", todo="Run the same command again; it starts safely.")

    def sleep(self, seconds: float) -> None:
        """Wait; a signal ends the wait, except in a shield."""
        if self._shields or threading.current_thread() is not threading.main_thread():
            time.sleep(seconds)
        else:
            self._stop.wait(seconds)
            self.check()

    def ask(self, question: str) -> str:
        """Give the person's answer; raises NotPermitted without a terminal."""
        if not self.person.present:
            raise NotPermitted(
                f"a person is needed to answer: {question}",
                why="There is no terminal.",
                todo="Run in a terminal, or use instruments that answer by themselves.",
            )
        self.check()
        self._asking = True
        try:
            answer = self.person.read(question)
        except EOFError as exc:
            raise Interrupted("the terminal was closed", todo="Run the same command again.") from exc
        finally:
            self._asking = False
        self.record("answer", {"question": question, "answer": answer})
        return answer

    def consents(self, question: str) -> bool:
        """Give whether the person agrees: --yes, or "y" at a terminal; without either the answer is no."""
        if self.person.assent:
            self.record("consent", {"question": question, "by": "--yes"})
            return True
        if not self.person.present:
            return False
        return self.ask(f"{question} [y/N]").strip().lower() in ("y", "yes")

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Hold signals back while a device is put into a safe state."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Note SIGINT, SIGTERM and SIGHUP instead of dying from them."""
        before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signal = signal.Signals(number).name
        self._stop.set()
        if self._asking and not self._shields:
            raise Interrupted(f"stopped by {self._signal}", todo="Run the same command again.")


@contextmanager
def start_run(procedure: str, site_name: str, out: Path, person: Person, facts: Mapping[str, object]) -> Iterator[Run]:
    """Give a run with its folder `<site>-<procedure>-<utc>-<hash8>` and a journal that has its first record."""
    started = datetime.now(UTC)
    start = {"procedure": procedure, "site": site_name, "nonce": secrets.token_hex(8), **facts}
    digest = hashlib.sha256(rfc8785.dumps(start)).hexdigest()[:8]  # type: ignore[arg-type]  # plain JSON
    folder = out / f"{site_name}-{procedure}-{started:%Y%m%dT%H%M%SZ}-{digest}"
    try:
        folder.mkdir(parents=True)
    except OSError as exc:
        raise NotPermitted(
            f"the report folder {folder} cannot be made: {exc.strerror}",
            todo="Give a folder you may write to as --out.",
        ) from exc
    journal = Journal(folder / "evidence.jsonl", wall=lambda: datetime.now(UTC), monotonic=time.monotonic)
    run = Run(procedure, folder, journal, person, started)
    try:
        journal.append("run.start", start)
        with run.signals():
            yield run
    finally:
        journal.close()


def clock_state() -> Clock:
    """Give whether the time stamps of this computer can be trusted."""
    synchronised = clock_synchronised()
    statements = {
        True: "The kernel counts the clock as synchronised.",
        False: "The clock is not synchronised: time stamps are this computer's own claim. "
        "Where there is a network: timedatectl set-ntp true.",
        None: "Whether the clock is synchronised could not be asked.",
    }
    return Clock(synchronised=synchronised, statement=statements[synchronised])


def state_directory() -> Path:
    """Give the folder of open intents: $V2G_STATE_DIR, /var/lib/v2g if writable, else the user's state folder."""
    given = os.environ.get("V2G_STATE_DIR")
    if given:
        return Path(given)
    system = Path("/var/lib/v2g")
    if os.access(system, os.W_OK):
        return system
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "v2g"


def terminal() -> bool:
    """Give whether a person sits at standard input and standard error."""
    return sys.stdin.isatty() and sys.stderr.isatty()
