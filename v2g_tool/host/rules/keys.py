"""Kernel settings against a profile: what is at work, what a restart brings, what to write. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from v2g_tool.host import checks
from v2g_tool.host.rules.files import Assignment, Effective, Program, effective, number_or_word, same_value
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.profiles.kernel import KernelKey
from v2g_tool.model.sysctl import ConfigFile, LiveState, LiveValue, Unreadable

ISLANDING = "islanding"
"""What the name of a key says that somebody may take for anti-islanding protection."""
NO_KERNEL = "there is no running kernel in this tree"
"""Why nothing can be said about values at work in a mounted image."""


@dataclass(frozen=True)
class KeyFacts:
    """One key of the profile as it was found: at work, at boot (systemd-sysctl), after `sysctl --system`."""

    key: KernelKey
    live: LiveValue
    boot: Effective
    system: Effective

    @property
    def live_right(self) -> bool:
        """Whether the value at work is a wanted one."""
        return self.live.state is LiveState.PRESENT and meets(self.key, self.live.value)

    @property
    def boot_right(self) -> bool:
        """Whether a file sets a wanted value at boot."""
        return self.boot.winner is not None and meets(self.key, value_of(self.boot.winner))


def key_facts(key: KernelKey, live: LiveValue, files: Sequence[ConfigFile]) -> KeyFacts:
    """Give what is known of one key."""
    return KeyFacts(key, live, effective(files, key.key, Program.BOOT), effective(files, key.key, Program.SYSTEM))


def meets(key: KernelKey, value: str) -> bool:
    """Tell whether a value is a wanted one; what should be a number in a range and is none is not."""
    if key.want:
        return same_value(value, key.want)
    number = number_or_word(value.strip())
    if isinstance(number, str):
        return False
    return (key.at_least is None or number >= key.at_least) and (key.at_most is None or number <= key.at_most)


def target(key: KernelKey, found: str) -> str:
    """Give the value to write: the wanted one, the profile's target, or the nearer end of the range."""
    if key.want or key.target:
        return key.want or key.target
    below = key.at_least is not None and _number(found) < key.at_least
    end = key.at_least if below or key.at_most is None else key.at_most
    return str(end)


def _number(text: str) -> float:
    number = number_or_word(text)
    return number if isinstance(number, int) else math.inf


def wanted(key: KernelKey) -> str:
    """Give what is wanted in words: `200 ms`, `1 to 60 s`, `at least 2000 packets`."""
    unit = f" {key.unit}" if key.unit else ""
    if key.want:
        return key.want + unit
    if key.at_least is None or key.at_most is None:
        return (f"at least {key.at_least}" if key.at_most is None else f"at most {key.at_most}") + unit
    return f"{key.at_least} to {key.at_most}{unit}"


def judge_keys(facts: Sequence[KeyFacts], unreadable: Sequence[Unreadable]) -> list[Finding]:
    """Judge all keys: at work, at boot, after a reload, contradictions, and what could not be read."""
    return [
        *_absent(facts),
        *_live(facts),
        *_boot(facts, unreadable),
        *_reload(facts, unreadable),
        *_shadowed(facts),
        *_access(facts, unreadable),
        *_islanding(facts),
    ]


def _absent(facts: Sequence[KeyFacts]) -> list[Finding]:
    found = []
    for fact in facts:
        if fact.live.state is not LiveState.ABSENT:
            continue
        verdict = Verdict.FAIL if fact.key.required else Verdict.SKIPPED
        module = f": its module '{fact.key.module}' is not loaded" if fact.key.module else ""
        statement = f"This kernel does not provide the key{module}. A file that sets it has no effect."
        remedy = f"Load the vendor's module: sudo modprobe {fact.key.module}" if fact.key.module else ""
        if ISLANDING in fact.key.key:
            remedy += ", or set the time in the inverter: SunSpec model 704 (AntiIslEna) and its trip curves."
        found.append(checks.KEY_ABSENT.finding(fact.key.key, verdict, statement, [_want(fact.key)], remedy=remedy))
    return found


def _live(facts: Sequence[KeyFacts]) -> list[Finding]:
    present = [fact for fact in facts if fact.live.state is LiveState.PRESENT]
    wrong = [fact for fact in present if not fact.live_right]
    findings = [
        checks.LIVE.finding(f.key.key, Verdict.FAIL, _live_statement(f), [_want(f.key), _is("live", f)]) for f in wrong
    ]
    right = len(present) - len(wrong)
    if right:
        statement = f"{right} of {len(facts)} keys of the profile are at work with a wanted value."
        findings.append(checks.LIVE.finding("kernel", Verdict.PASS, statement))
    return findings


def _live_statement(fact: KeyFacts) -> str:
    return f"The kernel works with {fact.live.value}, wanted is {wanted(fact.key)}: {fact.key.why}."


def _boot(facts: Sequence[KeyFacts], unreadable: Sequence[Unreadable]) -> list[Finding]:
    judged = [fact for fact in facts if fact.live.state is not LiveState.ABSENT]
    if unreadable:
        names = ", ".join(file.path for file in unreadable)
        statement = f"What a restart brings is not known: {names} could not be read."
        return [checks.BOOT.finding("kernel", Verdict.INCONCLUSIVE, statement)] if judged else []
    unset = [fact for fact in judged if fact.boot.winner is None]
    wrong = [fact for fact in judged if fact.boot.winner is not None and not fact.boot_right]
    findings = [_boot_wrong(fact) for fact in wrong]
    if unset:
        names = ", ".join(fact.key.key for fact in unset)
        count = f"{len(unset)} of {len(judged)} keys"
        statement = f"No file sets {count} at boot, the kernel's defaults will apply: {names}."
        findings.append(checks.BOOT.finding("kernel", Verdict.FAIL, statement))
    if judged and not unset and not wrong:
        statement = f"Files set {len(judged)} of {len(judged)} keys at boot to wanted values."
        findings.append(checks.BOOT.finding("kernel", Verdict.PASS, statement))
    return findings


def _boot_wrong(fact: KeyFacts) -> Finding:
    winner = fact.boot.winner
    where, value = (place(winner), value_of(winner)) if winner else ("", "")
    statement = f"A restart will set {value} ({where}), wanted is {wanted(fact.key)}."
    evidence = [_want(fact.key), Evidence(name="at boot", value=value, unit=fact.key.unit, source=where)]
    return checks.BOOT.finding(fact.key.key, Verdict.FAIL, statement, evidence)


def _reload(facts: Sequence[KeyFacts], unreadable: Sequence[Unreadable]) -> list[Finding]:
    judged = [fact for fact in facts if fact.live.state is not LiveState.ABSENT]
    apart = [fact for fact in judged if not _same(fact.boot.winner, fact.system.winner)]
    if not apart:
        statement = "A restart and 'sysctl --system' set the same values."
        clean = bool(judged) and not unreadable
        return [checks.RELOAD.finding("kernel", Verdict.PASS, statement)] if clean else []
    return [_reload_apart(fact) for fact in apart]


def _reload_apart(fact: KeyFacts) -> Finding:
    boot, system = fact.boot.winner, fact.system.winner
    at_boot = f"a restart sets {value_of(boot)} ({place(boot)})" if boot else "a restart sets nothing"
    reload = (
        f"'sysctl --system' sets {value_of(system)} ({place(system)})" if system else "'sysctl --system' sets nothing"
    )
    evidence = [
        Evidence(name=name, value=value_of(one), source=place(one))
        for name, one in (("at boot", boot), ("sysctl --system", system))
        if one
    ]
    return checks.RELOAD.finding(fact.key.key, Verdict.FAIL, f"The two disagree: {at_boot}, {reload}.", evidence)


def _shadowed(facts: Sequence[KeyFacts]) -> list[Finding]:
    findings = []
    for fact in facts:
        everything = {
            a: value_of(a)
            for e in (fact.boot, fact.system)
            for a in (*e.shadowed, e.winner)
            if a and a.value is not None
        }
        values = list(everything.values())
        if all(same_value(values[0], value) for value in values[1:]):
            continue
        listed = ", ".join(f"{value} in {place(a)}" for a, value in everything.items())
        evidence = [Evidence(name="assignment", value=value, source=place(a)) for a, value in everything.items()]
        statement = f"Files contradict each other: {listed}."
        findings.append(checks.SHADOWED.finding(fact.key.key, Verdict.FAIL, statement, evidence))
    return findings


def _access(facts: Sequence[KeyFacts], unreadable: Sequence[Unreadable]) -> list[Finding]:
    shut = [fact for fact in facts if fact.live.state in (LiveState.FORBIDDEN, LiveState.FAILED)]
    keys = [(fact.key.key, f"The key could not be read: {fact.live.reason}.") for fact in shut]
    found = []
    if shut and all(fact.live.reason == NO_KERNEL for fact in shut):
        keys = []
        found = [checks.LIVE.finding("kernel", Verdict.SKIPPED, f"Not judged: {NO_KERNEL}.")]
    said = [*keys, *((file.path, f"It could not be read: {file.reason}.") for file in unreadable)]
    return [*found, *(checks.ACCESS.finding(name, Verdict.INCONCLUSIVE, why) for name, why in said)]


def _islanding(facts: Sequence[KeyFacts]) -> list[Finding]:
    """Say where the protection really is, whatever the value: a kernel setting is never reported as protection."""
    if not any(ISLANDING in fact.key.key for fact in facts):
        return []
    statement = (
        "Not judged here: a kernel setting is no anti-islanding protection. That is the inverter's own: SunSpec model "
        "704 (AntiIslEna) and its shall-trip curves."
    )
    return [checks.ISLANDING.finding("inverter", Verdict.SKIPPED, statement)]


def value_of(assignment: Assignment) -> str:
    """Give the value of an assignment, "" of an exclusion."""
    return assignment.value or ""


def place(assignment: Assignment) -> str:
    """Give where an assignment stands: `/etc/sysctl.d/99-v2g.conf:3`."""
    return f"{assignment.file}:{assignment.line}"


def _same(left: Assignment | None, right: Assignment | None) -> bool:
    if left is None or right is None:
        return left is right
    return same_value(value_of(left), value_of(right))


def _want(key: KernelKey) -> Evidence:
    return Evidence(name="wanted", value=wanted(key), source=key.reference)


def _is(name: str, fact: KeyFacts) -> Evidence:
    path = "/proc/sys/" + fact.key.key.replace(".", "/")
    return Evidence(name=name, value=fact.live.value, unit=fact.key.unit, source=path)
