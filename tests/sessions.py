"""A session without a terminal, with its journal in a folder."""

from __future__ import annotations

from collections.abc import Iterator
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
def session_in(folder: Path, *, kind: type[S] = Session, procedure: str = "test", assent: bool = False) -> Iterator[S]:  # type: ignore[assignment]
    site = Site.model_validate({"site": {"name": "test"}})
    person = Person(present=False, assent=assent, shows=False, tell=lambda _text: None, read=lambda _question: "")
    with Journal(folder / "evidence.jsonl", wall=lambda: datetime.now(UTC), monotonic=lambda: 0.0) as journal:
        session = kind(site, Run(procedure, folder, journal, person, datetime.now(UTC)), IntentStore(folder))
        with session.closing():
            yield session
