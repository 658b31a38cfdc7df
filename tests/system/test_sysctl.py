"""`sysctl` as whole commands on the bench's EMS computer, whose files unmodified programs agree about."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bounds import HANG_S
from tests.sections import section
from tests.system.commands import TOOL, Caller, Site, chain_is_whole, error_lines, findings, report_of, site, verdicts
from v2g_tool.bench.host.tree import Forbidden, run_on_tree

HERE = Path(__file__).parent
TIMEOUT = "net.v2g.islanding_timeout"
APPLY = ("--apply", "--persist", "--yes", "--quiet", "--json")


@pytest.fixture
def here(folder: Path, call: Caller) -> Iterator[Site]:
    with site(folder, call=call) as running:
        yield running


def tree(here: Site) -> Path:
    return Path(here.bench.environment()["V2G_BENCH_EMS"])


def live(here: Site, key: str = TIMEOUT) -> str:
    return (tree(here) / "proc/sys" / key.replace(".", "/")).read_text().strip()


def snapshot(root: Path) -> dict[str, tuple[str, int]]:
    """Give content and mode of every file, target of every link."""
    found: dict[str, tuple[str, int]] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = (str(path.readlink()), 0)
        elif path.is_file():
            found[name] = (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode)
    return found


def sysctl(here: Site, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return here.run("sysctl", *words, **options)


def folders(here: Site) -> list[Path]:
    return sorted((here.folder / "reports").glob("bench-sysctl-*"), key=lambda p: p.stat().st_mtime_ns)


def journal(here: Site) -> bytes:
    """Give the evidence of the newest run so far; a run makes its folder first, and its journal a moment later."""
    paths = [path / "evidence.jsonl" for path in folders(here)[-1:]]
    return b"".join(path.read_bytes() for path in paths if path.exists())


def test_a_check_writes_nothing_and_fails_what_differs(here: Site):
    before = snapshot(tree(here))

    done = sysctl(here, "--quiet", "--json")

    report = report_of(done)
    assert (done.returncode, report["verdict"]) == (1, "fail")
    assert snapshot(tree(here)) == before
    (row,) = [key for key in section(report, "host")["keys"] if key["key"] == TIMEOUT]
    assert (row["as_found"], row["wanted"], row["written"]) == ("500", "200 ms", False)
    assert report["signature"] == "test"


def test_apply_and_persist_hold_after_a_restart_that_the_real_programs_make(here: Site):
    done = sysctl(here, *APPLY)
    assert (done.returncode, report_of(done)["verdict"]) == (0, "pass"), done.stderr

    (tree(here) / "proc/sys/net/v2g/islanding_timeout").write_text("500\n")  # what the kernel begins with
    try:
        booted = run_on_tree(tree(here), ["/lib/systemd/systemd-sysctl"])
    except Forbidden as exc:
        pytest.skip(f"no mount namespace here: {exc}")

    assert booted.returncode == 0, booted.stderr
    assert live(here) == "200"
    assert report_of(sysctl(here, "--quiet", "--json"))["verdict"] == "pass"
    assert run_on_tree(tree(here), ["sysctl", "-n", TIMEOUT]).stdout.strip() == "200"


def test_a_key_that_nobody_verified_is_written_on_a_real_site_only_when_that_is_asked_for(here: Site):
    here.edit("bench = true", "bench = false")

    first = report_of(sysctl(here, "--apply", "--yes", "--unsigned", "--quiet", "--json"))
    held = live(here)
    second = report_of(sysctl(here, "--apply", "--yes", "--unsigned", "--quiet", "--json", "--allow-derived"))

    (refused,), (written,) = findings(first, "SYS-PROFILE"), findings(second, "SYS-PROFILE")
    assert (held, live(here)) == ("500", "200")
    assert refused["verdict"] == "inconclusive"
    assert refused["statement"] == f"Not written, because their profile is not verified: {TIMEOUT}."
    assert "--allow-derived" in refused["remedy"]
    assert written["verdict"] == "info"
    assert TIMEOUT in written["statement"]


def test_undo_leaves_the_tree_byte_for_byte_as_it_was_found(here: Site):
    before = snapshot(tree(here))
    sysctl(here, *APPLY)
    assert snapshot(tree(here)) != before

    done = sysctl(here, "--undo", "--yes", "--quiet", "--json")

    assert verdicts(report_of(done))["SYS-UNDO"] == "pass", done.stderr
    assert snapshot(tree(here)) == before


def test_undo_brings_back_the_file_that_was_there_before(here: Site):
    drop_in = tree(here) / "etc/sysctl.d/99-zz-v2g.conf"
    drop_in.write_bytes(b"# by hand, with a tab\t\nvm.swappiness=33")
    drop_in.chmod(0o644)
    before = snapshot(tree(here))

    sysctl(here, *APPLY)
    sysctl(here, *APPLY)
    sysctl(here, "--undo", "--yes", "--quiet")

    assert snapshot(tree(here)) == before


def test_a_second_apply_writes_nothing(here: Site):
    first = report_of(sysctl(here, *APPLY))
    before = snapshot(tree(here))
    times = {path: path.stat().st_mtime_ns for path in tree(here).rglob("*") if path.is_file()}

    second = report_of(sysctl(here, *APPLY))

    assert section(first, "host")["write_requests"] > 0
    assert section(second, "host")["write_requests"] == 0
    assert snapshot(tree(here)) == before
    assert {path: path.stat().st_mtime_ns for path in times} == times
    kinds = [json.loads(line)["kind"] for line in (folders(here)[-1] / "evidence.jsonl").read_bytes().splitlines()]
    assert "sysctl.write" not in kinds


def test_a_dry_run_says_what_it_would_write(here: Site):
    before = snapshot(tree(here))

    done = sysctl(here, "--apply", "--persist", "--dry-run", "--quiet", "--json")

    assert done.returncode == 1
    assert f"{TIMEOUT} 500 → 200" in section(report_of(done), "host")["statement"]
    assert snapshot(tree(here)) == before


def test_without_a_terminal_and_without_yes_nothing_is_written(here: Site):
    before = snapshot(tree(here))

    report = report_of(sysctl(here, "--apply", "--quiet", "--json"))

    assert verdicts(report)["SYS-APPLY"] == "inconclusive"
    assert snapshot(tree(here)) == before


def test_at_a_terminal_it_asks_and_takes_no_for_an_answer(here: Site):
    status, shown = here.typed(["n"], "sysctl", "--apply")

    assert status == 1
    assert "500 → 200" in shown.replace("\r\n", " ")
    assert live(here) == "500"


def test_a_key_that_this_kernel_does_not_provide_is_named_and_nothing_is_called_protected(here: Site):
    (tree(here) / "proc/sys/net/v2g/islanding_timeout").unlink()
    (tree(here) / "etc/sysctl.conf").write_text(f"{TIMEOUT}=200\n")

    done = sysctl(here, *APPLY)

    report = report_of(done)
    (absent,) = findings(report, "SYS-KEY-ABSENT")
    assert (done.returncode, absent["verdict"]) == (1, "fail")
    assert "'v2g'" in absent["statement"]
    assert "704" in absent["remedy"]
    assert verdicts(report)["SYS-ISLANDING"] == "skipped"
    assert not (tree(here) / "proc/sys/net/v2g/islanding_timeout").exists()


def test_the_manuals_way_to_persist_is_judged_with_file_and_line(here: Site):
    (tree(here) / "etc/sysctl.conf").write_text(f"# step 5\n{TIMEOUT} = 200\n")
    (tree(here) / "etc/sysctl.d/99-v2g.conf").write_text(f"{TIMEOUT} = 300\n")

    report = report_of(sysctl(here, "--quiet", "--json"))

    (row,) = [key for key in section(report, "host")["keys"] if key["key"] == TIMEOUT]
    assert (row["at_boot"], row["at_boot_source"]) == ("300", "/etc/sysctl.d/99-v2g.conf:1")
    assert (row["at_reload"], row["at_reload_source"]) == ("200", "/etc/sysctl.conf:2")
    assert verdicts(report)["SYS-RELOAD"] == "fail"
    assert verdicts(report)["SYS-SHADOWED"] == "fail"


def test_a_trip_that_breaks_ride_through_is_named(here: Site):
    here.edit('islanding_action = "cease"', 'islanding_action = "trip"')

    report = report_of(sysctl(here, *APPLY))

    (conflict,) = findings(report, "GC-RIDE-THROUGH")
    assert "200 ms violates the low-voltage ride-through of ieee-1547-2018, category III" in conflict["statement"]
    assert conflict["verdict"] == "inconclusive"


def test_another_writer_is_found_after_a_second(here: Site):
    path = tree(here) / "proc/sys/net/v2g/islanding_timeout"
    child = here.start("sysctl", *APPLY)
    end = time.monotonic() + HANG_S
    while path.read_text().strip() != "200":
        assert time.monotonic() < end
        time.sleep(0.01)
    while b"sysctl.drop-in" not in journal(here):
        assert time.monotonic() < end
        time.sleep(0.01)

    path.write_text("999\n")
    stdout, _ = child.communicate(timeout=HANG_S)

    assert child.returncode == 1
    (writer,) = findings(json.loads(stdout), "SYS-WRITER")
    assert (writer["subject"], writer["verdict"]) == (TIMEOUT, "fail")
    assert "999" in writer["statement"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_while_writing_brings_everything_back(here: Site, number: signal.Signals):
    before = snapshot(tree(here))
    child = here.start("sysctl", *APPLY)
    end = time.monotonic() + HANG_S
    while b"sysctl.write" not in journal(here):
        assert time.monotonic() < end
        time.sleep(0.002)

    child.send_signal(number)
    _, stderr = child.communicate(timeout=HANG_S)

    assert child.returncode in (4, 0), stderr
    assert "Traceback" not in stderr
    assert chain_is_whole(folders(here)[-1] / "evidence.jsonl")
    if child.returncode == 4:
        assert snapshot(tree(here)) == before


@pytest.mark.parametrize("position", [2, 6, 9, 20, 30])  # all of them: scripts/soak sysctl
def test_after_a_kill_the_next_run_puts_things_right_first(here: Site, position: int):
    before = snapshot(tree(here))
    program = (sys.executable, str(HERE / "kill_at.py"), str(position), "after", "--")
    here.run("sysctl", *APPLY, program=program)

    done = sysctl(here, *APPLY)
    assert done.returncode == 0, done.stderr
    assert live(here) == "200"

    undone = sysctl(here, "--undo", "--yes", "--quiet", "--json")
    assert verdicts(report_of(undone))["SYS-UNDO"] == "pass"
    assert snapshot(tree(here)) == before


def test_after_a_kill_a_mere_check_says_so_and_writes_nothing(here: Site):
    program = (sys.executable, str(HERE / "kill_at.py"), "9", "after", "--")
    here.run("sysctl", *APPLY, program=program)
    before = snapshot(tree(here))

    report = report_of(sysctl(here, "--quiet", "--json"))

    assert verdicts(report)["SYS-RECOVERY"] == "inconclusive"
    assert snapshot(tree(here)) == before


def test_what_somebody_changed_since_is_left_alone_by_undo(here: Site):
    sysctl(here, *APPLY)
    (tree(here) / "proc/sys/net/v2g/islanding_timeout").write_text("123\n")

    done = sysctl(here, "--undo", "--yes", "--quiet", "--json")

    assert done.returncode == 1, "what is left is outside the profile"
    assert live(here) == "123"
    (undone,) = findings(report_of(done), "SYS-UNDO")
    assert (undone["verdict"], "123" in undone["statement"]) == ("inconclusive", True)
    assert live(here, "vm.swappiness") == "60"


def as_anybody() -> tuple[str, ...]:
    """Give the program as it runs for a user who is bound by the modes of files; root is not, unless told so."""
    caps = "-dac_override,-dac_read_search"
    return (*(("setpriv", f"--bounding-set={caps}", f"--inh-caps={caps}") if os.geteuid() == 0 else ()), *TOOL)


@pytest.mark.parametrize("words", [("--apply",), ("--persist",), ("--undo",)])
def test_without_the_right_nothing_is_judged_and_the_command_is_named(here: Site, words: tuple[str]):
    for path in [*(tree(here) / "proc/sys").rglob("*"), tree(here) / "etc/sysctl.d"]:
        path.chmod(path.stat().st_mode & ~0o222)
    before = snapshot(tree(here))

    done = sysctl(here, *words, "--yes", "--json", program=as_anybody())

    report = report_of(done)
    assert (done.returncode, report["verdict"]) == (3, "inconclusive"), done.stderr
    assert done.stderr == "", "with --json it stands in the report"
    assert any(f"sudo v2g-tool sysctl {words[0]}" in f["remedy"] for f in report["findings"])
    assert {f["check"] for f in report["findings"]} <= {"SYS-APPLY", "SYS-UNDO", "HOST-CLOCK"}
    assert snapshot(tree(here)) == before


def test_what_may_not_be_read_is_never_called_absent_or_wrong(here: Site):
    sysctl(here, *APPLY)
    (tree(here) / "proc/sys/net/v2g/islanding_timeout").chmod(0)
    (tree(here) / "etc/sysctl.d/99-zz-v2g.conf").chmod(0)

    done = sysctl(here, "--quiet", "--json", program=as_anybody())

    report = report_of(done)
    assert done.returncode == 3, done.stderr
    assert {f["subject"] for f in findings(report, "SYS-ACCESS")} == {TIMEOUT, "/etc/sysctl.d/99-zz-v2g.conf"}
    assert verdicts(report)["SYS-BOOT"] == "inconclusive"
    assert "SYS-KEY-ABSENT" not in verdicts(report)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--undo", "--apply"), "--undo goes with neither"),
        (("--root", "/nonexistent"), "no file tree"),
        (("--profile", "ems-low-latensy"), "ems-low-latency"),
    ],
)
def test_a_wrong_request_is_told_in_three_lines(here: Site, words: tuple[str, ...], said: str):
    done = sysctl(here, *words)

    assert done.returncode == 2
    assert said in done.stderr
    assert len(error_lines(done.stderr)) <= 3


@pytest.mark.parametrize("words", [("--sysctl",), ("–sysctl",)])
def test_each_spelling_runs_the_same_check(here: Site, words: tuple[str, ...]):
    done = here.run(*words, "--quiet", "--json")

    assert report_of(done)["procedure"] == "sysctl"


def test_the_report_verifies_and_a_person_can_read_it_in_80_columns(here: Site):
    shown = sysctl(here, *APPLY[:3])
    assert shown.returncode == 0, shown.stderr
    assert max(len(line) for line in shown.stdout.splitlines() if "reports/" not in line) <= 80
    assert TIMEOUT in shown.stdout

    assert here.run("report", "verify", str(folders(here)[-1])).returncode == 0
