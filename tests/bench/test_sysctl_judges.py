"""The rules of sysctl files and the tree of the bench before their judges: systemd-sysctl and sysctl, unmodified."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.rules.sysctl_cases import CASES, CONF, KEY, LOCAL, RUN, START, USR, Case, D, Link
from v2g_tool.bench.host.tree import Forbidden, make_tree, run_on_tree
from v2g_tool.hal.linux.host import LinuxHost
from v2g_tool.host.rules.files import Program, effective
from v2g_tool.model.sysctl import LiveState

COMMANDS = {Program.BOOT: ["/lib/systemd/systemd-sysctl"], Program.SYSTEM: ["sysctl", "--system"]}
KEYS = [KEY, "net.v2g.b", "net.v2g.link/1.a", "net.w.a"]
PATHS = {key: key.translate(str.maketrans("./", "/.")) for key in KEYS}


def program_missing(program: Program) -> str:
    name = COMMANDS[program][0]
    return "" if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") else f"{name} is not installed"


@pytest.fixture(params=list(Program), ids=str)
def program(request: pytest.FixtureRequest) -> Program:
    if missing := program_missing(request.param):
        pytest.skip(missing)
    return Program(request.param)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = make_tree(tmp_path / "ems", dict.fromkeys(PATHS.values(), START))
    try:
        run_on_tree(root, ["true"])
    except Forbidden as error:
        pytest.skip(str(error))
    return root


def lay(root: Path, files: Mapping[str, str | Link]) -> None:
    """Replace the files that sysctl programs read."""
    (root / CONF).unlink(missing_ok=True)
    for folder in (D, RUN, LOCAL, USR):
        shutil.rmtree(root / folder)
        (root / folder).mkdir()
    for path, content in files.items():
        if isinstance(content, Link):
            (root / path).symlink_to(content.target)
        else:
            (root / path).write_bytes(content.encode())


def judged(root: Path, program: Program) -> dict[str, str]:
    """Run the program on fresh keys; give what each key is then."""
    for path in PATHS.values():
        (root / "proc/sys" / path).write_text(f"{START}\n")
    run_on_tree(root, COMMANDS[program])
    return {key: (root / "proc/sys" / path).read_bytes().decode().removesuffix("\n") for key, path in PATHS.items()}


def computed(root: Path, program: Program) -> dict[str, str]:
    found = LinuxHost(root).config_files()
    assert found.unreadable == ()
    winners = {key: effective(found.files, key, program).winner for key in KEYS}
    return {key: START if winner is None else winner.value or "" for key, winner in winners.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_programs_set_what_the_row_says_and_the_rules_compute_it(case: Case, program: Program, tree: Path) -> None:
    # given
    lay(tree, case.files)
    # when
    values = judged(tree, program)
    # then
    assert values[KEY] == (case.boot if program is Program.BOOT else case.system)
    assert computed(tree, program) == values


NAMES = ["10-a.conf", "9-b.conf", "99-sysctl.conf", "99-v2g.conf", "B.conf", ".h.conf", "v2g", "zz.conf"]
SPELLINGS = [
    *[key for key in KEYS for _ in range(3)],
    *PATHS.values(),
    *["net.v2g.*", "net.*.a", "net/*/*", "net.v2g.[!i]*", "net.v2g.?", "*.v2g.islanding_timeout", "net.v2g.link/*.a"],
    *["net//v2g/b", "/net/w/a", "net.v2g.b.", "net/v2g/../w/a", "net.v2g.none", "v2g", "net.*"],
]
LEADS, ENDS = ["", "", "", "", "-", "-", " ", "--", "- ", "#"], ["\n", "\n", "\n", "\r\n", " \n", "\r"]


def random_line(draw: random.Random) -> str:
    exclusion = draw.random() < 0.2
    value = "" if exclusion else draw.choice([" = ", "="]) + draw.choice(["1", "2", "3", "4 5", ""])
    return ("-" if exclusion else draw.choice(LEADS)) + draw.choice(SPELLINGS) + value + draw.choice(ENDS)


def random_files(draw: random.Random) -> dict[str, str | Link]:
    files: dict[str, str | Link] = {}
    for _ in range(draw.randrange(1, 7)):
        path = draw.choice([D, D, RUN, LOCAL, USR]) + draw.choice(NAMES)
        files[path] = "".join(random_line(draw) for _ in range(draw.randrange(5)))
    if draw.random() < 0.5:
        files[CONF] = "".join(random_line(draw) for _ in range(draw.randrange(4)))
        files[D + "99-sysctl.conf"] = Link(draw.choice(["../sysctl.conf", "/etc/sysctl.conf", "/dev/null", "none"]))
    return files


@pytest.mark.soak
def test_random_files_set_what_the_rules_compute(program: Program, tree: Path) -> None:
    for seed in range(int(os.environ.get("V2G_SYSCTL_SEEDS", "40"))):
        # given
        files = random_files(random.Random(seed))
        lay(tree, files)
        # then
        assert (seed, files, judged(tree, program)) == (seed, files, computed(tree, program))


def test_a_drop_in_that_is_written_counts_and_taken_back_no_longer_counts(program: Program, tree: Path) -> None:
    # given
    LinuxHost(tree).write_drop_in("99-zz-v2g.conf", f"{KEY} = 200\n".encode())
    assert judged(tree, program)[KEY] == "200"
    # when
    LinuxHost(tree).write_drop_in("99-zz-v2g.conf", None)
    # then
    assert judged(tree, program)[KEY] == START


def test_a_user_namespace_serves_as_well(program: Program, tree: Path) -> None:
    # given
    LinuxHost(tree).write_drop_in("99-zz-v2g.conf", f"{KEY} = 200\n".encode())
    # when
    try:
        done = run_on_tree(tree, COMMANDS[program], as_root=False)
    except Forbidden as error:
        pytest.skip(str(error))
    # then
    assert done.returncode == 0
    assert LinuxHost(tree).live_value(KEY).value == "200"


def test_a_shorter_value_leaves_nothing_of_a_longer_one(program: Program, tree: Path) -> None:
    # given
    LinuxHost(tree).write_drop_in("99-zz-v2g.conf", b"net.core.rmem_max = 7\n")
    # when
    run_on_tree(tree, COMMANDS[program])
    # then
    assert (tree / "proc/sys/net/core/rmem_max").read_text() == "7\n"


def test_a_program_that_asks_sees_the_tree_and_leaves_the_system_alone(tree: Path) -> None:
    if missing := program_missing(Program.SYSTEM):
        pytest.skip(missing)
    # given
    panic = Path("/proc/sys/kernel/panic").read_text()
    # when
    done = run_on_tree(tree, ["sysctl", "-n", "-w", "kernel.panic=3333"])
    # then
    assert done.stdout == "3333\n"
    assert LinuxHost(tree).live_value("kernel.panic").value == "3333"
    assert Path("/proc/sys/kernel/panic").read_text() == panic


def test_a_key_that_the_kernel_lacks_is_missing_for_the_program_too(tmp_path: Path, tree: Path) -> None:
    if missing := program_missing(Program.SYSTEM):
        pytest.skip(missing)
    # given
    stock = make_tree(tmp_path / "stock", {KEY: None})
    # when
    done = run_on_tree(stock, ["sysctl", KEY])
    # then
    assert done.returncode != 0
    assert LinuxHost(stock).live_value(KEY).state is LiveState.ABSENT
    assert LinuxHost(tree).live_value(KEY).state is LiveState.PRESENT


def test_the_processors_of_the_tree_are_two_cores_of_two_threads_for_an_independent_program(tmp_path: Path) -> None:
    if shutil.which("lscpu") is None:
        pytest.skip("lscpu is not installed")
    # when
    command = ["lscpu", "--sysroot", str(make_tree(tmp_path / "ems")), "--parse=CPU,CORE,SOCKET"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # then
    rows = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert rows == ["0,0,0", "1,1,0", "2,0,0", "3,1,0"]


def test_the_module_makes_a_tree_and_gives_the_status_of_the_program(tmp_path: Path, tree: Path) -> None:
    # given
    command = [sys.executable, "-m", "v2g_tool.bench.host.tree", str(tmp_path / "new"), "--"]
    # when
    shown = subprocess.run([*command, "cat", "/etc/v2g/ems.conf"], capture_output=True, text=True, check=False)
    failed = subprocess.run([*command, "sh", "-c", "exit 9"], capture_output=True, text=True, check=False)
    called_wrongly = subprocess.run(command, capture_output=True, text=True, check=False)
    # then
    assert "worker_processes=2" in shown.stdout
    assert (shown.returncode, failed.returncode, called_wrongly.returncode) == (0, 9, 2)


def test_a_folder_that_is_no_tree_is_refused_with_the_reason(tmp_path: Path, tree: Path) -> None:
    with pytest.raises(Forbidden, match="cannot be laid over"):
        run_on_tree(tmp_path / "nothing", ["true"])
