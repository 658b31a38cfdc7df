"""From a name to IP addresses, within a bound: a resolver without servers takes half a minute and cannot be ended."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Resolved:
    """The addresses of a name in the order in which they are to be tried; or why there are none."""

    addresses: Sequence[str]
    complaint: str = ""


def resolve(host: str, timeout_s: float) -> Resolved:
    """Give the addresses of `host`, a name or an address itself."""
    found: list[Resolved] = []
    thread = threading.Thread(target=lambda: found.append(_looked_up(host)), name=f"resolve {host}", daemon=True)
    thread.start()
    thread.join(timeout_s)
    return found[0] if found else Resolved((), f"the name service did not answer within {timeout_s:g} s")


def _looked_up(host: str) -> Resolved:
    try:
        entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        names = [socket.getnameinfo(entry[4], socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0] for entry in entries]
    except (OSError, ValueError) as exc:  # ValueError: no name at all, such as an empty label
        return Resolved((), str(exc.args[-1]) if exc.args else str(exc))
    return Resolved(tuple(dict.fromkeys(names)))


def is_ipv6(address: str) -> bool:
    """Tell an IPv6 address from an IPv4 one."""
    return ":" in address
