"""From fitted errors to the raw values of correction registers.

A meter with these registers publishes S' = S_raw * G * exp(-j * Phi) + O. Targets are absolute: computed from the
raw values as found and the errors, in exact fractions, rounded half to even.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from v2g_tool.metering.rules.fitting import ErrorKind, Estimate, Fit, PhasePoint, fit, load_tan_phi, within_sanity
from v2g_tool.model.profiles.meter import CorrectionRegister

__all__ = [
    "DEAD_BAND",
    "ErrorKind",
    "Estimate",
    "Fit",
    "PhasePoint",
    "Target",
    "fit",
    "load_tan_phi",
    "targets",
    "within_sanity",
]

DEAD_BAND: Mapping[ErrorKind, float] = {"gain": 0.0005, "phase": 0.02, "offset": 0.5}
"""Errors up to 0.05 %, 0.02° and 0.5 W are left alone."""

_UNIT = {"gain": (100, "%", 3), "phase": (1, "°", 3), "offset": (1, "W", 2)}
_RUN_TO_RUN = 4 * math.sqrt(2)
"""A second run differs from the first by the scatter of both; up to four standard deviations of that are no change.

Four and not three, because a meter has nine registers and the scatter itself comes from a few readings.
"""

Threshold = Callable[[CorrectionRegister, Estimate], float]


@dataclass(frozen=True)
class Target:
    """What one correction register should hold.

    Attributes:
        name: the register's name in the profile.
        old: raw value as found.
        new: raw value to write; equal to `old` when nothing is to be done.
        residual: error expected with `new`, in the unit of the register's kind; 0 where nothing was estimated.
        reason: why the register moves or stays.
    """

    name: str
    old: int
    new: int
    residual: float
    reason: str


def targets(
    registers: Mapping[str, CorrectionRegister], raw: Mapping[str, int], fits: Mapping[int, Fit]
) -> tuple[Target, ...]:
    """Give the target of every register, in the order of `registers`.

    Something moves only for an error above max(half a count + what two runs differ by, the dead band, its expanded
    uncertainty), and by at least one count. Then the others move along from half of that on: an error just below its
    threshold would be above it in the next run, and a run after a correction must find nothing to do. What is smaller
    than its uncertainty is as likely the reference's error as the meter's, and is not copied into the meter.

    Args:
        registers: correction registers by name, at most one per phase and kind.
        raw: raw value of each register as found.
        fits: fit of each phase (1..3) with the registers at these raw values.
    """
    alone = _pass(registers, raw, fits, _threshold)
    return _pass(registers, raw, fits, _along) if any(target.new != target.old for target in alone) else alone


def _pass(
    registers: Mapping[str, CorrectionRegister], raw: Mapping[str, int], fits: Mapping[int, Fit], threshold: Threshold
) -> tuple[Target, ...]:
    """Gains first, because offsets change with them."""
    gains: dict[int, Fraction] = {}
    found: dict[str, Target] = {}
    for name, register in sorted(registers.items(), key=lambda item: item[1].kind != "gain"):
        gain = gains.get(register.phase, Fraction(1))
        target = _target(name, register, raw[name], fits.get(register.phase), gain, threshold)
        found[name] = target
        if register.kind == "gain" and target.new != target.old:
            gains[register.phase] = _gain(register, target.new) / _gain(register, target.old)
    return tuple(found[name] for name in registers)


def _target(
    name: str, register: CorrectionRegister, old: int, fitted: Fit | None, gain: Fraction, threshold: Threshold
) -> Target:
    """The target of one register; `gain` is the factor by which the gain of its phase really changes."""
    estimate: Estimate | None = getattr(fitted, register.kind) if fitted else None
    if fitted is None or estimate is None:
        return Target(name, old, old, 0.0, f"{register.kind} error not estimated")
    error = _error(register, old, estimate, gain)
    refusal = _unfit(register, old, fitted)
    if refusal:
        return Target(name, old, old, float(error), refusal)
    new = _raw_for(register, old, estimate, gain)
    refusal = _unmoved(register, old, new, error, threshold(register, estimate))
    if refusal:
        return Target(name, old, old, float(error), refusal)
    residual = _residual(register, old, new, error)
    return Target(name, old, new, float(residual), f"makes up for {_text(register.kind, error)}")


def _error(register: CorrectionRegister, old: int, estimate: Estimate, gain: Fraction) -> Fraction:
    """The error if this register stayed: the gain also scales what the sensor adds, not what the register adds."""
    value = Fraction(estimate.value)
    if register.kind != "offset":
        return value
    held = _effect(register, old)
    return (value - held) * gain + held


def _raw_for(register: CorrectionRegister, old: int, estimate: Estimate, gain: Fraction) -> int:
    """The raw value, not yet clamped, that leaves no error but half a count."""
    held, value = _effect(register, old), Fraction(estimate.value)
    if register.kind == "gain":
        wanted = (1 + held) / (1 + value) - 1
    elif register.kind == "phase":
        wanted = held + value
    else:
        wanted = (held - value) * gain
    return register.unity + round(register.sign * wanted / _step(register))


def _residual(register: CorrectionRegister, old: int, new: int, error: Fraction) -> Fraction:
    moved = _effect(register, new) - _effect(register, old)
    if register.kind == "gain":
        return (1 + error) * _gain(register, new) / _gain(register, old) - 1
    return error - moved if register.kind == "phase" else error + moved


def _unfit(register: CorrectionRegister, old: int, fitted: Fit) -> str:
    """Why nothing may be concluded from this fit; empty when something may."""
    if not within_sanity(fitted):
        return "outside the sanity window: a fault, not a trim"
    if not fitted.adequate:
        return "gain, phase and offset do not explain the errors: nothing is trimmed"
    if not register.minimum <= old <= register.maximum:
        return f"holds {old}, outside its range {register.minimum}..{register.maximum}"
    return ""


def _unmoved(register: CorrectionRegister, old: int, new: int, error: Fraction, threshold: float) -> str:
    """Why the register stays as it is; empty when it moves."""
    kind = register.kind
    if new == old or abs(error) <= threshold:
        return f"{_text(kind, error)} is within what is left alone ({_text(kind, Fraction(threshold))})"
    if not register.minimum <= new <= register.maximum:
        return f"needs {new}, outside the register's range {register.minimum}..{register.maximum}"
    return ""


def _threshold(register: CorrectionRegister, estimate: Estimate) -> float:
    scatter = estimate.standard if estimate.scatter is None else estimate.scatter
    return max(register.step / 2 + _RUN_TO_RUN * scatter, DEAD_BAND[register.kind], estimate.expanded)


def _along(register: CorrectionRegister, estimate: Estimate) -> float:
    return max(register.step, DEAD_BAND[register.kind], estimate.expanded) / 2


def _effect(register: CorrectionRegister, raw: int) -> Fraction:
    """What a raw value does: gain less 1 in ratio, lead in degrees, added power in W."""
    return register.sign * (raw - register.unity) * _step(register)


def _gain(register: CorrectionRegister, raw: int) -> Fraction:
    return 1 + _effect(register, raw)


def _step(register: CorrectionRegister) -> Fraction:
    return Fraction(str(register.step))  # the decimal as written in the profile, not its binary neighbour


def _text(kind: ErrorKind, value: Fraction) -> str:
    factor, unit, digits = _UNIT[kind]
    return f"{float(value) * factor:.{digits}f} {unit}"
