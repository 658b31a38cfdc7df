"""What any procedure comes to, and the report that is made of it: the same frame for every kind of run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from v2g_tool import __version__
from v2g_tool.errors import V2GError
from v2g_tool.model.findings import Finding, Verdict, overall
from v2g_tool.model.report import SCHEMA, EvidenceChain, FileHash, Instrument, Report, SiteRecord, Tool
from v2g_tool.model.section import Section
from v2g_tool.model.site.site import Site
from v2g_tool.record.files import sha256_inside
from v2g_tool.run import checks
from v2g_tool.run.run import Run, clock_state
from v2g_tool.run.session import Session


@dataclass(frozen=True)
class Attachment:
    """A file that belongs to the report: its name in the bundle, its bytes and what they are."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True)
class Result:
    """The outcome of a procedure.

    Attributes:
        target: the instrument, link or host that was judged.
        findings: what was judged.
        instruments: what took part.
        sections: the numbers.
        attachments: files to be bound by the report.
        error: why the run ended early, None when it came to its end.
        picture: gives what a terminal of a width and an encoding shows above the findings, where there is something.
    """

    target: str
    findings: Sequence[Finding]
    instruments: Sequence[Instrument] = ()
    sections: Sequence[Section] = ()
    attachments: Sequence[Attachment] = ()
    error: V2GError | None = None
    picture: Callable[[int, str], object] | None = None


def report_of(result: Result, session: Session, site_sha256: str, signature: str) -> Report:
    """Give the report; closes the evidence with a last record, so nothing can follow what the report binds."""
    run, clock = session.run, clock_state()
    findings = [*result.findings, _clock_finding(clock.synchronised, clock.statement)]
    if signature == "unsigned":
        findings.append(_unsigned_finding(result.target))
    verdict = overall(findings)
    run.journal.append("run.end", {"verdict": str(verdict)})
    return Report.model_validate(
        {
            "schema": SCHEMA,
            "report_id": run.report_id,
            "procedure": run.procedure,
            "target": result.target,
            "verdict": verdict,
            "started_utc": _utc(run.started),
            "ended_utc": _utc(datetime.now(UTC)),
            "clock": clock,
            "tool": Tool(name="v2g-tool", version=__version__),
            "signature": signature,
            "site": _site(session.site, site_sha256, result.target),
            "instruments": tuple(result.instruments),
            "findings": tuple(findings),
            "sections": tuple(result.sections),
            "evidence": _evidence(run),
            "attachments": tuple(_bound(attachment) for attachment in result.attachments),
        }
    )


def _evidence(run: Run) -> EvidenceChain:
    return EvidenceChain(
        sha256=sha256_inside(run.folder, "evidence.jsonl"),
        first_sha256=run.journal.first_sha256,
        last_sha256=run.journal.last_sha256,
        records=run.journal.records,
    )


def _bound(attachment: Attachment) -> FileHash:
    digest = hashlib.sha256(attachment.content).hexdigest()
    return FileHash(name=attachment.name, sha256=digest, media_type=attachment.media_type)


def _site(site: Site, site_sha256: str, target: str) -> SiteRecord:
    return SiteRecord(
        name=site.site.name,
        charger=site.charger_of(target),
        operator=site.site.operator,
        bench=site.site.bench,
        sha256=site_sha256,
    )


def _clock_finding(synchronised: bool | None, statement: str) -> Finding:
    verdict = {True: Verdict.PASS, False: Verdict.INFO, None: Verdict.SKIPPED}[synchronised]
    return checks.CLOCK.finding("this computer", verdict, statement)


def _unsigned_finding(target: str) -> Finding:
    statement = "The report is not signed: nobody can tell who measured, or whether it was changed."
    return checks.UNSIGNED.finding(target, Verdict.INCONCLUSIVE, statement)


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
