from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from v2g_tool.hal.modbus.exchange import Exchange
from v2g_tool.model.site.metering import ModbusLink

from .peers import Brain, Registers, RtuPeer, Script, TcpPeer, rtu_peer, tcp_peer

TIMEOUT_S = 0.4


@dataclass
class Notes:
    """What an exchange recorded, and the pauses it took."""

    records: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    while_pausing: Callable[[], None] = lambda: None

    def record(self, kind: str, data: object) -> None:
        self.records.append((kind, dict(data)))  # type: ignore[call-overload]

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.while_pausing()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


Dial = Callable[..., tuple[Exchange, TcpPeer]]


@pytest.fixture
def dial(stack: ExitStack, notes: Notes) -> Dial:
    """Open an exchange to a peer with the given brain; a script is checked to its end afterwards."""

    def dialled(brain: Brain, **options: object) -> tuple[Exchange, TcpPeer]:
        if isinstance(brain, Script):
            stack.callback(brain.check)
        peer = stack.enter_context(tcp_peer(brain))
        unit = brain.unit if isinstance(brain, Registers) else 1
        link = ModbusLink(host="127.0.0.1", port=peer.port, unit=unit, timeout_s=TIMEOUT_S)
        exchange = _exchange(link, notes, options)
        stack.callback(exchange.close)
        return exchange, peer

    return dialled


@pytest.fixture
def dial_serial(stack: ExitStack, notes: Notes) -> Callable[..., tuple[Exchange, RtuPeer]]:
    """The same over a serial line."""

    def dialled(brain: Script, **options: object) -> tuple[Exchange, RtuPeer]:
        stack.callback(brain.check)
        peer = stack.enter_context(rtu_peer(brain))
        link = ModbusLink(link="rtu", device=peer.device, baud=38400, timeout_s=TIMEOUT_S)
        exchange = _exchange(link, notes, options)
        stack.callback(exchange.close)
        return exchange, peer

    return dialled


def _exchange(link: ModbusLink, notes: Notes, options: dict[str, object]) -> Exchange:
    settings: dict[str, object] = {"response_s": 0.5, "key": ("meters", "meter_01"), "sleep": notes.sleep} | options
    return Exchange("meter_01", link, record=notes.record, **settings)  # type: ignore[arg-type]
