"""Questions over UDP, TCP and Modbus/TCP: echo services (RFC 862), and transactions that only read."""

from __future__ import annotations

import secrets
import select
import socket
import struct
import time
from collections.abc import Sequence

from v2g_tool.hal.backhaul.icmp import no_route

ECHO_PORT, MODBUS_PORT = 7, 502
CONNECT_S = 2.0
_RECONNECT_S = 0.5
_NONCE_BYTES, _SEQUENCE_BYTES = 8, 8
_RECORD_BYTES = _NONCE_BYTES + _SEQUENCE_BYTES
_PART_BYTES = 65_536
_READ_HOLDING = 3
_HEADER = struct.Struct(">HHHBB")


class UdpEchoWire:
    """Datagrams to an echo service; raises Unreachable without a route."""

    most_pending = 1 << 16

    def __init__(self, address: str, port: int) -> None:
        self._nonce = secrets.token_bytes(_NONCE_BYTES)
        family, kind, protocol, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM)[0]
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)
        self._ready = select.poll()
        self._ready.register(self._socket, select.POLLIN)
        try:
            self._socket.connect(where)
        except OSError as exc:
            self._socket.close()
            raise no_route(address, exc) from exc

    def ask(self, sequence: int) -> None:
        """Send one datagram of 16 bytes."""
        self._socket.send(self._nonce + sequence.to_bytes(_SEQUENCE_BYTES, "big"))

    def answers(self, wait_s: float) -> Sequence[int]:
        """Give the numbers in the datagrams that came back whole."""
        found: list[int] = []
        self._ready.poll(wait_s * 1000)
        try:
            while len(found) < self.most_pending:
                content = self._socket.recv(_PART_BYTES)
                if len(content) == _RECORD_BYTES and content.startswith(self._nonce):
                    found.append(int.from_bytes(content[_NONCE_BYTES:], "big"))
        except OSError:
            pass  # nothing more, or a port unreachable, which is no answer
        return found

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class _Stream:
    """A TCP connection that is made again after it was lost, and the bytes of it that are not understood yet.

    Raises Unreachable when the first attempt fails.
    """

    def __init__(self, address: str, port: int) -> None:
        self._where = (address, port)
        self._next_s = 0.0
        self.rest = b""
        try:
            self._socket: socket.socket | None = self._connected(CONNECT_S)
        except OSError as exc:
            raise no_route(f"{address} port {port}", exc) from exc

    def _connected(self, timeout_s: float) -> socket.socket:
        connected = socket.create_connection(self._where, timeout=timeout_s)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setblocking(False)
        return connected

    def send(self, content: bytes) -> None:
        """Send all of it, or raise OSError; a connection that had to be made anew carries the next question only."""
        if self._socket is None:
            self._renew()
            raise ConnectionError("the connection was lost")
        try:
            if self._socket.send(content) != len(content):
                raise ConnectionError("the peer takes no more")
        except OSError:
            self.close()
            raise

    def _renew(self) -> None:
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + 2 * _RECONNECT_S
            self._socket = self._connected(_RECONNECT_S)

    def receive(self, wait_s: float) -> bytes:
        """Give the rest and what comes within `wait_s`; nothing where the connection is lost."""
        if self._socket is None:
            time.sleep(wait_s)
            return b""
        select.select([self._socket], [], [], wait_s)
        try:
            content = self._socket.recv(_PART_BYTES)
        except BlockingIOError:
            return self.rest
        except OSError:
            content = b""
        if not content:
            self.close()
        return self.rest + content

    def close(self) -> None:
        """Give up the connection and what is left of it."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self.rest = None, b""


class TcpEchoWire:
    """Records in a stream to an echo service."""

    most_pending = 1 << 10

    def __init__(self, address: str, port: int) -> None:
        self._nonce = secrets.token_bytes(_NONCE_BYTES)
        self._stream = _Stream(address, port)

    def ask(self, sequence: int) -> None:
        """Send one record of 16 bytes."""
        self._stream.send(self._nonce + sequence.to_bytes(_SEQUENCE_BYTES, "big"))

    def answers(self, wait_s: float) -> Sequence[int]:
        """Give the numbers in the records that came back."""
        found, self._stream.rest = records(self._stream.receive(wait_s), self._nonce)
        return found

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()


def records(content: bytes, nonce: bytes) -> tuple[list[int], bytes]:
    """Give the numbers of the whole records in a stream, and what may be the beginning of the next one."""
    found: list[int] = []
    while (place := content.find(nonce)) >= 0 and place + _RECORD_BYTES <= len(content):
        found.append(int.from_bytes(content[place + _NONCE_BYTES : place + _RECORD_BYTES], "big"))
        content = content[place + _RECORD_BYTES :]
    return found, content[place:] if place >= 0 else content[-(_NONCE_BYTES - 1) :]


class ModbusWire:
    """Transactions that read one holding register; that it does not exist is an answer too. One at a time."""

    most_pending = 1

    def __init__(self, address: str, port: int, unit: int) -> None:
        self._stream = _Stream(address, port)
        self._unit = unit
        self._offset = secrets.randbelow(1 << 16)
        self._last = 0

    def ask(self, sequence: int) -> None:
        """Send one request: function 3, address 0, one register (V1.1b3, 6.3)."""
        self._last = sequence
        head = _HEADER.pack(self._transaction(sequence), 0, 6, self._unit, _READ_HOLDING)
        self._stream.send(head + struct.pack(">HH", 0, 1))

    def _transaction(self, sequence: int) -> int:
        return (sequence + self._offset) & 0xFFFF

    def answers(self, wait_s: float) -> Sequence[int]:
        """Give the last request's number when its answer came; a stream that is no Modbus is begun anew."""
        heard, rest = transactions(self._stream.receive(wait_s))
        if rest is None:
            self._stream.close()
        self._stream.rest = rest or b""
        return [self._last for number in heard if number == self._transaction(self._last)]

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()


NOT_THE_DEVICE = frozenset({0x04, 0x06, 0x0A, 0x0B})
"""Exceptions with which a gateway, or a device that is busy or broken, says that there is no answer (V1.1b3, 7)."""


def transactions(content: bytes) -> tuple[list[int], bytes | None]:
    """Give the transaction numbers of whole answers to function 3, and the beginning of the next; None: no Modbus."""
    found: list[int] = []
    while len(content) >= _HEADER.size:
        number, protocol, length, _unit, function = _HEADER.unpack_from(content)
        if protocol != 0 or not 3 <= length <= 254 or function & 0x7F != _READ_HOLDING:
            return found, None
        if len(content) < 6 + length:
            break
        if not (function & 0x80 and content[_HEADER.size] in NOT_THE_DEVICE):
            found.append(number)
        content = content[6 + length :]
    return found, content
