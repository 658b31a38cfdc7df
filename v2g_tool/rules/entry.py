"""One entry of the catalogue of checks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One check.

    Attributes:
        check: its stable id.
        title: what it is about.
        severity: 1 (cosmetic) to 10 (safety, or every bill wrong).
        cause: why this happens.
        remedy: what to do next.
        reference: standard, clause or step of the manual.
    """

    check: str
    title: str
    severity: int
    cause: str
    remedy: str
    reference: str
