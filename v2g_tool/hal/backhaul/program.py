"""One run of iperf3 over UDP in a child process with a deadline: the program, or the package where only libiperf is."""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from v2g_tool.errors import NotPermitted
from v2g_tool.hal.backhaul.child import Child
from v2g_tool.hal.backhaul.output import read_output
from v2g_tool.hal.backhaul.progress import HANDSHAKE_S, QUIET_S, Halt, Progress
from v2g_tool.model.telemetry import Piece, Trouble

PROGRAM = "iperf3"
LIBRARY = "libiperf.so.0"
CONNECT_S = 5.0
"""What the program may take to connect."""
GRACE_S = 10.0
"""What a run may take beyond its seconds and the time to connect."""
TICK_S = 0.1
"""Between two calls of `waiting`."""
_HELP_S = 5.0


@dataclass(frozen=True)
class Task:
    """What is to be sent: whole seconds, since iperf3 reads `-t 0.5` as 0, and sends for ever."""

    address: str
    port: int
    seconds: int
    rate_bits_per_s: int
    datagram_bytes: int

    @property
    def deadline_s(self) -> float:
        """So long after its start the child is ended by force."""
        return self.seconds + CONNECT_S + GRACE_S


@dataclass(frozen=True)
class Ran:
    """What one run came to, and what it rests on."""

    result: Piece | Trouble
    command: tuple[str, ...]
    output: str
    complaints: str


def command_for(task: Task, *, keep_whole: bool) -> list[str]:
    """Give the command that does the task; `keep_whole` forbids that a datagram is cut on the way.

    Raises NotPermitted with the command that installs iperf3.
    """
    if shutil.which(PROGRAM):
        return _program_command(task, keep_whole=keep_whole)
    if _has_library():
        return [sys.executable, "-m", "v2g_tool.hal.backhaul.worker", json.dumps(asdict(task))]
    raise NotPermitted(
        "neither the program iperf3 nor its library libiperf is installed on this computer",
        why="Throughput is measured with iperf3, so that the other side needs nothing of ours.",
        todo="Run: sudo apt-get install iperf3",
    )


def _program_command(task: Task, *, keep_whole: bool) -> list[str]:
    command = [PROGRAM, "-c", task.address, "-p", str(task.port), "-u", "-b", str(task.rate_bits_per_s)]
    command += ["-l", str(task.datagram_bytes), "-t", str(task.seconds), "-J", "--get-server-output"]
    command += ["--connect-timeout", str(round(CONNECT_S * 1000))]
    # Of IPv4 only: IPv6 never cuts a packet on the way.
    wanted = keep_whole and ":" not in task.address and "--dont-fragment" in _help()
    return [*command, "--dont-fragment"] if wanted else command


def _help() -> str:
    """Give the options that the installed program knows; --dont-fragment came with iperf 3.10."""
    try:
        asked = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, timeout=_HELP_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout + asked.stderr


def _has_library() -> bool:
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return True


def run(task: Task, command: Sequence[str], clock: Callable[[], float], waiting: Callable[[float], None]) -> Ran:
    """Run the command to its end, or end it: at its deadline, when it gets on no more, or when `waiting` raises."""
    started_s = clock()
    with Child(command) as child:
        halt = _watched(child, task, started_s, clock, waiting)
        child.stop()
        output, complaints = child.output(), child.complaints()
    result = _halted(task, halt) if halt else read_output(output, complaints, started_s)
    return Ran(result, tuple(command), output, complaints)


@dataclass(frozen=True)
class _Halted:
    kind: Halt
    after_s: float
    has_udp: bool
    seen: bool


def _watched(
    child: Child, task: Task, started_s: float, clock: Callable[[], float], waiting: Callable[[float], None]
) -> _Halted | None:
    """Wait for the child; None when it ended by itself."""
    progress = Progress(started_s)
    seen = False
    while not child.ended(TICK_S):
        now_s = clock()
        waiting(now_s - started_s)
        sleeps = child.sleeps()
        seen = seen or sleeps is not None
        halt = progress.sample(now_s, sleeps, has_udp=progress.has_udp or child.has_udp_to(task.port))
        if not halt and now_s - started_s >= task.deadline_s:
            halt = "silent"
        if halt and not child.ended(0):
            return _Halted(halt, now_s - started_s, progress.has_udp, seen)
    return None


def _halted(task: Task, halted: _Halted) -> Trouble:
    where = f"{task.address} port {task.port}"
    if halted.kind == "udp-blocked":
        return Trouble(
            "udp-blocked",
            f"{where} answers over TCP, but the first datagram over UDP had no answer within {HANDSHAKE_S:g} s",
        )
    if halted.after_s >= task.deadline_s:
        unsure = "" if halted.seen else "; whether datagrams passed cannot be told here"
        return Trouble("silent", f"{where} gave no result within {halted.after_s:.0f} s{unsure}")
    moment = "in the middle of the run" if halted.has_udp else "after the connection was made"
    return Trouble("silent", f"{where} fell silent {moment}: nothing moved for {QUIET_S:g} s")
