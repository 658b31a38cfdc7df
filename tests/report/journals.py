"""A whole journal, read at once."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from v2g_tool.record.journal import Chain, Record


class JournalRead(NamedTuple):
    """Its records, and the bytes of a last line that a power cut left without its newline."""

    records: tuple[Record, ...]
    torn: bytes


def read_journal(path: Path) -> JournalRead:
    """Give the records of the journal at `path`; the chain is checked line by line."""
    with path.open("rb") as stream:
        chain = Chain(path.name)
        return JournalRead(tuple(chain.read(stream)), chain.torn)
