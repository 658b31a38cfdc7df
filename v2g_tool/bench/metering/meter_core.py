"""What all bench meters share: sampling in update intervals, energies, corrections that fall back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from v2g_tool.bench.faults import Fault, FaultSet
from v2g_tool.bench.metering.meter_model import Correction, MeterErrors, MeterModel, MeterReading, wired
from v2g_tool.bench.metering.modbus import DEVICE_FAILURE, ModbusError, RestartError
from v2g_tool.bench.metering.plant import Plant

Clock = Callable[[], float]
"""Gives the bench clock in s."""

_VOLATILE_S = 0.5
_REQUESTS_TO_RESTART = 3
_CATCH_UP_STEPS = 16
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
        errors: the true errors.
        clock: the bench clock.
        update_s: update interval in s.
        faults: the faults of the device.
        seed: draws the noise.
    """

    def __init__(
        self, plant: Plant, errors: MeterErrors, clock: Clock, update_s: float, faults: FaultSet, seed: int
    ) -> None:
        self.faults = faults
        self.clock = clock
        self.update_s = update_s
        self.model = MeterModel(errors, seed=seed)
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


@dataclass
class _FallBack:
    due_s: float
    place: int
    value: int


class Trims:
    """The correction values of a meter that are at work, with the faults that hit writing them.

    Args:
        at_delivery: the values of a new meter.
        core: the measuring part; its clock and faults count here too.
    """

    def __init__(self, at_delivery: list[int], core: MeterCore) -> None:
        self.at_delivery = list(at_delivery)
        self.working = list(at_delivery)
        self._core = core
        self._fall_backs: list[_FallBack] = []
        self._restart_at: int | None = None

    def begin(self) -> bool:
        """Do what is due before a request; True when the meter has to restart now."""
        now_s = self._core.clock()
        for part in [part for part in self._fall_backs if part.due_s <= now_s]:
            self.working[part.place] = part.value
            self._fall_backs.remove(part)
        due = self._restart_at is not None and self._core.faults.requests >= self._restart_at
        if due:
            self._restart_at = None
            self._fall_backs.clear()
        return due

    def write(self, values: dict[int, int]) -> Fault | None:
        """Take values by their place; give the fault that hit the write."""
        fault = self._core.faults.strike(*_WRITE_FAULTS)
        name = fault.name if fault else ""
        if name == "write-ignored":
            return fault
        for place, value in values.items():
            if name == "volatile-write":
                due_s = self._core.clock() + _VOLATILE_S
                self._fall_backs.append(_FallBack(due_s, place, self.working[place]))
            self.working[place] = value
        if name == "restart-factory":
            self._restart_at = self._core.faults.requests + _REQUESTS_TO_RESTART
        return fault


def restarted() -> RestartError:
    """Give what a device raises when it restarts instead of answering."""
    return RestartError("the device restarted")
