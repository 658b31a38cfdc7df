"""Names installation faults from the means of a meter and its reference at a few load points.

Per phase, the ratio of complex powers S_m / S_r of a meter with correct wiring lies near 1. An exchanged current
transformer turns it by ±120° (the current of the next phase: +120°), a reversed one by 180°, and both together by
∓60°; this holds while the three currents are alike. Wrong ratios and units change only its size.

The order of the questions matters: numbers that are no measurement (words exchanged, frozen values) are named
before anything is concluded from them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from v2g_tool.metering.rules.fault import (
    TOLERANCE_DEG,
    TOLERANCE_RATIO,
    Fault,
    Kind,
    PointMeans,
    Ratios,
    evidence,
    is_near,
    size_evidence,
)
from v2g_tool.metering.rules.phase_ratios import phase_ratios
from v2g_tool.metering.rules.readings import exchanged_words, frozen_values, total_w
from v2g_tool.metering.rules.sizes import has_sound_inputs, is_line_to_line, line_to_line, wrong_ct_ratio, wrong_unit
from v2g_tool.model.findings import Evidence
from v2g_tool.model.profiles.meter import Register
from v2g_tool.model.site.metering import CurrentTransformer

__all__ = ["Fault", "Kind", "PointMeans", "diagnose"]

_SNAP_DEG = 15.0
_TURN: Mapping[int, tuple[int, bool]] = {
    0: (0, False),
    180: (0, True),
    120: (1, False),
    -120: (2, False),
    -60: (1, True),
    60: (2, True),
}
"""Angle to (how many phases further on the current was taken, whether it is reversed)."""


def diagnose(
    points: Sequence[PointMeans], registers: Mapping[str, Register], word_order: str, ct: CurrentTransformer | None
) -> tuple[Fault, ...]:
    """Give the installation faults; none for a meter within 3 % gain, 1° phase and 5 W offset.

    Args:
        points: at least one load point with power flowing; more points tell more.
        registers: the measured values of the meter's profile, by channel ("U.1").
        word_order: order of words that the profile says, for the statement.
        ct: current transformer as configured, None for a direct-connected meter.
    """
    if blind := exchanged_words(points, registers, word_order) or frozen_values(points):
        return (blind,)
    ratios = phase_ratios([(point.meter, point.reference) for point in points])
    if not ratios:
        return ()
    if permuted := _permuted(points):
        return (permuted,)
    return _electrical(points, ratios, ct)


def _electrical(points: Sequence[PointMeans], ratios: Ratios, ct: CurrentTransformer | None) -> tuple[Fault, ...]:
    if units := wrong_unit(ratios):
        return units
    sizes = (*wrong_ct_ratio(ratios, ct), *line_to_line(ratios))
    turned, lost = _turned(points, _angles(ratios))
    explained = {phase for fault in sizes for phase in fault.phases}
    sound = {phase for phase, r in ratios.items() if has_sound_inputs(r) and is_near(abs(r.power), 1)}
    off = {*ratios} - explained - sound
    # Between conductors the voltage leads by 30°: an angle that belongs to that fault, not to another one.
    rest = [phase for phase in sorted(off | lost) if not is_line_to_line(ratios[phase])]
    return (*sizes, *turned, *_unexplained(ratios, rest))


def _angles(ratios: Ratios) -> dict[int, int | None]:
    """Snap each phase's angle to a multiple of 60°; None where it is near none."""
    return {phase: _snap(ratio.angle_deg) for phase, ratio in ratios.items() if abs(ratio.power) > 0.05}


def _snap(angle_deg: float) -> int | None:
    nearest = round(angle_deg / 60) * 60
    if abs(angle_deg - nearest) > (TOLERANCE_DEG if nearest == 0 else _SNAP_DEG):
        return None
    return 180 if nearest == -180 else nearest


def _turned(points: Sequence[PointMeans], angles: Mapping[int, int | None]) -> tuple[list[Fault], set[int]]:
    """Name exchanged and reversed currents; give them with the phases whose angle nothing explains."""
    turns = {phase: _TURN[angle] for phase, angle in angles.items() if angle is not None}
    lost = {phase for phase, angle in angles.items() if angle is None}
    shifts = {phase: shift for phase, (shift, _) in turns.items()}
    exchanged = _exchanged(shifts, angles)
    if exchanged is None and any(shifts.values()):
        lost |= {phase for phase, shift in shifts.items() if shift}
    back = tuple(sorted(phase for phase, (_, reversed_) in turns.items() if reversed_ and phase not in lost))
    return [*filter(None, (exchanged, _reversed(points, back, angles)))], lost


def _exchanged(shifts: Mapping[int, int], angles: Mapping[int, int | None]) -> Fault | None:
    moved = tuple(sorted(phase for phase, shift in shifts.items() if shift))
    shown = _angle_evidence(moved, angles)
    sources = {phase: (phase - 1 + shifts[phase]) % 3 + 1 for phase in moved}
    if len(moved) == 3 and len(set(shifts.values())) == 1:
        order = ", ".join(f"L{phase} reads the current of L{sources[phase]}" for phase in moved)
        way = "next" if shifts[1] == 1 else "previous"
        text = f"The current transformers are one place on, towards the {way} phase: {order}."
        return Fault(Kind.CYCLIC, moved, text, shown)
    if len(moved) == 2 and sources[moved[0]] == moved[1] and sources[moved[1]] == moved[0]:
        text = f"The current transformers of L{moved[0]} and L{moved[1]} are exchanged."
        return Fault(Kind.SWAPPED, moved, text, shown)
    return None


def _angle_evidence(phases: Sequence[int], angles: Mapping[int, int | None]) -> tuple[Evidence, ...]:
    return tuple(evidence(f"angle L{phase}, nearest multiple of 60", f"{angles[phase]}", "°", "0°") for phase in phases)


def _reversed(points: Sequence[PointMeans], back: tuple[int, ...], angles: Mapping[int, int | None]) -> Fault | None:
    if not back:
        return None
    shown = _angle_evidence(back, angles)
    if len(back) == 3:
        return Fault(Kind.SIGN, back, _sign_statement(points), shown)
    names = " and ".join(f"L{phase}" for phase in back)
    return Fault(Kind.CT_REVERSED, back, f"The current transformer of {names} is reversed.", shown)


def _sign_statement(points: Sequence[PointMeans]) -> str:
    """Who has the sign wrong, as far as the commanded direction tells."""
    text = "Meter and reference count import and export the other way round on all phases"
    known = [(point, 1 if point.commanded == "charge" else -1) for point in points if point.commanded]
    if not known:
        return f"{text}; no commanded direction says which of them is right."
    wrong = sum(sign * total_w(point.reference) < 0 for point, sign in known)
    return f"{text}; by the commanded direction the {'reference' if 2 * wrong > len(known) else 'meter'} is wrong."


def _permuted(points: Sequence[PointMeans]) -> Fault | None:
    """Whole phases (voltage and current) under each other's name: seen only while the phases carry unlike loads."""
    own = _mismatch(points, (1, 2, 3))
    orders = ((2, 1, 3), (1, 3, 2), (3, 2, 1), (2, 3, 1), (3, 1, 2))
    best = min(orders, key=lambda order: _mismatch(points, order))
    if own < 0.15 or _mismatch(points, best) > min(own / 5, 0.05):
        return None
    moved = tuple(phase for phase, source in zip((1, 2, 3), best, strict=True) if phase != source)
    order = ", ".join(f"L{phase} shows L{best[phase - 1]}" for phase in moved)
    shown = (evidence("mismatch as labelled", f"{own:.3f}", "1", "0"),)
    kind = Kind.SWAPPED if len(moved) == 2 else Kind.CYCLIC
    return Fault(kind, moved, f"The phases are exchanged: {order}.", shown)


def _mismatch(points: Sequence[PointMeans], order: tuple[int, int, int]) -> float:
    """Root of the squared differences of complex power over that of the reference; infinite without three phases."""
    full = [point for point in points if len(point.meter) == len(point.reference) == 3]
    norm = math.fsum(abs(means.complex_power_va) ** 2 for point in full for means in point.reference.values())
    if norm == 0:
        return math.inf if order != (1, 2, 3) else 0.0
    pairs = (
        (point.meter[phase].complex_power_va, point.reference[source].complex_power_va)
        for point in full
        for phase, source in zip((1, 2, 3), order, strict=True)
    )
    return math.sqrt(math.fsum(abs(seen - true) ** 2 for seen, true in pairs) / norm)


def _unexplained(ratios: Ratios, phases: Sequence[int]) -> tuple[Fault, ...]:
    if not phases:
        return ()
    names = ", ".join(f"L{phase}" for phase in sorted(phases))
    dead = [phase for phase in phases if abs(ratios[phase].power) < 0.05]
    text = f"{names}: off by more than {TOLERANCE_RATIO:.0%} or {TOLERANCE_DEG:.0f}°, and no known fault fits."
    if len(dead) == len(phases):
        text = f"{names}: the meter sees no power where the reference does."
    shown = tuple(evidence(f"angle L{phase}", f"{ratios[phase].angle_deg:.1f}", "°", "0°") for phase in phases)
    return (Fault(Kind.UNEXPLAINED, tuple(sorted(phases)), text, (*size_evidence(ratios, phases), *shown)),)
