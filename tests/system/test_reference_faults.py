"""Faults of analyzer, inverter and load: no verdict from bad values, in bounded time, the inverter put back."""

from __future__ import annotations

from pathlib import Path

from tests.bounds import HANG_S
from tests.sections import section
from tests.system.commands import each, findings, fit_problems, report_of, site, verdicts

FAULTS = [
    "load-unsteady",
    "inverter-stuck",
    "analyzer-silent",
    "analyzer-silent:after=90",
    "analyzer-late",
    "analyzer-disconnect",
    "analyzer-restart",
]
REASONS = {"analyzer-silent": "analyzer_01", "inverter-stuck": "inverter_01", "load-unsteady": ""}
"""What the report must say why there is no verdict."""


def check(folder: Path, fault: str) -> None:
    with site(folder / fault.replace(":", "-"), fault) as here:
        done = here.calibrate(timeout_s=HANG_S)
        report = report_of(done)

        assert done.returncode in (0, 3), done.stderr
        assert fit_problems(report, here.truth()) == []
        assert here.inverter_is_back()
        working, stored = here.corrections()
        assert working == stored
        assert (here.writes("meter_01") == []) == (done.returncode == 3)
        if done.returncode == 3:
            unjudged = " ".join(row["statement"] for row in report["findings"] if row["verdict"] == "inconclusive")
            assert REASONS.get(fault.partition(":")[0], "analyzer_01") in unjudged
        else:
            assert verdicts(report)["CAL-ACCURACY-AS-LEFT"] == "pass"


def test_a_faulty_reference_or_load_gives_no_verdict_or_the_right_one(folder: Path):
    each(FAULTS, lambda fault: check(folder, fault))


def over_range_is_named_as_the_reason_and_not_waited_out(folder: Path) -> None:
    with site(folder, "analyzer-overrange") as here:
        done = here.calibrate(timeout_s=HANG_S)

        assert done.returncode == 3
        assert "over range" in " ".join(row["statement"] for row in report_of(done)["findings"])
        assert here.inverter_is_back()


def an_unsteady_load_is_named_as_the_reason(folder: Path) -> None:
    with site(folder, "load-unsteady") as here:
        done = here.calibrate("--adjust", "never", timeout_s=HANG_S)

        assert done.returncode == 3
        said = findings(report_of(done), "CAL-LOAD")
        assert {row["verdict"] for row in said} == {"inconclusive"}
        assert any("did not stay steady within" in row["statement"] for row in said)
        assert all(row["remedy"].startswith("Connect a vehicle that takes the load") for row in said)


def an_unsteady_load_is_not_taken_for_a_good_meter(folder: Path) -> None:
    with site(folder, "load-unsteady") as here:
        done = here.calibrate(timeout_s=HANG_S)

        assert done.returncode == 3
        assert "No correction is needed" not in " ".join(row["statement"] for row in report_of(done)["findings"])


def a_slow_inverter_is_waited_for(folder: Path) -> None:
    with site(folder, "inverter-slow") as here:
        done = here.calibrate("--adjust", "never", timeout_s=HANG_S)

        assert done.returncode in (1, 3)
        assert fit_problems(report_of(done), here.truth()) == []
        assert here.inverter_is_back()


def another_analyzer_than_the_site_names_stops_the_run(folder: Path) -> None:
    with site(folder, "analyzer-wrong-serial") as here:
        done = here.calibrate()

        assert done.returncode == 3
        assert section(report_of(done), "metering")["measured"] == []
        assert here.writes() == []


LASTING = (
    over_range_is_named_as_the_reason_and_not_waited_out,
    an_unsteady_load_is_named_as_the_reason,
    an_unsteady_load_is_not_taken_for_a_good_meter,
    a_slow_inverter_is_waited_for,
    another_analyzer_than_the_site_names_stops_the_run,
)


def test_a_lasting_fault_is_named_or_waited_for(folder: Path):
    each(LASTING, lambda story: story(folder / story.__name__))


def test_a_passing_fault_of_the_analyzer_while_measuring_costs_a_sample_and_not_the_run(folder: Path):
    def check(fault: str) -> None:
        with site(folder / fault, f"{fault}:after=90") as here:
            done = here.calibrate("--adjust", "never")

            assert done.returncode == 1, report_of(done)["findings"]
            assert fit_problems(report_of(done), here.truth()) == []

    each(["analyzer-late", "analyzer-disconnect", "analyzer-restart"], check)
