"""What the maps of a link mean: the 10 dB rule where it can be judged, and what else is worth saying. Pure."""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from plc_tool.diagnosis import Cause, blind_spots
from plc_tool.error_rates import qpsk_es_n0_db
from plc_tool.ladder import FLOORS_DB, mean_db
from plc_tool.link_class import classify
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.plc import FLAG_WORDS, Band, ErrorRates, LinkMap, Observation, Tier
from v2g_tool.rules.catalogue import finding

PROBES = "To measure SNR, clamp a pair of HomePlug AV probe modems on CP and PE in place of car and charger."
SOUND = "For the attenuation, map with --active, or plug a vehicle in while mapping."
NO_CAUSE = "No known cause shows. Map again with nearby drives off, then on, and compare with 'v2g-plc-tool diff'."
NOTCHES = "PLC-NOTCHES"
"""Carriers that the modem masks by itself are worth knowing, and no fault."""


@dataclass(frozen=True)
class SnrLimit:
    """The SNR that every carrier needs in dB, and the share of carriers in % that may miss it."""

    snr_db: float = 10.0
    carriers_below_pct: float = 0.0


NEAR_PCT = 1.0
"""Share of carriers that may be one constellation below the limit: a modem keeps a margin, and its choice for a carrier
moves by one step from reading to reading. A few such carriers are within the uncertainty, more are not."""


@dataclass(frozen=True)
class SnrCount:
    """How the carriers of a map stand to the limit, each in its worst row.

    Attributes:
        judged: carriers with a value.
        below: those below the limit; `far` of them by more than one constellation.
        far: those that are below whatever the modem's margin is.
        bands: where those below lie.
    """

    judged: int
    below: int
    far: int
    bands: tuple[Band, ...]

    def fails(self, allowed_pct: float) -> bool:
        """Give whether more carriers are below than the allowed share, beyond the uncertainty of bit loading."""
        far_pct, below_pct = 100 * self.far / self.judged, 100 * self.below / self.judged
        return far_pct > allowed_pct or below_pct > max(allowed_pct, NEAR_PCT)


@dataclass(frozen=True)
class Case:
    """What is judged.

    Attributes:
        target: the modem's name.
        observation: everything that was seen on the line.
        maps: the maps of the link in question, the most telling first.
        limit: the SNR limit.
        mains_hz: mains frequency.
        peer: the MAC address of the other end, "" for whatever was found.
    """

    target: str
    observation: Observation
    maps: tuple[LinkMap, ...]
    limit: SnrLimit = SnrLimit()
    mains_hz: float = 50.0
    peer: str = ""

    def finding(self, check: str, verdict: Verdict, statement: str, evidence: Sequence[Evidence] = ()) -> Finding:
        """Give a finding about the target."""
        return finding(check, self.target, verdict, statement, evidence)


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
        *(_class(case, link) for link in best if classify(link).name != "unknown"),
        *(_cause(case, cause, snr.verdict) for cause in causes),
        *_capture(case),
    ]


def worst_snr(maps: Sequence[LinkMap], limit_db: float) -> SnrCount | None:
    """Give the count of the worse direction of a link, None where no SNR was measured that carries a verdict."""
    counts = [snr_count(m, limit_db) for m in maps if m.tier is Tier.BIT_LOADING and m.spectrum is not None]
    return max((c for c in counts if c.judged), key=lambda c: (c.far / c.judged, c.below / c.judged), default=None)


def snr_count(link: LinkMap, limit_db: float) -> SnrCount:
    """Give how the active carriers of an SNR map stand to the limit, each in its worst row."""
    if link.spectrum is None:
        return SnrCount(0, 0, 0, ())
    lowest = [(at, value) for at, value in enumerate(link.spectrum.lowest()) if value is not None]
    below = [at for at, value in lowest if value < limit_db]
    # The floor above a carrier's own is what its SNR may nearly be: still below the limit means below for sure.
    far = sum(bisect_right(FLOORS_DB, value) < bisect_left(FLOORS_DB, limit_db) for _, value in lowest)
    return SnrCount(len(lowest), len(below), far, _joined([link.spectrum.points[at] for at in below]))


def _joined(bands: Sequence[Band]) -> tuple[Band, ...]:
    """Give bands with those that touch (to 1 Hz) made one."""
    joined: list[Band] = []
    for band in bands:
        if joined and band.low_hz - joined[-1].high_hz < 1:
            joined[-1] = Band(joined[-1].low_hz, band.high_hz)
        else:
            joined.append(band)
    return tuple(joined)


def megahertz(bands: Sequence[Band], most: int = 4) -> str:
    """Give bands as text, the widest first: `2.10-2.47, 7.40-7.55 MHz and 3 more`."""
    widest = sorted(bands, key=lambda b: b.low_hz - b.high_hz)[:most]
    shown = ", ".join(f"{b.low_hz / 1e6:.2f}-{b.high_hz / 1e6:.2f}" for b in sorted(widest, key=lambda b: b.low_hz))
    more = f" and {len(bands) - most} more" if len(bands) > most else ""
    return f"{shown} MHz{more}"


def _modem(case: Case) -> Finding:
    identities = case.observation.identities
    if not identities:
        return case.finding("PLC-MODEM", Verdict.SKIPPED, "No modem was heard saying what it is.")
    evidence = [Evidence(name=i.mac, value=f"{i.maker} {i.chip}", source=i.firmware) for i in identities]
    first = identities[0]
    return case.finding("PLC-MODEM", Verdict.PASS, f"{first.chip} at {first.mac} answers.", evidence)


def _link(case: Case) -> list[Finding]:
    seen = case.observation
    stations = {s.mac for network in seen.networks for s in network.stations}
    others = sorted(stations - {identity.mac for identity in seen.identities[:1]})
    if case.peer and others and case.peer not in stations:
        statement = f"{case.peer} is not in the network; there are {', '.join(others)}."
        return [case.finding("PLC-LINK", Verdict.INCONCLUSIVE, statement)]
    if len(others) > 1 and not case.peer:
        statement = f"The network has several stations: {', '.join(others)}. Say with 'peer' which link is meant."
        return [case.finding("PLC-LINK", Verdict.INCONCLUSIVE, statement)]
    if others or any(state.linked for state in seen.link_states):
        named = f" with {', '.join(others)}" if others else ""
        return [case.finding("PLC-LINK", Verdict.PASS, f"The modem is in a powerline network{named}.")]
    if not seen.link_states and not seen.networks:
        return []
    return [case.finding("PLC-LINK", Verdict.INCONCLUSIVE, "The modem is in no powerline network.")]


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
        return finding("PLC-TIER", case.target, Verdict.INCONCLUSIVE, statement, evidence, remedy=SOUND)
    rows = f", {len(best.spectrum.rows)} rows of {len(best.spectrum.points)} points" if best.spectrum else ""
    statement = f"Tier {int(best.tier)}: {best.tier.title} as {best.reporter} sees {best.peer or 'all peers'}{rows}."
    evidence += [Evidence(name="not seen", value=blind) for blind in blind_spots(best, case.mains_hz)]
    if causes:
        statement += f" Not better, because {causes[0]}."
    return case.finding("PLC-TIER", Verdict.PASS, statement, evidence)


def _says_something(link: LinkMap) -> bool:
    return link.spectrum is not None or (link.tier is Tier.ERROR_RATE and link.errors is not None)


def _snr(case: Case, causes: Sequence[Cause]) -> Finding:
    limit = case.limit
    count = worst_snr(case.maps, limit.snr_db)
    if count is None:
        why, remedy = _why_not(case.maps)
        statement = f"The {limit.snr_db:g} dB rule can't be judged: {why}"
        return finding("PLC-SNR", case.target, Verdict.INCONCLUSIVE, statement, remedy=remedy)
    share = f"{100 * count.below / count.judged:.1f}"
    evidence = [
        Evidence(name="carriers below", value=str(count.below), limit=f"{limit.carriers_below_pct:g} %"),
        Evidence(name="by more than one constellation", value=str(count.far)),
        Evidence(name="share", value=share, unit="%", source=f"{count.judged} active carriers, worst slot"),
        *(Evidence(name="band", value=megahertz([band])) for band in count.bands[:20]),
    ]
    below = f"{count.below} of {count.judged} carriers ({share} %) are below {limit.snr_db:g} dB in their worst slot"
    if count.fails(limit.carriers_below_pct):
        remedy = "" if causes else NO_CAUSE
        statement = f"{below}: {megahertz(count.bands)}."
        return finding("PLC-SNR", case.target, Verdict.FAIL, statement, evidence, remedy=remedy)
    statement = f"All {count.judged} carriers have at least {limit.snr_db:g} dB in every slot."
    if count.below:
        statement = f"{below}, which is within what the site allows and bit loading can tell: {megahertz(count.bands)}."
    return case.finding("PLC-SNR", Verdict.PASS, statement, evidence)


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
        return case.finding("PLC-ERRORS", Verdict.SKIPPED, statement, evidence)
    return case.finding("PLC-ERRORS", Verdict.SKIPPED, _errors_statement(rates), evidence)


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
    return case.finding("PLC-ATTENUATION", Verdict.SKIPPED, statement, limits)


def _class(case: Case, link: LinkMap) -> Finding:
    """Give where the link stands in the table of attenuation and errors."""
    return case.finding("PLC-CLASS", Verdict.SKIPPED, classify(link).statement)


def _cause(case: Case, cause: Cause, snr: Verdict) -> Finding:
    """Give a cause as a finding: it fails with the limit, is open where that could not be judged, else is noted."""
    verdict = {Verdict.FAIL: Verdict.FAIL, Verdict.PASS: Verdict.SKIPPED}.get(snr, Verdict.INCONCLUSIVE)
    if cause.check == NOTCHES:
        verdict = Verdict.SKIPPED
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
    return [case.finding("PLC-CAPTURE", Verdict.SKIPPED, " ".join(said))] if said else []
