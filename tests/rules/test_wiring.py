"""The table of field faults, row by row, on an ideal meter."""

from __future__ import annotations

import cmath
import math
import struct

import pytest

from v2g_tool.metering.rules.wiring import Kind, PointMeans, diagnose
from v2g_tool.metering.rules.word_order import is_wild, swapped_value
from v2g_tool.metering.work.outcome import Outcome
from v2g_tool.model.findings import Verdict
from v2g_tool.model.profiles.meter import Register
from v2g_tool.model.quantities import PhaseMeans
from v2g_tool.model.site.metering import CurrentTransformer

F32 = {f"U.{phase}": Register(address=2 * phase, type="f32") for phase in (1, 2, 3)}
S32 = {f"U.{phase}": Register(address=2 * phase, type="s32", scale=0.1) for phase in (1, 2, 3)}
CT = CurrentTransformer(primary_a=100, secondary_a=5)
LOADS = {"full": (16, 0), "low": (6, 0), "inductive": (16, 60), "discharge": (16, 180)}


def means(voltage_v, current_a, power):
    return PhaseMeans(voltage_v, current_a, power.real, power.imag)


def true_phase(current_a, angle_deg):
    return means(230.0, current_a, cmath.rect(230 * current_a, math.radians(angle_deg)))


def scaled(phase, power=1, voltage=1.0, current=1.0):
    return means(phase.voltage_v * voltage, phase.current_a * current, phase.complex_power_va * power)


def turn(angle_deg):
    return cmath.rect(1, math.radians(angle_deg))


def points(change, loads=None, changes=20, commanded=None):
    """One point per load; `change(phase, means)` is what the meter makes of it."""
    found = []
    for name, (current_a, angle_deg) in (loads or LOADS).items():
        reference = {phase: true_phase(current_a, angle_deg) for phase in (1, 2, 3)}
        meter = {phase: change(phase, one) for phase, one in reference.items()}
        found.append(PointMeans(name, meter, reference, changes, 0.0005, commanded))
    return found


def turned(angles_deg):
    return lambda phase, one: scaled(one, turn(angles_deg[phase - 1]))


def diagnosed(seen, registers=F32, ct=None):
    return [(fault.kind, fault.phases) for fault in diagnose(seen, registers, "msw-first", ct)]


@pytest.mark.parametrize(
    ("angles_deg", "expected"),
    [
        ((0, 0, 0), []),
        ((180, 0, 0), [(Kind.CT_REVERSED, (1,))]),
        ((0, 180, 180), [(Kind.CT_REVERSED, (2, 3))]),
        ((180, 180, 180), [(Kind.SIGN, (1, 2, 3))]),
        ((120, -120, 0), [(Kind.SWAPPED, (1, 2))]),
        ((0, 120, -120), [(Kind.SWAPPED, (2, 3))]),
        ((-120, 0, 120), [(Kind.SWAPPED, (1, 3))]),
        ((120, 120, 120), [(Kind.CYCLIC, (1, 2, 3))]),
        ((-120, -120, -120), [(Kind.CYCLIC, (1, 2, 3))]),
        ((-60, -120, 0), [(Kind.SWAPPED, (1, 2)), (Kind.CT_REVERSED, (1,))]),
        ((120, 60, 0), [(Kind.SWAPPED, (1, 2)), (Kind.CT_REVERSED, (2,))]),
        ((120, 120, 0), [(Kind.UNEXPLAINED, (1, 2))]),
        ((0, 35, 0), [(Kind.UNEXPLAINED, (2,))]),
        ((12, 0, 0), [(Kind.UNEXPLAINED, (1,))]),
        ((8, -3, 0), []),
    ],
)
def test_angles_name_turned_and_exchanged_currents(angles_deg, expected):
    assert diagnosed(points(turned(angles_deg))) == expected


def test_exchanged_currents_are_told_in_words():
    (fault,) = diagnose(points(turned((120, 120, 120))), F32, "msw-first", None)

    assert "towards the next phase" in fault.statement
    assert "L3 reads the current of L1" in fault.statement
    assert len(fault.evidence) == 3


@pytest.mark.parametrize(("commanded", "words"), [("charge", "the meter is wrong"), (None, "no commanded direction")])
def test_the_commanded_direction_tells_who_has_the_sign_wrong(commanded, words):
    seen = points(turned((180, 180, 180)), {"full": (16, 0)}, commanded=commanded)

    (fault,) = diagnose(seen, F32, "msw-first", None)

    assert words in fault.statement


def test_a_turned_reference_is_named_as_such():
    seen = points(turned((180, 180, 180)), {"full": (16, 180)}, commanded="charge")

    (fault,) = diagnose(seen, F32, "msw-first", None)

    assert "the reference is wrong" in fault.statement


@pytest.mark.parametrize(
    ("factor", "words"),
    [(0.5, "behaves as 200:5"), (2.0, "behaves as 50:5"), (1.25, "behaves as 80:5"), (100 / 150, "behaves as 150:5")],
)
def test_a_wrong_ratio_is_named_with_the_real_primary(factor, words):
    (fault,) = diagnose(points(lambda _, one: scaled(one, factor, current=factor)), F32, "msw-first", CT)

    assert (fault.kind, fault.phases) == (Kind.CT_RATIO, (1, 2, 3))
    assert f"configured 100:5, {words}" in fault.statement


def test_a_wrong_ratio_on_one_phase_and_a_reversed_transformer_are_both_named():
    seen = points(lambda phase, one: scaled(one, -0.5, current=0.5) if phase == 2 else one)

    assert diagnosed(seen, ct=CT) == [(Kind.CT_RATIO, (2,)), (Kind.CT_REVERSED, (2,))]


@pytest.mark.parametrize("factor", [0.001, 1000.0])
def test_a_factor_of_a_thousand_in_power_alone_is_a_unit(factor):
    assert diagnosed(points(lambda _, one: scaled(one, factor))) == [(Kind.UNIT, (1, 2, 3))]


@pytest.mark.parametrize(
    ("voltage", "power"), [(math.sqrt(3), 1), (1 / math.sqrt(3), 1), (math.sqrt(3), math.sqrt(3) * turn(30))]
)
def test_root_three_in_voltage_is_line_to_line(voltage, power):
    assert diagnosed(points(lambda _, one: scaled(one, power, voltage=voltage))) == [(Kind.LINE_TO_LINE, (1, 2, 3))]


def test_exchanged_words_of_a_whole_number_are_decoded_back():
    (fault,) = diagnose(points(lambda _, one: scaled(one, voltage=15_073_280 / 230)), S32, "lsw-first", None)

    assert (fault.kind, fault.phases) == (Kind.WORD_ORDER, (1, 2, 3))
    assert "230.0 V" in fault.statement


def test_exchanged_words_of_a_float_leave_a_denormal():
    denormal = struct.unpack(">f", struct.pack(">f", 230.0)[2:] + struct.pack(">f", 230.0)[:2])[0]

    seen = points(lambda _, one: scaled(one, denormal / 3680, voltage=denormal / 230, current=1e-30))

    assert denormal == pytest.approx(2.4e-41, rel=0.02)
    assert diagnosed(seen) == [(Kind.WORD_ORDER, (1, 2, 3))]


def test_a_wild_mean_that_decodes_to_nothing_is_still_exchanged_words():
    assert diagnosed(points(lambda _, one: scaled(one, 1e25, voltage=-3.1e27, current=1e20))) == [
        (Kind.WORD_ORDER, (1, 2, 3))
    ]


def test_a_register_of_one_word_has_no_word_order():
    words = {f"U.{phase}": Register(address=phase, type="u16") for phase in (1, 2, 3)}

    assert diagnosed(points(lambda _, one: scaled(one, voltage=100.0)), words) == [(Kind.UNEXPLAINED, (1, 2, 3))]
    assert swapped_value(230.0, words["U.1"]) is None


@pytest.mark.parametrize(
    ("ratio", "wild"), [(1.0, False), (1000.0, False), (0.001, False), (30.0, True), (math.nan, True)]
)
def test_only_impossible_sizes_are_wild(ratio, wild):
    assert is_wild(ratio) is wild


def test_frozen_values_at_unlike_loads_are_stale():
    frozen = true_phase(16, 0)

    assert diagnosed(points(lambda *_: frozen, changes=1)) == [(Kind.STALE, (1, 2, 3))]
    assert diagnosed(points(lambda *_: frozen, changes=20)) == [(Kind.STALE, (1, 2, 3))]


def test_one_frozen_point_is_stale_only_when_the_reference_moves():
    still = points(lambda _, one: one, {"full": (16, 0)}, changes=1)
    moving = [PointMeans("full", still[0].meter, still[0].reference, 1, 0.002, None)]

    assert diagnosed(still) == []
    assert diagnosed(moving) == [(Kind.STALE, (1, 2, 3))]


def test_phases_under_each_others_name_are_seen_at_unlike_loads():
    reference = {1: true_phase(16, 0), 2: true_phase(6, 0), 3: true_phase(10, 0)}
    meter = {1: reference[2], 2: reference[1], 3: reference[3]}

    seen = [PointMeans("unlike", meter, reference, 20, 0.0, None)]

    assert diagnosed(seen) == [(Kind.SWAPPED, (1, 2))]


def test_a_dead_phase_is_unexplained_and_said_so():
    seen = points(lambda phase, one: scaled(one, 0, current=0) if phase == 3 else one)

    (fault,) = diagnose(seen, F32, "msw-first", None)

    assert (fault.kind, fault.phases) == (Kind.UNEXPLAINED, (3,))
    assert "sees no power" in fault.statement


def test_an_unexplained_fault_fails_with_what_to_measure_next():
    outcome = Outcome("meter_01")

    outcome.add_faults(
        diagnose(points(lambda phase, one: scaled(one, 0, current=0) if phase == 3 else one), F32, "msw-first", None)
    )

    (found,) = outcome.findings
    assert (found.check, found.subject, found.verdict) == ("CAL-WIRING-UNEXPLAINED", "meter_01", Verdict.FAIL)
    assert "L3" in found.statement
    assert found.remedy.startswith("Measure voltage and current of this phase")
    assert found.evidence


def test_a_single_phase_load_is_judged_on_its_phase_only():
    reference = {1: true_phase(32, 0), 2: true_phase(0, 0), 3: true_phase(0.01, 0)}
    meter = {1: scaled(reference[1], -1), 2: reference[2], 3: scaled(reference[3], 5)}

    assert diagnosed([PointMeans("one", meter, reference, 20, 0.0, None)]) == [(Kind.CT_REVERSED, (1,))]


def test_a_meter_without_voltage_current_and_reactive_power_is_judged_by_power():
    seen = points(lambda phase, one: PhaseMeans(0, 0, -one.power_w if phase == 1 else one.power_w, 0))

    assert diagnosed(seen, {}) == [(Kind.CT_REVERSED, (1,))]


def test_no_load_gives_no_fault():
    assert diagnosed(points(lambda _, one: one, {"idle": (0, 0)})) == []
    assert diagnosed([]) == []


@pytest.mark.parametrize("gain", [-0.03, 0.03])
@pytest.mark.parametrize("angle_deg", [-1, 1])
@pytest.mark.parametrize("offset_w", [-5, 5])
def test_a_meter_out_of_trim_has_no_wiring_fault(gain, angle_deg, offset_w):
    def change(_, one):
        return means(230, one.current_a, one.complex_power_va * (1 + gain) * turn(angle_deg) + offset_w)

    assert diagnosed(points(change), ct=CT) == []
    assert diagnosed(points(change, {"tiny": (0.2, 0), "full": (16, 0)}), ct=CT) == []
