"""Catalogues for people: what a finding means, and which faults the bench can play."""

from __future__ import annotations

from rich.console import Console

from v2g_tool.bench.faults import CATALOGUE as FAULTS
from v2g_tool.errors import RequestError
from v2g_tool.model.spelling import did_you_mean
from v2g_tool.rules.catalogue import CATALOGUE as CHECKS


def explain(check: str) -> None:
    """Print title, cause, remedy and reference of a finding; raises RequestError for an id that does not exist."""
    entry = CHECKS.get(check.upper())
    if entry is None:
        raise RequestError(
            f"there is no finding '{check}'.{did_you_mean(check.upper(), CHECKS)}",
            why=f"There are {len(CHECKS)}, from {min(CHECKS)} to {max(CHECKS)}.",
            todo="Copy the id from the report.",
        )
    console = Console(highlight=False, markup=False)
    console.print(f"{entry.check}  {entry.title}  (severity {entry.severity} of 10)")
    for label, text in (("Cause", entry.cause), ("Remedy", entry.remedy), ("Reference", entry.reference)):
        console.print(f"{label}: {text}")


def show_checks() -> None:
    """Print the id and the title of every finding."""
    console = Console(highlight=False, markup=False)
    for entry in CHECKS.values():
        console.print(f"{entry.check:<{max(map(len, CHECKS))}}  {entry.title}")


def show_faults() -> None:
    """Print every fault of the virtual bench with one line about it."""
    console = Console(highlight=False, markup=False)
    for kind in FAULTS.values():
        console.print(f"{kind.name:<20} {kind.group:<9} {kind.line}")
