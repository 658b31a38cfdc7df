"""What happens in networks that lose, cut and block: functions for a namespace (`test_backhaul_networks.py`)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.hal.backhaul.servers import iperf3_server, site
from v2g_tool.errors import V2GError
from v2g_tool.hal.backhaul import icmp, program
from v2g_tool.hal.backhaul.backhaul import LiveBackhaul, open_backhaul
from v2g_tool.hal.backhaul.path import path_size
from v2g_tool.hal.contracts.backhaul import Backhaul
from v2g_tool.model.telemetry import Piece, Trouble

PORT = 5201


def loopback(mtu: int = 65536) -> None:
    subprocess.run(["ip", "link", "set", "lo", "mtu", str(mtu), "up"], check=True)


def firewall(rule: str) -> None:
    """Install one rule for what arrives; it counts."""
    rules = "flush ruleset\ntable inet bench {\n chain arriving {\n  type filter hook input priority 0;\n"
    subprocess.run(["nft", "-f", "-"], input=f"{rules}  {rule}\n }}\n}}\n", text=True, check=True)


def dropped() -> int:
    listed = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    return int(re.findall(r"counter packets (\d+)", listed)[0])


def here() -> LiveBackhaul:
    return LiveBackhaul(site(PORT), lambda _kind, _data: None, time.monotonic)


def sent(backhaul: Backhaul, seconds: float = 1) -> Piece | Trouble:
    """Give a piece; the server of an earlier one may still be busy for a moment."""
    while isinstance(result := backhaul.piece(seconds, lambda _elapsed_s: None), Trouble) and result.kind == "busy":
        time.sleep(0.05)
    return result


def kind(result: Piece | Trouble) -> str:
    return result.kind if isinstance(result, Trouble) else "Piece"


def udp_dropped() -> dict[str, Any]:
    loopback()
    firewall(f"udp dport {PORT} counter drop")
    with iperf3_server(PORT):
        kinds = {"program": kind(sent(here()))}
        own, program.PROGRAM = program.PROGRAM, "iperf3-is-not-installed"
        kinds["package"] = kind(sent(here()))
        program.PROGRAM = own
        firewall("counter")
        return {"kinds": kinds, "again": kind(sent(here()))}


def loss() -> dict[str, Any]:
    loopback()
    firewall(f"udp dport {PORT} udp length > 100 numgen inc mod 50 == 10 counter drop")
    with iperf3_server(PORT):
        piece = sent(here(), 2)
    assert isinstance(piece, Piece), piece
    return {
        "lost": piece.lost,
        "server_lost": piece.server_lost,
        "intervals_lost": sum(interval.lost for interval in piece.intervals),
        "dropped": dropped(),
    }


def narrow() -> dict[str, Any]:
    loopback(1200)
    backhaul = here()
    size, before = backhaul.path_size(), backhaul.counters()
    with iperf3_server(PORT):
        piece = sent(backhaul)
    after = backhaul.counters()
    assert isinstance(piece, Piece), piece
    assert before is not None
    assert after is not None
    fragments = after.fragments_created - before.fragments_created
    return {
        "route": size.route,
        "proven": size.proven,
        "piece": kind(piece),
        "fragments": fragments,
        "sent": piece.sent,
    }


def hole() -> dict[str, Any]:
    loopback()
    firewall("icmp type echo-request ip length > 1000 counter drop")
    return vars(here().path_size())


def no_echo() -> dict[str, Any]:
    loopback()
    firewall("icmp type echo-request counter drop")
    return vars(here().path_size())


def no_route() -> dict[str, Any]:
    loopback()
    with open_backhaul(site(PORT, host="192.0.2.1"), lambda _kind, _data: None) as backhaul:
        try:
            backhaul.echoes("icmp")
            echoes = ""
        except V2GError as exc:
            echoes = type(exc).__name__
        return {
            "responder": backhaul.responder().kind,
            "piece": kind(sent(backhaul)),
            "echoes": echoes,
            "route": backhaul.path_size().route,
        }


def icmp_raw() -> dict[str, Any]:
    loopback(1300)
    return _answered()


def icmp_ping_socket() -> dict[str, Any]:
    loopback(1300)
    Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 0")
    return _answered()


def _answered() -> dict[str, Any]:
    copies = {}
    for address in ("127.0.0.1", "::1"):
        with open_backhaul(site(PORT, host=address), lambda _kind, _data: None) as backhaul:
            echoes = backhaul.echoes("icmp")
            while len(echoes.so_far()) < 3:
                time.sleep(0.01)
            copies[address] = sorted({echo.copies for echo in echoes.close() if echo.round_trip_s is not None})
    opened, _ = icmp._opened(ipv6=False)
    with opened:
        return {"kind": opened.type.name, "copies": copies, "proven": here().path_size().proven}


def icmp_refused() -> dict[str, Any]:
    with open_backhaul(site(PORT), lambda _kind, _data: None) as backhaul:
        try:
            backhaul.echoes("icmp")
            todo = ""
        except V2GError as exc:
            todo = exc.todo
    return {"todo": todo, "statement": path_size("127.0.0.1", 1400, time.monotonic).statement}


if __name__ == "__main__":
    json.dump(globals()[sys.argv[1]](), sys.stdout)
