"""The frames that a verdict rests on: kept for the map, told to the journal, bounded in number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from v2g_tool.hal.homeplug.redaction import redacted
from v2g_tool.model.plc import Captured

if TYPE_CHECKING:
    from v2g_tool.hal.contracts.recorder import Recorder

MOST_FRAMES = 100_000
"""So many frames are kept, some 50 MB; only a flood brings more."""


def _nowhere(_kind: str, _data: Mapping[str, object]) -> None:
    """Take a record of a measurement that has no journal."""


@dataclass
class FrameLog:
    """Frames in the order in which they passed.

    Attributes:
        interface: the name of the interface, for the journal.
        record: takes each frame, network keys redacted, into the evidence.
        frames: the frames as they were on the wire.
        dropped: frames that came after the bound was reached.
    """

    interface: str
    record: Recorder = _nowhere
    frames: list[Captured] = field(default_factory=list)
    dropped: int = 0

    def add(self, captured: Captured) -> None:
        """Keep a frame and tell it to the journal."""
        if len(self.frames) >= MOST_FRAMES:
            self.dropped += 1
            return
        self.frames.append(captured)
        data = {
            "interface": self.interface,
            "sent": captured.sent,
            "time_s": captured.time_s,
            "frame": redacted(captured.frame).hex(),
        }
        self.record("homeplug", data)
