"""HomePlug AV frames on one network interface: an AF_PACKET socket with a filter in the kernel, a deadline, no polling.

The socket listens to all protocols (ETH_P_ALL), not to 0x88E1 alone: only then a port of a bridge is heard before the
bridge takes its frames, a VLAN tag is told, and frames that another program on this computer sends (the charger's own
SLAC) are seen too. The kernel never hands a socket its own frames back; frames of others that leave are marked `sent`.
"""

from __future__ import annotations

import errno
import os
import select
import shlex
import socket
import struct
import sys
import time
from array import array
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

from v2g_tool.errors import NotPermitted, Unreachable, V2GError
from v2g_tool.hal.homeplug.interface import Interface, interfaces, usable
from v2g_tool.model.plc import Captured

ETHERTYPE = 0x88E1
"""HomePlug AV."""

BUFFER_BYTES = 4 << 20
"""What is asked of the kernel; an unprivileged program gets at most twice net.core.rmem_max."""
_FRAME_BYTES = 2048
_ANCILLARY_BYTES = 256

# linux/if_packet.h, linux/if_ether.h, asm-generic/socket.h, linux/filter.h; not in Python's socket module.
_SOL_PACKET, _ADD_MEMBERSHIP, _STATISTICS, _AUXDATA, _PROMISCUOUS = 263, 1, 6, 8, 1
_ALL_PROTOCOLS = 0x0003
_OUTGOING = 4
_ATTACH_FILTER, _TIMESTAMP_NS = 26, 35
_AUXILIARY = struct.Struct("=IIIHHHH")
_VLAN_VALID, _VLAN_TYPE_VALID = 0x10, 0x40
_VLAN_TYPES = (0x8100, 0x88A8)
_TIME = struct.Struct("@ll")
_NO_KIND = b"\xff\xff"
_LOAD_HALF, _JUMP_EQUAL, _RETURN = 0x28, 0x15, 0x06


def _filter_program(kinds: Collection[bytes] = ()) -> list[tuple[int, int, int, int]]:
    """Give the classic BPF program: (code, jump if true, jump if false, operand), jumps relative to the next line.

    The outermost VLAN tag has been taken off when the filter runs; a second one, or the tag of a frame that leaves,
    is still in the frame. Of untagged messages those of `kinds` pass; of all if it is empty.
    """
    wanted = [(_JUMP_EQUAL, len(kinds) - at, 0, int.from_bytes(kind)) for at, kind in enumerate(sorted(kinds))]
    chosen = [(_LOAD_HALF, 0, 0, 15), *wanted, (_RETURN, 0, 0, 0)] if wanted else []
    return [
        (_LOAD_HALF, 0, 0, 12),
        (_JUMP_EQUAL, 5, 0, ETHERTYPE),
        (_JUMP_EQUAL, 1, 0, _VLAN_TYPES[0]),
        (_JUMP_EQUAL, 0, 2, _VLAN_TYPES[1]),
        (_LOAD_HALF, 0, 0, 16),
        (_JUMP_EQUAL, 1 + len(chosen), 0, ETHERTYPE),
        (_RETURN, 0, 0, 0),
        *chosen,
        (_RETURN, 0, 0, _FRAME_BYTES),
    ]


class PacketWire:
    """An opened interface; fulfils `Wire`. Made by `open_wire`."""

    def __init__(self, interface: Interface, opened: socket.socket) -> None:
        self.interface = interface
        self.mac = interface.mac
        self._socket = opened
        self._ready = select.poll()
        self._ready.register(opened, select.POLLIN)
        self._lost = 0

    @property
    def lost(self) -> int:
        """Frames that arrived but did not fit into the buffer, since it was opened."""
        counted = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 8)
        self._lost += struct.unpack("=II", counted)[1]  # the kernel clears its count with each reading
        return self._lost

    def send(self, frame: bytes) -> Captured:
        """Send one frame and give it with its time; a full queue loses it like a wire does. Raises Unreachable."""
        sent = Captured(time.time(), frame, sent=True)
        try:
            self._socket.send(frame)
        except OSError as exc:
            if exc.errno not in (errno.ENOBUFS, errno.EAGAIN):
                raise self._gone(exc) from exc
        return sent

    def receive(self, deadline_s: float) -> Captured | None:
        """Give the next frame, or None once the monotonic clock has reached the deadline; raises Unreachable."""
        while (left_s := deadline_s - time.monotonic()) > 0:
            try:
                return _captured(*self._socket.recvmsg(_FRAME_BYTES, _ANCILLARY_BYTES))
            except BlockingIOError:
                self._ready.poll(left_s * 1000)
            except OSError as exc:
                raise self._gone(exc) from exc
        return None

    @contextmanager
    def only(self, kinds: Collection[bytes]) -> Iterator[None]:
        """Hear these kinds of messages alone; see `Wire`."""
        _attach_filter(self._socket, kinds)
        try:
            yield
        finally:
            _attach_filter(self._socket)

    def forget(self) -> None:
        """Drop the frames that wait in the buffer; nothing comes in meanwhile, or a flood would never let it end."""
        with self.only([_NO_KIND]), suppress(OSError):
            while True:
                self._socket.recv(1)

    def _gone(self, exc: OSError) -> Unreachable:
        return Unreachable(
            f"the interface '{self.interface.name}' failed while it was in use: {exc.strerror}",
            why="It was switched off or unplugged, or another program (NetworkManager) took it down.",
            todo=f"Plug it in, check 'ip link show {self.interface.name}' and run again.",
        )


@contextmanager
def open_wire(interface: str) -> Iterator[PacketWire]:
    """Open an interface for HomePlug AV frames.

    Raises:
        RequestError: no such interface, or one of a kind that reaches no modem.
        Unreachable: it is down or has no carrier.
        NotPermitted: the right to send raw frames is missing; `todo` is the command that grants it.
    """
    found = usable(interface, interfaces())
    try:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError as exc:
        raise _not_permitted() from exc
    with opened:
        try:
            _prepare(opened, found)
        except OSError as exc:
            raise _not_opened(found, exc) from exc
        yield PacketWire(found, opened)


def grant_command(command: Sequence[str], environment: Sequence[tuple[str, str]], uid: int, gid: int) -> str:
    """Give the shell command that runs `command` as this user with CAP_NET_RAW and no other right.

    The right is given to one process (ambient capability, setpriv of util-linux); a capability on the file would be one
    of the shared Python interpreter, and so of every script of every user.
    """
    granting = ["sudo", "setpriv", f"--reuid={uid}", f"--regid={gid}", "--init-groups", "--reset-env"]
    granting += ["--inh-caps=+net_raw", "--ambient-caps=+net_raw", "--"]
    kept = ["env", *(f"{name}={value}" for name, value in environment)] if environment else []
    return shlex.join([*granting, *kept, *command])


def _prepare(opened: socket.socket, interface: Interface) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    opened.setsockopt(socket.SOL_SOCKET, _TIMESTAMP_NS, 1)
    opened.setsockopt(_SOL_PACKET, _AUXDATA, 1)
    _attach_filter(opened)
    # Unicast of a charger and its modem that passes by is evidence too; ends with the socket.
    member = struct.pack("=iHH8x", interface.number, _PROMISCUOUS, 0)
    opened.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, member)
    opened.bind((interface.name, _ALL_PROTOCOLS))
    opened.setblocking(False)


def _attach_filter(opened: socket.socket, kinds: Collection[bytes] = ()) -> None:
    program = b"".join(struct.pack("=HBBI", *line) for line in _filter_program(kinds))
    place, _ = (kept := array("B", program)).buffer_info()
    # struct sock_fprog: number of lines, padding, pointer.
    opened.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("@HP", len(kept) // 8, place))


def _captured(
    data: bytes, ancillary: list[tuple[int, int, bytes]], _flags: int, address: tuple[object, ...]
) -> Captured:
    time_s = 0.0
    for level, kind, value in ancillary:
        if level == _SOL_PACKET and kind == _AUXDATA:
            data = _tagged(data, value)
        elif level == socket.SOL_SOCKET and kind == _TIMESTAMP_NS:
            seconds, nanoseconds = _TIME.unpack_from(value)
            time_s = seconds + nanoseconds / 1e9
    return Captured(time_s or time.time(), data, sent=address[2] == _OUTGOING)


def _tagged(data: bytes, auxiliary: bytes) -> bytes:
    """Give the frame with the VLAN tag that the kernel has taken off."""
    status, _, _, _, _, tag, kind = _AUXILIARY.unpack_from(auxiliary)
    if not status & _VLAN_VALID:
        return data
    return data[:12] + struct.pack(">HH", kind if status & _VLAN_TYPE_VALID else _VLAN_TYPES[0], tag) + data[12:]


def _not_permitted() -> NotPermitted:
    what = "this program may not use raw Ethernet: it lacks the capability CAP_NET_RAW"
    if os.geteuid() == 0:
        return NotPermitted(
            what,
            why="The container or service was started without this capability.",
            todo="Start it with CAP_NET_RAW, for example 'docker run --cap-add=NET_RAW …'.",
        )
    command = grant_command(_own_command(), _own_environment(), os.getuid(), os.getgid())
    return NotPermitted(
        what,
        why="Linux gives it to nobody but root by default; this program needs it alone, and only while it runs.",
        todo=f"Run: {command}",
    )


def _own_command() -> list[str]:
    """Give the command line of this process so that it can be run again from anywhere: sudo knows another PATH."""
    script = os.path.abspath(sys.argv[0])  # noqa: PTH100 - a link to the script in a venv must stay that link
    return [script, *sys.argv[1:]] if os.access(script, os.X_OK) else [sys.executable, *sys.orig_argv[1:]]


def _own_environment() -> list[tuple[str, str]]:
    """Give what `--reset-env` would take away and this program reads."""
    kept = ("XDG_CONFIG_HOME", "XDG_STATE_HOME")
    return sorted((name, value) for name, value in os.environ.items() if name.startswith("V2G_") or name in kept)


def _not_opened(interface: Interface, exc: OSError) -> V2GError:
    return Unreachable(
        f"the interface '{interface.name}' cannot be opened: {exc.strerror}",
        why="It has gone since it was looked at, or the kernel lacks packet sockets (CONFIG_PACKET).",
        todo=f"Check 'ip link show {interface.name}' and run again.",
    )
