"""An imperfect reference analyzer whose errors stay inside its specification.

Bounds at 45-66 Hz, crest factor 3, 12 months (Yokogawa IM WT310E-02EN p. 7-7 and 7-8):
power ±(0.1 % of reading + 0.05 % of range), power factor influence ±0.1 % of S at PF 0;
voltage and current are taken to be ±(0.1 % of reading + 0.05 % of range).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from v2g_tool.bench.metering.plant import Triple, Truth
from v2g_tool.bench.noise import gauss, uniform

OVER_RANGE_RATIO = 1.3
"""Reading over range from which the instrument shows no number any more."""

_READING = 0.001
_RANGE = 0.0005
_PF_INFLUENCE = 0.001
_DRAWN = 0.4  # a good instrument lives in the inner part of its specification
_NOISE = 0.0001


class AnalyzerReading(NamedTuple):
    """What the analyzer reads, per element; NaN stands for a value over its range."""

    frequency_hz: float
    voltage_v: Triple
    current_a: Triple
    p_w: Triple
    s_va: Triple
    q_var: Triple


class AnalyzerModel:
    """A reference analyzer; reading is a pure function of the truth and the ranges.

    Args:
        seed: draws where inside its specification this instrument is.
    """

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self._bias = {
            name: tuple(_DRAWN * uniform(seed, channel, k) for k in range(3))
            for channel, name in enumerate(("u", "u_range", "i", "i_range", "p", "p_range", "pf"), 51)
        }

    def read(self, truth: Truth, u_range: float, i_range: float) -> AnalyzerReading:
        """Give what the analyzer reads of this truth on ranges of so many V and A."""
        elements = [self._element(truth, k, u_range, i_range) for k in range(3)]
        columns = [(column[0], column[1], column[2]) for column in zip(*elements, strict=True)]
        return AnalyzerReading(truth.frequency_hz, *columns)

    def _element(self, truth: Truth, k: int, u_range: float, i_range: float) -> tuple[float, ...]:
        bias, bucket = self._bias, int(truth.time_s * 1000.0)
        noise_u = _NOISE * gauss(self.seed, 61, k, bucket)
        noise_i = _NOISE * gauss(self.seed, 62, k, bucket)
        volts = _reading(truth.voltage_v(k), bias["u"][k], bias["u_range"][k] * u_range, noise_u)
        amps = _reading(truth.current_a(k), bias["i"][k], bias["i_range"][k] * i_range, noise_i)
        power = truth.power(k)
        watts = (
            _reading(power.real, bias["p"][k], bias["p_range"][k] * u_range * i_range, noise_u + noise_i)
            + _PF_INFLUENCE * bias["pf"][k] * power.imag
        )
        if volts > OVER_RANGE_RATIO * u_range:
            volts = watts = math.nan
        if amps > OVER_RANGE_RATIO * i_range:
            amps = watts = math.nan
        return (volts, amps, watts, *_derived(volts, amps, watts, power.imag))


def _reading(true: float, bias: float, of_range: float, noise: float) -> float:
    return true * (1.0 + _READING * bias + noise) + _RANGE * of_range


def _derived(volts: float, amps: float, watts: float, true_q_var: float) -> tuple[float, float]:
    """Give S and Q as this instrument computes them: from U, I and P, with the sign of the lag."""
    apparent_va = volts * amps
    if math.isnan(watts):
        return math.nan, math.nan
    q_var = math.sqrt(max(0.0, apparent_va**2 - watts**2))
    return apparent_va, math.copysign(q_var, true_q_var)
