"""What else answers in the utility's network: the echo service (RFC 862)."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

from v2g_tool.bench.backhaul.chain import UTILITY
from v2g_tool.bench.listener import TcpListener
from v2g_tool.bench.namespace import inside
from v2g_tool.bench.worker import Worker

ECHO_PORT = 7
"""The port of the echo service (RFC 862)."""
_MOST_BYTES = 65_536


class EchoService(Worker):
    """Sends back what comes to port 7, over TCP and UDP.

    Args:
        network: the utility's network.
    """

    def __init__(self, network: int) -> None:
        super().__init__("echo")
        with inside(network):
            self._listener = _TcpEcho("echo", (UTILITY, ECHO_PORT))
            self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._datagrams.bind((UTILITY, ECHO_PORT))

    def start(self) -> None:
        """Begin."""
        self._listener.start()
        super().start()

    def stop(self) -> None:
        """End, and close the ports."""
        super().stop()
        self._listener.stop()
        self._datagrams.close()

    def work(self) -> None:
        """Send datagrams back."""
        while self.ear not in select.select([self._datagrams, self.ear], [], [])[0]:
            with contextlib.suppress(OSError):  # the sender is gone, or its port is closed
                content, sender = self._datagrams.recvfrom(_MOST_BYTES)
                if sender[1] != ECHO_PORT:  # two echo services would answer each other without end
                    self._datagrams.sendto(content, sender)


class _TcpEcho(TcpListener):
    def serve(self, connection: socket.socket, _: threading.Event) -> None:
        while content := connection.recv(_MOST_BYTES):
            connection.sendall(content)
