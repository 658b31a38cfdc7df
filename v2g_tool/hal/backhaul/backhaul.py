"""The way to the telemetry server of a site; fulfils `Backhaul`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from v2g_tool.errors import Unreachable
from v2g_tool.hal.backhaul import program
from v2g_tool.hal.backhaul.counters import udp_counters
from v2g_tool.hal.backhaul.echo import BackgroundEchoes, EchoWire
from v2g_tool.hal.backhaul.echo_wires import ECHO_PORT, MODBUS_PORT, ModbusWire, TcpEchoWire, UdpEchoWire
from v2g_tool.hal.backhaul.icmp import HEADERS_BYTES, IcmpWire
from v2g_tool.hal.backhaul.output import TOO_LONG
from v2g_tool.hal.backhaul.path import path_size, route_mtu
from v2g_tool.hal.backhaul.resolve import Resolved, resolve
from v2g_tool.hal.backhaul.responder import who_answers
from v2g_tool.hal.contracts.backhaul import Backhaul, Echoes
from v2g_tool.hal.contracts.recorder import Recorder
from v2g_tool.model.site.backhaul import TelemetrySite
from v2g_tool.model.telemetry import Echo, EchoKind, PathSize, Piece, Responder, Trouble, UdpCounters

TIMEOUT_S = 3.0
"""Bound of the name service, and of an attempt to connect."""
MOST_SECONDS = 60


class LiveBackhaul:
    """Made by `open_backhaul`. All parts go to one and the same address, which is looked up once.

    Args:
        telemetry: server, rate and kind of echo, from the site file.
        record: takes what a verdict rests on.
        clock: the run's monotonic clock.
    """

    def __init__(self, telemetry: TelemetrySite, record: Recorder, clock: Callable[[], float]) -> None:
        self._site, self._record, self._clock = telemetry, record, clock
        self._address = ""
        self._modbus_port = MODBUS_PORT
        self._opened: list[BackgroundEchoes] = []

    def responder(self) -> Responder:
        """Give who answers on the server's port."""
        heard: list[bytes] = []
        found = who_answers(self._address or self._site.host, self._site.port, TIMEOUT_S, heard.append)
        if heard:
            self._address = found.address
        if found.kind == "modbus":
            self._modbus_port = self._site.port
        self._record(
            "responder",
            {
                "host": self._site.host,
                "port": self._site.port,
                "address": found.address,
                "kind": found.kind,
                "detail": found.detail,
                "answer": b"".join(heard).hex(),
            },
        )
        return found

    def piece(self, seconds: float, waiting: Callable[[float], None]) -> Piece | Trouble:
        """Send datagrams for so many seconds, rounded to whole ones and at most 60.

        Raises NotPermitted without iperf3, and whatever `waiting` raises, once the child is gone.
        """
        resolved = self._resolved()
        if not resolved.addresses:
            return Trouble("unknown-host", f"{self._site.host}: {resolved.complaint}")
        task = self._task(resolved.addresses[0], seconds)
        route = route_mtu(task.address)
        fits = route is None or task.datagram_bytes + HEADERS_BYTES <= route
        result = self._run(task, waiting, keep_whole=fits)
        if isinstance(result, Trouble) and TOO_LONG in result.text and fits:
            return self._run(task, waiting, keep_whole=False)  # the path turned out to be narrower than the route
        return result

    def _task(self, address: str, seconds: float) -> program.Task:
        return program.Task(
            address=address,
            port=self._site.port,
            seconds=min(MOST_SECONDS, max(1, round(seconds))),
            rate_bits_per_s=max(1, round(self._site.rate_mbit_s * 1e6)),
            datagram_bytes=self._site.datagram_bytes,
        )

    def _run(self, task: program.Task, waiting: Callable[[float], None], *, keep_whole: bool) -> Piece | Trouble:
        command = program.command_for(task, keep_whole=keep_whole)
        ran = program.run(task, command, self._clock, waiting)
        result = ran.result
        if isinstance(result, Piece):
            result = replace(result, kept_whole="--dont-fragment" in ran.command)
        self._record(
            "iperf3",
            {
                "command": list(ran.command),
                "version": result.client if isinstance(result, Piece) else "",
                "trouble": result.kind if isinstance(result, Trouble) else "",
                "output": ran.output,
                "complaints": ran.complaints,
            },
        )
        return result

    def _resolved(self) -> Resolved:
        if self._address:
            return Resolved((self._address,))
        resolved = resolve(self._site.host, TIMEOUT_S)
        self._address = resolved.addresses[0] if resolved.addresses else ""
        return resolved

    def _known_address(self) -> str:
        resolved = self._resolved()
        if resolved.addresses:
            return resolved.addresses[0]
        raise Unreachable(
            f"the name '{self._site.host}' leads nowhere: {resolved.complaint}",
            why="It is misspelt in the site file, or no name service can be reached from here.",
            todo="Check [telemetry] host in the site file, or give the server's IP address.",
        )

    def echoes(self, kind: EchoKind) -> Echoes:
        """Begin to measure round trips of this kind, 20 a second."""
        wire = self._echo_wire(kind, self._known_address())
        started = BackgroundEchoes(wire, self._clock, done=partial(self._record_echoes, kind))
        self._opened.append(started)
        return started

    def _echo_wire(self, kind: EchoKind, address: str) -> EchoWire:
        port = self._site.echo_port
        if kind == "icmp":
            return IcmpWire(address)
        if kind == "udp-echo":
            return UdpEchoWire(address, port or ECHO_PORT)
        if kind == "tcp-echo":
            return TcpEchoWire(address, port or ECHO_PORT)
        return ModbusWire(address, port or self._modbus_port, self._site.echo_unit)

    def _record_echoes(self, kind: EchoKind, echoes: Sequence[Echo]) -> None:
        trips = [echo.round_trip_s for echo in echoes]
        self._record(
            "echoes",
            {
                "kind": kind,
                "address": self._address,
                "asked": len(echoes),
                "unanswered": trips.count(None),
                "copied": sum(echo.copies > 1 for echo in echoes),
                "overtaken": sum(echo.overtaken for echo in echoes),
                "first_s": echoes[0].sent_s if echoes else None,
                "last_s": echoes[-1].sent_s if echoes else None,
                "round_trips_us": [None if trip is None else round(trip * 1e6) for trip in trips],
            },
        )

    def counters(self) -> UdpCounters | None:
        """Give the kernel's counts."""
        return udp_counters()

    def path_size(self) -> PathSize:
        """Give how large a packet may be on the way to the server; takes about 2 s at most."""
        resolved = self._resolved()
        if not resolved.addresses:
            return PathSize(None, None, f"The name '{self._site.host}' leads nowhere: {resolved.complaint}.")
        found = path_size(resolved.addresses[0], self._site.datagram_bytes, self._clock)
        self._record("path-size", {"route": found.route, "proven": found.proven, "statement": found.statement})
        return found

    def close(self) -> None:
        """End what still runs; an answer that is due is not waited for."""
        for echoes in self._opened:
            echoes.close(wait=False)


@contextmanager
def open_backhaul(
    telemetry: TelemetrySite, record: Recorder, clock: Callable[[], float] = time.monotonic
) -> Iterator[Backhaul]:
    """Give the way to the telemetry server; on leaving, all of its threads and children have ended."""
    backhaul = LiveBackhaul(telemetry, record, clock)
    try:
        yield backhaul
    finally:
        backhaul.close()
