"""Runs a scenario in a network namespace of its own, as an ordinary user may: veth pair `plc0` - `modem0` and more.

A scenario is a function of `scenarios.py`; it runs in a child process and gives something that JSON can carry.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.bounds import HANG_S

ROOT = Path(__file__).parents[3]
INTERFACES = """
link add plc0 address 02:00:00:00:00:10 type veth peer name modem0 address 00:b0:52:aa:bb:01
link set plc0 up
link set modem0 up
link add dark0 type veth peer name dark1
link set dark0 up
link add br0 type bridge
link set br0 up
link add port0 type veth peer name port1
link set port0 master br0 up
link set port1 up
"""
PREPARED = 'printf "%s" "$0" | ip -batch - && exec "$@"'


@cache
def refusal() -> str:
    """Give why namespaces cannot be used here, empty if they can."""
    for program in ("unshare", "ip", "setpriv"):
        if shutil.which(program) is None:
            return f"the program {program} is not installed"
    tried = subprocess.run(
        ["unshare", "-Urn", "ip", "link", "add", "near", "type", "veth"], capture_output=True, text=True, check=False
    )
    return f"no network namespaces here: {tried.stderr.strip()}" if tried.returncode else ""


def run(*scenarios: str) -> dict[str, Any]:
    """Give what each scenario gave; they run one after the other in one namespace."""
    if reason := refusal():
        pytest.skip(reason)
    command = [sys.executable, "-m", "tests.hal.homeplug_wire.scenarios", *scenarios]
    done = subprocess.run(
        ["unshare", "-Urn", "sh", "-c", PREPARED, INTERFACES, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
