"""Real peers on loopback: an iperf3 server, listeners that say or do what they are told, and who our children are."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from v2g_tool.bench.faults import FaultSet, parse_fault
from v2g_tool.bench.metering.modbus import ModbusDevice, WriteLog, placed, select
from v2g_tool.bench.metering.modbus_wires import ModbusTcpServer
from v2g_tool.model.site.backhaul import TelemetrySite


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def iperf3_server(port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Give an iperf3 server that listens already; ended by its pid."""
    server = subprocess.Popen(
        ["iperf3", "-s", "-p", str(port), "--forceflush", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert server.stdout is not None
        while b"listening" not in server.stdout.readline():
            assert server.poll() is None
        yield server
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@contextmanager
def listener(serve: Callable[[socket.socket], object]) -> Iterator[int]:
    """Give the port of a listener that serves one connection after the other; each is closed when `serve` returns."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        thread = threading.Thread(target=_accept, args=(opened, serve), daemon=True)
        thread.start()
        try:
            yield int(opened.getsockname()[1])
        finally:
            opened.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def _accept(opened: socket.socket, serve: Callable[[socket.socket], object]) -> None:
    while True:
        try:
            connection, _ = opened.accept()
        except OSError:
            return
        with connection:
            try:
                serve(connection)
            except OSError:
                continue


@contextmanager
def udp_peer(answers: Callable[[int, bytes], list[bytes]]) -> Iterator[int]:
    """Give the port of a UDP service that sends what `answers` gives for the number and content of each datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_reply, args=(opened, answers), daemon=True)
        thread.start()
        port = int(opened.getsockname()[1])
        try:
            yield port
        finally:
            opened.sendto(b"over", ("127.0.0.1", port))
            thread.join(5)


def _reply(opened: socket.socket, answers: Callable[[int, bytes], list[bytes]]) -> None:
    number = 0
    while True:
        content, where = opened.recvfrom(2048)
        if content == b"over":
            return
        for answer in answers(number, content):
            opened.sendto(answer, where)
        number += 1


def site(port: int, **options: object) -> TelemetrySite:
    settings: dict[str, object] = {"host": "127.0.0.1", "port": port, "rate_mbit_s": 10.0} | options
    return TelemetrySite(**settings)  # type: ignore[arg-type]


def children(parent: int | None = None) -> set[int]:
    """Give the processes whose parent is this one, or the one given."""
    wanted = str(parent or os.getpid())
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (columns := _stat(entry)) and columns[1] == wanted and columns[0] != "Z":
            found.add(int(entry.name))
    return found


def _stat(entry: Path) -> list[str]:
    """Give state, parent, group and session of a process, nothing when it has ended."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


class Words:
    """A register map of eight words from address 0."""

    def read(self, _function: int, address: int, count: int) -> list[int]:
        return select(placed(0, [7] * 8), address, count)

    def write(self, address: int, words: object) -> None:
        raise AssertionError(f"{words} written to {address}")


@contextmanager
def modbus_device(*faults: str) -> Iterator[tuple[int, WriteLog]]:
    """Give the port of the bench's Modbus device, unit 1, and what was written to it."""
    log = WriteLog()
    device = ModbusDevice("ems", (1,), Words(), FaultSet("ems", [parse_fault(fault) for fault in faults]), log)
    server = ModbusTcpServer(device)
    server.start()
    try:
        yield server.port, log
    finally:
        server.stop()
