"""A live picture of a throughput run on standard error: how far it is, and loss and jitter so far."""

from __future__ import annotations

from v2g_tool.backhaul.pictures.strip import telemetry_strip
from v2g_tool.backhaul.work.throughput import Progress
from v2g_tool.drawing.text import encodable, plain
from v2g_tool.report.live import LivePicture

_EVERY_S = 0.2


class Live(LivePicture):
    """Draws three lines while load flows."""

    _drawn_s = -1.0

    def show(self, progress: Progress) -> None:
        """Take how far it is; drawn five times a second at most, a note at once."""
        if progress.note or abs(progress.sent_s - self._drawn_s) >= _EVERY_S:
            self._drawn_s = progress.sent_s
            self.draw(lambda width, _height, encoding: "\n".join(progress_lines(progress, width, encoding)))


def progress_lines(progress: Progress, width: int, encoding: str) -> list[str]:
    """Give the lines of the picture, each at most `width` characters."""
    intervals = [interval for piece in progress.facts.pieces for interval in piece.intervals]
    lines = [_bar(progress, width, encoding), *telemetry_strip(intervals, width, encoding)]
    return [line[:width] for line in [*lines, *([plain(progress.note)] if progress.note else [])]]


def _bar(progress: Progress, width: int, encoding: str) -> str:
    label, value = "load", f"{progress.sent_s:.0f} of {progress.wanted_s:.0f} s"
    room = max(width - 7 - 14, 0)
    full, empty = "█░" if encodable("█░", encoding) else "#."
    done = min(int(room * progress.sent_s / progress.wanted_s), room) if progress.wanted_s > 0 else 0
    return f"{label:<7}{full * done}{empty * (room - done)}{value:>14}"
