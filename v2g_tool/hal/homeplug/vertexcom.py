"""Messages of VertexCom (MStar, Spidcom) MSE102x modems: the one GreenPHY family that tells its SNR.

Their codes collide with Qualcomm's; the OUI tells them apart. Layouts as in VertexCom's published tulum_utils
(hpav_mtk_api.h); how long the list of SNR values is on the wire is unconfirmed, so all that follows is taken for it.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

from v2g_tool.hal.homeplug.fields import (
    S8,
    U8,
    U16,
    U32,
    U64,
    Answer,
    Body,
    Fields,
    Kind,
    Listed,
    Mac,
    Raw7,
    Raw16,
    Raw64,
    Raw192,
    Rest,
    Variable,
)
from v2g_tool.hal.homeplug.frame import VERTEXCOM, MalformedFrame, Reader, text_of

INITIAL = 0xFF
"""Interval index: whichever the modem begins with."""
SENT, RECEIVED = 0, 1
"""Directions of link statistics."""
_BER_ONE = 32768
_Stats = TypeVar("_Stats", bound=Fields)


class VcVersionRequest(Body):
    """Asks for chip and firmware."""

    KIND = Kind("VS_GET_VERSION.REQ", 0xA000, 1, VERTEXCOM)


class VcVersionConfirm(Answer):
    """Chip and firmware."""

    KIND = Kind("VS_GET_VERSION.CNF", 0xA001, 1, VERTEXCOM)
    result: U8
    device_id: U16 = 0
    image_index: U8 = 0
    application: Raw16 = bytes(16)
    av_stack: Raw64 = bytes(64)
    alternate: Raw16 = bytes(16)
    bootloader: Raw64 = bytes(64)

    @property
    def firmware(self) -> str:
        """The versions that are running: application and AV stack."""
        return " ".join(filter(None, (text_of(self.application), text_of(self.av_stack))))


class VcSnrRequest(Body):
    """Asks for the SNR of the carriers whose index mod 4 is `comb`, in one interval of the mains period."""

    KIND = Kind("VS_GET_SNR.REQ", 0xA038, 1, VERTEXCOM)
    peer: Mac
    interval: U8 = INITIAL
    interval_list: U8 = 0
    comb: U8


class VcSnrConfirm(Answer):
    """The SNR; results: 0 given, 1 failed, 2 the list of intervals has changed. `ends` count in 10.24 µs."""

    KIND = Kind("VS_GET_SNR.CNF", 0xA039, 1, VERTEXCOM)
    result: U8
    interval_list: U8 = 0
    ends: Listed[U16] = ()
    ber: U16 = 0
    comb: U8 = 0
    snr: Rest = b""

    @property
    def values(self) -> tuple[int, ...]:
        """The SNR of each carrier of the comb; signed, presumably dB."""
        return tuple((value ^ 0x80) - 0x80 for value in self.snr)

    @property
    def ber_ratio(self) -> float:
        """The average bit error rate."""
        return self.ber / _BER_ONE


class VcToneMaskRequest(Body):
    """Asks which carriers are used towards a peer."""

    KIND = Kind("VS_GET_TONEMASK.REQ", 0xA01C, 1, VERTEXCOM)
    peer: Mac


class VcToneMaskConfirm(Answer):
    """A bit for each of 1536 carriers from 0 to 37.5 MHz; the order of bits in a byte is unconfirmed."""

    KIND = Kind("VS_GET_TONEMASK.CNF", 0xA01D, 1, VERTEXCOM)
    result: U8
    mask: Raw192 = bytes(192)


class VcLinkStatsRequest(Body):
    """Asks for counters; request types: 0 clear, 1 read, 2 read and clear."""

    KIND = Kind("VS_GET_LINK_STATS.REQ", 0xA040, 1, VERTEXCOM)
    request_type: U8 = 1
    request_id: U8
    lid: U8
    direction: U8
    management: U8 = 0
    peer: Mac


class VcTxStats(Fields):
    """What was sent."""

    msdu: U32
    mpdu: U32
    bursts: U32
    mpdu_acknowledged: U32
    mpdu_collided: U32
    mpdu_failed: U32
    pb_passed: U32
    pb_dropped: U32
    pb_crc_failed: U32
    dropped_for_want_of_buffers: U32


class VcRxStats(Fields):
    """What was received; the unit of `sum_of_ber` (over the good blocks) is unconfirmed."""

    msdu: U32
    mpdu: U32
    bursts: U32
    mpdu_acknowledged: U32
    mpdu_failed: U32
    mpdu_icv_failed: U32
    pb: U32
    pb_passed: U32
    pb_duplicated: U32
    pb_crc_failed: U32
    sum_of_ber: U64
    ssn_under_min: U32
    ssn_over_max: U32
    pb_segments_missed: U32


class VcLinkStatsConfirm(Body):
    """Counters; only the request, found by its number, tells of which direction."""

    KIND = Kind("VS_GET_LINK_STATS.CNF", 0xA041, 1, VERTEXCOM)
    request_id: U8
    result: U8
    stats: Annotated[bytes, Variable(lambda reader, _: reader.at_most(64))] = b""

    def tx(self) -> VcTxStats | None:
        """Give the counters as those of what was sent; None when they are refused or too short."""
        return self._as(VcTxStats)

    def rx(self) -> VcRxStats | None:
        """Give the counters as those of what was received; None when they are refused or too short."""
        return self._as(VcRxStats)

    def _as(self, kind: type[_Stats]) -> _Stats | None:
        try:
            return None if self.result else kind.read(Reader(self.stats))
        except MalformedFrame:
            return None


class VcNetworkInfoRequest(Body):
    """Asks for the network and its stations."""

    KIND = Kind("VS_GET_NW_INFO.REQ", 0xA0FC, 1, VERTEXCOM)


class VcStation(Fields):
    """A station with its average PHY rates, Mbit/s coded and raw, and the receiver's gain."""

    tei: U8
    mac: Mac
    tx_coded: U16
    tx_raw: U16
    rx_coded: U16
    rx_raw: U16
    agc_gain: S8


class VcNetworkInfoConfirm(Body):
    """The network that the modem belongs to."""

    KIND = Kind("VS_GET_NW_INFO.CNF", 0xA0FD, 1, VERTEXCOM)
    nid: Raw7
    snid: U8
    cco_tei: U8
    cco: Mac
    stations: Listed[VcStation]
