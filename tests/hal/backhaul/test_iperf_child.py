"""Children: output of any size, an end that cannot be refused, and no orphan, not even of a parent that was killed."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from v2g_tool.errors import NotPermitted
from v2g_tool.hal.backhaul import program
from v2g_tool.hal.backhaul.child import Child
from v2g_tool.model.telemetry import Trouble

from .servers import children

TASK = program.Task("127.0.0.1", 5201, 2, 10_000_000, 1400)
STUBBORN = "trap '' TERM; sleep 600 & echo $!; wait; wait"


def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come; a test that waits in vain is ended by the bound of the runner."""
    while not condition():
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Tell whether the process runs; one that has ended and is not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_given_output_far_beyond_a_pipe_then_it_is_read_whole() -> None:
    with Child(
        [sys.executable, "-c", "import sys; sys.stdout.write('x' * 1_000_000); sys.stderr.write('why')"]
    ) as child:
        assert child.ended(30)
        assert (len(child.output()), child.complaints()) == (1_000_000, "why")


def test_given_a_child_that_ignores_sigterm_then_it_and_its_own_child_are_gone() -> None:
    with Child(["sh", "-c", STUBBORN]) as child:
        until(lambda: child.output().endswith("\n"))
        grandchild = int(child.output())

    assert not alive(child.pid)
    until(lambda: not alive(grandchild))


def test_given_a_parent_killed_with_sigkill_then_its_child_is_gone() -> None:
    script = "from v2g_tool.hal.backhaul.child import Child\nwith Child(['sleep', '600']) as child: child.ended(600)"
    parent = subprocess.Popen([sys.executable, "-c", script])
    until(lambda: any(Path(f"/proc/{pid}/comm").read_text() == "sleep\n" for pid in children(parent.pid)))
    orphan = children(parent.pid).pop()

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    until(lambda: not alive(orphan))


def test_given_a_child_past_its_deadline_then_it_is_ended_and_the_server_is_silent() -> None:
    before = children()
    clock = itertools.count(0.0, 100.0)

    ran = program.run(TASK, ["sleep", "600"], lambda: next(clock), lambda _elapsed_s: None)

    assert ran.result == Trouble("silent", "127.0.0.1 port 5201 gave no result within 100 s")
    assert children() == before


def test_given_an_interruption_then_it_passes_on_and_no_child_is_left() -> None:
    before = children()

    def interrupt(_elapsed_s: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        program.run(TASK, ["sleep", "600"], time.monotonic, interrupt)
    assert children() == before


def test_given_neither_program_nor_library_then_the_command_that_installs_them_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(program, "LIBRARY", "libiperf.so.of-nobody")

    with pytest.raises(NotPermitted) as refused:
        program.command_for(TASK, keep_whole=True)
    assert refused.value.todo == "Run: sudo apt-get install iperf3"


def test_given_an_older_program_then_an_option_it_does_not_know_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = program.command_for(TASK, keep_whole=True)
    old = tmp_path / "iperf3"
    old.write_text("#!/bin/sh\necho '  --connect-timeout #       timeout for control connection setup (ms)'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    assert program.command_for(TASK, keep_whole=True) == known[:-1]
    assert known[-1] == "--dont-fragment"
