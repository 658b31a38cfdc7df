"""Faults of the wire: a wrong answer is never a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.system.commands import each, findings, fit_problems, groups, report_of, site, verdicts

AGAIN_AND_AGAIN = ":after=15:every=45:count=6"
ON_TCP = [
    f"{name}{AGAIN_AND_AGAIN}"
    for name in (
        "late-reply",
        "wrong-unit",
        "torn-frame",
        "busy",
        "crc-error",
        "reset",
        "short-reply",
        "wrong-function",
    )
]
ON_RTU = [f"{name}:target=meter_02:after=15:every=60:count=3" for name in ("late-reply", "crc-error", "wrong-unit")]


def ended_well_or_with_a_reason(folder: Path, fault: str, target: str, *words: str) -> None:
    with site(folder / fault.replace(":", "-"), fault) as here:
        done = here.calibrate(*words, target=target)
        report = report_of(done)

        assert done.returncode in (0, 1, 3), done.stderr
        assert fit_problems(report, here.truth()) == []
        assert here.inverter_is_back()
        working, stored = here.corrections(target)
        assert working == stored
        if done.returncode == 3:
            reasons = [row["statement"] for row in report["findings"] if row["verdict"] == "inconclusive"]
            assert any(target in reason for reason in reasons), reasons
        elif target == "meter_01":
            assert verdicts(report)["CAL-ACCURACY-AS-FOUND"] == "fail"
        if done.returncode == 0 and "never" not in words:
            assert verdicts(report)["CAL-ACCURACY-AS-LEFT"] == "pass"
            assert fit_problems(report, {target: no_error()}, "as-left") == []


def no_error() -> dict[str, list[float]]:
    return {"gain_ratio": [0.0] * 3, "phase_deg": [0.0] * 3}


@pytest.mark.parametrize("faults", groups(ON_TCP, 4), ids=lambda faults: "+".join(f.partition(":")[0] for f in faults))
def test_faults_on_modbus_tcp_never_become_values(folder: Path, faults: list[str]):
    each(faults, lambda fault: ended_well_or_with_a_reason(folder, fault, "meter_01"))


def test_faults_on_modbus_rtu_never_become_values(folder: Path):
    each(ON_RTU, lambda fault: ended_well_or_with_a_reason(folder, fault, "meter_02", "--adjust", "never"))


def test_a_meter_that_falls_silent_ends_the_run_in_bounded_time_with_its_name(folder: Path):
    def check(case: tuple[str, int]) -> None:
        target, after = case
        with site(folder / f"{target}-{after}", f"silence:target={target}:after={after}") as here:
            done = here.calibrate("--adjust", "never", target=target, timeout_s=HANG_S)

            assert done.returncode == 3
            assert any(target in row["statement"] for row in report_of(done)["findings"] if row["verdict"] != "pass")
            assert here.inverter_is_back()

    each([("meter_01", 0), ("meter_01", 6), ("meter_01", 30), ("meter_02", 6)], check)


def test_a_meter_that_falls_silent_after_the_correction_is_not_called_good(folder: Path):
    with site(folder, "silence:after=80") as here:
        done = here.calibrate(timeout_s=HANG_S)
        report = report_of(done)

        assert done.returncode in (1, 3), done.stderr
        assert verdicts(report).get("CAL-ACCURACY-AS-LEFT") != "pass"
        assert here.inverter_is_back()
        if here.writes("meter_01"):
            assert any("meter_01" in row["statement"] for row in findings(report, "CAL-RESTORED")), verdicts(report)
