"""Run on a bench: does what its words say against the utility, and prints what happened and the truth as JSON."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bounds import HANG_S

TELEMETRY = tomllib.loads(Path(os.environ["V2G_SITE"]).read_text())["telemetry"]
HOST, PORT = TELEMETRY["host"], TELEMETRY["port"]
COOKIE = b"a cookie of thirty-seven bytes, so..."
IDENTITY = bytes.fromhex("0001 0000 0006 01 04 0000 0002")
PATIENCE_S = HANG_S


def truth() -> dict[str, Any]:
    return json.loads(Path(os.environ["V2G_BENCH_BACKHAUL"]).read_text())


def truth_when(fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Give the truth as soon as it fits, or as it is when patience ends."""
    until_s = time.monotonic() + PATIENCE_S
    while not fits(truth()) and time.monotonic() < until_s:
        time.sleep(0.02)
    return truth()


def load(length: str = "1400", rate: str = "20M") -> dict[str, Any]:
    """Send for one second."""
    line = ["iperf3", "-c", HOST, "-p", str(PORT), "-u", "-b", rate, "-l", length, "-t", "1"]
    line += ["-J", "--get-server-output", "--dont-fragment"]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_S, check=False)
    told = json.loads(done.stdout)
    if "error" in told:
        return {"error": told["error"], "truth": truth()}
    sent = told["end"]["sum_sent"]["packets"]
    lost, total = re.findall(r"(\d+)/(\d+) \([^)]*\)\s+receiver", told["server_output_text"])[-1]
    arrived = truth_when(lambda counts: reckoned(counts) >= sent + counts["relay"].get("duplicated", 0))
    late = re.findall(r"(\d+) datagrams received out-of-order", told["server_output_text"])
    # What was sent behind the last datagram that the receiver looked at is in no count of its.
    shown = {"sent": sent, "lost": int(lost), "unseen": sent - int(total), "late": int(late[-1]) if late else 0}
    return {**shown, "truth": arrived}


def reckoned(counts: dict[str, Any]) -> int:
    return int(counts["dropped"] + counts["passed"] + counts["relay"].get("rate_dropped", 0))


def killed_load(seconds: str, fits: str) -> dict[str, Any]:
    """Send until the truth fits, then end the sender."""
    line = ["iperf3", "-c", HOST, "-p", str(PORT), "-u", "-b", "10M", "-l", "1400", "-t", seconds]
    until_s = time.monotonic() + HANG_S
    while True:
        with subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as child:
            seen = truth_when(lambda counts: counts[fits] > 0 or child.poll() is not None)
            running = child.poll() is None
            child.kill()
        if seen[fits] > 0 or time.monotonic() > until_s:
            break  # else the server was still busy with whoever asked it before
    return {"running": running, "truth": seen}


def connect(message: bytes, timeout_s: float = 2.0) -> str:
    """Give in hex what the port answers, or the name of what went wrong."""
    try:
        with socket.create_connection((HOST, PORT), timeout=timeout_s) as connection:
            connection.sendall(message)
            return connection.recv(100).hex()
    except OSError as error:
        return type(error).__name__


def ask() -> dict[str, Any]:
    return {"cookie": connect(COOKIE, 0.7), "truth": truth()}


def read_identity() -> dict[str, Any]:
    return {"answer": connect(IDENTITY)}


def echoes() -> dict[str, Any]:
    """Give the round trip of each kind of echo in s."""
    kinds = {"icmp": _icmp, "udp": _udp, "tcp": _tcp}
    return {name: _timed(kind) for name, kind in kinds.items()}


def _timed(trip: Callable[[], bytes]) -> float:
    start_s = time.monotonic()
    assert trip().endswith(b"are you there?")
    return time.monotonic() - start_s


def _icmp() -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as wire:
        wire.settimeout(5.0)
        wire.connect((HOST, 0))
        content = b"are you there?"
        rest = struct.pack(">HH", 1, 1) + content
        words = struct.unpack(f">{len(rest) // 2}H", rest)
        total = 0x0800 + sum(words)
        wire.send(struct.pack(">BBH", 8, 0, ~(total % 0xFFFF) & 0xFFFF) + rest)
        return wire.recv(200)


def _udp() -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(5.0)
        wire.connect((HOST, 7))
        wire.send(b"are you there?")
        return wire.recv(200)


def _tcp() -> bytes:
    with socket.create_connection((HOST, 7), timeout=HANG_S) as wire:
        wire.sendall(b"are you there?")
        return wire.recv(200)


def servers() -> list[int]:
    """Give the iperf3 processes that the bench started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text()
        except OSError:
            continue
        if "(iperf3)" in state and int(state.rpartition(")")[2].split()[1]) == os.getppid():
            found.append(int(folder.name))
    return sorted(found)


def hold() -> dict[str, Any]:
    """Say who serves, and stay until the input ends."""
    told = {"servers": servers(), "bench": os.getppid(), "directory": os.environ["V2G_BENCH_DIR"]}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    return {}


def who() -> dict[str, Any]:
    return {"telemetry": TELEMETRY, "user": os.geteuid(), "servers": len(servers()), "truth": truth()}


WORDS: dict[str, Callable[..., dict[str, Any]]] = {
    "load": load,
    "killed-load": killed_load,
    "ask": ask,
    "read-identity": read_identity,
    "echoes": echoes,
    "hold": hold,
    "who": who,
}

if __name__ == "__main__":
    for request in sys.argv[1:]:
        name, *options = request.split(",")
        sys.stdout.write(json.dumps(WORDS[name](*options)) + "\n")
