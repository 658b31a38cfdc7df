"""Whether a run of iperf3 gets on, from outside: how often the child has slept, and whether it has its UDP socket.

iperf3 prints nothing before its end, and waits for 30 s, or for ever, for a server that does not answer. While it runs
it wakes up for each datagram and each second; while it waits for an answer it sleeps once. The kernel counts that.
"""

from __future__ import annotations

from typing import Literal

HANDSHAKE_S = 3.0
"""So long the first datagram may be without an answer: more than any round trip that telemetry could live with."""
QUIET_S = 10.0
"""So long the child may sleep; it connects within 5 s, and hears of the end within a round trip."""
_FEW = 5
"""A child that slept no more often since it has its UDP socket has not sent a second of datagrams."""

Halt = Literal["", "silent", "udp-blocked"]


class Progress:
    """Judges samples of one run that was started at `started_s`."""

    def __init__(self, started_s: float) -> None:
        self._moved_s = started_s
        self._sleeps = 0
        self._sleeps_before_udp: int | None = None

    @property
    def has_udp(self) -> bool:
        """Whether the child was seen to have its UDP socket: then the control connection passes."""
        return self._sleeps_before_udp is not None

    def sample(self, now_s: float, sleeps: int | None, *, has_udp: bool) -> Halt:
        """Judge how often it has slept by now; None where the kernel does not say, and nothing is judged."""
        if sleeps is None:
            return ""
        if has_udp and self._sleeps_before_udp is None:
            self._sleeps_before_udp = sleeps
        if sleeps != self._sleeps:
            self._sleeps, self._moved_s = sleeps, now_s
        quiet_s = now_s - self._moved_s
        if quiet_s >= HANDSHAKE_S and self._waits_for_datagram():
            return "udp-blocked"
        return "silent" if quiet_s >= QUIET_S else ""

    def _waits_for_datagram(self) -> bool:
        return self._sleeps_before_udp is not None and self._sleeps - self._sleeps_before_udp <= _FEW
