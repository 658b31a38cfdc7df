"""Run v2g-tool with a defect in it: defect_at.py POSITION -- ARGUMENTS.

When the evidence journal writes line POSITION, something fails that the program does not expect; once.
"""

from __future__ import annotations

import sys

from v2g_tool.record.journal import Journal


def break_at(position: int) -> None:
    """Make the journal fail once."""
    settle = Journal._settle
    calls = 0

    def breaking(self: Journal) -> None:
        nonlocal calls
        settle(self)
        calls += 1
        if calls == position:
            raise ZeroDivisionError("injected")

    Journal._settle = breaking  # type: ignore[method-assign]


if __name__ == "__main__":
    break_at(int(sys.argv[1]))
    sys.argv = ["v2g-tool", *sys.argv[3:]]
    from v2g_tool.app import v2g_tool

    v2g_tool()
