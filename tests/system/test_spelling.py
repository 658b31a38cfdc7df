"""How commands may be spelt."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.sections import section
from tests.system.commands import TOOL, Caller, each, error_lines, report_of, site
from v2g_tool.register import all_checks

SCRIPTS = Path(sys.executable).parent
SPELLINGS = [
    ("\u2013calibrate", "\u2013target=meter_03", "\u2013yes"),
    ("\u2014calibrate", "\u2014target", "meter_03", "\u2013q", "\u2013y"),
    ("--json", "--calibrate", "--target", "meter_03", "--yes"),
    ("-y", "\u2013\u2013calibrate", "\u2013\u2013target=meter_03"),
    ("-calibrate", "-target=meter_03", "-yes"),
]
"""The manual's way, with the dashes that a typesetter makes of it; README has the others."""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TOOL, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_S, check=False
    )


def commands_of(call: Caller, *words: str) -> list[str]:
    """Give the names under "Commands" of a help text."""
    lines = call(*words, "--help").stdout.partition("Commands")[2].splitlines()[1:]
    rows = [line.strip("│ \n") for line in lines if line.strip("│╭╰─╮╯ \n")]
    indent = min((len(line) - len(line.lstrip("│ ")) for line in lines if line.strip("│╭╰─╮╯ \n")), default=0)
    heads = [line for line in lines if line.strip("│╭╰─╮╯ \n") and len(line) - len(line.lstrip("│ ")) == indent]
    return [head.strip("│ ").split()[0] for head in heads] if rows else []


def test_each_spelling_of_the_manual_runs_the_same_calibration(folder: Path):
    def check(words: tuple[str, ...]) -> None:
        with site(folder / str(SPELLINGS.index(words))) as here:
            done = here.run(*words)

            report = json.loads((here.report() / "report.json").read_bytes())
            assert (done.returncode, report["verdict"]) == (0, "pass"), done.stderr
            assert section(report, "metering")["target"] == "meter_03"
            assert here.writes("meter_03") == []
            if "--json" in words:
                assert report_of(done) == report

    each(SPELLINGS, check)


def test_the_installed_scripts_understand_the_typeset_dashes(folder: Path):
    with site(folder) as here:
        done = here.run("–read", "–target=meter_01", "––json", program=[str(SCRIPTS / "v2g-tool")])

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["identity"]["serial"] == "EMS-0001"


def test_two_operations_at_once_are_a_wrong_request():
    done = run("--calibrate", "--read", "--target=meter_01")

    assert done.returncode == 2
    assert "--calibrate" in done.stderr
    assert "--read" in done.stderr


@pytest.mark.parametrize("word", ["--calibrte", "calibrte", "–calibrte"])
def test_a_misspelt_operation_is_a_wrong_request_with_a_suggestion(word: str):
    done = run(word, "--target=meter_01")

    assert done.returncode == 2
    assert "Did you mean" in done.stderr
    assert "calibrate" in done.stderr


def test_a_misspelt_option_is_a_wrong_request_with_a_suggestion():
    done = run("--calibrate", "--traget=meter_01")

    assert done.returncode == 2
    assert "--target" in done.stderr


def test_help_is_the_same_however_it_is_asked_for():
    shown = run("report", "verify", "--help").stdout

    assert "-h, --help" in shown
    words = ["help report verify", "help verify", "-h report verify", "report help verify", "report verify -h"]
    each(words, lambda line: run(*line.split()).stdout == shown or pytest.fail(line))


@pytest.mark.parametrize("udp", ["-u", ""])
def test_the_manuals_throughput_line_asks_for_its_server_port_and_rate(folder: Path, udp: str):
    run(*f"throughput -c no.invalid -p 502 {udp} -b 2M --unsigned --max-time 1 -q --out {folder}".split())

    (evidence,) = folder.glob("*/evidence.jsonl")
    asked = json.loads(evidence.read_text().splitlines()[0])["data"]["telemetry"]
    assert (asked["host"], asked["port"], float(asked["rate_mbit_s"])) == ("no.invalid", 502, 2.0)


WRONG = {
    "calibrte": ("has no command 'calibrte'", "Did you mean 'calibrate'?"),
    "report veryfi": ("report has no command 'veryfi'", "Did you mean 'verify'?"),
    "keys inti": ("keys has no command 'inti'", "Did you mean 'init'?"),
    "-calibrate -traget=a": ("no option --traget", "Did you mean '--target'?"),
    "calibrate": ("missing option '--target'", "Name of the meter", "calibrate --help'"),
    "calibrate a b": ("extra argument", "(b)"),
    "throughput --port telemetry": ("'--port'", "integer", "Its port"),
    "calibrate a --adjust maybe": ("'--adjust'", "'maybe' is not one of 'needed', 'always', 'never'"),
    "read --target": ("'--target' requires an argument",),
    "sysctl -w net.v2g.islanding_timeout=200": ("-w net.v2g.islanding_timeout=200", "--apply", "profile"),
    "sysctl -w a=1 b=2": ("-w a=1", "--apply"),
    "throughput -c a -b 10,5M": ("'10,5M' is no rate", "10M"),
    "throughput -c a -b 0": ("'0' is no rate", "10M"),
    "throughput -c a -b 10M --rate-mbit 10": ("the rate once",),
    "read --json=4": ("'--json' does not take a value",),
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_line_is_told_in_three_lines(call: Caller, line: str):
    done = call(*line.split())

    assert (done.returncode, done.stdout) == (2, "")
    assert len(error_lines(done.stderr)) == 3
    assert "Usage" not in error_lines(done.stderr)[0]
    assert all(word in done.stderr for word in WRONG[line]), done.stderr


def test_the_other_program_names_its_own_commands():
    script = SCRIPTS / "v2g-plc-tool"
    done = subprocess.run([script, "snr-mpa"], capture_output=True, text=True, timeout=HANG_S, check=False)

    assert done.returncode == 2
    assert "v2g-plc-tool has no command 'snr-mpa'. Did you mean 'snr-map'?" in done.stderr
    assert len(error_lines(done.stderr)) == 3


@pytest.mark.parametrize("words", [("explain",), ("explain", "--list"), ("-explain", "-list")])
def test_without_an_id_every_finding_is_listed(words: tuple[str, ...]):
    done = run(*words)

    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(all_checks())
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", ["v2g-tool", "v2g-plc-tool"])
def test_both_scripts_tell_their_version_and_help(name: str):
    version = subprocess.run([SCRIPTS / name, "--version"], capture_output=True, text=True, check=True)
    help_ = subprocess.run([SCRIPTS / name, "--help"], capture_output=True, text=True, check=True)

    assert version.stdout.startswith(f"{name} ")
    assert version.stdout.split()[1][0].isdigit()
    assert f"Usage: {name}" in help_.stdout


def test_every_command_has_a_help_text_and_no_option_bears_a_commands_name(call: Caller):
    names = commands_of(call)
    assert {"calibrate", "read", "explain", "keys", "report", "bench"} <= set(names)
    under = [(group, name) for group in ("profiles", "keys", "report", "bench") for name in commands_of(call, group)]

    for words in [(name,) for name in names] + under:
        done = call(*words, "--help")

        assert done.returncode == 0
        text = done.stdout.replace("│", " ")
        rest = text.partition("\n\n")[2]
        assert rest.strip(), words
        assert not rest.strip().startswith(("╭", "Options")), f"{words} has no help text"
        options = {word.rstrip(",") for word in text.split() if word.startswith("--")}
        assert not options & {f"--{name}" for name in names}, words


def test_each_finding_of_a_report_is_explained_offline(corrected, call: Caller):
    checks = {row["check"] for row in corrected.report["findings"]} | {"CAL-WIRING-CT-REVERSED"}

    for name in sorted(checks):
        done = call("explain", name)
        assert done.returncode == 0, name
        assert name in done.stdout


def test_an_unknown_finding_is_a_wrong_request_with_a_suggestion():
    done = run("explain", "CAL-WIRING-CT-REVERSD")

    assert done.returncode == 2
    assert "CAL-WIRING-CT-REVERSED" in done.stderr
