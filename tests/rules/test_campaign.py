"""Drawn sites, a thousand in the soak: are the stated uncertainties honest, and are faults named rightly?"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from tests.bounds import bounded
from v2g_tool.bench.metering.meter_model import Correction, MeterErrors
from v2g_tool.metering.rules.correction import Target, targets
from v2g_tool.metering.rules.fitting import Fit, fit
from v2g_tool.metering.rules.wiring import Kind, diagnose
from v2g_tool.model.profiles.meter import CorrectionRegister, Register
from v2g_tool.model.site.metering import CurrentTransformer

from .simulator import Site, draw_errors

pytestmark = pytest.mark.soak

PLANTS = bounded(250, in_full=1000)
CLOSED_LOOPS = bounded(40, in_full=100)
FAULTY = bounded(20, in_full=50)
ALL = ("gain", "phase", "offset")
VOLTAGES = {f"U.{phase}": Register(address=2 * phase, type="f32") for phase in (1, 2, 3)}
CT = CurrentTransformer(primary_a=100, secondary_a=5)

EXPECTED = {
    "ct-reversed-l1": (Kind.CT_REVERSED, (1,)),
    "ct-reversed-l2": (Kind.CT_REVERSED, (2,)),
    "ct-reversed-l3": (Kind.CT_REVERSED, (3,)),
    "import-export": (Kind.SIGN, (1, 2, 3)),
    "swapped-l1-l2": (Kind.SWAPPED, (1, 2)),
    "swapped-l2-l3": (Kind.SWAPPED, (2, 3)),
    "swapped-l1-l3": (Kind.SWAPPED, (1, 3)),
    "cyclic": (Kind.CYCLIC, (1, 2, 3)),
    "cyclic-back": (Kind.CYCLIC, (1, 2, 3)),
    "ct-ratio": (Kind.CT_RATIO, (1, 2, 3)),
    "kilowatt": (Kind.UNIT, (1, 2, 3)),
    "line-to-line": (Kind.LINE_TO_LINE, (1, 2, 3)),
    "word-order": (Kind.WORD_ORDER, (1, 2, 3)),
    "stale": (Kind.STALE, (1, 2, 3)),
}


def site(seed: int, *faults: str) -> Site:
    return Site(seed, draw_errors(random.Random(seed + 1_000_000)), faults)


def fits_of(site: Site) -> dict[int, Fit]:
    return {phase: fit(points, ALL) for phase, points in site.phase_points().items()}


def ems_registers() -> dict[str, CorrectionRegister]:
    """The nine trims of the EMS meter service, docs/ems-meter-service.md."""
    shapes = (("gain", 10000, 0.0001, 5000, 20000), ("phase", 0, 0.001, -8000, 8000), ("offset", 0, 0.1, -1000, 1000))
    return {
        f"{kind}_l{phase}": CorrectionRegister(
            active=Register(address=0x1000 + 3 * block + phase - 1, type="s16"),
            kind=kind,
            phase=phase,
            unity=unity,
            step=step,
            minimum=low,
            maximum=high,
        )
        for block, (kind, unity, step, low, high) in enumerate(shapes)
        for phase in (1, 2, 3)
    }


def corrected_by(moves: tuple[Target, ...]) -> Correction:
    """What the service makes of the raw values."""
    raw = {move.name: move.new for move in moves}
    return Correction(
        tuple(raw[f"gain_l{phase}"] / 10000 for phase in (1, 2, 3)),
        tuple(raw[f"phase_l{phase}"] / 1000 for phase in (1, 2, 3)),
        tuple(raw[f"offset_l{phase}"] / 10 for phase in (1, 2, 3)),
    )


@pytest.fixture(scope="module")
def fitted() -> list[tuple[MeterErrors, int, Fit]]:
    sites = [site(seed) for seed in range(PLANTS)]
    return [(one.errors, phase, found) for one in sites for phase, found in fits_of(one).items()]


TRUE = {"gain": "gain_ratio", "phase": "phase_deg", "offset": "offset_w"}


def is_covered(errors: MeterErrors, phase: int, found: Fit, kind: str) -> bool:
    estimate = getattr(found, kind)
    return abs(estimate.value - getattr(errors, TRUE[kind])[phase - 1]) <= estimate.expanded


@pytest.mark.parametrize("kind", ALL)
def test_stated_uncertainty_covers_the_true_error_in_95_of_100_phases(fitted, kind):
    inside = [is_covered(*one, kind) for one in fitted]

    assert len(inside) == 3 * PLANTS
    assert sum(inside) >= 0.95 * len(inside)


def test_gain_and_phase_of_all_three_phases_are_covered_in_95_of_100_plants(fitted):
    plants = [fitted[start : start + 3] for start in range(0, len(fitted), 3)]

    inside = [all(is_covered(*one, kind) for one in plant for kind in ("gain", "phase")) for plant in plants]

    assert len(inside) == PLANTS
    assert sum(inside) >= 0.95 * PLANTS


def test_a_sound_meter_is_hardly_ever_called_unfit(fitted):
    doubted = [found for _, _, found in fitted if not found.adequate]

    assert len(doubted) <= 0.01 * len(fitted)


def test_a_second_run_after_a_correction_moves_nothing():
    registers = ems_registers()
    raw = {name: register.unity for name, register in registers.items()}
    moved_again = Counter()

    for seed in range(CLOSED_LOOPS):
        one = site(seed)
        first = targets(registers, raw, fits_of(one))
        one.correction = corrected_by(first)
        second = targets(registers, {move.name: move.new for move in first}, fits_of(one))
        moved_again.update(move.name for move in second if move.new != move.old)

    assert not moved_again


@pytest.mark.parametrize("name", EXPECTED)
def test_planted_wiring_fault_is_named_in_99_of_100_plants(name):
    found = [diagnose(site(seed, name).point_means(), VOLTAGES, "msw-first", CT) for seed in range(FAULTY)]

    named = [[(fault.kind, fault.phases) for fault in faults] == [EXPECTED[name]] for faults in found]

    assert sum(named) >= 0.99 * FAULTY, Counter(str(faults) for faults in found)


def test_a_dead_phase_is_reported_although_no_fault_fits():
    for seed in range(FAULTY):
        points = [
            replace(point, meter={**point.meter, 2: replace(point.meter[2], power_w=0.0, reactive_var=0.0)})
            for point in site(seed).point_means()
        ]

        faults = diagnose(points, VOLTAGES, "msw-first", CT)

        assert [(fault.kind, fault.phases) for fault in faults] == [(Kind.UNEXPLAINED, (2,))]


def test_no_wiring_fault_is_seen_in_healthy_plants():
    alarms = [diagnose(site(seed).point_means(), VOLTAGES, "msw-first", CT) for seed in range(PLANTS)]

    assert [faults for faults in alarms if faults] == []
