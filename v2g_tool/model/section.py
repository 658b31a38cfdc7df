"""A section of a report: the typed numbers of one procedure, shown as tables on every kind of page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from v2g_tool.model.base import Model

Mark = Literal["ok", "warning", "inconclusive", "fail"]
"""How it stands with one row of a table, or one part of a picture."""


@dataclass(frozen=True)
class Column:
    """A column of a table; numbers stand on the right and are never broken; a page puts a glyph before each Mark."""

    heading: str
    unit: str = ""
    numeric: bool = False
    marks: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of text under headings; `note` says what was left out."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


class Section(Model):
    """What one procedure found out about one target.

    Attributes:
        kind: which section this is: the word of its domain.
        target: the instrument, link or host.
        statement: what was done and what was not, in one sentence.
        pictures: names of its pictures among the attachments.
    """

    kind: str
    target: str
    statement: str = ""
    pictures: tuple[str, ...] = ()

    def tables(self) -> tuple[Table, ...]:
        """Give the section as tables, the most telling first."""
        return ()


SectionOf = Callable[[str], type[Section] | None]
"""Gives the type of a kind of section, None for one that this version does not know."""
