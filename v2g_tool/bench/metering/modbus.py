"""Modbus as the bench's devices speak it: requests in, replies out, exceptions, a log of writes.

Source: MODBUS Application Protocol Specification V1.1b3, clauses 6.3, 6.4, 6.6, 6.12 and 7.

    request  function | address | count or word | … words
    reply    function | …             or   function + 0x80 | exception code
"""

from __future__ import annotations

import json
import struct
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from v2g_tool.bench.faults import WIRE_FAULTS, Fault, FaultSet

READ_HOLDING = 3
"""Function 03, read holding registers."""
READ_INPUT = 4
"""Function 04, read input registers."""
WRITE_ONE = 6
"""Function 06, write single register."""
WRITE_MANY = 16
"""Function 16, write multiple registers."""

ILLEGAL_FUNCTION = 1
"""Exception 1: the device does not know the function."""
ILLEGAL_ADDRESS = 2
"""Exception 2: a register of the range does not exist or cannot be accessed so."""
ILLEGAL_VALUE = 3
"""Exception 3: a count or a value is outside what is allowed."""
DEVICE_FAILURE = 4
"""Exception 4: the device cannot carry it out."""
BUSY = 6
"""Exception 6: the device is busy; ask again later."""
NO_TARGET = 11
"""Exception 11: a gateway got no answer from that unit."""

_MAX_READ = 125
_MAX_WRITE = 123


class ModbusError(Exception):
    """A request that is answered with an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


class UnansweredError(Exception):
    """A request that was carried out and is never answered."""


class RestartError(Exception):
    """The device restarted instead of answering; its connections are gone."""


class Registers(Protocol):
    """The register map of a device; each call is one snapshot."""

    def read(self, function: int, address: int, count: int, /) -> list[int]:
        """Give the words of a range, or raise `ModbusError`."""

    def write(self, address: int, words: Sequence[int], /) -> None:
        """Carry out a write as a whole, or raise `ModbusError` and change nothing."""


class Answer(NamedTuple):
    """A reply, and what the wire shall do to it."""

    pdu: bytes
    fault: Fault | None = None


@dataclass(frozen=True)
class WriteRequest:
    """One write request that a bench device received."""

    time_s: float
    """Monotonic clock in s, the one of `time.monotonic`."""
    device: str
    unit: int
    function: int
    address: int
    values: tuple[int, ...]
    outcome: str | int
    """`ok`, the exception code, or `no-reply`."""


class WriteLog:
    """All write requests, in memory and as one JSON line each in a file.

    Args:
        path: the file to append to, None to keep them in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._requests: list[WriteRequest] = []

    def add(self, request: WriteRequest) -> None:
        """Append a request; it is in the file before its reply is on the wire."""
        with self._lock:
            self._requests.append(request)
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(vars(request)) + "\n")

    def requests(self) -> list[WriteRequest]:
        """Give all requests so far, oldest first."""
        with self._lock:
            return list(self._requests)


class ModbusDevice:
    """A device on a wire: unit numbers, register map, faults. One request at a time.

    Args:
        name: the name of the device in the site.
        units: unit identifiers that it answers to.
        registers: its register map.
        faults: its faults; the same set that the map looks at.
        log: where write requests are noted.
    """

    def __init__(
        self, name: str, units: Collection[int], registers: Registers, faults: FaultSet, log: WriteLog
    ) -> None:
        self.name = name
        self.units = frozenset(units)
        self._registers = registers
        self._faults = faults
        self._log = log
        self._lock = threading.Lock()

    def answer(self, unit: int, pdu: bytes) -> Answer | None:
        """Give the reply to a request for one of the device's units, None for silence.

        Raises:
            RestartError: the device restarted; drop the connection.
        """
        with self._lock:
            self._faults.begin()
            fault = self._faults.strike(*WIRE_FAULTS)
            outcome: Any = "no-reply"
            reply: bytes | None = None
            try:
                if fault is None or fault.name != "silence":
                    reply, outcome = self._carried_out(pdu, fault)
            except UnansweredError:
                reply = None
            finally:
                self._note_write(unit, pdu, outcome)
            return None if reply is None else Answer(reply, fault)

    def _carried_out(self, pdu: bytes, fault: Fault | None) -> tuple[bytes, str | int]:
        try:
            if fault is not None and fault.name == "busy":
                raise ModbusError(BUSY)
            return self._execute(pdu), "ok"
        except ModbusError as error:
            return bytes([pdu[0] | 0x80, error.code]), error.code

    def _execute(self, pdu: bytes) -> bytes:
        function = pdu[0]
        if function in (READ_HOLDING, READ_INPUT):
            return self._read(function, pdu)
        if function == WRITE_ONE:
            address, word = _unpacked(">HH", pdu[1:])
            self._registers.write(address, [word])
            return pdu
        if function == WRITE_MANY:
            return self._write_many(pdu)
        raise ModbusError(ILLEGAL_FUNCTION)

    def _read(self, function: int, pdu: bytes) -> bytes:
        address, count = _unpacked(">HH", pdu[1:])
        if not 1 <= count <= _MAX_READ:
            raise ModbusError(ILLEGAL_VALUE)
        words = self._registers.read(function, address, count)
        return struct.pack(f">BB{count}H", function, 2 * count, *words)

    def _write_many(self, pdu: bytes) -> bytes:
        if len(pdu) < 6:
            raise ModbusError(ILLEGAL_VALUE)
        address, count, size = _unpacked(">HHB", pdu[1:6])
        if not 1 <= count <= _MAX_WRITE or size != 2 * count or len(pdu) != 6 + size:
            raise ModbusError(ILLEGAL_VALUE)
        self._registers.write(address, _unpacked(f">{count}H", pdu[6:]))
        return pdu[:5]

    def refuse(self, unit: int, pdu: bytes) -> Answer:
        """Give the reply of a gateway for a unit that is not there."""
        self._note_write(unit, pdu, NO_TARGET)
        return Answer(bytes([pdu[0] | 0x80, NO_TARGET]))

    def _note_write(self, unit: int, pdu: bytes, outcome: str | int) -> None:
        if pdu[0] not in (WRITE_ONE, WRITE_MANY) or len(pdu) < 5:
            return
        content = pdu[3:] if pdu[0] == WRITE_ONE else pdu[6:]
        words = struct.unpack(f">{len(content) // 2}H", content[: len(content) // 2 * 2])
        address = int.from_bytes(pdu[1:3], "big")
        self._log.add(WriteRequest(time.monotonic(), self.name, unit, pdu[0], address, words, outcome))


def _unpacked(layout: str, content: bytes) -> tuple[int, ...]:
    if len(content) != struct.calcsize(layout):
        raise ModbusError(ILLEGAL_VALUE)
    return struct.unpack(layout, content)


def select(image: dict[int, int], address: int, count: int) -> list[int]:
    """Give a range of an address-to-word image; an unlisted register anywhere is exception 2."""
    try:
        return [image[place] for place in range(address, address + count)]
    except KeyError:
        raise ModbusError(ILLEGAL_ADDRESS) from None


def placed(start: int, words: Sequence[int]) -> dict[int, int]:
    """Give the image of words from an address on."""
    return dict(zip(range(start, start + len(words)), words, strict=True))
