"""What `sysctl` writes it can take back: earlier runs, other trees, other writers, modes of files."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.sections import section
from tests.system.commands import HERE, Caller, Site, findings, report_of, site, verdicts
from tests.system.test_sysctl import APPLY, TIMEOUT, folders, journal, live, snapshot, sysctl, tree
from v2g_tool.bench.host.tree import make_tree


@pytest.fixture
def here(folder: Path, call: Caller) -> Iterator[Site]:
    with site(folder, call=call) as running:
        yield running


def test_a_cut_off_run_is_put_back_to_where_it_began_not_to_where_everything_began(here: Site):
    sysctl(here, *APPLY)
    (tree(here) / "proc/sys/vm/swappiness").write_text("77\n")
    (tree(here) / "proc/sys/kernel/panic").write_text("0\n")
    began = snapshot(tree(here))
    program = (sys.executable, str(HERE / "kill_at.py"), "6", "after", "--")
    here.run("sysctl", "--apply", "--yes", "--quiet", program=program)
    assert snapshot(tree(here)) != began

    report = report_of(sysctl(here, "--apply", "--quiet", "--json"))

    assert snapshot(tree(here)) == began, "nobody agreed to more"
    assert verdicts(report)["SYS-RECOVERY"] == "pass"
    assert section(report, "host")["write_requests"] == 1, "what was put back is counted"
    assert live(here) == "200"


def test_two_trees_never_share_what_was_found(here: Site):
    first = make_tree(here.folder / "t/a_b", {"vm.swappiness": "60"})
    second = make_tree(here.folder / "t/a/b", {"vm.swappiness": "30"})
    before = [snapshot(root) for root in (first, second)]
    for root in (first, second):
        assert sysctl(here, "--root", str(root), *APPLY).returncode == 0

    for root in (second, first):
        done = sysctl(here, "--root", str(root), "--undo", "--yes", "--quiet", "--json")
        assert verdicts(report_of(done))["SYS-UNDO"] == "pass"

    assert [snapshot(root) for root in (first, second)] == before


def test_a_stop_before_the_second_reading_brings_everything_back(here: Site):
    before = snapshot(tree(here))
    child = here.start("sysctl", *APPLY)
    end = time.monotonic() + HANG_S
    while b"sysctl.drop-in" not in journal(here):
        assert time.monotonic() < end
        time.sleep(0.01)

    child.send_signal(signal.SIGTERM)
    stdout, _ = child.communicate(timeout=HANG_S)

    assert child.returncode == 4
    assert snapshot(tree(here)) == before
    report = json.loads(stdout)
    assert section(report, "host")["write_requests"] >= 26, "written, and brought back"
    assert "brought back" in findings(report, "SYS-APPLY")[0]["statement"]


def test_the_mode_of_a_file_comes_back_too(here: Site):
    drop_in = tree(here) / "etc/sysctl.d/99-zz-v2g.conf"
    drop_in.write_text("vm.swappiness = 5\n")
    drop_in.chmod(0o600)
    before = snapshot(tree(here))

    sysctl(here, *APPLY)
    sysctl(here, "--undo", "--yes", "--quiet")

    assert snapshot(tree(here)) == before


def test_lines_of_other_matters_do_not_get_into_the_evidence(here: Site):
    (tree(here) / "etc/sysctl.d/10-secret.conf").write_text("net.ipv6.conf.all.stable_secret = 2001:db8::5ec7e7\n")

    sysctl(here, "--quiet")

    assert b"5ec7e7" not in (folders(here)[-1] / "evidence.jsonl").read_bytes()


def test_a_mounted_image_has_no_kernel_and_its_files_are_judged(here: Site):
    image = here.folder / "image"
    (image / "etc/sysctl.d").mkdir(parents=True)
    (image / "etc/sysctl.d/50-ems.conf").write_text(f"{TIMEOUT} = 300\n")

    report = report_of(sysctl(here, "--root", str(image), "--quiet", "--json"))

    assert verdicts(report)["SYS-LIVE"] == "skipped"
    assert "SYS-KEY-ABSENT" not in verdicts(report)
    assert "/etc/sysctl.d/50-ems.conf:1" in " ".join(f["statement"] for f in findings(report, "SYS-BOOT"))


def test_consent_to_a_file_shows_what_it_will_hold(here: Site):
    report = report_of(sysctl(here, "--persist", "--dry-run", "--quiet", "--json"))

    assert f"99-zz-v2g.conf with {TIMEOUT} = 200" in section(report, "host")["statement"]


UNDO = ("--undo", "--yes", "--quiet", "--json")


def test_an_undo_is_judged_by_what_it_leaves_behind_like_any_other_run(here: Site):
    untouched = report_of(sysctl(here, "--quiet", "--json"))
    sysctl(here, *APPLY)

    done = sysctl(here, *UNDO)

    left = report_of(done)
    assert (done.returncode, left["verdict"]) == (1, "fail")
    assert verdicts(left)["SYS-UNDO"] == "pass"
    assert [f for f in left["findings"] if f["check"] != "SYS-UNDO"] == untouched["findings"]


def test_an_undo_that_leaves_the_host_within_its_profile_passes(here: Site):
    sysctl(here, *APPLY)
    folder = tree(here) / "etc/sysctl.d"
    (folder / "99-zz-v2g.conf").rename(folder / "98-own.conf")
    account = {"V2G_STATE_DIR": str(here.folder / "other")}
    assert section(report_of(sysctl(here, *APPLY, env=account)), "host")["write_requests"] == 1

    done = sysctl(here, *UNDO, env=account)

    assert (done.returncode, report_of(done)["verdict"]) == (0, "pass")
    assert verdicts(report_of(done))["SYS-UNDO"] == "pass"
    assert not (folder / "99-zz-v2g.conf").exists()


@pytest.mark.parametrize("words", [UNDO, (*UNDO, "--dry-run")])
def test_an_undo_that_finds_nothing_of_this_account_is_no_pass(here: Site, words: tuple[str, ...]):
    done = sysctl(here, *words)

    report = report_of(done)
    assert (done.returncode, report["verdict"]) == (1, "fail")
    assert verdicts(report)["SYS-UNDO"] == "skipped"
    assert section(report, "host")["statement"] == "There was nothing of this account to undo."


def test_an_undo_does_not_see_what_another_account_has_applied_and_says_so(here: Site):
    sysctl(here, *APPLY)
    before = snapshot(tree(here))

    done = sysctl(here, *UNDO, env={"V2G_STATE_DIR": str(here.folder / "other")})

    report = report_of(done)
    assert snapshot(tree(here)) == before
    assert (done.returncode, verdicts(report)["SYS-UNDO"]) == (0, "skipped"), "the host is within its profile"
    assert "of this account" in section(report, "host")["statement"]


def test_an_undo_that_is_only_tried_says_what_it_would_bring_back_and_judges_the_host(here: Site):
    sysctl(here, *APPLY)
    before = snapshot(tree(here))

    done = sysctl(here, *UNDO, "--dry-run")

    report = report_of(done)
    assert snapshot(tree(here)) == before
    assert (done.returncode, verdicts(report)["SYS-UNDO"]) == (0, "skipped"), "the host is within its profile"
    assert "99-zz-v2g.conf" in section(report, "host")["statement"]
    assert TIMEOUT in section(report, "host")["statement"]


def test_an_undo_that_nobody_agreed_to_judges_the_host_too(here: Site):
    sysctl(here, *APPLY)

    done = sysctl(here, "--undo", "--quiet", "--json")

    report = report_of(done)
    assert (done.returncode, verdicts(report)["SYS-UNDO"]) == (3, "inconclusive")
    assert verdicts(report)["SYS-LIVE"] == "pass"


def test_an_undo_of_an_image_is_judged_by_its_files(here: Site):
    image = here.folder / "image"
    (image / "etc/sysctl.d").mkdir(parents=True)
    (image / "etc/sysctl.d/50-ems.conf").write_text(f"{TIMEOUT} = 300\n")
    sysctl(here, "--root", str(image), "--persist", "--yes", "--quiet")

    for _ in ("what was written", "nothing any more"):
        done = sysctl(here, "--root", str(image), *UNDO)

        assert done.returncode == 1
        assert verdicts(report_of(done))["SYS-BOOT"] == "fail"
        assert verdicts(report_of(done))["SYS-LIVE"] == "skipped"
