"""Who is on the powerline: networks, stations, average rates, capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Any

from v2g_tool.hal.homeplug.fields import U8, U16, Body, Fields, Kind, Listed, Mac, Raw2, Raw3, Raw4, Raw7
from v2g_tool.hal.homeplug.frame import QCA, Reader

_COUNT_AND_RESERVED = Struct("<B5s")


class NetworkInfoRequestV0(Body):
    """Asks for networks and stations, rates up to 255 Mbit/s."""

    KIND = Kind("VS_NW_INFO.REQ", 0xA038, 0, QCA)


class NetworkInfoRequestV1(Body):
    """Asks for networks and stations."""

    KIND = Kind("VS_NW_INFO.REQ", 0xA038, 1, QCA)


class AvlnStationV0(Fields):
    """A station with its average PHY rates in Mbit/s, to and from the modem that answers."""

    mac: Mac
    tei: U8
    bridged: Mac
    tx_mbit_s: U8
    rx_mbit_s: U8


class AvlnStationV1(Fields):
    """A station with its average PHY rates in Mbit/s, to and from the modem that answers."""

    mac: Mac
    tei: U8
    reserved_1: Raw3 = bytes(3)
    bridged: Mac
    tx_mbit_s: U16
    coupling: U8 = 0
    reserved_2: U8 = 0
    rx_mbit_s: U16
    reserved_3: Raw2 = bytes(2)


class AvlnV0(Fields):
    """A network; `tei` and `role` (0 station, 1 proxy coordinator, 2 coordinator) are those of the one who answers."""

    nid: Raw7
    snid: U8
    tei: U8
    role: U8
    cco: Mac
    cco_tei: U8
    stations: Listed[AvlnStationV0]


class AvlnV1(Fields):
    """A network; `tei` and `role` (0 station, 1 proxy coordinator, 2 coordinator) are those of the one who answers."""

    nid: Raw7
    reserved_1: Raw2 = bytes(2)
    snid: U8
    tei: U8
    reserved_2: Raw4 = bytes(4)
    role: U8
    cco: Mac
    cco_tei: U8
    reserved_3: Raw3 = bytes(3)
    reserved_4: bytes = bytes(5)
    stations: tuple[AvlnStationV1, ...]

    @classmethod
    def _read_more(cls, reader: Reader, _fields: Mapping[str, Any]) -> Mapping[str, Any]:
        count, reserved = reader.unpack(_COUNT_AND_RESERVED)
        return {"reserved_4": reserved, "stations": tuple(AvlnStationV1.read(reader) for _ in range(count))}

    def _write_more(self) -> bytes:
        stations = b"".join(station.encode() for station in self.stations)
        return _COUNT_AND_RESERVED.pack(len(self.stations), self.reserved_4) + stations


class NetworkInfoConfirmV0(Body):
    """The networks that the modem belongs to."""

    KIND = Kind("VS_NW_INFO.CNF", 0xA039, 0, QCA)
    networks: Listed[AvlnV0]


class NetworkInfoConfirmV1(Body):
    """The networks that the modem belongs to; `length` counts what follows byte 26, as the modem says it."""

    KIND = Kind("VS_NW_INFO.CNF", 0xA039, 1, QCA)
    subversion: U8 = 0
    reserved_1: U8 = 0
    length: U16
    reserved_2: U8 = 0
    networks: Listed[AvlnV1]


class DiscoverListRequest(Body):
    """Asks which stations and networks are heard."""

    KIND = Kind("CC_DISCOVER_LIST.REQ", 0x0014)


class DiscoveredStation(Fields):
    """A station that is heard.

    `signal_level` is a code: 0 not known, 1 down to -10 dB, then 5 dB a step, 15 is -75 dB or less. The bits of
    `capabilities` are disputed.
    """

    mac: Mac
    tei: U8
    same_network: U8
    snid: U8
    capabilities: U8
    signal_level: U8
    average_ble: U8


class DiscoveredNetwork(Fields):
    """A network that is heard."""

    nid: Raw7
    snid: U8
    hybrid_mode: U8
    beacon_slots: U8
    coordinating: U8
    beacon_offset: U16


class DiscoverListConfirm(Body):
    """Stations and networks that the modem hears."""

    KIND = Kind("CC_DISCOVER_LIST.CNF", 0x0015)
    stations: Listed[DiscoveredStation]
    networks: Listed[DiscoveredNetwork]


class NetworkStatsRequest(Body):
    """Asks for the average rates with each station."""

    KIND = Kind("CM_NW_STATS.REQ", 0x6048)


class StationRate(Fields):
    """Average PHY rates with one station, Mbit/s."""

    mac: Mac
    tx_mbit_s: U8
    rx_mbit_s: U8


class NetworkStatsConfirm(Body):
    """Average rates with each station."""

    KIND = Kind("CM_NW_STATS.CNF", 0x6049)
    stations: Listed[StationRate]


class StationIdentifyRequest(Body):
    """Asks for the GreenPHY capabilities."""

    KIND = Kind("CM_STA_IDENTIFY.REQ", 0x6060)


class StationIdentifyConfirm(Body):
    """GreenPHY capabilities."""

    KIND = Kind("CM_STA_IDENTIFY.CNF", 0x6061)
    green_phy: U8
    power_save: U8
    preferred_allocation: U8
    repeating: U8
    hpav_version: U8
    efl: U8
    ef: U8
