"""The frequency axis: how far it reaches. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from v2g_tool.model.plc import Band

AXIS_LOW_HZ = 1.8e6
"""The axis of every picture begins here, so that two pictures lie over one another."""
AXIS_HIGH_HZ = 30e6
"""And ends here, unless a chip reports carriers above HomePlug AV."""


def frequency_axis(pieces: Sequence[Band]) -> Band:
    """Give the part of the spectrum that a picture shows: 1.8 to 30 MHz, and further where values lie outside."""
    return Band(
        min(AXIS_LOW_HZ, *(piece.low_hz for piece in pieces)) if pieces else AXIS_LOW_HZ,
        max(AXIS_HIGH_HZ, *(piece.high_hz for piece in pieces)) if pieces else AXIS_HIGH_HZ,
    )
