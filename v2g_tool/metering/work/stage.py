"""One stage of a calibration, as found or as left: every load point measured and judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from v2g_tool.errors import Implausible, LoadNotReached
from v2g_tool.hal.contracts.inverter import SetPoint
from v2g_tool.metering.rules import settling, uncertainty, wiring
from v2g_tool.metering.rules.decision import Zone, zone
from v2g_tool.metering.rules.limits import LimitFound, Loading, find_limit
from v2g_tool.metering.rules.uncertainty import Uncertainty
from v2g_tool.metering.work import loads
from v2g_tool.metering.work.setup import Setup
from v2g_tool.metering.work.window import Window, take_window
from v2g_tool.model.profiles.plan import LoadPoint
from v2g_tool.model.quantities import SUM, Channel, PhaseMeans, Quantity
from v2g_tool.statistics.distributions import mean

BALANCE_RATIO = 0.1
"""Phase currents within 10 % of their mean count as a balanced load."""


@dataclass(frozen=True)
class Subject:
    """The error of indication of one phase, or of the sum, at one load point."""

    point: str
    phase: int
    meter: PhaseMeans
    reference: PhaseMeans
    error_ratio: float
    uncertainty: Uncertainty
    limit: LimitFound | None
    zone: Zone
    skew_s: float
    readings: int
    effective: int

    @property
    def label(self) -> str:
        """`sum`, `L1`, `L2` or `L3`."""
        return "sum" if self.phase == SUM else f"L{self.phase}"


@dataclass(frozen=True)
class Measurement:
    """One load point: its window and what it says of the sum (phase 0) and of each phase that carried power.

    `commanded` is the direction that was asked for, None for the load that happened to flow.
    """

    point: LoadPoint
    window: Window
    subjects: dict[int, Subject]
    commanded: Literal["charge", "discharge"] | None

    @property
    def total(self) -> Subject:
        """The sum of all phases, which is what limits apply to."""
        return self.subjects[SUM]

    def means(self) -> wiring.PointMeans:
        """Give the point as the wiring rules take it."""
        reference = self.window.series(Channel(Quantity.ACTIVE_POWER, SUM), self.window.reference)
        powers = [power for _, power in reference]
        spread = (max(powers) - min(powers)) / (abs(mean(powers)) or 1.0)
        phases = range(1, self.window.phases + 1)
        return wiring.PointMeans(
            name=self.point.name,
            meter={phase: self.window.means(self.window.meter, phase) for phase in phases},
            reference={phase: self.window.means(self.window.reference, phase) for phase in phases},
            meter_changes=self.window.meter_changes,
            reference_spread_ratio=spread,
            commanded=self.commanded,
        )


class NoPower(Implausible):
    """Nothing to compare at a load point; what was seen of voltage and current may still show why.

    Attributes:
        seen: the measurement, without any subject.
    """

    def __init__(self, what: str, seen: Measurement) -> None:
        super().__init__(
            what,
            why="No current flows, a phase is missing, or the values are marked as invalid.",
            todo="Check that the load flows through both instruments on every phase.",
        )
        self.seen = seen


def expected_uncertainty(setup: Setup, wanted: SetPoint) -> tuple[Uncertainty, LimitFound | None]:
    """Give uncertainty and limit of the sum at a load point before it is measured: reference and resolution alone."""
    contributions = [
        *uncertainty.reference(setup.analyzer.accuracy(), wanted.power_w, wanted.reactive_var, len(setup.phases)),
        _resolution(setup, SUM, wanted.power_w),
    ]
    current_a = abs(complex(wanted.power_w, wanted.reactive_var)) / (len(setup.phases) * setup.nominal_voltage_v)
    load = PhaseMeans(setup.nominal_voltage_v, current_a, wanted.power_w, wanted.reactive_var)
    return uncertainty.combine(contributions), _limit(setup, load, [current_a] * len(setup.phases), SUM)


def measure_point(setup: Setup, point: LoadPoint, target: SetPoint) -> Measurement:
    """Set the load, wait until it is steady, take a window of both instruments and judge it.

    A window in which the load was not stationary is taken again, at most `plan.max_windows` times. Raises
    LoadNotReached when it never was, and NoPower when an instrument gives no active power to compare.
    """
    session = setup.session
    commanded = bool(target.power_w)
    if commanded:
        loads.reach(setup.source, target, session)
    else:
        loads.settle(setup.source, session)
    for _ in range(setup.plan.max_windows):
        setup.inverter.hold()
        window = take_window(setup)
        powers = [v for _, v in window.series(Channel(Quantity.ACTIVE_POWER, SUM), window.reference)]
        if settling.is_stationary(powers, setup.plan.stationarity_pct / 100):
            break
        session.record("window.unsteady", {"point": point.name})
    else:
        raise LoadNotReached(
            f"the load did not stay steady within {setup.plan.stationarity_pct:g} % over a window",
            why="The vehicle regulates its current, or the charger follows another command.",
            todo="Hold the load constant (fixed current, no smart charging) and run again.",
        )
    judged = {phase: judge(setup, point, window, phase) for phase in (*setup.phases, SUM)}
    subjects = {phase: subject for phase, subject in judged.items() if subject is not None}
    session.record(
        "point", {"point": point.name, "errors": {s.label: f"{s.error_ratio:.6f}" for s in subjects.values()}}
    )
    if SUM not in subjects:
        raise NoPower(
            f"{point.name}: {setup.target} or {setup.analyzer.name} gave no active power to compare",
            Measurement(point, window, {}, point.direction if commanded else None),
        )
    return Measurement(point, window, subjects, point.direction if commanded else None)


def judge(setup: Setup, point: LoadPoint, window: Window, phase: int) -> Subject | None:
    """Give error, uncertainty, limit and zone of one phase (or the sum); None where there is nothing to compare."""
    power = Channel(Quantity.ACTIVE_POWER, phase)
    meter, reference = window.means(window.meter, phase), window.means(window.reference, phase)
    reference_series = window.series(power, window.reference)
    meter_series = window.series(power, window.meter)
    if len(reference_series) < 2 or len(meter_series) < 2 or any(value == 0 for _, value in reference_series):
        return None
    errors = settling.pair(meter_series, reference_series)
    if len(errors) < 2:
        return None
    effective = max(2, uncertainty.effective_readings(window.span_s + setup.update_s, setup.update_s, len(errors)))
    repeatability = uncertainty.repeatability(errors, effective)
    budget = _budget(setup, window, phase, repeatability)
    limit = _limit(setup, reference, [window.means(window.reference, p).current_a for p in setup.phases], phase)
    usable = limit.limit_ratio if limit is not None and limit.status == "verified" else None
    error_ratio = mean(errors)
    return Subject(
        point=point.name,
        phase=phase,
        meter=meter,
        reference=reference,
        error_ratio=error_ratio,
        uncertainty=budget,
        limit=limit,
        zone=zone(error_ratio, budget.expanded_ratio, usable),
        skew_s=window.skew_s,
        readings=len(errors),
        effective=effective,
    )


def worst_zone(measurements: Sequence[Measurement]) -> Zone:
    """Give the worst zone of the sums over all load points."""
    order = [Zone.FAIL, Zone.NOT_VERIFIABLE, Zone.UNLIMITED, Zone.CONDITIONAL_FAIL, Zone.CONDITIONAL_PASS, Zone.PASS]
    found = {m.total.zone for m in measurements}
    return next((z for z in order if z in found), Zone.UNLIMITED)


def _budget(setup: Setup, window: Window, phase: int, repeatability: uncertainty.Contribution) -> Uncertainty:
    power, reference = Channel(Quantity.ACTIVE_POWER, phase), window.means(window.reference, phase)
    phases = len(setup.phases) if phase == SUM else 1
    slope_w_per_s, _ = settling.slope(window.series(power, window.reference))
    age_s = window.skew_s + (setup.meter_update_s + setup.analyzer.update_interval_s) / 2
    return uncertainty.combine(
        [
            repeatability,
            *uncertainty.reference(setup.analyzer.accuracy(), reference.power_w, reference.reactive_var, phases),
            _resolution(setup, phase, reference.power_w),
            uncertainty.synchronism(slope_w_per_s, age_s, reference.power_w),
        ]
    )


def _resolution(setup: Setup, phase: int, power_w: float) -> uncertainty.Contribution:
    channel = Channel(Quantity.ACTIVE_POWER, phase)
    if str(channel) not in setup.meter.registers:
        channel = Channel(Quantity.ACTIVE_POWER, 1)
    return uncertainty.resolution(setup.meter.resolution(channel, power_w), power_w)


def _limit(setup: Setup, load: PhaseMeans, currents_a: Sequence[float], phase: int) -> LimitFound | None:
    """Give the limit for the sum under balanced load, or for a single loaded phase; None where no row applies."""
    average_a = mean(currents_a)
    balanced = all(abs(current - average_a) <= BALANCE_RATIO * average_a for current in currents_a)
    choice = setup.meter_site.limits
    loading = Loading(
        average_a if phase == SUM else currents_a[phase - 1],
        load.tan_phi,
        load.power_w,
        "balanced" if (phase == SUM and balanced) or len(setup.phases) == 1 else "single-phase",
        choice.temperature_c,
    )
    return find_limit(setup.limits, choice.class_, setup.meter_site.rating, loading)
