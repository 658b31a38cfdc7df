"""What is left on the screen: the verdict, the worst of it and the folder; one line with --quiet, JSON with --json."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from plc_tool.cli import v2g_plc_tool
from tests.system import shown_on_bench
from tests.system.commands import Caller, error_lines, shared_folder, site
from tests.system.plc_commands import needs_modems, on_bench
from tests.system.shown_on_bench import COLUMNS, COMMANDS, LINES
from v2g_tool.app import v2g_tool

MARK = r"[✓✗?•–] (PASS|FAIL|INCONCLUSIVE|INFO|SKIPPED)"
HEADLINE, FINDING = re.compile(rf"^ {MARK}   (\S+)"), re.compile(rf"^{MARK}(?:, corrected)?  +([A-Z]+-[A-Z0-9-]+)  ")
WORST = 3


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> tuple[Path, dict[str, Any]]:
    """Give the folder in which all commands ran on one bench, and what each showed in each way."""
    needs_modems()
    with shared_folder(tmp_path_factory, testrun_uid, "shown") as folder:
        kept = folder / "shown.json"
        if not kept.exists():
            kept.write_text(on_bench(folder, f"{sys.executable} {shown_on_bench.__file__}"))
        return folder, json.loads(kept.read_text())


@pytest.mark.parametrize("way", ["piped", "terminal"])
@pytest.mark.parametrize("name", COMMANDS)
def test_the_last_24_lines_hold_the_verdict_the_worst_findings_and_the_folder(
    shown: tuple[Path, dict[str, Any]], name: str, way: str
) -> None:
    folder, seen = shown[0] / name / way, shown[1][name][way]

    last = seen["out"].removesuffix("\n").split("\n")[-LINES:]

    (start,) = (number for number, line in enumerate(last) if HEADLINE.match(line))
    said, path = last[-1].split("  ", 1)
    report = json.loads((folder / path / "report.json").read_bytes())
    found = [found for line in last[start:] if (found := FINDING.match(line))]
    headline = HEADLINE.match(last[start])
    assert said == "Report"
    assert headline is not None
    assert headline.groups() == (report["verdict"].upper(), report["procedure"])
    assert len(found) <= WORST
    assert len(found) >= (report["verdict"] != "pass")
    judged = {(finding["verdict"].upper(), finding["check"]) for finding in report["findings"]}
    assert {match.groups() for match in found} <= judged
    assert max(map(len, last[:-1])) <= COLUMNS
    assert seen["err"] == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_quiet_prints_one_line_the_folder(shown: tuple[Path, dict[str, Any]], name: str) -> None:
    folder, seen = shown[0] / name / "quiet", shown[1][name]["quiet"]

    (line,) = seen["out"].removesuffix("\n").split("\n")

    assert (folder / line / "report.json").exists()
    assert seen["err"] == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_json_prints_the_bytes_of_report_json_and_nothing_else(shown: tuple[Path, dict[str, Any]], name: str) -> None:
    folder, seen = shown[0] / name / "json", shown[1][name]["json"]

    (report,) = folder.glob("reports/*/report.json")

    assert seen["out"].encode() == report.read_bytes()
    assert seen["err"] == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_way_it_is_shown_does_not_change_the_status(shown: tuple[Path, dict[str, Any]], name: str) -> None:
    statuses = {way: seen["status"] for way, seen in shown[1][name].items()}

    assert set(statuses.values()) in ({0}, {1}, {3}), statuses


WRONG = {
    "an unknown option": ("calibrate", "--target", "meter_01", "--jsno", "--json"),
    "an option of another command": ("sysctl", "--active", "--json"),
    "an unknown command": ("calibrat", "--json"),
    "an unknown command in a group": ("report", "verfy", "--json"),
    "no target": ("calibrate", "--json"),
    "no target, typeset": ("\u2013calibrate", "\u2013json"),
    "no target, json first": ("--json", "--calibrate"),
    "one hyphen": ("-calibrate", "-json"),
    "no value": ("calibrate", "--json", "--target"),
    "a value where none belongs": ("calibrate", "--target", "meter_01", "--yes=no", "--json"),
    "no number": ("throughput", "--seconds", "many", "--json"),
    "two commands": ("--calibrate", "--sysctl", "--json"),
    "an unknown target": ("calibrate", "--target", "meter_1", "--json"),
    "an unknown file": ("sysctl", "--site", "nowhere.toml", "--json"),
    "an unknown target, quiet": ("read", "--target", "meter_1", "--json"),
}
PLC_WRONG = {
    "an unknown option of the PLC tool": ("snr-map", "--activ", "--json"),
    "an unknown command of the PLC tool": ("snr-mop", "--json"),
    "an unknown modem": ("snr-map", "--target", "modem_9", "--json"),
    "no such capture": ("\u2013snr-map", "\u2013from", "nowhere.pcapng", "\u2013json"),
}


def test_a_wrong_request_with_json_is_one_json_object_and_its_status(folder: Path, call: Caller) -> None:
    cases = [(v2g_tool, case, words) for case, words in WRONG.items()]
    cases += [(v2g_plc_tool, case, words) for case, words in PLC_WRONG.items()]
    with site(folder) as here:
        for program, case, words in cases:
            done = call(*words, program=program, env=here.environment(), folder=folder)

            assert done.stderr == "", case
            assert done.stdout.count("\n") == 1, case
            told = json.loads(done.stdout)
            assert set(told) == {"error"}, case
            assert set(told["error"]) == {"what", "why", "todo", "status"}, case
            assert (done.returncode, told["error"]["status"]) == (2, 2), case
            assert told["error"]["what"], case
            assert told["error"]["todo"], case
            assert all(text.isprintable() for text in told["error"].values() if isinstance(text, str)), case


def test_the_same_wrong_request_without_json_is_three_lines_on_standard_error(folder: Path) -> None:
    with site(folder) as here:
        for case in ("an unknown option", "an unknown command", "no target", "an unknown target"):
            done = here.run(*(word for word in WRONG[case] if word != "--json"))

            assert (done.returncode, done.stdout) == (2, ""), case
            assert 2 <= len(error_lines(done.stderr)) <= 3, case
