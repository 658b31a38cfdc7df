"""Judge the kernel settings of the EMS computer; set, persist or undo them where that is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from v2g_tool.errors import NotPermitted, V2GError
from v2g_tool.hal.contracts.host import Host
from v2g_tool.host import checks
from v2g_tool.host.rules.keys import ISLANDING, NO_KERNEL, KeyFacts, judge_keys, key_facts, place
from v2g_tool.host.rules.plan import as_question, drop_in_content, drop_in_values, held_back, to_write
from v2g_tool.host.rules.ride_through import judge_timeout
from v2g_tool.host.rules.settings import judge_host
from v2g_tool.host.work.kernel_change import Kept, Kernel, State, kept_file
from v2g_tool.model.check import Check
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.profiles.gridcode import GridCodeProfile
from v2g_tool.model.profiles.kernel import KernelProfile
from v2g_tool.model.site.site import Site
from v2g_tool.model.sysctl import ConfigFile, LiveState, LiveValue, Unreadable
from v2g_tool.run.session import Session

SETTLE_S = 1.0
"""Time after which a written value is read once more: another writer shows by then."""
CORRECTED = {
    checks.LIVE.id: "Set by this run, and read back at once and after a second.",
    checks.BOOT.id: "Written into one file by this run, and all files judged again.",
}
"""How a failure was put right, by its check."""


@dataclass(frozen=True)
class Options:
    """What the user asked for beside the check."""

    apply: bool = False
    persist: bool = False
    undo: bool = False
    dry_run: bool = False
    allow_derived: bool = False

    @property
    def writes(self) -> bool:
        """Whether anything may be written."""
        return (self.apply or self.persist or self.undo) and not self.dry_run


@dataclass(frozen=True)
class Yardstick:
    """What the computer is judged by."""

    site: Site
    host: Host
    profile: KernelProfile
    code: GridCodeProfile | None


@dataclass(frozen=True)
class Look:
    """All keys of the profile, and what could not be read, at one moment."""

    keys: tuple[KeyFacts, ...]
    unreadable: tuple[Unreadable, ...]
    files: tuple[ConfigFile, ...]


@dataclass
class Outcome:
    """What it came to: the keys before and after, what was written, findings."""

    before: Look
    after: Look
    findings: list[Finding] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    statement: str = "Nothing was written."
    error: V2GError | None = None


def check_rights(options: Options, host: Host, profile: KernelProfile) -> None:
    """Refuse, before anything is judged, what this user may not write; raises NotPermitted with the command."""
    if not options.writes:
        return
    keys = [key.key for key in profile.keys] if options.apply or options.undo else []
    reason = host.unwritable(keys, drop_in=options.persist or options.undo)
    if reason:
        words = [f"--{name}" for name in ("apply", "persist", "undo") if getattr(options, name)]
        raise NotPermitted(
            f"kernel settings could not be written: {reason}",
            why="They belong to root; nothing was judged and nothing was written.",
            todo=f"Run: sudo v2g-tool sysctl {' '.join(words)}",
        )


def settle_sysctl(yardstick: Yardstick, options: Options, session: Session) -> Outcome:
    """Check the settings; apply, persist or undo what was asked for, and judge again.

    Never raises V2GError: it is part of the outcome, beside what was judged until then.
    """
    before = look(yardstick, session)
    outcome = Outcome(before, before)
    try:
        check_rights(options, yardstick.host, yardstick.profile)
        kernel = Kernel(yardstick.host, session)
        if options.writes:
            session.hold(kernel.changing.key)
            _work(kernel, yardstick, options, outcome)
        else:
            _recall(kernel, outcome)
            if options.undo:
                _undo(kernel, kernel.kept(), options, outcome)
            if options.apply or options.persist:
                _say_plan(yardstick, options, outcome, session)
    except V2GError as exc:
        outcome.error = exc
        check = checks.UNDO if options.undo else checks.APPLY
        if options.apply or options.persist or options.undo:
            statement = f"Not done: {exc.what}. {outcome.statement}"
            outcome.findings.append(check.finding("kernel", Verdict.INCONCLUSIVE, statement, remedy=exc.todo))
    if not (isinstance(outcome.error, NotPermitted) and options.writes):
        # A stop has done its work by now: what there is still becomes a report.
        with session.shield():
            outcome.after = look(yardstick, session)
            outcome.findings += _judged(yardstick, outcome)
    return outcome


def look(yardstick: Yardstick, session: Session) -> Look:
    """Read all files and values, and record them."""
    files = yardstick.host.config_files()
    keys = tuple(key_facts(key, _live(yardstick.host, key.key), files.files) for key in yardstick.profile.keys)
    session.record(
        "sysctl.look",
        {
            "live": {fact.key.key: fact.live.value if fact.live.value else f"<{fact.live.state}>" for fact in keys},
            "files": {file.path: _seen(file) for file in files.files},
            "assignments": sorted(
                {
                    f"{place(a)} {a.key} = {a.value}"
                    for f in keys
                    for e in (f.boot, f.system)
                    for a in (*e.shadowed, e.winner)
                    if a
                }
            ),
            "unreadable": {file.path: file.reason for file in files.unreadable},
        },
    )
    return Look(keys, files.unreadable, files.files)


def _live(host: Host, key: str) -> LiveValue:
    return host.live_value(key) if host.has_kernel else LiveValue(LiveState.FAILED, reason=NO_KERNEL)


def _seen(file: ConfigFile) -> str:
    """Give the SHA-256 of a file: other lines of it are nobody's business."""
    return "<masked>" if file.text is None else hashlib.sha256(file.text.encode()).hexdigest()


def _work(kernel: Kernel, yardstick: Yardstick, options: Options, outcome: Outcome) -> None:
    kept = kernel.kept()
    try:
        if kept is not None and kept.open:
            _recover(kernel, kept, outcome)
            outcome.before = look(yardstick, kernel.session)
            kept = kernel.kept()
        if options.undo:
            _undo(kernel, kept, options, outcome)
        else:
            _apply(kernel, yardstick, options, outcome)
    finally:
        outcome.writes, outcome.restored = list(kernel.writes), list(kernel.restored)


def _recover(kernel: Kernel, kept: Kept, outcome: Outcome) -> None:
    left = kernel.recover(kept)
    verdict = Verdict.FAIL if kernel.failed else Verdict.INCONCLUSIVE if left else Verdict.PASS
    brought = ", ".join(kernel.restored) or "nothing had to be written"
    statement = f"The run {kept.journal} was cut off while it wrote; what it had found was brought back: {brought}."
    statement += f" Not so: {'; '.join(left)}." if left else ""
    outcome.findings.append(checks.RECOVERY.finding("kernel", verdict, statement))


def _recall(kernel: Kernel, outcome: Outcome) -> None:
    """Say that an earlier run is open; a run that may not write leaves it so."""
    kept = kernel.kept()
    if kept is not None and kept.open:
        statement = f"The run {kept.journal} was cut off while it wrote; values may be old or new."
        outcome.findings.append(checks.RECOVERY.finding("kernel", Verdict.INCONCLUSIVE, statement))


def _undo(kernel: Kernel, kept: Kept | None, options: Options, outcome: Outcome) -> None:
    plan = "" if kept is None else f"Bring back {', '.join(kept.found)} as found"
    if kept is None or options.dry_run:
        # Another account may have applied: that this one did not is no proof that the settings are as found.
        nothing = "There was nothing of this account to undo."
        outcome.statement = f"--dry-run, nothing was written. Would: {plan}." if plan else nothing
        outcome.findings.append(checks.UNDO.finding("kernel", Verdict.SKIPPED, outcome.statement))
        return
    if not kernel.session.consents(f"{plan}?"):
        _refused(checks.UNDO, outcome)
        return
    left = kernel.undo(kept)
    brought = ", ".join(kernel.restored) or "nothing had to be written"
    outcome.statement = f"What had been found was brought back: {brought}."
    if left:
        outcome.statement += f" Not so, look at it by hand: {'; '.join(left)}."
    verdict = Verdict.FAIL if kernel.failed else Verdict.INCONCLUSIVE if left else Verdict.PASS
    outcome.findings.append(checks.UNDO.finding("kernel", verdict, outcome.statement))


def _apply(kernel: Kernel, yardstick: Yardstick, options: Options, outcome: Outcome) -> None:
    change, question = _change(yardstick, options, outcome)
    if not change:
        outcome.statement = "Everything asked for was set already: nothing was written."
        return
    kernel.session.tell(question)
    if not kernel.session.consents(f"{question}?"):
        _refused(checks.APPLY, outcome)
        return
    try:
        outcome.findings += _other_writers(
            kernel.apply(change, SETTLE_S), sum(isinstance(state, str) for state in change.values())
        )
    except V2GError:
        outcome.statement = f"Written and brought back: {', '.join(kernel.restored) or 'nothing'}."
        if kernel.failed:
            outcome.statement += f" NOT brought back: {', '.join(kernel.failed)}; the next run tries again."
        raise
    outcome.statement = f"{question}: done, and read back at once and after {SETTLE_S:g} s."


def _change(yardstick: Yardstick, options: Options, outcome: Outcome) -> tuple[dict[str, State], str]:
    """Give what is to be written, and the question about it."""
    keys, derived = outcome.before.keys, options.allow_derived or yardstick.site.site.bench
    held = held_back(keys, allow_derived=derived)
    if held:
        statement = f"Not written, because their profile is not verified: {', '.join(held)}."
        outcome.findings.append(checks.PROFILE.finding("kernel", Verdict.INCONCLUSIVE, statement))
    elif options.allow_derived and (unproven := held_back(keys, allow_derived=False)):
        statement = f"Written with --allow-derived although not verified: {', '.join(unproven)}."
        outcome.findings.append(checks.PROFILE.finding("kernel", Verdict.INFO, statement))
    values = to_write(keys, allow_derived=derived) if options.apply else {}
    lasting, name = drop_in_values(keys, allow_derived=derived), yardstick.profile.drop_in
    content = drop_in_content(yardstick.profile.id, lasting)
    persist = options.persist and yardstick.host.read_drop_in(name) != content
    file: dict[str, State] = {f"/etc/sysctl.d/{name}": kept_file(content)} if persist else {}
    return {**values, **file}, as_question(keys, values, name if persist else "", lasting)


def _say_plan(yardstick: Yardstick, options: Options, outcome: Outcome, session: Session) -> None:
    change, question = _change(yardstick, options, outcome)
    plan = f"--dry-run, nothing was written. Would: {question}."
    outcome.statement = plan if change else "Nothing is to be written."
    session.tell(outcome.statement)
    outcome.findings.append(checks.APPLY.finding("kernel", Verdict.SKIPPED, outcome.statement))


def _refused(check: Check, outcome: Outcome) -> None:
    outcome.statement = "Nobody agreed, so nothing was written."
    remedy = "Run it again and answer y, or give --yes."
    outcome.findings.append(check.finding("kernel", Verdict.INCONCLUSIVE, outcome.statement, remedy=remedy))


def _other_writers(others: Sequence[tuple[str, str, str]], written: int) -> list[Finding]:
    """Judge the second reading: another value then has another writer."""
    found = []
    for name, value, now in others:
        statement = f"It was set to {value} and reads {now or 'empty'} after {SETTLE_S:g} s."
        found.append(checks.WRITER.finding(name, Verdict.FAIL, statement))
    if not found and written:
        statement = f"All {written} written values still stand after {SETTLE_S:g} s."
        found.append(checks.WRITER.finding("kernel", Verdict.PASS, statement))
    return found


def _judged(yardstick: Yardstick, outcome: Outcome) -> list[Finding]:
    site = yardstick.site
    facts = yardstick.host.facts(site.ems.process, site.ems.config)
    after = judge_keys(outcome.after.keys, outcome.after.unreadable)
    return [
        *_corrected(outcome, after),
        *after,
        judge_timeout(_timeout(outcome.after), site.ems.islanding_action, yardstick.code, site.limits.category),
        *judge_host(facts, site.ems.process, site.ems.config, own=yardstick.host.root == Path("/")),
    ]


def _corrected(outcome: Outcome, after: Sequence[Finding]) -> list[Finding]:
    """Give the failures that this run has put right, with how it was proved."""
    if not outcome.writes:
        return []
    still = {(f.check, f.subject) for f in after if f.verdict is not Verdict.PASS}
    before = judge_keys(outcome.before.keys, outcome.before.unreadable)
    return [
        f.model_copy(update={"corrected": CORRECTED[f.check]})
        for f in before
        if f.verdict is Verdict.FAIL and f.check in CORRECTED and (f.check, f.subject) not in still
    ]


def _timeout(seen: Look) -> LiveValue | None:
    """Give the islanding timeout at work; None where the profile has none."""
    return next((fact.live for fact in seen.keys if ISLANDING in fact.key.key), None)
