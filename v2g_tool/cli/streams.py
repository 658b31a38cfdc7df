"""Standard output that cannot fail a command: whoever stops reading does not change what was found."""

from __future__ import annotations

import io
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Outlet(io.FileIO):
    """A standard descriptor that takes whatever is written; why it passes on no more is kept in `failure`."""

    failure: OSError | None = None

    def write(self, data: Buffer, /) -> int:
        """Pass on what can be passed on, and raise nothing; waits for a reader where another program forbade that."""
        try:
            while self.failure is None:
                if (done := super().write(data)) is not None:
                    return done
                select.select([], [self], [])
        except OSError as exc:
            self.failure = exc
        return memoryview(data).nbytes


def guard_streams() -> Outlet:
    """Put an outlet behind standard output, and give it."""
    outlet = Outlet(1, "w", closefd=False)
    sys.stdout = _text(outlet, sys.stdout)
    return outlet


def _text(outlet: Outlet, given: TextIO) -> TextIO:
    # What the terminal's encoding lacks is spelled out: a verdict is not lost for a character.
    return io.TextIOWrapper(
        io.BufferedWriter(outlet), given.encoding, "backslashreplace", line_buffering=outlet.isatty()
    )
