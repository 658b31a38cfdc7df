"""Catalogues for people: what a finding means, and which faults the bench can play."""

from __future__ import annotations

from v2g_tool.bench.faults import CATALOGUE as FAULTS
from v2g_tool.errors import RequestError
from v2g_tool.model.spelling import did_you_mean
from v2g_tool.register import all_checks
from v2g_tool.report.page import show_lines


def explain(check: str) -> None:
    """Print title, cause, remedy and reference of a finding; raises RequestError for an id that does not exist."""
    checks = all_checks()
    entry = checks.get(check.upper())
    if entry is None:
        raise RequestError(
            f"there is no finding '{check}'.{did_you_mean(check.upper(), checks)}",
            why=f"There are {len(checks)}, from {min(checks)} to {max(checks)}.",
            todo="Copy the id from the report.",
        )
    parts = (("Cause", entry.cause), ("Remedy", entry.remedy), ("Reference", entry.reference))
    title = f"{entry.id}  {entry.title}  (severity {entry.severity} of 10)"
    show_lines(title, *(f"{label}: {text}" for label, text in parts))


def show_checks() -> None:
    """Print the id and the title of every finding."""
    checks = all_checks()
    show_lines(*(f"{name:<{max(map(len, checks))}}  {check.title}" for name, check in checks.items()), whole=True)


def show_faults() -> None:
    """Print every fault of the virtual bench with one line about it."""
    show_lines(*(f"{kind.name:<20} {kind.group:<9} {kind.line}" for kind in FAULTS.values()), whole=True)
