"""From errors to raw values: absolute, exact, and nothing to do twice."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.metering.rules.correction import targets
from v2g_tool.metering.rules.fitting import Estimate, Fit
from v2g_tool.model.profiles.meter import CorrectionRegister, Register


def register(kind, unity, step, low, high, sign=1, phase=1):
    return CorrectionRegister(
        active=Register(address=1, type="s16"),
        kind=kind,
        phase=phase,
        unity=unity,
        step=step,
        minimum=low,
        maximum=high,
        sign=sign,
    )


REGISTERS = {
    "gain": register("gain", 10000, 0.0001, 5000, 20000),
    "phase": register("phase", 0, 0.001, -8000, 8000),
    "offset": register("offset", 0, 0.1, -1000, 1000),
}
UNITY = {"gain": 10000, "phase": 0, "offset": 0}


def fitted(gain=0.0, phase=0.0, offset=0.0, scatter=(0.0, 0.0, 0.0), adequate=True, expanded=(0.0, 0.0, 0.0)):
    values = zip((gain, phase, offset), expanded, scatter, strict=True)
    parts = [Estimate(value, u / 2, u, s) for value, u, s in values]
    return Fit(*parts, 1.0, 4, adequate, ())


def new_values(registers, raw, fit):
    return {target.name: target.new for target in targets(registers, raw, {1: fit})}


def test_adjustment_example_gives_its_registers():
    wattnode = {"gain": REGISTERS["gain"], "phase": REGISTERS["phase"]}

    found = targets(wattnode, UNITY, {1: fitted(0.01195, 0.3514, 3.1)})

    assert [(target.name, target.new) for target in found] == [("gain", 9882), ("phase", 351)]
    assert abs(found[0].residual) <= 0.00005
    assert found[1].residual == pytest.approx(0.0004)


def test_offset_changes_with_the_gain_of_its_phase():
    raw = {"gain": 10000, "phase": 0, "offset": 500}

    found = new_values(REGISTERS, raw, fitted(gain=0.025, offset=5.0))

    assert found == {"gain": 9756, "phase": 0, "offset": round((50 - 5) * 0.9756 * 10)}


def test_a_gain_that_moves_alone_takes_a_large_offset_register_along():
    raw = {"gain": 10000, "phase": 0, "offset": 500}

    found = new_values(REGISTERS, raw, fitted(gain=0.025, offset=0.0))

    assert found["offset"] == 488


def test_negative_sign_turns_the_direction():
    phase = {"phase": register("phase", 0, 0.001, -8000, 8000, sign=-1)}

    assert new_values(phase, {"phase": 100}, fitted(phase=0.35)) == {"phase": 100 - 350}


def test_half_a_count_rounds_to_even():
    phase = {"phase": register("phase", 0, 0.25, -100, 100)}

    assert new_values(phase, {"phase": 0}, fitted(phase=0.625)) == {"phase": 2}
    assert new_values(phase, {"phase": 0}, fitted(phase=0.875)) == {"phase": 4}


@pytest.mark.parametrize(
    ("fit", "words"),
    [
        (fitted(gain=0.031), "sanity window"),
        (fitted(gain=0.02, adequate=False), "do not explain"),
        (fitted(gain=0.0004), "left alone"),
        (fitted(gain=0.002, scatter=(0.0005, 0, 0)), "left alone"),
        (Fit(None, None, None, 0, 0, True, ()), "not estimated"),
    ],
)
def test_registers_stay_and_say_why(fit, words):
    for target in targets(REGISTERS, UNITY, {1: fit}):
        assert target.new == target.old == UNITY[target.name]
    assert words in targets(REGISTERS, UNITY, {1: fit})[0].reason


def test_a_phase_that_was_not_measured_stays():
    other = {"gain": register("gain", 10000, 0.0001, 5000, 20000, phase=2)}

    found = targets(other, {"gain": 10000}, {1: fitted(gain=0.02)})

    assert (found[0].new, found[0].residual) == (10000, 0.0)


def test_a_value_outside_the_range_is_not_clamped_but_refused():
    narrow = {"gain": register("gain", 10000, 0.0001, 9900, 10100)}

    found = targets(narrow, {"gain": 10000}, {1: fitted(gain=0.02)})

    assert found[0].new == 10000
    assert "9804" in found[0].reason


def test_a_register_found_outside_its_range_is_left_alone():
    found = targets({"gain": REGISTERS["gain"]}, {"gain": 0}, {1: fitted(gain=0.02)})

    assert found[0].new == 0
    assert "outside its range" in found[0].reason


def test_small_errors_move_along_only_when_something_moves():
    still = new_values(REGISTERS, UNITY, fitted(phase=0.015, offset=0.4))
    along = new_values(REGISTERS, UNITY, fitted(gain=0.02, phase=0.015, offset=0.4))

    assert still == UNITY
    assert (along["phase"], along["offset"]) == (15, -4)


@given(
    st.floats(-0.029, 0.029),
    st.floats(-2.9, 2.9),
    st.floats(-20, 20),
    st.integers(9000, 11000),
    st.integers(-2000, 2000),
    st.integers(-500, 500),
)
def test_after_an_ideal_correction_a_second_run_moves_nothing(gain, phase_deg, offset_w, g, p, o):
    raw = {"gain": g, "phase": p, "offset": o}

    first = new_values(REGISTERS, raw, fitted(gain, phase_deg, offset_w))
    left = published_errors(gain, phase_deg, offset_w, raw, first)
    second = new_values(REGISTERS, first, fitted(*left))

    assert second == first
    if first != raw:
        assert abs(left[0]) <= 0.0005 + 1e-12
        assert abs(left[1]) <= 0.02 + 1e-9
        assert abs(left[2]) <= 0.5 + 1e-9


def published_errors(gain, phase_deg, offset_w, old, new):
    """The meter's errors with the new values, from docs/ems-meter-service.md and the errors with the old ones."""
    ratio = new["gain"] / old["gain"]
    sensor_w = offset_w - old["offset"] / 10
    return (
        (1 + gain) * ratio - 1,
        phase_deg - (new["phase"] - old["phase"]) / 1000,
        sensor_w * ratio + new["offset"] / 10,
    )


@given(st.floats(-0.029, 0.029), st.sampled_from([1, -1]))
def test_residual_is_at_most_half_a_count(gain, sign):
    coarse = {"gain": register("gain", 0, 0.001, -500, 500, sign=sign)}

    (found,) = targets(coarse, {"gain": 0}, {1: fitted(gain=gain)})

    assert abs(found.residual) <= 0.0005 * (1 + abs(gain)) + 1e-12
    assert math.isclose((1 + gain) * (1 + sign * found.new * 0.001) - 1, found.residual, abs_tol=1e-12)


def test_an_error_smaller_than_its_uncertainty_is_not_copied_into_the_meter():
    uncertain = fitted(offset=3.0, expanded=(0.001, 0.06, 3.5))

    assert new_values(REGISTERS, UNITY, uncertain)["offset"] == UNITY["offset"]


def test_an_uncertain_error_moves_along_with_a_certain_one_from_half_its_uncertainty_on():
    both = fitted(gain=0.02, phase=0.04, offset=1.0, expanded=(0.001, 0.06, 3.5))

    moved = new_values(REGISTERS, UNITY, both)

    assert moved["phase"] == 40
    assert moved["offset"] == UNITY["offset"]
