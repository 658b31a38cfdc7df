"""The EMS computer against the manual: cores, workers, clock, governor. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from v2g_tool.host import checks
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.host import HostFacts

FAST_CLOCKS = ("tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page", "xen", "riscv_clocksource")
"""Clock sources that are read without leaving the processor, or as fast as a virtual machine can."""
STEADY_GOVERNORS = ("performance",)
"""Governors that keep the processor at its speed."""


def judge_host(facts: HostFacts, process: str, config: str, *, own: bool) -> list[Finding]:
    """Judge the settings of the EMS computer.

    Args:
        facts: what it says.
        process: name of the EMS daemon, "" where the site names none.
        config: its configuration file, "" where the site names none.
        own: whether it is this computer; a file tree has no running clock.
    """
    return [
        _affinity(facts, process),
        _workers(facts, config),
        _clock_source(facts),
        _governor(facts),
        _synchronised(facts, own=own),
    ]


def _affinity(facts: HostFacts, process: str) -> Finding:
    if not process:
        return checks.AFFINITY.finding("EMS", Verdict.SKIPPED, "Not judged: the site names no process under [ems].")
    if facts.daemons is None or "processors" in facts.trouble:
        reason = facts.trouble.get("EMS daemon") or facts.trouble.get("processors", "")
        return checks.AFFINITY.finding(process, Verdict.INCONCLUSIVE, f"Its cores could not be read: {reason}.")
    if not facts.daemons:
        remedy = f"Start it, then check again: sudo systemctl start {process}"
        statement = f"No process is called {process}, so its cores could not be checked."
        return checks.AFFINITY.finding(process, Verdict.INCONCLUSIVE, statement, remedy=remedy)
    if len(facts.online) < 2:
        return checks.AFFINITY.finding(process, Verdict.SKIPPED, "Not judged: there is only one processor.")
    evidence = [
        Evidence(name=f"PID {d.pid}", value=_numbers(d.allowed), source=f"/proc/{d.pid}/status, Cpus_allowed_list")
        for d in facts.daemons
    ]
    loose = [d for d in facts.daemons if d.allowed >= facts.online]
    if loose:
        pids = ", ".join(str(d.pid) for d in loose)
        statement = f"It may run on every processor (PID {pids})."
        remedy = f"Pin it: sudo taskset -cp {max(facts.online)} {loose[0].pid}; to keep it: CPUAffinity= in its unit."
        return checks.AFFINITY.finding(process, Verdict.FAIL, statement, evidence, remedy=remedy)
    listed = ", ".join(f"PID {d.pid} on {_numbers(d.allowed)}" for d in facts.daemons)
    return checks.AFFINITY.finding(process, Verdict.PASS, f"It is pinned: {listed}.", evidence)


def _workers(facts: HostFacts, config: str) -> Finding:
    check = checks.WORKERS
    if not config:
        return check.finding("EMS", Verdict.SKIPPED, "Not judged: the site names no config under [ems].")
    reason = facts.trouble.get("EMS configuration") or facts.trouble.get("physical cores")
    if facts.workers is None or not facts.cores:
        return check.finding(config, Verdict.INCONCLUSIVE, f"Workers and cores could not be compared: {reason}.")
    cores = len(facts.cores)
    evidence = [
        Evidence(name="worker_processes", value=facts.workers, limit=str(cores), source=config),
        Evidence(name="physical cores", value=str(cores), source="/sys/devices/system/cpu"),
    ]
    if facts.workers == "auto":
        statement = f"worker_processes is auto; the computer has {cores} physical cores."
        return check.finding(config, Verdict.PASS, statement, evidence)
    if not facts.workers:
        statement = f"It does not set worker_processes; the computer has {cores} physical cores."
        return check.finding(config, Verdict.FAIL, statement, evidence)
    verdict = Verdict.PASS if facts.workers == str(cores) else Verdict.FAIL
    return check.finding(config, verdict, f"worker_processes is {facts.workers} for {cores} physical cores.", evidence)


def _clock_source(facts: HostFacts) -> Finding:
    check, source = checks.CLOCKSOURCE, facts.clock_source
    if source is None:
        reason = facts.trouble.get("clock source", "")
        return check.finding("kernel", Verdict.INCONCLUSIVE, f"The clock source could not be read: {reason}.")
    evidence = [
        Evidence(name="available", value=" ".join(facts.clock_sources), source="/sys/devices/system/clocksource")
    ]
    verdict = Verdict.PASS if source in FAST_CLOCKS else Verdict.FAIL
    return check.finding("kernel", verdict, f"The clock source is {source}.", evidence)


def _governor(facts: HostFacts) -> Finding:
    check = checks.GOVERNOR
    if reason := facts.trouble.get("governor") or facts.trouble.get("processors"):
        return check.finding("kernel", Verdict.INCONCLUSIVE, f"The governor could not be read: {reason}.")
    if not facts.governors:
        statement = "Not judged: this processor has no frequency governor, as in a virtual machine."
        return check.finding("kernel", Verdict.SKIPPED, statement)
    slow = [(cpu, name) for cpu, name in facts.governors if name not in STEADY_GOVERNORS]
    if not slow:
        return check.finding("kernel", Verdict.PASS, f"The governor is {facts.governors[0][1]} everywhere.")
    names = ", ".join(sorted({name for _, name in slow}))
    statement = f"The governor is {names} on processors {_numbers(cpu for cpu, _ in slow)}."
    return check.finding("kernel", Verdict.FAIL, statement)


def _synchronised(facts: HostFacts, *, own: bool) -> Finding:
    check = checks.NTP
    if not own:
        return check.finding("EMS", Verdict.SKIPPED, "Not judged: a file tree has no running clock.")
    if facts.synchronised is None:
        return check.finding("EMS", Verdict.INCONCLUSIVE, "The kernel could not be asked about its clock.")
    verdict = Verdict.PASS if facts.synchronised else Verdict.FAIL
    words = "synchronised" if facts.synchronised else "not synchronised"
    return check.finding("EMS", verdict, f"The kernel counts its clock as {words}.")


def _numbers(cpus: Iterable[int]) -> str:
    return ",".join(str(cpu) for cpu in sorted(cpus))
