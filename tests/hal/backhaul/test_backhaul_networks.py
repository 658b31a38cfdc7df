"""Networks that lose, cut and block, each in a namespace of its own with firewall rules; see `scenarios.py`."""

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
from v2g_tool.hal.backhaul.icmp import GRANT

ROOT = Path(__file__).parents[3]


@cache
def refusal(program: str) -> str:
    """Give why namespaces cannot be used here, empty if they can."""
    if missing := [name for name in ("unshare", "ip", program) if shutil.which(name) is None]:
        return f"the program {missing[0]} is not installed"
    tried = subprocess.run(
        ["unshare", "-Urn", "ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False
    )
    return f"no network namespaces here: {tried.stderr.strip()}" if tried.returncode else ""


def run(scenario: str, options: str = "-Urn") -> dict[str, Any]:
    """Give what the scenario gave; -Urn: all rights over a network of its own, -Un: none."""
    if reason := refusal("nft"):
        pytest.skip(reason)
    done = subprocess.run(
        ["unshare", options, sys.executable, "-m", "tests.hal.backhaul.scenarios", scenario],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_given_udp_dropped_and_tcp_not_then_udp_is_blocked_and_the_server_is_free_again() -> None:
    found = run("udp_dropped")

    assert found["kinds"] == {"program": "udp-blocked", "package": "udp-blocked"}
    assert found["again"] == "Piece"


def test_given_a_loss_then_both_counts_are_what_the_firewall_dropped() -> None:
    found = run("loss")

    assert found["dropped"] > 0
    assert found["lost"] == found["server_lost"] == found["intervals_lost"] == found["dropped"]


def test_given_a_narrow_route_then_datagrams_are_cut_and_counted_and_not_refused() -> None:
    found = run("narrow")

    assert (found["route"], found["proven"]) == (1200, 1200)
    assert found["piece"] == "Piece"
    assert found["fragments"] >= 2 * found["sent"]


def test_given_a_hole_for_large_packets_then_the_largest_that_was_answered_is_proven() -> None:
    found = run("hole")

    assert (found["route"], found["proven"]) == (65535, 1000)
    assert "up to 1000 bytes" in found["statement"]


def test_given_no_answer_to_echoes_then_only_the_route_is_known() -> None:
    found = run("no_echo")

    assert (found["route"], found["proven"]) == (65535, None)


def test_given_no_route_then_all_parts_say_so() -> None:
    found = run("no_route")

    assert found == {"responder": "unreachable", "piece": "unreachable", "echoes": "Unreachable", "route": None}


@pytest.mark.parametrize("scenario", ["icmp_raw", "icmp_ping_socket"])
def test_given_either_kind_of_icmp_socket_then_both_families_are_answered(scenario: str) -> None:
    found = run(scenario)

    assert found["kind"] == ("SOCK_RAW" if scenario == "icmp_raw" else "SOCK_DGRAM")
    assert found["copies"] == {"127.0.0.1": [1], "::1": [1]}
    assert found["proven"] == 1300


def test_given_no_right_to_send_echoes_then_the_command_that_grants_it_is_named() -> None:
    found = run("icmp_refused", "-Un")

    assert found["todo"] == f"Run: {GRANT}"
    assert "may not send ICMP" in found["statement"]
