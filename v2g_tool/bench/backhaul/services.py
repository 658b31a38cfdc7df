"""What else answers in the utility's network: the echo service (RFC 862), or a Modbus device where iperf3 should be."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

from v2g_tool.bench.backhaul.chain import UTILITY
from v2g_tool.bench.listener import Serve, TcpListener
from v2g_tool.bench.metering.modbus import ModbusDevice
from v2g_tool.bench.metering.modbus_wires import ModbusTcpServer
from v2g_tool.bench.namespace import inside

ECHO_PORT = 7
"""The port of the echo service (RFC 862)."""
_MOST_BYTES = 65_536


class UtilityListener(TcpListener):
    """A listener at a port of the utility instead of a free one of the loopback."""

    def __init__(self, name: str, serve: Serve, port: int) -> None:
        super().__init__(name, serve)
        self._socket.close()
        self._socket = socket.create_server((UTILITY, port))
        self.port = port


class UtilityModbus(ModbusTcpServer):
    """A Modbus device at a port of the utility.

    Args:
        network: the utility's network.
        port: TCP port.
        device: who answers.
    """

    def __init__(self, network: int, port: int, device: ModbusDevice) -> None:
        with inside(network):
            super().__init__(device)
            self._listener.stop()
            self._listener = UtilityListener(f"bench {device.name}", self._serve, port)


class EchoService:
    """Sends back what comes to port 7, over TCP and UDP.

    Args:
        network: the utility's network.
    """

    def __init__(self, network: int) -> None:
        with inside(network):
            self._listener = UtilityListener("echo", _echo, ECHO_PORT)
            self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._datagrams.bind((UTILITY, ECHO_PORT))
        self._ear, self._mouth = socket.socketpair()
        self._thread = threading.Thread(target=self._echo_datagrams, name="echo", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._listener.start()
        self._thread.start()

    def stop(self) -> None:
        """End, and close the ports."""
        self._mouth.close()
        if self._thread.ident is not None:
            self._thread.join(timeout=5.0)
        self._listener.stop()
        self._datagrams.close()
        self._ear.close()

    def _echo_datagrams(self) -> None:
        while self._ear not in select.select([self._datagrams, self._ear], [], [])[0]:
            with contextlib.suppress(OSError):  # the sender is gone, or its port is closed
                content, sender = self._datagrams.recvfrom(_MOST_BYTES)
                if sender[1] != ECHO_PORT:  # two echo services would answer each other without end
                    self._datagrams.sendto(content, sender)


def _echo(connection: socket.socket, _: threading.Event) -> None:
    while content := connection.recv(_MOST_BYTES):
        connection.sendall(content)
