"""A report for people at a terminal: the details above, and in the last 24 lines verdict, worst findings and folder."""

from __future__ import annotations

import hashlib
import os
import ssl
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from v2g_tool.data.reading import read_regular
from v2g_tool.model.findings import WEIGHTY, Finding, Verdict
from v2g_tool.model.report import Report
from v2g_tool.record.files import REPORT, SIGNATURE, SIGNER
from v2g_tool.report.page import CUT, Page

_MARKS = {
    Verdict.PASS: ("✓ PASS", "green"),
    Verdict.FAIL: ("✗ FAIL", "red"),
    Verdict.INCONCLUSIVE: ("? INCONCLUSIVE", "yellow"),
    Verdict.INFO: ("• INFO", "cyan"),
    Verdict.SKIPPED: ("– SKIPPED", "dim"),
}
_STAMPS = {"signed": "", "test": "TEST", "unsigned": "UNSIGNED"}
_WORST = 3
"""So many findings, each with its remedy, fit on the last screen."""
_MARGIN = len("? INCONCLUSIVE") + 2


def show_report(report: Report, console: Console, folder: Path | None = None) -> None:
    """Show sections, files and findings, and at the end verdict, the worst findings and where the report lies.

    Args:
        report: what to show; text from instruments and files is shown, never interpreted.
        console: where; its width and colours are respected.
        folder: the folder of the bundle, when it was written.
    """
    page = Page(console)
    ranked = sorted(report.findings, key=_rank)
    worst = [finding for finding in ranked if _pressing(finding)][:_WORST]
    for section in report.sections:
        for table in section.tables():
            page.rows(table)
        if section.statement:
            page.say(("", ""))
            page.say((section.statement, ""))
    if folder is not None:
        _files(page, report, folder)
    # What is cut below stands whole here.
    whole = [finding for finding in worst if not page.cut(_statement(finding), _MARGIN).endswith(CUT)]
    _findings(page, [finding for finding in ranked if finding not in whole])
    page.say(("", ""))
    _headline(page, report)
    _findings(page, worst, cut=True)
    if folder is not None:
        page.say((f"Report  {folder}", ""), whole=True)


def _headline(page: Page, report: Report) -> None:
    mark, colour = _MARKS[report.verdict]
    where = f"{report.target} at {report.site.name}" if report.target else report.site.name
    stamp = _STAMPS[report.signature]
    page.say(
        (f"  {report.procedure}  {where}", "bold"),
        (f"  {stamp}" if stamp else "", "bold magenta"),
        mark=(f" {mark} ", f"bold reverse {colour}"),
    )


def _findings(page: Page, findings: Sequence[Finding], *, cut: bool = False) -> None:
    rows: list[tuple[tuple[str, str], str]] = []
    for finding, following in zip(findings, [*findings[1:], None], strict=False):
        mark, colour = _MARKS[finding.verdict]
        corrected = finding.verdict is Verdict.FAIL and finding.corrected
        statement = page.cut(_statement(finding), _MARGIN) if cut else _statement(finding)
        rows.append(((f"{mark}, corrected" if corrected else mark, colour), statement))
        if finding.corrected:
            rows.append((("", ""), finding.corrected))
        elif finding.remedy and not _says_the_same(finding, following):
            rows.append((("", ""), f"→ {finding.remedy}"))
    if rows:
        if not cut:
            page.say(("", ""))
        page.hang(rows)


def _says_the_same(finding: Finding, following: Finding | None) -> bool:
    """Give whether the next one asks for the same and will say so: once is enough."""
    return following is not None and (following.remedy, following.corrected) == (finding.remedy, "")


def _rank(finding: Finding) -> tuple[int, int, str]:
    """Order the worst first; what this run has put right comes after what still needs somebody."""
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE, None, Verdict.INFO, Verdict.SKIPPED, Verdict.PASS)
    corrected = finding.verdict is Verdict.FAIL and finding.corrected
    return order.index(None if corrected else finding.verdict), -finding.severity, finding.check


def _pressing(finding: Finding) -> bool:
    """Give whether somebody has to know it first: it is no pass, or it was measured and weighs."""
    if finding.verdict is Verdict.INFO:
        return finding.severity >= WEIGHTY
    return finding.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE) and not finding.corrected


def _statement(finding: Finding) -> str:
    return f"{finding.check}  {finding.subject}: {finding.statement}"


def _files(page: Page, report: Report, folder: Path) -> None:
    page.say(("", ""))
    names = (REPORT, SIGNATURE, SIGNER, report.evidence.name, *(a.name for a in report.attachments))
    rows: list[tuple[tuple[str, str], str]] = [
        (("Files", ""), " ".join(name for name in names if os.path.lexists(folder / name)))
    ]
    if signer := _fingerprint(folder / SIGNER):
        rows.append((("Signer", ""), signer))
    page.hang(rows)


def _fingerprint(path: Path) -> str:
    """Give the SHA-256 of the first certificate in a PEM file, without loading a cryptography library."""
    try:
        first, end, _ = read_regular(path, 1_000_000).decode("ascii").partition("-----END CERTIFICATE-----")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first + end)).hexdigest()
    except (OSError, ValueError):
        return ""
