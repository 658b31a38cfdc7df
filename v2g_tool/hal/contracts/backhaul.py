"""What a procedure may ask of the way to a telemetry server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from v2g_tool.model.telemetry import Echo, EchoKind, PathSize, Piece, Responder, Trouble, UdpCounters


class Echoes(Protocol):
    """Round trips that are measured in the background, until it is closed."""

    def so_far(self) -> Sequence[Echo]:
        """Give the round trips that are decided: answered, or beyond the time in which an answer counts."""

    def close(self, *, wait: bool = True) -> Sequence[Echo]:
        """Ask no more and give all round trips; a second call gives the same.

        With `wait`, answers that are still due are waited for; without, their questions are left out.
        """


class Backhaul(Protocol):
    """The way from this computer to the utility's telemetry server."""

    def responder(self) -> Responder:
        """Give who answers on the server's port, asked with what neither kind of server takes amiss."""

    def piece(self, seconds: float, waiting: Callable[[float], None]) -> Piece | Trouble:
        """Send datagrams at the site's rate for `seconds`, at most 60; ended by force a while after that.

        `waiting` is called again and again with the time since the start; what it raises ends the piece at once.
        """

    def echoes(self, kind: EchoKind) -> Echoes:
        """Begin to measure round trips of this kind; raises NotPermitted or Unreachable where that cannot be done."""

    def counters(self) -> UdpCounters | None:
        """Give the kernel's counts, None where they cannot be read."""

    def path_size(self) -> PathSize:
        """Give how large a packet may be on the way to the server."""
