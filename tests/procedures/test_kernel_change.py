"""Changing settings of a real kernel, in a network namespace of the test's own: what fails brings everything back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounds import HANG_S

TTL, RETRIES = "net.ipv4.ip_default_ttl", "net.ipv4.tcp_retries2"
WORK = """
import json, sys
from pathlib import Path
from tests.sessions import session_in
from v2g_tool.errors import V2GError
from v2g_tool.hal.linux.host import LinuxHost
from v2g_tool.host.work.kernel_change import Kernel

folder, root = Path(sys.argv[1]), Path("/")
opened = session_in(folder, procedure="sysctl", assent=True)
session = opened.__enter__()

def apply(values):
    kernel = Kernel(LinuxHost(root), session)
    try:
        kernel.apply(values, 0.0)
        said = ""
    except V2GError as exc:
        said = type(exc).__name__
    kept = kernel.kept()
    print(json.dumps({"said": said, "writes": kernel.writes, "restored": kernel.restored,
                      "found": dict(kept.found) if kept else {},
                      "open": bool(kept and kept.open),
                      "live": {name: LinuxHost(root).live_value(name).value for name in (TTL, RETRIES)}}))

TTL, RETRIES = "net.ipv4.ip_default_ttl", "net.ipv4.tcp_retries2"
LinuxHost(root).write_live(RETRIES, "15"); LinuxHost(root).write_live(TTL, "64")
for step in json.loads(sys.argv[2]):
    if step.pop("by hand", None):
        for name, value in step.items(): LinuxHost(root).write_live(name, value)
    else:
        apply(step)
"""


def on_kernel(folder: Path, *steps: dict[str, object]) -> list[dict[str, object]]:
    """Do the steps one after the other on the kernel of an own network; give what each came to."""
    folder.chmod(0o755)
    way = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]
    words = [*way, sys.executable, "-c", WORK, str(folder), json.dumps(steps)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=HANG_S, check=False, cwd=Path.cwd())
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(f"no network namespace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_value_that_the_kernel_refuses_brings_back_what_was_written_before_it(tmp_path: Path):
    (failed,) = on_kernel(tmp_path, {RETRIES: "8", TTL: "999"})

    assert failed["said"] == "Refused"
    assert failed["live"] == {TTL: "64", RETRIES: "15"}
    assert (failed["found"], failed["open"]) == ({}, False)


def test_a_later_change_that_fails_brings_back_what_was_there_before_it_not_what_was_found_first(tmp_path: Path):
    first, failed = on_kernel(tmp_path, {RETRIES: "8"}, {"by hand": True, RETRIES: "11"}, {RETRIES: "9", TTL: "999"})

    assert first["live"] == {TTL: "64", RETRIES: "8"}
    assert failed["said"] == "Refused"
    assert failed["live"] == {TTL: "64", RETRIES: "11"}
    assert failed["found"] == {RETRIES: "15"}, "undo still knows what was found first"


def test_what_was_found_first_is_kept_over_several_changes(tmp_path: Path):
    _, second = on_kernel(tmp_path, {RETRIES: "8"}, {RETRIES: "9", TTL: "70"})

    assert second["live"] == {TTL: "70", RETRIES: "9"}
    assert second["found"] == {TTL: "64", RETRIES: "15"}
    assert second["writes"] == [RETRIES, TTL]
