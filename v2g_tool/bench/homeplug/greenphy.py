"""GreenPHY modems as captured: no tone maps, no rates, but link statistics and sound profiles."""

from __future__ import annotations

import struct

from v2g_tool.bench.homeplug.bridge import Seat
from v2g_tool.bench.homeplug.chips import QCA7000, QCA7005, Chip
from v2g_tool.bench.homeplug.mme import BROADCAST, QUALCOMM, Mme, parse
from v2g_tool.bench.homeplug.powerline import Station
from v2g_tool.bench.homeplug.qualcomm import QualcommModem, Rates
from v2g_tool.bench.homeplug.slac import ATTEN_PROFILE, MNBC_SOUND
from v2g_tool.bench.homeplug.tone_maps import TX_MAP, UNKNOWN_MAC, UNKNOWN_SLOT, ToneMapRequest

_ROBO_MBIT_S = 9
_QPSK = 2
_CARRIERS = 917
_PROFILE_INDICATION = 0xA14E
_CARRIERS_PER_GROUP = 16


class VehicleModem(QualcommModem):
    """The modem of a vehicle, a QCA7005."""

    def __init__(self, seat: Seat, chip: Chip = QCA7005) -> None:
        super().__init__(seat, chip)

    def tone_map(self, request: ToneMapRequest) -> bytes:
        """Refuse a receive map; grant QPSK everywhere for sending, whatever the line is like."""
        if all(station.mac != request.peer for station in self.peers):
            return request.refused(UNKNOWN_MAC)
        if request.code != TX_MAP or not request.version or self.faults.has("modem-refusing"):
            return request.refused(UNKNOWN_SLOT)
        return request.granted(0, (_QPSK,) * _CARRIERS)

    def rates(self, _peer: Station) -> Rates:
        """Give the rate of the robust mode."""
        return Rates(_ROBO_MBIT_S, _ROBO_MBIT_S)

    def level(self, _peer: Station) -> int:
        """Give 0: the chip does not tell a level."""
        return 0


class ChargerModem(VehicleModem):
    """The modem of a charger, a QCA7000: it measures every sound and tells the profile."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat, QCA7000)

    def from_line(self, frame: bytes) -> None:
        """Take a frame from another modem; behind each sound its profile follows."""
        super().from_line(frame)
        message = parse(frame)
        if message is not None and message.code == MNBC_SOUND and self.working:
            self._tell_profile(message.sender)

    def _tell_profile(self, ev: bytes) -> None:
        """Tell the own host both kinds of profile, and the line the vendor's; the OUI differs as captured."""
        groups = bytes(self.reception.profile())
        vendor = struct.pack("<6sBBB7x", ev, len(groups), 0, _CARRIERS_PER_GROUP) + groups
        standard = struct.pack("<6sBx", ev, len(groups)) + groups
        to = min(self.hosts, default=BROADCAST)
        own = Mme(BROADCAST, self.mac, 0, _PROFILE_INDICATION, vendor, bytes(3))
        self.host.hear(own.frame())
        self.host.hear(Mme(to, self.mac, 1, ATTEN_PROFILE, standard).frame())
        self.line.carry(own._replace(oui=QUALCOMM).frame(), self)
