"""Standard streams that cannot fail a command: whoever stops reading does not change what was found."""

from __future__ import annotations

import io
import os
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
    """Put outlets behind standard output and standard error, and give the first; a stream that is closed goes nowhere.

    Comes before anything is opened: the first file that is would take the number of a closed stream, and be printed on.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free is this one
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    outlet, errors = Outlet(1, "w", closefd=False), Outlet(2, "w", closefd=False)
    sys.stdout = _text(outlet, sys.stdout, line_buffering=outlet.isatty())
    sys.stderr = _text(errors, sys.stderr, line_buffering=True)
    return outlet


def _text(outlet: Outlet, given: TextIO | None, *, line_buffering: bool) -> TextIO:
    encoding = given.encoding if given is not None else None
    # What the terminal's encoding lacks is spelled out: a verdict is not lost for a character.
    return io.TextIOWrapper(io.BufferedWriter(outlet), encoding, "backslashreplace", line_buffering=line_buffering)
