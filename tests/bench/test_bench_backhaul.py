"""The way to the utility: what iperf3 counts is what the firewall knows, and each fault is what it is called."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bounds import HANG_S
from v2g_tool.bench.backhaul import programs
from v2g_tool.bench.namespace import own_network
from v2g_tool.bench.run import Bench

LOAD = str(Path(__file__).parent / "backhaul_load.py")
BENCH = (
    "import sys; from v2g_tool.bench.run import run_bench; sys.exit(run_bench(sys.argv[2:], faults=eval(sys.argv[1])))"
)
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env")
READY = b"\x09".hex()

as_root = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv")


@pytest.fixture(scope="module", autouse=True)
def _backhaul() -> None:
    """Skip where a system has none; from then on it is an error when it is not there."""
    done = subprocess.run([*bench_line(), "true"], capture_output=True, text=True, timeout=HANG_S, check=False)
    if "bench runs without" in done.stderr:
        pytest.skip(done.stderr.strip())


def bench_line(*faults: str, python: str = sys.executable) -> list[str]:
    return [python, "-c", BENCH, repr(list(faults))]


def on_bench(*words: str, faults: tuple[str, ...] = ()) -> Any:
    """Give what each word told, the only one alone."""
    line = [*bench_line(*faults), sys.executable, LOAD, *words]
    done = subprocess.run(line, capture_output=True, text=True, timeout=HANG_S, check=False)
    return told_by(done)


def told_by(done: subprocess.CompletedProcess[str]) -> Any:
    assert (done.returncode, done.stderr) == (0, "")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return told if len(told) > 1 else told[0]


def gone(process: int) -> bool:
    """Say whether a process has ended; a dead one that nobody asked for yet counts as ended."""
    try:
        return Path("/proc", str(process), "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until_gone(processes: list[int]) -> list[int]:
    """Give those that are still there when patience ends."""
    until_s = time.monotonic() + HANG_S
    while not all(map(gone, processes)) and time.monotonic() < until_s:
        time.sleep(0.02)
    return [process for process in processes if not gone(process)]


@contextlib.contextmanager
def held_bench(*faults: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Give a bench whose command waits for the end of its input, and the iperf3 processes of that bench."""
    line = [*bench_line(*faults), sys.executable, LOAD, "hold"]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdout is not None
        told = json.loads(bench.stdout.readline())
        assert told["bench"] == bench.pid
        yield bench, told["servers"]
    shutil.rmtree(told["directory"], ignore_errors=True)  # a bench that was killed cannot


def test_the_site_file_names_the_server_and_the_truth_begins_at_nothing() -> None:
    told = on_bench("who")

    assert told["telemetry"] == {"host": "198.51.100.10", "port": 502, "rate_mbit_s": 10.0}
    assert told["truth"] == {"dropped": 0, "passed": 0, "server_rcvbuf_errors": 0, "relay": {}}
    assert told["servers"] == 1


def agrees(told: dict[str, Any], true: int) -> bool:
    """Say whether the receiver's count and the truth differ by no more than what was sent behind its last datagram."""
    return bool(told["lost"] <= true <= told["lost"] + told["unseen"])


@pytest.mark.parametrize("ratio", [0.0005, 0.002, 0.05])
def test_what_iperf3_misses_is_what_the_firewall_dropped_and_the_socket_could_not_take(ratio: float) -> None:
    told = on_bench("load,1400,40M", faults=(f"telemetry-loss:ratio={ratio}",))
    truth = told["truth"]

    assert agrees(told, truth["dropped"] + truth["server_rcvbuf_errors"])
    assert told["sent"] == truth["dropped"] + truth["passed"]
    assert truth["dropped"] <= 2 * ratio * told["sent"] + 12
    assert truth["dropped"] > 0 or ratio < 0.05


def test_where_all_of_the_load_is_lost_the_server_hears_of_it_and_gets_nothing() -> None:
    told = on_bench("killed-load,30,dropped", faults=("telemetry-loss:ratio=1",))

    assert told["running"]
    assert told["truth"]["passed"] == 0


def test_a_healthy_way_drops_nothing_and_answers_every_kind_of_echo() -> None:
    load, echoes = on_bench("load", "echoes")

    assert load["truth"]["dropped"] == 0
    assert agrees(load, load["truth"]["server_rcvbuf_errors"])
    assert set(echoes) == {"icmp", "udp", "tcp"}


def test_a_slow_router_drops_what_is_too_much_and_counts_it() -> None:
    told = on_bench("load,1400,10M", faults=("telemetry-rate-limit",))
    truth = told["truth"]

    assert agrees(told, truth["relay"]["rate_dropped"] + truth["server_rcvbuf_errors"])
    assert told["sent"] == truth["passed"] + truth["relay"]["rate_dropped"]
    assert 0.3 < truth["relay"]["rate_dropped"] / told["sent"] < 0.6


def test_a_delay_is_seen_by_every_kind_of_echo_and_loses_nothing() -> None:
    echoes, load = on_bench("echoes", "load", faults=("telemetry-delay:delay=0.12",))

    assert all(trip_s >= 0.12 for trip_s in echoes.values())
    assert load["truth"]["relay"]["delayed"] > load["sent"]
    assert agrees(load, load["truth"]["server_rcvbuf_errors"] + load["truth"]["relay"]["lost"])


def test_overtaken_datagrams_are_as_many_as_the_relay_says() -> None:
    told = on_bench("load", faults=("telemetry-reorder:ratio=0.02",))
    relay = told["truth"]["relay"]

    missed = told["truth"]["server_rcvbuf_errors"] + relay["lost"]
    assert relay["reordered"] - missed - told["unseen"] <= told["late"] <= relay["reordered"]
    assert relay["reordered"] > 0
    assert agrees(told, missed)


def test_double_datagrams_arrive_once_more_than_they_were_sent() -> None:
    told = on_bench("load", faults=("telemetry-duplicate:ratio=0.02",))
    truth = told["truth"]

    assert truth["relay"]["duplicated"] > 0
    assert truth["passed"] + truth["relay"]["lost"] == told["sent"] + truth["relay"]["duplicated"]


def test_the_hops_of_several_faults_are_passed_one_after_the_other() -> None:
    faults = ("telemetry-duplicate", "telemetry-narrow-mtu", "telemetry-loss:ratio=0.01", "telemetry-delay:delay=0.12")
    load, echoes = on_bench("load,900,5M", "echoes", faults=faults)
    truth = load["truth"]

    assert truth["dropped"] + truth["passed"] + truth["relay"]["lost"] == load["sent"] + truth["relay"]["duplicated"]
    assert all(trip_s >= 0.12 for trip_s in echoes.values())


def test_blocked_datagrams_are_dropped_while_control_passes() -> None:
    asked, told = on_bench("ask", "killed-load,30,dropped", faults=("telemetry-udp-blocked",))

    assert asked["cookie"] == READY
    assert told["running"]
    assert told["truth"]["passed"] == 0
    assert told["truth"]["dropped"] >= 1


def test_a_killed_server_ends_the_load_and_nobody_listens_any_more() -> None:
    told, asked = on_bench("load", "ask", faults=("telemetry-server-killed:delay=0.1",))

    # Which of its two sockets tells iperf3 first is a matter of luck.
    assert told["error"].endswith(("control socket has closed unexpectedly", "Connection refused"))
    assert asked["cookie"] == "ConnectionRefusedError"


def test_a_stopped_server_takes_connections_and_says_nothing() -> None:
    told, asked = on_bench("killed-load,60,server_rcvbuf_errors", "ask", faults=("telemetry-server-stopped:delay=0.1",))

    assert told["running"]
    assert told["truth"]["server_rcvbuf_errors"] > 0
    assert asked["cookie"] == "TimeoutError"


def test_a_busy_server_stays_busy_and_its_other_client_is_in_no_count() -> None:
    first, second, who = on_bench("load", "load", "who", faults=("telemetry-server-busy",))

    assert "busy" in first["error"]
    assert "busy" in second["error"]
    assert who["servers"] == 2
    assert who["truth"]["passed"] == 0


@pytest.mark.parametrize(
    ("fault", "answer"), [("telemetry-unreachable", "TimeoutError"), ("telemetry-refused", "ConnectionRefusedError")]
)
def test_where_no_server_is_nobody_answers(fault: str, answer: str) -> None:
    assert on_bench("ask", faults=(fault,))["cookie"] == answer


def test_a_meter_at_the_port_speaks_modbus_and_no_iperf3() -> None:
    read, asked = on_bench("read-identity", "ask", faults=("telemetry-modbus",))

    assert bytes.fromhex(read["answer"]) == bytes.fromhex("0001 0000 0007 01 04 04") + b"EMSM"
    assert asked["cookie"] in {"", "ConnectionResetError"}


def test_on_a_narrow_way_large_datagrams_do_not_fit_and_small_ones_pass() -> None:
    large, small = on_bench("load", "load,900,5M", faults=("telemetry-narrow-mtu",))

    assert large["error"].endswith("Message too long")
    assert agrees(small, small["truth"]["server_rcvbuf_errors"])
    assert small["sent"] <= small["truth"]["passed"]


def unprivileged_python() -> tuple[str, dict[str, str]]:
    """Give an interpreter that a stranger may run, and its environment."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        trial = [*NOBODY, python, "-c", f"import v2g_tool.bench.run; open({LOAD!r})"]
        if Path(python).exists() and subprocess.run(trial, capture_output=True, env=env, check=False).returncode == 0:
            return python, env
    pytest.skip("other users may not run this interpreter or read this folder")


@as_root
def test_an_ordinary_user_has_the_same_backhaul() -> None:
    python, env = unprivileged_python()
    faults = ("telemetry-loss:ratio=0.05", "telemetry-rate-limit", "telemetry-delay:delay=0.01")
    line = [*NOBODY, *bench_line(*faults, python=python), python, LOAD, "who", "load,1400,6M", "echoes"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=HANG_S, check=False, env=env, cwd="/")
    if "without PLC modems" in done.stderr:
        pytest.skip(done.stderr.strip())
    who, load, _ = told_by(done)
    truth = load["truth"]

    assert who["user"] == 65534
    hops = truth["relay"]["rate_dropped"] + truth["relay"]["lost"]
    assert agrees(load, truth["dropped"] + truth["server_rcvbuf_errors"] + hops)
    assert truth["dropped"] > 0


@as_root
def test_the_counts_can_be_read_at_once_and_stay_readable_after_the_end(tmp_path: Path) -> None:
    with own_network([]) as refusal:
        if refusal:
            pytest.skip(refusal)
        with Bench(faults=["telemetry-loss:ratio=0.05"], directory=tmp_path, telemetry=True) as bench:
            backhaul = bench.backhaul
            assert backhaul is not None, bench.telemetry_refusal
            line = ["iperf3", "-c", "198.51.100.10", "-p", "502", "-u", "-b", "20M", "-l", "1400", "-t", "1", "-J"]
            done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=True)
            counts = backhaul.counts()
    sent = json.loads(done.stdout)["end"]["sum_sent"]["packets"]

    assert counts.dropped + counts.passed == sent
    assert counts.dropped > 0
    assert backhaul.counts() == counts
    assert json.loads((tmp_path / "backhaul.json").read_text())["dropped"] == counts.dropped
    assert "Server listening on 502" in (tmp_path / "iperf3.log").read_text()


def test_a_bench_in_no_network_of_its_own_starts_no_backhaul() -> None:
    with Bench(faults=["telemetry-loss"]) as bench:
        assert bench.backhaul is None
        assert "V2G_BENCH_BACKHAUL" not in bench.environment()
        assert "[telemetry]" not in (bench.directory / "site.toml").read_text()
        assert not (bench.directory / "iperf3.log").exists()


@pytest.mark.parametrize("fault", [(), ("telemetry-server-busy",)])
def test_when_its_command_ends_no_process_stays(fault: tuple[str, ...]) -> None:
    with held_bench(*fault) as (bench, servers):
        assert bench.stdin is not None
        assert not any(map(gone, servers))
        bench.stdin.close()
        bench.wait(timeout=HANG_S)

    assert len(servers) == 1 + len(fault)
    assert all(map(gone, servers))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_when_the_bench_is_ended_by_a_signal_no_process_stays(number: signal.Signals) -> None:
    with held_bench("telemetry-server-busy") as (bench, servers):
        bench.send_signal(number)
        bench.wait(timeout=HANG_S)

    assert len(servers) == 2
    assert wait_until_gone(servers) == []


@as_root
def test_an_ordinary_users_server_dies_with_a_killed_bench() -> None:
    python, env = unprivileged_python()
    line = [*NOBODY, *bench_line(python=python), python, LOAD, "hold"]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd="/") as bench:
        assert bench.stdout is not None
        told = json.loads(bench.stdout.readline() or '{"servers": []}')
        bench.kill()
    if not told["servers"]:
        pytest.skip("an ordinary user has no backhaul here")
    shutil.rmtree(told["directory"])

    assert wait_until_gone(told["servers"]) == []


def test_without_nftables_the_bench_works_and_one_line_says_what_to_install(tmp_path: Path) -> None:
    for name in set(programs.PACKAGES) - {"nft"}:
        (tmp_path / name).symlink_to(shutil.which(name, path=f"{os.environ['PATH']}:{programs.SBIN}") or "")
    code = f"from v2g_tool.bench.backhaul import programs; programs.SBIN = ''; {BENCH}"
    look = "import os; print('V2G_BENCH_BACKHAUL' in os.environ, 'telemetry]' in open(os.environ['V2G_SITE']).read())"
    line = [sys.executable, "-c", code, "[]", sys.executable, "-c", look]
    env = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(line, capture_output=True, text=True, timeout=HANG_S, check=False, env=env)

    assert done.stdout == "False False\n"
    assert done.stderr == (
        "The bench runs without a telemetry backhaul: nft is missing; install it: sudo apt-get install nftables\n"
    )
