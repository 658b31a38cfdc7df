"""A session with its journal in a folder, without a terminal or with a person who answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from v2g_tool.model.site.site import Site
from v2g_tool.record.intents import IntentStore
from v2g_tool.record.journal import Journal
from v2g_tool.run.run import Person, Run
from v2g_tool.run.session import Session

S = TypeVar("S", bound=Session)


@contextmanager
def session_in(
    folder: Path,
    *,
    kind: type[S] = Session,  # type: ignore[assignment]
    procedure: str = "test",
    assent: bool = False,
    site: Site | None = None,
    answer: Callable[[str], str] | None = None,
) -> Iterator[S]:
    """Give a session; `answer` is the person at its terminal, None for nobody."""
    site = site or Site.model_validate({"site": {"name": "test"}})
    read = answer or (lambda _question: "")
    person = Person(present=answer is not None, assent=assent, shows=False, tell=lambda _text: None, read=read)
    with Journal(folder / "evidence.jsonl", wall=lambda: datetime.now(UTC), monotonic=lambda: 0.0) as journal:
        session = kind(site, Run(procedure, folder, journal, person, datetime.now(UTC)), IntentStore(folder))
        with session.closing():
            yield session
