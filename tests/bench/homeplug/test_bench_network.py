"""The own network of the bench: with every right, with hardly any, and where the system forbids it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from v2g_tool.bench.namespace import VethPair, own_network

HERE = Path(__file__).parent
# The program behind setpriv still starts with its rights; the one behind env has none.
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env")
NO_ADMIN = ("setpriv", "--bounding-set=-sys_admin")
BENCH = "import sys; from v2g_tool.bench.run import run_bench; sys.exit(run_bench(sys.argv[1:]))"
LOOK = """
import json, os, socket, tomllib
site = tomllib.load(open(os.environ["V2G_SITE"], "rb"))
with socket.create_connection(("127.0.0.1", site["meters"]["meter_01"]["port"]), 5) as meter:
    meter.sendall(bytes.fromhex("0001 0000 0006 01 04 0000 0002"))
    name = meter.recv(64)[-4:].decode()
about = os.stat(os.environ["V2G_SITE"])
print(json.dumps([name, sorted(n for _, n in socket.if_nameindex() if n[:3] == "plc"), os.geteuid(), about.st_uid]))
"""
PLC = ["plc0", "plc1", "plc2", "plc3", "plc4"]

as_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv to drop rights"
)
with_ip = pytest.mark.skipif(shutil.which("ip") is None, reason="iproute2 is not installed")


def bench(*command: str, before: Sequence[str] = (), env: dict[str, str] | None = None) -> tuple[list[object], str]:
    """Run a command on a bench; give what it printed as JSON, and standard error."""
    done = subprocess.run(
        [*before, sys.executable, "-c", BENCH, *(command or (sys.executable, "-c", LOOK))],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def unprivileged_python() -> tuple[str, dict[str, str]]:
    """Give an interpreter that a stranger may run, and its environment."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        command = [*NOBODY, python, "-c", "import v2g_tool.bench.run"]
        if Path(python).exists() and subprocess.run(command, capture_output=True, env=env, check=False).returncode == 0:
            return python, env
    pytest.skip("other users may not run this interpreter or read this folder")


@with_ip
def test_every_user_who_may_gets_modems_and_meters() -> None:
    (name, interfaces, *_), told = bench()
    if "without PLC modems" in told:
        pytest.skip(told.strip())

    assert (name, interfaces) == ("EMSM", PLC)
    assert told == ""


@as_root
@with_ip
def test_a_root_without_the_right_to_make_namespaces_uses_a_user_namespace() -> None:
    (name, interfaces, user, owner), told = bench(before=NO_ADMIN)
    if "without PLC modems" in told:
        pytest.skip(told.strip())

    assert (name, interfaces, user, owner) == ("EMSM", PLC, 0, 0)


@as_root
@with_ip
def test_an_ordinary_user_stays_himself_and_owns_his_files() -> None:
    python, env = unprivileged_python()
    done = subprocess.run(
        [*NOBODY, python, "-c", BENCH, python, "-c", LOOK + "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
        env=env,
        cwd="/",
    )
    if "without PLC modems" in done.stderr:
        pytest.skip(done.stderr.strip())

    assert done.stderr == ""
    assert json.loads(done.stdout) == ["EMSM", PLC, 65534, 65534]


@as_root
@with_ip
def test_where_user_namespaces_are_forbidden_the_meters_work_and_one_line_says_how_to_allow_them() -> None:
    if not shutil.which("unshare") or subprocess.run(["unshare", "-Ur", "true"], check=False).returncode:
        pytest.skip("the ban can only be tried out inside a user namespace")
    ban = ("unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh")

    (name, interfaces, *_), told = bench(before=(*ban, *NO_ADMIN))

    assert (name, interfaces) == ("EMSM", [])
    assert told.splitlines() == [
        "The bench runs without PLC modems: this system forbids user namespaces; allow them: "
        "sudo sysctl -w user.max_user_namespaces=10000"
    ]


def test_without_iproute2_the_meters_work_and_one_line_says_what_to_install(tmp_path: Path) -> None:
    (name, interfaces, *_), told = bench(env={**os.environ, "PATH": str(tmp_path)})

    assert (name, interfaces) == ("EMSM", [])
    assert len(told.splitlines()) == 1
    assert "sudo" in told


@as_root
@with_ip
def test_the_old_network_is_back_afterwards() -> None:
    def network() -> str:
        return str(Path("/proc/thread-self/ns/net").readlink())

    before = network()
    with own_network([VethPair("here0", "02:00:00:00:00:01", "there0", "02:00:00:00:00:02")]) as refusal:
        if refusal:
            pytest.skip(refusal)
        assert network() != before
        shown = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout
    assert network() == before
    assert "here0@there0" in shown
    assert "02:00:00:00:00:02" in shown


def on_bench(*words: str) -> str:
    """Run the command line's bench; give what its command printed."""
    command = [sys.executable, "-m", "v2g_tool", "bench", "run", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False)
    if "without PLC modems" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout


@with_ip
def test_frames_pass_between_the_hosts_of_a_line_and_a_flood_comes_fast() -> None:
    shown = on_bench("--fault", "frame-flood:target=modem_03", "--", sys.executable, str(HERE / "wires.py"))
    told, payload = json.loads(shown), bytes(range(60)).hex()

    assert told["unicast"] == ["020000050001" + "020000040001" + "86dd" + payload, 0]
    assert told["back"] == ["020000040001" + "020000050001" + "86dd" + payload, 0]
    assert told["tagged"] == ["020000050001" + "020000040001" + "88e1" + payload, 7]
    assert told["flood"] > 2000


@with_ip
def test_the_site_file_names_the_modems_and_the_truth_tells_their_lines(tmp_path: Path) -> None:
    copy = "import os, shutil, sys; [shutil.copy(os.environ[name], sys.argv[1]) for name in sys.argv[2:]]"
    command = (sys.executable, "-c", copy, str(tmp_path), "V2G_SITE", "V2G_BENCH_TRUTH")
    on_bench("--fault", "narrowband", "--fault", "long-cable:target=modem_02", "--", *command)
    site = tomllib.loads((tmp_path / "site.toml").read_text())
    truth = json.loads((tmp_path / "truth.json").read_text())

    assert site["chargers"]["charger_01"]["modem"] == "modem_01"
    assert {name: modem["interface"] for name, modem in site["modems"].items()} == {
        "modem_01": "plc0",
        "modem_02": "plc1",
        "modem_03": "plc2",
    }
    assert all(modem["mask"] == "north-america" for modem in site["modems"].values())
    assert all(site["modems"][name]["mac"] == truth[name]["mac"] for name in site["modems"])
    causes = {name: line["cause"] for name, line in truth.items() if name.startswith("modem")}
    assert causes == {
        "modem_01": "narrowband",
        "modem_02": "long-cable",
        "modem_03": "narrowband",
        "modem_04": "narrowband",
        "modem_05": "narrowband",
    }
    assert 3.3 <= truth["modem_01"]["secc_correction_db"] <= 5.9
