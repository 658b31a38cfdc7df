"""From fitted errors to the raw values of correction registers.

A meter with these registers publishes S' = S_raw * G * exp(-j * Phi) + O. Targets are absolute: computed from the
raw values as found and the errors, in exact fractions, rounded half to even.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from v2g_tool.metering.rules.fitting import ErrorKind, Estimate, Fit, within_sanity
from v2g_tool.model.profiles.meter import CorrectionRegister

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
        held = _Held(name, register, raw[name])
        target = _target(held, fits.get(register.phase), gain, threshold)
        found[name] = target
        if register.kind == "gain" and target.new != target.old:
            gains[register.phase] = held.ratio(target.new)
    return tuple(found[name] for name in registers)


@dataclass(frozen=True)
class _Held:
    """A register with the raw value that it was found with."""

    name: str
    register: CorrectionRegister
    raw: int

    @property
    def kind(self) -> ErrorKind:
        return self.register.kind

    @property
    def effect(self) -> Fraction:
        return _effect(self.register, self.raw)

    def ratio(self, new: int) -> Fraction:
        """Give the factor by which another raw value changes the gain."""
        return (1 + _effect(self.register, new)) / (1 + self.effect)

    def stays(self, error: Fraction, reason: str) -> Target:
        return Target(self.name, self.raw, self.raw, float(error), reason)


def _target(held: _Held, fitted: Fit | None, gain: Fraction, threshold: Threshold) -> Target:
    """The target of one register; `gain` is the factor by which the gain of its phase really changes."""
    estimate: Estimate | None = getattr(fitted, held.kind) if fitted else None
    if fitted is None or estimate is None:
        return held.stays(Fraction(0), f"{held.kind} error not estimated")
    error = _error(held, estimate, gain)
    refusal = _unfit(held, fitted)
    if refusal:
        return held.stays(error, refusal)
    new = _raw_for(held, estimate, gain)
    refusal = _unmoved(held, new, error, threshold(held.register, estimate))
    if refusal:
        return held.stays(error, refusal)
    residual = float(_residual(held, new, error))
    return Target(held.name, held.raw, new, residual, f"makes up for {_text(held.kind, error)}")


def _error(held: _Held, estimate: Estimate, gain: Fraction) -> Fraction:
    """The error if this register stayed: the gain also scales what the sensor adds, not what the register adds."""
    value = Fraction(estimate.value)
    return (value - held.effect) * gain + held.effect if held.kind == "offset" else value


def _raw_for(held: _Held, estimate: Estimate, gain: Fraction) -> int:
    """The raw value, not yet clamped, that leaves no error but half a count."""
    register, value = held.register, Fraction(estimate.value)
    if held.kind == "gain":
        wanted = (1 + held.effect) / (1 + value) - 1
    elif held.kind == "phase":
        wanted = held.effect + value
    else:
        wanted = (held.effect - value) * gain
    return register.unity + round(register.sign * wanted / _step(register))


def _residual(held: _Held, new: int, error: Fraction) -> Fraction:
    if held.kind == "gain":
        return (1 + error) * held.ratio(new) - 1
    moved = _effect(held.register, new) - held.effect
    return error - moved if held.kind == "phase" else error + moved


def _unfit(held: _Held, fitted: Fit) -> str:
    """Why nothing may be concluded from this fit; empty when something may."""
    if not within_sanity(fitted):
        return "outside the sanity window: a fault, not a trim"
    if not fitted.adequate:
        return "gain, phase and offset do not explain the errors: nothing is trimmed"
    if not held.register.minimum <= held.raw <= held.register.maximum:
        return f"holds {held.raw}, outside its range {held.register.minimum}..{held.register.maximum}"
    return ""


def _unmoved(held: _Held, new: int, error: Fraction, threshold: float) -> str:
    """Why the register stays as it is; empty when it moves."""
    register = held.register
    if new == held.raw or abs(error) <= threshold:
        return f"{_text(held.kind, error)} is within what is left alone ({_text(held.kind, Fraction(threshold))})"
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


def _step(register: CorrectionRegister) -> Fraction:
    return Fraction(str(register.step))  # the decimal as written in the profile, not its binary neighbour


def _text(kind: ErrorKind, value: Fraction) -> str:
    factor, unit, digits = _UNIT[kind]
    return f"{float(value) * factor:.{digits}f} {unit}"
