"""What the EMS computer says under /proc and /sys: real files of this computer, made trees, and nonsense."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.bench.host.tree import make_tree
from v2g_tool.hal.linux.host_facts import FactsReader, cpu_list, worker_processes
from v2g_tool.host.rules.settings import judge_host
from v2g_tool.model.findings import Verdict
from v2g_tool.model.host import HostFacts


@pytest.mark.parametrize(
    ("text", "cpus"), [("0-3\n", {0, 1, 2, 3}), ("0,2-3,8", {0, 2, 3, 8}), ("", set()), ("x,1", {1}), ("3-1", set())]
)
def test_a_cpu_list_is_read_as_the_kernel_writes_it(text: str, cpus: set[int]):
    assert cpu_list(text) == cpus


@given(st.text(max_size=60))
def test_no_text_breaks_the_parsers(text: str):
    assert all(0 <= cpu <= 8192 for cpu in cpu_list(text))
    assert isinstance(worker_processes(text), str)


@pytest.mark.parametrize(
    ("config", "workers"),
    [
        ("worker_processes=4\n", "4"),
        ("  worker_processes = 4 ; as nginx\n", "4"),
        ("worker_processes auto;\n", "auto"),
        ('worker_processes: "2"\n', "2"),
        ("# worker_processes=9\nworkers=3\n", ""),
        ("worker_processes=1\nworker_processes=2\n", "2"),
    ],
)
def test_worker_processes_is_found_in_the_usual_spellings(config: str, workers: str):
    assert worker_processes(config) == workers


def test_this_very_computer_can_be_read():
    own_name = Path("/proc/self/comm").read_text().strip()

    facts = FactsReader(Path("/")).facts(own_name)

    assert facts.online >= os.sched_getaffinity(0)
    assert facts.daemons is not None
    (own,) = [d for d in facts.daemons if d.pid == os.getpid()]
    assert own.allowed == os.sched_getaffinity(0)


def test_in_an_empty_tree_everything_is_said_to_be_unreadable(tmp_path: Path):
    facts = FactsReader(tmp_path).facts("v2g-daemon", "/etc/v2g/ems.conf")

    assert set(facts.trouble) == {
        "processors",
        "physical cores",
        "clock source",
        "clock sources",
        "EMS daemon",
        "EMS configuration",
    }
    assert (facts.clock_source, facts.daemons, facts.workers, facts.synchronised) == (None, None, None, None)


def test_two_threads_of_a_core_are_one_core(tmp_path: Path):
    cpus = tmp_path / "sys/devices/system/cpu"
    for cpu, core in ((0, 0), (1, 0)):
        (cpus / f"cpu{cpu}/topology").mkdir(parents=True)
        (cpus / f"cpu{cpu}/topology/core_id").write_text(f"{core}\n")
        (cpus / f"cpu{cpu}/topology/physical_package_id").write_text("0\n")
    (cpus / "online").write_text("0-1\n")

    facts = FactsReader(tmp_path).facts()

    assert (facts.online, facts.cores) == ({0, 1}, {(0, 0)})


def test_a_core_number_that_is_none_is_said_and_not_guessed(tmp_path: Path):
    cpus = tmp_path / "sys/devices/system/cpu"
    (cpus / "cpu0/topology").mkdir(parents=True)
    (cpus / "online").write_text("0\n")
    (cpus / "cpu0/topology/physical_package_id").write_text("0\n")
    (cpus / "cpu0/topology/core_id").write_text("what\n")

    facts = FactsReader(tmp_path).facts()

    assert facts.cores == frozenset()
    assert "physical cores" in facts.trouble


def made(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "ems")


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path):
    root = made(tmp_path)
    (root / "etc/v2g/ems.conf").unlink()
    os.mkfifo(root / "etc/v2g/ems.conf")

    facts = FactsReader(root).facts(config="/etc/v2g/ems.conf")

    assert facts.workers is None
    assert "EMS configuration" in facts.trouble


def test_an_absolute_link_leads_to_the_trees_own_file(tmp_path: Path):
    root = made(tmp_path)
    (root / "etc/v2g/ems.conf").rename(root / "etc/v2g/real.conf")
    (root / "etc/v2g/real.conf").write_text("worker_processes=9\n")
    (root / "etc/v2g/ems.conf").symlink_to("/etc/v2g/real.conf")

    assert FactsReader(root).facts(config="/etc/v2g/ems.conf").workers == "9"


@pytest.mark.parametrize(
    ("file", "content", "fact"),
    [
        ("proc/812/status", "Cpus_allowed_list: garbage\n", "EMS daemon"),
        ("proc/812/status", "", "EMS daemon"),
        ("sys/devices/system/cpu/online", "garbage\n", "processors"),
    ],
)
def test_what_cannot_be_understood_is_said_and_not_taken_for_something(
    tmp_path: Path, file: str, content: str, fact: str
):
    root = made(tmp_path)
    (root / file).write_text(content)

    facts = FactsReader(root).facts("v2g-daemon")

    assert fact in facts.trouble
    assert all(v.value != "pass" for v in verdicts_of(facts, CHECK_OF[fact]))


CHECK_OF = {"EMS daemon": "SYS-AFFINITY", "processors": "SYS-WORKERS", "governor": "SYS-GOVERNOR"}


def verdicts_of(facts: HostFacts, check: str) -> list[Verdict]:
    return [f.verdict for f in judge_host(facts, "v2g-daemon", "/etc/v2g/ems.conf", own=False) if f.check == check]


@pytest.mark.parametrize("file", ["sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "proc/812/status"])
def test_a_folder_where_a_file_belongs_is_no_file_that_is_missing(tmp_path: Path, file: str):
    root = made(tmp_path)
    (root / file).unlink()
    (root / file).mkdir()

    facts = FactsReader(root).facts("v2g-daemon")

    fact = "governor" if "governor" in file else "EMS daemon"
    assert fact in facts.trouble
    assert verdicts_of(facts, CHECK_OF[fact]) == [Verdict.INCONCLUSIVE]
