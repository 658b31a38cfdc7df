"""Peers at the other end of the wire, written by hand: a scripted one, and one that holds registers.

Neither uses the suite's own codec. A script is a list of steps: the request that must come, byte for byte in hex, and
what then happens: text in hex is sent, a number is a pause in s, and a word says what becomes of the connection.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

Action = str | float
ANY = "*"
"""A step that takes whatever request comes."""
CLOSE = "close"
RESET = "reset"


Brain = Callable[[bytes], Sequence[Action]]
"""Decides what follows a request."""


@dataclass
class Script:
    """Steps in their order, over all connections together."""

    steps: Sequence[tuple[str, Sequence[Action]]]
    received: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    def __call__(self, request: bytes) -> Sequence[Action]:
        turn = len(self.received)
        self.received.append(request.hex(" "))
        expected, actions = self.steps[turn] if turn < len(self.steps) else ("nothing", ())
        if expected not in (ANY, request.hex(" ")):
            self.unexpected.append(f"{request.hex(' ')} came instead of {expected}")
            return ()
        return actions

    def check(self) -> None:
        """Nothing came that was not expected, and everything that was expected came."""
        assert self.unexpected == []
        assert len(self.received) == len(self.steps)


@dataclass
class Registers:
    """A device that holds words by function and address; an address that it does not hold is exception 2."""

    words: dict[int, dict[int, int]]
    unit: int = 1
    received: list[str] = field(default_factory=list)
    after: Callable[[str], None] = lambda _pdu: None
    refuse_writes: int = 0

    @property
    def reads(self) -> list[tuple[int, int, int]]:
        """Function, address and count of every read request."""
        return [struct.unpack(">BHH", bytes.fromhex(pdu)) for pdu in self.received if pdu.startswith(("03", "04"))]

    @property
    def writes(self) -> list[str]:
        """The write requests as they came, in hex, without unit."""
        return [pdu for pdu in self.received if pdu.startswith(("06", "10"))]

    def __call__(self, request: bytes) -> Sequence[Action]:
        pdu = request[7:]
        self.received.append(pdu.hex(" "))
        answer = self._answer(pdu)
        self.after(pdu.hex(" "))
        return [(request[:4] + struct.pack(">H", len(answer) + 1) + request[6:7] + answer).hex()]

    def _answer(self, pdu: bytes) -> bytes:
        function, address, count = struct.unpack(">BHH", pdu[:5])
        if function in (3, 4):
            return self._read(function, range(address, address + count))
        if self.refuse_writes:
            return bytes([function | 0x80, self.refuse_writes])
        new = [count] if function == 6 else struct.unpack(f">{count}H", pdu[6:])
        if any(place not in self.words[3] for place in range(address, address + len(new))):
            return bytes([function | 0x80, 2])
        self.words[3].update(zip(range(address, address + len(new)), new, strict=True))
        return pdu[:5]

    def _read(self, function: int, places: range) -> bytes:
        held = self.words.get(function, {})
        if any(place not in held for place in places):
            return bytes([function | 0x80, 2])
        return bytes([function, 2 * len(places)]) + struct.pack(f">{len(places)}H", *(held[p] for p in places))


def words_at(address: int, content: str) -> dict[int, int]:
    """Words written in hex, one group of four digits each, placed from `address`."""
    return {address + index: int(word, 16) for index, word in enumerate(content.split())}


def ascii_at(address: int, content: str, registers: int) -> dict[int, int]:
    """Text placed from `address`, first character in the high byte, padded with NUL."""
    padded = content.encode("latin-1").ljust(2 * registers, b"\0")
    return {address + index: padded[2 * index] << 8 | padded[2 * index + 1] for index in range(registers)}


Split = Callable[[bytes], int | None]
"""Gives the length of the first whole request in what has come, None if none is whole yet."""


def modbus_length(pending: bytes) -> int | None:
    """A Modbus/TCP header says how much follows it."""
    length = 6 + int.from_bytes(pending[4:6], "big")
    return length if len(pending) >= max(6, length) else None


def line_length(pending: bytes) -> int | None:
    """A line ends with a line feed."""
    return pending.index(b"\n") + 1 if b"\n" in pending else None


@dataclass
class Dialogue:
    """An instrument that answers lines with lines. Of several answers to one line the last one stays.

    An answer that is None is silence, CLOSE ends the connection; a line that is not listed is taken and not answered.
    """

    answers: Mapping[str, Sequence[str | None]]
    received: list[str] = field(default_factory=list)
    _asked: dict[str, int] = field(default_factory=dict)

    def __call__(self, request: bytes) -> Sequence[Action]:
        line = request.decode("ascii").removesuffix("\n")
        self.received.append(line)
        if line not in self.answers:
            assert not line.endswith("?"), f"nobody taught the peer to answer {line}"
            return ()
        turn = self._asked[line] = self._asked.get(line, -1) + 1
        answer = self.answers[line][min(turn, len(self.answers[line]) - 1)]
        if answer is None or answer == CLOSE:
            return () if answer is None else (CLOSE,)
        return (f"{answer}\n".encode("latin-1").hex(),)


class TcpPeer:
    """Listens on loopback, one connection after the other, and does what its brain says."""

    def __init__(self, brain: Brain, split: Split) -> None:
        self.brain = brain
        self.split = split
        self.connections = 0
        self._stop = threading.Event()
        self._woken, self._wake = socket.socketpair()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Stop and close everything."""
        self._stop.set()
        self._wake.send(b"!")
        self._thread.join(5)
        for opened in (self._listener, self._woken, self._wake):
            opened.close()

    def _serve(self) -> None:
        while self._waits_for(self._listener):
            connection, _ = self._listener.accept()
            self.connections += 1
            with connection:
                self._converse(connection)

    def _waits_for(self, source: socket.socket) -> bool:
        select.select([source, self._woken], [], [])
        return not self._stop.is_set()

    def _converse(self, connection: socket.socket) -> None:
        pending = b""
        while self._waits_for(connection):
            try:
                data = connection.recv(4096)
            except OSError:
                return
            if not data:
                return
            pending += data
            while (length := self.split(pending)) is not None:
                request, pending = pending[:length], pending[length:]
                if not self._act(connection, self.brain(request)):
                    return

    def _act(self, connection: socket.socket, actions: Sequence[Action]) -> bool:
        for action in actions:
            if isinstance(action, float):
                self._stop.wait(action)
            elif action == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            elif action == CLOSE:
                return False
            else:
                try:
                    connection.sendall(bytes.fromhex(action))
                except OSError:
                    return False
        return True


class RtuPeer:
    """The device end of a serial line on a pty; it can also speak without being asked."""

    def __init__(self, brain: Brain) -> None:
        self.brain = brain
        self._stop = threading.Event()
        self._woken, self._wake = os.pipe()
        self._master, self._slave = os.openpty()  # the slave stays open here, so a closed port is no hang-up
        tty.setraw(self._slave)
        self.device = os.ttyname(self._slave)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def say(self, content: str) -> None:
        """Send hex bytes now."""
        os.write(self._master, bytes.fromhex(content))

    def finish(self) -> None:
        """Stop and close both ends."""
        self._stop.set()
        os.write(self._wake, b"!")
        self._thread.join(5)
        for opened in (self._master, self._slave, self._woken, self._wake):
            os.close(opened)

    def _serve(self) -> None:
        pending = b""
        while self._master in select.select([self._master, self._woken], [], [])[0]:
            pending += os.read(self._master, 256)
            while len(pending) >= 8:
                length = 9 + pending[6] if pending[1] == 0x10 else 8
                if len(pending) < length:
                    break
                request, pending = pending[:length], pending[length:]
                for action in self.brain(request):
                    self._stop.wait(action) if isinstance(action, float) else self.say(action)


def crc16(content: bytes) -> bytes:
    """CRC of Modbus over Serial Line V1.02, 6.2.2: polynomial 0xA001, start 0xFFFF, low byte first."""
    register = 0xFFFF
    for byte in content:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ 0xA001 if register & 1 else register >> 1
    return register.to_bytes(2, "little")


def rtu(content: str) -> str:
    """An RTU frame in hex: unit and PDU as given, the CRC behind."""
    return (bytes.fromhex(content) + crc16(bytes.fromhex(content))).hex(" ")


@contextmanager
def tcp_peer(brain: Brain, split: Split = modbus_length) -> Iterator[TcpPeer]:
    """A TCP peer that is gone afterwards."""
    peer = TcpPeer(brain, split)
    try:
        yield peer
    finally:
        peer.finish()


@contextmanager
def rtu_peer(brain: Brain) -> Iterator[RtuPeer]:
    """A peer on a pty that is gone afterwards."""
    peer = RtuPeer(brain)
    try:
        yield peer
    finally:
        peer.finish()


def closed_port() -> int:
    """A port on loopback where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
