"""A folder that stands for an EMS computer: kernel keys, the files that set them, processors and the EMS itself.

Unmodified programs run on it in a mount namespace of their own, in which its parts lie over /proc/sys, /etc, /run and
the folders of sysctl.d: `python -m v2g_tool.bench.host.tree ROOT -- sysctl --system`. ROOT is made where it is not
there. `sysctl -a` is of no use in it: procps 4.0.2 takes the `..` of a plain folder for keys and walks on for ever.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

KEYS = {
    "kernel/numa_balancing": "0",
    "kernel/panic": "0",
    "kernel/panic_on_oops": "0",
    "kernel/sched_rt_runtime_us": "950000",
    "kernel/timer_migration": "1",
    "net/core/busy_poll": "0",
    "net/core/netdev_max_backlog": "1000",
    "net/core/rmem_default": "212992",
    "net/core/rmem_max": "212992",
    "net/core/wmem_max": "212992",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/ip_local_port_range": "32768\t60999",
    "net/ipv4/tcp_keepalive_time": "7200",
    "net/ipv4/tcp_retries2": "15",
    "net/ipv4/tcp_slow_start_after_idle": "1",
    "net/ipv6/conf/all/disable_ipv6": "0",
    "net/ipv6/conf/default/disable_ipv6": "0",
    "net/v2g/islanding_timeout": "500",
    "vm/dirty_background_ratio": "10",
    "vm/dirty_ratio": "20",
    "vm/overcommit_memory": "0",
    "vm/stat_interval": "1",
    "vm/swappiness": "60",
}
"""The keys of the tree, with the values of Debian 12 (kernel 6.1) and of the EMS as it was found."""

CORES = (0, 1, 0, 1)
"""The physical core of each processor: four processors on two cores."""
DAEMON, DAEMON_PID, DAEMON_CPU = "v2g-daemon", 812, 1
"""The EMS: its name, its process, and the one processor on which it may run."""

_EMPTY = ("run/sysctl.d", "usr/lib/sysctl.d", "usr/local/lib/sysctl.d")
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
_LOCAL = "usr/local/lib/sysctl.d"
# mount(8) is told to take paths as they are, and begins with those that cannot hide the tree itself.
_MOUNT = (
    'root=$1; shift; for place in $PLACES; do mount -c --bind "$root/$place" "/$place" || exit 125; done; exec "$@"'
)
_MOUNT_FAILED = 125
_LONGEST_S = 30.0


class Forbidden(Exception):
    """Programs cannot be run on a tree here; the text says why."""


def make_tree(folder: Path, values: Mapping[str, str | None] | None = None) -> Path:
    """Make the tree of an EMS computer in `folder`, and give the folder.

    Args:
        folder: is made where it is not there.
        values: keys (net.v2g.islanding_timeout or net/v2g/islanding_timeout) with another value than in `KEYS`,
            further keys, or None for a key that this kernel does not provide.
    """
    changed = {key if "/" in key else key.replace(".", "/"): value for key, value in (values or {}).items()}
    (folder / "proc/sys").mkdir(parents=True)
    for key, value in {**KEYS, **changed}.items():
        if value is not None:
            _put(folder / "proc/sys" / key, value)
    _make_config(folder)
    _make_processors(folder)
    _make_daemon(folder)
    return folder


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def _make_config(folder: Path) -> None:
    for name in _EMPTY:
        (folder / name).mkdir(parents=True)
    _put(folder / "etc/sysctl.conf", "# Kernel settings; see sysctl.conf(5)")
    _put(folder / "etc/sysctl.d/README.sysctl", "Kernel settings can be put into files of this folder: NAME.conf")
    (folder / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    _put(folder / "etc/v2g/ems.conf", "# V2G energy management\nworker_processes=2")


def _make_processors(folder: Path) -> None:
    clock = folder / "sys/devices/system/clocksource/clocksource0"
    _put(clock / "current_clocksource", "tsc")
    _put(clock / "available_clocksource", "tsc hpet acpi_pm ")
    processors = folder / "sys/devices/system/cpu"
    for name in ("possible", "present", "online"):
        _put(processors / name, f"0-{len(CORES) - 1}")
    for cpu, core in enumerate(CORES):
        _make_topology(processors / f"cpu{cpu}/topology", core)
        _put(processors / f"cpu{cpu}/cpufreq/scaling_governor", "performance")
    _put(folder / "proc/cpuinfo", "\n\n".join(_processor(cpu, core) for cpu, core in enumerate(CORES)))


def _make_topology(folder: Path, core: int) -> None:
    siblings = [cpu for cpu, its_core in enumerate(CORES) if its_core == core]
    _put(folder / "core_id", str(core))
    _put(folder / "physical_package_id", "0")
    _put(folder / "thread_siblings_list", ",".join(map(str, siblings)))
    _put(folder / "thread_siblings", f"{sum(1 << cpu for cpu in siblings):x}")
    _put(folder / "core_siblings", f"{(1 << len(CORES)) - 1:x}")


def _processor(cpu: int, core: int) -> str:
    return (
        f"processor\t: {cpu}\nmodel name\t: V2G Bench Processor\nphysical id\t: 0\nsiblings\t: {len(CORES)}\n"
        f"core id\t\t: {core}\ncpu cores\t: {len(set(CORES))}"
    )


def _make_daemon(folder: Path) -> None:
    process = folder / f"proc/{DAEMON_PID}"
    _put(process / "comm", DAEMON)
    _put(
        process / "status",
        f"Name:\t{DAEMON}\nState:\tS (sleeping)\nPid:\t{DAEMON_PID}\nPPid:\t1\nThreads:\t1\n"
        f"Cpus_allowed:\t{1 << DAEMON_CPU:x}\nCpus_allowed_list:\t{DAEMON_CPU}",
    )


def run_on_tree(root: Path, argv: Sequence[str], *, as_root: bool | None = None) -> subprocess.CompletedProcess[str]:
    """Run an unmodified program on the tree, and give what it printed and its exit status.

    Args:
        root: the tree, or any folder with the same parts.
        argv: the program and its arguments.
        as_root: whether to use the rights of root instead of a user namespace; by default where they are there.

    Raises:
        Forbidden: this system lets nobody do that, or lacks a folder that the tree must cover.
        subprocess.TimeoutExpired: the program did not end within 30 s.
    """
    way = _way(os.geteuid() == 0 if as_root is None else as_root)
    done = subprocess.run(
        [*way, "sh", "-c", _MOUNT, "sh", str(root.resolve()), *argv],
        env={**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:{_SBIN}", "PLACES": " ".join(_places())},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_LONGEST_S,
    )
    if done.returncode == _MOUNT_FAILED and "mount:" in done.stderr:
        raise Forbidden(f"the tree cannot be laid over this system: {done.stderr.strip()}")
    _as_keys(root / "proc/sys")
    return done


def _places() -> list[str]:
    """Give what of the tree is laid over the system; only a folder that is there can be covered, else its parent is."""
    local = _LOCAL if Path("/", _LOCAL).is_dir() else str(Path(_LOCAL).parent)
    return ["proc/sys", "usr/lib/sysctl.d", local, "etc", "run"]


def _way(as_root: bool) -> list[str]:
    """Give the first way into a mount namespace that works; raises Forbidden with what each of them answered."""
    refusals = []
    for way in ["--mount"] if as_root else [], ["--user", "--map-root-user", "--mount"]:
        if not way:
            continue
        command = ["unshare", *way, "--"]
        try:
            tried = subprocess.run([*command, "true"], capture_output=True, text=True, timeout=_LONGEST_S)
        except FileNotFoundError:
            raise Forbidden("the program 'unshare' is missing; install it: sudo apt-get install util-linux") from None
        if tried.returncode == 0:
            return command
        refusals.append(tried.stderr.strip())
    raise Forbidden(f"this system forbids mount namespaces ({'; '.join(refusals)}); run it as root")


def _as_keys(keys: Path) -> None:
    """Cut what a shorter value left of a longer one: systemd-sysctl does not truncate, and a real key needs no such."""
    for key in keys.rglob("*"):
        if key.is_file() and not key.is_symlink():
            content = key.read_bytes()
            value = content.partition(b"\n")[0] + b"\n"
            if value != content:
                key.write_bytes(value)


def main(arguments: Sequence[str]) -> int:
    """Run `ROOT -- COMMAND…`; give the exit status of the command, 2 for a wrong call, 3 where it cannot be run."""
    if len(arguments) < 3 or arguments[1] != "--":
        sys.stderr.write("usage: python -m v2g_tool.bench.host.tree ROOT -- COMMAND...\n")
        return 2
    root = Path(arguments[0])
    if not root.exists():
        make_tree(root)
    try:
        done = run_on_tree(root, arguments[2:])
    except (Forbidden, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
