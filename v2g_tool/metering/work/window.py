"""A measurement window: both instruments sampled side by side, one plain thread each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from v2g_tool.errors import Implausible, InstrumentError
from v2g_tool.hal.contracts.meter import POWER
from v2g_tool.metering.rules.settling import distinct
from v2g_tool.metering.work.setup import Setup
from v2g_tool.model.quantities import SUM, Channel, PhaseMeans, Quantity, Reading
from v2g_tool.run.session import Session
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


def take_window(setup: Setup) -> Window:
    """Sample both instruments until each gave as many fresh readings as the plan wants.

    Raises InstrumentError when one does not.
    """
    meter, analyzer, phases = setup.meter, setup.analyzer, len(setup.phases)
    meter_sampler = _Sampler("meter", lambda: meter.measure(POWER), setup, setup.meter_update_s / POLLS_PER_UPDATE)
    if analyzer.by_hand:
        with _sampling([meter_sampler]):
            reading = analyzer.measure()
        references = [] if reading is None else _held(reading, setup.session)
    else:
        reference_sampler = _Sampler("reference", analyzer.measure, setup)
        with _sampling([meter_sampler, reference_sampler]):
            pass
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


def _held(reading: Reading, session: Session) -> list[Reading]:
    """Give a reading that a person took as valid from its beginning to now."""
    now_s = session.monotonic()
    return [Reading(reading.values, at_s, at_s) for at_s in (reading.started_s, now_s)]


@contextmanager
def _sampling(samplers: Sequence[_Sampler]) -> Iterator[None]:
    """Run the samplers until all have enough; on every way out they are stopped and have ended."""
    session = samplers[0].setup.session
    for sampler in samplers:
        sampler.partners = samplers
    workers = [session.thread(sampler.sample) for sampler in samplers]
    try:
        yield
        for worker in workers:
            session.result(worker)
    finally:
        for sampler in samplers:
            sampler.stop.set()
        for worker in workers:
            worker.join()


@dataclass
class _Sampler:
    """Samples one instrument until it and its partners have enough, so both windows span the same time."""

    name: str
    measure: Callable[[], Reading | None]
    setup: Setup
    pause_s: float = 0.0
    partners: Sequence[_Sampler] = ()
    readings: list[Reading] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    enough: threading.Event = field(default_factory=threading.Event)

    @property
    def wanted(self) -> int:
        """So many fresh readings."""
        return self.setup.plan.readings

    def fresh(self) -> tuple[Reading, ...]:
        """Give the readings without repetitions of the same sample."""
        return distinct(self.readings)

    def sample(self) -> None:
        """Sample until all have enough, until told to stop, or until time is up; an error stops the partners too."""
        started_s = self.setup.session.monotonic()
        try:
            while not self.stop.is_set() and not all(partner.enough.is_set() for partner in self.partners):
                self._sample()
                self._watch(self.setup.session.monotonic() - started_s)
                self.stop.wait(self.pause_s)
        finally:
            if not self.enough.is_set():
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
        planned_s = self.wanted * self.setup.update_s
        if len(self.readings) >= self.wanted and elapsed_s > STALE_AFTER * planned_s + 1.0:
            self.enough.set()  # it answers, but always the same: the rules name it
        limit_s = OVERTIME * planned_s + 10.0
        if elapsed_s > limit_s:
            raise InstrumentError(
                f"the {self.name} gave {len(self.fresh())} of {self.wanted} readings in {limit_s:.0f} s",
                why="It answers too slowly, or its answers had to be dropped.",
                todo="Check the line and the update interval, then run again.",
            )
