"""A picture on standard error that shows how far something is, and is gone at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text


class LivePicture:
    """Draws where a terminal is; one that goes away meanwhile is no failure.

    Args:
        enabled: whether to draw at all.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr.isatty()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._enabled:
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True, markup=False, emoji=False, highlight=False)
            self._live = Live(console=console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.stop()

    def draw(self, picture: Callable[[int, int, str], Text | str]) -> None:
        """Show what `picture` gives for this width, height and encoding in place of what was shown before."""
        if self._live is not None:
            console = self._live.console
            drawn = picture(*console.size, console.encoding)
            with suppress(OSError, ValueError):
                self._live.update(drawn, refresh=True)
