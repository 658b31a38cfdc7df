"""Robust ratios of meter to reference, per phase, over several load points."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from v2g_tool.model.quantities import PhaseMeans

_STRONG = 0.3
"""Points below 30 % of the strongest one say more about offset and noise than about wiring."""
_LOADED = 0.05
"""A phase below 5 % of the strongest phase carries no load worth judging."""
_LEAST_VA = 20.0

Pair = tuple[PhaseMeans, PhaseMeans]


@dataclass(frozen=True)
class PhaseRatio:
    """Meter over reference on one phase: medians over the strong load points.

    Attributes:
        power: ratio of complex powers; real only where the meter tells no reactive power.
        active: ratio of active powers.
        voltage: ratio of voltages, None when the meter tells none.
        current: ratio of currents, None when the meter tells none.
    """

    power: complex
    active: float
    voltage: float | None
    current: float | None

    @property
    def angle_deg(self) -> float:
        """Angle of the power ratio, -180 < angle <= 180."""
        return math.degrees(cmath.phase(self.power))


def phase_ratios(points: Sequence[tuple[Mapping[int, PhaseMeans], Mapping[int, PhaseMeans]]]) -> dict[int, PhaseRatio]:
    """Give the ratio of each phase that carries load, by phase number.

    Args:
        points: (meter, reference) means per phase, one pair per load point.
    """
    phases = sorted({phase for meter, reference in points for phase in meter if phase in reference})
    pairs = {phase: [(m[phase], r[phase]) for m, r in points if phase in m and phase in r] for phase in phases}
    loads = {phase: max(_load(pair) for pair in pairs[phase]) for phase in phases}
    least = max(_LEAST_VA, _LOADED * max(loads.values(), default=0.0))
    return {phase: _ratio(_strong(pairs[phase], loads[phase])) for phase in phases if loads[phase] >= least}


def _load(pair: Pair) -> float:
    return abs(pair[1].complex_power_va)


def _strong(pairs: Sequence[Pair], largest_va: float) -> list[Pair]:
    return [pair for pair in pairs if _load(pair) >= _STRONG * largest_va]


def _ratio(pairs: Sequence[Pair]) -> PhaseRatio:
    active = [pair for pair in pairs if abs(pair[1].power_w) >= _STRONG * _load(pair)]
    return PhaseRatio(
        _power(pairs),
        _median([meter.power_w / true.power_w for meter, true in active]) or 0.0,
        _part(pairs, lambda means: means.voltage_v),
        _part(pairs, lambda means: means.current_a),
    )


def _power(pairs: Sequence[Pair]) -> complex:
    """Without reactive power the meter tells no angle but the sign: use the points near power factor 1."""
    if any(meter.reactive_var != 0 for meter, _ in pairs):
        ratios = [meter.complex_power_va / true.complex_power_va for meter, true in pairs]
    else:
        plain = [pair for pair in pairs if abs(pair[1].reactive_var) < 0.2 * _load(pair)]
        ratios = [complex(meter.power_w / true.power_w) for meter, true in plain]
    return complex(_median([r.real for r in ratios]) or 0.0, _median([r.imag for r in ratios]) or 0.0)


def _part(pairs: Sequence[Pair], value: Callable[[PhaseMeans], float]) -> float | None:
    """Median ratio of magnitudes; currents may be signed in one of the instruments."""
    return _median([abs(value(meter) / value(true)) for meter, true in pairs if value(meter) != 0 and value(true) != 0])


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None
