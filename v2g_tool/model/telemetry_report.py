"""The telemetry part of a report: loss, rate, jitter and round trips, as text with units."""

from __future__ import annotations

from v2g_tool.model.base import Model
from v2g_tool.model.quantified import Quantified


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


class Telemetry(Model):
    """The telemetry section of a report.

    Attributes:
        target: host and port of the server.
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
        statement: what was measured and what not, in one sentence.
    """

    target: str
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
    statement: str
