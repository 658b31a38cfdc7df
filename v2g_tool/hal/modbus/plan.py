"""Which requests fetch a set of registers; pure, made once a session.

A request never crosses a declared hole, never cuts a value, never carries a register that must be read alone and
never exceeds the profile's `max_read`. A gap between two values is read along when that is faster than a request of
its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from v2g_tool.model.profiles.meter import Register, Wire
from v2g_tool.model.site.metering import ModbusLink

TCP_GAP = 64
"""Registers worth reading along on Modbus/TCP: 128 bytes cost less than the round trip of another request."""


@dataclass(frozen=True)
class Request:
    """One read request: `count` registers from `address`, and the values in it."""

    function: int
    address: int
    count: int
    names: tuple[str, ...]


def worthwhile_gap(link: ModbusLink, response_s: float = 0.02) -> int:
    """Give the largest gap, in registers, that is faster to read along than to ask around.

    On RTU a request of its own costs 13 characters of overhead, two silences of 3.5 characters and the device's delay;
    a register costs two characters of 11 bits (Modbus over Serial Line V1.02, 2.5.1; silence fixed at 1.75 ms above
    19200 baud).
    """
    if link.link == "tcp":
        return TCP_GAP
    silence_s = 38.5 / link.baud if link.baud <= 19200 else 0.00175
    return int(6.5 + (2 * silence_s + response_s) * link.baud / 22)


def plan(registers: Mapping[str, Register], wire: Wire, gap: int) -> tuple[Request, ...]:
    """Give the requests, in address order, that fetch every register once."""
    requests: list[Request] = []
    for name, register in sorted(registers.items(), key=lambda item: _place(item[1], wire)):
        function = register.function or wire.read_function
        last = requests[-1] if requests else None
        if last and last.function == function and _joins(last, register, registers, wire, gap):
            end = max(last.address + last.count, register.end)
            requests[-1] = Request(function, last.address, end - last.address, (*last.names, name))
        else:
            requests.append(Request(function, register.address, register.count, (name,)))
    return tuple(requests)


def _place(register: Register, wire: Wire) -> tuple[int, int]:
    return (register.function or wire.read_function, register.address)


def _joins(last: Request, register: Register, registers: Mapping[str, Register], wire: Wire, gap: int) -> bool:
    if register.alone or registers[last.names[0]].alone:
        return False
    start = last.address + last.count
    crosses_hole = any(first < register.end and last.address <= hole for first, hole in wire.holes)
    return register.address - start <= gap and register.end - last.address <= wire.max_read and not crosses_hole
