"""An own network for the bench: a namespace with its loopback and the veth pairs that lead to the modems.

From there it can make further networks, for whom it has a cable to.

With CAP_SYS_ADMIN only the network is new. Without it a user namespace comes first, in which the caller keeps
its user and group, so files keep their owner, and has the rights over that network and nothing else.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CAP_NET_ADMIN, _CAP_NET_RAW = 12, 13
_CAPABILITY_VERSION = 0x20080522
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_PROC = Path("/proc")
_NETWORK = _PROC / "thread-self/ns/net"

# Which switch of a system forbids user namespaces, the value that does, and the one that allows them.
_SWITCHES = {
    "user.max_user_namespaces": ("0", "10000"),
    "kernel.unprivileged_userns_clone": ("0", "1"),
    "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),
}


class VethPair(NamedTuple):
    """Two interfaces that are one cable."""

    near: str
    near_mac: str
    far: str
    far_mac: str


class Missing(Exception):
    """There can be no own network; the text says why, and which command changes that."""


@contextlib.contextmanager
def own_network(pairs: list[VethPair]) -> Iterator[str]:
    """Be in an own network with these veth pairs; give "" or, when they cannot be, why, with the command that helps.

    The loopback works in either case. Where only the network is new, the old one is back afterwards; a user namespace
    has no way out.
    """
    with _NETWORK.open("rb") as home:
        try:
            yield _tried(pairs)
        finally:
            with contextlib.suppress(OSError):
                _call("setns", home.fileno(), _CLONE_NEWNET)


def _tried(pairs: list[VethPair]) -> str:
    """Enter it; give what stands against that, "" for nothing."""
    try:
        _enter()
        _connect(pairs)
    except Missing as error:
        return str(error)
    return ""


def another_network() -> int:
    """Make a further network, with its loopback; give a descriptor that keeps it.

    Only where `own_network` did not refuse: a user namespace gives the right to this thread and not to its programs.

    Raises:
        OSError: the kernel refuses.
    """
    with _and_back():
        _call("unshare", _CLONE_NEWNET)
        _loopback_up()
        _silence_ipv6()
        return os.open(_NETWORK, os.O_RDONLY | os.O_CLOEXEC)


@contextlib.contextmanager
def inside(network: int) -> Iterator[None]:
    """Be in another network with this thread; the sockets, threads and programs that it starts there stay there."""
    with _and_back():
        _call("setns", network, _CLONE_NEWNET)
        yield


@contextlib.contextmanager
def _and_back() -> Iterator[None]:
    """Return to the present network afterwards."""
    with _NETWORK.open("rb") as home:
        try:
            yield
        finally:
            _call("setns", home.fileno(), _CLONE_NEWNET)


def _enter() -> None:
    try:
        _call("unshare", _CLONE_NEWNET)
    except OSError:
        _try_user_namespace()
        _enter_user_namespace()
    _loopback_up()


def _try_user_namespace() -> None:
    """Try it in a child: some systems let a process in and then take its rights, and there is no way back."""
    if len(list((_PROC / "self/task").iterdir())) > 1:
        raise Missing("only a program with one thread can enter a user namespace; use: v2g-tool bench run")
    child = os.fork()
    if child == 0:
        try:
            _enter_user_namespace()
            _loopback_up()
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise Missing(_advice())


def _enter_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWUSER | _CLONE_NEWNET)
    for file, content in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        (_PROC / "self" / file).write_text(content)
    _keep_rights_over_exec()


def _keep_rights_over_exec() -> None:
    """Let programs that are started have the rights over the network, although their user is not root."""
    head = ctypes.create_string_buffer(struct.pack("<Ii", _CAPABILITY_VERSION, 0))
    sets = ctypes.create_string_buffer(24)
    _call("capget", head, sets)
    effective, permitted, _, *upper = struct.unpack("<6I", sets.raw)
    inheritable = 1 << _CAP_NET_ADMIN | 1 << _CAP_NET_RAW
    _call("capset", head, struct.pack("<6I", effective, permitted, inheritable, *upper))
    for right in (_CAP_NET_ADMIN, _CAP_NET_RAW):
        _call("prctl", _PR_CAP_AMBIENT, *(ctypes.c_ulong(n) for n in (_PR_CAP_AMBIENT_RAISE, right, 0, 0)))


def _advice() -> str:
    for name, (forbidding, allowing) in _SWITCHES.items():
        with contextlib.suppress(OSError):
            if (_PROC / "sys" / name.replace(".", "/")).read_text().strip() == forbidding:
                return f"this system forbids user namespaces; allow them: sudo sysctl -w {name}={allowing}"
    return "the kernel refuses a network namespace; run the bench as: sudo -E v2g-tool bench run …"


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def _silence_ipv6() -> None:
    with contextlib.suppress(OSError):  # no IPv6 here; otherwise its chatter would fill the wires
        (_PROC / "sys/net/ipv6/conf/default/addr_gen_mode").write_text("1")


def _connect(pairs: list[VethPair]) -> None:
    _silence_ipv6()
    lines = []
    for pair in pairs:
        far = f"name {pair.far} address {pair.far_mac}"
        lines.append(f"link add name {pair.near} address {pair.near_mac} type veth peer {far}")
        lines += [f"link set {name} up" for name in (pair.far, pair.near)]
    try:
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True, capture_output=True)
    except FileNotFoundError:
        raise Missing("the program 'ip' is missing; install it: sudo apt-get install iproute2") from None
    except subprocess.CalledProcessError as error:
        raise Missing(f"the kernel makes no veth pairs ({error.stderr.strip()}); try: sudo modprobe veth") from error


def _call(name: str, *arguments: object) -> None:
    """Call a function of the C library; its error number becomes an OSError."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
