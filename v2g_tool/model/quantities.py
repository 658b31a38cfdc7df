"""Measured values: which quantity, on which conductor, how much, when. SI units throughout.

Sign: P > 0 is energy from grid to vehicle (import); Q > 0 is inductive (the current lags).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

SUM = 0
"""The phase number that stands for the sum (or the one system value) of all phases."""


class Quantity(StrEnum):
    """What is measured; the unit of each is in `UNITS`."""

    VOLTAGE = "U"
    CURRENT = "I"
    ACTIVE_POWER = "P"
    REACTIVE_POWER = "Q"
    APPARENT_POWER = "S"
    POWER_FACTOR = "PF"
    FREQUENCY = "F"
    ENERGY_IMPORT = "WH_IMP"
    ENERGY_EXPORT = "WH_EXP"


UNITS: Mapping[Quantity, str] = {
    Quantity.VOLTAGE: "V",
    Quantity.CURRENT: "A",
    Quantity.ACTIVE_POWER: "W",
    Quantity.REACTIVE_POWER: "var",
    Quantity.APPARENT_POWER: "VA",
    Quantity.POWER_FACTOR: "1",
    Quantity.FREQUENCY: "Hz",
    Quantity.ENERGY_IMPORT: "Wh",
    Quantity.ENERGY_EXPORT: "Wh",
}


@dataclass(frozen=True, order=True)
class Channel:
    """A quantity on one conductor: `Channel(Quantity.ACTIVE_POWER, 2)` is the active power of L2."""

    quantity: Quantity
    phase: int = SUM

    def __str__(self) -> str:
        return f"{self.quantity}.{'sum' if self.phase == SUM else self.phase}"

    @classmethod
    def parse(cls, text: str) -> Channel:
        """Give the channel written as `P.1`, `U.3`, `P.sum`; raises ValueError for anything else."""
        name, _, phase = text.partition(".")
        if phase not in ("sum", "1", "2", "3"):
            raise ValueError(f"'{text}' names no channel; write for example P.1 or P.sum")
        return cls(Quantity(name), SUM if phase == "sum" else int(phase))


@dataclass(frozen=True)
class Sample:
    """One value in the SI unit of its channel, at `at_s` on the run's monotonic clock."""

    channel: Channel
    value: float
    at_s: float


@dataclass(frozen=True)
class Reading:
    """Samples that one instrument took at one instant.

    Attributes:
        values: SI value by channel. A channel without a valid value is absent, never NaN.
        started_s: monotonic time when the request was sent.
        ended_s: monotonic time when the answer was complete.
        counter: the instrument's own sample number, None if it has none.
    """

    values: Mapping[Channel, float]
    started_s: float
    ended_s: float
    counter: int | None = None

    @property
    def at_s(self) -> float:
        """The middle of the exchange, s on the run's monotonic clock."""
        return (self.started_s + self.ended_s) / 2

    def samples(self) -> tuple[Sample, ...]:
        """Give the values one by one, in channel order."""
        return tuple(Sample(channel, self.values[channel], self.at_s) for channel in sorted(self.values))


@dataclass(frozen=True)
class Identity:
    """Who answered: as the instrument itself says it."""

    maker: str
    model: str
    serial: str
    firmware: str

    def __str__(self) -> str:
        return f"{self.maker} {self.model} s/n {self.serial} fw {self.firmware}"


@dataclass(frozen=True)
class PhaseMeans:
    """Mean values of one phase (or of the sum) over a measurement window."""

    voltage_v: float
    current_a: float
    power_w: float
    reactive_var: float

    @property
    def complex_power_va(self) -> complex:
        """P + jQ in VA."""
        return complex(self.power_w, self.reactive_var)

    @property
    def tan_phi(self) -> float:
        """Q / P, signed; infinite at P = 0."""
        if self.power_w == 0:
            return float("inf")
        return self.reactive_var / self.power_w


@dataclass(frozen=True)
class ReferenceAccuracy:
    """What the reference's specification allows for active power, at the range in use.

    The limit error is rdg_ratio·|P| + rng_ratio·range_va + pf0_ratio·|Q|, half-width of a rectangular distribution.

    Attributes:
        rdg_ratio: part of the reading (0.001 is 0.1 %).
        rng_ratio: part of the power range.
        range_va: voltage range times current range of one phase, in VA, after transformer ratios.
        pf0_ratio: part of the apparent power that appears at power factor 0; grows with |Q|.
        source: document and page.
    """

    rdg_ratio: float
    rng_ratio: float
    range_va: float
    pf0_ratio: float
    source: str
