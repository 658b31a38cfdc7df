"""Becomes another program that dies with its parent: `python -I -S guard.py PARENT PROGRAM ARGUMENT…`.

A child of its own session outlives a parent that is killed with SIGKILL; iperf3 would go on sending. Run as a file and
not before the exec of the parent's fork: there other threads may hold locks for ever.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends; ends at once if the parent has ended already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - an argument list from our own caller, no shell
