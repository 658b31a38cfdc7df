"""All that the files of a PKI come to, the cause before its consequences. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.pki import Cause
from v2g_tool.pki import checks
from v2g_tool.pki.rules.certificate import certificate_findings
from v2g_tool.pki.rules.chain import chain_findings, time_findings
from v2g_tool.pki.rules.facts import WARNING, PkiFacts
from v2g_tool.pki.rules.files import file_findings, key_findings, link_findings
from v2g_tool.pki.rules.revocation import revocation_findings
from v2g_tool.pki.rules.stores import anchor_findings, system_findings


def judge(facts: PkiFacts) -> tuple[Finding, ...]:
    """Give all findings; a wrong clock comes before any date, a broken file before what it should hold."""
    found = [
        *_clock(facts),
        *file_findings(facts),
        *key_findings(facts),
        *certificate_findings(facts),
        *time_findings(facts),
        *chain_findings(facts),
        *revocation_findings(facts),
        *anchor_findings(facts),
        *link_findings(facts),
        *system_findings(facts),
    ]
    return (*found, *_engine(facts, found), *_edition(facts))


def _clock(facts: PkiFacts) -> Iterator[Finding]:
    clock, site = facts.clock, facts.site
    starts = [c.not_before for credential in facts.credentials for c in credential.path]
    if starts and facts.at < min(starts):
        # Nobody installs what has not begun on purpose, and not all of it at once.
        statement = (
            f"It is said to be {facts.at:%Y-%m-%d %H:%M} UTC: no certificate here has begun. The clock is wrong."
        )
        yield checks.CLOCK.finding("clock", Verdict.FAIL, statement)
    elif clock.offset_s is not None:
        off = abs(clock.offset_s)
        verdict = Verdict.FAIL if off > site.clock_fail_s else WARNING if off > site.clock_warn_s else Verdict.PASS
        statement = f"The clock is {clock.offset_s:+.1f} s from {clock.source}."
        yield checks.CLOCK.finding(
            "clock", verdict, statement, remedy=checks.CLOCK.remedy if verdict is WARNING else ""
        )
    if clock.synchronised is not None:
        verdict = Verdict.PASS if clock.synchronised else WARNING
        statement = f"The kernel counts its clock as {'' if clock.synchronised else 'not '}synchronised."
        yield checks.SYNC.finding("clock", verdict, statement, remedy="" if clock.synchronised else checks.SYNC.remedy)


def _engine(facts: PkiFacts, found: list[Finding]) -> Iterator[Finding]:
    """Give what the path engine says where no other check has failed for it: then something unnamed is wrong."""
    failed = {finding.subject for finding in found if finding.verdict is Verdict.FAIL}
    named = any(finding.verdict is Verdict.FAIL for finding in found)
    for credential in facts.credentials:
        ruling = credential.ruling
        if ruling is None or credential.name in failed:
            continue
        if ruling.cause is Cause.NONE:
            until = min(c.not_after for c in ruling.path)
            ends = "has no end" if ruling.path and until.year == 9999 else f"holds until {until:%Y-%m-%d}"
            statement = f"The path of '{credential.name}' over {len(ruling.path)} certificates {ends}."
            yield checks.ENGINE.finding(credential.name, Verdict.PASS, statement)
        elif not named:
            verdict = Verdict.INCONCLUSIVE if ruling.cause is Cause.UNDECIDED else Verdict.FAIL
            statement = f"The path of '{credential.name}' does not hold: {ruling.cause}. {ruling.words}"
            yield checks.ENGINE.finding(credential.name, verdict, statement)


def _edition(facts: PkiFacts) -> Iterator[Finding]:
    chargers = [c for c in facts.credentials if c.site.role == "secc"]
    if chargers:
        modern = any(c.profile.id == "iso15118-20" for c in chargers)
        statement = f"A certificate for ISO 15118-20 is {'here' if modern else 'not here: only -2 can be offered'}."
        yield checks.EDITION_20.finding("secc", Verdict.INFO, statement)
