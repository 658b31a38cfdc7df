"""What is on the powerlines of the bench, and behind which interface.

    plc0  modem_01  vehicle modem ═══ charger modem ── SECC          a neighbour outlet hears both
    plc1  modem_02  HomePlug AV probe ═══ probe
    plc2  modem_03  VertexCom modem ═══ VertexCom modem
    plc3  modem_04  vehicle modem ═══ charger modem  modem_05  plc4   programs at both ends

One pilot line is seen by all, unless a fault disturbs that of one modem alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from v2g_tool.bench.faults import MODEMS, PILOT_LINES, FaultSet
from v2g_tool.bench.homeplug.bridge import Bridge, Seat
from v2g_tool.bench.homeplug.channel import CAUSES, Cause, Channel, draw, neighbour_of, truth
from v2g_tool.bench.homeplug.chips import INT6400, QCA7420
from v2g_tool.bench.homeplug.greenphy import ChargerModem, VehicleModem
from v2g_tool.bench.homeplug.mme import QUALCOMM, VERTEXCOM, mac_text
from v2g_tool.bench.homeplug.powerline import Agenda, Line
from v2g_tool.bench.homeplug.probe import ProbeModem
from v2g_tool.bench.homeplug.reception import Reception
from v2g_tool.bench.homeplug.secc import Secc
from v2g_tool.bench.homeplug.slac import NetworkKey
from v2g_tool.bench.homeplug.vertexcom import VertexComModem
from v2g_tool.bench.noise import mix, uniform

INTERFACES = dict(zip(MODEMS, ("plc0", "plc1", "plc2", "plc3", "plc4"), strict=True))
"""The host's side of each modem's veth pair."""
CHARGER_KEY = NetworkKey(bytes.fromhex("b59319d7e8157ba001b018669ccee30d"))
"""Published as an example with open-plc-utils (evse.ini)."""
VEHICLE_KEY = NetworkKey(bytes.fromhex("50d3e4933f855b7040784df815aa8db7"))
"""Published as an example with open-plc-utils (pev.ini)."""

OWN, PEER, NEIGHBOUR = 1, 2, 3
"""Stations of a line: the modem at the interface, the other end, the next outlet."""

_NEIGHBOUR_KEY = NetworkKey(bytes(range(16)))


def modem_mac(modem: str, station: int = OWN, maker: bytes = QUALCOMM) -> bytes:
    """Give the address of a station on the line of a modem."""
    return maker + bytes((int(modem[-2:]), 0, station))


def host_mac(modem: str, station: int = OWN) -> bytes:
    """Give the address of what is plugged into a station."""
    return b"\x02\0\0" + bytes((int(modem[-2:]), 0, station))


class Scenes:
    """All lines with all modems.

    Args:
        seed: draws the channels and the errors of the modems.
        faults: gives the faults of a device.
        agenda: the time.
    """

    def __init__(self, seed: int, faults: Callable[[str], FaultSet], agenda: Agenda) -> None:
        self.modems: dict[str, Bridge] = {}
        self.faults = {name: faults(name) for name in dict.fromkeys((*PILOT_LINES, *MODEMS))}
        self._seed = seed
        self._agenda = agenda
        self._channels: dict[str, Channel] = {}
        self._secc: Secc = self._vehicle_at_a_charger("modem_01")
        self._probes("modem_02")
        self._vertexcoms("modem_03")
        self._vehicle_and_charger("modem_04", "modem_05")

    def channel(self, modem: str) -> Channel:
        """Give the channel that a modem sees; each cause is drawn once."""
        standing = [*self.faults[modem].standing("line"), *self.faults["charger_01"].standing("line"), "clean"]
        cause: Cause = next(known for known in CAUSES if known == standing[0])
        if cause not in self._channels:
            self._channels[cause] = draw(cause, self._seed)
        return self._channels[cause]

    def truth(self) -> dict[str, dict[str, Any]]:
        """Give for each modem what is true about its line."""
        told = {modem: self._truth(modem) for modem in self.modems}
        told["modem_01"]["secc"] = mac_text(self._secc.mac)
        told["modem_01"]["secc_correction_db"] = self._secc.correction_db
        return told

    def _truth(self, name: str) -> dict[str, Any]:
        modem = self.modems[name]
        stations = {"mac": mac_text(modem.mac), "peers": [mac_text(peer.mac) for peer in modem.peers]}
        return {"interface": INTERFACES[name], **stations, **truth(modem.reception.channel)}

    def _seat(self, modem: str, line: Line, key: NetworkKey, station: int = 1, maker: bytes = QUALCOMM) -> Seat:
        """Give the place of a station; only the one at the interface has faults."""
        faults = self.faults[modem] if station == OWN else FaultSet(modem)
        channel = self.channel(modem) if station != NEIGHBOUR else neighbour_of(self.channel(modem), self._seed)
        reception = Reception(channel, mix(self._seed, 71, int(modem[-2:]), station), self._agenda)
        return Seat(modem_mac(modem, station, maker), key.nid, line, faults, reception)

    def _vehicle_at_a_charger(self, modem: str) -> Secc:
        line = Line()
        charger = ChargerModem(self._seat(modem, line, CHARGER_KEY, PEER))
        self.modems[modem] = VehicleModem(self._seat(modem, line, CHARGER_KEY))
        neighbour = ChargerModem(self._seat(modem, line, _NEIGHBOUR_KEY, NEIGHBOUR))
        correction_db = round(4.6 + 1.3 * uniform(self._seed, 72), 2)  # as the captured chargers do
        if self.channel(modem).cause == "crosstalk":
            Secc(host_mac(modem, NEIGHBOUR), neighbour, _NEIGHBOUR_KEY, correction_db, self._agenda)
        return Secc(host_mac(modem, PEER), charger, CHARGER_KEY, correction_db, self._agenda)

    def _probes(self, modem: str) -> None:
        line = Line()
        self.modems[modem] = ProbeModem(self._seat(modem, line, VEHICLE_KEY), QCA7420)
        ProbeModem(self._seat(modem, line, VEHICLE_KEY, PEER), INT6400)

    def _vertexcoms(self, modem: str) -> None:
        line = Line()
        VertexComModem(self._seat(modem, line, VEHICLE_KEY, PEER, VERTEXCOM))
        self.modems[modem] = VertexComModem(self._seat(modem, line, VEHICLE_KEY, OWN, VERTEXCOM))

    def _vehicle_and_charger(self, vehicle: str, charger: str) -> None:
        line = Line()
        reception = Reception(self.channel(vehicle), mix(self._seed, 73), self._agenda)
        far = Seat(modem_mac(charger), VEHICLE_KEY.nid, line, self.faults[charger], reception)
        self.modems[charger] = ChargerModem(far)
        self.modems[vehicle] = VehicleModem(self._seat(vehicle, line, VEHICLE_KEY))
