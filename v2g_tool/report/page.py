"""A terminal page: text is shown as text, whatever it contains, in 80 columns and without colour too."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Mapping

from rich import box
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from v2g_tool.drawing.text import plain
from v2g_tool.errors import V2GError
from v2g_tool.model.section import Column, Table

CUT = " …"
_MARKS: Mapping[str, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "inconclusive": ("?", "yellow"),
    "fail": ("✗", "red"),
}
"""Glyph and colour of each Mark."""
_LONGEST_WORD, _LONGEST_NAME = 12, 36
# What a terminal without Unicode shows instead; an unlisted character becomes "?".
_ASCII = str.maketrans(
    {"✓": "+", "✗": "x", "–": "-", "•": "*", "→": "->", "±": "+/-", "−": "-", "·": "-", "°": " deg", "└": "`", "…": "~"}
)


class Page:
    """A console that takes text as text: no markup, no control characters, nothing its encoding lacks."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def text(self, content: str, style: str = "") -> Text:
        """Give text from outside as this console can show it."""
        return self._own(plain(content), style)

    def _own(self, shown: str, style: str = "") -> Text:
        try:
            shown.encode(self._console.encoding)
        except UnicodeEncodeError:
            shown = shown.translate(_ASCII).encode(self._console.encoding, "replace").decode(self._console.encoding)
        return Text(shown, style)

    def say(self, *parts: tuple[str, str], mark: tuple[str, str] = ("", ""), whole: bool = False) -> None:
        """Show one paragraph of (text, style) parts behind a mark of our own; a `whole` one is not broken into lines.

        Only the mark can be a verdict: it is shown as it is, so nothing from outside may be in it.
        """
        line = Text().join([self._own(*mark), *(self.text(content, style) for content, style in parts)])
        self._console.print(line, soft_wrap=whole or self._console.soft_wrap)

    def rows(self, table: Table) -> None:
        """Show a table with its title and note."""
        unicode = self._console.encoding.startswith("utf")
        grid = Grid(box=box.SIMPLE_HEAD if unicode else box.ASCII2, padding=(0, 1, 0, 0), show_edge=False)
        cells = [[self._cell(*pair) for pair in zip(row, table.columns, strict=False)] for row in table.rows]
        for number, column in enumerate(table.columns):
            heading = f"{column.heading}, {column.unit}" if column.unit else column.heading
            # A name in the first column stays whole, a phrase gives way; the others break between words only.
            word = max((len(word) for row in cells for word in row[number].plain.split()), default=0)
            widest = max(map(len, (heading, *(row[number].plain for row in cells))))
            grid.add_column(
                self.text(heading),
                justify="right" if column.numeric else "left",
                no_wrap=column.numeric or column.marks or (number == 0 and word == widest <= _LONGEST_NAME),
                overflow="fold",
                min_width=widest if column.numeric else min(word, _LONGEST_WORD) if number else None,
            )
        for row in cells:
            grid.add_row(*row)
        self._console.print()
        self.say((table.title, "bold"))
        self._console.print(grid)
        if table.note:
            self.say((table.note, "dim"))

    def _cell(self, content: str, column: Column) -> Text:
        """Give a cell; only a Mark, as it is and in its own column, gets a glyph of our own."""
        glyph, colour = _MARKS.get(content, ("", "")) if column.marks else ("", "")
        return self._own(f"{glyph} {content}", colour) if glyph else self.text(content)

    def hang(self, rows: Iterable[tuple[tuple[str, str], str]]) -> None:
        """Show paragraphs behind a (mark, style) of our own, each indented to the widest mark."""
        grid = Grid.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for mark, content in rows:
            grid.add_row(self._own(*mark), self.text(content))
        self._console.print(grid)

    def cut(self, content: str, beside: int, lines: int = 2) -> str:
        """Give `content` as it fits into so many lines beside a margin of `beside` columns."""
        width = max(self._console.width - beside, 20)
        shown = textwrap.wrap(plain(content), width, max_lines=lines, placeholder=CUT)
        return " ".join(shown)

    def error(self, error: V2GError) -> None:
        """Show a failure in at most three lines: what, why most likely, what to do."""
        self.say((error.what, "bold"), mark=("✗ ", "bold red"))
        if error.why:
            self.say((f"  {error.why}", ""))
        if error.todo:
            # A command to be copied must stay one line, whatever the width.
            self.say((f"→ {error.todo}", ""), whole="Run: " in error.todo)


def show_lines(*lines: str, mark: str = "", whole: bool = False) -> None:
    """Show lines on standard output, the first behind a mark; a `whole` one is not broken, so that it can be copied."""
    page = Page(Console())
    for line in lines:
        page.say((line, ""), mark=(mark, ""), whole=whole)
        mark = ""


def tell_error(error: V2GError) -> None:
    """Show a failure on standard error."""
    # Behind a pipe a line stays a line: three lines are three lines, and a file name can be searched for.
    Page(Console(stderr=True, soft_wrap=not sys.stderr.isatty())).error(error)
