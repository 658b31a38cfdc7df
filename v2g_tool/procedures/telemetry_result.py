"""The outcome of `throughput`: findings, section, pictures and tables for the report."""

from __future__ import annotations

from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.procedures.telemetry_section import telemetry_section
from v2g_tool.procedures.throughput import Measured
from v2g_tool.rules import network_checks as checks
from v2g_tool.rules.telemetry import judge
from v2g_tool.rules.telemetry_facts import TelemetryLimits
from v2g_tool.run.result import Attachment, Result


def telemetry_result(limits: TelemetryLimits, measured: Measured, attachments: list[Attachment]) -> Result:
    """Give what the measurement came to, as any procedure gives it."""
    facts, look = measured.facts, measured.last_look
    return Result(
        target=facts.target,
        findings=[*judge(facts, limits, look), *_early_end(measured)],
        sections={"telemetry": telemetry_section(facts, limits, look)},
        attachments=attachments,
        error=measured.error,
    )


def _early_end(measured: Measured) -> list[Finding]:
    error = measured.error
    if error is None or measured.facts.interrupted:
        return []
    statement = f"The measurement could not be done: {error.what}."
    return [measured.facts.finding(checks.IPERF3, Verdict.INCONCLUSIVE, statement, remedy=error.todo)]
