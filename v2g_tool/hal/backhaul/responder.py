"""Who answers on the server's port: an iperf3 server, a live Modbus device, or somebody else.

One message asks both. To an iperf3 server its 37 bytes are the cookie that begins a test (src/iperf_server_api.c,
iperf_accept); to a Modbus device they are two whole read-only requests: read device identification (43/14, V1.1b3 6.21)
and diagnostics, return query data (08/00, 6.8). Neither writes, neither is a protocol error.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable

from v2g_tool.hal.backhaul.resolve import resolve
from v2g_tool.model.telemetry import Responder, ResponderKind

MESSAGE = bytes.fromhex("0001 0000 0005 01 2b0e0100" + "0002 0000 0014 01 08 0000") + b"v2g-tool asks..."
ANSWER_S = 1.5
"""So long the peer may think before it counts as silent."""

_PARAM_EXCHANGE, _ACCESS_DENIED = b"\x09", b"\xff"
_HEADER_BYTES = 8
_MOST_BYTES = 512
_SHOWN = 60
_OBJECTS = ("vendor", "product", "revision")
_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    6: "device busy",
    10: "gateway path unavailable",
    11: "gateway target does not answer",
}


def classify(answer: bytes) -> tuple[ResponderKind, str]:
    """Give who speaks so, and what it said in words."""
    if not answer:
        return "silent", "takes the connection and says nothing"
    if answer == _PARAM_EXCHANGE:
        return "iperf3", "an iperf3 server that is ready"
    if answer == _ACCESS_DENIED:
        return "iperf3-busy", "an iperf3 server that runs another test"
    return ("modbus", _modbus_words(answer)) if _is_modbus(answer) else ("other", f"says {_excerpt(answer)}")


def _is_modbus(answer: bytes) -> bool:
    """Tell an answer to one of the two requests by its header and function."""
    if len(answer) < _HEADER_BYTES:
        return False
    length = int.from_bytes(answer[4:6], "big")
    asked = {b"\x00\x01": 0x2B, b"\x00\x02": 0x08}.get(answer[:2])
    return answer[2:4] == b"\0\0" and 2 <= length <= 254 and answer[7] & 0x7F == asked


def _modbus_words(answer: bytes) -> str:
    function, rest = answer[7], answer[_HEADER_BYTES : 6 + int.from_bytes(answer[4:6], "big")]
    if function & 0x80:
        code = rest[0] if rest else 0
        return f"a Modbus device: exception {code}, {_EXCEPTIONS.get(code, 'no known code')}"
    named = _identification(rest) if function == 0x2B else {}
    return ", ".join(["a Modbus device", *(f"{name} {text}" for name, text in named.items())])


def _identification(rest: bytes) -> dict[str, str]:
    """Give vendor, product and revision, as far as they are there: MEI 14, code, conformity, more, next, count."""
    found, place = {}, 6
    while rest[:1] == b"\x0e" and place + 2 <= len(rest):
        number, length = rest[place], rest[place + 1]
        if number < len(_OBJECTS):
            found[_OBJECTS[number]] = _printable(rest[place + 2 : place + 2 + length])
        place += 2 + length
    return found


def _printable(content: bytes) -> str:
    text = content[:_SHOWN].decode("ascii", "backslashreplace")
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)


def _excerpt(answer: bytes) -> str:
    return f"'{_printable(answer.rstrip())}'{' …' if len(answer) > _SHOWN else ''}"


def _complete(answer: bytes) -> bool:
    """Tell whether no further byte could change what it is called."""
    if not _is_modbus(answer):
        return len(answer) >= _HEADER_BYTES or answer in (_PARAM_EXCHANGE, _ACCESS_DENIED)
    return len(answer) >= 6 + int.from_bytes(answer[4:6], "big")


def who_answers(
    host: str, port: int, timeout_s: float, heard: Callable[[bytes], object] = lambda _answer: None
) -> Responder:
    """Connect to each address of `host` until one takes the connection, ask, and close at once.

    Args:
        host: name or address.
        port: the TCP port.
        timeout_s: bound of the name service, and of each attempt to connect.
        heard: is given what the peer said.
    """
    resolved = resolve(host, timeout_s)
    if not resolved.addresses:
        return Responder("unknown-host", resolved.complaint)
    refusal = Responder("unreachable", "")
    for address in resolved.addresses:
        try:
            with socket.create_connection((address, port), timeout=timeout_s) as connection:
                answer = _answer(connection)
        except OSError as exc:
            refusal = _refusal(exc, address)
        else:
            heard(answer)
            return Responder(*classify(answer), address)
    return refusal


def _refusal(exc: OSError, address: str) -> Responder:
    kind: ResponderKind = "refused" if isinstance(exc, ConnectionRefusedError) else "unreachable"
    return Responder(kind, exc.strerror or "timed out", address)


def _answer(connection: socket.socket) -> bytes:
    """Ask, and give the first bytes that the peer says; a reset ends what it says, and is no error."""
    answer, until_s = b"", time.monotonic() + ANSWER_S
    with contextlib.suppress(OSError):  # refused by a server that is busy: its one byte may have come all the same
        connection.sendall(MESSAGE)
    try:
        while not _complete(answer) and (left_s := until_s - time.monotonic()) > 0 and len(answer) < _MOST_BYTES:
            connection.settimeout(left_s)
            part = connection.recv(_MOST_BYTES)
            if not part:
                break
            answer += part
    except OSError:
        pass
    return answer
