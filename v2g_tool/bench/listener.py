"""A TCP listener on the loopback interface that ends cleanly: one thread a connection."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

LOOPBACK = ("127.0.0.1", 0)
"""A free port that only this computer reaches."""


class TcpListener(ABC):
    """Accepts connections at a port, and serves each of them in a thread of its own.

    Args:
        name: what the threads are called.
        address: host and port.
    """

    def __init__(self, name: str, address: tuple[str, int] = LOOPBACK) -> None:
        self._name = name
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(address)
        self.port: int = self._socket.getsockname()[1]

    @abstractmethod
    def serve(self, connection: socket.socket, stop: threading.Event) -> None:
        """Serve one connection until it ends or the event is set; it is closed afterwards."""

    def start(self) -> None:
        """Begin to accept."""
        self._spawn(self._accept)

    def _spawn(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=self._name, daemon=True)
        with self._lock:
            self._threads = [*(part for part in self._threads if part.is_alive()), thread]
            thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._connections.add(connection)
            self._spawn(lambda connection=connection: self._run(connection))  # type: ignore[misc]

    def _run(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError):
                self.serve(connection, self._stop)
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def stop(self) -> None:
        """Close the port and all connections, and wait for their threads."""
        self._stop.set()
        _shut(self._socket)
        with self._lock:
            connections, threads = list(self._connections), list(self._threads)
        for connection in connections:
            _shut(connection)
        for thread in threads:
            thread.join(timeout=5.0)
        self._socket.close()


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def receive_exactly(connection: socket.socket, count: int) -> bytes:
    """Give exactly so many bytes; `ConnectionError` when the peer closes before."""
    content = b""
    while len(content) < count:
        part = connection.recv(count - len(content))
        if not part:
            raise ConnectionError("closed by the peer")
        content += part
    return content


def reset(connection: socket.socket) -> None:
    """End a connection with RST, so that the peer sees a reset and not an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
