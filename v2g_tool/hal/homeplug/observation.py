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

from v2g_tool.hal.homeplug.fields import NOBODY, Body
from v2g_tool.hal.homeplug.fragments import ECHO_S, Reassembler
from v2g_tool.hal.homeplug.frame import BROADCAST, LOCAL_MODEM, ForeignFrame, MalformedFrame
from v2g_tool.hal.homeplug.identity import LinkStatusConfirm, VersionConfirm
from v2g_tool.hal.homeplug.messages import Fragment, Message, UnknownMessage, decode
from v2g_tool.hal.homeplug.network import NetworkInfoConfirmV0, NetworkInfoConfirmV1
from v2g_tool.hal.homeplug.refusals import refusal_of
from v2g_tool.hal.homeplug.slac_messages import AttenChar, AttenProfile, MnbcSound, SlacParmRequest, VendorAttenuation
from v2g_tool.hal.homeplug.statistics import LinkStatisticsConfirm, LinkStatisticsRequest
from v2g_tool.hal.homeplug.tone_map import (
    RxToneMapConfirmV0,
    RxToneMapConfirmV1,
    RxToneMapRequestV0,
    TxToneMapConfirmV0,
    TxToneMapConfirmV1,
    TxToneMapRequestV0,
)
from v2g_tool.hal.homeplug.vertexcom import (
    INITIAL,
    SENT,
    VcLinkStatsConfirm,
    VcLinkStatsRequest,
    VcNetworkInfoConfirm,
    VcSnrConfirm,
    VcSnrRequest,
    VcVersionConfirm,
)
from v2g_tool.model.plc import (
    Captured,
    LinkCounters,
    LinkState,
    ModemIdentity,
    ModemSnr,
    Network,
    Observation,
    ProfileKind,
    ReportedAttenuation,
    SlacStart,
    Sound,
    SoundProfile,
    Station,
    ToneMap,
    TxCounters,
)

LIMITS = {"tone_maps": 3_000, "snrs": 3_000, "networks": 500, "identities": 1_000}
LIMIT = 10_000
"""So many findings of a kind are kept, of large ones fewer: 60 MB of real ones, 250 MB of the worst ones."""
_REMEMBERED = 1_024

Role = Literal["STA", "proxy CCo", "CCo", "unknown"]
_ROLES: dict[int, Role] = {0: "STA", 1: "proxy CCo", 2: "CCo"}
_HOST: ProfileKind = "CM_ATTEN_PROFILE.IND"
_POWERLINE: ProfileKind = "VS_ATTENUATION_CHARACTERISTICS.IND"


def observe(frames: Iterable[Captured]) -> Observation:
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

    def add(self, captured: Captured) -> None:
        """Take the next frame."""
        self._counts["frames"] += 1
        try:
            self._take(captured.frame, captured.time_s)
        except ForeignFrame:
            self._counts["foreign"] += 1
        except MalformedFrame:
            self._counts["damaged"] += 1

    def observation(self) -> Observation:
        """Give what was observed so far; messages of which fragments are missing count as damaged."""
        observed: dict[str, Any] = {name: tuple(items) for name, items in self._found.items()} | self._counts
        observed["profiles"] = tuple(map(self._named, self._found.get("profiles", ())))
        observed["damaged"] = self._counts["damaged"] + self._fragments.lost + self._fragments.open
        return Observation(**observed)

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

    def _named(self, profile: SoundProfile) -> SoundProfile:
        modem = self._modem_of_host.get(profile.modem) if profile.kind == _HOST else None
        return replace(profile, modem=modem) if modem else profile

    def _version(self, message: Message, body: VersionConfirm, _time_s: float) -> None:
        """Qualcomm: chip and firmware."""
        mac = message.head.source
        identity = ModemIdentity(mac, "Qualcomm", body.chip, body.firmware, body.device_class)
        self._keep_news("identities", mac, identity)

    def _vc_version(self, message: Message, body: VcVersionConfirm, _time_s: float) -> None:
        """VertexCom: chip and firmware."""
        mac, chip = message.head.source, f"MSE102x (device 0x{body.device_id:04X})"
        self._keep_news("identities", mac, ModemIdentity(mac, "VertexCom", chip, body.firmware))

    def _link_state(self, message: Message, body: LinkStatusConfirm, _time_s: float) -> None:
        """Whether there is a network."""
        mac = message.head.source
        self._keep_news("link_states", mac, LinkState(mac, body.linked == 1))

    def _networks(self, message: Message, body: NetworkInfoConfirmV0 | NetworkInfoConfirmV1, _time_s: float) -> None:
        """Qualcomm: networks and stations."""
        for seen in body.networks:
            stations = tuple(Station(s.mac, s.tei, s.bridged, s.tx_mbit_s, s.rx_mbit_s) for s in seen.stations)
            role = _ROLES.get(seen.role, "unknown")
            reporter = message.head.source
            network = Network(reporter, seen.nid.hex(), seen.snid, seen.tei, role, seen.cco, stations)
            self._keep_news("networks", reporter + network.nid, network)

    def _vc_network(self, message: Message, body: VcNetworkInfoConfirm, _time_s: float) -> None:
        """VertexCom: it does not say its own TEI and role unless it is the coordinator; 0 is no TEI."""
        reporter = message.head.source
        leads = reporter == body.cco
        stations = tuple(Station(s.mac, s.tei, "", s.tx_coded, s.rx_coded) for s in body.stations)
        tei, role = (body.cco_tei, _ROLES[2]) if leads else (0, "unknown")
        network = Network(reporter, body.nid.hex(), body.snid, tei, role, body.cco, stations)
        self._keep_news("networks", reporter + network.nid, network)

    def _ask_tone_map(self, message: Message, body: TxToneMapRequestV0 | RxToneMapRequestV0, time_s: float) -> None:
        """Remember of which peer the codes are asked: the answer does not say it."""
        self._ask(message, body.slot, time_s, body.peer)

    def _ask_counters(self, message: Message, body: LinkStatisticsRequest, time_s: float) -> None:
        """Remember of which peer the counters are asked."""
        self._ask(message, body.lid, time_s, "" if body.peer == NOBODY else body.peer)

    def _ask_snr(self, message: Message, body: VcSnrRequest, time_s: float) -> None:
        """Remember of which peer and interval the SNR is asked."""
        self._ask(message, body.comb, time_s, (body.peer, body.interval))

    def _tone_map_v0(self, message: Message, body: TxToneMapConfirmV0 | RxToneMapConfirmV0, time_s: float) -> None:
        """Codes of one slot; the request names the peer."""
        self._tone_map(message, body, self._question(message, body.slot) or "", time_s)

    def _tone_map_v1(self, message: Message, body: TxToneMapConfirmV1 | RxToneMapConfirmV1, time_s: float) -> None:
        """Codes of one slot."""
        self._tone_map(message, body, body.peer, time_s)

    def _counters(self, message: Message, body: LinkStatisticsConfirm, time_s: float) -> None:
        """Link statistics; the request names the peer."""
        peer = self._question(message, body.lid) or ""
        self._keep("counters", LinkCounters(message.head.source, peer, body.lid, body.tx, body.rx, time_s))

    def _snr(self, message: Message, body: VcSnrConfirm, time_s: float) -> None:
        """SNR of one comb; the request names peer and interval."""
        peer, interval = self._question(message, body.comb) or ("", INITIAL)
        reporter = message.head.source
        self._keep("snrs", ModemSnr(reporter, peer, interval, body.comb, body.values, body.ber_ratio, time_s))

    def _ask_vc_counters(self, message: Message, body: VcLinkStatsRequest, time_s: float) -> None:
        """Remember of which link and direction the counters are asked."""
        self._ask(message, body.request_id, time_s, (body.peer, body.lid, body.direction))

    def _vc_counters(self, message: Message, body: VcLinkStatsConfirm, time_s: float) -> None:
        """What was sent; what was received is left out, as the unit of its bit errors is unconfirmed."""
        peer, lid, direction = self._question(message, body.request_id) or ("", 0, None)
        stats = body.tx() if direction == SENT else None
        if stats:
            passed, failed = stats.pb_passed, stats.pb_crc_failed
            tx = TxCounters(stats.mpdu_acknowledged, stats.mpdu_collided, stats.mpdu_failed, passed, failed)
            self._keep("counters", LinkCounters(message.head.source, peer, lid, tx, None, time_s))

    def _start(self, message: Message, body: SlacParmRequest, time_s: float) -> None:
        """An EV asks for SLAC."""
        self._keep("starts", SlacStart(message.head.source, body.run_id.hex(), time_s))

    def _sound(self, message: Message, body: MnbcSound, time_s: float) -> None:
        """An EV sounds."""
        self._keep("sounds", Sound(message.head.source, body.run_id.hex(), body.remaining, time_s))

    def _reported(self, message: Message, body: AttenChar, time_s: float) -> None:
        """A charger's mean; with a source address of all ones it is some program's own use of the frame."""
        if body.source_address == BROADCAST:
            self._counts["foreign"] += 1
            return
        ev, run_id = body.source_address, body.run_id.hex()
        report = ReportedAttenuation(message.head.source, ev, run_id, body.sounds, body.groups_db, time_s)
        self._keep("reported", report)

    def _profile(self, message: Message, body: AttenProfile | VendorAttenuation, time_s: float) -> None:
        """One sound's attenuation; see the head of this module for what is counted once."""
        kind, other = (_HOST, _POWERLINE) if isinstance(body, AttenProfile) else (_POWERLINE, _HOST)
        modem, sound = message.head.source, (body.ev, body.groups_db)
        if self._echoes.find((modem, sound), time_s):
            return
        self._echoes.note((modem, sound), time_s)
        twin = self._echoes.find((other, sound), time_s) if body.groups_db else None
        if twin is not None:
            self._same_modem(*((modem, twin) if kind == _HOST else (twin, modem)))
            return
        self._echoes.note((kind, sound), time_s, modem)
        self._keep("profiles", SoundProfile(modem, body.ev, body.groups_db, kind, time_s))

    def _same_modem(self, host: str, modem: str) -> None:
        if len(self._modem_of_host) < _REMEMBERED:
            self._modem_of_host[host] = modem

    def _tone_map(self, message: Message, body: Any, peer: str, time_s: float) -> None:  # noqa: ANN401 - four kinds
        reporter, direction = message.head.source, body.direction
        codes, agc, gil = body.codes, body.agc, body.gil
        self._keep("tone_maps", ToneMap(reporter, peer, direction, body.slot, body.maps, codes, agc, gil, time_s))

    def _ask(self, message: Message, what: int, time_s: float, content: object) -> None:
        head = message.head
        question = (head.destination, what, content)
        self._asked.note((head.source, head.mmtype + 1), time_s, question)
        self._asked.note((head.source, head.mmtype + 1, what), time_s, question)

    def _question(self, message: Message, what: int) -> Any:  # noqa: ANN401 - as it was asked
        """Give what this answer was asked for, None if the request was not seen."""
        head = message.head
        destination, _, content = self._asked.find((head.destination, head.mmtype, what)) or ("", what, None)
        return content if destination in (head.source, LOCAL_MODEM, BROADCAST) else None


_HANDLERS: Mapping[type[Body], Callable[[Observer, Message, Any, float], None]] = {
    VersionConfirm: Observer._version,
    VcVersionConfirm: Observer._vc_version,
    LinkStatusConfirm: Observer._link_state,
    NetworkInfoConfirmV0: Observer._networks,
    NetworkInfoConfirmV1: Observer._networks,
    VcNetworkInfoConfirm: Observer._vc_network,
    TxToneMapRequestV0: Observer._ask_tone_map,
    RxToneMapRequestV0: Observer._ask_tone_map,
    LinkStatisticsRequest: Observer._ask_counters,
    VcSnrRequest: Observer._ask_snr,
    VcLinkStatsRequest: Observer._ask_vc_counters,
    TxToneMapConfirmV0: Observer._tone_map_v0,
    RxToneMapConfirmV0: Observer._tone_map_v0,
    TxToneMapConfirmV1: Observer._tone_map_v1,
    RxToneMapConfirmV1: Observer._tone_map_v1,
    LinkStatisticsConfirm: Observer._counters,
    VcSnrConfirm: Observer._snr,
    VcLinkStatsConfirm: Observer._vc_counters,
    SlacParmRequest: Observer._start,
    MnbcSound: Observer._sound,
    AttenChar: Observer._reported,
    AttenProfile: Observer._profile,
    VendorAttenuation: Observer._profile,
}
"""What each kind of message adds."""
