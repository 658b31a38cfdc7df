"""ICMP echo (RFC 792, RFC 4443) through a ping socket, which needs no privilege, or through a raw one."""

from __future__ import annotations

import secrets
import select
import socket
import struct
from collections.abc import Sequence

from v2g_tool.errors import NotPermitted, Unreachable
from v2g_tool.hal.backhaul.resolve import is_ipv6

GRANT = 'sudo sysctl -w net.ipv4.ping_group_range="0 2147483647"'
HEADERS_BYTES = 28
"""IPv4 without options, and ICMP; IPv4 and UDP are as long."""
_REQUEST, _REPLY = {False: 8, True: 128}, {False: 0, True: 129}
_NONCE_BYTES, _SEQUENCE_BYTES = 8, 8
_USUAL_BYTES = HEADERS_BYTES + 56
_MOST_BYTES = 65_536
_MTU_DISCOVER, _PROBE = 10, 3
"""linux/in.h: forbid fragmentation, and do not believe what the route remembers."""


class IcmpWire:
    """Fulfils `EchoWire`; also sends packets of a wanted size that must not be cut.

    Args:
        address: IPv4 or IPv6.

    Raises:
        NotPermitted: the kernel gives this user no such socket.
        Unreachable: there is no route.
    """

    most_pending = 1 << 16

    def __init__(self, address: str) -> None:
        self._ipv6 = is_ipv6(address)
        self._nonce = secrets.token_bytes(_NONCE_BYTES)
        self._identifier = secrets.randbelow(1 << 16)
        self._socket, self._raw = _opened(ipv6=self._ipv6)
        self._ready = select.poll()
        self._ready.register(self._socket, select.POLLIN)
        try:
            self._socket.connect(socket.getaddrinfo(address, 0, type=socket.SOCK_DGRAM)[0][4])
        except OSError as exc:
            self._socket.close()
            raise no_route(address, exc) from exc

    def forbid_fragments(self) -> None:
        """Forbid fragmentation of what is sent from now on; IPv4 only."""
        self._socket.setsockopt(socket.IPPROTO_IP, _MTU_DISCOVER, _PROBE)

    def ask(self, sequence: int, packet_bytes: int = _USUAL_BYTES) -> None:
        """Send an echo request as an IPv4 packet of this size, in bytes; for IPv6 it is 20 longer."""
        payload = self._nonce + sequence.to_bytes(_SEQUENCE_BYTES, "big")
        payload = payload.ljust(packet_bytes - HEADERS_BYTES, b"\0")
        head = struct.pack(">BBHHH", _REQUEST[self._ipv6], 0, 0, self._identifier, sequence & 0xFFFF)
        if self._raw and not self._ipv6:  # elsewhere the kernel does it
            head = head[:2] + struct.pack(">H", checksum(head + payload)) + head[4:]
        self._socket.send(head + payload)

    def answers(self, wait_s: float) -> Sequence[int]:
        """Give the numbers of the replies to this socket's own requests."""
        found: list[int] = []
        self._ready.poll(wait_s * 1000)
        try:
            while (packet := self._socket.recv(_MOST_BYTES)) and len(found) < self.most_pending:
                if (sequence := self._own(packet)) is not None:
                    found.append(sequence)
        except OSError:
            pass  # nothing more, or an ICMP error, which is no answer
        return found

    def _own(self, packet: bytes) -> int | None:
        if self._raw and not self._ipv6:
            packet = packet[4 * (packet[0] & 0x0F) :]
        return own_sequence(packet, self._nonce, _REPLY[self._ipv6])

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def own_sequence(message: bytes, nonce: bytes, reply: int) -> int | None:
    """Give the number in an ICMP message if it is a reply to one of ours, which its nonce tells."""
    payload = message[8:]
    if message[:1] != bytes([reply]) or not payload.startswith(nonce):
        return None
    number = payload[len(nonce) : len(nonce) + _SEQUENCE_BYTES]
    return int.from_bytes(number, "big") if len(number) == _SEQUENCE_BYTES else None


def checksum(message: bytes) -> int:
    """Give the Internet checksum (RFC 1071)."""
    padded = message + bytes(len(message) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _opened(*, ipv6: bool) -> tuple[socket.socket, bool]:
    """Give a socket that does not block, and whether it is a raw one."""
    family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if ipv6 else (socket.AF_INET, socket.IPPROTO_ICMP)
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError:
            continue  # not permitted, or a kernel without ping sockets: the other kind may do
        opened.setblocking(False)
        return opened, kind == socket.SOCK_RAW
    raise NotPermitted(
        "this user may not send ICMP echo requests",
        why="The kernel gives ping sockets only to the groups in net.ipv4.ping_group_range.",
        todo=f"Run: {GRANT}",
    )


def no_route(address: str, exc: OSError) -> Unreachable:
    """Tell that this computer knows no way to `address`."""
    return Unreachable(
        f"no echo can be sent to {address}: {exc.strerror or exc}",
        why="This computer has no route there, or the service does not listen.",
        todo="Check 'ip route get' with this address, and [telemetry] echo and echo_port in the site file.",
    )
