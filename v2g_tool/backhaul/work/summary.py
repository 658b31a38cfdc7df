"""What a throughput run comes to: findings and section; numbers become text with a unit, here and nowhere else."""

from __future__ import annotations

import math

from v2g_tool.backhaul import checks
from v2g_tool.backhaul.rules.facts import TelemetryFacts, TelemetryLimits
from v2g_tool.backhaul.rules.latency import KIND_WORDS, SHOWN, latency
from v2g_tool.backhaul.rules.loss import DECISION_RULE, LossVerdict
from v2g_tool.backhaul.rules.path import jitter, longest_burst, packet_bytes, rates
from v2g_tool.backhaul.rules.verdict import judge, look_at
from v2g_tool.backhaul.section import LossRecord, PathRecord, RoundTripPoint, RoundTrips, Telemetry
from v2g_tool.backhaul.work.throughput import Measured
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.quantified import Quantified, quantified
from v2g_tool.run.result import Attachment, Result


def telemetry_result(limits: TelemetryLimits, measured: Measured, attachments: list[Attachment]) -> Result:
    """Give what the measurement came to, as any procedure gives it."""
    facts, look = measured.facts, measured.last_look
    return Result(
        target=facts.target,
        findings=[*judge(facts, limits, look), *_early_end(measured)],
        sections=[telemetry_section(facts, limits, look)],
        attachments=attachments,
        error=measured.error,
    )


def _early_end(measured: Measured) -> list[Finding]:
    error = measured.error
    if error is None or measured.facts.interrupted:
        return []
    statement = f"The measurement could not be done: {error.what}."
    return [measured.facts.finding(checks.IPERF3, Verdict.INCONCLUSIVE, statement, remedy=error.todo)]


def telemetry_section(facts: TelemetryFacts, limits: TelemetryLimits, look: int) -> Telemetry:
    """Give the section; `look` is the number of the look that was judged, as for `judge`."""
    pieces = facts.pieces
    reached, shaken, burst = rates(pieces), jitter(pieces), longest_burst(pieces)
    return Telemetry(
        target=facts.target,
        responder=facts.responder.detail if facts.responder else "",
        asked_rate=_exact(limits.rate_bits_per_s / 1e6, "Mbit/s"),
        sent_rate=_megabits(reached.sent),
        received_rate=_megabits(reached.received),
        datagram=quantified(max(p.datagram_bytes for p in pieces), "B", 0) if pieces else None,
        pieces=len(pieces),
        duration=quantified(math.fsum(p.seconds for p in pieces), "s", 1),
        loss=_loss(look_at(facts, limits, max(look, 1)).loss) if pieces else None,
        jitter=quantified(shaken.last_ms, "ms", 3) if shaken else None,
        worst_jitter=quantified(shaken.worst_ms, "ms", 3) if shaken else None,
        burst_least=burst.least,
        burst_most=burst.most,
        round_trips=_round_trips(facts, limits),
        path=_path(facts),
        programs=_programs(facts),
        statement=_statement(facts),
    )


def _megabits(bits_per_s: float | None) -> Quantified | None:
    return None if bits_per_s is None else quantified(bits_per_s / 1e6, "Mbit/s", 3)


def _percent(ratio: float) -> Quantified:
    return quantified(100 * ratio, "%", 5)


def _exact(value: float, unit: str) -> Quantified:
    """Give a number that somebody chose, with the digits that it has."""
    return Quantified(value=f"{value:.12g}", unit=unit)


def _loss(judged: LossVerdict) -> LossRecord:
    count = judged.count
    return LossRecord(
        sent=count.sent,
        lost=count.lost,
        unaccounted=count.unaccounted,
        out_of_order=count.out_of_order,
        ratio=_percent(count.ratio or 0.0),
        lower=_percent(judged.lower),
        upper=_percent(judged.upper),
        confidence=_exact(100 * judged.confidence, "%"),
        look=judged.look,
        limit=_exact(100 * judged.limit_ratio, "%"),
        effective=math.floor(judged.effective) if judged.dispersion.bursty else None,
        decision_rule=DECISION_RULE,
    )


def _round_trips(facts: TelemetryFacts, limits: TelemetryLimits) -> RoundTrips | None:
    found = latency(facts.under_load or facts.echoes, limits.latency_percentile)
    if found is None:
        return None
    points = [*zip(SHOWN, found.percentiles, strict=True), (100.0, found.longest)]
    return RoundTrips(
        kind=KIND_WORDS[facts.echo_kind],
        asked=found.asked,
        unanswered=found.unanswered,
        points=tuple(RoundTripPoint(percentile=f"{share:g}", time=_milliseconds(time)) for share, time in points),
        judged=f"{limits.latency_percentile:g}",
        lower=_milliseconds(found.lower),
        upper=_milliseconds(found.upper),
        limit=_exact(limits.latency_s * 1e3, "ms"),
    )


def _milliseconds(seconds: float | None) -> Quantified | None:
    return None if seconds is None or math.isinf(seconds) else quantified(seconds * 1e3, "ms", 3)


def _path(facts: TelemetryFacts) -> PathRecord | None:
    path = facts.path
    if path is None:
        return None
    return PathRecord(
        packet=_bytes(packet_bytes(facts)),
        route=_bytes(path.route),
        proven=_bytes(path.proven),
        statement=path.statement,
    )


def _bytes(size: int | None) -> Quantified | None:
    return None if size is None else quantified(size, "B", 0)


def _programs(facts: TelemetryFacts) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{p.client or 'unknown'} to {p.server or 'unknown version'}" for p in facts.pieces))


def _statement(facts: TelemetryFacts) -> str:
    pieces = len(facts.pieces)
    seconds = math.fsum(p.seconds for p in facts.pieces)
    # A piece that was cut off has sent, and its counts are lost with it.
    refused = facts.responder is not None and facts.responder.kind != "iperf3"
    nothing = "No load was sent" if refused else "No piece of load came to its end"
    load = f"{seconds:.0f} s of load in {pieces} {'piece' if pieces == 1 else 'pieces'}" if pieces else nothing
    trips = f"{len(facts.echoes)} round trips" if facts.echoes else "no round trip measured"
    ended = " The measurement did not come to its end." if facts.trouble is not None or facts.interrupted else ""
    return f"{load}, {trips}.{ended}"
