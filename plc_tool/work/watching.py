"""`--watch`: each round is judged by itself and the worst is kept; the latest map is drawn, with min and max held."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from plc_tool.pictures.hold import Hold, hold
from plc_tool.rules.link_choice import Ends
from plc_tool.work.evaluation import Yardstick, evaluate
from v2g_tool.model.findings import Verdict, overall
from v2g_tool.model.plc import Captured, LinkMap


class Watching:
    """Judges every round of a map, keeps the worst, and draws on standard error where a terminal is.

    Args:
        target: the modem's name.
        yardstick: how frames become a map.
        enabled: whether to draw at all.
    """

    def __init__(self, target: str, yardstick: Yardstick, *, enabled: bool) -> None:
        self._target = target
        self._yardstick = yardstick
        self._enabled = enabled and sys.stderr.isatty()
        self._hold: Hold | None = None
        self._live: Any = None
        self._rounds = 0
        self._encoding = "ascii"
        self._worst: tuple[int, Sequence[Captured]] | None = None

    @property
    def worst(self) -> Sequence[Captured] | None:
        """The frames of the round with the worst verdict, the latest of several; None before the first."""
        return self._worst[1] if self._worst is not None else None

    def __enter__(self) -> Self:
        if self._enabled:
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True)
            self._encoding = console.encoding
            self._live = Live(console=console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.stop()

    def show(self, frames: Sequence[Captured], ends: Ends) -> None:
        """Take the frames of one more round."""
        self._rounds += 1
        evaluation = evaluate(self._target, frames, replace(self._yardstick, ends=ends))
        badness = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL).index(overall(evaluation.findings))
        if self._worst is None or badness >= self._worst[0]:
            self._worst = badness, tuple(frames)
        if self._live is not None and evaluation.primary is not None:
            self._draw(evaluation.primary)

    def _draw(self, primary: LinkMap) -> None:
        notches = self._yardstick.mask.notches()
        self._hold = self._hold.add(primary, notches) if self._hold is not None else hold(primary, notches)
        with suppress(OSError, ValueError):
            self._live.update(self._drawn(self._hold), refresh=True)

    def _drawn(self, held: Hold) -> object:
        from plc_tool.pictures.terminal import Screen, hold_text

        width, height = shutil.get_terminal_size()
        screen = Screen(width=width, height=max(height - 3, 8), encoding=self._encoding)
        limit_db = self._yardstick.limit.snr_db
        picture = hold_text(held, self._yardstick.mask, self._yardstick.services, limit_db=limit_db, screen=screen)
        return picture.append(f"\nmap {self._rounds}, Ctrl-C ends the watch")
