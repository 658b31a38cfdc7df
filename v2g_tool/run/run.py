"""A run: who, where, clock, signals, and the evidence journal that is written while working."""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
        shows: whether pictures of progress may be drawn on standard error.
        tell: shows one line of progress.
        read: shows a question and gives the answer.
    """

    present: bool
    assent: bool
    shows: bool
    tell: Callable[[str], None]
    read: Callable[[str], str]


@dataclass
class Run:
    """One run: its folder, its journal, its person, and the signal that stopped it. It holds one session or many."""

    procedure: str
    folder: Path
    journal: Journal
    person: Person
    started: datetime
    stopped: str = ""
    """The signal that has arrived; "" for none."""
    _breakable: bool = False

    @property
    def report_id(self) -> str:
        """The name of the run's folder; also the report's id."""
        return self.folder.name

    def origin(self) -> dict[str, str]:
        """Give journal and start of this run, as an open intent names them."""
        return {"journal": str(self.folder / "evidence.jsonl"), "started_utc": f"{self.started:%Y-%m-%dT%H:%M:%SZ}"}

    @contextmanager
    def breakable(self, breakable: bool) -> Iterator[None]:
        """Let a signal end at once what waits for a person, if it may be ended."""
        self._breakable = breakable
        try:
            yield
        finally:
            self._breakable = False

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
        self.stopped = signal.Signals(number).name
        if self._breakable:
            raise Interrupted(f"stopped by {self.stopped}", todo="Run the same command again.")


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
