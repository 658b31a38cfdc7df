"""An imperfect meter: what it makes of the truth, and the errors it makes it with.

    P + jQ of a phase = U_k · conj(I_k') · (1 + gain error) · e^(+j phase error) + offset

with I_k' the current that the wiring brings to channel k. A positive phase error is a current
signal that lags too much, so it makes a load look more inductive.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from v2g_tool.bench.metering.plant import Triple, Truth
from v2g_tool.bench.noise import gauss, uniform, uniform_triple

_NOISE_RATIO = 0.0002
_CLASS_B_AS_FOUND = (0.023, 0.029)  # outside MID class B (±2 %), inside a ±3 % window for trims


@dataclass(frozen=True)
class MeterErrors:
    """The true errors of a meter, per phase."""

    gain_ratio: Triple = (0.0, 0.0, 0.0)
    """Relative error of power: +0.02 reads 2 % too much."""
    phase_deg: Triple = (0.0, 0.0, 0.0)
    """Extra lag of the current signal in degrees."""
    offset_w: Triple = (0.0, 0.0, 0.0)
    """Power in W that is read at no load."""
    voltage_ratio: Triple = (0.0, 0.0, 0.0)
    """Relative error of voltage."""
    current_ratio: Triple = (0.0, 0.0, 0.0)
    """Relative error of current; power has its own gain."""


@dataclass(frozen=True)
class Wiring:
    """Which current reaches which channel, and what the installer set wrong."""

    source: tuple[int, int, int] = (0, 1, 2)
    """Conductor whose current transformer is on channel L1, L2, L3."""
    sign: tuple[int, int, int] = (1, 1, 1)
    """-1 for a current transformer that is turned round."""
    ct_factor: float = 1.0
    """Current read over current flowing, when the configured ratio is not the real one."""
    power_unit_w: float = 1.0
    """What one unit of the published powers is worth in W."""
    line_to_line: bool = False
    """True when the voltage channels show conductor to conductor."""


@dataclass(frozen=True)
class Correction:
    """The trims of a meter as factors: what it multiplies, turns and adds."""

    gain: Triple = (1.0, 1.0, 1.0)
    phase_deg: Triple = (0.0, 0.0, 0.0)
    """Lead that is given to the current, in degrees."""
    offset_w: Triple = (0.0, 0.0, 0.0)


NEUTRAL = Correction()
"""The correction of a meter at delivery: none."""


class MeterReading(NamedTuple):
    """What a meter reads, per phase."""

    frequency_hz: float
    voltage_v: Triple
    current_a: Triple
    p_w: Triple
    q_var: Triple


@dataclass
class MeterModel:
    """A meter with its errors and its wiring; reading is a pure function of the truth."""

    errors: MeterErrors = field(default_factory=MeterErrors)
    wiring: Wiring = field(default_factory=Wiring)
    seed: int = 1

    def read(self, truth: Truth, correction: Correction = NEUTRAL) -> MeterReading:
        """Give what the meter reads of this truth with these corrections."""
        bucket = int(truth.time_s * 1000.0)
        power = [self._power(truth, k, bucket, correction) for k in range(3)]
        unit_w = self.wiring.power_unit_w
        volts = [self._voltage_v(truth, k, bucket) for k in range(3)]
        amps = [self._current_a(truth, k, bucket) for k in range(3)]
        return MeterReading(
            truth.frequency_hz,
            (volts[0], volts[1], volts[2]),
            (amps[0], amps[1], amps[2]),
            (power[0].real / unit_w, power[1].real / unit_w, power[2].real / unit_w),
            (power[0].imag / unit_w, power[1].imag / unit_w, power[2].imag / unit_w),
        )

    def _power(self, truth: Truth, phase: int, bucket: int, correction: Correction) -> complex:
        wiring, errors = self.wiring, self.errors
        current = truth.i[wiring.source[phase]] * (wiring.sign[phase] * wiring.ct_factor)
        turn_rad = math.radians(errors.phase_deg[phase])
        gain = 1.0 + errors.gain_ratio[phase] + _NOISE_RATIO * gauss(self.seed, 31, phase, bucket)
        sensed = truth.u[phase] * current.conjugate() * cmath.rect(gain, turn_rad) + errors.offset_w[phase]
        # The correction sees the sensor's offset too: it stands behind the sensors, not inside them.
        lead_rad = math.radians(correction.phase_deg[phase])
        return sensed * cmath.rect(correction.gain[phase], -lead_rad) + correction.offset_w[phase]

    def _voltage_v(self, truth: Truth, phase: int, bucket: int) -> float:
        volts = truth.voltage_v(phase)
        if self.wiring.line_to_line:
            volts = abs(truth.u[phase] - truth.u[(phase + 1) % 3])
        noise = _NOISE_RATIO * gauss(self.seed, 32, phase, bucket)
        return volts * (1.0 + self.errors.voltage_ratio[phase] + noise)

    def _current_a(self, truth: Truth, phase: int, bucket: int) -> float:
        amps = truth.current_a(self.wiring.source[phase]) * self.wiring.ct_factor
        noise = _NOISE_RATIO * gauss(self.seed, 33, phase, bucket)
        return amps * (1.0 + self.errors.current_ratio[phase] + noise)


def as_found_errors(seed: int) -> MeterErrors:
    """Draw the errors of a meter that is out of class B in all phases and can be trimmed."""
    low, high = _CLASS_B_AS_FOUND
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    gain = uniform_triple(half, seed, 41)
    phase_deg = _spread_phases(uniform(seed, 42), 0.6)
    return _drawn(seed, (middle + gain[0], middle + gain[1], middle + gain[2]), phase_deg, 4.0)


def wattnode_errors(seed: int) -> MeterErrors:
    """Draw the errors of a meter that has no offset: gains -0.5 to +1.5 %, phases within ±0.4°."""
    gain = uniform_triple(0.010, seed, 43)
    phase_deg = _spread_phases(uniform(seed, 44), 0.4)
    return _drawn(seed, (0.005 + gain[0], 0.005 + gain[1], 0.005 + gain[2]), phase_deg, 0.0)


def healthy_errors(seed: int) -> MeterErrors:
    """Draw the errors of a meter well inside class B."""
    gain = uniform_triple(0.004, seed, 45)
    return _drawn(seed, gain, uniform_triple(0.08, seed, 46), 1.0)


def _spread_phases(draw: float, span_deg: float) -> Triple:
    """Give three phase errors that are never all alike: one each in the low, middle and high third."""
    parts = [span_deg * (0.12 * draw + 0.85 * level) for level in (-1.0, 0.1, 0.95)]
    turn = int(abs(draw) * 1000) % 3
    parts = parts[turn:] + parts[:turn]
    return (parts[0], parts[1], parts[2])


def _drawn(seed: int, gain_ratio: Triple, phase_deg: Triple, offset_w: float) -> MeterErrors:
    return MeterErrors(
        gain_ratio=gain_ratio,
        phase_deg=phase_deg,
        offset_w=uniform_triple(offset_w, seed, 47),
        voltage_ratio=uniform_triple(0.002, seed, 48),
        current_ratio=uniform_triple(0.005, seed, 49),
    )


def _reversed(*phases: int) -> Callable[[Wiring], Wiring]:
    def turn(wiring: Wiring) -> Wiring:
        sign = [-part if k in phases else part for k, part in enumerate(wiring.sign)]
        return replace(wiring, sign=(sign[0], sign[1], sign[2]))

    return turn


WIRING_FAULTS: Mapping[str, Callable[[Wiring], Wiring]] = {
    "ct-reversed-l1": _reversed(0),
    "ct-reversed-l2": _reversed(1),
    "ct-reversed-l3": _reversed(2),
    "import-export": _reversed(0, 1, 2),
    "swapped-l1-l2": lambda wiring: replace(wiring, source=(1, 0, 2)),
    "swapped-l2-l3": lambda wiring: replace(wiring, source=(0, 2, 1)),
    "swapped-l1-l3": lambda wiring: replace(wiring, source=(2, 1, 0)),
    "cyclic": lambda wiring: replace(wiring, source=(1, 2, 0)),
    "cyclic-back": lambda wiring: replace(wiring, source=(2, 0, 1)),
    "ct-ratio": lambda wiring: replace(wiring, ct_factor=0.5),
    "kilowatt": lambda wiring: replace(wiring, power_unit_w=1000.0),
    "line-to-line": lambda wiring: replace(wiring, line_to_line=True),
}
"""What each named installation fault does to a meter's wiring."""


def wired(faults: Iterable[str]) -> Wiring:
    """Give the wiring that these faults leave, applied one after the other."""
    wiring = Wiring()
    for name in faults:
        wiring = WIRING_FAULTS[name](wiring)
    return wiring
