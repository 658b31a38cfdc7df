"""From the errors of one phase at several loads to its gain, phase and offset error.

The model is exact for a sensor that scales by 1 + gamma, turns the current by delta (> 0: the current signal lags
more) and adds an offset o:

    P_m / P_r = a - b * tan(phi) + o / P_r      a = (1 + gamma) * cos(delta)      b = (1 + gamma) * sin(delta)

It is linear in a, b and o. The registers that make up for the errors are in `correction`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from v2g_tool.metering.rules.uncertainty import Shape, Uncertainty, coverage_factor, effective_degrees
from v2g_tool.model.quantities import PhaseMeans
from v2g_tool.statistics.distributions import f_quantile, student_t_quantile
from v2g_tool.statistics.least_squares import Row, Solution, condition, solve

ErrorKind = Literal["gain", "phase", "offset"]

SANITY_GAIN_RATIO = 0.03
SANITY_PHASE_DEG = 3.0
"""A trim makes up for tolerances of parts; beyond 3 % or 3° something is broken or wired wrongly."""

MIN_TAN_PHI_SPAN = 0.7
"""Below this difference of tan phi, a phase error cannot be told from a gain error."""
MIN_POWER_SPAN = 2 / 3
"""Least difference of 1 / P, times the least power: two loads of ratio 3, or any two of opposite direction."""
MAX_CONDITION = 100.0
LACK_OF_FIT = 0.99
"""Residuals that a sound model exceeds once in a hundred are taken for a lack of fit."""
LINEARITY_RATIO = 0.002
"""Residuals up to 0.2 % are no lack of fit however small the noise: that much non-linearity any sound meter has."""

_LEAST_SPREAD = 1e-9
_FOUR_SIGMA = 0.9999683287581669
"""One-sided probability of four standard deviations of a normal distribution."""
_COLUMN_OF: dict[Shape, ErrorKind] = {"reading": "gain", "range": "offset", "tan_phi": "phase"}
_UNSEPARATED = {
    "phase": "Phase error not estimated: the tan phi of the points differ by less than 0.7. "
    "Measure a point at power factor 0.5.",
    "offset": "Offset not estimated: the powers of the points differ by less than a factor of 3. "
    "Measure a point at low load or in discharge.",
}


@dataclass(frozen=True)
class PhasePoint:
    """The error of one phase at one load point.

    Attributes:
        name: the load point.
        error_ratio: P_m / P_r - 1.
        tan_phi: Q / P, signed; see `load_tan_phi`.
        power_w: reference power, signed, not zero.
        uncertainty: of `error_ratio`, with the shape of each contribution.
    """

    name: str
    error_ratio: float
    tan_phi: float
    power_w: float
    uncertainty: Uncertainty


@dataclass(frozen=True)
class Estimate:
    """One fitted error: gain in ratio, phase in degrees, offset in W.

    Attributes:
        value: the error of the meter.
        standard: standard uncertainty, the reference's specification included.
        expanded: for 95.45 % coverage.
        scatter: the part of `standard` that changes from run to run with the same reference, widened where few
            readings tell it, so that 4 * scatter is exceeded as rarely as four sigma; None: all of `standard`.
    """

    value: float
    standard: float
    expanded: float
    scatter: float | None = None


@dataclass(frozen=True)
class Fit:
    """What the points say about one phase.

    Attributes:
        gain: error of gain, None when not asked for or not to be told.
        phase: extra lag of the current signal.
        offset: power read at no load.
        chi_square: weighted sum of squared residuals.
        degrees: points less unknowns.
        adequate: False when the residuals are too large for gain, phase and offset to be the whole error.
        notes: sentences on what could not be estimated or checked.
    """

    gain: Estimate | None
    phase: Estimate | None
    offset: Estimate | None
    chi_square: float
    degrees: int
    adequate: bool
    notes: tuple[str, ...]


def load_tan_phi(meter: PhaseMeans, reference: PhaseMeans) -> float:
    """Give the tan phi of the load: the reference's, or the meter's where that is smaller and both are near 0.

    An analyzer that derives Q from S and P (Yokogawa IM WT310E-02EN, p. 7-10) takes harmonics and its own errors
    of U and I for reactive power: at power factor 1 it shows tan phi = 0.05 where there is none.
    """
    told, seen = reference.tan_phi, meter.tan_phi
    return seen if abs(seen) < abs(told) < 0.3 and meter.reactive_var != 0 else told


def within_sanity(fit: Fit) -> bool:
    """Tell whether gain and phase error are small enough to be a matter of trim: 3 % and 3°."""
    gain = fit.gain is None or abs(fit.gain.value) <= SANITY_GAIN_RATIO
    return gain and (fit.phase is None or abs(fit.phase.value) <= SANITY_PHASE_DEG)


def fit(points: Sequence[PhasePoint], kinds: Collection[ErrorKind]) -> Fit:
    """Give the errors of one phase by weighted least squares, with uncertainties from the full covariance.

    The weights come from what is independent between the points; what the reference does to all points alike is
    propagated through the estimator. The gain is always part of the model, because without it phase and offset
    would carry it; it is reported only when asked for.

    Args:
        points: one per load point; those at zero power or without a finite error are left out.
        kinds: the errors to estimate. Ask for all three even where a meter has fewer registers: an error that is
            left out of the model is spread over the others.
    """
    usable = [point for point in points if point.power_w != 0 and math.isfinite(point.error_ratio + point.tan_phi)]
    if not usable:
        return Fit(None, None, None, 0.0, 0, False, ("No load point to fit.",))
    columns, notes = _columns(usable, kinds)
    spreads = [_spread(point, columns) for point in usable]
    solution = solve(_design(usable, columns), [1 + point.error_ratio for point in usable], spreads)
    chi_square = math.fsum((rest / u) ** 2 for rest, u in zip(solution.residuals, spreads, strict=True))
    degrees = len(usable) - len(columns)
    adequate = _is_adequate(usable, solution, chi_square, degrees)
    inflation = max(1.0, chi_square / degrees) if degrees else 1.0
    found = _estimates(usable, columns, solution, inflation)
    asked = [found.get(kind) if kind in kinds else None for kind in ("gain", "phase", "offset")]
    return Fit(asked[0], asked[1], asked[2], chi_square, degrees, adequate, (*notes, *_remarks(degrees, adequate)))


def _columns(points: Sequence[PhasePoint], kinds: Collection[ErrorKind]) -> tuple[list[ErrorKind], list[str]]:
    """Choose the unknowns that the points can separate; say why the others are left out."""
    separable = {"phase": _separates_phase(points), "offset": _separates_offset(points)}
    both: tuple[ErrorKind, ErrorKind] = ("phase", "offset")
    asked = [kind for kind in both if kind in kinds]
    columns: list[ErrorKind] = ["gain"]
    columns += [kind for kind in asked if separable[kind]]
    notes = [_UNSEPARATED[kind] for kind in asked if not separable[kind]]
    while len(columns) > 1 and not _is_well_posed(points, columns):
        notes.append(f"{columns.pop().capitalize()} not estimated: the load points are too alike to tell it apart.")
    return columns, notes


def _is_well_posed(points: Sequence[PhasePoint], columns: Collection[ErrorKind]) -> bool:
    spreads = [_spread(point, columns) for point in points]
    return len(points) >= len(columns) and condition(_design(points, columns), spreads) < MAX_CONDITION


def _separates_phase(points: Sequence[PhasePoint]) -> bool:
    tangents = [point.tan_phi for point in points]
    return max(tangents) - min(tangents) >= MIN_TAN_PHI_SPAN


def _separates_offset(points: Sequence[PhasePoint]) -> bool:
    inverse = [1 / point.power_w for point in points]
    return max(inverse) - min(inverse) >= MIN_POWER_SPAN * max(map(abs, inverse)) * (1 - 1e-9)


def _design(points: Sequence[PhasePoint], columns: Collection[ErrorKind]) -> list[Row]:
    return [
        [{"gain": 1.0, "phase": -point.tan_phi, "offset": 1 / point.power_w}[kind] for kind in columns]
        for point in points
    ]


def _spread(point: PhasePoint, columns: Collection[ErrorKind]) -> float:
    """What scatters the point around the model: independent lines, and those whose column is not in the model."""
    parts = (
        line.standard_ratio
        for line in point.uncertainty.contributions
        if line.shape == "independent" or _COLUMN_OF[line.shape] not in columns
    )
    return max(math.hypot(*parts), _LEAST_SPREAD)


def _is_adequate(points: Sequence[PhasePoint], solution: Solution, chi_square: float, degrees: int) -> bool:
    if degrees == 0 or max(abs(rest) for rest in solution.residuals) <= LINEARITY_RATIO:
        return True
    # Spreads that come from a few readings are uncertain themselves: Fisher's F instead of chi-square.
    return chi_square <= degrees * f_quantile(LACK_OF_FIT, degrees, _spread_degrees(points))


def _spread_degrees(points: Sequence[PhasePoint]) -> float:
    return effective_degrees(
        (line.standard_ratio**2, line.degrees)
        for point in points
        for line in point.uncertainty.contributions
        if line.shape == "independent"
    )


def _remarks(degrees: int, adequate: bool) -> list[str]:
    if not adequate:
        return ["Gain, phase and offset do not explain the errors: look for a wrong ratio, saturation or harmonics."]
    return [] if degrees else ["As many unknowns as load points: the fit cannot be checked."]


def _estimates(
    points: Sequence[PhasePoint], columns: Sequence[ErrorKind], solution: Solution, inflation: float
) -> dict[ErrorKind, Estimate]:
    """Turn a, b and o into gamma, delta and o, each with its row of sensitivities to the points' errors."""
    values = dict(zip(columns, solution.values, strict=True))
    rows = dict(zip(columns, solution.estimator, strict=True))
    a, b = values["gain"], values.get("phase", 0.0)
    flat = tuple(0.0 for _ in points)
    row_a, row_b = rows["gain"], rows.get("phase", flat)
    size = math.hypot(a, b) or _LEAST_SPREAD  # a meter that reads nothing has no angle
    row_gain = tuple((a * x + b * y) / size for x, y in zip(row_a, row_b, strict=True))
    row_phase = tuple(math.degrees((a * y - b * x) / size**2) for x, y in zip(row_a, row_b, strict=True))
    found = {"gain": _estimate(points, size - 1, row_gain, inflation)}
    if "phase" in values:
        found["phase"] = _estimate(points, math.degrees(math.atan2(b, a)), row_phase, inflation)
    if "offset" in values:
        found["offset"] = _estimate(points, values["offset"], rows["offset"], inflation)
    return {kind: found[kind] for kind in columns}


def _estimate(points: Sequence[PhasePoint], value: float, row: Row, inflation: float) -> Estimate:
    """Propagate the full covariance of the points through one row of the estimator."""
    parts = [
        (inflation * (share * line.standard_ratio) ** 2, line.degrees)
        for point, share in zip(points, row, strict=True)
        for line in point.uncertainty.contributions
        if line.shape == "independent"
    ]
    scatter = math.sqrt(math.fsum(variance for variance, _ in parts))
    common = _common(points, row)
    standard = math.hypot(scatter, common)
    degrees = effective_degrees([*parts, (common**2, math.inf)])
    widening = student_t_quantile(_FOUR_SIGMA, max(effective_degrees(parts), 1.0)) / 4
    return Estimate(value, standard, coverage_factor(degrees) * standard, scatter * widening)


def _common(points: Sequence[PhasePoint], row: Row) -> float:
    """What the contributions that act on all points alike do to one unknown; each source on its own."""
    sums: dict[tuple[str, Shape], float] = {}
    for point, share in zip(points, row, strict=True):
        for line in point.uncertainty.contributions:
            if line.shape != "independent":
                key = (line.source, line.shape)
                sums[key] = sums.get(key, 0.0) + share * _signed(line.standard_ratio, line.shape, point)
    return math.hypot(*sums.values())


def _signed(standard_ratio: float, shape: Shape, point: PhasePoint) -> float:
    """An offset changes its sign with the direction of power, a phase error with that of tan phi."""
    along = {"range": point.power_w, "tan_phi": point.tan_phi}.get(shape, 1.0)
    return math.copysign(standard_ratio, along)
