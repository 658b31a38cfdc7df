"""Modems of the Qualcomm family: what all of their chips answer alike.

Layouts: the maker's open-plc-utils as published, and public captures of QCA7000, QCA7005 and QCA7420.
"""

from __future__ import annotations

import struct
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from v2g_tool.bench.homeplug.bridge import Bridge, Seat
from v2g_tool.bench.homeplug.chips import Chip
from v2g_tool.bench.homeplug.mme import QUALCOMM, Mme
from v2g_tool.bench.homeplug.powerline import Station
from v2g_tool.bench.homeplug.receiver import Traffic
from v2g_tool.bench.homeplug.tone_maps import RX_MAP, TX_MAP, ToneMapRequest

OK = 0
"""MSTATUS of an answer that holds what was asked for."""

_VERSION, _LINK_STATISTICS, _NETWORK = 0xA000, 0xA030, 0xA038
_ALL_LINKS = 0xFC
_LINKS = (0, 1, 2, 3, 0xF8, _ALL_LINKS)  # four priorities, all of them with one peer, with all peers
_DIRECTION_TX, _DIRECTION_RX, _DIRECTION_BOTH = 0, 1, 2
_READ_AND_CLEAR = 1
_INTERVALS, _INTERVAL_BYTES = 6, 33
_SNID = 14
_ROLE_STA, _ROLE_CCO = 0, 2
_CAPABILITIES = 0x10  # of a station in CC_DISCOVER_LIST.CNF, as captured


class Rates(NamedTuple):
    """Average PHY rates in Mbit/s as the reporting modem sees them."""

    tx: int
    rx: int


class QualcommModem(Bridge):
    """What the chips have in common; tone maps, rates and levels are the kind's own."""

    def __init__(self, seat: Seat, chip: Chip) -> None:
        super().__init__(seat)
        self.chip = chip

    @abstractmethod
    def tone_map(self, request: ToneMapRequest) -> bytes:
        """Give the body of the answer to a tone-map request."""

    @abstractmethod
    def rates(self, peer: Station) -> Rates:
        """Give the average rates to and from a peer."""

    @abstractmethod
    def level(self, peer: Station) -> int:
        """Give the signal level of a peer as CC_DISCOVER_LIST codes it, 0 where it is not measured."""

    def answers(self, message: Mme) -> Iterable[bytes]:
        """Give the answer to a request, nothing to what this chip does not know."""
        if message.oui not in (b"", QUALCOMM):
            return ()
        if self.faults.has("modem-bootloader"):
            body = self.chip.version(bootloader=True) if message.code == _VERSION else None
        else:
            answer = _ANSWERS.get((message.code, bool(message.version)))
            body = None if answer is None else answer(self, message)
        return () if body is None else (message.answer(self.mac, body).frame(),)


def _property(_: QualcommModem, message: Mme) -> bytes:
    """Refuse: the captured chip answers MSTATUS 1."""
    return struct.pack("<II", 1, message.number(0, 4))


def _network(modem: QualcommModem) -> tuple[tuple[object, ...], list[tuple[Station, Rates]]]:
    """Give what both versions begin with, and the peers with their rates."""
    tei, coordinator = modem.line.tei, modem.line.members(modem)[0]
    role = _ROLE_CCO if coordinator is modem else _ROLE_STA
    head = (modem.nid, _SNID, tei(modem), role, coordinator.mac, tei(coordinator))
    return head, [(peer, modem.rates(peer)) for peer in modem.peers]


def _network_v0(modem: QualcommModem, _: Mme) -> bytes:
    head, peers = _network(modem)
    stations = (
        struct.pack("<6sB6sBB", p.mac, modem.line.tei(p), _bridged(p), min(r.tx, 255), min(r.rx, 255)) for p, r in peers
    )
    return b"\1" + struct.pack("<7sBBB6sBB", *head, len(peers)) + b"".join(stations)


def _network_v1(modem: QualcommModem, _: Mme) -> bytes:
    head, peers = _network(modem)
    stations = (struct.pack("<6sB3x6sHBxH2x", p.mac, modem.line.tei(p), _bridged(p), r.tx, 0, r.rx) for p, r in peers)
    data = struct.pack("<7s2xBB4xB6sB3xB5x", *head, len(peers)) + b"".join(stations)
    return struct.pack("<BxHxB", 0, len(data) + 2, 1) + data


def _bridged(station: Station) -> bytes:
    return min(station.hosts, default=bytes(6))


def _link_statistics(modem: QualcommModem, message: Mme) -> bytes:
    control, direction, lid = message.number(0), message.number(1), message.number(2)
    status = _statistics_status(modem, message)
    head = bytes((status, direction, lid, 0))
    if status != OK:
        return head
    counters = modem.reception.counters()
    sent = b"" if direction == _DIRECTION_RX else _sent(counters.tx)
    received = b"" if direction == _DIRECTION_TX else _received(counters.rx, modem.chip.intervals)
    if control == _READ_AND_CLEAR or modem.faults.strike("counters-reset"):
        modem.reception.clear()
    return head + sent + received


def _sent(tx: Traffic) -> bytes:
    return struct.pack("<5Q", tx.mpdu_acknowledged, tx.mpdu_collided, tx.mpdu_failed, tx.pb_passed, tx.pb_failed)


def _received(rx: Traffic, intervals: int) -> bytes:
    blocks = (rx.mpdu_acknowledged, rx.mpdu_failed, rx.pb_passed, rx.pb_failed)
    bits = (rx.bit_errors_passed, rx.bit_errors_failed)
    return struct.pack("<6QB", *blocks, *bits, intervals) + bytes(_INTERVALS * _INTERVAL_BYTES)


def _statistics_status(modem: QualcommModem, message: Mme) -> int:
    """Give the MSTATUS: what is wrong with control, direction, link identifier or peer."""
    lid, peer = message.number(2), message.mac(3)
    if message.number(0) > _READ_AND_CLEAR or modem.faults.has("modem-refusing"):
        return 0x01
    if message.number(1) > _DIRECTION_BOTH:
        return 0x02
    if lid not in _LINKS:
        return 0x10
    known = lid == _ALL_LINKS or any(station.mac == peer for station in modem.peers)
    return OK if known else 0x20


def _tone_map_v0(modem: QualcommModem, message: Mme) -> bytes:
    room = modem.chip.carriers_v0
    return modem.tone_map(ToneMapRequest(message.code, 0, message.mac(0), message.number(6), 0, room))


def _tone_map_v1(modem: QualcommModem, message: Mme) -> bytes:
    slot, coupling = message.number(10), message.number(11)
    return modem.tone_map(ToneMapRequest(message.code, 1, message.mac(4), slot, coupling, 0))


def _discover(modem: QualcommModem, _: Mme) -> bytes:
    stations = [
        struct.pack("<6sBBBBBB", p.mac, modem.line.tei(p), 1, _SNID, _CAPABILITIES, modem.level(p), 0)
        for p in modem.peers
    ]
    others = {station.nid for station in modem.line.stations} - {modem.nid}
    networks = [struct.pack("<7sBBBBH", nid, _SNID + 1, 0, 1, 0, 0) for nid in sorted(others)]
    return bytes((len(stations),)) + b"".join(stations) + bytes((len(networks),)) + b"".join(networks)


def _set_key(modem: QualcommModem, message: Mme) -> bytes:
    modem.nid = message.body[14:21].ljust(7, b"\0")
    # RESULT 1 is what real chips answer when they take the key.
    return struct.pack("<B4s4sBHBB", 1, b"\x24\xbc\x5f\xf6", message.body[1:5].ljust(4, b"\0"), 4, 0, 0xFF, 0)


def _station_statistics(modem: QualcommModem, _: Mme) -> bytes:
    entries = [struct.pack("<6sBB", p.mac, *(min(r, 255) for r in modem.rates(p))) for p in modem.peers]
    return bytes((len(entries),)) + b"".join(entries)


_Answer = Callable[[QualcommModem, Mme], bytes]
_OLD, _NEW = False, True  # MMV 0, and later ones
_ANSWERS: Mapping[tuple[int, bool], _Answer] = {
    (0x0014, _NEW): _discover,
    (0x6008, _NEW): _set_key,
    (0x601C, _NEW): lambda _modem, _: bytes((OK,)),
    (0x6048, _NEW): _station_statistics,
    (0x6060, _NEW): lambda modem, _: bytes((modem.chip.green, 0, modem.chip.green, 0, 1, 0)),
    (_VERSION, _OLD): lambda modem, _: modem.chip.version(),
    (_LINK_STATISTICS, _OLD): _link_statistics,
    (_NETWORK, _OLD): _network_v0,
    (_NETWORK, _NEW): _network_v1,
    (0xA068, _OLD): lambda modem, message: modem.chip.attributes(message.number(0, 4)),
    (TX_MAP, _OLD): _tone_map_v0,
    (TX_MAP, _NEW): _tone_map_v1,
    (RX_MAP, _OLD): _tone_map_v0,
    (RX_MAP, _NEW): _tone_map_v1,
    (0xA0B8, _OLD): lambda modem, _: bytes((OK, bool(modem.peers))),
    (0xA0F8, _OLD): _property,
    (0xA100, _OLD): _property,
}
