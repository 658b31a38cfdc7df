"""What can be known of the clock: from the kernel, the time client, and the latest moment that has surely passed."""

from __future__ import annotations

from pathlib import Path

from v2g_tool.hal.linux.clock import clock_synchronised
from v2g_tool.hal.linux.time_source import clock_offset, last_known
from v2g_tool.pki.rules.facts import ClockFacts


def clock_facts(root: Path, *, own: bool) -> ClockFacts:
    """Give what is known; nothing where it is not this computer's clock that counts."""
    if not own:
        return ClockFacts()
    offset = clock_offset()
    passed, by = last_known(root) or (None, "")
    return ClockFacts(
        clock_synchronised(), offset.seconds if offset else None, offset.source if offset else "", passed, by
    )
