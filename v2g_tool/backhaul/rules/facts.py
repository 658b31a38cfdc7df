"""What is known of a telemetry backhaul, and what is asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from v2g_tool.model.check import Check
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.site.site import SiteLimits
from v2g_tool.model.telemetry import Echo, EchoKind, PathSize, Piece, Responder, Trouble, UdpCounters

MODBUS_PORT = 502


@dataclass(frozen=True)
class TelemetryLimits:
    """What is asked.

    Attributes:
        loss_ratio: the share of datagrams that may be lost, 0 to 1.
        latency_s: the round trip, s, that the percentile has to stay below.
        latency_percentile: which percentile that is.
        rate_bits_per_s: payload rate at which the loss is asked for.
    """

    loss_ratio: float = 0.001
    latency_s: float = 0.1
    latency_percentile: float = 99.0
    rate_bits_per_s: float = 10e6


def telemetry_limits(limits: SiteLimits, rate_mbit_s: float) -> TelemetryLimits:
    """Give the limits of a site in SI units."""
    return TelemetryLimits(
        loss_ratio=limits.loss_pct / 100,
        latency_s=limits.latency_ms / 1000,
        latency_percentile=limits.latency_percentile,
        rate_bits_per_s=rate_mbit_s * 1e6,
    )


@dataclass(frozen=True)
class TelemetryFacts:
    """What a run has found out so far; what is not known is left out.

    Attributes:
        host: name or address of the server.
        port: its port.
        responder: who answers there.
        pieces: the runs of iperf3 that came to an end, in order.
        trouble: what ended the measurement; None where every piece that was asked for was measured.
        echoes: round trips, in order of asking.
        echo_kind: how they were measured.
        no_echoes: why none could be measured, "" where they were.
        before: the kernel's counts before the first piece.
        after: the kernel's counts after the last one.
        path: how large a packet may be.
        interrupted: whether somebody stopped the run.
    """

    host: str
    port: int
    responder: Responder | None = None
    pieces: tuple[Piece, ...] = ()
    trouble: Trouble | None = None
    echoes: tuple[Echo, ...] = ()
    echo_kind: EchoKind | None = None
    no_echoes: str = ""
    before: UdpCounters | None = None
    after: UdpCounters | None = None
    path: PathSize | None = None
    interrupted: bool = False

    @property
    def target(self) -> str:
        """Host and port in one word: `telemetry-srv:502`, `[fd00::5]:502`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def under_load(self) -> tuple[Echo, ...]:
        """The round trips that were asked for while load flowed."""
        spans = [(piece.started_s, piece.started_s + piece.seconds) for piece in self.pieces]
        return tuple(echo for echo in self.echoes if any(a <= echo.sent_s <= b for a, b in spans))

    def finding(
        self, check: Check, verdict: Verdict, statement: str, evidence: Sequence[Evidence] = (), remedy: str = ""
    ) -> Finding:
        """Give a finding about the target."""
        return check.finding(self.target, verdict, statement, evidence, remedy=remedy)


def growth(facts: TelemetryFacts) -> UdpCounters | None:
    """Give the growth of the kernel's counts; None where they are not known, or ran over in between."""
    if facts.before is None or facts.after is None:
        return None
    grown = [after - before for before, after in zip(astuple(facts.before), astuple(facts.after), strict=True)]
    return UdpCounters(*grown) if min(grown) >= 0 else None
