"""All that the files of a PKI come to, the cause before its consequences. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.pki import Cause
from v2g_tool.pki import checks
from v2g_tool.pki.rules.certificate import certificate_findings
from v2g_tool.pki.rules.chain import chain_findings, time_findings
from v2g_tool.pki.rules.facts import WARNING, PkiFacts
from v2g_tool.pki.rules.files import file_findings, key_findings, link_findings
from v2g_tool.pki.rules.ocsp import ocsp_date_findings, ocsp_findings
from v2g_tool.pki.rules.revocation import revocation_findings
from v2g_tool.pki.rules.stores import anchor_findings, system_findings

_TIMES = (checks.EXPIRED, checks.NOT_YET, checks.HORIZON)
_DATED = {check.id for check in (*_TIMES, checks.CRL_STALE, checks.CRL_TIME, checks.OCSP)}
_UNNAMED = (Cause.INVALID, Cause.ALGORITHM, Cause.UNDECIDED)
"""Causes that belong to one path; what other causes name may have failed as that of a file or list that is shared."""
_SLACK = timedelta(minutes=1)


def judge(facts: PkiFacts) -> tuple[Finding, ...]:
    """Give all findings; a wrong clock comes before any date, a broken file before what it should hold."""
    clock = [*_clock(facts)]
    wrong = any(finding.verdict is Verdict.FAIL for finding in clock)
    found = [
        *clock,
        *file_findings(facts),
        *key_findings(facts),
        *certificate_findings(facts),
        *(map(_by_a_wrong_clock, time_findings(facts)) if wrong else time_findings(facts)),
        *chain_findings(facts),
        *(map(_by_a_wrong_clock, revocation_findings(facts)) if wrong else revocation_findings(facts)),
        *ocsp_findings(facts),
        *(map(_by_a_wrong_clock, ocsp_date_findings(facts)) if wrong else ocsp_date_findings(facts)),
        *anchor_findings(facts),
        *link_findings(facts),
        *system_findings(facts),
    ]
    return (*found, *_engine(facts, found), *_edition(facts))


def _by_a_wrong_clock(finding: Finding) -> Finding:
    """Give a verdict about dates as what it is where the clock is wrong: none."""
    if finding.check not in _DATED or finding.verdict is Verdict.PASS:
        return finding
    update = {"verdict": Verdict.INCONCLUSIVE, "statement": f"{finding.statement} But this clock is wrong."}
    return finding.model_copy(update={**update, "remedy": checks.CLOCK.remedy})


def _clock(facts: PkiFacts) -> Iterator[Finding]:
    clock = facts.clock
    if reason := _impossible(facts):
        statement = f"It is said to be {facts.at:%Y-%m-%d %H:%M} UTC: {reason}. The clock is wrong."
        yield checks.CLOCK.finding("clock", Verdict.FAIL, statement)
    elif clock.offset_s is not None:
        yield _offset(facts, clock.offset_s)
    elif clock.synchronised is False and _all_ended(facts):
        statement = (
            f"It is said to be {facts.at:%Y-%m-%d %H:%M} UTC: every path and every list here has ended by then. "
        )
        statement += "Nothing shows that the clock is right; compare it before anything is renewed."
        yield checks.CLOCK.finding("clock", Verdict.INCONCLUSIVE, statement)
    if clock.synchronised is not None:
        verdict = Verdict.PASS if clock.synchronised else WARNING
        statement = f"The kernel counts its clock as {'' if clock.synchronised else 'not '}synchronised."
        statement += "" if clock.synchronised else " If it is wrong, so is all that is said here about dates."
        yield checks.SYNC.finding("clock", verdict, statement, remedy="" if clock.synchronised else checks.SYNC.remedy)


def _impossible(facts: PkiFacts) -> str:
    """Give why it cannot be the time that the clock says; "" where it can."""
    starts = [c.not_before for credential in facts.credentials for c in credential.path]
    if starts and facts.at < min(starts) and not facts.clock.asked:
        # Nobody installs what has not begun on purpose, and not all of it at once.
        return "no certificate here has begun"
    if facts.clock.passed is not None and facts.at < facts.clock.passed - _SLACK:
        return f"{facts.clock.passed_by} was at {facts.clock.passed:%Y-%m-%d %H:%M}"
    return ""


def _all_ended(facts: PkiFacts) -> bool:
    """Say whether all that can end has ended: that is seldom neglect."""
    ends = [min(each.not_after for each in c.path) for c in facts.credentials if c.path and not c.profile.endless]
    updates = [each.content.next_update for each in facts.lists if each.content.next_update is not None]
    return len(ends) + len(updates) > 1 and all(end < facts.at for end in (*ends, *updates))


def _offset(facts: PkiFacts, offset_s: float) -> Finding:
    off = abs(offset_s)
    verdict = Verdict.PASS if off <= facts.site.clock_warn_s else WARNING
    verdict = Verdict.FAIL if off > facts.site.clock_fail_s else verdict
    evidence = [Evidence(name="offset", value=f"{offset_s:+.3f}", unit="s", limit=f"{facts.site.clock_fail_s:g}")]
    statement = f"The clock is {off:.3g} s from {facts.clock.source}."
    return checks.CLOCK.finding("clock", verdict, statement, evidence, checks.CLOCK.remedy if off else "")


def _engine(facts: PkiFacts, found: list[Finding]) -> Iterator[Finding]:
    """Give what the path engine says where no other check has failed for it: then something unnamed is wrong."""
    failed = {finding.subject for finding in found if finding.verdict is Verdict.FAIL}
    unseen = {finding.subject for finding in found if finding.verdict is Verdict.INCONCLUSIVE}
    for credential in facts.credentials:
        ruling = credential.ruling
        if ruling is None or credential.name in failed:
            continue
        if ruling.cause is Cause.NONE:
            until = min(c.not_after for c in ruling.path)
            ends = "has no end" if ruling.path and until.year == 9999 else f"holds until {until:%Y-%m-%d}"
            statement = f"The path of '{credential.name}' over {len(ruling.path)} certificates {ends}."
            yield checks.ENGINE.finding(credential.name, Verdict.PASS, statement)
        elif credential.name not in unseen and (ruling.cause in _UNNAMED or not failed):
            verdict = Verdict.INCONCLUSIVE if ruling.cause is Cause.UNDECIDED else Verdict.FAIL
            statement = f"The path of '{credential.name}' does not hold: {ruling.cause}. {ruling.words}"
            yield checks.ENGINE.finding(credential.name, verdict, statement)


def _edition(facts: PkiFacts) -> Iterator[Finding]:
    chargers = [c for c in facts.credentials if c.site.role == "secc"]
    if chargers:
        modern = any(c.profile.id == "iso15118-20" for c in chargers)
        statement = f"A certificate for ISO 15118-20 is {'here' if modern else 'not here: only -2 can be offered'}."
        yield checks.EDITION_20.finding("secc", Verdict.INFO, statement)
