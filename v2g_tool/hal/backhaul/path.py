"""How large a packet may be on the way: what the route knows, and what an echo with fragmentation forbidden proves."""

from __future__ import annotations

import socket
from collections.abc import Callable

from v2g_tool.errors import NotPermitted, Unreachable
from v2g_tool.hal.backhaul.icmp import HEADERS_BYTES, IcmpWire
from v2g_tool.hal.backhaul.resolve import is_ipv6
from v2g_tool.model.telemetry import PathSize

BUDGET_S = 2.0
"""What the proof may take in all."""
SMALLEST_BYTES = 68
"""Every IPv4 link carries this in one piece (RFC 791)."""
_FIRST_WAIT_S = 0.5
_LEAST_WAIT_S = 0.05
_TRIES = 2
_DISCARD_PORT = 9
# linux/in.h and linux/in6.h; not in Python's socket module.
_IP_MTU_DISCOVER, _IP_MTU, _IPV6_MTU, _DO = 10, 14, 24, 2

Answered = Callable[[int], bool]
"""Tells whether a packet of so many bytes was answered."""


def route_mtu(address: str) -> int | None:
    """Give the largest packet that this computer's routing believes in, bytes; None without a route."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(address, _DISCARD_PORT, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if family == socket.AF_INET:
                probe.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _DO)
            probe.connect(where)
            level, option = (
                (socket.IPPROTO_IP, _IP_MTU) if family == socket.AF_INET else (socket.IPPROTO_IPV6, _IPV6_MTU)
            )
            return probe.getsockopt(level, option)
    except OSError:
        return None


def path_size(address: str, datagram_bytes: int, clock: Callable[[], float]) -> PathSize:
    """Give how large a packet may be, and whether datagrams of this payload pass uncut; takes 2 s at most."""
    route = route_mtu(address)
    if is_ipv6(address):
        return PathSize(route, None, "Over IPv6 nothing is cut on the way; only this computer's own routing was asked.")
    try:
        wire = IcmpWire(address)
    except (NotPermitted, Unreachable) as exc:
        return PathSize(route, None, f"Only this computer's own routing was asked: {exc.what}.")
    try:
        wire.forbid_fragments()
        needed = datagram_bytes + HEADERS_BYTES
        proven = largest(_Prober(wire, clock), needed, route)
    finally:
        wire.close()
    return PathSize(route, proven, _statement(needed, proven))


class _Prober:
    """Asks with packets of one size after the other, within the budget; waits as long as the first answers took."""

    def __init__(self, wire: IcmpWire, clock: Callable[[], float]) -> None:
        self._wire, self._clock = wire, clock
        self._until_s = clock() + BUDGET_S
        self._wait_s = _FIRST_WAIT_S
        self._sequence = 0

    def __call__(self, packet_bytes: int) -> bool:
        return any(self._try(packet_bytes) for _ in range(_TRIES))

    def _try(self, packet_bytes: int) -> bool:
        asked_s, self._sequence = self._clock(), self._sequence + 1
        until_s = min(asked_s + self._wait_s, self._until_s)
        if until_s <= asked_s:
            return False
        try:
            self._wire.ask(self._sequence, packet_bytes)
        except OSError:
            return False  # it does not even fit through the first interface
        while (left_s := until_s - self._clock()) > 0:
            if self._sequence in self._wire.answers(left_s):
                self._wait_s = min(self._wait_s, max(_LEAST_WAIT_S, 3 * (self._clock() - asked_s)))
                return True
        return False


def largest(answered: Answered, needed: int, route: int | None) -> int | None:
    """Give the largest size up to `needed` that is answered, found by halving; None when not even the smallest is."""
    if answered(needed):
        return needed
    if not answered(SMALLEST_BYTES):
        return None
    low, high = SMALLEST_BYTES, needed
    if route is not None and low < route < high:
        low, high = (route, high) if answered(route) else (low, route)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if answered(middle) else (low, middle)
    return low


def _statement(needed: int, proven: int | None) -> str:
    if proven is None:
        return "No echo was answered, so only this computer's own routing is known."
    if proven >= needed:
        return f"A packet of {needed} bytes, as the datagrams make, was answered with fragmentation forbidden."
    return (
        f"Packets of up to {proven} bytes were answered with fragmentation forbidden; "
        f"one of {needed} bytes, as the datagrams make, was not."
    )
