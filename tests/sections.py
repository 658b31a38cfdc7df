"""The sections of a report as JSON."""

from __future__ import annotations

from typing import Any


def section(report: dict[str, Any], kind: str) -> dict[str, Any]:
    """Give the one section of a kind."""
    (found,) = (part for part in report["sections"] if part["kind"] == kind)
    return dict(found)
