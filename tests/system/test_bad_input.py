"""Bad input: what is wrong, where it stands, and what to do next; nothing is lost by it."""

from __future__ import annotations

import importlib.resources
import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.sections import section
from tests.system.commands import Caller, Site, error_lines, findings, report_of, site
from tests.system.conftest import Corrected
from v2g_tool.report.signing.cms import sign
from v2g_tool.report.signing.keys import Signer

Done = subprocess.CompletedProcess[str]
SECRET = "correct-horse-battery-staple"


@dataclass(frozen=True)
class Bad:
    """A spoilt request.

    Attributes:
        status: exit status that it must end with.
        spoil: what is changed before.
        words: what the error must say.
        at: text of the line of the site file that the error must name, as FILE:LINE.
        section: where in the site file that line is looked for.
        target: meter to calibrate.
    """

    status: int
    spoil: Callable[[Site], object]
    words: tuple[str, ...] = ()
    at: str = ""
    section: str = ""
    target: str = "meter_01"


def edit(old: str, new: str, after: str = "") -> Callable[[Site], None]:
    """Replace a text once, behind another one."""

    def change(here: Site) -> None:
        text = here.file.read_text()
        start = text.index(after)
        assert old in text[start:]
        here.file.write_text(text[:start] + text[start:].replace(old, new, 1))

    return change


def dead_port(section: str) -> Callable[[Site], None]:
    def change(here: Site) -> None:
        head, mark, tail = here.file.read_text().partition(section)
        here.file.write_text(head + mark + re.sub(r"port = \d+", "port = 9", tail, count=1))

    return change


def dead_analyzer(here: Site) -> None:
    here.file.write_text(re.sub(r"::\d+::SOCKET", "::9::SOCKET", here.file.read_text()))


def clashing_profile(here: Site) -> None:
    built_in = importlib.resources.files("v2g_tool") / "profiles" / "meters" / "ems-meter-service.toml"
    source = Path(str(built_in)) if built_in.is_file() else Path("profiles/meters/ems-meter-service.toml").resolve()
    text = source.read_text()
    assert '"U.2" = { address = 0x0106' in text
    profile = here.folder / "clash.toml"
    profile.write_text(text.replace('"U.2" = { address = 0x0106', '"U.2" = { address = 0x0105'))
    edit('"ems-meter-service"', f'"{profile}"')(here)


def nothing(_: Site) -> None:
    """Leave all as it is."""


REQUESTS = {
    "a misspelt key": Bad(2, edit("host =", "hosst ="), ("hosst", "Did you mean", "host"), "hosst"),
    "a syntax error": Bad(2, edit("unit = 1\n", "unit = = 1\n"), ("line 17",)),
    "a value out of range": Bad(2, edit("unit = 1\n", "unit = 1000\n"), ("unit",), "unit = 1000"),
    "an unknown target": Bad(2, nothing, ("meter_1", "Did you mean", "meter_01"), target="meter_1"),
    "an unknown profile": Bad(
        2, edit('"ems-meter-service"', '"ems-metre-service"'), ("Did you mean", "ems-meter-service")
    ),
    "an unknown plan": Bad(2, edit('"ac-quick"', '"ac-quik"'), ("Did you mean", "ac-quick")),
    "an unknown limit set": Bad(2, edit('"mid-2014-32-eu"', '"mid-2014-32-eeu"'), ("Did you mean", "mid-2014-32-eu")),
    "a class that the limits do not have": Bad(2, edit('class = "B"', 'class = "X"'), ("'X'",)),
    "a profile with an address clash": Bad(2, clashing_profile, ("clash.toml", "U.1", "U.2")),
}
DEVICES = {
    "an unreachable meter": Bad(
        3, dead_port("[meters.meter_01]"), ("meter_01", "not reachable"), "host", "[meters.meter_01"
    ),
    "an unreachable analyzer": Bad(3, dead_analyzer, ("analyzer_01", "not reachable"), "::9::SOCKET"),
    "an unreachable inverter": Bad(3, dead_port("[inverters"), ("inverter_01", "not reachable"), "host", "[inverters"),
    "a name without address": Bad(
        3, edit('"127.0.0.1"', '"nosuch.invalid"'), ("meter_01", "nosuch.invalid"), "nosuch.invalid"
    ),
    "another meter": Bad(3, edit("EMS-0001", "EMS-0007"), ("EMS-0007", "EMS-0001"), "EMS-0007"),
    "another analyzer": Bad(3, edit("91N408871", "91N000000"), ("91N000000", "91N408871"), "91N000000"),
    "another inverter": Bad(
        3, edit("unit = 1", 'unit = 1\nserial = "INV-0007"', "[inverters"), ("INV-0007", "INV-0001"), "INV-0007"
    ),
}


def spoilt(folder: Path, call: Caller, bad: Bad) -> tuple[Done, str, Site]:
    with site(folder, call=call) as here:
        bad.spoil(here)
        done = here.run("calibrate", "--target", bad.target, "--yes", "--quiet")
        text = here.file.read_text()
        line = 1 + text[: text.index(bad.at, text.index(bad.section))].count("\n")
        assert here.writes() == []
        return done, f"{here.file}:{line}:", here


def judge(folder: Path, call: Caller, bad: Bad) -> None:
    done, where, _ = spoilt(folder, call, bad)

    assert done.returncode == bad.status, done.stderr
    said = " ".join(error_lines(done.stderr))
    for word in bad.words:
        assert word in said
    if bad.at:
        assert where in said
    assert not re.search("Traceback|Exception|Error\\b|pydantic", done.stderr), done.stderr
    assert 2 <= len(error_lines(done.stderr)) <= 3, done.stderr


@pytest.mark.parametrize("name", REQUESTS)
def test_a_wrong_request_is_named_with_a_next_step_and_nothing_is_measured(folder: Path, call: Caller, name: str):
    judge(folder, call, REQUESTS[name])


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_that_is_not_the_one_or_not_there_is_named_with_file_and_line(folder: Path, call: Caller, name: str):
    judge(folder, call, DEVICES[name])


@pytest.mark.parametrize("name", ["an unknown target", "an unknown profile", "an unknown plan"])
def test_a_name_that_is_unknown_is_reported_with_the_file_that_should_know_it(folder: Path, call: Caller, name: str):
    done, where, _ = spoilt(folder, call, REQUESTS[name])

    assert where.partition(":")[0] in " ".join(error_lines(done.stderr))


def test_an_address_clash_is_reported_at_its_line_of_the_profile(folder: Path, call: Caller):
    done, _, here = spoilt(folder, call, REQUESTS["a profile with an address clash"])

    lines = (here.folder / "clash.toml").read_text().splitlines()
    either = [number for number, text in enumerate(lines, 1) if text.startswith(('"U.1"', '"U.2"'))]
    assert any(f"clash.toml:{line}:" in done.stderr for line in either), done.stderr


def test_a_refused_request_leaves_no_report_folder(folder: Path, call: Caller):
    _, _, here = spoilt(folder, call, REQUESTS["an unknown profile"])

    assert here.reports() == []


def test_an_error_takes_three_lines_where_output_goes_to_a_file(folder: Path, call: Caller):
    done, _, _ = spoilt(folder, call, DEVICES["another meter"])

    assert len(done.stderr.splitlines()) <= 3, done.stderr


# The reference's calibration.


def test_a_past_due_reference_stops_the_run_before_it_measures(folder: Path, call: Caller):
    with site(folder, call=call) as here:
        here.let_reference_expire()
        done = here.calibrate()

        assert done.returncode == 3
        assert findings(report_of(done), "CAL-REFERENCE-DUE")[0]["verdict"] == "inconclusive"
        assert section(report_of(done), "metering")["measured"] == []
        assert here.writes() == []


def test_an_accepted_past_due_reference_is_in_the_report_and_the_run_is_not_passed(folder: Path):
    with site(folder) as here:
        here.let_reference_expire()
        done = here.calibrate("--accept-past-due", "--adjust", "never")
        report = report_of(done)

    assert done.returncode in (1, 3)
    assert section(report, "metering")["measured"]
    (reference,) = [row for row in report["instruments"] if row["role"] == "analyzer"]
    assert reference["calibration"]["past_due"]
    assert reference["calibration"]["overridden"]
    assert findings(report, "CAL-REFERENCE-DUE")[0]["verdict"] == "inconclusive"


def test_an_accepted_past_due_reference_does_not_pass_a_good_meter(folder: Path):
    with site(folder) as here:
        here.let_reference_expire()
        done = here.calibrate("--accept-past-due", target="meter_03")

    assert done.returncode == 3


# Reports.


def resigned(folder: Path, content: bytes, here: Site) -> None:
    """Sign other bytes with the bench's key, as a newer version of the program would."""
    variables = here.bench.environment()
    key = load_pem_private_key(Path(variables["V2G_BENCH_KEY"]).read_bytes(), None)
    certificate = x509.load_pem_x509_certificate(Path(variables["V2G_BENCH_CERT"]).read_bytes())
    assert isinstance(key, EllipticCurvePrivateKey)
    (folder / "report.json").write_bytes(content)
    (folder / "report.json.p7s").write_bytes(sign(content, Signer(key, certificate), datetime.now(UTC)))
    (folder / "signer.pem").write_bytes(certificate.public_bytes(Encoding.PEM))


def test_a_report_of_a_newer_schema_is_not_judged(corrected: Corrected, folder: Path, call: Caller):
    copy = corrected.copy(folder)
    with site(folder / "site", call=call) as here:
        newer = (copy / "report.json").read_bytes().replace(b"v2g-report/1", b"v2g-report/2")
        resigned(copy, newer, here)
        verified = here.run("report", "verify", str(copy))
        shown = here.run("report", "show", str(copy))

    for done in (verified, shown):
        assert "newer version" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert len(error_lines(done.stderr)) <= 3
    assert verified.returncode == 3, verified.stderr
    assert shown.returncode in (2, 3)


def test_a_report_whose_schema_was_altered_is_not_authentic(corrected: Corrected, folder: Path, call: Caller):
    copy = corrected.copy(folder)
    report = copy / "report.json"
    report.write_bytes(report.read_bytes().replace(b"v2g-report/1", b"v2g-report/2"))
    with site(folder / "site", call=call) as here:
        assert here.run("report", "verify", str(copy)).returncode == 5


@pytest.mark.parametrize("words", [("report", "verify", "nowhere"), ("report", "show", "nowhere")])
def test_a_report_that_is_not_there_is_a_wrong_request(folder: Path, call: Caller, words: tuple[str, ...]):
    with site(folder, call=call) as here:
        done = here.run(*words)

    assert done.returncode == 2, done.stdout
    assert "nowhere" in done.stderr


# Keys.


def with_secret(here: Site, secret: str, *words: str) -> Done:
    """Run a command that reads the passphrase from a descriptor."""
    reading, writing = os.pipe()
    os.write(writing, secret.encode() + b"\n")
    os.close(writing)
    try:
        return here.run(*words, "--passphrase-fd", str(reading), pass_fds=(reading,))
    finally:
        os.close(reading)


def make_key(here: Site) -> str:
    """Make the key of a real site; give its fingerprint."""
    here.edit("bench = true", "bench = false")
    done = with_secret(here, SECRET, "keys", "init", "--name", "Ada Tester")
    assert done.returncode == 0, done.stderr
    return next(word for word in done.stdout.split() if re.fullmatch("[0-9a-f]{64}", word))


def key_file(here: Site) -> Path:
    (key,) = (here.folder / "config").rglob("*.key.pem")
    return key


def test_a_real_site_without_a_key_is_refused_before_anything_is_measured(folder: Path, call: Caller):
    with site(folder, call=call) as here:
        here.edit("bench = true", "bench = false")
        done = here.run("calibrate", "--target", "meter_01", "--yes", "--quiet")

        assert done.returncode == 3
        assert "keys init" in done.stderr
        assert len(error_lines(done.stderr)) <= 3
        assert here.writes() == []
        assert not (here.folder / "reports").exists()


def test_an_unsigned_run_says_so_everywhere_and_is_not_passed(folder: Path):
    with site(folder) as here:
        here.edit("bench = true", "bench = false")
        done = here.run("calibrate", "--target", "meter_03", "--yes", "--unsigned")
        shown = here.run("report", "show", str(here.report()))
        verified = here.run("report", "verify", str(here.report()))
        report = json.loads((here.report() / "report.json").read_bytes())
        files = {file.name for file in here.report().iterdir()}

    assert done.returncode == 3
    assert "UNSIGNED" in done.stdout
    assert "UNSIGNED" in shown.stdout
    assert (report["signature"], report["verdict"]) == ("unsigned", "inconclusive")
    (said,) = findings(report, "HOST-UNSIGNED")
    assert (said["verdict"], said["subject"]) == ("inconclusive", "meter_03")
    assert "not signed" in said["statement"]
    assert "without --unsigned" in said["remedy"]
    assert not files & {"report.json.p7s", "signer.pem"}
    assert verified.returncode in (3, 5)


def test_a_signed_run_on_a_real_site_is_trusted_by_fingerprint_and_keeps_the_passphrase(folder: Path):
    with site(folder) as here:
        fingerprint = make_key(here)
        done = with_secret(here, SECRET, "calibrate", "--target", "meter_03", "--yes")
        unanchored = here.run("report", "verify", str(here.report()))
        anchored = here.run("report", "verify", str(here.report()), "--trust", fingerprint)
        stranger = here.run("report", "verify", str(here.report()), "--trust", "0" * 64)
        files = [file for file in here.folder.rglob("*") if file.is_file()]
        leaked = [file for file in files if SECRET.encode() in file.read_bytes()]

        assert done.returncode == 0, done.stderr
        assert unanchored.returncode == 3
        assert fingerprint in unanchored.stdout + unanchored.stderr
        assert anchored.returncode == 0
        assert stranger.returncode in (3, 5)
        assert leaked == []
        assert SECRET not in done.stdout + done.stderr
        assert "TEST" not in done.stdout
        assert key_file(here).stat().st_mode & 0o077 == 0
        assert b"ENCRYPTED" in key_file(here).read_bytes()


def unreadable(key: Path) -> None:
    key.write_bytes(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nnonsense\n-----END ENCRYPTED PRIVATE KEY-----\n")


def world_readable(key: Path) -> None:
    key.chmod(0o644)


@pytest.mark.parametrize(
    ("spoil", "secret", "word"),
    [(unreadable, SECRET, "key"), (nothing, "wrong-passphrase", "passphrase"), (world_readable, SECRET, "600")],
    ids=["unreadable", "wrong-passphrase", "world-readable"],
)
def test_a_key_that_cannot_be_used_is_refused_before_anything_is_measured(folder: Path, spoil, secret: str, word: str):
    with site(folder) as here:
        make_key(here)
        spoil(key_file(here))
        done = with_secret(here, secret, "calibrate", "--target", "meter_01", "--yes", "--quiet")

        assert done.returncode == 2, done.stderr
        assert key_file(here).name in done.stderr
        assert word in done.stderr
        assert len(error_lines(done.stderr)) <= 3
        assert secret not in done.stderr
        assert here.writes() == []


def test_a_passphrase_cannot_be_given_as_an_argument(folder: Path):
    with site(folder) as here:
        helped = here.run("keys", "init", "--help").stdout

        assert "--passphrase " not in helped
        assert here.run("keys", "init", "--name", "A", "--passphrase", SECRET).returncode == 2


def test_a_key_that_exists_is_never_overwritten(folder: Path):
    with site(folder) as here:
        make_key(here)
        before = key_file(here).read_bytes()
        done = with_secret(here, SECRET, "keys", "init", "--name", "Eve")

        assert done.returncode == 2
        assert key_file(here).read_bytes() == before
