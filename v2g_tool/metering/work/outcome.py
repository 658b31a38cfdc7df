"""What a calibration was asked for, and what it came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from v2g_tool.errors import V2GError
from v2g_tool.metering.checks import WIRING_FAULTS
from v2g_tool.metering.rules.fault import Fault
from v2g_tool.metering.rules.fitting import Fit
from v2g_tool.metering.section import LimitReference
from v2g_tool.metering.work.recovery import Recovered
from v2g_tool.metering.work.stage import Measurement
from v2g_tool.model.check import Check
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.report import Instrument


@dataclass(frozen=True)
class Options:
    """What the user asked for beside the target."""

    dry_run: bool = False
    allow_derived: bool = False
    accept_past_due: bool = False
    adjust: Literal["needed", "always", "never"] = "needed"
    """When to correct: beyond 0.7 of a limit, whenever a register can be improved, or not at all."""


@dataclass
class Outcome:
    """What a calibration came to; turned into the report."""

    target: str
    legal: str = "unknown"
    findings: list[Finding] = field(default_factory=list)
    instruments: list[Instrument] = field(default_factory=list)
    found: list[Measurement] = field(default_factory=list)
    left: list[Measurement] = field(default_factory=list)
    fits_found: Mapping[int, Fit] = field(default_factory=dict)
    fits_left: Mapping[int, Fit] = field(default_factory=dict)
    corrections_found: Mapping[str, int] = field(default_factory=dict)
    corrections_left: Mapping[str, int] | None = None
    statement: str = "No correction register was written."
    recovered: Recovered | None = None
    unstored: bool = False
    addresses: Mapping[str, int] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    limits: LimitReference | None = None
    error: V2GError | None = None

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Add the failed findings of wiring faults."""
        for fault in faults:
            self.add(WIRING_FAULTS[fault.kind], Verdict.FAIL, fault.statement, fault.evidence)

    def add(self, check: Check, verdict: Verdict, statement: str, evidence: Sequence[Evidence] = ()) -> None:
        """Add a finding about the target."""
        self.findings.append(check.finding(self.target, verdict, statement, evidence))
