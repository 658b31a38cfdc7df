"""The report: the frozen outcome of a run. Numbers that mean something are strings beside their unit.

A field is never removed or given another meaning without a new `SCHEMA`.
"""

from __future__ import annotations

from typing import Literal

import rfc8785
from pydantic import Field

from v2g_tool.model.base import Model
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.plc_report import PlcLink
from v2g_tool.model.quantified import Quantified
from v2g_tool.model.sysctl_report import Sysctl
from v2g_tool.model.telemetry_report import Telemetry

SCHEMA = "v2g-report/3"
"""What this version writes. Version 2 adds `plc`, version 3 `telemetry` and `sysctl`; older ones are still read."""

Stage = Literal["as-found", "as-left"]


class FileHash(Model):
    """A file that the report rests on or carries, bound by its SHA-256 (64 hex digits)."""

    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    media_type: str = "application/octet-stream"


class EvidenceChain(Model):
    """The evidence journal: its file hash, first and last record hash and the number of records."""

    name: str = "evidence.jsonl"
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    first_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    last_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    records: int = Field(ge=1)


class Clock(Model):
    """Whether the time stamps can be trusted."""

    synchronised: bool | None
    statement: str


class Tool(Model):
    """The program that measured, judged and signed."""

    name: str
    version: str


class SiteRecord(Model):
    """The site as the site file describes it."""

    name: str
    charger: str = ""
    operator: str = ""
    bench: bool
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class InstrumentCalibration(Model):
    """Calibration of a reference instrument, from the site file."""

    certificate: str
    due: str
    past_due: bool
    overridden: bool = False


class Instrument(Model):
    """An instrument as it identified itself, and the profile through which it was spoken to."""

    name: str
    role: Literal["meter", "analyzer", "inverter", "modem"]
    maker: str
    model: str
    serial: str
    firmware: str
    profile: str
    profile_status: str
    profile_sha256: str
    calibration: InstrumentCalibration | None = None


class LimitReference(Model):
    """Which limits judged, by edition, and by which decision rule."""

    set: str
    class_: str = Field(alias="class", serialization_alias="class")
    title: str
    edition: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    decision_rule: str


class BudgetLine(Model):
    """One contribution to the uncertainty: standard uncertainty in % of reading."""

    source: str
    type: Literal["A", "B"]
    standard_pct: str
    degrees_of_freedom: str


class Measured(Model):
    """The error of indication at one load point, on one phase or the sum."""

    stage: Stage
    point: str
    subject: str
    reference_power: Quantified
    reference_reactive: Quantified
    meter_power: Quantified
    current: Quantified | None
    """RMS current of the phase; a sum has none."""
    error: Quantified
    expanded_uncertainty: Quantified
    coverage_factor: str
    effective_degrees: str
    limit: Quantified | None
    zone: str
    skew: Quantified
    readings: int
    effective_readings: int
    budget: tuple[BudgetLine, ...]


class Fitted(Model):
    """What a fit says about one phase: error with its expanded uncertainty (k = 2 or stated)."""

    stage: Stage
    subject: str
    parameter: Literal["gain", "phase", "offset"]
    error: Quantified | None
    expanded_uncertainty: Quantified | None
    statement: str


class RegisterChange(Model):
    """One correction register: raw value before and after, as found and as left."""

    name: str
    address: str
    as_found: str
    as_left: str
    written: bool


class Calibration(Model):
    """The calibration part of a report."""

    target: str
    legal: str
    measured: tuple[Measured, ...]
    fitted: tuple[Fitted, ...]
    registers: tuple[RegisterChange, ...]
    write_requests: int
    statement: str


class Report(Model):
    """One signed report."""

    schema_: Literal["v2g-report/1", "v2g-report/2", "v2g-report/3"] = Field(
        alias="schema", serialization_alias="schema"
    )
    report_id: str
    procedure: str
    verdict: Verdict
    started_utc: str
    ended_utc: str
    clock: Clock
    tool: Tool
    signature: Literal["signed", "test", "unsigned"]
    site: SiteRecord
    instruments: tuple[Instrument, ...]
    limits: LimitReference | None = None
    findings: tuple[Finding, ...]
    calibration: Calibration | None = None
    plc: PlcLink | None = None
    telemetry: Telemetry | None = None
    sysctl: Sysctl | None = None
    evidence: EvidenceChain
    attachments: tuple[FileHash, ...] = ()
    amends: str = ""

    def canonical_bytes(self) -> bytes:
        """Give the RFC 8785 bytes of the report: these, and no others, are signed."""
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True))
