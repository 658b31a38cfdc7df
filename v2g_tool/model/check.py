"""A check: what it is about, why it fails, what to do next, and where that stands written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

from v2g_tool.model.findings import Evidence, Finding, Verdict


@dataclass(frozen=True)
class Check:
    """One check, in the words of the technician's day; serves findings and `v2g-tool explain ID`.

    Attributes:
        id: its stable id; the prefix names the subject that is judged.
        title: what it is about.
        severity: 1 (cosmetic) to 10 (safety, or every bill wrong).
        cause: why this happens.
        remedy: what to do next.
        reference: standard, clause or step of the manual.
    """

    id: str
    title: str
    severity: int
    cause: str
    remedy: str
    reference: str

    def finding(
        self, subject: str, verdict: Verdict, statement: str, evidence: Iterable[Evidence] = (), remedy: str = ""
    ) -> Finding:
        """Give the finding about `subject`, with a remedy where there is something to do.

        `remedy` says what to do in this very case, instead of the check's own; what was only measured has no other.
        """
        if verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
            remedy = remedy or self.remedy
        elif verdict is not Verdict.INFO:
            remedy = ""
        return Finding(
            check=self.id,
            subject=subject,
            verdict=verdict,
            severity=self.severity,
            statement=statement,
            evidence=tuple(evidence),
            remedy=remedy,
            reference=self.reference,
        )


def checks_of(module: ModuleType) -> tuple[Check, ...]:
    """Give the checks that a module defines, in their order."""
    return tuple(value for value in vars(module).values() if isinstance(value, Check))
