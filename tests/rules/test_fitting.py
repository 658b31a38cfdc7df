"""The linear model of one phase, with known answers."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.metering.rules.fitting import PhasePoint, fit, load_tan_phi, within_sanity
from v2g_tool.metering.rules.uncertainty import Contribution, combine
from v2g_tool.model.quantities import PhaseMeans

ALL = ("gain", "phase", "offset")
TAN_60 = math.sqrt(3)
LOADS = ((3667, 0.0), (1380, 0.0), (1833, TAN_60), (2567, -0.75), (-3667, 0.0))


def independent(ratio=0.0001):
    return [Contribution("noise", "A", ratio, 19)]


def point(power_w, tan_phi, gain=0.0, phase_deg=0.0, offset_w=0.0, lines=None, extra=0.0):
    delta = math.radians(phase_deg)
    seen = (1 + gain) * (math.cos(delta) - math.sin(delta) * tan_phi) + offset_w / power_w
    return PhasePoint(f"{power_w}", seen - 1 + extra, tan_phi, power_w, combine(lines or independent()))


def points(loads=LOADS, **errors):
    return [point(power_w, tan_phi, **errors) for power_w, tan_phi in loads]


@pytest.mark.parametrize(
    ("tan_phi", "expected_pct"), [(TAN_60, 0.302), (math.tan(math.acos(0.866)), 0.101), (0.0, 0.0)]
)
def test_a_tenth_of_a_degree_costs_what_the_table_says(tan_phi, expected_pct):
    error_ratio = point(1000, tan_phi, phase_deg=0.1).error_ratio

    assert -100 * error_ratio == pytest.approx(expected_pct, abs=0.001)


def test_two_points_give_gain_and_phase_in_closed_form():
    two = points(((3667, 0.0), (1833, TAN_60)), gain=0.002, phase_deg=0.1)

    found = fit(two, ("gain", "phase"))

    closed_form_deg = math.degrees((two[0].error_ratio - two[1].error_ratio) / TAN_60)
    assert found.gain.value == pytest.approx(0.002, abs=1e-9)
    assert found.phase.value == pytest.approx(closed_form_deg, rel=0.005)
    assert found.degrees == 0
    assert any("cannot be checked" in note for note in found.notes)


@given(st.floats(-0.03, 0.03), st.floats(-3, 3), st.floats(-20, 20))
def test_fit_recovers_what_was_planted(gain, phase_deg, offset_w):
    found = fit(points(gain=gain, phase_deg=phase_deg, offset_w=offset_w), ALL)

    assert found.gain.value == pytest.approx(gain, abs=1e-9)
    assert found.phase.value == pytest.approx(phase_deg, abs=1e-7)
    assert found.offset.value == pytest.approx(offset_w, abs=1e-5)
    assert found.adequate
    assert found.notes == ()


def test_simulation_of_the_adjustment_example_agrees_with_its_numbers():
    dice = random.Random(42)
    u = 0.0002 / math.sqrt(8)
    loads = ((11000, 0.0), (5500, TAN_60), (8800, -0.75), (2300, 0.0))
    gains, phases, offsets = [], [], []

    for _ in range(500):
        noisy = [
            point(*load, gain=0.012, phase_deg=0.35, offset_w=3, lines=independent(u), extra=dice.gauss(0, u))
            for load in loads
        ]
        found = fit(noisy, ALL)
        gains.append(found.gain.value)
        phases.append(found.phase.value)
        offsets.append(found.offset.value)

    assert sum(gains) / 500 == pytest.approx(0.012, abs=0.00001)
    assert sum(phases) / 500 == pytest.approx(0.350, abs=0.0005)
    assert sum(offsets) / 500 == pytest.approx(3.0, abs=0.05)
    assert max(abs(gain - 0.012) for gain in gains) < 5 * 0.00007
    assert max(abs(phase - 0.35) for phase in phases) < 5 * 0.002
    assert found.gain.standard == pytest.approx(0.00007, rel=0.5)
    assert found.offset.standard == pytest.approx(0.3, rel=0.5)


def test_phase_is_not_estimated_at_power_factor_one_alone():
    found = fit(points(((3667, 0.0), (1000, 0.01)), gain=0.01), ALL)

    assert found.phase is None
    assert any("power factor 0.5" in note for note in found.notes)


def test_offset_is_not_estimated_from_loads_too_alike():
    found = fit(points(((3667, 0.0), (1380, 0.0)), gain=0.01), ALL)

    assert found.offset is None
    assert any("low load" in note for note in found.notes)
    assert found.gain.value == pytest.approx(0.01)


def test_both_directions_separate_the_offset():
    found = fit(points(((3667, 0.0), (2400, 0.0), (-3667, 0.0)), gain=0.01, offset_w=4), ("gain", "offset"))

    assert found.offset.value == pytest.approx(4)


def test_only_what_is_asked_for_is_reported_but_gain_never_leaks_into_phase():
    found = fit(points(((3667, 0.0), (1833, TAN_60)), gain=0.02, phase_deg=0.3), ("phase",))

    assert found.gain is None
    assert found.phase.value == pytest.approx(0.3)


def test_fewer_points_than_unknowns_drop_a_column_and_say_so():
    found = fit(points(((3667, 0.0), (900, TAN_60)), gain=0.01), ALL)

    assert found.offset is None
    assert any("too alike" in note for note in found.notes)


@pytest.mark.parametrize("shape", ["reading", "range", "tan_phi"])
def test_what_the_reference_does_to_all_points_goes_into_its_own_unknown(shape):
    size = {"reading": lambda p, t: 0.001, "range": lambda p, t: 5 / abs(p), "tan_phi": lambda p, t: 0.001 * abs(t)}
    lines = [[*independent(1e-5), Contribution("r", "B", size[shape](p, t), shape=shape)] for p, t in LOADS]

    found = fit([point(p, t, lines=line) for (p, t), line in zip(LOADS, lines, strict=True)], ALL)

    expected = {"reading": (0.001, 0, 0), "range": (0, 0, 5), "tan_phi": (0, math.degrees(0.001), 0)}[shape]
    for estimate, standard in zip((found.gain, found.phase, found.offset), expected, strict=True):
        assert math.sqrt(max(0, estimate.standard**2 - estimate.scatter**2)) == pytest.approx(
            standard, rel=0.02, abs=5e-3
        )
    assert found.gain.standard == pytest.approx(expected[0] or found.gain.scatter, rel=0.5)


def test_a_bent_characteristic_is_a_lack_of_fit():
    bent = [point(p, t, extra=0.005 * (p / 3667) ** 2 * (1 if i % 2 else -1)) for i, (p, t) in enumerate(LOADS)]

    found = fit(bent, ALL)

    assert not found.adequate
    assert found.chi_square > 100
    assert any("do not explain" in note for note in found.notes)


def test_small_curvature_is_no_lack_of_fit_however_small_the_noise():
    bent = [point(p, t, lines=independent(1e-7), extra=0.0003 * (i % 2)) for i, (p, t) in enumerate(LOADS)]

    assert fit(bent, ALL).adequate


@pytest.mark.parametrize(("error_ratio", "tan_phi", "power_w"), [(0.0, math.inf, 0.0), (math.inf, 0.0, 3667.0)])
def test_points_without_power_or_readings_give_no_estimate(error_ratio, tan_phi, power_w):
    dead = PhasePoint("none", error_ratio, tan_phi, power_w, combine(independent()))

    found = fit([dead], ALL)

    assert (found.gain, found.phase, found.offset, found.adequate) == (None, None, None, False)


def test_a_meter_that_reads_nothing_is_outside_sanity():
    found = fit([PhasePoint("x", -1.0, t, p, combine(independent())) for p, t in LOADS], ALL)

    assert not within_sanity(found)


@pytest.mark.parametrize(
    ("gain", "phase_deg", "sane"), [(0.029, 2.9, True), (0.031, 0, False), (0, 3.1, False), (-0.031, 0, False)]
)
def test_sanity_window_is_three_percent_and_three_degrees(gain, phase_deg, sane):
    assert within_sanity(fit(points(gain=gain, phase_deg=phase_deg), ALL)) is sane


def test_near_power_factor_one_the_meter_is_the_better_witness_of_reactive_power():
    meter = PhaseMeans(230, 16, 3680, 40)

    assert load_tan_phi(meter, PhaseMeans(230, 16, 3680, 200)) == pytest.approx(40 / 3680)
    assert load_tan_phi(meter, PhaseMeans(230, 16, 1840, 3187)) == pytest.approx(3187 / 1840)
    assert load_tan_phi(PhaseMeans(230, 16, 3680, 0), PhaseMeans(230, 16, 3680, 200)) == pytest.approx(200 / 3680)
