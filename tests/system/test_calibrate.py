"""Calibrate: what is measured, what is written, and what is left behind."""

from __future__ import annotations

import dataclasses
import json
import re
import signal
import subprocess
from pathlib import Path

import jsonschema
import pytest

from tests.bounds import HANG_S
from tests.sections import section
from tests.system.commands import Site, chain_is_whole, each, findings, fit_problems, groups, report_of, site, verdicts
from tests.system.conftest import Corrected

OPENSSL = "openssl cms -verify -binary -inform DER -in report.json.p7s -content report.json"
TRUSTING = "-CAfile signer.pem -partial_chain -purpose any -out /dev/null"


def openssl(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OPENSSL.split(), *TRUSTING.split()], cwd=folder, capture_output=True, text=True, check=False
    )


def registers(report: dict) -> list[int]:
    """Give the corrections that a report says were left, in register order."""
    return [
        int(row["as_left"]) for row in sorted(section(report, "metering")["registers"], key=lambda row: row["address"])
    ]


# One healthy calibration, seen from all sides.


def test_a_meter_out_of_tolerance_is_corrected_and_the_run_ends_well(corrected: Corrected):
    found = verdicts(corrected.report)

    assert corrected.status == 0
    assert corrected.report["verdict"] == "pass"
    assert found["CAL-ACCURACY-AS-FOUND"] == "fail"
    assert findings(corrected.report, "CAL-ACCURACY-AS-FOUND")[0]["corrected"]
    assert found["CAL-ACCURACY-AS-LEFT"] == "pass"


def test_what_a_calibration_rests_on_is_judged_before_it_is_used(corrected: Corrected):
    assert {
        check: verdicts(corrected.report)[check] for check in ("CAL-IDENTITY", "CAL-TUR", "CAL-WIRING", "CAL-FIT")
    } == {"CAL-IDENTITY": "pass", "CAL-TUR": "pass", "CAL-WIRING": "pass", "CAL-FIT": "pass"}
    (ratio,) = findings(corrected.report, "CAL-TUR")
    smallest = min(float(row["value"]) for row in ratio["evidence"])
    assert ratio["statement"] == f"The smallest test uncertainty ratio is {smallest:.1f}."
    assert all(row["limit"].startswith(">= ") and row["source"] for row in ratio["evidence"])
    (fit,) = findings(corrected.report, "CAL-FIT")
    assert len(fit["evidence"]) == 3


def test_the_report_validates_against_the_published_schema(corrected: Corrected):
    jsonschema.validate(corrected.report, corrected.schema, cls=jsonschema.Draft202012Validator)


def test_the_fit_agrees_with_the_true_errors_within_its_uncertainty(corrected: Corrected):
    fitted = [
        row for row in section(corrected.report, "metering")["fitted"] if row["stage"] == "as-found" and row["error"]
    ]

    assert {(row["subject"], row["parameter"]) for row in fitted} >= {
        (f"L{phase}", parameter) for phase in (1, 2, 3) for parameter in ("gain", "phase")
    }
    assert fit_problems(corrected.report, corrected.truth) == []


def test_the_uncertainty_is_stated_and_small_against_the_limit(corrected: Corrected):
    for row in section(corrected.report, "metering")["measured"]:
        if row["limit"] is not None and row["subject"] == "sum":
            assert 0 < float(row["expanded_uncertainty"]["value"]) < float(row["limit"]["value"])
            assert {line["type"] for line in row["budget"]} == {"A", "B"}


def test_no_value_is_reported_that_was_not_measured(corrected: Corrected):
    # Ten kilowatts flow; a sum has no current of its own, and 0 A would be a claim.
    for row in section(corrected.report, "metering")["measured"]:
        assert row["current"] is None or float(row["current"]["value"]) > 1, row["subject"]


def test_the_meter_holds_what_the_report_says_was_left(corrected: Corrected):
    assert corrected.working == corrected.stored == registers(corrected.report)
    assert corrected.working != [10000, 10000, 10000, 0, 0, 0, 0, 0, 0]


def test_the_number_of_write_requests_in_the_report_is_that_of_the_wire(corrected: Corrected):
    written = [w for w in corrected.writes if w["device"] == "meter_01" and 0x1000 <= w["address"] <= 0x1008]

    assert section(corrected.report, "metering")["write_requests"] == len(written)
    assert len({write["address"] for write in written}) == len(written)


def test_the_inverter_is_put_back_to_what_it_was(corrected: Corrected):
    assert any(write["device"] == "inverter_01" for write in corrected.writes)
    assert corrected.inverter_is_back


def test_the_evidence_is_a_whole_chain_and_the_report_binds_it(corrected: Corrected):
    evidence = corrected.folder / "evidence.jsonl"

    assert chain_is_whole(evidence)
    assert corrected.report["evidence"]["records"] == len(evidence.read_bytes().splitlines())


def test_the_bundle_verifies_with_our_command_and_with_openssl(corrected: Corrected):
    assert corrected.verify_status == 0
    done = openssl(corrected.folder)
    assert done.returncode == 0, done.stderr


def test_each_command_of_verify_txt_runs_as_printed(corrected: Corrected):
    lines = (corrected.folder / "VERIFY.txt").read_text().splitlines()
    printed = [line.strip() for line in lines if line.startswith("    ")]

    assert len(printed) >= 3
    for command in printed:
        done = subprocess.run(["sh", "-c", command], cwd=corrected.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)


def test_openssl_refuses_a_changed_report(corrected: Corrected, folder: Path):
    copy = corrected.copy(folder)
    text = (copy / "report.json").read_text()
    (copy / "report.json").write_text(text.replace('"verdict":"pass"', '"verdict":"fail"', 1))

    assert openssl(copy).returncode != 0


def test_json_prints_exactly_the_bytes_of_report_json_and_nothing_else(corrected: Corrected):
    assert corrected.stdout.encode() == (corrected.folder / "report.json").read_bytes()
    assert corrected.stderr == ""


def test_a_second_calibration_sends_no_write_request_of_any_kind(folder: Path):
    with site(folder) as here:
        first = here.calibrate()
        before, held = here.writes("meter_01"), here.corrections()
        second = here.calibrate()

        assert (first.returncode, second.returncode) == (0, 0)
        assert before
        assert here.writes("meter_01") == before
        assert here.corrections() == held
        assert section(report_of(second), "metering")["write_requests"] == 0
        (adjust,) = findings(report_of(second), "CAL-ADJUST")
        assert "unlock" not in adjust["remedy"]


# What may be written, and when not.


def case_never(here: Site) -> None:
    done = here.calibrate("--adjust", "never")

    assert done.returncode == 1
    assert verdicts(report_of(done))["CAL-ACCURACY-AS-FOUND"] == "fail"
    assert here.writes("meter_01") == []
    assert here.inverter_is_back()


def case_sealed(here: Site) -> None:
    done = here.calibrate("--adjust", "always", target="meter_03")

    assert done.returncode == 0, done.stderr
    assert findings(report_of(done), "CAL-LEGAL")
    assert here.writes("meter_03") == []


def case_seal_of_the_device_beats_the_site(here: Site) -> None:
    here.file.write_text(here.file.read_text().replace('legal = "sealed"', 'legal = "free"'))
    done = here.calibrate("--adjust", "always", target="meter_03")

    assert section(report_of(done), "metering")["legal"] == "sealed"
    assert here.writes("meter_03") == []


def case_seal_of_the_site_beats_the_device(here: Site) -> None:
    here.file.write_text(here.file.read_text().replace('legal = "free"', 'legal = "sealed"', 1))
    done = here.calibrate("--adjust", "always")

    assert done.returncode == 1
    assert findings(report_of(done), "CAL-LEGAL")
    assert here.writes("meter_01") == []


def case_unknown_in_the_site(here: Site) -> None:
    here.file.write_text(here.file.read_text().replace('legal = "free"', 'legal = "unknown"', 1))
    done = here.calibrate("--adjust", "always")

    assert done.returncode != 0
    assert here.writes("meter_01") == [], "the site says that the legal status is unknown"


def case_unknown_in_the_site_of_a_meter_that_cannot_say(here: Site) -> None:
    head, _, tail = here.file.read_text().partition("[meters.meter_02]")
    here.file.write_text(head + "[meters.meter_02]" + tail.replace('legal = "free"', 'legal = "unknown"', 1))
    done = here.calibrate("--adjust", "always", "--allow-derived", target="meter_02")

    assert findings(report_of(done), "CAL-LEGAL")
    assert here.writes("meter_02") == []


def case_derived_profile(here: Site) -> None:
    done = here.calibrate("--adjust", "always", target="meter_02")

    assert done.returncode == 3
    assert here.writes("meter_02") == []
    (said,) = findings(report_of(done), "CAL-PROFILE")
    assert said["verdict"] == "inconclusive"
    assert "wattnode-wnd is derived" in said["statement"]
    assert "--allow-derived" in said["remedy"]


def case_dry_run(here: Site) -> None:
    done = here.run("calibrate", "--target", "meter_01", "--dry-run", "--quiet", "--json")

    assert here.writes() == []
    assert done.returncode in (1, 3), done.stderr
    assert section(report_of(done), "metering")["write_requests"] == 0
    assert not_commanded(report_of(done))
    (wiring,) = findings(report_of(done), "CAL-WIRING")
    assert (wiring["verdict"], wiring["remedy"]) == ("skipped", "")
    assert "too small" in wiring["statement"]


def case_nobody_agrees(here: Site) -> None:
    done = here.run("calibrate", "--target", "meter_01", "--json")

    # The present load may still be judged: a meter that fails at it has failed.
    assert here.writes() == []
    assert done.returncode in (1, 3), done.stderr
    assert not_commanded(report_of(done))


def not_commanded(report: dict) -> bool:
    """Say whether the report leaves open what no load was made for, names the inverter, and says how to go on."""
    (said,) = findings(report, "CAL-CONSENT")
    return (
        said["verdict"] == "inconclusive" and "inverter_01 was not" in said["statement"] and "--yes" in said["remedy"]
    )


WRITING_CASES = [
    case_never,
    case_sealed,
    case_seal_of_the_device_beats_the_site,
    case_seal_of_the_site_beats_the_device,
    case_unknown_in_the_site,
    case_unknown_in_the_site_of_a_meter_that_cannot_say,
    case_derived_profile,
    case_dry_run,
    case_nobody_agrees,
]


@pytest.mark.parametrize(
    "cases", groups(WRITING_CASES, 5), ids=lambda cases: "+".join(case.__name__.removeprefix("case_") for case in cases)
)
def test_nothing_is_written_without_the_right_to_write(folder: Path, cases):
    def check(case) -> None:
        with site(folder / case.__name__) as here:
            case(here)

    each(cases, check)


def test_a_meter_that_says_its_legal_status_is_unknown_is_verified_only(folder: Path):
    with site(folder) as here:
        here.file.write_text(here.file.read_text().replace('legal = "free"\n', "", 1))
        here.bench.meters["meter_01"].identity = replaced_legal(here)
        done = here.calibrate("--adjust", "always")

        assert here.writes("meter_01") == []
        assert section(report_of(done), "metering")["legal"] == "unknown"


def test_the_serial_meter_is_corrected_when_a_derived_profile_is_allowed(folder: Path):
    with site(folder) as here:
        truth = here.truth()["meter_02"]
        done = here.calibrate("--adjust", "always", "--allow-derived", target="meter_02")
        report = report_of(done)
        working, stored = here.corrections("meter_02")
        probed = [record for record in here.evidence() if record["kind"] == "probe"]

    # A meter that shows no stored set leaves one thing unproven: that it keeps the corrections without power.
    unproven = [row["check"] for row in report["findings"] if row["verdict"] == "inconclusive"]
    assert (done.returncode, unproven) in ((0, []), (3, ["CAL-STORE"])), done.stderr
    assert probed, "the direction of the phase correction was not proven"
    assert working == stored == registers(report)
    assert fit_problems(report, {"meter_02": truth}) == []
    assert "derived" in {row["profile_status"] for row in report["instruments"] if row["role"] == "meter"}
    left = [row for row in section(report, "metering")["fitted"] if row["stage"] == "as-left" and row["error"]]
    for row in left:
        conductor = int(row["subject"][1]) - 1
        if row["parameter"] == "gain":
            assert abs(float(row["error"]["value"])) <= abs(truth["gain_ratio"][conductor]) * 100 + 0.1, row
        if row["parameter"] == "phase" and abs(truth["phase_deg"][conductor]) > 0.1:
            assert abs(float(row["error"]["value"])) < abs(truth["phase_deg"][conductor]), row


# On a terminal.


def test_a_person_who_says_no_to_the_load_commands_and_writes_nothing(folder: Path):
    with site(folder) as here:
        status, shown = here.typed(["n"], "calibrate", "--target", "meter_01")

        assert "inverter_01" in shown.partition("?")[0]
        assert here.writes() == []
        assert status in (1, 3), shown


def test_a_person_is_asked_for_the_load_and_for_the_writes_and_may_refuse_the_latter(folder: Path):
    with site(folder) as here:
        status, shown = here.typed(["y", "n"], "calibrate", "--target", "meter_01")

        assert "10000→" in shown
        assert here.writes("meter_01") == []
        assert here.inverter_is_back()
        assert status == 1, shown


def test_a_person_who_says_yes_twice_gets_a_corrected_meter_and_sees_progress(folder: Path):
    with site(folder) as here:
        status, shown = here.typed(["y", "y"], "calibrate", "--target", "meter_01")

        assert status == 0, shown
        assert here.writes("meter_01")
        assert "charge-high" in shown.partition("PASS")[0]
        assert max(len(line) for line in plain(shown).splitlines()) <= 80


def test_progress_and_colour_stay_off_where_there_is_no_terminal(folder: Path):
    with site(folder) as here:
        done = here.run("calibrate", "--target", "meter_03", "--yes")

    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "PASS" in done.stdout


# Two at once.


def test_a_second_run_on_the_same_meter_is_refused_and_names_the_first(folder: Path):
    with site(folder) as here:
        first = here.start("calibrate", "--target", "meter_01", "--yes", "--quiet", "--adjust", "never")
        here.wait_for("inverter.command")
        first.send_signal(signal.SIGSTOP)  # however slowly the second starts, the first is still at work
        second = here.calibrate("--adjust", "never")
        first.send_signal(signal.SIGCONT)
        first.communicate(timeout=HANG_S)

    assert second.returncode == 3
    assert second.stderr == "", "with --json an error is JSON, on standard output"
    told = json.loads(second.stdout)["error"]
    assert str(first.pid) in told["what"] + told["why"]
    assert told["status"] == 3
    assert first.returncode == 1


def test_two_runs_on_two_meters_of_one_reference_do_not_spoil_each_other(folder: Path):
    with site(folder) as here:
        runs: dict[str, subprocess.CompletedProcess[str]] = {}

        def calibrate(target: str) -> None:
            runs[target] = here.calibrate("--adjust", "never", target=target)

        each(["meter_01", "meter_03"], calibrate)

        # They share analyzer and inverter: one of them has to wait or to be refused; none may be wrong.
        assert runs["meter_01"].returncode in (1, 3), runs["meter_01"].stderr
        assert runs["meter_03"].returncode in (0, 3), runs["meter_03"].stderr
        assert here.inverter_is_back()


def replaced_legal(here: Site):
    """Give the meter's identity with the legal status 0, unknown."""
    return dataclasses.replace(here.bench.meters["meter_01"].identity, legal=0)


def plain(shown: str) -> str:
    """Take colours and cursor movements out of what a terminal was sent."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n")
