"""The two wires of an SCPI instrument: lines on a TCP socket, and HiSLIP.

HiSLIP (IVI-6.1) has two connections a session and messages with a header of 16 bytes:

    `H` `S` | type | control | parameter, 4 bytes | payload length, 8 bytes | payload
"""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from typing import NamedTuple, Protocol

from v2g_tool.bench.listener import TcpListener, receive_exactly

_MAX_LINE = 65536
_PROTOCOL_VERSION = 0x0100
_VENDOR = 0x5859
_MAX_PAYLOAD = 1 << 20


class Talker(Protocol):
    """What a wire needs of an instrument."""

    def handle(self, message: str, stop: threading.Event) -> str | None:
        """Give the reply to a message, None without any; `DroppedError` ends the connection."""


class ScpiSocketServer(TcpListener):
    """Serves an instrument on a free TCP port; messages and replies end with a line feed."""

    def __init__(self, name: str, instrument: Talker) -> None:
        super().__init__(f"bench {name}")
        self._instrument = instrument

    def serve(self, connection: socket.socket, stop: threading.Event) -> None:
        """Take lines and answer them."""
        pending = b""
        while not stop.is_set():
            part = connection.recv(4096)
            if not part or len(pending) > _MAX_LINE:
                return
            *lines, pending = (pending + part).split(b"\n")
            for line in lines:
                reply = self._instrument.handle(line.decode("latin-1").strip(), stop)
                if reply is not None:
                    connection.sendall(reply.encode("latin-1") + b"\n")


class _Type:
    """Message types of IVI-6.1, table 4."""

    INITIALIZE, INITIALIZE_RESPONSE = 0, 1
    FATAL_ERROR, ERROR = 2, 3
    ASYNC_LOCK, ASYNC_LOCK_RESPONSE = 4, 5
    DATA, DATA_END = 6, 7
    DEVICE_CLEAR_COMPLETE, DEVICE_CLEAR_ACKNOWLEDGE = 8, 9
    ASYNC_MAX_SIZE, ASYNC_MAX_SIZE_RESPONSE = 15, 16
    ASYNC_INITIALIZE, ASYNC_INITIALIZE_RESPONSE = 17, 18
    ASYNC_DEVICE_CLEAR, ASYNC_DEVICE_CLEAR_ACKNOWLEDGE = 19, 23
    ASYNC_STATUS, ASYNC_STATUS_RESPONSE = 21, 22


class _Message(NamedTuple):
    kind: int
    control: int
    parameter: int
    payload: bytes = b""


class HislipServer(TcpListener):
    """Serves an instrument by HiSLIP on a free TCP port."""

    def __init__(self, name: str, instrument: Talker) -> None:
        super().__init__(f"bench {name} hislip")
        self._instrument = instrument
        self._sessions = itertools.count(1)

    def serve(self, connection: socket.socket, stop: threading.Event) -> None:
        """Take the messages of one of a session's connections and answer them."""
        pending = b""
        while not stop.is_set():
            message = _received(connection)
            if message.kind == _Type.DATA:
                pending += message.payload
            elif message.kind == _Type.DATA_END:
                self._talk(connection, stop, message, pending + message.payload)
                pending = b""
            else:
                pending = b""
                _send(connection, self._control(message))

    def _talk(self, connection: socket.socket, stop: threading.Event, message: _Message, content: bytes) -> None:
        reply = self._instrument.handle(content.decode("latin-1").strip(), stop)
        if reply is not None:
            payload = reply.encode("latin-1") + b"\n"
            _send(connection, _Message(_Type.DATA_END, 0, message.parameter, payload))

    def _control(self, message: _Message) -> _Message:
        """Give the answer to a message that carries no data."""
        kind = message.kind
        if kind == _Type.INITIALIZE:
            session = next(self._sessions) & 0xFFFF
            return _Message(_Type.INITIALIZE_RESPONSE, 0, _PROTOCOL_VERSION << 16 | session)
        if kind == _Type.ASYNC_MAX_SIZE:
            return _Message(_Type.ASYNC_MAX_SIZE_RESPONSE, 0, 0, struct.pack(">Q", _MAX_PAYLOAD))
        answers = {
            _Type.ASYNC_INITIALIZE: _Message(_Type.ASYNC_INITIALIZE_RESPONSE, 0, _VENDOR),
            _Type.ASYNC_LOCK: _Message(_Type.ASYNC_LOCK_RESPONSE, 1, 0),
            _Type.ASYNC_DEVICE_CLEAR: _Message(_Type.ASYNC_DEVICE_CLEAR_ACKNOWLEDGE, 0, 0),
            _Type.DEVICE_CLEAR_COMPLETE: _Message(_Type.DEVICE_CLEAR_ACKNOWLEDGE, 0, 0),
            _Type.ASYNC_STATUS: _Message(_Type.ASYNC_STATUS_RESPONSE, 0, 0),
        }
        return answers.get(kind, _Message(_Type.ERROR, 1, 0, b"unrecognized message type"))


def _received(connection: socket.socket) -> _Message:
    mark, kind, control, parameter, size = struct.unpack(">2sBBIQ", receive_exactly(connection, 16))
    if mark != b"HS" or size > _MAX_PAYLOAD:
        raise ConnectionError("not HiSLIP")
    return _Message(kind, control, parameter, receive_exactly(connection, size))


def _send(connection: socket.socket, message: _Message) -> None:
    head = struct.pack(">2sBBIQ", b"HS", message.kind, message.control, message.parameter, len(message.payload))
    connection.sendall(head + message.payload)
