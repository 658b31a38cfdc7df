"""Run v2g-tool and strike it at one journal position: kill_at.py POSITION PHASE -- ARGUMENTS.

PHASE `torn` kills with half of the line on the disk, `after` kills when the line is safe, SIGINT and SIGTERM send that
signal when the line is safe. Position N is the Nth line of the evidence journal.
"""

from __future__ import annotations

import os
import signal
import sys

from v2g_tool.record.journal import Journal


def strike(position: int, phase: str) -> None:
    """Make the journal strike this process when line `position` is written."""
    settle = Journal._settle
    lines = 0

    def striking(self: Journal) -> None:
        nonlocal lines
        head, line = self._pending
        if head.size == self._head.size:
            return
        lines += 1
        if lines == position and phase == "torn":
            os.write(self._descriptor, line[: len(line) // 2])
            os.fsync(self._descriptor)
            os.kill(os.getpid(), signal.SIGKILL)
        settle(self)
        if lines == position:
            number = signal.SIGKILL if phase == "after" else signal.Signals[phase]
            os.kill(os.getpid(), number)

    Journal._settle = striking  # type: ignore[method-assign]


if __name__ == "__main__":
    strike(int(sys.argv[1]), sys.argv[2])
    sys.argv = ["v2g-tool", *sys.argv[4:]]
    from v2g_tool.app import v2g_tool

    v2g_tool()
