"""Every exit status that can occur, each from a whole command."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.system.commands import Caller, chain_is_whole, each, error_lines, findings, report_of, site
from tests.system.conftest import Corrected

HERE = Path(__file__).parent


def test_status_0_everything_is_within_limits(corrected: Corrected):
    assert (corrected.status, corrected.report["verdict"]) == (0, "pass")


def test_status_1_a_finding_failed(folder: Path):
    with site(folder) as here:
        done = here.calibrate("--adjust", "never")

    assert (done.returncode, report_of(done)["verdict"]) == (1, "fail")


def test_status_2_the_request_is_wrong(folder: Path, call: Caller):
    with site(folder, call=call) as here:
        done = here.calibrate(target="meter_1")

    assert done.returncode == 2
    assert done.stderr == "", "with --json an error is JSON, on standard output"
    error = json.loads(done.stdout)["error"]
    assert error["status"] == 2
    assert "meter_01" in error["what"] + error["why"]
    assert error["todo"]


def test_status_3_something_could_not_be_judged(folder: Path, call: Caller):
    with site(folder, "meter-wrong-serial", call=call) as here:
        done = here.calibrate()

    assert (done.returncode, report_of(done)["verdict"]) == (3, "inconclusive")
    (said,) = findings(report_of(done), "CAL-IDENTITY")
    assert said["verdict"] == "inconclusive"
    assert "EMS-0001" in said["statement"]
    assert "name plate" in said["remedy"]


@pytest.mark.parametrize(
    ("kind", "count"),
    [("inverter.command", 1), ("write.outcome", 2), ("inverter.command", 3)],
    ids=["as found", "while writing", "as left"],
)
def test_status_4_an_interrupted_run_restores_signs_and_says_so(folder: Path, kind: str, count: int):
    def check(number: signal.Signals) -> None:
        with site(folder / number.name) as here:
            found = here.corrections()
            child = here.start("calibrate", "--target", "meter_01", "--yes", "--quiet")
            here.wait_for(kind, count)
            child.send_signal(number)
            _, stderr = child.communicate(timeout=HANG_S)

            assert child.returncode == 4, stderr
            assert "Traceback" not in stderr
            assert here.corrections() == found
            assert here.inverter_is_back()
            assert {"report.json", "report.json.p7s"} <= {file.name for file in here.report().iterdir()}
            report = json.loads((here.report() / "report.json").read_bytes())
            assert report["verdict"] in ("inconclusive", "fail")
            (said,) = findings(report, "CAL-INTERRUPTED")
            assert said["verdict"] == "inconclusive"
            assert number.name in said["statement"]
            assert said["remedy"].startswith("Run the same command again")
            assert chain_is_whole(here.report() / "evidence.jsonl")
            assert here.run("report", "verify", str(here.report())).returncode == 0

    each([signal.SIGINT, signal.SIGTERM], check)


def test_status_5_an_altered_bundle_is_not_authentic(corrected: Corrected, folder: Path, call: Caller):
    copy = corrected.copy(folder)
    report = copy / "report.json"
    report.write_bytes(report.read_bytes().replace(b'"as_left":"97', b'"as_left":"87', 1))
    with site(folder / "site", call=call) as here:
        done = here.run("report", "verify", str(copy))

    assert done.returncode == 5
    assert "report.json" in done.stdout + done.stderr


@pytest.mark.parametrize("position", [3, 150])
def test_status_70_a_defect_is_three_lines_and_a_file_with_the_trace(folder: Path, position: int):
    with site(folder) as here:
        program = (sys.executable, str(HERE / "defect_at.py"), str(position), "--")
        done = here.run("calibrate", "--target", "meter_01", "--yes", "--quiet", program=program)

        assert done.returncode == 70, done.stderr
        assert "Traceback" not in done.stderr + done.stdout
        assert len(error_lines(done.stderr)) == 3
        assert "ZeroDivisionError" in done.stderr or "injected" in done.stderr
        (named,) = [word for word in done.stderr.split() if word.endswith(".txt")]
        trace = Path(named).read_text()
        Path(named).unlink()
        assert "Traceback" in trace
        assert "injected" in trace
        assert here.writes("meter_01") == []
        assert here.inverter_is_back()
