"""How long a test waits for what hangs, and how far a campaign goes.

A wait measures nothing: a machine may be as slow as it likes beside other work.
"""

from __future__ import annotations

import os

HANG_S = 300.0
"""Far beyond what any command needs, and below the bound that pytest puts on each test."""

IN_FULL = os.environ.get("V2G_SOAK") == "1"
"""Whether tests marked as soak go through their whole campaign, as under scripts/soak; else they are bounded."""


def bounded(here: int, in_full: int) -> int:
    """Give the size of a campaign, or the step from one of its cases to the next: bounded here, in full in the soak."""
    return in_full if IN_FULL else here
