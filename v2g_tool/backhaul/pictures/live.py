"""A live picture of a throughput run on standard error: how far it is, and loss and jitter so far."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from v2g_tool.backhaul.pictures.strip import telemetry_strip
from v2g_tool.backhaul.work.throughput import Progress
from v2g_tool.drawing.text import plain

_BAR = {True: ("█", "░"), False: ("#", ".")}
_EVERY_S = 0.2


class Live:
    """Draws three lines while load flows, where a terminal is; they are gone at the end.

    Args:
        enabled: whether to draw at all.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr.isatty()
        self._live: Any = None
        self._console: Any = None
        self._drawn_s = -1.0

    def __enter__(self) -> Self:
        if self._enabled:
            from rich import console, live

            self._console = console.Console(stderr=True)
            self._live = live.Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.stop()

    def show(self, progress: Progress) -> None:
        """Take how far it is; drawn five times a second at most, a note at once."""
        if self._live is None or (abs(progress.sent_s - self._drawn_s) < _EVERY_S and not progress.note):
            return
        self._drawn_s = progress.sent_s
        from rich.text import Text

        lines = progress_lines(progress, self._console.width, self._console.encoding)
        with suppress(OSError, ValueError):
            self._live.update(Text("\n".join(lines), no_wrap=True, overflow="crop"), refresh=True)


def progress_lines(progress: Progress, width: int, encoding: str) -> list[str]:
    """Give the lines of the picture, each at most `width` characters."""
    intervals = [interval for piece in progress.facts.pieces for interval in piece.intervals]
    lines = [_bar(progress, width, encoding), *telemetry_strip(intervals, width, encoding)]
    return [line[:width] for line in [*lines, *([plain(progress.note)] if progress.note else [])]]


def _bar(progress: Progress, width: int, encoding: str) -> str:
    label, value = "load", f"{progress.sent_s:.0f} of {progress.wanted_s:.0f} s"
    room = max(width - 7 - 14, 0)
    full, empty = _BAR[encoding.lower().startswith("utf")]
    done = min(int(room * progress.sent_s / progress.wanted_s), room) if progress.wanted_s > 0 else 0
    return f"{label:<7}{full * done}{empty * (room - done)}{value:>14}"
