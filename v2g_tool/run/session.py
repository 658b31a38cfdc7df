"""What one procedure works with: site, opened instruments, intents, consent, progress, and the passing of time.

Signals do not break into the middle of a write: they are noted and take effect at the next safe point (a wait, an
exchange, a question), in every thread of the run. Inside `shield` a thread goes on until its device is safe again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from v2g_tool.data.datafile import sha256_hex
from v2g_tool.errors import Interrupted, NotPermitted
from v2g_tool.model.quantities import Identity
from v2g_tool.model.report import Instrument, InstrumentCalibration
from v2g_tool.model.site.site import Site
from v2g_tool.record.intents import IntentStore
from v2g_tool.run.run import Run

SLICE_S = 0.1
"""A wait is cut into such slices: a signal ends it at the next one, in any thread."""


class Device(Protocol):
    """An instrument that can say who it is."""

    def identity(self) -> Identity:
        """Give maker, model, serial number and firmware."""


T = TypeVar("T")
D = TypeVar("D", bound=Device)
P = TypeVar("P")
Opener = Callable[..., AbstractContextManager[tuple[D, P, Path | None]]]
"""A plain function of `hal`: takes site, name and session, gives a device with its profile and the profile's file."""


@dataclass
class Opened(Generic[D, P]):
    """An instrument under its name in the site file, with the profile through which it is spoken to."""

    name: str
    device: D
    profile: P
    file: Path | None

    @cached_property
    def identity(self) -> Identity:
        """Who it is; asked once."""
        return self.device.identity()

    def record(self, role: str, calibration: InstrumentCalibration | None = None) -> Instrument:
        """Give the instrument as the report records it."""
        return Instrument.model_validate(
            {
                "name": self.name,
                "role": role,
                **vars(self.identity),
                "profile": getattr(self.profile, "id", ""),
                "profile_status": getattr(self.profile, "status", ""),
                "profile_sha256": sha256_hex(self.file) if self.file is not None else "",
                "calibration": calibration,
            }
        )


class _Depth(threading.local):
    """How many shields a thread stands behind."""

    shields = 0


@dataclass
class Session:
    """One procedure at work in a run."""

    site: Site
    run: Run
    intents: IntentStore
    stack: ExitStack = field(default_factory=ExitStack)
    monotonic: Callable[[], float] = time.monotonic
    _depth: _Depth = field(default_factory=_Depth)

    def open(self, opener: Opener[D, P], name: str, **options: Any) -> Opened[D, P]:  # noqa: ANN401 - the opener's own
        """Give the instrument `name`; it is closed with the session's stack."""
        device, profile, file = self.stack.enter_context(opener(self.site, name, self, **options))
        return Opened(name, device, profile, file)

    def hold(self, key: str) -> None:
        """Keep other programs off a device until the stack is closed; raises NotPermitted with the holder."""
        self.stack.enter_context(self.intents.hold(key))

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Close what was opened and held meanwhile, on every way out."""
        try:
            yield
        finally:
            with self.shield():
                self.stack.close()

    def tell(self, text: str) -> None:
        """Show one line of progress; a terminal that went away is no reason to stop."""
        with suppress(OSError, ValueError, RuntimeError):
            self.run.person.tell(text)

    def record(self, kind: str, data: Mapping[str, object]) -> None:
        """Write an event into the evidence, then stop here if a signal has arrived.

        In a shield a full disk is told and passed over: putting a device back is worth more than the record of it.
        """
        try:
            self.run.journal.append(kind, data)
        except NotPermitted as exc:
            if not self._depth.shields:
                raise
            self.tell(exc.what)
        self.check()

    def check(self) -> None:
        """Raise Interrupted if a signal has arrived; not behind a shield of this thread."""
        if self.run.stopped and not self._depth.shields:
            raise Interrupted(f"stopped by {self.run.stopped}", todo="Run the same command again; it starts safely.")

    def sleep(self, seconds: float) -> None:
        """Wait; a signal ends the wait, except behind a shield."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left_s, SLICE_S))
        self.check()

    def ask(self, question: str) -> str:
        """Give the person's answer; raises NotPermitted without a terminal."""
        if not self.run.person.present:
            raise NotPermitted(
                f"a person is needed to answer: {question}",
                why="There is no terminal.",
                todo="Run in a terminal, or use instruments that answer by themselves.",
            )
        self.check()
        try:
            with self.run.breakable(not self._depth.shields):
                answer = self.run.person.read(question)
        except EOFError as exc:
            raise Interrupted("the terminal was closed", todo="Run the same command again.") from exc
        self.record("answer", {"question": question, "answer": answer})
        return answer

    def consents(self, question: str) -> bool:
        """Give whether the person agrees: --yes, or "y" at a terminal; without either the answer is no."""
        if self.run.person.assent:
            self.record("consent", {"question": question, "by": "--yes"})
            return True
        if not self.run.person.present:
            return False
        return self.ask(f"{question} [y/N]").strip().lower() in ("y", "yes")

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Hold signals back from this thread while a device is put into a safe state."""
        self._depth.shields += 1
        try:
            yield
        finally:
            self._depth.shields -= 1

    def thread(self, work: Callable[[], T]) -> Worker[T]:
        """Start `work` beside this thread, behind the same shields; its result or error is the starter's to take."""
        shields = self._depth.shields

        def shielded() -> T:
            self._depth.shields = shields
            return work()

        worker = Worker(shielded)
        worker.start()
        return worker

    def result(self, worker: Worker[T]) -> T:
        """Wait for a thread and give its result, or raise its error; a signal ends the wait."""
        while worker.is_alive():
            self.check()
            worker.join(SLICE_S)
        return worker.result()


class Worker(threading.Thread, Generic[T]):
    """A thread of a session; what it gave, or raised, is kept for whoever started it."""

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._given: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do the work."""
        try:
            self._given.append(self._work())
        except BaseException as exc:  # noqa: BLE001 - handed over as it is
            self._error = exc

    def result(self) -> T:
        """Give what the ended thread gave; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._given[0]
