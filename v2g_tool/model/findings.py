"""Verdicts and findings: what the technician acts on."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from v2g_tool.model.base import Model

PREFIXES = "CAL|PLC|CERT|SYS|NET|GC|LOG|HOST|PQ|RSP|ISL|STOP|ILK|THM|HOP|FLEET"
"""What the id of a finding begins with: the subject that is judged."""


WEIGHTY = 4
"""From this severity on what no limit applies to is a warning: it is told first, too."""


class Verdict(StrEnum):
    """The outcome of a judgement. "Could not check" is never pass and never fail."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    INFO = "info"
    """Measured, and no limit applies."""
    SKIPPED = "skipped"
    """Not done."""


class Evidence(Model):
    """One number or text that a finding rests on, with its unit, limit and source as text."""

    name: str
    value: str
    unit: str = ""
    limit: str = ""
    source: str = ""


class Finding(Model):
    """One judged statement.

    `statement` says what is, `remedy` what to do next. `corrected` is set on a finding that this same run has put
    right and proved so; it stays visible as it was found but no longer decides the verdict of the run.
    """

    check: str = Field(pattern=rf"^({PREFIXES})-[A-Z0-9-]+$")
    subject: str
    verdict: Verdict
    severity: int = Field(ge=1, le=10)
    statement: str
    evidence: tuple[Evidence, ...] = ()
    remedy: str = ""
    reference: str = ""
    corrected: str = ""


def overall(findings: Iterable[Finding]) -> Verdict:
    """Give the verdict of a run: fail, else inconclusive, else pass.

    What was corrected and proven in the same run does not count; a run in which nothing was judged (no finding, or
    only measured or skipped ones) is inconclusive.
    """
    judged = [f for f in findings if f.verdict not in (Verdict.INFO, Verdict.SKIPPED) and not f.corrected]
    if any(f.verdict is Verdict.FAIL for f in judged):
        return Verdict.FAIL
    if not judged or any(f.verdict is Verdict.INCONCLUSIVE for f in judged):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS
