#!/usr/bin/env python3
"""Start-up of v2g-tool beside its peers, all in one run: `python -c pass` and `esptool --help`.

The rounds are interleaved, so a busy moment of the machine hits every program alike. Prints medians and ratios.
The peer comes with: .venv/bin/pip install -c constraints.txt -e '.[bench]'
"""

import platform
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
BIN = Path(sys.executable).parent
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "v2g-tool --version": [str(BIN / "v2g-tool"), "--version"],
    "v2g-tool --help": [str(BIN / "v2g-tool"), "--help"],
    "v2g-tool calibrate --help": [str(BIN / "v2g-tool"), "calibrate", "--help"],
    "esptool --help": [str(BIN / "esptool"), "--help"],
}


def seconds(command):
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main():
    times = {name: [] for name in COMMANDS}
    for command in COMMANDS.values():
        seconds(command)  # warm the file cache
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(values) for name, values in times.items()}
    bare, peer = medians["python -c pass"], medians["esptool --help"]
    today = datetime.now(UTC).date()
    print(f"{today}, {platform.machine()}, Python {platform.python_version()}, {ROUNDS} interleaved rounds, medians")
    print(f"{'command':<28}{'ms':>8}{'x python -c pass':>18}{'x esptool --help':>18}")
    for name, median in medians.items():
        print(f"{name:<28}{median * 1000:>8.0f}{median / bare:>18.1f}{median / peer:>18.2f}")


if __name__ == "__main__":
    main()
