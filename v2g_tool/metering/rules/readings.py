"""Faults that leave no measurement to judge: words in the wrong order, values that stand still."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from itertools import combinations
from typing import NamedTuple

from v2g_tool.metering.rules.fault import Fault, Kind, PointMeans, evidence
from v2g_tool.metering.rules.word_order import is_wild, swapped_value
from v2g_tool.model.findings import Evidence
from v2g_tool.model.profiles.meter import Register
from v2g_tool.model.quantities import PhaseMeans

_LOAD_STEP_RATIO = 0.10
_MOVING_RATIO = 0.001
_DECODED_RATIO = 0.2


class _Voltage(NamedTuple):
    phase: int
    seen_v: float
    true_v: float
    register: Register

    @property
    def swapped_v(self) -> float | None:
        """The voltage with its words exchanged, if that makes it a sound one."""
        decoded = swapped_value(self.seen_v, self.register)
        fits = decoded is not None and abs(decoded / self.true_v - 1) < _DECODED_RATIO
        return decoded if fits else None


def exchanged_words(points: Sequence[PointMeans], registers: Mapping[str, Register], word_order: str) -> Fault | None:
    """Name voltages of a size that only exchanged words can give.

    A mean of several exchanged floating-point values decodes to nothing any more; then the size alone tells.
    """
    shown = _voltages(points, registers)
    wild = [one for one in shown if one.register.count > 1 and is_wild(one.seen_v / one.true_v)]
    if 2 * len(wild) <= len(shown):
        return None
    best = next((one for one in wild if one.swapped_v is not None), wild[0])
    text = f"Read {word_order}, the meter's voltage is {best.seen_v:.3g} V where {best.true_v:.1f} V are there"
    exchanged = "" if best.swapped_v is None else f"; with the words exchanged it is {best.swapped_v:.1f} V"
    return Fault(
        Kind.WORD_ORDER,
        tuple(sorted({one.phase for one in wild})),
        f"{text}{exchanged}.",
        (evidence(f"voltage L{best.phase}", f"{best.seen_v:.6g}", "V", f"{best.true_v:.1f} V"),),
    )


def _voltages(points: Sequence[PointMeans], registers: Mapping[str, Register]) -> list[_Voltage]:
    return [
        _Voltage(phase, means.voltage_v, point.reference[phase].voltage_v, registers[f"U.{phase}"])
        for point in points
        for phase, means in point.meter.items()
        if f"U.{phase}" in registers and phase in point.reference
        if means.voltage_v != 0 and point.reference[phase].voltage_v > 0
    ]


def frozen_values(points: Sequence[PointMeans]) -> Fault | None:
    """Name values that stand still while the reference moves or the load points differ."""
    frozen = [point for point in points if point.meter_changes <= 1]
    moving = any(point.reference_spread_ratio > _MOVING_RATIO for point in frozen)
    stepped = any(_differ(one, other) for one, other in combinations(frozen, 2))
    copied = [(one, other) for one, other in combinations(points, 2) if _differ(one, other) and _is_copy(one, other)]
    if not (moving or stepped or copied):
        return None
    shown = copied[0] if copied else frozen[:2]
    changes = min(point.meter_changes for point in points)
    text = f"The meter's values stand still (distinct samples in a window: {changes}) while the load changes."
    return Fault(Kind.STALE, tuple(sorted(shown[0].meter)), text, tuple(map(_power_evidence, shown)))


def _power_evidence(point: PointMeans) -> Evidence:
    name = f"power at {point.name}"
    return evidence(name, f"{total_w(point.meter):.1f}", "W", f"{total_w(point.reference):.1f} W")


def _differ(one: PointMeans, other: PointMeans) -> bool:
    """Whether the reference saw two different loads."""
    largest = max(abs(total_w(one.reference)), abs(total_w(other.reference)))
    return abs(total_w(one.reference) - total_w(other.reference)) > _LOAD_STEP_RATIO * largest


def _is_copy(one: PointMeans, other: PointMeans) -> bool:
    """Whether the meter showed the same numbers at both points, to the last digit."""
    pairs = [
        pair
        for phase, means in one.meter.items()
        if phase in other.meter
        for pair in zip(astuple(means), astuple(other.meter[phase]), strict=True)
    ]
    return any(first != 0 for first, _ in pairs) and all(math.isclose(*pair, rel_tol=1e-9) for pair in pairs)


def total_w(phases: Mapping[int, PhaseMeans]) -> float:
    """Give the active power of all phases in W."""
    return math.fsum(means.power_w for means in phases.values())
