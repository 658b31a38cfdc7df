"""What a calibration leaves in a report: errors, fit and registers as text with units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from v2g_tool.model.base import Model
from v2g_tool.model.quantified import Quantified, number, with_uncertainty
from v2g_tool.model.section import Column, Section, Table

Stage = Literal["as-found", "as-left"]


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


class Calibration(Section):
    """What a calibration measured, fitted and wrote; `limits` is None where it ended before they were known."""

    kind: Literal["metering"] = "metering"
    legal: str
    measured: tuple[Measured, ...]
    fitted: tuple[Fitted, ...]
    registers: tuple[RegisterChange, ...]
    write_requests: int
    limits: LimitReference | None = None

    def tables(self) -> tuple[Table, ...]:
        """Give errors by load point, the fit as found, and the registers where one has changed."""
        found = [fit for fit in self.fitted if fit.stage == "as-found"]
        changed = any(r.written or r.as_left != r.as_found for r in self.registers)
        return (
            *([_errors(self.measured)] if self.measured else []),
            *([_fit(found)] if found else []),
            *([_registers(self.registers, self.write_requests)] if changed else []),
        )


def _errors(measured: Sequence[Measured]) -> Table:
    # The sum is what is judged against the limit; the phases are in the fit, and all of them in report.json.
    sums = [m for m in measured if m.subject == "sum"] or list(measured)
    by_place = {(m.point, m.subject, str(m.stage)): m for m in sums}
    stages = [stage for stage in ("as-found", "as-left") if any(m.stage == stage for m in sums)]
    columns = [Column("Point"), Column("Limit", numeric=True)]
    for stage in stages:
        columns += [Column(stage.replace("-", " ").capitalize(), numeric=True), Column("Zone")]
    unit, rows = sums[0].error.unit, []
    for point, subject in dict.fromkeys((m.point, m.subject) for m in sums):
        found = [by_place.get((point, subject, stage)) for stage in stages]
        limit = next((m.limit for m in found if m is not None and m.limit), None)
        name = point if subject == "sum" else f"{point} {subject}"
        rows.append((name, f"±{number(limit)}" if limit else "", *(cell for m in found for cell in _cells(m, unit))))
    title = f"Error of indication ± U in {unit}{', sum of phases' if sums[0].subject == 'sum' else ''}"
    return Table(title, tuple(columns), tuple(rows))


def _cells(measured: Measured | None, unit: str) -> tuple[str, str]:
    if measured is None:
        return "", ""
    # The unit stands in the title: the columns need the room.
    return with_uncertainty(measured.error, measured.expanded_uncertainty).removesuffix(f" {unit}"), measured.zone


def _fit(found: Sequence[Fitted]) -> Table:
    columns = (Column("Phase"), Column("Parameter"), Column("Error ± U", numeric=True), Column(""))
    rows = (
        (f.subject, f.parameter, with_uncertainty(f.error, f.expanded_uncertainty) if f.error else "", f.statement)
        for f in found
    )
    return Table("Fit, as found", columns, tuple(rows))


def _registers(registers: Sequence[RegisterChange], write_requests: int) -> Table:
    rows = (
        (r.name, r.address, f"{r.as_found} → {r.as_left}", "written" if r.written else "not written") for r in registers
    )
    columns = (Column("Register"), Column("Address"), Column("Old → new"), Column(""))
    return Table(f"Registers (write requests: {write_requests})", columns, tuple(rows))
