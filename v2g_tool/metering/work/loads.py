"""Setting a load point and waiting until it is steady: command, read back, correct, settle.

The inverter's control registers are kept before the first command and put back on every way out. The intent is stored
like a correction's, so a run that was killed is followed by one that puts the inverter back first; until then the
inverter's own reversion timer ends the test load.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from v2g_tool.errors import LoadNotReached, V2GError
from v2g_tool.hal.contracts.inverter import Inverter, SetPoint
from v2g_tool.metering.rules.settling import is_settled
from v2g_tool.metering.work.setup import LoadSource
from v2g_tool.metering.work.window import reading_value
from v2g_tool.model.profiles.plan import LoadPoint
from v2g_tool.model.quantities import SUM, Channel, Quantity
from v2g_tool.record.intents import Intent
from v2g_tool.run.changing import Changing, Rounds
from v2g_tool.run.session import Session

MAX_COMMANDS = 5
TOLERANCE_RATIO = 0.01
TOLERANCE_W = 50.0
"""A load point is reached within 1 % of the wanted power or 50 W; the error of the meter does not depend on it."""
NEAR_RATIO = 0.05
"""Where a limit of inverter or vehicle stands in the way, 5 % beside the wanted power is near enough to be judged."""
SETTLE_READINGS = 6
SETTLE_TIMEOUT_S = 60.0
ACTIVE_SUM = Channel(Quantity.ACTIVE_POWER, SUM)
REACTIVE_SUM = Channel(Quantity.REACTIVE_POWER, SUM)
PUT_BACK = Rounds(5, pause_s=1.0)
END_TIMEOUT_S = 10.0
DRIFT_RATIO = 0.001
"""Trend over the settling window below which the load counts as steady."""


def wanted(point: LoadPoint, inverter: Inverter, voltage_v: float, phases: int) -> SetPoint:
    """Give the set point of a plan's load point: P from the limit or the current, Q from the power factor."""
    charge_w, discharge_w = inverter.limits_w
    limit_w = charge_w if point.direction == "charge" else discharge_w
    factor = abs(point.power_factor)
    if point.power_fraction is not None:
        power_w = limit_w * point.power_fraction
    else:
        power_w = phases * voltage_v * (point.current_a or 0.0) * factor
    power_w = min(power_w, limit_w)
    direction = 1 if point.direction == "charge" else -1
    # Inductive means P and Q of one sign in both directions: that is the sign of tan φ by which limits are found.
    reactive_var = math.copysign(power_w * math.tan(math.acos(factor)), direction * point.power_factor)
    return SetPoint(direction * power_w, reactive_var if factor < 1 else 0.0)


def reach(source: LoadSource, target: SetPoint, session: Session) -> None:
    """Command `target`, read back what flows and correct the command; raises LoadNotReached if it never flows."""
    command, miss_w, miss_var = target, math.inf, 0.0
    actual: SetPoint | None = target
    for _ in range(MAX_COMMANDS):
        session.record(
            "inverter.command", {"power_w": round(command.power_w), "reactive_var": round(command.reactive_var)}
        )
        source.commanded = True
        source.inverter.command(command)
        flowing = settle(source, session)
        actual = source.inverter.actual() or flowing
        if actual is None:
            return  # set and read by people: the window shows what flows
        miss_w, miss_var = target.power_w - actual.power_w, target.reactive_var - actual.reactive_var
        tolerance = max(TOLERANCE_W, TOLERANCE_RATIO * math.hypot(target.power_w, target.reactive_var))
        if abs(miss_w) <= tolerance and (abs(miss_var) <= tolerance or not source.inverter.sets_reactive):
            return
        if actual.power_w * target.power_w <= 0 or abs(miss_w) > 0.5 * abs(target.power_w):
            continue  # it has not followed at all: say the same again rather than wind up the command
        better = _within(SetPoint(command.power_w + miss_w, command.reactive_var + miss_var), source.inverter)
        if better == command:
            break
        command = better
    actual = actual or target
    if math.hypot(miss_w, miss_var) <= NEAR_RATIO * math.hypot(target.power_w, target.reactive_var):
        session.record("inverter.near", {"power_w": round(actual.power_w), "reactive_var": round(actual.reactive_var)})
        return
    raise LoadNotReached(
        f"{source.inverter.name} did not reach {target.power_w / 1000:.1f} kW: {actual.power_w / 1000:.2f} kW flows",
        why="The vehicle or the inverter limits the power, or a session is not active.",
        todo="Check the vehicle's state of charge and the inverter's limits.",
    )


def _within(command: SetPoint, inverter: Inverter) -> SetPoint:
    """Keep a corrected command inside the site's limits: no device is pushed beyond them to reach a test point."""
    charge_w, discharge_w = inverter.limits_w
    if charge_w == 0 and discharge_w == 0:
        return command
    return SetPoint(max(-discharge_w, min(charge_w, command.power_w)), command.reactive_var)


def settle(source: LoadSource, session: Session) -> SetPoint | None:
    """Wait until the reference shows a steady load and give it, None where a person watches the display.

    Raises LoadNotReached after a minute.
    """
    if source.analyzer.by_hand:
        session.ask(f"Wait until {source.analyzer.name} shows a steady power, then press Enter")
        return None
    power: list[tuple[float, float]] = []
    reactive = 0.0
    window_s = max(source.settle_s, SETTLE_READINGS * source.analyzer.update_interval_s)
    deadline_s = session.monotonic() + SETTLE_TIMEOUT_S + 3 * window_s
    while session.monotonic() < deadline_s:
        session.check()
        reading = source.analyzer.measure()
        value = None if reading is None else reading_value(reading, ACTIVE_SUM, source.phases)
        if reading is None or value is None:
            power.clear()
            continue
        power.append((reading.at_s, value))
        source.flowing_w = value
        reactive = reading_value(reading, REACTIVE_SUM, source.phases) or 0.0
        recent = [p for p in power if p[0] >= reading.at_s - window_s]
        full = len(recent) >= SETTLE_READINGS and reading.at_s - power[0][0] >= window_s
        if full and is_settled(recent, DRIFT_RATIO):
            return SetPoint(sum(v for _, v in recent) / len(recent), reactive)
    raise LoadNotReached(
        f"the load did not become steady within {SETTLE_TIMEOUT_S:.0f} s",
        why="The vehicle regulates its current, or the charger follows another command.",
        todo="Hold the load constant (fixed current, no smart charging) and run again.",
    )


@contextmanager
def test_load(source: LoadSource, changing: Changing, not_restored: Callable[[str], None]) -> Iterator[None]:
    """Keep the inverter's controls and end what was commanded on every way out; `not_restored` hears of any doubt."""
    session, before_w = changing.session, _power_w(source)
    before = {name: tuple(words) for name, words in source.inverter.controls().items()}
    if before:
        changing.begin("inverter.before", Intent(device=changing.key, old=before, **session.run.origin()))
    try:
        yield
    finally:
        with session.shield():
            doubts = []
            if source.commanded:
                doubts = [put_back(source.inverter, before, changing), _flows_on(source, before_w, session)]
            if any(doubts):
                not_restored("; ".join(filter(None, doubts)))
            else:
                changing.end("inverter.closed", {"commanded": source.commanded})


def put_back(inverter: Inverter, before: Mapping[str, Sequence[int]], changing: Changing) -> str:
    """Write the controls back and read them; give the problem, empty if there is none.

    The values are absolute, so a device that is busy, or slow to show what it took, is told again.
    """
    hidden: list[bool] = []

    def way() -> str:
        hidden[:] = [inverter.restore(before)]
        after = {name: tuple(words) for name, words in inverter.controls().items()}
        return "" if after == before else "its controls read otherwise than they were written"

    problem = changing.back("inverter.put-back", inverter.name, way, PUT_BACK)
    return problem or ("its controls never showed what they were told, so they prove nothing" if any(hidden) else "")


def _flows_on(source: LoadSource, before_w: float, session: Session) -> str:
    """Give what the reference says against the end of the test load; empty if nothing, or if it cannot say."""
    test_w, deadline_s = source.flowing_w, session.monotonic() + END_TIMEOUT_S
    near_w = max(TOLERANCE_W, NEAR_RATIO * abs(test_w))
    while abs((now_w := _power_w(source)) - test_w) <= near_w < abs(before_w - test_w):
        if session.monotonic() > deadline_s:
            return f"the reference still shows {now_w / 1000:.2f} kW"
    return ""


def _power_w(source: LoadSource) -> float:
    """Give the power that the reference shows now; NaN where it cannot say, or a person would have to read it."""
    with suppress(V2GError):
        reading = None if source.analyzer.by_hand else source.analyzer.measure()
        value = None if reading is None else reading_value(reading, ACTIVE_SUM, source.phases)
        return math.nan if value is None else value
    return math.nan
