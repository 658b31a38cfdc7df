"""What a Qualcomm modem counted on a link since its start: MPDUs, PHY blocks, bit errors. MMV 0.

The counters have 64 bits. Clearing them while reading would clear them for everybody, so `control` stays 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from struct import Struct
from typing import Any

from v2g_tool.hal.homeplug.fields import NOBODY, U8, U64, Answer, Body, Fields, Kind, Mac
from v2g_tool.hal.homeplug.frame import QCA, Reader
from v2g_tool.model.plc import RxCounters, TxCounters

SENT, RECEIVED, BOTH = 0, 1, 2
"""Directions."""
CSMA_WITH_PEER = 0xF8
"""Link identifier: all connectionless links with the peer."""
ALL_PEERS = 0xFC
"""Link identifier: the sum over all peers; the peer is then zeros."""

_TX = Struct("<5Q")
_RX = Struct("<6Q")
_COUNT = Struct("<B")


class LinkStatisticsRequest(Body):
    """Asks for the counters of one link."""

    KIND = Kind("VS_LNK_STATS.REQ", 0xA030, 0, QCA)
    control: U8 = 0
    direction: U8
    lid: U8
    peer: Mac = NOBODY


class RxInterval(Fields):
    """Counters of one tone-map interval; zeros in all captures."""

    phy_rate: U8
    pb_passed: U64
    pb_failed: U64
    bit_errors_passed: U64
    bit_errors_failed: U64


class LinkStatisticsConfirm(Answer):
    """The counters of one link, of the directions that were asked for."""

    KIND = Kind("VS_LNK_STATS.CNF", 0xA031, 0, QCA)
    status: U8
    direction: U8 = 0
    lid: U8 = 0
    tei: U8 = 0
    tx: TxCounters | None = None
    rx: RxCounters | None = None
    intervals: tuple[RxInterval, ...] = ()

    @classmethod
    def _read_more(cls, reader: Reader, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        direction = fields["direction"]
        if direction not in (SENT, RECEIVED, BOTH):
            raise reader.contradiction(f"{direction} is no direction of a link")
        more: dict[str, Any] = {}
        if direction != RECEIVED:
            more["tx"] = TxCounters(*reader.unpack(_TX))
        if direction != SENT:
            more["rx"] = RxCounters(*reader.unpack(_RX))
            (count,) = reader.unpack(_COUNT)
            more["intervals"] = tuple(RxInterval.read(reader) for _ in range(count))
        return more

    def _write_more(self) -> bytes:
        sent = _TX.pack(*astuple(self.tx)) if self.tx else b""
        if self.rx is None:
            return sent
        listed = _COUNT.pack(len(self.intervals)) + b"".join(interval.encode() for interval in self.intervals)
        return sent + _RX.pack(*astuple(self.rx)) + listed
