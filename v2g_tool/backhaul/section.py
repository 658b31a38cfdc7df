"""The telemetry part of a report: loss, rate, jitter and round trips, as text with units."""

from __future__ import annotations

from typing import Literal

from v2g_tool.model.base import Model
from v2g_tool.model.quantified import Quantified, number
from v2g_tool.model.section import Column, Section, Table


class LossRecord(Model):
    """The loss of datagrams with its interval.

    Attributes:
        sent: datagrams that were sent.
        lost: those counted as lost.
        unaccounted: sent behind the last one that arrived.
        out_of_order: late or double.
        ratio: lost of sent.
        lower: lower end of the interval.
        upper: upper end of the interval.
        confidence: two-sided, of this look.
        look: how many times the run was looked at.
        limit: the limit of the ratio.
        effective: datagrams that count as independent; None where losses do not come in bursts.
        decision_rule: how limit and interval make a verdict.
    """

    sent: int
    lost: int
    unaccounted: int
    out_of_order: int
    ratio: Quantified
    lower: Quantified
    upper: Quantified
    confidence: Quantified
    look: int
    limit: Quantified
    effective: int | None
    decision_rule: str


class RoundTripPoint(Model):
    """One percentile of the round trips; `time` is None where it was not answered."""

    percentile: str
    time: Quantified | None


class RoundTrips(Model):
    """Round trips under load.

    Attributes:
        kind: how they were measured.
        asked: how many questions.
        unanswered: how many had no answer in time.
        points: percentiles; 100 is the longest.
        judged: the percentile that is judged.
        lower: its lower bound; None where there are too few, or beyond it nothing was answered.
        upper: its upper bound; None likewise.
        limit: what it has to stay below.
    """

    kind: str
    asked: int
    unanswered: int
    points: tuple[RoundTripPoint, ...]
    judged: str
    lower: Quantified | None
    upper: Quantified | None
    limit: Quantified


class PathRecord(Model):
    """How large a packet may be: by routing, and as it was proven; None where that is not known."""

    packet: Quantified | None
    route: Quantified | None
    proven: Quantified | None
    statement: str


class Telemetry(Section):
    """Loss, rate, round trips and path of a telemetry backhaul.

    Attributes:
        responder: who answers there.
        asked_rate: payload rate that was asked for.
        sent_rate: payload rate that was sent; None where nothing was.
        received_rate: payload rate that arrived; None where it is not known.
        datagram: payload of a datagram.
        pieces: runs of iperf3.
        duration: how long was sent.
        loss: the loss; None where nothing was sent.
        jitter: at the end of the last piece (RFC 3550).
        worst_jitter: in the worst second.
        burst_least: the longest run of lost datagrams is at least so long.
        burst_most: and at most so long.
        round_trips: None where none was measured.
        path: None where it was not asked.
        programs: sender and receiver, each pair once.
    """

    kind: Literal["backhaul"] = "backhaul"
    responder: str
    asked_rate: Quantified
    sent_rate: Quantified | None
    received_rate: Quantified | None
    datagram: Quantified | None
    pieces: int
    duration: Quantified
    loss: LossRecord | None
    jitter: Quantified | None
    worst_jitter: Quantified | None
    burst_least: int
    burst_most: int
    round_trips: RoundTrips | None
    path: PathRecord | None
    programs: tuple[str, ...]

    def tables(self) -> tuple[Table, ...]:
        """Give what was measured, line by line, beside its limits."""
        rows = [
            *(_loss(self.loss, self) if self.loss is not None else []),
            *(_round_trips(self.round_trips) if self.round_trips is not None else []),
            *(("Packet", number(p.packet), number(p.proven or p.route)) for p in [self.path] if p is not None),
            *(("Programs", pair, "") for pair in self.programs),
        ]
        columns = (Column(""), Column(""), Column("Limit", numeric=True))
        return (Table(f"Telemetry to {self.target}", columns, tuple(rows)),) if rows else ()


def _loss(loss: LossRecord, telemetry: Telemetry) -> list[tuple[str, str, str]]:
    unsure = f"{loss.unaccounted} behind the last, {loss.out_of_order} late or double"
    burst = f"{telemetry.burst_least} to {telemetry.burst_most} datagrams" if telemetry.burst_most else "none"
    rate = f"{number(telemetry.sent_rate)} sent, {number(telemetry.received_rate)} received"
    return [
        ("Loss", f"{number(loss.ratio)}, {loss.lower.value} to {number(loss.upper)}", number(loss.limit)),
        ("", f"{number(loss.confidence)} confidence at look {loss.look}", ""),
        ("Datagrams", f"{loss.sent} sent, {loss.lost} lost", ""),
        ("", unsure, ""),
        ("Worst burst", burst, ""),
        ("Rate", rate, number(telemetry.asked_rate)),
        ("Jitter", f"{number(telemetry.jitter)} at the end, at most {number(telemetry.worst_jitter)}", ""),
    ]


def _round_trips(trips: RoundTrips) -> list[tuple[str, str, str]]:
    points = [f"{_share(point.percentile)} {number(point.time, 'no answer')}" for point in trips.points]
    bounds = f"{trips.judged}% between {number(trips.lower, 'open')} and {number(trips.upper, 'open')}"
    count = f"{trips.asked} by {trips.kind}, {trips.unanswered} unanswered"
    return [
        ("Round trips", count, ""),
        ("", bounds, number(trips.limit)),
        ("", ", ".join(points[:2]), ""),
        ("", ", ".join(points[2:]), ""),
    ]


def _share(percentile: str) -> str:
    return "longest" if percentile == "100" else f"{percentile}%"
