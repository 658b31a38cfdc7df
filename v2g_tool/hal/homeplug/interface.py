"""Network interfaces as the kernel describes them, and whether a PLC modem can be reached through one.

Asked by rtnetlink, not read from /sys/class/net: in a network namespace /sys may still show another one's interfaces.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from v2g_tool.errors import RequestError, Unreachable, V2GError

_GETLINK, _NEWLINK, _DONE = 18, 16, 3
_DUMP_REQUEST = 0x301
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ATTRIBUTE = struct.Struct("=HH")
_ADDRESS, _NAME, _MASTER, _LINKINFO, _KIND = 1, 3, 10, 18, 1
_NESTED = 0x8000
_UP, _LOOPBACK, _LOWER_UP = 0x1, 0x8, 0x10000
_ETHERNET = 1
"""ARPHRD_ETHER of if_arp.h."""
_BRIDGES = frozenset({"bridge", "openvswitch"})


@dataclass(frozen=True)
class Interface:
    """One network interface; `kind` is empty for hardware, `master` the number of its bridge or bond, 0 without one."""

    name: str
    number: int
    mac: str
    ethernet: bool
    loopback: bool
    up: bool
    carrier: bool
    kind: str
    master: int


def interfaces() -> dict[str, Interface]:
    """Give the interfaces of this network namespace by name; raises Unreachable where the kernel does not tell."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as asked:
            asked.settimeout(1.0)
            body = _LINK.pack(0, 0, 0, 0, 0)
            asked.send(_HEADER.pack(_HEADER.size + len(body), _GETLINK, _DUMP_REQUEST, 1, 0) + body)
            return {link.name: link for link in _answers(asked)}
    except OSError as exc:
        raise Unreachable(
            f"the network interfaces of this computer cannot be listed: {exc}",
            why="A sandbox or container keeps programs from asking the kernel (AF_NETLINK).",
            todo="Run outside the sandbox.",
        ) from exc


def usable(name: str, known: Mapping[str, Interface]) -> Interface:
    """Give the interface of this name if a PLC modem can be behind it.

    Raises:
        RequestError: there is none of this name, or it is of a kind that reaches no modem.
        Unreachable: it is down or has no carrier.
    """
    if name not in known:
        raise _unknown(name, known)
    interface = known[name]
    objection = _of_kind(interface, known) or _of_state(interface)
    if objection:
        raise objection
    return interface


def read_links(data: bytes) -> Iterator[Interface | None]:
    """Give the interfaces in rtnetlink messages; None stands for the end of the list. Total over bytes."""
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        body, data = data[_HEADER.size : length], data[max(_padded(length), _HEADER.size) :]
        if kind == _DONE:
            yield None
        elif kind == _NEWLINK and len(body) >= _LINK.size:
            yield _interface(body)


def _answers(asked: socket.socket) -> Iterator[Interface]:
    while True:
        for link in read_links(asked.recv(1 << 16)):
            if link is None:
                return
            yield link


def _interface(body: bytes) -> Interface:
    _, hardware, number, flags, _ = _LINK.unpack_from(body)
    said = _attributes(body[_LINK.size :])
    return Interface(
        name=_text(said.get(_NAME)),
        number=number,
        mac=said.get(_ADDRESS, b"").hex(":"),
        ethernet=hardware == _ETHERNET,
        loopback=bool(flags & _LOOPBACK),
        up=bool(flags & _UP),
        carrier=bool(flags & _LOWER_UP),
        kind=_text(_attributes(said.get(_LINKINFO, b"")).get(_KIND)),
        master=int.from_bytes(said.get(_MASTER, b""), sys.byteorder),
    )


def _text(value: bytes | None) -> str:
    return (value or b"").rstrip(b"\0").decode(errors="replace")


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        found[kind & ~_NESTED] = data[_ATTRIBUTE.size : length]
        data = data[max(_padded(length), _ATTRIBUTE.size) :]
    return found


def _padded(length: int) -> int:
    return (length + 3) & ~3


def _listed(known: Mapping[str, Interface]) -> str:
    return ", ".join(sorted(name for name, link in known.items() if not link.loopback)) or "none but the loopback"


def _unknown(name: str, known: Mapping[str, Interface]) -> RequestError:
    return RequestError(
        f"this computer has no network interface '{name}'",
        why=f"The interfaces here are: {_listed(known)}.",
        todo="Name the interface that the PLC modem is plugged into; a USB adapter shows only while it is plugged in.",
    )


def _of_kind(interface: Interface, known: Mapping[str, Interface]) -> V2GError | None:
    if interface.loopback or not interface.ethernet:
        return RequestError(
            f"'{interface.name}' is {'the loopback' if interface.loopback else 'no Ethernet interface'}; "
            "a PLC modem speaks raw Ethernet",
            why=f"The interfaces here are: {_listed(known)}.",
            todo="Name the interface that the PLC modem is plugged into.",
        )
    if interface.kind in _BRIDGES:
        return _bridge(interface, known)
    if Path("/sys/class/net", interface.name, "phy80211").exists():
        return RequestError(
            f"'{interface.name}' is a wireless interface; a PLC modem is plugged into a wire",
            why="Wireless cards and access points do not pass on the frames that modems speak.",
            todo="Name the wired interface that the PLC modem is plugged into.",
        )
    return None


def _bridge(interface: Interface, known: Mapping[str, Interface]) -> RequestError:
    ports = ", ".join(sorted(link.name for link in known.values() if link.master == interface.number))
    return RequestError(
        f"'{interface.name}' is a bridge: through it modems on different ports cannot be told apart",
        why=f"The bridge joins these interfaces: {ports or 'none at present'}.",
        todo="Name the port that the PLC modem is plugged into; the bridge may stay as it is.",
    )


def _of_state(interface: Interface) -> V2GError | None:
    name = interface.name
    if not interface.up:
        return Unreachable(
            f"the interface '{name}' is switched off",
            why="Nothing has brought it up since this computer started.",
            todo=f"Bring it up with 'sudo ip link set {name} up' and run again.",
        )
    if not interface.carrier:
        return Unreachable(
            f"the interface '{name}' has no carrier",
            why="The cable is not plugged in, or the modem at its other end has no power.",
            todo=f"Check plug and power of the modem until 'ip link show {name}' no longer says NO-CARRIER.",
        )
    return None
