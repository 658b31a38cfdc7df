"""A meter and a reference on the bench's plant, read as a calibration reads them, without any wire.

The reference is worse than the bench's own analyzer: its errors fill the whole specification. It derives reactive
power from U, I and P, as real ones do.
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from v2g_tool.bench.metering.meter_model import Correction, MeterErrors, MeterModel, MeterReading, wired
from v2g_tool.bench.metering.plant import Plant, SetPoint, Truth
from v2g_tool.metering.rules.fitting import PhasePoint, load_tan_phi
from v2g_tool.metering.rules.uncertainty import combine, reference, repeatability, resolution
from v2g_tool.metering.rules.wiring import PointMeans
from v2g_tool.model.quantities import PhaseMeans, ReferenceAccuracy
from v2g_tool.statistics.distributions import mean

ACCURACY = ReferenceAccuracy(0.001, 0.0005, 300 * 50, 0.001, "test")

SKEW_S = 0.02
"""Meter and reference look at different periods of the grid."""

LOADS: Mapping[str, tuple[float, float]] = {
    "charge-full": (11000.0, 0.0),
    "charge-mid": (6900.0, 0.0),
    "charge-low": (4140.0, 0.0),
    "charge-half-inductive": (5500.0, 5500.0 * math.sqrt(3)),
    "charge-0.8-capacitive": (7700.0, -7700.0 * 0.75),
    "discharge-full": (-11000.0, 0.0),
    "discharge-low": (-4140.0, 0.0),
}
"""The plan ac-bidirectional at 11 kW: total P in W and Q in var."""

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Reference:
    """Errors of a reference that stay inside `ACCURACY`, rectangular over all of it, per phase."""

    reading: Triple
    of_range: Triple
    pf0: Triple
    noise_ratio: float = 0.0001

    @classmethod
    def draw(cls, dice: random.Random) -> Reference:
        three = partial(_three, dice)
        return cls(three(0.001), three(0.0005), three(0.001))

    def read(self, truth: Truth, phase: int, dice: random.Random) -> PhaseMeans:
        power = truth.power(phase)
        watts = power.real * (1 + self.reading[phase] + dice.gauss(0, self.noise_ratio))
        watts += self.of_range[phase] * ACCURACY.range_va + self.pf0[phase] * power.imag
        volts, amps = truth.voltage_v(phase) * 1.0005, truth.current_a(phase) * 1.0005
        var = math.sqrt(max(0.0, (volts * amps) ** 2 - watts**2))
        return PhaseMeans(volts, amps, watts, math.copysign(var, power.imag))


@dataclass
class Site:
    """One drawn plant with its meter and its reference."""

    seed: int
    errors: MeterErrors
    wiring_faults: tuple[str, ...] = ()
    correction: Correction = field(default_factory=Correction)
    readings: int = 10

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.reference = Reference.draw(self.dice)
        self.plant = Plant(self.seed)
        self.start_s = 0.0

    def steps(self) -> Iterator[tuple[str, float]]:
        """Set one load after the other; give its name and the time when the window starts."""
        for name, (p_w, q_var) in LOADS.items():
            self.plant.command(SetPoint(self.start_s, p_w, q_var))
            yield name, self.start_s + 3
            self.start_s += 30

    def phase_points(self) -> dict[int, list[PhasePoint]]:
        """Measure all loads and give the points of each phase."""
        found: dict[int, list[PhasePoint]] = {1: [], 2: [], 3: []}
        for name, start_s in self.steps():
            meter, reference_ = self._window(start_s)
            for phase in range(3):
                found[phase + 1].append(_point(name, meter[phase], reference_[phase]))
        return found

    def _window(self, start_s: float) -> tuple[list[Series], list[Series]]:
        model = MeterModel(self.errors, wired(self.wiring_faults), self.seed)
        seen: list[Series] = [[], [], []]
        true: list[Series] = [[], [], []]
        for n in range(self.readings):
            early, late = self.plant.truth(start_s + n), self.plant.truth(start_s + n + SKEW_S)
            reading = model.read(late, self.correction)
            for phase in range(3):
                true[phase].append(self.reference.read(early, phase, self.dice))
                seen[phase].append(_phase(reading, phase))
        return seen, true

    def point_means(self) -> list[PointMeans]:
        """Give what the wiring rules see; few readings are enough."""
        return [self._means(name, start_s) for name, start_s in self.steps()]

    def _means(self, name: str, start_s: float) -> PointMeans:
        electrical = [fault for fault in self.wiring_faults if fault not in ("word-order", "stale")]
        model = MeterModel(self.errors, wired(electrical), self.seed)
        truths = [self.plant.truth(start_s + n) for n in range(3)]
        readings = [model.read(truth, self.correction) for truth in truths]
        if "stale" in self.wiring_faults:
            self.frozen = getattr(self, "frozen", readings[0])
            readings = [self.frozen] * len(truths)
        if "word-order" in self.wiring_faults:
            readings = [_exchange_words(reading) for reading in readings]
        return PointMeans(
            name,
            {phase + 1: _mean([_phase(reading, phase) for reading in readings]) for phase in range(3)},
            {p + 1: _mean([self.reference.read(truth, p, self.dice) for truth in truths]) for p in range(3)},
            1 if "stale" in self.wiring_faults else len(truths),
            0.0005,
            "charge" if LOADS[name][0] > 0 else "discharge",
        )


Series = list[PhaseMeans]


def draw_errors(dice: random.Random) -> MeterErrors:
    """Draw what a trim can make up for: 3 % less the reference's own error, 0.6°, 5 W."""
    return MeterErrors(
        gain_ratio=_three(dice, 0.028),
        phase_deg=_three(dice, 0.6),
        offset_w=_three(dice, 5.0),
        voltage_ratio=_three(dice, 0.002),
        current_ratio=_three(dice, 0.005),
    )


def _three(dice: random.Random, span: float) -> Triple:
    return (dice.uniform(-span, span), dice.uniform(-span, span), dice.uniform(-span, span))


def _point(name: str, meter: Series, true: Series) -> PhasePoint:
    errors = [seen.power_w / told.power_w - 1 for seen, told in zip(meter, true, strict=True)]
    seen, told = _mean(meter), _mean(true)
    lines = [
        repeatability(errors, len(errors)),
        *reference(ACCURACY, told.power_w, told.reactive_var),
        resolution(0.001, told.power_w),
    ]
    return PhasePoint(name, mean(errors), load_tan_phi(seen, told), told.power_w, combine(lines))


def _phase(reading: MeterReading, phase: int) -> PhaseMeans:
    return PhaseMeans(reading.voltage_v[phase], reading.current_a[phase], reading.p_w[phase], reading.q_var[phase])


def _mean(values: Sequence[PhaseMeans]) -> PhaseMeans:
    """A value that is no number is absent, as the driver leaves it out."""
    parts = zip(*((m.voltage_v, m.current_a, m.power_w, m.reactive_var) for m in values), strict=True)
    sound = [[value for value in part if math.isfinite(value)] for part in parts]
    return PhaseMeans(*(mean(part) if part else 0.0 for part in sound))


def _exchange_words(reading: MeterReading) -> MeterReading:
    return MeterReading(
        reading.frequency_hz,
        *(tuple(_exchanged(value) for value in part) for part in (reading[1], reading[2], reading[3], reading[4])),
    )


def _exchanged(value: float) -> float:
    data = struct.pack(">f", value)
    return float(struct.unpack(">f", data[2:] + data[:2])[0])
