"""`--watch`: each round is judged by itself and the worst is kept; the latest map is drawn, with min and max held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from plc_tool.pictures.hold import Hold, hold
from plc_tool.rules.link_choice import Ends
from plc_tool.work.evaluation import Yardstick, evaluate
from v2g_tool.model.findings import Verdict, overall
from v2g_tool.model.plc import Captured
from v2g_tool.report.live import LivePicture

if TYPE_CHECKING:
    from rich.text import Text


class Watching(LivePicture):
    """Judges every round of a map, keeps the worst, and draws the latest.

    Args:
        target: the modem's name.
        yardstick: how frames become a map.
        enabled: whether to draw at all.
    """

    def __init__(self, target: str, yardstick: Yardstick, *, enabled: bool) -> None:
        super().__init__(enabled=enabled)
        self._target = target
        self._yardstick = yardstick
        self._hold: Hold | None = None
        self._rounds = 0
        self._worst: tuple[int, Sequence[Captured]] | None = None

    @property
    def worst(self) -> Sequence[Captured] | None:
        """The frames of the round with the worst verdict, the latest of several; None before the first."""
        return self._worst[1] if self._worst is not None else None

    def show(self, frames: Sequence[Captured], ends: Ends) -> None:
        """Take the frames of one more round."""
        self._rounds += 1
        evaluation = evaluate(self._target, frames, replace(self._yardstick, ends=ends))
        badness = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL).index(overall(evaluation.findings))
        if self._worst is None or badness >= self._worst[0]:
            self._worst = badness, tuple(frames)
        if evaluation.primary is not None:
            notches, link = self._yardstick.mask.notches(), evaluation.primary
            self._hold = self._hold.add(link, notches) if self._hold else hold(link, notches)
            self.draw(partial(self._text, self._hold))

    def _text(self, held: Hold, width: int, height: int, encoding: str) -> Text:
        from plc_tool.pictures.terminal import Screen, hold_text

        known = self._yardstick
        screen = Screen(width, max(height - 3, 8), encoding)
        picture = hold_text(held, known.mask, known.services, limit_db=known.limit.snr_db, screen=screen)
        return picture.append(f"\nmap {self._rounds}, Ctrl-C ends the watch")
