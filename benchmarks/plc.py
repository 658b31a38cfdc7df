"""PLC beside its peers, in one run on the bench: python benchmarks/plc.py [ROUNDS [CHECKOUT]].

1. The tone-map run against `int6ktone -s` on the same simulated modem: the same averages, and the ratio of the times.
2. Frames decoded per second, against scapy on the same frames.
3. The time of an active sounding against what the timers of the protocol take.

With CHECKOUT, the tree of another commit, its whole `snr-map` command runs beside this one's, and nothing else does.
"""

from __future__ import annotations

import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

LOCAL, PEER, INTERFACE = "00:b0:52:02:00:01", "00:b0:52:02:00:02", "plc1"
INSIDE = "V2G_BENCH_DIR"
HOUSE = Path(__file__).resolve().parents[1]


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def int6ktone() -> list[float]:
    """Give the average SNR of each slot as int6ktone prints it."""
    words = ["int6ktone", "-s", "-i", INTERFACE, "local", PEER]
    text = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30).stdout
    line = next(line for line in text.splitlines() if "SNR" in line)
    return [float(number) for number in re.findall(r"\d+\.\d+", line)]


def ours() -> list[float]:
    """Give the same from the library: the mean of the floors over all carriers, slot by slot."""
    from plc_tool.rules.ladder import FLOORS_DB
    from v2g_tool.hal.homeplug.modem import modems_on
    from v2g_tool.hal.homeplug.wire import open_wire

    with open_wire(INTERFACE) as wire:
        modems = modems_on(wire, INTERFACE, lambda _kind, _data: None, time.monotonic() + 10)
        maps = modems.tone_maps(LOCAL, PEER)
    return [statistics.fmean(FLOORS_DB[code] for code in slot.codes) for slot in maps]


def command(out: str, tree: Path = HOUSE, *, signs: bool = False) -> None:
    """Run the whole command: start-up, identification, map, judgement, pictures, report."""
    words = [sys.executable, "-m", "plc_tool", "snr-map", "--target", "modem_02", "--quiet", "--out", out]
    words += [] if signs else ["--unsigned"]
    subprocess.run(words, check=signs, timeout=60, capture_output=True, cwd=tree)  # unsigned ends with 3 at best


def side_by_side(rounds: int, other: Path) -> None:
    trees = {"this tree": HOUSE, "the other": other.resolve()}
    times: dict[str, list[float]] = {name: [] for name in trees}
    with tempfile.TemporaryDirectory() as out:
        for tree in trees.values():
            command(out, tree, signs=True)  # warm the file cache, compile what was edited
        for _ in range(rounds):
            for name, tree in trees.items():
                times[name].append(timed(partial(command, out, tree, signs=True)))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(
            f"snr-map, whole command, {name}: {1000 * median:.0f} ms, {median / medians['the other']:.3f} x the other"
        )


def tone_maps(rounds: int) -> None:
    theirs, mine = int6ktone(), ours()
    print(f"average SNR by int6ktone: {theirs}")
    print(f"average SNR by us:        {[round(value, 3) for value in mine]}")
    worst = max(abs(a - b) for a, b in zip(theirs, mine, strict=False))
    print(f"largest difference: {worst:.4f} dB")
    times: dict[str, list[float]] = {"int6ktone -s": [], "tone maps, in process": [], "snr-map, whole command": []}
    with tempfile.TemporaryDirectory() as out:
        for _ in range(rounds):
            times["int6ktone -s"].append(timed(int6ktone))
            times["tone maps, in process"].append(timed(ours))
            times["snr-map, whole command"].append(timed(lambda: command(out)))
    peer = statistics.median(times["int6ktone -s"])
    print(f"\n| {'run':<24} | ms | × int6ktone | difference ms |\n|---|---|---|---|")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"| {name:<24} | {1000 * median:.0f} | {median / peer:.2f} | {1000 * (median - peer):+.0f} |")


def decoding() -> None:
    from v2g_tool.hal.homeplug.messages import decode

    with tempfile.TemporaryDirectory() as out:
        words = [sys.executable, "-m", "plc_tool", "snr-map", "--active", "--quiet", "--unsigned", "--out", out]
        subprocess.run(words, check=False, timeout=60, capture_output=True)
        from v2g_tool.hal.homeplug.capture import read_capture

        (path,) = Path(out).glob("*/frames.pcapng")
        frames = [captured.frame for captured in read_capture(path).frames] * 20
    mine = timed(lambda: [decode(frame) for frame in frames])
    from scapy.contrib.homeplugav import HomePlugAV
    from scapy.layers.l2 import Ether

    def scapy(frame: bytes) -> object:
        return HomePlugAV(bytes(Ether(frame).payload))

    theirs = timed(lambda: [scapy(frame) for frame in frames])
    print(f"\ndecoding {len(frames)} frames of a sounding: {len(frames) / mine:,.0f} frames/s, ", end="")
    print(f"scapy {len(frames) / theirs:,.0f} frames/s, ratio {theirs / mine:.1f}")


def sounding(rounds: int) -> None:
    from plc_tool.work.sounding import sound
    from v2g_tool.hal.homeplug.evidence import FrameLog
    from v2g_tool.hal.homeplug.wire import open_wire

    ratios = []
    for seed in range(rounds):
        with open_wire("plc0") as wire:
            done = sound(wire, FrameLog("plc0"), random.Random(seed))
        ratios.append((done.seconds, done.protocol_s))
    seconds, protocol_s = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"\nsounding: {seconds:.3f} s, timers of the protocol {protocol_s:.3f} s, ratio {seconds / protocol_s:.3f}")


def main() -> int:
    if INSIDE not in os.environ:
        words = [sys.executable, "-m", "v2g_tool", "bench", "run", "--", sys.executable, *sys.argv]
        return subprocess.run(words, check=False).returncode
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {rounds} rounds\n")
    if len(sys.argv) > 2:
        side_by_side(rounds, Path(sys.argv[2]))
        return 0
    if shutil.which("int6ktone"):
        tone_maps(rounds)
    else:
        print("int6ktone is not installed (plc-utils-extra): no comparison of tone maps")
    decoding()
    sounding(min(rounds, 5))
    return 0


if __name__ == "__main__":
    sys.exit(main())
