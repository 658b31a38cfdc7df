#!/usr/bin/env python3
"""One read of a meter beside its peers, all in one run: one `mbpoll` call, and the bare import of what it stands on.

The floor is what no command can go below that takes its options from typer, checks its files with pydantic and speaks
through pymodbus: those imports, one command with these two options that does nothing, and one model of one field. Like
ours it looks for no plug-ins at the start and for no garbage at the end.

The meter is the bench's, served by this process. The rounds are interleaved, so a busy moment of the machine hits every
command alike. Prints medians and ratios. The peer comes with: apt install mbpoll
"""

import compileall
import os
import platform
import statistics
import subprocess
import sys
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import plc_tool
import v2g_tool
from v2g_tool.bench.run import Bench

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
TOOL = str(Path(sys.executable).with_name("v2g-tool"))
BARE, IMPORTS, PEER = "python -c pass", "import typer, pydantic, pymodbus.client", "mbpoll, 40 values, one request"
FLOOR = f"""
import gc, os
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
{IMPORTS}
class Site(pydantic.BaseModel):
    name: str
app = typer.Typer(add_completion=False, rich_markup_mode=None)
@app.command()
def read(target: str = typer.Option(), json: bool = typer.Option(False, "--json")):
    Site(name=target)
app(standalone_mode=False)
gc.freeze()
"""
TARGET = "meter_01"


def commands(site):
    meter = tomllib.loads(site.read_text())["meters"][TARGET]
    place = ["-m", "tcp", "-p", str(meter["port"]), "-a", str(meter["unit"]), meter["host"]]
    return {
        BARE: [sys.executable, "-c", "pass"],
        IMPORTS: [sys.executable, "-c", IMPORTS],
        "the floor of such a command": [sys.executable, "-c", FLOOR, "--target", TARGET],
        PEER: ["mbpoll", "-1", "-t", "3", "-0", "-r", "0", "-c", "40", *place],
        "v2g-tool read, all values": [TOOL, "read", "--target", TARGET],
    }


def seconds(command, environment):
    started = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def measured():
    """Give the median of each command, in s."""
    with Bench() as bench:
        environment = {**os.environ, **bench.environment()}
        asked = commands(Path(environment["V2G_SITE"]))
        times = {name: [] for name in asked}
        for command in asked.values():
            seconds(command, environment)  # warm the file cache
        for _ in range(ROUNDS):
            for name, command in asked.items():
                times[name].append(seconds(command, environment))
    return {name: statistics.median(values) for name, values in times.items()}


def main():
    for program in (v2g_tool, plc_tool):  # an edited file may have been left uncompiled
        compileall.compile_dir(Path(program.__file__).parent, quiet=1)
    medians = measured()
    today = datetime.now(UTC).date()
    print(f"{today}, {platform.machine()}, Python {platform.python_version()}, {ROUNDS} interleaved rounds, medians")
    print(f"{'command':<42}{'ms':>6}{'x python':>10}{'x mbpoll':>10}{'x imports':>11}")
    for name, median in medians.items():
        ratios = [median / medians[peer] for peer in (BARE, PEER, IMPORTS)]
        print(f"{name:<42}{median * 1000:>6.0f}{ratios[0]:>10.1f}{ratios[1]:>10.1f}{ratios[2]:>11.2f}")


if __name__ == "__main__":
    main()
