"""The share of datagrams that were lost, with an interval that stays right when it is looked at again and again. Pure.

iperf3's receiver counts gaps in the sequence numbers. It can't see what is missing behind the last datagram that
arrived, and each datagram that arrives twice lowers its count of losses by one, as a late one rightly does. So the
losses are known to lie between what was counted and that plus all of these.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from v2g_tool.model.findings import Evidence, Verdict
from v2g_tool.model.telemetry import Piece
from v2g_tool.statistics.distributions import chi_square_quantile, student_t_quantile
from v2g_tool.statistics.proportion import lower_bound, trials_without_hit, upper_bound

ERROR = 0.05
"""How often the interval may miss the truth, all looks together."""
MOST_LOOKS = 40
"""Beyond so many looks the error of one can't be told from none; no run has them."""
FEWEST_SECONDS = 4
"""In fewer seconds with losses nobody can tell whether they come in bursts: such a loss does not pass."""
LEVEL = 0.01
"""How often losses that are independent may be taken for bursts."""
FARTHEST = 1000.0
"""No run is extended by more than this factor."""
DECISION_RULE = (
    "Exact binomial (Clopper-Pearson) interval for the loss ratio, two-sided: pass when its upper end is below the "
    "limit, fail when its lower end is above it, else inconclusive. The run may be looked at several times: look "
    "number i has an error of 5 % / 2^i, so that all looks together keep 95 %. The lower end rests on the counted "
    "losses, the upper end also on datagrams sent behind the last one that arrived and on those late or double. Where "
    "the losses of the seconds scatter more than by chance (Pearson's chi-square, 1 %), the number of datagrams is "
    "divided by the design effect chi-square / (m - 1) and by the squared ratio of Student's t for m - 1 to the normal "
    "quantile (Korn and Graubard)."
)


@dataclass(frozen=True)
class LossCount:
    """What was counted, all pieces together.

    Attributes:
        sent: datagrams that were sent.
        lost: datagrams that were counted as lost.
        unaccounted: datagrams sent behind the last one that arrived.
        out_of_order: datagrams late or double.
        cells: lost and all datagrams of each second, or of a whole piece where the seconds are not known.
    """

    sent: int
    lost: int
    unaccounted: int
    out_of_order: int
    cells: tuple[tuple[int, int], ...] = ()

    @property
    def ratio(self) -> float | None:
        """The counted losses as a share of what was sent; None where nothing was sent."""
        return self.lost / self.sent if self.sent > 0 else None

    @property
    def most(self) -> int:
        """So many may have been lost at most."""
        return min(max(self.lost, 0) + max(self.unaccounted, 0) + max(self.out_of_order, 0), max(self.sent, 0))

    @property
    def least(self) -> int:
        """So many were lost at least."""
        return min(max(self.lost, 0), max(self.sent, 0))

    def times(self, factor: float) -> LossCount:
        """Give what a run that is so many times longer would count, were it to go on as before."""
        sent, lost, unaccounted, out_of_order = (
            round(n * factor) for n in (self.sent, self.lost, self.unaccounted, self.out_of_order)
        )
        return LossCount(sent, lost, unaccounted, out_of_order)


def pool(pieces: Iterable[Piece]) -> LossCount:
    """Give the counts of all pieces together."""
    pieces = tuple(pieces)
    return LossCount(
        sent=sum(piece.sent for piece in pieces),
        lost=sum(piece.lost for piece in pieces),
        unaccounted=sum(max(piece.sent - piece.counted, 0) for piece in pieces),
        out_of_order=sum(piece.out_of_order for piece in pieces),
        cells=tuple(cell for piece in pieces for cell in _cells(piece)),
    )


def _cells(piece: Piece) -> list[tuple[int, int]]:
    return [(i.lost, i.total) for i in piece.intervals] or [(piece.lost, piece.counted)]


@dataclass(frozen=True)
class Dispersion:
    """How the losses of the seconds scatter about one common ratio.

    Attributes:
        cells: seconds that had datagrams.
        statistic: Pearson's chi-square.
        bursty: whether that is more than chance makes.
    """

    cells: int
    statistic: float
    bursty: bool

    @property
    def design_effect(self) -> float:
        """By how much the variance exceeds that of independent losses; 1 where it does not."""
        return max(self.statistic / (self.cells - 1), 1.0) if self.bursty else 1.0

    def divisor(self, confidence: float) -> float:
        """Give by what the number of datagrams is divided; the design effect itself is known from few seconds."""
        if not self.bursty:
            return 1.0
        probability = (1 + confidence) / 2
        t = student_t_quantile(probability, self.cells - 1)
        return self.design_effect * max(t / student_t_quantile(probability, math.inf), 1.0) ** 2


def dispersion(cells: Sequence[tuple[int, int]]) -> Dispersion:
    """Test the losses of the seconds against one common ratio; less than two seconds, or no loss, show nothing.

    With a handful of losses the chi-square distribution is left: two that meet in one second of thirty already count
    as a burst. That errs on the safe side, for it widens the interval.
    """
    counted = [(min(max(lost, 0), total), total) for lost, total in cells if total > 0]
    lost, total = sum(c[0] for c in counted), sum(c[1] for c in counted)
    if len(counted) < 2 or not 0 < lost < total:
        return Dispersion(len(counted), 0.0, False)
    ratio = lost / total
    statistic = math.fsum((k - n * ratio) ** 2 / (n * ratio * (1 - ratio)) for k, n in counted)
    return Dispersion(len(counted), statistic, statistic > chi_square_quantile(1 - LEVEL, len(counted) - 1))


@dataclass(frozen=True)
class LossVerdict:
    """What a count says about the limit at one look.

    Attributes:
        verdict: pass, fail or inconclusive.
        count: what was counted.
        lower: lower end of the interval for the loss ratio.
        upper: its upper end.
        confidence: the two-sided confidence of this look.
        look: its number, from 1.
        limit_ratio: the limit.
        dispersion: how the losses scatter.
        effective: datagrams that count as independent.
    """

    verdict: Verdict
    count: LossCount
    lower: float
    upper: float
    confidence: float
    look: int
    limit_ratio: float
    dispersion: Dispersion
    effective: float


def confidence_of(look: int) -> float:
    """Give the confidence of look number 1, 2, ...: their errors 2.5 %, 1.25 %, ... add up to 5 %.

    Raises:
        ValueError: looks are counted from 1.
    """
    if look < 1:
        raise ValueError(f"looks are counted from 1, not {look}")
    return 1 - ERROR / float(2 ** min(look, MOST_LOOKS))


def decide(count: LossCount, limit_ratio: float, look: int) -> LossVerdict:
    """Judge a count against a limit, 0 < `limit_ratio` < 1, at look number 1, 2, ..."""
    confidence = confidence_of(look)
    scatter = dispersion(count.cells)
    divisor = scatter.divisor(confidence)
    sent = max(count.sent, 0) / divisor
    lower = lower_bound(count.least / divisor, sent, confidence)
    upper = upper_bound(count.most / divisor, sent, confidence)
    verdict = Verdict.PASS if upper < limit_ratio else Verdict.FAIL if lower > limit_ratio else Verdict.INCONCLUSIVE
    return LossVerdict(verdict, count, lower, upper, confidence, look, limit_ratio, scatter, sent)


def datagrams_needed(limit_ratio: float, look: int) -> int:
    """Give how many datagrams without a single loss pass at look number 1, 2, ..."""
    return trials_without_hit(limit_ratio, confidence_of(look))


def datagrams_to_decide(judged: LossVerdict) -> int | None:
    """Estimate how many datagrams in all decide at the next look, were it to go on as before; None if too many.

    Nothing rests on this but how long the run is extended.
    """
    count, look = judged.count, judged.look + 1
    divisor = max(count.sent, 1) / max(judged.effective, 1.0)
    least = datagrams_needed(judged.limit_ratio, look)
    if count.sent <= 0:
        return least
    alike = count.times(1 / divisor)

    def decides(factor: float) -> bool:
        return decide(alike.times(factor), judged.limit_ratio, look).verdict is not Verdict.INCONCLUSIVE

    low, high = 1.0, 2.0
    while not decides(high):
        low, high = high, high * 2
        if high > FARTHEST:
            return None
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return max(math.ceil(count.sent * high), least if count.most == 0 else 0)


def loss_words(judged: LossVerdict) -> str:
    """Give the counts and the interval in a sentence."""
    count = judged.count
    behind = f"{count.unaccounted} sent behind the last one that arrived" if count.unaccounted else ""
    mixed = f"{count.out_of_order} late or double" if count.out_of_order else ""
    more = f", {' and '.join(filter(None, (behind, mixed)))}" if behind or mixed else ""
    return (
        f"{count.lost} of {count.sent} datagrams lost{more}: {percent(count.ratio or 0)}, "
        f"{percent(judged.lower)} to {percent(judged.upper)} with {confidence_words(judged.confidence)} confidence "
        f"(look {judged.look}), limit {percent(judged.limit_ratio)}."
    )


def percent(ratio: float) -> str:
    """Give a ratio in %, with four digits that count: `0.0998 %`."""
    return f"{float(f'{100 * ratio:.4g}'):.10g} %"


def confidence_words(confidence: float) -> str:
    """Give a confidence in %, with as many nines as it has: `97.5 %`, `99.921875 %`."""
    return f"{100 * confidence:.12g} %"


def loss_evidence(judged: LossVerdict) -> list[Evidence]:
    """Give the numbers that the verdict rests on."""
    count, limit, scatter = judged.count, percent(judged.limit_ratio), judged.dispersion
    ratios = {"loss ratio": count.ratio or 0, "lower end": judged.lower, "upper end": judged.upper}
    return [
        *(Evidence(name=n, value=percent(r).removesuffix(" %"), unit="%", limit=limit) for n, r in ratios.items()),
        Evidence(name="confidence", value=confidence_words(judged.confidence).removesuffix(" %"), unit="%"),
        Evidence(name="look", value=str(judged.look)),
        Evidence(name="sent", value=str(count.sent), unit="datagrams"),
        Evidence(name="lost", value=str(count.lost), unit="datagrams"),
        Evidence(name="sent behind the last one that arrived", value=str(count.unaccounted), unit="datagrams"),
        Evidence(name="late or double", value=str(count.out_of_order), unit="datagrams"),
        Evidence(name="chi-square of the seconds", value=f"{scatter.statistic:.2f}", source=f"{scatter.cells} seconds"),
        Evidence(name="effective number", value=f"{judged.effective:.0f}", unit="datagrams"),
        Evidence(name="decision rule", value=DECISION_RULE),
    ]
