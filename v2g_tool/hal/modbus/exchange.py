"""One Modbus connection on which every answer is checked. The only file that imports pymodbus.

pymodbus accepts replies of the wrong length, of another function and echoes of another value, and on a serial line
hands a late reply to the next request. Here an answer counts only if unit, function, length and echo fit; after a
timeout the line stays silent for the device's response time, is reopened and proven with a read of known content
before any data is trusted; a write is sent once and never again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from v2g_tool.errors import Implausible, InstrumentError, Refused, Unreachable, V2GError
from v2g_tool.hal.contracts.recorder import Recorder
from v2g_tool.model.site.metering import ModbusLink

if TYPE_CHECKING:
    from pymodbus.client import ModbusSerialClient, ModbusTcpClient
    from pymodbus.pdu import ModbusPDU

READ_TRIES = 3
BUSY_PAUSES_S = (0.1, 0.3, 1.0)
WORTH_WAITING = frozenset({5, 6, 11})

EXCEPTIONS = {
    1: ("illegal function", "The device does not know this function code; the profile may not fit the model."),
    2: ("illegal data address", "A register is asked for that the device does not have; check profile and firmware."),
    3: ("illegal data value", "The device refuses the value or the length of the request."),
    4: ("device failure", "The device is locked, or failed while it carried out the request."),
    5: ("acknowledge", "The device is still working on the request."),
    6: ("device busy", "Another master may be using the device."),
    8: ("memory parity error", "The device's memory is damaged."),
    10: ("gateway path unavailable", "The gateway is misconfigured: it has no path to this unit."),
    11: ("gateway target silent", "The gateway answers but the device behind it does not: wiring or unit number."),
}
"""Modbus Application Protocol V1.1b3, section 7: name and most likely cause."""


@dataclass
class Trace:
    """The bytes of the exchange under way, as they were on the wire."""

    sent: bytes = b""
    received: bytes = b""
    _pending: bytes = b""

    def packet(self, sending: bool, data: bytes) -> bytes:
        """Keep the bytes and hand them on unchanged.

        pymodbus hands over what it has not yet consumed, again and again while it grows.
        """
        if sending:
            self.sent, self.received = data, b""
        else:
            grown = len(data) > len(self._pending) and data.startswith(self._pending)
            self.received += data[len(self._pending) :] if grown else data
        self._pending = b"" if sending else data
        return data


@dataclass(frozen=True)
class Canary:
    """Registers of known content; reading them back proves that answers belong to the questions."""

    function: int
    address: int
    words: tuple[int, ...]


@dataclass
class Exchange:
    """Checked requests over one TCP connection or serial line.

    Attributes:
        name: the device's name in the site file.
        link: how it is reached.
        response_s: the longest time the device takes to answer.
        record: takes the bytes of each exchange into the evidence.
        writable: the only addresses that `write` lets through.
        canary: known content, set by the driver after identification.
        key: its table in the site file, for messages.
    """

    name: str
    link: ModbusLink
    response_s: float
    record: Recorder
    writable: frozenset[int] = frozenset()
    canary: Canary | None = None
    key: tuple[str, ...] = ()
    sleep: Callable[[float], None] = time.sleep
    _trace: Trace = field(default_factory=Trace)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _client: ModbusTcpClient | ModbusSerialClient | None = None
    _suspect: bool = False
    """A late answer may be under way; the line must be proven before the next request."""

    def read(self, function: int, address: int, count: int) -> tuple[int, ...]:
        """Give `count` registers; tries again after busy, and after silence or nonsense once the line is proven."""
        with self._lock:
            busy = iter(BUSY_PAUSES_S)
            for attempt in range(1, READ_TRIES + 1):
                try:
                    if self._suspect:
                        self._recover()
                    return self._read_patiently(function, address, count, busy)
                except Refused:
                    raise
                except InstrumentError:
                    self._suspect = True
                    if attempt == READ_TRIES:
                        raise
            raise AssertionError("the loop returns or raises")

    def write(self, function: int, address: int, words: tuple[int, ...]) -> None:
        """Write once; raises Unreachable when the outcome is unknown. Only addresses in `writable` pass."""
        if not set(range(address, address + len(words))) <= self.writable:
            raise V2GError(f"a write to 0x{address:04X} of {self.name} is not in its profile and was not sent")
        with self._lock:
            if self._suspect:
                self._recover()
            self._suspect = True
            pdu = self._send(lambda c: self._write_call(c, function, address, words), _echo(function, address, words))
            self._check_echo(pdu, function, address, words)
            self._suspect = False

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        if self._client is not None:
            self._client.close()  # type: ignore[no-untyped-call]  # pymodbus leaves it unannotated
        self._client = None

    def _read_patiently(self, function: int, address: int, count: int, busy: Any) -> tuple[int, ...]:  # noqa: ANN401
        while True:
            try:
                return self._read_once(function, address, count)
            except Refused as exc:
                pause = next(busy, None) if exc.code in WORTH_WAITING else None
                if pause is None:
                    raise
                self.sleep(pause)

    def _read_once(self, function: int, address: int, count: int) -> tuple[int, ...]:
        unit = self.link.unit
        if function == 3:
            pdu = self._send(lambda c: c.read_holding_registers(address, count=count, device_id=unit), "")
        else:
            pdu = self._send(lambda c: c.read_input_registers(address, count=count, device_id=unit), "")
        if pdu.function_code != function or len(pdu.registers) != count:
            raise Implausible(
                f"{self.name} answered {len(pdu.registers)} registers of function {pdu.function_code} "
                f"to a request for {count} of function {function} at 0x{address:04X}",
                why="The answer belongs to another request, or the gateway cuts answers.",
                todo="Stop other programs that poll this device and run again.",
            )
        return tuple(pdu.registers)

    def _write_call(
        self, client: ModbusTcpClient | ModbusSerialClient, function: int, address: int, words: tuple[int, ...]
    ) -> ModbusPDU:
        if function == 6:
            return client.write_register(address, words[0], device_id=self.link.unit)
        return client.write_registers(address, list(words), device_id=self.link.unit)

    def _check_echo(self, pdu: ModbusPDU, function: int, address: int, words: tuple[int, ...]) -> None:
        echoed = list(pdu.registers) == list(words) if function == 6 else pdu.count == len(words)
        if pdu.function_code != function or pdu.address != address or not echoed:
            raise Implausible(
                f"{self.name} acknowledged another write than the one to 0x{address:04X}",
                why="The answer belongs to another request.",
                todo="Stop other programs that poll this device and run again.",
            )

    def _send(self, call: Callable[[Any], ModbusPDU], note: str) -> ModbusPDU:
        from pymodbus.exceptions import ConnectionException, ModbusException

        try:
            pdu = call(self._open())
        except ConnectionException as exc:
            self._note("no connection", note)
            raise self._unreachable("the connection was closed or reset") from exc
        except (ModbusException, OSError) as exc:
            self._note("no valid answer", note)
            raise self._no_valid_answer() from exc
        except BaseException:
            self._suspect = True  # interrupted: the answer is still under way
            raise
        self._note("", note)
        if pdu.isError():
            self._suspect = False  # a refusal is a valid answer
            raise self._refused(pdu.exception_code)
        return pdu

    def _note(self, error: str, note: str) -> None:
        data = {"device": self.name, "tx": self._trace.sent.hex(), "rx": self._trace.received.hex()}
        self.record("modbus", data | ({"error": error} if error else {}) | ({"write": note} if note else {}))

    def _no_valid_answer(self) -> InstrumentError:
        if not self._trace.received:
            return self._unreachable(f"it did not answer within {self.link.timeout_s:g} s")
        return Implausible(
            f"{self.name} at {self.link.where} answered {len(self._trace.received)} bytes that are no valid answer",
            why="Another unit answered, a frame was torn, or the checksum is wrong: wiring, termination, baud rate or "
            "a second master on the bus.",
            todo="Check unit number, line settings and termination; stop other masters.",
        )

    def _unreachable(self, what: str) -> Unreachable:
        if self.link.link == "rtu":
            todo = "Check A/B polarity, termination, baud rate, parity and unit number; the user needs group dialout."
        else:
            todo = f"Check cable and address ('ping {self.link.host}'), and that TCP port {self.link.port} is open."
        why = "The device is off, its address is another, or the cable is not plugged."
        key = (*self.key, "host" if self.link.link == "tcp" else "device")
        return Unreachable(f"{self.name} at {self.link.where} is not reachable: {what}", why=why, todo=todo, key=key)

    def _refused(self, code: int) -> Refused:
        name, why = EXCEPTIONS.get(code, ("unknown exception", ""))
        return Refused(
            f"{self.name} at {self.link.where} refused a request: exception {code}, {name}",
            why=why,
            todo="Check that the profile in the site file fits this device and its firmware.",
            code=code,
        )

    def _open(self) -> ModbusTcpClient | ModbusSerialClient:
        if self._client is None:
            self._client = self._new_client()
        try:
            connected = self._client.connect()
        except ValueError:  # a host name that cannot even be asked for
            connected = False
        if not connected:
            self._client = None
            raise self._unreachable("no connection could be opened")
        return self._client

    def _new_client(self) -> ModbusTcpClient | ModbusSerialClient:
        logging.getLogger("pymodbus.logging").disabled = True  # it would write to the technician's terminal
        link = self.link
        if link.link == "tcp":
            from pymodbus.client import ModbusTcpClient

            return ModbusTcpClient(
                link.host, port=link.port, timeout=link.timeout_s, retries=0, trace_packet=self._trace.packet
            )
        from pymodbus.client import ModbusSerialClient

        return ModbusSerialClient(
            link.device,
            baudrate=link.baud,
            parity=link.parity,
            stopbits=link.stop_bits,
            timeout=link.timeout_s,
            retries=0,
            trace_packet=self._trace.packet,
        )

    def _recover(self) -> None:
        """Let late answers pass, reopen, and prove the line by known content before anything else is believed."""
        self.close()
        self.sleep(self.response_s)
        self._suspect = False
        try:
            self._prove()
        except BaseException:
            self._suspect = True
            raise

    def _prove(self) -> None:
        if self.canary is None:
            return
        words = self._read_once(self.canary.function, self.canary.address, len(self.canary.words))
        if words != self.canary.words:
            raise Implausible(
                f"{self.name} answered with another identity after the line was reopened",
                why="Another device took over this address, or a late answer is still under way.",
                todo="Check the wiring and run again.",
            )


def _echo(function: int, address: int, words: tuple[int, ...]) -> str:
    return f"{function}:0x{address:04X}={','.join(str(word) for word in words)}"
