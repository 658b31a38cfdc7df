"""What all bench meters share: sampling in update intervals, energies, corrections and the faults that hit them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from v2g_tool.bench.faults import FaultSet
from v2g_tool.bench.metering.meter_model import Correction, MeterErrors, MeterModel, MeterReading, wired
from v2g_tool.bench.metering.modbus import DEVICE_FAILURE, ILLEGAL_VALUE, ModbusError, RestartError, UnansweredError
from v2g_tool.bench.metering.plant import Plant
from v2g_tool.bench.metering.words import s16

Clock = Callable[[], float]
"""Gives the bench clock in s."""

_VOLATILE_S = 0.5
_REQUESTS_TO_RESTART = 3
_CATCH_UP_STEPS = 16
_PHASES, _GAIN_L2 = 3, 1
_WRITE_FAULTS = ("volatile-write", "write-ignored", "write-unanswered", "restart-factory")


@dataclass
class Energies:
    """Energy counters of a meter in Wh: the sum and the phases, both directions."""

    import_wh: list[float] = field(default_factory=lambda: [0.0] * 4)
    """Sum, L1, L2, L3."""
    export_wh: list[float] = field(default_factory=lambda: [0.0] * 4)
    """Sum, L1, L2, L3."""

    def add(self, powers_w: tuple[float, ...], hours: float) -> None:
        """Integrate the powers of the phases, and their sum, over a time."""
        for place, power_w in enumerate((sum(powers_w), *powers_w)):
            counters = self.import_wh if power_w >= 0.0 else self.export_wh
            counters[place] += abs(power_w) * hours


class MeterCore:
    """The measuring part of a meter. Values stand still between two updates.

    Args:
        plant: what is measured.
        model: its errors and its wiring.
        clock: the bench clock.
        update_s: update interval in s.
        faults: the faults of the device.
    """

    def __init__(self, plant: Plant, model: MeterModel, clock: Clock, update_s: float, faults: FaultSet) -> None:
        self.faults = faults
        self.clock = clock
        self.update_s = update_s
        self.model = model
        self.energies = Energies([12_000.0, 4_000.0, 4_000.0, 4_000.0], [3_000.0, 1_000.0, 1_000.0, 1_000.0])
        self.samples = 0
        self._plant = plant
        self._index = int(clock() / update_s) - 1
        self.reading: MeterReading | None = None

    def sample(self, correction: Correction) -> None:
        """Take all samples that are due by now with this correction."""
        index = int(self.clock() / self.update_s)
        due = index - self._index
        if due <= 0 or (self.reading is not None and self.faults.has("stale")):
            return
        self.model.wiring = wired(n for n in self.faults.standing("wiring") if n not in ("word-order", "stale"))
        # After a long pause nobody looked at the samples in between; fewer, longer ones carry the energy.
        steps = min(due, _CATCH_UP_STEPS)
        for step in range(steps):
            start, end = self._index + due * step // steps, self._index + due * (step + 1) // steps
            truth = self._plant.mean(start * self.update_s, end * self.update_s)
            self.reading = self.model.read(truth, correction)
            self.energies.add(self.reading.p_w, (end - start) * self.update_s / 3600.0)
        self._index = index
        self.samples += due

    def current_reading(self) -> MeterReading:
        """Give the reading of the latest sample."""
        if self.reading is None:
            raise ModbusError(DEVICE_FAILURE)
        return self.reading


class _FallBack(NamedTuple):
    due_s: float
    place: int
    value: int


class TrimmedMeter(ABC):
    """A meter with registers for its corrections: gains in 1/10000, phases in millidegrees, then what else it has.

    Args:
        core: the measuring part.
        ranges: smallest and largest value of each correction.
    """

    def __init__(self, core: MeterCore, ranges: Sequence[tuple[int, int]]) -> None:
        self.core = core
        self.changes = 0
        self._ranges = ranges
        self._at_delivery = [10_000] * _PHASES + [0] * (len(ranges) - _PHASES)
        self._trims = list(self._at_delivery)
        self._stored = list(self._at_delivery)
        self._start_s = core.clock()
        self._fall_backs: list[_FallBack] = []
        self._restart_at = math.inf

    @property
    def working(self) -> list[int]:
        """Corrections at work, as their registers hold them."""
        return list(self._trims)

    @property
    def stored(self) -> list[int]:
        """Corrections that survive a restart."""
        return list(self._stored)

    @property
    def true_errors(self) -> MeterErrors:
        """The true errors of the meter, without any correction."""
        return self.core.model.errors

    @abstractmethod
    def correction(self) -> Correction:
        """Give the corrections at work as factors."""

    def begin(self) -> None:
        """Do what is due before a request.

        Raises:
            RestartError: the meter restarts instead of answering.
        """
        now_s = self.core.clock()
        for part in [part for part in self._fall_backs if part.due_s <= now_s]:
            self._trims[part.place] = part.value
            self._fall_backs.remove(part)
        self.core.sample(self.correction())
        if self.core.faults.requests >= self._restart_at:
            self._restart_at = math.inf
            self._fall_backs.clear()
            self.restart_with_factory_values()
            raise RestartError("the device restarted")

    def restart_with_factory_values(self) -> None:
        """Forget all corrections, and begin anew."""
        self._trims[:] = self._stored[:] = self._at_delivery
        self._start_s = self.core.clock()

    def checked(self, first: int, words: Sequence[int]) -> Mapping[int, int]:
        """Give the corrections by their place that words from place `first` on stand for, or raise `ModbusError`."""
        values = {place: word if place < _PHASES else s16(word) for place, word in enumerate(words, first)}
        if any(not self._ranges[place][0] <= value <= self._ranges[place][1] for place, value in values.items()):
            raise ModbusError(ILLEGAL_VALUE)
        if _GAIN_L2 in values and self.core.faults.has("stuck-gain-l2"):
            raise ModbusError(DEVICE_FAILURE)
        return values

    def take(self, values: Mapping[int, int]) -> None:
        """Put corrections to work, unless a fault hits the write."""
        fault = self.core.faults.strike(*_WRITE_FAULTS)
        name = fault.name if fault else ""
        if name == "write-ignored":
            return
        for place, value in values.items():
            if name == "volatile-write":
                due_s = self.core.clock() + _VOLATILE_S
                self._fall_backs.append(_FallBack(due_s, place, self._trims[place]))
            self._trims[place] = value
        if name == "restart-factory":
            self._restart_at = self.core.faults.requests + _REQUESTS_TO_RESTART
        if name == "write-unanswered":
            raise UnansweredError
