"""What the maps of a link mean: the 10 dB rule where it can be judged, and what else is worth saying. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from plc_tool import checks
from plc_tool.rules.diagnosis import Cause, blind_spots
from plc_tool.rules.error_rates import qpsk_es_n0_db
from plc_tool.rules.ladder import mean_db
from plc_tool.rules.link_choice import ANY, Ends, ambiguous
from plc_tool.rules.link_class import classify
from plc_tool.rules.snr_rule import DECISION_RULE, INCOMPLETE, THE_MANUALS, SnrCount, SnrLimit, snr_counts
from v2g_tool.model.check import Check
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.plc import FLAG_WORDS, Band, ErrorRates, LinkMap, Observation, Tier

PROBES = "To measure SNR, clamp a pair of HomePlug AV probe modems on CP and PE in place of car and charger."
SOUND = "For the attenuation, map with --active, or plug a vehicle in while mapping."
NO_CAUSE = "No known cause shows. Map again with nearby drives off, then on, and compare with 'v2g-plc-tool diff'."
MEASURE_ALL = "Let traffic flow between the probes, map again, and name both modems in the site file."


@dataclass(frozen=True)
class Case:
    """What is judged.

    Attributes:
        target: the modem's name.
        observation: everything that was seen on the line.
        maps: the maps of the link in question, the most telling first.
        limit: the SNR limit.
        mains_hz: mains frequency.
        ends: the modems of the link, as far as they are known.
        named: whether somebody said which peer is meant.
    """

    target: str
    observation: Observation
    maps: tuple[LinkMap, ...]
    limit: SnrLimit = THE_MANUALS
    mains_hz: float = 50.0
    ends: Ends = ANY
    named: bool = False

    def finding(self, check: Check, verdict: Verdict, statement: str, evidence: Sequence[Evidence] = ()) -> Finding:
        """Give a finding about the target."""
        return check.finding(self.target, verdict, statement, evidence)


def judge(case: Case, causes: Sequence[Cause]) -> list[Finding]:
    """Give the findings about a link, from its maps and the causes that were found in them."""
    snr = _snr(case, causes)
    best = case.maps[:1]
    return [
        _modem(case),
        *_link(case),
        _tier(case),
        snr,
        *(_errors(case, link) for link in best if link.errors is not None),
        *(_attenuation(case, link) for link in best if link.tier is Tier.ATTENUATION and link.spectrum),
        *(
            case.finding(checks.CLASS, Verdict.INFO, found.statement)
            for found in map(classify, best)
            if found.name != "unknown"
        ),
        *(_cause(case, cause, snr.verdict) for cause in causes),
        *_capture(case),
    ]


def megahertz(bands: Sequence[Band], most: int = 4) -> str:
    """Give bands as text, the widest first: `2.10-2.47, 7.40-7.55 MHz and 3 more`."""
    widest = sorted(bands, key=lambda b: b.low_hz - b.high_hz)[:most]
    shown = ", ".join(f"{b.low_hz / 1e6:.2f}-{b.high_hz / 1e6:.2f}" for b in sorted(widest, key=lambda b: b.low_hz))
    more = f" and {len(bands) - most} more" if len(bands) > most else ""
    return f"{shown} MHz{more}"


def _modem(case: Case) -> Finding:
    identities = [i for i in case.observation.identities if case.ends.local in ("", i.mac)]
    if not identities:
        measured = any(_says_something(link) for link in case.maps)
        verdict = Verdict.INCONCLUSIVE if measured else Verdict.SKIPPED
        return case.finding(checks.MODEM, verdict, f"{case.ends.local or 'No modem'} was not heard saying what it is.")
    evidence = [Evidence(name=i.mac, value=f"{i.maker} {i.chip}", source=i.firmware) for i in identities]
    first = identities[0]
    return case.finding(checks.MODEM, Verdict.PASS, f"{first.chip} at {first.mac} answers.", evidence)


def _link(case: Case) -> list[Finding]:
    seen = case.observation
    local = case.ends.local or next((identity.mac for identity in seen.identities), "")
    networks = {n.nid: n for n in seen.networks if local in ("", n.reporter)}.values()
    others = sorted({s.mac for network in networks for s in network.stations} - {local})
    states = [state.linked for state in seen.link_states if local in ("", state.reporter)]
    if case.ends.peer and others and case.ends.peer not in others:
        statement = f"{case.ends.peer} is not in the network; there are {', '.join(others)}."
        return [case.finding(checks.LINK, Verdict.INCONCLUSIVE, statement)]
    if len(others) > 1 and not case.named:
        statement = f"The network has several stations: {', '.join(others)}. Say with 'peer' which link is meant."
        return [case.finding(checks.LINK, Verdict.INCONCLUSIVE, statement)]
    if others or states[-1:] == [True]:
        with_whom = f" with {', '.join(others)}" if others else ""
        return [case.finding(checks.LINK, Verdict.PASS, f"The modem is in a powerline network{with_whom}.")]
    if not states and not networks:
        return []
    return [case.finding(checks.LINK, Verdict.INCONCLUSIVE, "The modem is in no powerline network.")]


def _tier(case: Case) -> Finding:
    maps = case.maps
    reasons = dict.fromkeys(f"{r.message} was refused by {r.reporter}: {r.meaning}" for r in case.observation.refusals)
    empty = dict.fromkeys(
        f"tier {int(m.tier)} of {m.reporter}: {FLAG_WORDS[m.flags[0]]}" for m in maps if m.spectrum is None and m.flags
    )
    causes = [*reasons, *empty]
    evidence = [Evidence(name="why not better", value=cause) for cause in causes]
    best = next((m for m in maps if _says_something(m)), None)
    if best is None:
        statement = f"Nothing about the link could be measured: {causes[0] if causes else 'nobody sent anything'}."
        return checks.TIER.finding(case.target, Verdict.INCONCLUSIVE, statement, evidence, remedy=SOUND)
    rows = f", {len(best.spectrum.rows)} rows of {len(best.spectrum.points)} points" if best.spectrum else ""
    statement = f"Tier {int(best.tier)}: {best.tier.title} as {best.reporter} sees {best.peer or 'all peers'}{rows}."
    evidence += [Evidence(name="not seen", value=blind) for blind in blind_spots(best, case.mains_hz)]
    if causes:
        statement += f" Not better, because {causes[0]}."
    return case.finding(checks.TIER, Verdict.PASS, statement, evidence)


def _says_something(link: LinkMap) -> bool:
    return link.spectrum is not None or (link.tier is Tier.ERROR_RATE and link.errors is not None)


def _snr(case: Case, causes: Sequence[Cause]) -> Finding:
    limit = case.limit
    counts = snr_counts(case.maps, limit)
    if not counts:
        why, remedy = _why_not(case.maps)
        statement = f"The {limit.snr_db:g} dB rule can't be judged: {why}"
        return checks.SNR.finding(case.target, Verdict.INCONCLUSIVE, statement, remedy=remedy)
    worst = counts[0]
    verdict = worst.verdict(limit.carriers_below_pct)
    statement = f"{_heard(worst.link)}: {_counted(worst, limit)}"
    remedy = "" if causes else NO_CAUSE
    if verdict is not Verdict.FAIL and (reason := _open_reason(case, counts)):
        verdict, statement, remedy = Verdict.INCONCLUSIVE, f"{statement} {reason}", MEASURE_ALL
    return checks.SNR.finding(case.target, verdict, statement, _snr_evidence(worst, limit), remedy=remedy)


def _heard(link: LinkMap) -> str:
    return f"{link.reporter} hears {link.peer or 'an unknown peer'}"


def _counted(count: SnrCount, limit: SnrLimit) -> str:
    """Give in words how many carriers are below the limit, or can't be told from it."""
    of = f"of {count.carriers} carriers"
    said = []
    if count.below:
        where = megahertz(count.bands)
        said.append(
            f"{count.below} {of} ({count.below_pct:.1f} %) are below {limit.snr_db:g} dB in their worst slot, {where}"
        )
    if count.below and not count.far:
        said.append("all by one constellation only")
    if count.undecided:
        said.append(f"{count.undecided} {of} can't be told from {limit.snr_db:g} dB by their bit loading")
    return "; ".join(said) + "." if said else f"all {count.carriers} carriers have at least {limit.snr_db:g} dB."


def _open_reason(case: Case, counts: Sequence[SnrCount]) -> str:
    """Give why nothing failed and yet the link is not passed."""
    if links := ambiguous([count.link for count in counts]):
        return f"Several links were measured ({'; '.join(links)}): say with 'mac' and 'peer' which is meant."
    if len({count.link.reporter for count in counts}) < 2:
        return "The other direction was not measured."
    if incomplete := [FLAG_WORDS[flag] for count in counts for flag in count.link.flags if flag in INCOMPLETE]:
        return f"Not whole: {incomplete[0]}."
    if any(count.verdict(case.limit.carriers_below_pct) is Verdict.INCONCLUSIVE for count in counts):
        return "That is within what bit loading can tell."
    return ""


def _snr_evidence(count: SnrCount, limit: SnrLimit) -> list[Evidence]:
    share = f"{count.below_pct:.1f}"
    return [
        Evidence(name="carriers below", value=str(count.below), limit=f"{limit.carriers_below_pct:g} %"),
        Evidence(name="by more than one constellation", value=str(count.far)),
        Evidence(name="undecided", value=str(count.undecided)),
        Evidence(name="share", value=share, unit="%", source=f"{count.carriers} active carriers, worst slot"),
        Evidence(name="decision rule", value=DECISION_RULE),
        *(Evidence(name="band", value=megahertz([band])) for band in count.bands[:20]),
    ]


def _why_not(maps: Sequence[LinkMap]) -> tuple[str, str]:
    """Give why no SNR could be judged, and what to do about it."""
    best = next((m for m in maps if _says_something(m)), None)
    if best is None:
        return "nothing was measured.", "Put right what the other findings name, then map again."
    if best.tier is Tier.MODEM_SNR:
        return "the unit of this modem's SNR is not published, so it carries no verdict.", PROBES
    if best.tier is Tier.ATTENUATION:
        return "this chip shows attenuation, not SNR, and the noise is not known.", PROBES
    return "this chip shows error rates of the whole link, not SNR.", f"{SOUND} {PROBES}"


def _errors(case: Case, link: LinkMap) -> Finding:
    rates = link.errors
    assert rates is not None  # noqa: S101 - the caller chose such maps
    evidence = [
        Evidence(name="blocks", value=str(rates.blocks), source="VS_LNK_STATS"),
        *_ratio("block error ratio", rates.block_error_ratio),
        *_ratio("MPDU error ratio", rates.mpdu_error_ratio),
        *_ratio("bit error ratio before decoding", rates.bit_error_ratio),
    ]
    if "too-few-blocks" in link.flags:
        statement = f"Only {rates.blocks} blocks were received in {rates.seconds:.1f} s: too few for a rate."
        return case.finding(checks.ERRORS, Verdict.SKIPPED, statement, evidence)
    return case.finding(checks.ERRORS, Verdict.INFO, _errors_statement(rates), evidence)


def _errors_statement(rates: ErrorRates) -> str:
    since = f"in {rates.seconds:.1f} s" if rates.seconds else "since the modem began to count"
    ber = rates.bit_error_ratio
    es_n0 = qpsk_es_n0_db(ber) if ber is not None else None
    like = f" (like QPSK at {es_n0:.1f} dB Es/N0; indicative)" if es_n0 is not None else ""
    failed = f"{100 * (rates.block_error_ratio or 0):.3g} % of {rates.blocks} blocks failed"
    return f"{failed} {since}; bit error ratio before decoding {ber or 0:.2g}{like}. No limit is published for these."


def _ratio(name: str, value: float | None) -> list[Evidence]:
    return [] if value is None else [Evidence(name=name, value=f"{value:.3g}", unit="1")]


def _attenuation(case: Case, link: LinkMap) -> Finding:
    values = [v for v in link.spectrum.medians() if v is not None] if link.spectrum else []
    median = statistics.median(values)
    whose = "as the charger reports it" if "reported-mean" in link.flags else "raw, before the charger's corrections"
    statement = (
        f"Attenuation from {link.peer} to {link.reporter}: mean {mean_db(link):.1f} dB, median {median:.1f} dB, "
        f"{min(values):.0f} to {max(values):.0f} dB in {len(values)} groups, {whose}."
    )
    limits = [
        Evidence(name="direct match", value="10", unit="dB", source="C_EV_match_signalattn_direct; reference differs"),
        Evidence(name="indirect match", value="20", unit="dB", source="C_EV_match_signalattn_indirect"),
        Evidence(name="robust", value="20 to 35", unit="dB", source="DIN/TS 70121:2024-11 Annex C, informative"),
    ]
    return case.finding(checks.ATTENUATION, Verdict.INFO, statement, limits)


def _cause(case: Case, cause: Cause, snr: Verdict) -> Finding:
    """Give a cause as a finding: it fails with the limit, is open where that could not be judged, else is noted."""
    verdict = {Verdict.FAIL: Verdict.FAIL, Verdict.PASS: Verdict.INFO}.get(snr, Verdict.INCONCLUSIVE)
    if cause.check is checks.NOTCHES:  # carriers that the modem masks by itself are worth knowing, and no fault
        verdict = Verdict.INFO
    evidence = (*cause.evidence, Evidence(name="confidence", value=f"{cause.confidence:.2f}", unit="1"))
    return case.finding(cause.check, verdict, cause.statement, evidence)


def _capture(case: Case) -> list[Finding]:
    observation = case.observation
    said = []
    if observation.damaged:
        said.append(f"{observation.damaged} of {observation.frames} frames are damaged; they were left out.")
    if observation.dropped:
        said.append(
            f"{observation.dropped} findings beyond what is kept were left out: a flood, or a very long capture."
        )
    return [case.finding(checks.CAPTURE, Verdict.INFO, " ".join(said))] if said else []
