"""The core of every journalled change: intent, write once, read back, outcome; rounds on the way back; the end.

What may be written, what proves it and when it is taken back is the domain's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from v2g_tool.errors import InstrumentError, V2GError
from v2g_tool.model.base import Model
from v2g_tool.run.session import Session

T = TypeVar("T")


class Rounds(NamedTuple):
    """How often a way back is tried, and how long is waited after each time."""

    number: int = 1
    pause_s: float = 0.0


ONCE = Rounds()


@dataclass(frozen=True)
class Changing:
    """Changes of one device, which has the name `key` in the intent store."""

    session: Session
    key: str

    def begin(self, kind: str, intent: Model, facts: Mapping[str, object] | None = None) -> None:
        """Journal the intent, or only these facts of it, and store it; nothing is written before."""
        self.session.record(kind, intent.model_dump(mode="json") if facts is None else facts)
        self.session.intents.put(self.key, intent)

    def write(
        self, kind: str, facts: Mapping[str, object], once: Callable[[], object], read: Callable[[], T]
    ) -> tuple[T, InstrumentError | None]:
        """Write once, whatever comes of it, and read back; give what it reads, and the refusal or loss, if any."""
        self.session.record(kind, facts)
        error = None
        try:
            once()
        except InstrumentError as exc:
            error = exc  # reading back decides, never a second write
        back = read()
        said = error.what if error is not None else "acknowledged"
        self.session.record(f"{kind.split('.')[0]}.outcome", {**facts, "read_back": back, "outcome": said})
        return back, error

    def back(self, kind: str, name: str, way: Callable[[], str | None], rounds: Rounds = ONCE) -> str:
        """Go a way back behind a shield until it meets no problem; give the last problem, "" for none."""
        with self.session.shield():
            for number in range(1, rounds.number + 1):
                try:
                    problem = way() or ""
                except V2GError as exc:
                    problem = exc.what
                self.session.record(kind, {"name": name, "round": number, "problem": problem})
                if not problem:
                    break
                self.session.sleep(rounds.pause_s)
        return problem

    def end(self, kind: str, facts: Mapping[str, object], keep: Model | None = None) -> None:
        """Take the intent away, or store what is kept beyond it: the device is in a complete state, old or new."""
        with self.session.shield():
            if keep is None:
                self.session.intents.clear(self.key)
            else:
                self.session.intents.put(self.key, keep)
            self.session.record(kind, facts)
