"""What frames say about PLC links: one pass, in bounded memory, whatever the frames hold.

What is counted once:

- The same message from the same sender within ECHO_S, but for VLAN tag and padding, unless something else was asked in
  between: it passed on two VLANs, or was captured twice. Sounds follow each other after 20 ms at the earliest.
- One sound told in two messages by one modem: CM_ATTEN_PROFILE.IND to its host and, with the same values,
  VS_ATTENUATION_CHARACTERISTICS.IND to the powerline. A host may show another address than the modem in one of them,
  so equal values for the same EV in the other kind of message within ECHO_S are the same sound whoever sent them, and
  the address in the powerline message names the modem, as the EV's side sees nothing else. It names it for sounds, too,
  of which one of the two messages was lost. Two modems that hear one sound (crosstalk) practically never agree in
  58 values; two messages of the same kind from two addresses are two modems, even with equal values. Empty profiles
  have no values to agree in, so those of two addresses stay apart.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from v2g_tool.hal.homeplug import identity, network, slac_messages, statistics, tone_map, vertexcom
from v2g_tool.hal.homeplug.fields import NOBODY, Body
from v2g_tool.hal.homeplug.fragments import ECHO_S, Reassembler
from v2g_tool.hal.homeplug.frame import BROADCAST, LOCAL_MODEM, ForeignFrame, MalformedFrame
from v2g_tool.hal.homeplug.messages import Fragment, Message, UnknownMessage, decode
from v2g_tool.hal.homeplug.refusals import refusal_of
from v2g_tool.model import plc

LIMITS = {"tone_maps": 3_000, "snrs": 3_000, "networks": 500, "identities": 1_000}
LIMIT = 10_000
"""So many findings of a kind are kept, of large ones fewer: 60 MB of real ones, 250 MB of the worst ones."""
_REMEMBERED = 1_024

Role = Literal["STA", "proxy CCo", "CCo", "unknown"]
_ROLES: dict[int, Role] = {0: "STA", 1: "proxy CCo", 2: "CCo"}
_HOST: plc.ProfileKind = "CM_ATTEN_PROFILE.IND"
_POWERLINE: plc.ProfileKind = "VS_ATTENUATION_CHARACTERISTICS.IND"


def observe(frames: Iterable[plc.Captured]) -> plc.Observation:
    """Give what the frames say; never raises, whatever they hold."""
    observer = Observer()
    for captured in frames:
        observer.add(captured)
    return observer.observation()


@dataclass
class _Recent:
    """What passed lately, by a key; the oldest is forgotten first."""

    things: OrderedDict[Hashable, tuple[float, Any]] = field(default_factory=OrderedDict)

    def note(self, key: Hashable, time_s: float, thing: object = True) -> None:
        self.things[key] = (time_s, thing)
        self.things.move_to_end(key)
        if len(self.things) > _REMEMBERED:
            self.things.popitem(last=False)

    def find(self, key: Hashable, time_s: float | None = None) -> Any:  # noqa: ANN401 - as it was noted
        """Give what was noted under a key, with a time only if that was within ECHO_S; None if nothing was."""
        since_s, thing = self.things.get(key, (0.0, None))
        return thing if time_s is None or abs(time_s - since_s) <= ECHO_S else None


class Observer:
    """Takes frames one after the other and folds them into an Observation."""

    def __init__(self) -> None:
        self._found: dict[str, list[Any]] = {}
        self._counts: Counter[str] = Counter()
        self._fragments = Reassembler()
        self._echoes = _Recent()
        self._asked = _Recent()
        self._latest: dict[tuple[str, str], object] = {}
        self._modem_of_host: dict[str, str] = {}

    def add(self, captured: plc.Captured) -> None:
        """Take the next frame."""
        self._counts["frames"] += 1
        try:
            self._take(captured.frame, captured.time_s)
        except ForeignFrame:
            self._counts["foreign"] += 1
        except MalformedFrame:
            self._counts["damaged"] += 1

    def observation(self) -> plc.Observation:
        """Give what was observed so far; messages of which fragments are missing count as damaged."""
        observed: dict[str, Any] = {name: tuple(items) for name, items in self._found.items()} | self._counts
        observed["profiles"] = tuple(map(self._named, self._found.get("profiles", ())))
        observed["damaged"] = self._counts["damaged"] + self._fragments.lost + self._fragments.open
        return plc.Observation(**observed)

    def _take(self, frame: bytes, time_s: float) -> None:
        message = decode(frame)
        if isinstance(message.body, Fragment):
            whole = self._fragments.add(frame, time_s)
            if whole is not None:
                self._take(whole, time_s)
        elif isinstance(message.body, UnknownMessage):
            self._counts["foreign"] += 1
        elif not self._is_echo(frame, message, time_s):
            self._fold(message, time_s)

    def _is_echo(self, frame: bytes, message: Message, time_s: float) -> bool:
        """Whether the same has just passed, but for VLAN tag and padding, as an answer to the same question."""
        head = message.head
        content = frame[:12] + frame[12 + len(head.vlan) : len(frame) - len(message.tail)]
        key = (content, self._asked.find((head.destination, head.mmtype)))
        seen = self._echoes.find(key, time_s)
        if not seen:
            self._echoes.note(key, time_s)
        return bool(seen)

    def _fold(self, message: Message, time_s: float) -> None:
        refusal = refusal_of(message)
        handler = _HANDLERS.get(type(message.body))
        if refusal:
            self._keep("refusals", refusal)
        elif handler:
            handler(self, message, message.body, time_s)

    def _keep(self, name: str, thing: object) -> bool:
        """Keep one finding; not where there are too many."""
        items = self._found.setdefault(name, [])
        if len(items) >= LIMITS.get(name, LIMIT):
            self._counts["dropped"] += 1
            return False
        items.append(thing)
        return True

    def _keep_news(self, name: str, whose: str, thing: object) -> None:
        """Keep what is true until something else is said; saying it again is no news."""
        if self._latest.get((name, whose)) != thing and self._keep(name, thing):
            self._latest[name, whose] = thing

    def _named(self, profile: plc.SoundProfile) -> plc.SoundProfile:
        modem = self._modem_of_host.get(profile.modem) if profile.kind == _HOST else None
        return replace(profile, modem=modem) if modem else profile

    def _version(self, message: Message, body: identity.VersionConfirm, _time_s: float) -> None:
        """Qualcomm: chip and firmware."""
        mac = message.head.source
        modem = plc.ModemIdentity(mac, "Qualcomm", body.chip, body.firmware, body.device_class)
        self._keep_news("identities", mac, modem)

    def _vc_version(self, message: Message, body: vertexcom.VcVersionConfirm, _time_s: float) -> None:
        """VertexCom: chip and firmware."""
        mac, chip = message.head.source, f"MSE102x (device 0x{body.device_id:04X})"
        self._keep_news("identities", mac, plc.ModemIdentity(mac, "VertexCom", chip, body.firmware))

    def _link_state(self, message: Message, body: identity.LinkStatusConfirm, _time_s: float) -> None:
        """Whether there is a network."""
        mac = message.head.source
        self._keep_news("link_states", mac, plc.LinkState(mac, body.linked == 1))

    def _networks(self, message: Message, body: Any, _time_s: float) -> None:  # noqa: ANN401 - two kinds
        """Qualcomm: networks and stations."""
        for seen in body.networks:
            stations = tuple(plc.Station(s.mac, s.tei, s.bridged, s.tx_mbit_s, s.rx_mbit_s) for s in seen.stations)
            role = _ROLES.get(seen.role, "unknown")
            reporter = message.head.source
            found = plc.Network(reporter, seen.nid.hex(), seen.snid, seen.tei, role, seen.cco, stations)
            self._keep_news("networks", reporter + found.nid, found)

    def _vc_network(self, message: Message, body: vertexcom.VcNetworkInfoConfirm, _time_s: float) -> None:
        """VertexCom: it does not say its own TEI and role unless it is the coordinator; 0 is no TEI."""
        reporter = message.head.source
        leads = reporter == body.cco
        stations = tuple(plc.Station(s.mac, s.tei, "", s.tx_coded, s.rx_coded) for s in body.stations)
        tei, role = (body.cco_tei, _ROLES[2]) if leads else (0, "unknown")
        found = plc.Network(reporter, body.nid.hex(), body.snid, tei, role, body.cco, stations)
        self._keep_news("networks", reporter + found.nid, found)

    def _ask(self, message: Message, body: Body, time_s: float) -> None:
        """Remember what is asked, both as the last question of its kind and by what the answer repeats of it."""
        head = message.head
        what, content = _ASKED[type(body)](body)
        question = (head.destination, what, content)
        self._asked.note((head.source, head.mmtype + 1), time_s, question)
        self._asked.note((head.source, head.mmtype + 1, what), time_s, question)

    def _tone_map(self, message: Message, body: Any, time_s: float) -> None:  # noqa: ANN401 - four kinds
        """Codes of one slot; the older form does not say the peer, but its request does."""
        says_peer = isinstance(body, tone_map.ToneMapConfirmV1)
        peer = body.peer if says_peer else self._question(message, body.slot) or ""
        reporter, direction = message.head.source, body.direction
        codes, agc, gil = body.codes, body.agc, body.gil
        self._keep("tone_maps", plc.ToneMap(reporter, peer, direction, body.slot, body.maps, codes, agc, gil, time_s))

    def _counters(self, message: Message, body: statistics.LinkStatisticsConfirm, time_s: float) -> None:
        """Link statistics; the request names the peer."""
        peer = self._question(message, body.lid) or ""
        self._keep("counters", plc.LinkCounters(message.head.source, peer, body.lid, body.tx, body.rx, time_s))

    def _snr(self, message: Message, body: vertexcom.VcSnrConfirm, time_s: float) -> None:
        """SNR of one comb; the request names peer and interval."""
        peer, interval = self._question(message, body.comb) or ("", vertexcom.INITIAL)
        reporter = message.head.source
        self._keep("snrs", plc.ModemSnr(reporter, peer, interval, body.comb, body.values, body.ber_ratio, time_s))

    def _vc_counters(self, message: Message, body: vertexcom.VcLinkStatsConfirm, time_s: float) -> None:
        """What was sent; what was received is left out, as the unit of its bit errors is unconfirmed."""
        peer, lid, direction = self._question(message, body.request_id) or ("", 0, None)
        stats = body.tx() if direction == vertexcom.SENT else None
        if stats:
            passed, failed = stats.pb_passed, stats.pb_crc_failed
            tx = plc.TxCounters(stats.mpdu_acknowledged, stats.mpdu_collided, stats.mpdu_failed, passed, failed)
            self._keep("counters", plc.LinkCounters(message.head.source, peer, lid, tx, None, time_s))

    def _start(self, message: Message, body: slac_messages.SlacParmRequest, time_s: float) -> None:
        """An EV asks for SLAC."""
        self._keep("starts", plc.SlacStart(message.head.source, body.run_id.hex(), time_s))

    def _sound(self, message: Message, body: slac_messages.MnbcSound, time_s: float) -> None:
        """An EV sounds."""
        self._keep("sounds", plc.Sound(message.head.source, body.run_id.hex(), body.remaining, time_s))

    def _reported(self, message: Message, body: slac_messages.AttenChar, time_s: float) -> None:
        """A charger's mean; with a source address of all ones it is some program's own use of the frame."""
        if body.source_address == BROADCAST:
            self._counts["foreign"] += 1
            return
        ev, run_id = body.source_address, body.run_id.hex()
        report = plc.ReportedAttenuation(message.head.source, ev, run_id, body.sounds, body.groups_db, time_s)
        self._keep("reported", report)

    def _profile(self, message: Message, body: Any, time_s: float) -> None:  # noqa: ANN401 - two kinds
        """One sound's attenuation; see the head of this module for what is counted once."""
        kind, other = (_HOST, _POWERLINE) if isinstance(body, slac_messages.AttenProfile) else (_POWERLINE, _HOST)
        modem, sound = message.head.source, (body.ev, body.groups_db)
        if self._echoes.find((modem, sound), time_s):
            return
        self._echoes.note((modem, sound), time_s)
        twin = self._echoes.find((other, sound), time_s) if body.groups_db else None
        if twin is not None:
            host, modem = (modem, twin) if kind == _HOST else (twin, modem)
            if len(self._modem_of_host) < _REMEMBERED:
                self._modem_of_host[host] = modem
            return
        self._echoes.note((kind, sound), time_s, modem)
        self._keep("profiles", plc.SoundProfile(modem, body.ev, body.groups_db, kind, time_s))

    def _question(self, message: Message, what: int) -> Any:  # noqa: ANN401 - as it was asked
        """Give what this answer was asked for, None if the request was not seen."""
        head = message.head
        destination, _, content = self._asked.find((head.destination, head.mmtype, what)) or ("", what, None)
        return content if destination in (head.source, LOCAL_MODEM, BROADCAST) else None


_ASKED: Mapping[type[Body], Callable[[Any], tuple[int, object]]] = {
    tone_map.TxToneMapRequestV0: lambda body: (body.slot, body.peer),
    tone_map.RxToneMapRequestV0: lambda body: (body.slot, body.peer),
    statistics.LinkStatisticsRequest: lambda body: (body.lid, "" if body.peer == NOBODY else body.peer),
    vertexcom.VcSnrRequest: lambda body: (body.comb, (body.peer, body.interval)),
    vertexcom.VcLinkStatsRequest: lambda body: (body.request_id, (body.peer, body.lid, body.direction)),
}
"""What the answer repeats of a question, and what it leaves out: the peer, the interval, the direction."""
_HANDLERS: Mapping[type[Body], Callable[[Observer, Message, Any, float], None]] = {
    **dict.fromkeys(_ASKED, Observer._ask),
    identity.VersionConfirm: Observer._version,
    vertexcom.VcVersionConfirm: Observer._vc_version,
    identity.LinkStatusConfirm: Observer._link_state,
    network.NetworkInfoConfirmV0: Observer._networks,
    network.NetworkInfoConfirmV1: Observer._networks,
    vertexcom.VcNetworkInfoConfirm: Observer._vc_network,
    tone_map.TxToneMapConfirmV0: Observer._tone_map,
    tone_map.RxToneMapConfirmV0: Observer._tone_map,
    tone_map.TxToneMapConfirmV1: Observer._tone_map,
    tone_map.RxToneMapConfirmV1: Observer._tone_map,
    statistics.LinkStatisticsConfirm: Observer._counters,
    vertexcom.VcSnrConfirm: Observer._snr,
    vertexcom.VcLinkStatsConfirm: Observer._vc_counters,
    slac_messages.SlacParmRequest: Observer._start,
    slac_messages.MnbcSound: Observer._sound,
    slac_messages.AttenChar: Observer._reported,
    slac_messages.AttenProfile: Observer._profile,
    slac_messages.VendorAttenuation: Observer._profile,
}
"""What each kind of message adds."""
