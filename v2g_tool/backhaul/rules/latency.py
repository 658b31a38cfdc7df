"""Round trips as percentiles, with bounds that hold whatever their distribution. Pure.

A round trip that was not answered counts as infinitely late.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from v2g_tool.backhaul import checks
from v2g_tool.backhaul.rules.facts import TelemetryFacts, TelemetryLimits
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.telemetry import Echo
from v2g_tool.statistics.proportion import percentile_ranks, values_needed

CONFIDENCE = 0.95
"""One-sided, for each end."""
LONGER = "Run again with --seconds 16 or more: more round trips decide more."
BLOCKED = "Have echoes let through on the way, or set another 'echo' in the site file."
SHOWN = (50.0, 90.0, 99.0, 99.9)
KIND_WORDS = {
    "icmp": "ICMP echo",
    "udp-echo": "UDP echo (RFC 862)",
    "tcp-echo": "TCP echo (RFC 862)",
    "modbus": "Modbus/TCP transaction",
    None: "round trip",
}


@dataclass(frozen=True)
class Latency:
    """Round trips under load, s; math.inf stands for no answer.

    Attributes:
        asked: how many questions.
        unanswered: how many of them had no answer in time.
        percentiles: the percentiles of `SHOWN`, by nearest rank.
        longest: the longest round trip.
        judged: the percentile that is judged, by nearest rank.
        lower: its lower bound; None where there are too few.
        upper: its upper bound; None where there are too few.
    """

    asked: int
    unanswered: int
    percentiles: tuple[float, ...]
    longest: float
    judged: float
    lower: float | None
    upper: float | None


def latency(echoes: Iterable[Echo], percentile: float) -> Latency | None:
    """Give the numbers of round trips, and the bounds of one percentile; None without any."""
    times = sorted(math.inf if echo.round_trip_s is None else echo.round_trip_s for echo in echoes)
    if not times:
        return None
    ranks = percentile_ranks(len(times), percentile, CONFIDENCE)
    return Latency(
        asked=len(times),
        unanswered=sum(math.isinf(time) for time in times),
        percentiles=tuple(nearest_rank(times, share) for share in SHOWN),
        longest=times[-1],
        judged=nearest_rank(times, percentile),
        lower=times[ranks.lower - 1] if ranks.lower else None,
        upper=times[ranks.upper - 1] if ranks.upper else None,
    )


def nearest_rank(ascending: Sequence[float], percentile: float) -> float:
    """Give the smallest value that at least `percentile` % of the values do not exceed."""
    return ascending[max(math.ceil(len(ascending) * percentile / 100 - 1e-9), 1) - 1]


def echoes_needed(percentile: float) -> int:
    """Give how many round trips it takes to say anything about a percentile."""
    return values_needed(percentile, CONFIDENCE)


def longest_silence(echoes: Iterable[Echo]) -> int:
    """Give the longest run of questions without an answer."""
    longest = run = 0
    for echo in echoes:
        run = run + 1 if echo.round_trip_s is None else 0
        longest = max(longest, run)
    return longest


def milliseconds(seconds: float | None) -> str:
    """Give a time in ms, three digits that count: `0.412 ms`; `no answer` for one that never ended."""
    if seconds is None:
        return "unknown"
    return "no answer" if math.isinf(seconds) else f"{float(f'{seconds * 1e3:.3g}'):.10g} ms"


def latency_finding(facts: TelemetryFacts, limits: TelemetryLimits) -> Finding:
    """Give NET-LATENCY."""
    if facts.no_echoes:
        statement = f"No round trip could be measured: {facts.no_echoes.rstrip('.')}."
        return facts.finding(checks.LATENCY, Verdict.INCONCLUSIVE, statement)
    loaded = facts.under_load
    found = latency(loaded or facts.echoes, limits.latency_percentile)
    if found is None:
        return facts.finding(checks.LATENCY, Verdict.INCONCLUSIVE, "No round trip was measured.")
    kind = KIND_WORDS[facts.echo_kind]
    if found.unanswered == found.asked:
        statement = f"None of {found.asked} questions by {kind} was answered: it may be blocked on the way."
        return facts.finding(checks.LATENCY, Verdict.INCONCLUSIVE, statement, _evidence(found, limits), BLOCKED)
    verdict, statement = _judged(found, limits)
    if not loaded and verdict is Verdict.PASS:
        verdict, statement = Verdict.INCONCLUSIVE, f"Without load, {statement}"
    remedy = LONGER if verdict is Verdict.INCONCLUSIVE else ""
    ending = f" ({found.asked} by {kind}, {found.unanswered} unanswered): network latency, not measurement latency."
    return facts.finding(checks.LATENCY, verdict, statement + ending, _evidence(found, limits), remedy)


def _judged(found: Latency, limits: TelemetryLimits) -> tuple[Verdict, str]:
    name, limit = f"{limits.latency_percentile:g} % of round trips", milliseconds(limits.latency_s)
    if found.upper is not None and found.upper < limits.latency_s:
        return Verdict.PASS, f"{name} take less than {milliseconds(found.upper)}, limit {limit}"
    if found.lower is not None and found.lower > limits.latency_s:
        # An unanswered question has no time of its own; that it is beyond the limit is all that is known.
        reach = limit if math.isinf(found.lower) else milliseconds(found.lower)
        slowest = f"{100 - limits.latency_percentile:.4g} % of round trips"
        return Verdict.FAIL, f"More than {slowest} take longer than {reach}, limit {limit}"
    if found.upper is None:
        needed = echoes_needed(limits.latency_percentile)
        return Verdict.INCONCLUSIVE, f"Too few round trips: {found.asked}, at least {needed} are needed"
    ends = f"{milliseconds(found.lower)} to {milliseconds(found.upper)}"
    return Verdict.INCONCLUSIVE, f"{name} may take less or more than {limit}: the percentile lies within {ends}"


def _evidence(found: Latency, limits: TelemetryLimits) -> list[Evidence]:
    limit = milliseconds(limits.latency_s)
    judged = f"{limits.latency_percentile:g} %"
    values = [
        *((f"{share:g} %", time, "") for share, time in zip(SHOWN, found.percentiles, strict=True)),
        ("longest", found.longest, ""),
        (f"lower bound of {judged}", found.lower, limit),
        (f"upper bound of {judged}", found.upper, limit),
    ]
    source = "order statistics, 95 % one-sided, round trips taken as independent"
    return [
        *(_time(name, time, limit, source if limit else "") for name, time, limit in values),
        Evidence(name="asked", value=str(found.asked)),
        Evidence(name="unanswered", value=str(found.unanswered)),
    ]


def _time(name: str, seconds: float | None, limit: str, source: str) -> Evidence:
    words = milliseconds(seconds)
    value = words.removesuffix(" ms")
    return Evidence(name=name, value=value, unit="ms" if value != words else "", limit=limit, source=source)
