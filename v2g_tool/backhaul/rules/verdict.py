"""What the measurement of a telemetry backhaul comes to: between its looks, and at its end. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from v2g_tool.backhaul import checks
from v2g_tool.backhaul.rules import path
from v2g_tool.backhaul.rules.answers import responder_findings, trouble_findings
from v2g_tool.backhaul.rules.counts import Comparison, compare, counts_finding, versions_finding
from v2g_tool.backhaul.rules.facts import TelemetryFacts, TelemetryLimits
from v2g_tool.backhaul.rules.latency import latency_finding
from v2g_tool.backhaul.rules.loss import (
    FEWEST_SECONDS,
    LossVerdict,
    datagrams_needed,
    datagrams_to_decide,
    decide,
    loss_evidence,
    loss_words,
    pool,
)
from v2g_tool.backhaul.rules.versions import believed
from v2g_tool.model.findings import Finding, Verdict

LONGER = "Run again with a longer --max-time."
AS_NAMED = "Put right what the other findings name, then run again."


@dataclass(frozen=True)
class Stand:
    """How the loss stands at one look.

    Attributes:
        loss: the bare judgement of the counts.
        verdict: what may be said now: a pass needs the whole measurement, and any verdict needs sound counts.
        withheld: why the counts carry no verdict, "" where they do; measuring longer does not help then.
        wanted: datagrams in all, the ones sent included, that should decide at the next look; None where no more
            are needed, or none would help.
    """

    loss: LossVerdict
    verdict: Verdict
    withheld: str
    wanted: int | None


def stand(facts: TelemetryFacts, limits: TelemetryLimits, look: int) -> Verdict:
    """Give what may be said of the loss at look number 1, 2, ...; asked once a look, for each look costs certainty."""
    return look_at(facts, limits, look).verdict


def look_at(facts: TelemetryFacts, limits: TelemetryLimits, look: int) -> Stand:
    """Give how the loss stands at look number 1, 2, ..., with its numbers."""
    loss = decide(pool(believed(piece).piece for piece in facts.pieces), limits.loss_ratio, look)
    if withheld := _withheld(facts, compare(facts)):
        return Stand(loss, Verdict.INCONCLUSIVE, withheld, None)
    verdict = loss.verdict
    if verdict is Verdict.PASS and _not_the_whole(facts, limits):
        verdict = Verdict.INCONCLUSIVE
    return Stand(loss, verdict, "", datagrams_to_decide(loss) if loss.verdict is Verdict.INCONCLUSIVE else None)


def judge(facts: TelemetryFacts, limits: TelemetryLimits, look: int = 1) -> tuple[Finding, ...]:
    """Give all findings at the end of a run; what was not measured is not spoken of.

    Args:
        facts: what is known; where nothing was sent, only who answers and what went wrong.
        limits: what is asked.
        look: the number of the last look at the loss, and one more if pieces were measured after it.
    """
    asked = bool(facts.pieces or facts.echoes or facts.no_echoes)
    return (
        *responder_findings(facts),
        *trouble_findings(facts),
        *(_load_findings(facts, limits, max(look, 1)) if facts.pieces else ()),
        *([latency_finding(facts, limits)] if asked else ()),
        *([path.fragment_finding(facts)] if facts.pieces or facts.path is not None else ()),
    )


def _load_findings(facts: TelemetryFacts, limits: TelemetryLimits, look: int) -> list[Finding]:
    return [
        _loss_finding(facts, limits, look_at(facts, limits, look)),
        counts_finding(facts, compare(facts)),
        versions_finding(facts, [believed(piece) for piece in facts.pieces]),
        path.rate_finding(facts, limits),
        path.jitter_finding(facts),
        path.order_finding(facts),
        path.burst_finding(facts),
    ]


def _loss_finding(facts: TelemetryFacts, limits: TelemetryLimits, now: Stand) -> Finding:
    words = loss_words(now.loss)
    remedy = ""
    if now.verdict is Verdict.INCONCLUSIVE:
        reason = now.withheld or _not_the_whole(facts, limits)
        words += f" No verdict: {reason}." if reason else _too_few(now.loss)
        remedy = AS_NAMED if reason else LONGER
    if now.loss.dispersion.bursty:
        words += f" Losses come in bursts: the datagrams count as {now.loss.effective:.0f} independent ones."
    return facts.finding(checks.LOSS, now.verdict, words, loss_evidence(now.loss), remedy)


def _too_few(loss: LossVerdict) -> str:
    needed = datagrams_needed(loss.limit_ratio, loss.look)
    if loss.effective < needed:
        return f" Too few datagrams to say: even without a loss it takes {needed} independent ones."
    return " The limit lies within the interval."


def _withheld(facts: TelemetryFacts, comparison: Comparison) -> str:
    """Give why the counts carry no verdict, neither pass nor fail."""
    if not facts.pieces:
        return "nothing was measured"
    if any(believed(piece).source == "none" for piece in facts.pieces):
        return "this pair of iperf3 versions can hide losses (NET-VERSIONS)"
    if not comparison.sound:
        return "the counts do not support one another (NET-COUNTS)"
    if path.is_fragmented(facts):
        return "the datagrams were cut, and what was lost are fragments (NET-FRAGMENT)"
    return ""


def _not_the_whole(facts: TelemetryFacts, limits: TelemetryLimits) -> str:
    """Give why the loss may not pass, though it may fail."""
    if facts.trouble is not None:
        return "the measurement did not come to its end"
    if facts.interrupted:
        return "the run was stopped"
    if any(piece.server_lost is None for piece in facts.pieces):
        return "the receiver gave no output, so datagrams that came double may hide losses"
    lossy = any(piece.lost or piece.out_of_order or piece.sent > piece.counted for piece in facts.pieces)
    if lossy and sum(len(piece.intervals) for piece in facts.pieces) < FEWEST_SECONDS:
        return "in so few seconds nobody can tell whether losses come in bursts"
    if not path.rate_reached(facts.pieces, limits):
        return "the load was below the rate that was asked for (NET-RATE)"
    return ""
