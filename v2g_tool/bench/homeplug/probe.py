"""HomePlug AV modems used as probes: both ends tell tone maps for every slot."""

from __future__ import annotations

from v2g_tool.bench.homeplug.powerline import Station
from v2g_tool.bench.homeplug.qualcomm import QualcommModem, Rates
from v2g_tool.bench.homeplug.tone_maps import RX_MAP, UNKNOWN_MAC, UNKNOWN_SLOT, ToneMapRequest

_GUARD_INTERVAL = 3
_FIRST_LEVEL_DB = 10.0


class ProbeModem(QualcommModem):
    """A modem that adapts each carrier to the line."""

    def tone_map(self, request: ToneMapRequest) -> bytes:
        """Give what this receiver asked for, or what the peer granted."""
        peer = self._probe(request.peer)
        if peer is None:
            return request.refused(UNKNOWN_MAC)
        if request.slot >= self.reception.slots or self.faults.has("modem-refusing"):
            return request.refused(UNKNOWN_SLOT)
        receiver = self if request.code == RX_MAP else peer
        gain = max(0, min(255, round(receiver.reception.attenuation_db())))
        return request.granted(receiver.reception.slots, receiver.reception.codes(request.slot), gain, _GUARD_INTERVAL)

    def rates(self, peer: Station) -> Rates:
        """Give the rates that follow from the tone maps of both directions."""
        other = self._probe(peer.mac)
        return Rates(0 if other is None else other.reception.rate_mbit_s(), self.reception.rate_mbit_s())

    def level(self, _peer: Station) -> int:
        """Give the level code: 1 above -10 dB, then one for each 5 dB, 15 from -75 dB down."""
        loss_db = self.reception.attenuation_db()
        return 1 if loss_db < _FIRST_LEVEL_DB else min(15, 2 + int((loss_db - _FIRST_LEVEL_DB) / 5))

    def _probe(self, mac: bytes) -> ProbeModem | None:
        found = (station for station in self.peers if station.mac == mac)
        return next((station for station in found if isinstance(station, ProbeModem)), None)
