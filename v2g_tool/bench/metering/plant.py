"""The physics: a three-phase grid and a bidirectional charger, as they truly are at a time.

Nothing here reads a clock; time comes in as seconds of the bench clock. Signs are those of a
load: P > 0 flows from the grid to the vehicle, Q > 0 when the current lags the voltage.

    grid ── U1 U2 U3 ──┬── meters, analyzer ──┬── inverter and vehicle: P, Q
                       └─ every instrument sees the same U and I
"""

from __future__ import annotations

import cmath
import math
import threading
from collections.abc import Sequence
from typing import NamedTuple

from v2g_tool.bench.noise import gauss, mix, uniform

CELL_S = 0.1
"""Longest stretch of time, in s, that one evaluation stands for when a window is averaged."""
STANDBY_W = 240.0
"""Charging power, in W, of the inverter when no set point is enabled."""
IDLE_W = 35.0
"""Own consumption of the charger electronics, in W."""

_NOISE_S = 0.02  # the load noise changes as often as the grid has periods
_UNSTEADY_S = 0.3
_MAX_EVALUATIONS = 10
_PHASE_DEG = (0.0, -120.0, 120.0)

Triple = tuple[float, float, float]


class Truth(NamedTuple):
    """What is truly there: fundamental phasors, distortion and frequency, without any instrument."""

    time_s: float
    frequency_hz: float
    u: tuple[complex, complex, complex]
    """Fundamental phase voltages in V."""
    i: tuple[complex, complex, complex]
    """Fundamental phase currents in A, towards the vehicle."""
    thd_u: Triple
    """Total harmonic distortion of the voltages, ratio to the fundamental."""
    thd_i: Triple
    """Total harmonic distortion of the currents, ratio to the fundamental."""

    def voltage_v(self, phase: int) -> float:
        """Give the RMS voltage of a phase in V, harmonics included."""
        return abs(self.u[phase]) * math.sqrt(1.0 + self.thd_u[phase] ** 2)

    def current_a(self, phase: int) -> float:
        """Give the RMS current of a phase in A, harmonics included."""
        return abs(self.i[phase]) * math.sqrt(1.0 + self.thd_i[phase] ** 2)

    def power(self, phase: int) -> complex:
        """Give P + jQ of a phase in W and var.

        Harmonic voltages and currents are in quadrature here, so they carry no active power and
        P is that of the fundamental.
        """
        return self.u[phase] * self.i[phase].conjugate()

    def total_power(self) -> complex:
        """Give P + jQ of all phases in W and var."""
        return self.power(0) + self.power(1) + self.power(2)

    def apparent_va(self, phase: int) -> float:
        """Give U·I of a phase in VA, never below sqrt(P² + Q²)."""
        return self.voltage_v(phase) * self.current_a(phase)


class SetPoint(NamedTuple):
    """What the inverter is told from a time on: total P in W and Q in var, load signs."""

    time_s: float
    p_w: float
    q_var: float


class _Segment(NamedTuple):
    time_s: float
    start: complex
    target: complex


class Plant:
    """Grid, inverter and vehicle of one charger.

    Args:
        seed: draws everything that differs between one site and another.
        unsteady: True for a vehicle whose load jumps every 0.3 s.
    """

    def __init__(self, seed: int = 1, *, unsteady: bool = False) -> None:
        self.seed = seed
        self.tau_s = 0.15  # time constant of the inverter's ramp
        self.unsteady = unsteady
        self._lock = threading.Lock()
        self._segments = [_Segment(-math.inf, complex(STANDBY_W), complex(STANDBY_W))]
        self._level_v = [230.0 * (1.0 + 0.006 * uniform(seed, 11, k)) for k in range(3)]
        self._skew_deg = [0.15 * uniform(seed, 12, k) for k in range(3)]
        self._drift_rad = [math.pi * uniform(seed, 13, k) for k in range(6)]
        self._share = self._draw_shares()
        self._thd_u = self._draw_distortion(14, (0.004, 0.009, 0.005))
        self._thd_i = self._draw_distortion(15, (0.006, 0.010, 0.006))
        sign = 1.0 if mix(seed, 16) & 1 else -1.0
        self._p_gain = 1.0 + sign * (0.015 + 0.005 * uniform(seed, 17))
        self._q_gain = 1.0 + 0.02 * uniform(seed, 18)

    def _draw_shares(self) -> list[float]:
        raw = [0.007 * uniform(self.seed, 19, k) for k in range(3)]
        mean = sum(raw) / 3.0
        return [(1.0 + part - mean) / 3.0 for part in raw]

    def _draw_distortion(self, channel: int, levels: Sequence[float]) -> Triple:
        def one(phase: int) -> float:
            orders = (level * (1.0 + 0.3 * uniform(self.seed, channel, phase, n)) for n, level in enumerate(levels))
            return math.sqrt(sum(order * order for order in orders))

        return (one(0), one(1), one(2))

    def command(self, point: SetPoint) -> None:
        """Take a set point; whatever was scheduled for later is forgotten."""
        self.schedule([point])

    def schedule(self, points: Sequence[SetPoint]) -> None:
        """Take set points in the order of their times; they replace all from the first one on.

        An inverter's reversion timer is such a later set point, so it works without a thread.
        """
        with self._lock:
            kept = [part for part in self._segments if part.time_s < points[0].time_s]
            for point in points:
                target = complex(point.p_w * self._p_gain, point.q_var * self._q_gain)
                start = self._drawn(kept[-1], point.time_s)
                kept.append(_Segment(point.time_s, start, target))
            self._segments = kept[-4096:]

    def _drawn(self, segment: _Segment, time_s: float) -> complex:
        """Give what the inverter delivers at a time inside a segment, without idle draw and noise."""
        if segment.start == segment.target:
            return segment.target
        rest = math.exp((segment.time_s - time_s) / self.tau_s)
        return segment.target + (segment.start - segment.target) * rest

    def _segment(self, time_s: float) -> _Segment:
        segments = self._segments
        for segment in reversed(segments):
            if segment.time_s <= time_s:
                return segment
        return segments[0]

    def truth(self, time_s: float) -> Truth:
        """Give the true state at a time."""
        bucket = int(time_s // _NOISE_S)
        drawn = self._drawn(self._segment(time_s), time_s)
        power = drawn * (1.0 + 0.0005 * gauss(self.seed, 21, bucket)) + IDLE_W
        if self.unsteady:
            power *= 1.0 + 0.08 * uniform(self.seed, 22, int(time_s // _UNSTEADY_S))
        u = [self._voltage(k, time_s, bucket) for k in range(3)]
        i = [((power * self._share[k]) / u[k]).conjugate() for k in range(3)]
        frequency_hz = 50.0 + 0.01 * math.sin(time_s / 7.0 + self._drift_rad[3]) + 0.001 * gauss(self.seed, 23, bucket)
        return Truth(time_s, frequency_hz, (u[0], u[1], u[2]), (i[0], i[1], i[2]), self._thd_u, self._thd_i)

    def _voltage(self, phase: int, time_s: float, bucket: int) -> complex:
        slow_v = 0.25 * math.sin(time_s / 9.0 + self._drift_rad[phase])
        fast_v = 0.01 * gauss(self.seed, 24, phase, bucket)
        angle_deg = _PHASE_DEG[phase] + self._skew_deg[phase]
        return cmath.rect(self._level_v[phase] + slow_v + fast_v, math.radians(angle_deg))

    def mean(self, start_s: float, end_s: float) -> Truth:
        """Give the average state of a window, as an instrument sees it that integrates over it."""
        count = min(_MAX_EVALUATIONS, max(1, math.ceil((end_s - start_s) / CELL_S - 1e-6)))
        step_s = (end_s - start_s) / count
        cells = [self.truth(start_s + (n + 0.5) * step_s) for n in range(count)]
        return cells[0] if count == 1 else _average(cells)


def _average(cells: Sequence[Truth]) -> Truth:
    count = len(cells)

    def mean(part: str, phase: int) -> complex:
        total: complex = sum(getattr(cell, part)[phase] for cell in cells)
        return total / count

    u = (mean("u", 0), mean("u", 1), mean("u", 2))
    i = (mean("i", 0), mean("i", 1), mean("i", 2))
    frequency_hz = sum(cell.frequency_hz for cell in cells) / count
    return cells[-1]._replace(u=u, i=i, frequency_hz=frequency_hz)
