"""Independent programs as judges: mbpoll reads the bench's meter, tshark decodes what our tool sends."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.system.commands import Site, site


def port_of(here: Site) -> int:
    return int(tomllib.loads(here.file.read_text())["meters"]["meter_01"]["port"])


@pytest.mark.skipif(not shutil.which("mbpoll"), reason="mbpoll is not installed")
def test_mbpoll_reads_the_same_voltages_as_our_tool(folder: Path):
    with site(folder) as here:
        words = ["-m", "tcp", "-a", "1", "-t", "3:float", "-B", "-0", "-r", "260", "-c", "3", "-1"]
        polled = here.run(*words, "-p", str(port_of(here)), "127.0.0.1", program=["mbpoll"])
        ours = json.loads(here.run("read", "--target", "meter_01", "--json").stdout)["values"]

    assert polled.returncode == 0, polled.stderr
    theirs = [float(value) for value in re.findall(r"^\[\d+\]:\s+(\S+)", polled.stdout, re.MULTILINE)]
    assert theirs == pytest.approx([ours["U.1"], ours["U.2"], ours["U.3"]], rel=0.005)


@pytest.mark.skipif(not shutil.which("mbpoll"), reason="mbpoll is not installed")
def test_mbpoll_reads_the_meter_while_it_is_calibrated_and_finds_our_corrections_after(folder: Path):
    with site(folder) as here:
        poll = ("-m", "tcp", "-a", "1", "-B", "-0", "-1", "-p", str(port_of(here)))
        child = here.start("calibrate", "--target", "meter_01", "--yes", "--quiet")
        here.wait_for("inverter.command")
        power = here.run(*poll, "-t", "3:float", "-r", "278", "127.0.0.1", program=["mbpoll"])
        child.communicate(timeout=HANG_S)
        stored = here.run(*poll, "-t", "4", "-r", "4112", "-c", "9", "127.0.0.1", program=["mbpoll"])

        assert power.returncode == 0, power.stderr
        assert child.returncode == 0
        read = [int(value) for value in re.findall(r"^\[\d+\]:\s+(-?\d+)", stored.stdout, re.MULTILINE)]
        assert [word % 65536 for word in read] == [word % 65536 for word in here.corrections()[1]]


@pytest.fixture
def capture_right() -> None:
    """Skip where tshark is missing or may not listen on the loopback interface."""
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    probe = ["tshark", "-i", "lo", "-f", "tcp port 1", "-a", "duration:0.2", "-w", "/dev/null"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no right to capture on lo: {done.stderr.strip().splitlines()[-1]}")


@pytest.mark.usefixtures("capture_right")
def test_tshark_decodes_our_requests_without_a_malformed_frame(folder: Path):
    with site(folder) as here:
        port = port_of(here)
        file = folder / "read.pcapng"
        listening = ["tshark", "-i", "lo", "-f", f"tcp port {port}", "-w", str(file), "-P"]
        with subprocess.Popen(listening, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tshark:
            wait_until_capturing(tshark)
            done = here.run("read", "--target", "meter_01", "--json")
            time.sleep(1)  # dumpcap hands packets on in batches
            tshark.send_signal(signal.SIGINT)
            tshark.communicate(timeout=HANG_S)

        rows = decoded(file, port)

    assert done.returncode == 0, done.stderr
    functions = {row["modbus.func_code"] for row in rows if row["modbus.func_code"]}
    assert functions == {"3", "4"}
    assert {row["_ws.malformed"] for row in rows} == {""}
    requests = sum(1 for row in rows if row["modbus.func_code"] and row["tcp.dstport"] == str(port))
    assert 2 * requests == sum(1 for row in rows if row["modbus.func_code"]), "each request has one answer"


def wait_until_capturing(tshark: subprocess.Popen[str]) -> None:
    assert tshark.stderr is not None
    for line in tshark.stderr:
        if "Capturing on" in line:
            break
    time.sleep(0.5)


def decoded(file: Path, port: int) -> list[dict[str, str]]:
    fields = ["modbus.func_code", "_ws.malformed", "tcp.dstport"]
    asked = [word for field in fields for word in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-r", str(file), "-d", f"tcp.port=={port},mbtcp", "-T", "fields", *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    return [dict(zip(fields, line.split("\t"), strict=True)) for line in done.stdout.splitlines()]
