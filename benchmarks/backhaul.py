"""Throughput beside the bare iperf3 program, in one run on the bench: python benchmarks/backhaul.py [ROUNDS [SECONDS]].

Both send the same rate in datagrams of the same size to the same server, in turns: the rate that was sent, and the time
that a run takes beyond its seconds of load.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

INSIDE = "V2G_BENCH_DIR"


def telemetry() -> dict[str, object]:
    """Give the bench's telemetry server as its site file has it."""
    return dict(tomllib.loads(Path(os.environ["V2G_SITE"]).read_text())["telemetry"])


def bare(seconds: int) -> tuple[float, float]:
    """Run iperf3 alone; give payload rate in Mbit/s and wall time in s."""
    there = telemetry()
    words = ["iperf3", "-c", str(there["host"]), "-p", str(there["port"]), "-u", "-b", f"{there['rate_mbit_s']}M"]
    started = time.perf_counter()
    done = subprocess.run([*words, "-l", "1400", "-t", str(seconds), "-J"], capture_output=True, text=True, check=False)
    wall_s = time.perf_counter() - started
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise SystemExit(f"iperf3: {answer['error']}")
    return answer["end"]["sum_sent"]["bits_per_second"] / 1e6, wall_s


def ours(seconds: int, folder: str) -> tuple[float, float]:
    """Run the whole command: who answers, path, load, round trips, judgement, pictures, report."""
    words = [sys.executable, "-m", "v2g_tool", "throughput", "--seconds", str(seconds), "--max-time", str(seconds)]
    started = time.perf_counter()
    done = subprocess.run([*words, "--json", "--quiet", "--out", folder], capture_output=True, text=True, check=False)
    wall_s = time.perf_counter() - started
    report = json.loads(done.stdout)
    return float(report["sections"][0]["sent_rate"]["value"]), wall_s


def compare(rounds: int, seconds: int) -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            rows.append((bare(seconds), ours(seconds, folder)))
            for name, (rate, wall_s) in zip(("iperf3", "ours"), rows[-1], strict=True):
                print(f"  {name:<7} {rate:.4f} Mbit/s in {wall_s:.2f} s")
    rates = [[row[side][0] for row in rows] for side in (0, 1)]
    walls = [[row[side][1] for row in rows] for side in (0, 1)]
    ratio = statistics.median(rates[1]) / statistics.median(rates[0])
    medians = ", ".join(f"{statistics.median(rate):.4f}" for rate in rates)
    print(f"rate in Mbit/s, iperf3 and ours: {medians}, ratio {ratio:.6f}")
    over = [statistics.median(wall) - seconds for wall in walls]
    print(f"time beyond {seconds} s of load: iperf3 {over[0]:.2f} s, ours {over[1]:.2f} s")
    print("rate within 0.1 %: " + ("yes" if abs(ratio - 1) <= 0.001 else "NO"))


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    if INSIDE not in os.environ:
        words = [sys.executable, "-m", "v2g_tool", "bench", "run", "--", sys.executable, *sys.argv]
        raise SystemExit(subprocess.run(words, check=False).returncode)
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, {rounds} rounds")
    compare(rounds, seconds)


if __name__ == "__main__":
    main()
