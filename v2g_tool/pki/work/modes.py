"""Closes keys, passphrases and their folders to others, one by one, each with consent of its own."""

from __future__ import annotations

from collections.abc import Sequence

from v2g_tool.errors import V2GError
from v2g_tool.hal.linux.pki_files import set_mode
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.pki import file_checks
from v2g_tool.pki.rules.modes import ModeChange
from v2g_tool.run.session import Session

_AGAIN = "Run it again in a terminal and answer y, or with --yes: sudo v2g-tool certs fix-modes"


def fix_modes(changes: Sequence[ModeChange], session: Session, *, dry_run: bool) -> list[Finding]:
    """Change what is agreed to, and give a finding about each."""
    if not changes:
        statement = "Nobody but their owners can use keys and passphrases: nothing was changed."
        return [file_checks.MODES.finding("files", Verdict.PASS, statement)]
    return [_fixed(change, session, dry_run=dry_run) for change in changes]


def _fixed(change: ModeChange, session: Session, *, dry_run: bool) -> Finding:
    check, risk = file_checks.MODES, f" But {change.risk}." if change.risk else ""
    if dry_run:
        statement = f"--dry-run, nothing was written. Would: change {change}.{risk}"
        return check.finding(change.path, Verdict.SKIPPED, statement)
    if change.risk and session.run.person.assent:
        statement = f"{change} was not changed by --yes, for {change.risk}."
        return check.finding(
            change.path, Verdict.INCONCLUSIVE, statement, remedy="Weigh it, then answer without --yes."
        )
    if not session.consents(f"Change {change}?{risk}"):
        statement = f"Nobody agreed to change {change}.{risk}"
        return check.finding(change.path, Verdict.INCONCLUSIVE, statement, remedy=_AGAIN)
    facts = {"path": change.path, "old": f"{change.old:04o}", "new": f"{change.new:04o}"}
    session.record("mode.intent", facts)
    try:
        # One call of the kernel: there is no state between old and new that a crash could leave.
        back = set_mode(change.here, change.old, change.new)
    except V2GError as exc:
        session.record("mode.outcome", {**facts, "outcome": exc.what})
        statement = f"{change} was not changed: {exc.what}."
        return check.finding(change.path, Verdict.INCONCLUSIVE, statement, remedy=exc.todo)
    session.record("mode.outcome", {**facts, "read_back": f"{back:04o}"})
    verdict = Verdict.PASS if back == change.new else Verdict.FAIL
    return check.finding(change.path, verdict, f"{change}: changed, and reads {back:04o}.")
