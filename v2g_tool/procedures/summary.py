"""The outcome of a calibration as a report: numbers become text with a unit, here and nowhere else."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from v2g_tool import __version__
from v2g_tool.model.datafile import sha256_hex
from v2g_tool.model.findings import Finding, Verdict, overall
from v2g_tool.model.quantities import SUM
from v2g_tool.model.report import (
    SCHEMA,
    BudgetLine,
    Calibration,
    EvidenceChain,
    Fitted,
    Measured,
    RegisterChange,
    Report,
    SiteRecord,
    Stage,
    Tool,
    quantified,
)
from v2g_tool.model.site import Site
from v2g_tool.procedures.outcome import Outcome
from v2g_tool.procedures.run import Run, clock_state
from v2g_tool.procedures.stage import Measurement, Subject
from v2g_tool.rules.catalogue import finding
from v2g_tool.rules.correction import Estimate, Fit

UNITS = {"gain": "%", "phase": "°", "offset": "W"}
FACTORS = {"gain": 100.0, "phase": 1.0, "offset": 1.0}
DIGITS = {"gain": 3, "phase": 4, "offset": 2}


def calibration_report(outcome: Outcome, site: Site, site_file: Path, signature: str, run: Run) -> Report:
    """Give the report; closes the evidence with a last record, so nothing can follow what the report binds."""
    clock = clock_state()
    findings = [*outcome.findings, _clock_finding(clock.synchronised, clock.statement)]
    if signature == "unsigned":
        findings.append(_unsigned_finding(outcome.target))
    verdict = overall(findings)
    run.journal.append("run.end", {"verdict": str(verdict)})
    return Report.model_validate(
        {
            "schema": SCHEMA,
            "report_id": run.report_id,
            "procedure": run.procedure,
            "verdict": verdict,
            "started_utc": _utc(run.started),
            "ended_utc": _utc(datetime.now(UTC)),
            "clock": clock,
            "tool": Tool(name="v2g-tool", version=__version__),
            "signature": signature,
            "site": _site(site, site_file, outcome.target),
            "instruments": tuple(outcome.instruments),
            "limits": outcome.limits.model_dump(by_alias=True) if outcome.limits else None,
            "findings": tuple(findings),
            "calibration": _calibration(outcome),
            "evidence": _evidence(run),
        }
    )


def _calibration(outcome: Outcome) -> Calibration:
    names = outcome.corrections_found
    return Calibration(
        target=outcome.target,
        legal=outcome.legal,
        measured=(*_measured("as-found", outcome.found), *_measured("as-left", outcome.left)),
        fitted=(*_fitted("as-found", outcome.fits_found), *_fitted("as-left", outcome.fits_left)),
        registers=tuple(
            RegisterChange(
                name=name,
                address=f"0x{outcome.addresses[name]:04X}",
                as_found=str(names[name]),
                as_left="unknown" if outcome.corrections_left is None else str(outcome.corrections_left[name]),
                written=name in outcome.writes,
            )
            for name in names
        ),
        write_requests=len(outcome.writes),
        statement=outcome.statement,
    )


def _measured(stage: Stage, measurements: Sequence[Measurement]) -> tuple[Measured, ...]:
    order = (SUM, 1, 2, 3)
    return tuple(_row(stage, m.subjects[phase]) for m in measurements for phase in order if phase in m.subjects)


def _row(stage: Stage, s: Subject) -> Measured:
    decimals = error_digits(100 * s.uncertainty.expanded_ratio)
    return Measured(
        stage=stage,
        point=s.point,
        subject=s.label,
        reference_power=quantified(s.reference.power_w, "W", 1),
        reference_reactive=quantified(s.reference.reactive_var, "var", 1),
        meter_power=quantified(s.meter.power_w, "W", 1),
        current=None if s.phase == SUM else quantified(s.reference.current_a, "A", 3),
        error=quantified(100 * s.error_ratio, "%", decimals),
        expanded_uncertainty=quantified(100 * s.uncertainty.expanded_ratio, "%", decimals),
        coverage_factor=f"{s.uncertainty.coverage_factor:.2f}",
        effective_degrees=_degrees(s.uncertainty.degrees),
        limit=quantified(100 * s.limit.limit_ratio, "%", 2) if s.limit is not None else None,
        zone=s.zone.value,
        skew=quantified(1000 * s.skew_s, "ms", 1),
        readings=s.readings,
        effective_readings=s.effective,
        budget=tuple(
            BudgetLine(
                source=c.source,
                type=c.type,
                standard_pct=f"{100 * c.standard_ratio:.4f}",
                degrees_of_freedom=_degrees(c.degrees),
            )
            for c in s.uncertainty.contributions
        ),
    )


def error_digits(expanded_pct: float) -> int:
    """Give the decimals that show two significant digits of the expanded uncertainty (GUM 7.2.6), 1 to 5."""
    if not math.isfinite(expanded_pct) or expanded_pct <= 0:
        return 3
    return min(5, max(1, 1 - math.floor(math.log10(expanded_pct))))


def _fitted(stage: Stage, fits: Mapping[int, Fit]) -> tuple[Fitted, ...]:
    rows: list[Fitted] = []
    for phase, fit in sorted(fits.items()):
        estimates = {"gain": fit.gain, "phase": fit.phase, "offset": fit.offset}
        for parameter, estimate in estimates.items():
            rows.append(_fitted_row(stage, f"L{phase}", parameter, estimate, fit))
    return tuple(rows)


def _fitted_row(stage: Stage, subject: str, parameter: str, estimate: Estimate | None, fit: Fit) -> Fitted:
    shown = None if estimate is None else (estimate.value * FACTORS[parameter], estimate.expanded * FACTORS[parameter])
    notes = "; ".join(note for note in fit.notes if parameter in note)
    return Fitted.model_validate(
        {
            "stage": stage,
            "subject": subject,
            "parameter": parameter,
            "error": quantified(shown[0], UNITS[parameter], DIGITS[parameter]) if shown else None,
            "expanded_uncertainty": quantified(shown[1], UNITS[parameter], DIGITS[parameter]) if shown else None,
            "statement": notes or ("" if shown else "not observable at these load points"),
        }
    )


def _evidence(run: Run) -> EvidenceChain:
    content = (run.folder / "evidence.jsonl").read_bytes()
    return EvidenceChain(
        sha256=hashlib.sha256(content).hexdigest(),
        first_sha256=run.journal.first_sha256,
        last_sha256=run.journal.last_sha256,
        records=run.journal.records,
    )


def _site(site: Site, site_file: Path, target: str) -> SiteRecord:
    return SiteRecord(
        name=site.site.name,
        charger=site.charger_of(target),
        operator=site.site.operator,
        bench=site.site.bench,
        sha256=sha256_hex(site_file),
    )


def _clock_finding(synchronised: bool | None, statement: str) -> Finding:
    verdict = Verdict.PASS if synchronised else Verdict.SKIPPED
    return finding("HOST-CLOCK", "this computer", verdict, statement)


def _unsigned_finding(target: str) -> Finding:
    statement = "The report is not signed: nobody can tell who measured, or whether it was changed."
    return finding("CAL-UNSIGNED", target, Verdict.INCONCLUSIVE, statement)


def _degrees(value: float) -> str:
    return "infinite" if math.isinf(value) else f"{value:.0f}"


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
