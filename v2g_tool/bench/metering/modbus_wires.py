"""The two wires of a Modbus device: TCP with its header, and RTU with its CRC on a pseudo terminal.

TCP   transaction | protocol 0 | length | unit | PDU        (Messaging on TCP/IP V1.0b, 3.1.3)
RTU   unit | PDU | CRC low | CRC high                       (Serial Line V1.02, 2.5.1)
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import tty

from v2g_tool.bench.listener import LOOPBACK, TcpListener, receive_exactly, reset
from v2g_tool.bench.metering.modbus import Answer, ModbusDevice, RestartError
from v2g_tool.bench.worker import Worker

_GAP_S = 0.02  # a pseudo terminal has no character times; this much silence ends a frame
_FIXED_REQUEST = {3: 8, 4: 8, 6: 8, 0x2B: 7}  # frame lengths with unit and CRC


def crc16(content: bytes) -> int:
    """Give the CRC of an RTU frame (Serial Line V1.02, 6.2.2); its low byte goes first."""
    crc = 0xFFFF
    for byte in content:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc


def _table_entry(number: int) -> int:
    for _ in range(8):
        number = number >> 1 ^ 0xA001 if number & 1 else number >> 1
    return number


_CRC_TABLE = tuple(_table_entry(number) for number in range(256))


def _spoiled_pdu(answer: Answer) -> bytes:
    """Give the reply with the faults that hit it above the framing."""
    name, pdu = (answer.fault.name if answer.fault else ""), answer.pdu
    readable = pdu[0] in (3, 4)
    if name == "short-reply" and readable:
        kept = max(0, pdu[1] - 2)
        return bytes([pdu[0], kept]) + pdu[2 : 2 + kept]
    if name == "wrong-function":
        return bytes([{3: 4, 4: 3}.get(pdu[0], pdu[0] ^ 0x01)]) + pdu[1:]
    return pdu


class ModbusTcpServer(TcpListener):
    """Serves one device on a TCP port; any number of clients.

    Args:
        device: who answers.
        address: host and port.
    """

    def __init__(self, device: ModbusDevice, address: tuple[str, int] = LOOPBACK) -> None:
        super().__init__(f"bench {device.name}", address)
        self._device = device

    def serve(self, connection: socket.socket, stop: threading.Event) -> None:
        """Answer the requests of one client."""
        while not stop.is_set():
            header = receive_exactly(connection, 7)
            transaction, protocol, length, unit = struct.unpack(">HHHB", header)
            if protocol != 0 or not 2 <= length <= 254:
                return  # not Modbus: a real server closes, since it cannot find the next frame
            pdu = receive_exactly(connection, length - 1)
            try:
                answer = self._answer(unit, pdu)
            except RestartError:
                reset(connection)
                return
            if answer is not None and not self._send(connection, stop, transaction, unit, answer):
                return

    def _answer(self, unit: int, pdu: bytes) -> Answer | None:
        if unit not in self._device.units:
            return self._device.refuse(unit, pdu)
        return self._device.answer(unit, pdu)

    def _send(
        self, connection: socket.socket, stop: threading.Event, transaction: int, unit: int, answer: Answer
    ) -> bool:
        """Send a reply with its faults; False when the connection is over."""
        name = answer.fault.name if answer.fault else ""
        if name == "reset":
            reset(connection)
            return False
        if answer.fault is not None and answer.fault.delay_s:
            stop.wait(answer.fault.delay_s)
        pdu = _spoiled_pdu(answer)
        protocol = 0x5A5A if name == "crc-error" else 0
        shown = unit + 1 & 0xFF if name == "wrong-unit" else unit
        frame = struct.pack(">HHHB", transaction, protocol, len(pdu) + 1, shown) + pdu
        connection.sendall(frame[: len(frame) // 2] if name == "torn-frame" else frame)
        return True


class ModbusRtuServer(Worker):
    """Serves one device on a pseudo terminal; the path of the other end is `path`.

    Args:
        device: who answers; frames for other units are met with silence.
    """

    def __init__(self, device: ModbusDevice) -> None:
        super().__init__(f"bench {device.name}")
        self._device = device
        self._master, self._slave = os.openpty()
        # Kept open: without any user of that end, reading the other end is an error.
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)

    def stop(self) -> None:
        """End the thread and close the terminal."""
        super().stop()
        os.close(self._master)
        os.close(self._slave)

    def work(self) -> None:
        """Answer the requests on the line."""
        pending = b""
        while not self.stopping.is_set():
            ready, _, _ = select.select([self._master, self.ear.fileno()], [], [], _GAP_S if pending else None)
            if self._master in ready:
                pending = self._taken(pending + os.read(self._master, 512))
            elif not ready:
                self._handle(pending)  # silence ends a frame of unknown length; a torn one fails its CRC
                pending = b""

    def _taken(self, pending: bytes) -> bytes:
        """Handle a frame whose length is known and complete; give what is left."""
        size = _request_size(pending)
        if size is None or len(pending) < size:
            return pending
        self._handle(pending[:size])
        return pending[size:]

    def _handle(self, frame: bytes) -> None:
        if len(frame) < 4 or crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
            return
        unit = frame[0]
        if unit not in self._device.units:
            return
        with contextlib.suppress(RestartError):
            answer = self._device.answer(unit, frame[1:-2])
            if answer is not None:
                self._send(unit, answer)

    def _send(self, unit: int, answer: Answer) -> None:
        name = answer.fault.name if answer.fault else ""
        if name == "reset":
            return  # a serial line has no connection: the adapter loses the bytes
        self.stopping.wait(answer.fault.delay_s if answer.fault else 0.0)
        shown = unit + 1 & 0xFF if name == "wrong-unit" else unit
        content = bytes([shown]) + _spoiled_pdu(answer)
        crc = crc16(content) ^ (0x0100 if name == "crc-error" else 0)
        frame = content + crc.to_bytes(2, "little")
        os.write(self._master, frame[: len(frame) // 2] if name == "torn-frame" else frame)


def _request_size(pending: bytes) -> int | None:
    """Give the length of the request that begins here, None while or if it cannot be known."""
    if len(pending) < 2:
        return None
    if pending[1] == 16:
        return 9 + pending[6] if len(pending) > 6 else None
    return _FIXED_REQUEST.get(pending[1])
