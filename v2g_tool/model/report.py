"""The report: the frozen outcome of a run. Numbers that mean something are strings beside their unit.

A field is never removed or given another meaning without a new `SCHEMA`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

import rfc8785
from pydantic import Field, SerializeAsAny, create_model

from v2g_tool.model.base import Model
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.section import Section

SCHEMA = "v2g-report/1"


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


class Report(Model):
    """One signed report."""

    schema_: Literal["v2g-report/1"] = Field(alias="schema", serialization_alias="schema")
    report_id: str
    procedure: str
    target: str
    verdict: Verdict
    started_utc: str
    ended_utc: str
    clock: Clock
    tool: Tool
    signature: Literal["signed", "test", "unsigned"]
    site: SiteRecord
    instruments: tuple[Instrument, ...]
    findings: tuple[Finding, ...]
    sections: tuple[SerializeAsAny[Section], ...]
    evidence: EvidenceChain
    attachments: tuple[FileHash, ...] = ()
    amends: str = ""

    def canonical_bytes(self) -> bytes:
        """Give the RFC 8785 bytes of the report: these, and no others, are signed."""
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True))


def report_type(kinds: Sequence[type[Section]]) -> type[Report]:
    """Give the model that reads reports with sections of these types, and of no others."""
    if not kinds:
        return Report
    one: Any = reduce(or_, kinds)
    if len(kinds) > 1:  # a union of one has no tag to tell apart
        one = Annotated[one, Field(discriminator="kind")]
    return create_model("Report", __base__=Report, sections=(tuple[one, ...], ...))
