"""A measurement window: both instruments sampled side by side, one plain thread each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from v2g_tool.errors import InstrumentError, V2GError
from v2g_tool.hal.contracts import POWER, Meter, PowerAnalyzer
from v2g_tool.model.quantities import SUM, Channel, PhaseMeans, Quantity, Reading
from v2g_tool.procedures.run import Run
from v2g_tool.rules.settling import distinct
from v2g_tool.rules.statistics import mean

OVERTIME = 4.0
"""A window may take this many times its planned length before it is given up."""
STALE_AFTER = 2.0
"""After this many times the planned length an instrument that answers, but always the same, is asked no further."""
POLLS_PER_UPDATE = 2
"""Twice per update interval, so that no update of a meter without sample counter is missed."""


@dataclass(frozen=True)
class Window:
    """Fresh readings of both instruments over the same time."""

    meter: tuple[Reading, ...]
    reference: tuple[Reading, ...]
    dropped: int

    @property
    def span_s(self) -> float:
        """Length of the meter's part of the window, s."""
        return self.meter[-1].at_s - self.meter[0].at_s

    @property
    def skew_s(self) -> float:
        """Difference between the mean sampling times of the two instruments, s."""
        return abs(mean([r.at_s for r in self.meter]) - mean([r.at_s for r in self.reference]))

    def series(self, channel: Channel, of: Sequence[Reading]) -> tuple[tuple[float, float], ...]:
        """Give (time s, value) of one channel; P.sum and Q.sum are added up where the instrument gives phases only."""
        return tuple((r.at_s, v) for r in of if (v := reading_value(r, channel)) is not None)


def reading_value(reading: Reading, channel: Channel) -> float | None:
    """Give a channel of a reading; the sum of powers is added up from the phases where it is not given."""
    if channel in reading.values:
        return reading.values[channel]
    if channel.phase != SUM or channel.quantity not in (Quantity.ACTIVE_POWER, Quantity.REACTIVE_POWER):
        return None
    phases = [reading.values[c] for p in (1, 2, 3) if (c := Channel(channel.quantity, p)) in reading.values]
    return sum(phases) if phases else None


def phase_means(readings: Sequence[Reading], phase: int) -> PhaseMeans:
    """Give the means of U, I, P, Q of one phase (or the sum); a channel without any value counts as 0."""

    def average(quantity: Quantity) -> float:
        values = [v for r in readings if (v := reading_value(r, Channel(quantity, phase))) is not None]
        return mean(values) if values else 0.0

    return PhaseMeans(
        average(Quantity.VOLTAGE),
        average(Quantity.CURRENT),
        average(Quantity.ACTIVE_POWER),
        average(Quantity.REACTIVE_POWER),
    )


def take_window(meter: Meter, meter_update_s: float, analyzer: PowerAnalyzer, readings: int, run: Run) -> Window:
    """Sample both instruments until each gave `readings` fresh readings; raises InstrumentError when one does not."""
    planned_s = readings * max(meter_update_s, analyzer.update_interval_s)
    meter_thread = _Sampler(
        "meter", lambda: meter.measure(POWER), readings, meter_update_s / POLLS_PER_UPDATE, planned_s, run
    )
    reference_thread = _Sampler("reference", analyzer.measure, readings, 0.0, planned_s, run)
    samplers = (meter_thread, reference_thread)
    for sampler in samplers:
        sampler.partners = samplers
        sampler.start()
    try:
        while any(sampler.is_alive() for sampler in samplers):
            run.sleep(0.02)
    finally:
        for sampler in samplers:
            sampler.stop.set()
        for sampler in samplers:
            sampler.join()
    for sampler in samplers:
        if sampler.error is not None:
            raise sampler.error
    return Window(tuple(meter_thread.fresh()), tuple(reference_thread.fresh()), reference_thread.dropped)


class _Sampler(threading.Thread):
    """Samples one instrument until it and its partners have enough, so both windows span the same time."""

    def __init__(
        self,
        name: str,
        measure: Callable[[], Reading | None],
        wanted: int,
        pause_s: float,
        planned_s: float,
        run: Run,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.measure, self.wanted, self.pause_s, self.planned_s, self.run_ = measure, wanted, pause_s, planned_s, run
        self.partners: Sequence[_Sampler] = ()
        self.stop = threading.Event()
        self.enough = threading.Event()
        self.readings: list[Reading] = []
        self.dropped = 0
        self.error: V2GError | None = None

    def fresh(self) -> tuple[Reading, ...]:
        """Give the readings without repetitions of the same sample."""
        return distinct(self.readings)

    def run(self) -> None:
        """Sample until all have enough, until told to stop, or until time is up."""
        started_s = self.run_.monotonic()
        try:
            while not self.stop.is_set() and not all(partner.enough.is_set() for partner in self.partners):
                self._sample()
                self._watch(self.run_.monotonic() - started_s)
                self.stop.wait(self.pause_s)
        except V2GError as exc:
            self.error = exc
            for partner in self.partners:
                partner.stop.set()

    def _sample(self) -> None:
        reading = self.measure()
        if reading is None:
            self.dropped += 1
            self.readings.clear()  # a window with a gap is never stitched together
            self.enough.clear()
            return
        self.readings.append(reading)
        if len(self.readings) >= self.wanted and len(self.fresh()) >= self.wanted:
            self.enough.set()

    def _watch(self, elapsed_s: float) -> None:
        if len(self.readings) >= self.wanted and elapsed_s > STALE_AFTER * self.planned_s + 1.0:
            self.enough.set()  # it answers, but always the same: the rules name it
        limit_s = OVERTIME * self.planned_s + 10.0
        if elapsed_s > limit_s:
            raise InstrumentError(
                f"the {self.name} gave {len(self.fresh())} of {self.wanted} readings in {limit_s:.0f} s",
                why="It answers too slowly, or its answers had to be dropped.",
                todo="Check the line and the update interval, then run again.",
            )
