"""A measurement window: both instruments sampled side by side, one plain thread each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from v2g_tool.errors import Implausible, InstrumentError
from v2g_tool.hal.contracts.analyzer import PowerAnalyzer
from v2g_tool.hal.contracts.meter import POWER, Meter
from v2g_tool.metering.rules.settling import distinct
from v2g_tool.model.quantities import SUM, Channel, PhaseMeans, Quantity, Reading
from v2g_tool.run.run import Run
from v2g_tool.statistics.distributions import mean

OVERTIME = 4.0
"""A window may take this many times its planned length before it is given up."""
STALE_AFTER = 2.0
"""After this many times the planned length an instrument that answers, but always the same, is asked no further."""
POLLS_PER_UPDATE = 2
"""Twice per update interval, so that no update of a meter without sample counter is missed."""


@dataclass(frozen=True)
class Window:
    """Readings of both instruments over the same time.

    Attributes:
        meter: fresh readings; of a meter that always says the same, all readings.
        reference: fresh readings.
        meter_changes: number of different meter samples seen.
        phases: number of phases of the meter.
    """

    meter: tuple[Reading, ...]
    reference: tuple[Reading, ...]
    meter_changes: int
    phases: int

    @property
    def span_s(self) -> float:
        """Length of the meter's part of the window, s."""
        return self.meter[-1].at_s - self.meter[0].at_s

    @property
    def skew_s(self) -> float:
        """Difference between the mean sampling times of the two instruments, s."""
        return abs(mean([r.at_s for r in self.meter]) - mean([r.at_s for r in self.reference]))

    def series(self, channel: Channel, of: Sequence[Reading]) -> tuple[tuple[float, float], ...]:
        """Give (time s, value) of one channel, for the readings that have it."""
        return tuple((r.at_s, v) for r in of if (v := reading_value(r, channel, self.phases)) is not None)

    def means(self, of: Sequence[Reading], phase: int) -> PhaseMeans:
        """Give the means of U, I, P, Q of one phase (or the sum); a channel without any value counts as 0."""

        def average(quantity: Quantity) -> float:
            values = [value for _, value in self.series(Channel(quantity, phase), of)]
            return mean(values) if values else 0.0

        return PhaseMeans(
            average(Quantity.VOLTAGE),
            average(Quantity.CURRENT),
            average(Quantity.ACTIVE_POWER),
            average(Quantity.REACTIVE_POWER),
        )


def reading_value(reading: Reading, channel: Channel, phases: int) -> float | None:
    """Give a channel of a reading; a sum of powers that is not given is added up, if every phase answered."""
    if channel in reading.values:
        return reading.values[channel]
    if channel.phase != SUM or channel.quantity not in (Quantity.ACTIVE_POWER, Quantity.REACTIVE_POWER):
        return None
    parts = [reading.values.get(Channel(channel.quantity, phase)) for phase in range(1, phases + 1)]
    return None if any(part is None for part in parts) else sum(part for part in parts if part is not None)


def take_window(
    meter: Meter, meter_update_s: float, analyzer: PowerAnalyzer, readings: int, phases: int, run: Run
) -> Window:
    """Sample both instruments until each gave `readings` fresh readings; raises InstrumentError when one does not."""
    planned_s = readings * max(meter_update_s, analyzer.update_interval_s)
    pause_s = meter_update_s / POLLS_PER_UPDATE
    meter_sampler = _Sampler("meter", lambda: meter.measure(POWER), readings, pause_s, planned_s, run)
    if analyzer.by_hand:
        with _sampling([meter_sampler]):
            reading = analyzer.measure()
            _wait([meter_sampler], run)
        references = [] if reading is None else _held(reading, run)
    else:
        reference_sampler = _Sampler("reference", analyzer.measure, readings, 0.0, planned_s, run)
        with _sampling([meter_sampler, reference_sampler]):
            _wait([meter_sampler, reference_sampler], run)
        references = list(reference_sampler.fresh())
    fresh = meter_sampler.fresh()
    if len(references) < 2 or len(meter_sampler.readings) < 2:
        raise Implausible(
            f"{analyzer.name if len(references) < 2 else meter.name} gave no two different readings in a window",
            why="Its display is held, or it repeats an old value.",
            todo="End HOLD on the instrument, and check that it is measuring.",
        )
    kept = fresh if len(fresh) >= 2 else tuple(meter_sampler.readings)
    return Window(kept, tuple(references), len(fresh), phases)


def _held(reading: Reading, run: Run) -> list[Reading]:
    """Give a reading that a person took as valid from its beginning to now."""
    return [
        Reading(reading.values, reading.started_s, reading.started_s),
        Reading(reading.values, run.monotonic(), run.monotonic()),
    ]


@contextmanager
def _sampling(samplers: Sequence[_Sampler]) -> Iterator[None]:
    """Run the samplers; on every way out they are stopped and have ended."""
    for sampler in samplers:
        sampler.partners = samplers
        sampler.start()
    try:
        yield
    finally:
        for sampler in samplers:
            sampler.stop.set()
        for sampler in samplers:
            sampler.join()


def _wait(samplers: Sequence[_Sampler], run: Run) -> None:
    while any(sampler.is_alive() for sampler in samplers):
        run.sleep(0.02)
    for sampler in samplers:
        if sampler.error is not None:
            raise sampler.error


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
        self.error: Exception | None = None

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
        except Exception as exc:  # noqa: BLE001 - handed to the main thread, which raises it
            self.error = exc
            for partner in self.partners:
                partner.stop.set()

    def _sample(self) -> None:
        reading = self.measure()
        if reading is None:
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
