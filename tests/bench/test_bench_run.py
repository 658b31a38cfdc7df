"""The whole bench: its files, real wires with independent programs, a command beside it."""

from __future__ import annotations

import ast
import datetime
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import v2g_tool.bench
from tests.bounds import HANG_S
from v2g_tool.bench.run import Bench, _forwarded_signals, run_bench
from v2g_tool.errors import Interrupted, RequestError

needs_mbpoll = pytest.mark.skipif(shutil.which("mbpoll") is None, reason="mbpoll is not installed")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Bench(seed=3) as running:
        yield running


@pytest.fixture(scope="module")
def site(bench: Bench) -> dict[str, Any]:
    return tomllib.loads(Path(bench.environment()["V2G_SITE"]).read_text())


def polled(*arguments: str) -> list[float]:
    """Give what mbpoll reads; its exit status does not tell success, its output does."""
    done = subprocess.run(["mbpoll", "-1", *arguments], capture_output=True, text=True, timeout=HANG_S, check=False)
    return [float(value) for value in re.findall(r"^\[\d+\]:\s+(\S+)", done.stdout, re.MULTILINE)]


def test_the_bench_shares_nothing_with_the_drivers() -> None:
    allowed = {"v2g_tool.bench", "v2g_tool.errors"}
    for path in Path(v2g_tool.bench.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.split(".")[0]
                shared = ".".join(name.split(".")[:2])
                assert top in sys.stdlib_module_names or top == "cryptography" or shared in allowed, (path, name)


@needs_mbpoll
def test_mbpoll_reads_the_ems_meter_over_tcp(site: dict[str, Any]) -> None:
    port = str(site["meters"]["meter_01"]["port"])
    wire = ("-0", "-m", "tcp", "-p", port, "-a", "1", "127.0.0.1")

    volts = polled("-t", "3:float", "-B", "-r", "260", "-c", "3", *wire)
    corrections = polled("-t", "4", "-r", "4096", "-c", "9", *wire)

    assert len(volts) == 3
    assert all(225.0 < volt < 235.0 for volt in volts)
    assert corrections == [10000] * 3 + [0] * 6
    assert polled("-t", "4", "-r", "0", "-c", "1", *wire) == []


@needs_mbpoll
def test_mbpoll_reads_the_wattnode_over_the_pseudo_terminal(site: dict[str, Any]) -> None:
    meter = site["meters"]["meter_02"]
    wire = ("-m", "rtu", "-b", "9600", "-P", "none", "-a", "2", meter["device"])

    volts = polled("-t", "3:float", "-r", "1019", "-c", "3", *wire)
    powers = polled("-t", "4:float", "-r", "1009", "-c", "4", *wire)

    assert len(volts) == 3
    assert all(225.0 < volt < 235.0 for volt in volts)
    assert sum(powers[1:]) == pytest.approx(powers[0], rel=1e-4)
    assert polled("-t", "4:int", "-r", "1701", "-c", "1", *wire) == [20451]


@needs_mbpoll
def test_mbpoll_writes_are_seen_and_logged() -> None:
    with Bench(seed=4) as bench:
        variables = bench.environment()
        port = str(tomllib.loads(Path(variables["V2G_SITE"]).read_text())["meters"]["meter_01"]["port"])
        wire = ("-0", "-m", "tcp", "-p", port, "-a", "1", "-t", "4")
        polled(*wire, "-r", "4096", "127.0.0.1", "9900")
        polled(*wire, "-r", "4128", "127.0.0.1", str(0x5AA5))
        polled(*wire, "-r", "4096", "127.0.0.1", "9900", "9901")

        assert bench.meters["meter_01"].working[:3] == [9900, 9901, 10000]
        assert bench.meters["meter_01"].stored[:3] == [10000] * 3
        lines = [json.loads(line) for line in Path(variables["V2G_BENCH_WRITES"]).read_text().splitlines()]
        assert [(line["device"], line["address"], line["values"], line["outcome"]) for line in lines] == [
            ("meter_01", 0x1000, [9900], 4),
            ("meter_01", 0x1020, [0x5AA5], "ok"),
            ("meter_01", 0x1000, [9900, 9901], "ok"),
        ]
        assert [request.outcome for request in bench.write_requests()] == [4, "ok", "ok"]


@needs_mbpoll
def test_mbpoll_walks_the_sunspec_chain(site: dict[str, Any]) -> None:
    wire = ("-0", "-m", "tcp", "-p", str(site["inverters"]["inverter_01"]["port"]), "-a", "1", "127.0.0.1")

    assert polled("-t", "4", "-r", "40000", "-c", "4", *wire) == [0x5375, 0x6E53, 1, 66]
    assert polled("-t", "4", "-r", "40344", "-c", "2", *wire)[1:] == [0]


@pytest.mark.parametrize("link", ["socket", "hislip"])
def test_pyvisa_reads_the_analyzer(bench: Bench, site: dict[str, Any], link: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyvisa-py names optional packages that it would like
        import pyvisa

        manager = pyvisa.ResourceManager("@py")
        resource = (
            site["analyzers"]["analyzer_01"]["resource"]
            if link == "socket"
            else bench.environment()["V2G_BENCH_HISLIP"]
        )
        session = manager.open_resource(
            resource, timeout=HANG_S, open_timeout=1000, read_termination="\n", write_termination="\n"
        )
    try:
        assert session.query("*IDN?") == "YOKOGAWA,WT333E,91N408871,F1.02"
        session.write(":RATE 100MS;:NUM:NUM 2;:NUM:ITEM1 U,1;ITEM2 FU,1;:STAT:FILT1 FALL")
        session.write(":COMMunicate:WAIT 1")
        volts, hertz = (float(part) for part in session.query(":NUM:VAL?").split(","))
        assert 225.0 < volts < 235.0
        assert 49.9 < hertz < 50.1
        assert session.query("*IDN?;:RATE?").endswith(";100.0E-03")
        if link == "hislip":
            session.clear()
            assert session.read_stb() == 0
    finally:
        session.close()


def test_site_file_key_and_truth_fit_together(bench: Bench, site: dict[str, Any]) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import NameOID

    variables = bench.environment()
    certificate = x509.load_pem_x509_certificate(Path(variables["V2G_BENCH_CERT"]).read_bytes())
    key = serialization.load_pem_private_key(Path(variables["V2G_BENCH_KEY"]).read_bytes(), None)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value

    der = certificate.public_bytes(serialization.Encoding.DER)
    assert site["trust"]["fingerprints"] == [hashlib.sha256(der).hexdigest()]
    assert key.public_key() == certificate.public_key()
    name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert name == "V2G BENCH TEST KEY - not for real sites"
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert [usage.dotted_string for usage in extended] == ["1.3.6.1.5.5.7.3.36"]
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    truth = json.loads(Path(variables["V2G_BENCH_TRUTH"]).read_text())
    assert truth["meter_01"]["gain_ratio"] == list(bench.meters["meter_01"].true_errors.gain_ratio)
    assert set(truth) == set(site["meters"]) == {"meter_01", "meter_02", "meter_03"}
    due = site["analyzers"]["analyzer_01"]["calibration"]["due"]
    assert due > datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=200)
    assert "ct" not in site["meters"]["meter_01"]
    assert site["meters"]["meter_02"]["ct"] == {"primary_a": 100, "secondary_a": 5}
    assert site["meters"]["meter_03"]["legal"] == "sealed"


def test_ct_ratio_fault_is_configured_on_both_sides(tmp_path: Path) -> None:
    with Bench(faults=["ct-ratio"], directory=tmp_path):
        site = tomllib.loads((tmp_path / "site.toml").read_text())
        assert site["meters"]["meter_01"]["ct"] == {"primary_a": 100, "secondary_a": 5}
        port = site["meters"]["meter_01"]["port"]
        with socket.create_connection(("127.0.0.1", port), timeout=HANG_S) as client:
            client.sendall(bytes.fromhex("0001 0000 0006 01 04 0027 0002"))
            assert client.recv(64)[-4:] == bytes.fromhex("0064 0005")


def test_several_clients_are_served_and_all_is_gone_afterwards() -> None:
    bench = Bench()
    bench.start()
    folder = bench.directory
    port = tomllib.loads((folder / "site.toml").read_text())["meters"]["meter_01"]["port"]
    clients = [socket.create_connection(("127.0.0.1", port), timeout=HANG_S) for _ in range(5)]
    for client in clients:
        client.sendall(bytes.fromhex("0001 0000 0006 01 04 0000 0002"))
        assert client.recv(64).endswith(b"EMSM")
    bench.stop()

    for client in clients:
        client.close()
    assert not folder.exists()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=HANG_S)


def test_a_command_runs_beside_the_bench_and_its_status_is_returned() -> None:
    script = "import os, sys; sys.exit(7 if os.path.isfile(os.environ['V2G_SITE']) else 1)"

    assert run_bench([sys.executable, "-c", script]) == 7
    assert run_bench([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]) == 137


def test_a_wrong_request_is_refused_before_anything_starts() -> None:
    with pytest.raises(RequestError):
        run_bench(["true"], faults=["no-such-fault"])
    with pytest.raises(RequestError):
        run_bench(["no-such-program-anywhere"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_the_command_and_the_bench_cleans_up(number: signal.Signals) -> None:
    child = """
        import os, signal, sys, time
        def leave(*_):
            sys.exit(11)
        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)
        print(os.environ["V2G_BENCH_DIR"], flush=True)
        time.sleep(30)
    """
    parent = (
        "import sys; from v2g_tool.bench.run import run_bench; sys.exit(run_bench([sys.executable, '-c', sys.argv[1]]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent, textwrap.dedent(child)],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert folder.is_dir()
        process.send_signal(number)

        assert process.wait(timeout=HANG_S) == 11
    assert not folder.exists()


def test_a_signal_that_comes_while_the_command_is_started_reaches_it() -> None:
    def start() -> subprocess.Popen[bytes]:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        os.kill(os.getpid(), signal.SIGTERM)
        return child

    with _forwarded_signals() as signals:
        assert signals.begin(start).wait(timeout=HANG_S) == -signal.SIGTERM


def test_a_signal_before_the_command_ends_the_bench() -> None:
    with _forwarded_signals(), pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)


def test_the_bench_ends_while_a_client_waits_for_an_event_that_never_comes() -> None:
    with Bench() as bench:
        site = tomllib.loads((bench.directory / "site.toml").read_text())
        port = int(site["analyzers"]["analyzer_01"]["resource"].split("::")[2])
        client = socket.create_connection(("127.0.0.1", port), timeout=HANG_S)
        client.sendall(b"*IDN?\n")
        assert client.recv(100).startswith(b"YOKOGAWA")
        client.sendall(b":STATus:FILTer1 NEVer;:COMMunicate:WAIT 1\n")

    assert client.recv(100) == b""
    client.close()


@pytest.mark.parametrize(("fault", "requests"), [("analyzer-disconnect:after=1", 2), ("analyzer-restart:after=1", 2)])
def test_an_analyzer_that_drops_the_connection_can_be_reached_again(fault: str, requests: int) -> None:
    with Bench(faults=[fault]) as bench:
        site = tomllib.loads((bench.directory / "site.toml").read_text())
        port = int(site["analyzers"]["analyzer_01"]["resource"].split("::")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=HANG_S) as client:
            client.sendall(b"*IDN?\n" * requests)
            received = b""
            while part := client.recv(100):
                received += part
        assert received.count(b"YOKOGAWA") == 1
        with socket.create_connection(("127.0.0.1", port), timeout=HANG_S) as client:
            client.sendall(b"*IDN?\n")
            assert client.recv(100).startswith(b"YOKOGAWA")
