"""VertexCom MSE102x modems: GreenPHY with a true SNR per carrier.

Layouts: the maker's tulum_utils as published; all bodies begin at byte 22. Length and unit of the SNR list are not
confirmed there: this modem lists every fourth active carrier, in dB.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping

from v2g_tool.bench.homeplug.bridge import Bridge, Seat
from v2g_tool.bench.homeplug.carriers import ACTIVE, FIRST_BIN
from v2g_tool.bench.homeplug.mme import VERTEXCOM, Mme
from v2g_tool.bench.homeplug.receiver import COMBS, Traffic, bit_error_ratio

OK, FAILED, BAD_LIST = 0, 1, 2
"""Results."""
LIST_ID = 7
"""The modem's current list of intervals."""

_FRAGMENT = 200  # bytes of body; real ones are longer, but then no answer here would need a second frame
_BINS = 1536
_ALLOCATION_S = 10.24e-6
_INITIAL = 0xFF
_RECEIVED = 1
_SNID = 5
_ROBO_MBIT_S = (9, 12)  # coded and raw, in either direction


class VertexComModem(Bridge):
    """The modem of a charger or vehicle."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self._sequence = 0

    def answers(self, message: Mme) -> Iterable[bytes]:
        """Give the answer to a request in one or more frames, nothing to what this chip does not know."""
        answer = _ANSWERS.get(message.code) if message.oui == VERTEXCOM and message.version else None
        if answer is None or (self.faults.has("modem-bootloader") and answer is not _version):
            return ()
        self._sequence = (self._sequence + 1) % 256
        return message.answer(self.mac, answer(self, message)).fragments(_FRAGMENT, self._sequence)

    def interval_s(self) -> float:
        """Give the length of an interval: a slot of the half cycle of the mains."""
        return 0.5 / self.reception.channel.mains_hz / self.reception.slots


def _version(modem: VertexComModem, _: Mme) -> bytes:
    stack = b"" if modem.faults.has("modem-bootloader") else b"MSE1022-AV-2.4.1-bench"
    return struct.pack("<BHB16s64s16s64s", OK, 0x1022, 0, b"1.6.3", stack, b"1.6.2", b"BOOT-1.0")


def _tone_mask(_: VertexComModem, __: Mme) -> bytes:
    """Give a bit for each of 1536 multiples of the carrier spacing, the lowest in the low bit of the first byte."""
    mask = sum(1 << (carrier + FIRST_BIN) for carrier in ACTIVE)
    return bytes((OK,)) + mask.to_bytes(_BINS // 8, "little")


def _snr(modem: VertexComModem, message: Mme) -> bytes:
    peer, interval, list_id, comb = message.mac(0), message.number(6), message.number(7), message.number(8)
    known = any(station.mac == peer for station in modem.peers)
    if not known or comb >= COMBS or modem.faults.has("modem-refusing"):
        return bytes((FAILED,))
    slots = modem.reception.slots
    if interval != _INITIAL and (list_id != LIST_ID or interval >= slots):
        return bytes((BAD_LIST,))
    ends = (round((at + 1) * modem.interval_s() / _ALLOCATION_S) for at in range(slots))
    ratio = round(bit_error_ratio(modem.reception.channel) * 32768)
    values = modem.reception.snr(comb, (0 if interval == _INITIAL else interval) * modem.interval_s())
    head = struct.pack(f"<BBB{slots}HHB", OK, LIST_ID, slots, *ends, min(ratio, 0xFFFF), comb)
    return head + bytes(max(-128, min(127, value)) & 0xFF for value in values)


def _statistics(modem: VertexComModem, message: Mme) -> bytes:
    request, direction = message.number(1), message.number(3)
    if modem.faults.has("modem-refusing") or not modem.peers:
        return bytes((request, FAILED))
    counters = modem.reception.counters()
    body = _received(counters.rx) if direction == _RECEIVED else _sent(counters.tx)
    if modem.faults.strike("counters-reset"):
        modem.reception.clear()
    return bytes((request, OK)) + body


def _sent(tx: Traffic) -> bytes:
    sent = tx.mpdu_acknowledged + tx.mpdu_failed
    numbers = (tx.pb_passed, sent, sent, tx.mpdu_acknowledged, tx.mpdu_collided, tx.mpdu_failed)
    return struct.pack("<10I", *(n & 0xFFFFFFFF for n in (*numbers, tx.pb_passed, 0, tx.pb_failed, 0)))


def _received(rx: Traffic) -> bytes:
    heard = rx.mpdu_acknowledged + rx.mpdu_failed
    numbers = (rx.pb_passed, heard, heard, rx.mpdu_acknowledged, rx.mpdu_failed, 0)
    blocks = (rx.pb_passed + rx.pb_failed, rx.pb_passed, 0, rx.pb_failed)
    return struct.pack("<10IQ3I", *(n & 0xFFFFFFFF for n in (*numbers, *blocks)), rx.bit_errors_passed, 0, 0, 0)


def _network(modem: VertexComModem, _: Mme) -> bytes:
    line = modem.line
    coordinator = line.members(modem)[0]
    coded, raw = _ROBO_MBIT_S
    gain = -round(modem.reception.attenuation_db())
    entries = [
        struct.pack("<B6s4Hb", line.tei(peer), peer.mac, coded, raw, coded, raw, max(-128, gain))
        for peer in modem.peers
    ]
    head = struct.pack("<7sBB6sB", modem.nid, _SNID, line.tei(coordinator), coordinator.mac, len(entries))
    return head + b"".join(entries)


_ANSWERS: Mapping[int, Callable[[VertexComModem, Mme], bytes]] = {
    0xA000: _version,
    0xA01C: _tone_mask,
    0xA038: _snr,
    0xA040: _statistics,
    0xA0FC: _network,
}
