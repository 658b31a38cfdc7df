"""The outcome of a calibration for the report: numbers become text with a unit, here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from v2g_tool.metering.rules.fitting import Estimate, Fit
from v2g_tool.metering.section import BudgetLine, Calibration, Fitted, Measured, RegisterChange, Stage
from v2g_tool.metering.work.outcome import Outcome
from v2g_tool.metering.work.stage import Measurement, Subject
from v2g_tool.model.quantified import quantified
from v2g_tool.model.quantities import SUM
from v2g_tool.run.result import Result

UNITS = {"gain": "%", "phase": "°", "offset": "W"}
FACTORS = {"gain": 100.0, "phase": 1.0, "offset": 1.0}
DIGITS = {"gain": 3, "phase": 4, "offset": 2}


def calibration_result(outcome: Outcome) -> Result:
    """Give what the calibration came to, as any procedure gives it."""
    return Result(
        target=outcome.target,
        findings=outcome.findings,
        instruments=outcome.instruments,
        sections=[_calibration(outcome)],
        error=outcome.error,
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
        limits=outcome.limits,
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


def _degrees(value: float) -> str:
    return "infinite" if math.isinf(value) else f"{value:.0f}"
