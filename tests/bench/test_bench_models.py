"""The physics and the imperfect instruments, without any wire."""

from __future__ import annotations

import cmath
import math
import statistics

import pytest

from v2g_tool.bench.metering.analyzer_model import AnalyzerModel
from v2g_tool.bench.metering.meter_model import (
    WIRING_FAULTS,
    Correction,
    MeterErrors,
    MeterModel,
    as_found_errors,
    healthy_errors,
    wattnode_errors,
    wired,
)
from v2g_tool.bench.metering.plant import Plant, SetPoint, Truth
from v2g_tool.bench.noise import gauss, uniform

SEEDS = range(1, 60)


def settled(p_w: float, q_var: float, seed: int = 1) -> Truth:
    plant = Plant(seed)
    plant.command(SetPoint(0.0, p_w, q_var))
    return plant.mean(10.0, 10.1)


def angle_deg(number: complex) -> float:
    return math.degrees(cmath.phase(number))


@pytest.mark.parametrize(("p_w", "q_var"), [(11000, 0), (5500, 9500), (-8800, -6600), (0, 0)])
def test_apparent_power_is_never_below_active_and_reactive_power(p_w: float, q_var: float) -> None:
    for seed in SEEDS:
        truth = settled(p_w, q_var, seed)

        for k in range(3):
            assert truth.apparent_va(k) >= abs(truth.power(k)) > 0.0


def test_the_grid_is_symmetric_and_the_load_nearly_balanced() -> None:
    for seed in SEEDS:
        truth = settled(11000, 0, seed)

        assert all(226.0 < truth.voltage_v(k) < 234.0 for k in range(3))
        assert angle_deg(truth.u[1] / truth.u[0]) == pytest.approx(-120.0, abs=0.5)
        assert angle_deg(truth.u[2] / truth.u[0]) == pytest.approx(120.0, abs=0.5)
        mean = truth.total_power().real / 3.0
        assert all(abs(truth.power(k).real / mean - 1.0) < 0.01 for k in range(3))
        assert 49.9 < truth.frequency_hz < 50.1


def test_charging_is_positive_and_a_lagging_current_is_positive_reactive_power() -> None:
    truth = settled(5500, 9500)

    lag_deg = angle_deg(truth.u[0] / truth.i[0])
    assert truth.total_power().real > 0.0
    assert 55.0 < lag_deg < 65.0
    assert settled(-5500, 0).total_power().real < 0.0


def test_the_inverter_misses_its_set_point_by_one_to_two_percent() -> None:
    for seed in SEEDS:
        miss = settled(11000, 0, seed).total_power().real / 11000.0 - 1.0

        assert 0.005 < abs(miss) < 0.03


def test_the_inverter_ramps_with_its_time_constant() -> None:
    plant = Plant(1)
    plant.command(SetPoint(1.0, 10000.0, 0.0))

    before, at_tau, after = (plant.truth(t).total_power().real for t in (0.999, 1.15, 3.0))

    assert before < 400.0
    assert (at_tau - before) / (after - before) == pytest.approx(1 - math.exp(-1), abs=0.01)


def test_a_scheduled_set_point_replaces_what_was_planned_before() -> None:
    plant = Plant(1)
    plant.schedule([SetPoint(0.0, 5000.0, 0.0), SetPoint(10.0, 0.0, 0.0)])
    plant.command(SetPoint(5.0, 6000.0, 0.0))

    assert plant.truth(20.0).total_power().real > 5800.0


def test_the_truth_depends_on_seed_and_time_alone() -> None:
    first, second = Plant(7), Plant(7)

    assert second.truth(3.3) == first.truth(3.3)
    first.truth(99.0)
    assert second.truth(3.3) == first.truth(3.3)
    assert Plant(8).truth(3.3) != first.truth(3.3)


def test_an_unsteady_load_is_seen_as_unsteady() -> None:
    steady, unsteady = Plant(1), Plant(1, unsteady=True)

    def spread(plant: Plant) -> float:
        powers = [plant.truth(10.0 + 0.1 * n).total_power().real for n in range(40)]
        return statistics.stdev(powers) / statistics.mean(powers)

    assert spread(steady) < 0.002
    assert spread(unsteady) > 0.02


def test_noise_has_the_spread_it_says() -> None:
    drawn = [gauss(1, 2, n) for n in range(4000)]

    assert statistics.mean(drawn) == pytest.approx(0.0, abs=0.05)
    assert statistics.stdev(drawn) == pytest.approx(1.0, abs=0.05)
    assert -1.0 <= min(uniform(n) for n in range(1000)) < -0.9


def test_a_late_current_signal_reads_low_at_an_inductive_load() -> None:
    """ε ≈ γ − δ·tanφ with δ > 0 for extra lag: 0.1° at PF 0.5 is 0.302 %."""
    truth = settled(5500, 5500 * math.tan(math.radians(60)))
    model = MeterModel(MeterErrors(phase_deg=(0.1, 0.1, 0.1)))

    reading = model.read(truth)

    tan_phi = truth.total_power().imag / truth.total_power().real
    expected = -math.radians(0.1) * tan_phi
    assert sum(reading.p_w) / truth.total_power().real - 1.0 == pytest.approx(expected, abs=3e-4)


def test_the_correction_of_the_document_undoes_the_errors() -> None:
    """P' + jQ' = (P + jQ) · G/10000 · e^(-jΦ) + O (docs/ems-meter-service.md)."""
    errors = MeterErrors((0.025, 0.025, 0.025), (0.4, -0.3, 0.2), (3.0, -2.0, 1.0))
    truth = settled(5500, 9500)
    gain = 1.0 / 1.025
    exact = Correction(
        (gain, gain, gain),
        errors.phase_deg,
        tuple(-o * gain for o in errors.offset_w),  # type: ignore[arg-type]
    )

    reading = MeterModel(errors).read(truth, exact)

    for k in range(3):
        assert complex(reading.p_w[k], reading.q_var[k]) == pytest.approx(truth.power(k), rel=2e-3)


@pytest.mark.parametrize(
    ("fault", "angles_deg"),
    [
        ("ct-reversed-l2", (0, 180, 0)),
        ("import-export", (180, 180, 180)),
        ("cyclic", (120, 120, 120)),
        ("cyclic-back", (-120, -120, -120)),
        ("swapped-l1-l2", (120, -120, 0)),
    ],
)
def test_wiring_faults_turn_the_power_as_the_field_guide_says(fault: str, angles_deg: tuple[int, ...]) -> None:
    truth = settled(9000, 3000)

    reading = MeterModel(wiring=wired([fault])).read(truth)

    for k, angle in enumerate(angles_deg):
        ratio = complex(reading.p_w[k], reading.q_var[k]) / truth.power(k)
        assert abs((angle_deg(ratio) - angle + 180) % 360 - 180) < 2.0
        assert abs(ratio) == pytest.approx(1.0, abs=0.02)


def test_two_swapped_transformers_leave_no_power_in_total() -> None:
    truth = settled(9000, 0)

    balance = sum(MeterModel(wiring=wired(["swapped-l2-l3"])).read(truth).p_w)

    assert abs(balance) < 0.02 * 9000


def test_ratio_unit_and_voltage_faults_scale_what_they_should() -> None:
    truth = settled(9000, 0)
    whole = MeterModel().read(truth)

    half = MeterModel(wiring=wired(["ct-ratio"])).read(truth)
    kilo = MeterModel(wiring=wired(["kilowatt"])).read(truth)
    linked = MeterModel(wiring=wired(["line-to-line"])).read(truth)

    assert half.p_w[0] / whole.p_w[0] == pytest.approx(0.5)
    assert half.current_a[0] / whole.current_a[0] == pytest.approx(0.5)
    assert kilo.p_w[0] / whole.p_w[0] == pytest.approx(1e-3)
    assert linked.voltage_v[0] / whole.voltage_v[0] == pytest.approx(math.sqrt(3), rel=0.01)
    assert "stale" not in WIRING_FAULTS


def test_drawn_errors_are_where_the_bench_promises_them() -> None:
    for seed in range(1, 400):
        found, node, healthy = as_found_errors(seed), wattnode_errors(seed), healthy_errors(seed)

        assert all(0.023 <= gain <= 0.029 for gain in found.gain_ratio)
        assert all(abs(phase) <= 0.6 for phase in found.phase_deg)
        assert max(found.phase_deg) - min(found.phase_deg) > 0.3
        assert all(abs(offset) <= 4.0 for offset in found.offset_w)
        assert all(-0.005 <= gain <= 0.015 for gain in node.gain_ratio)
        assert all(abs(phase) <= 0.4 for phase in node.phase_deg)
        assert not any(node.offset_w)
        assert all(abs(gain) <= 0.005 for gain in healthy.gain_ratio)


@pytest.mark.parametrize(("p_w", "q_var"), [(11000, 0), (5500, 9500), (-8800, 6600), (300, 0)])
def test_the_analyzer_stays_inside_its_specification(p_w: float, q_var: float) -> None:
    for seed in SEEDS:
        truth = settled(p_w, q_var, seed)

        reading = AnalyzerModel(seed).read(truth, 300.0, 20.0)

        for k in range(3):
            power = truth.power(k)
            bound_w = 0.001 * abs(power.real) + 0.0005 * 300.0 * 20.0 + 0.001 * abs(power.imag)
            assert abs(reading.p_w[k] - power.real) < bound_w
            assert abs(reading.voltage_v[k] - truth.voltage_v(k)) < 0.001 * 230.0 + 0.0005 * 300.0


def test_the_analyzer_has_no_number_for_what_is_over_its_range() -> None:
    reading = AnalyzerModel(1).read(settled(11000, 0), 300.0, 5.0)

    assert math.isnan(reading.current_a[0])
    assert math.isnan(reading.p_w[0])
    assert not math.isnan(reading.voltage_v[0])
