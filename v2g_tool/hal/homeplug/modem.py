"""Drivers of PLC modems: in which order to ask what, by the maker of the chip. What answers mean is read by `observe`.

A modem is known by the messages that it answers: Qualcomm's (OUI 00:B0:52) or VertexCom's (00:13:D7). It is asked under
its own address; only to find it, the address of all modems on this wire and the broadcast address are used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from v2g_tool.errors import Refused, Unreachable, V2GError
from v2g_tool.hal.contracts.modem import Wire
from v2g_tool.hal.homeplug import questions
from v2g_tool.hal.homeplug.evidence import FrameLog
from v2g_tool.hal.homeplug.exchange import Answer, Exchange, Question
from v2g_tool.hal.homeplug.frame import BROADCAST, ETHERTYPE, LOCAL_MODEM, MalformedFrame
from v2g_tool.hal.homeplug.messages import BODIES, UnknownMessage, compose, decode
from v2g_tool.hal.homeplug.network import (
    DiscoverListConfirm,
    DiscoverListRequest,
    StationIdentifyConfirm,
    StationIdentifyRequest,
)
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.hal.homeplug.vertexcom import INITIAL, VcSnrConfirm
from v2g_tool.model import plc

if TYPE_CHECKING:
    from v2g_tool.hal.contracts.recorder import Recorder

SLOTS = 6
"""Most tone-map slots of a mains half cycle: 6 at 50 Hz, 5 at 60 Hz (int6ktone.1)."""
COMBS = 4
"""One answer of a VertexCom modem holds the carriers whose index mod 4 is the same."""
FOREIGN_MAKERS = {
    bytes.fromhex("001f84"): "Broadcom",
    bytes.fromhex("0016e8"): "Lumissil",
    bytes.fromhex("001334"): "STMicroelectronics or IoTecha",
    bytes.fromhex("0080e1"): "STMicroelectronics or IoTecha",
}
"""Makers by OUI whose messages are not published, or tell nothing about the line."""

_UNKNOWN_SLOT, _LIST_CHANGED = 2, 2
_MOST_INTERVALS = 16
_MOST_FOREIGN = 16
_ROBO_CODE = 2
_UNDERSTOOD = frozenset(body.KIND.mmtype.to_bytes(2, "little") for body in BODIES)


class Modems:
    """The modems behind one wire; fulfils `PlcModem`.

    Args:
        exchange: asks the questions; its `end_s` bounds everything but `listen`.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.near: tuple[str, ...] = ()
        """The modems on this wire: those that answered at the local management address when they were identified."""
        self._speaks: dict[str, Question] = {}
        """By MAC address: the question about itself that a modem understood."""

    @property
    def frames(self) -> Sequence[plc.Captured]:
        """The frames that were sent, and those that say something, in the order of time."""
        return self.exchange.log.frames

    def identify(self) -> tuple[plc.ModemIdentity, ...]:
        """Give all modems that answer, those on this wire before those across the powerline.

        Raises:
            Unreachable: none answers.
            Refused: only modems answer that cannot be asked about the line.
        """
        near = self._introduced(LOCAL_MODEM)
        self.near = tuple(dict.fromkeys(answer.source for answer in near))
        answers = [*near, *self._introduced(BROADCAST)]
        observed = observe([captured for answer in answers for captured in answer.frames])
        if not observed.identities:
            raise self._nobody()
        by_mac: dict[str, plc.ModemIdentity] = {}
        for identity in observed.identities:
            by_mac.setdefault(identity.mac, identity)
        return tuple(by_mac.values())

    def linked(self, mac: str) -> bool:
        """Give whether this modem belongs to a powerline network."""
        if self._is_vertexcom(mac):
            return any(network.stations for network in self.network(mac))
        return any(state.linked for state in self._granted(questions.LINK_STATUS, mac).link_states)

    def network(self, mac: str) -> tuple[plc.Network, ...]:
        """Give the networks of this modem, with their stations."""
        return self._granted(questions.VC_NETWORK if self._is_vertexcom(mac) else questions.NETWORK, mac).networks

    def counters(self, mac: str, peer: str) -> tuple[plc.LinkCounters, ...]:
        """Give what this modem counted on the link with `peer`, "" for all peers together; never clears them.

        Empty for VertexCom chips: what their counters count is not published.
        """
        return () if self._is_vertexcom(mac) else self._granted(questions.link_statistics(peer), mac).counters

    def tone_maps(self, mac: str, peer: str, direction: plc.Direction = "rx") -> tuple[plc.ToneMap, ...]:
        """Give the tone maps of all slots, empty where this modem holds none.

        A modem that has negotiated none may give the same default for every slot: then only the first one is read.
        """
        maps: list[plc.ToneMap] = []
        while not self._is_vertexcom(mac) and len(maps) < SLOTS:
            try:
                maps += self._granted(questions.tone_map(peer, len(maps), direction), mac).tone_maps[-1:]
            except Refused as exc:
                if exc.code != _UNKNOWN_SLOT:
                    raise
                break
            if _is_default(maps[0]):
                break
        return tuple(maps)

    def snr(self, mac: str, peer: str) -> tuple[plc.ModemSnr, ...]:
        """Give the SNR of all combs of carriers in all intervals, empty where this chip has no such message."""
        if not self._is_vertexcom(mac):
            return ()
        try:
            return self._snr_of_present_list(mac, peer)
        except Refused as exc:
            if exc.code != _LIST_CHANGED:
                raise
            return self._snr_of_present_list(mac, peer)

    def listen(self, seconds: float, on_frame: Callable[[plc.Captured], bool | None]) -> None:
        """Send nothing, and hand over each frame that says something; ends early once `on_frame` gives True."""
        until_s = self.exchange.clock() + seconds
        while (captured := self.exchange.wire.receive(until_s)) is not None:
            if _says_something(captured.frame):
                self.exchange.log.add(captured)
                if on_frame(captured):
                    return

    def _snr_of_present_list(self, mac: str, peer: str) -> tuple[plc.ModemSnr, ...]:
        """Ask for whichever interval the modem begins with, and for those that it lists with the answer."""
        first = self._answer(questions.vc_snr(peer, 0, INITIAL, 0), mac)
        named = cast("VcSnrConfirm", first.body)
        listed = range(min(len(named.ends), _MOST_INTERVALS)) if len(named.ends) > 1 else ()
        rest = [(comb, INITIAL, 0) for comb in range(1, COMBS)]
        rest += [(comb, interval, named.interval_list) for interval in listed for comb in range(COMBS)]
        snrs = (snr for asked in rest for snr in self._granted(questions.vc_snr(peer, *asked), mac).snrs)
        return (*observe(first.frames).snrs, *snrs)

    def _granted(self, question: Question, mac: str) -> plc.Observation:
        return observe(self._answer(question, mac).frames)

    def _answer(self, question: Question, mac: str) -> Answer:
        """Give an answer that is no refusal; a refusal is believed when it comes twice."""
        answer = self.exchange.ask(question, mac)
        if observe(answer.frames).refusals:
            answer = self.exchange.ask(question, mac)
        if refusals := observe(answer.frames).refusals:
            raise _refused(refusals[-1])
        return answer

    def _is_vertexcom(self, mac: str) -> bool:
        if mac not in self._speaks and not self._introduced(mac):
            raise Unreachable(
                f"no PLC modem answers at {mac} on '{self.exchange.log.interface}'",
                why="It has no power, is asleep, or has another address.",
                todo="Run 'v2g-plc-tool stations' to see which modems answer.",
            )
        return self._speaks[mac] is questions.VC_VERSION

    def _introduced(self, destination: str) -> list[Answer]:
        answers = self.exchange.ask_everybody((questions.VERSION, questions.VC_VERSION), destination)
        self._speaks |= {answer.source: answer.question for answer in answers}
        return answers

    def _nobody(self) -> V2GError:
        interface = self.exchange.log.interface
        if heard := self._foreign_modems():
            modems = ", ".join(f"{mac} ({maker})" for mac, maker in heard.items())
            return Refused(
                f"the modems on '{interface}' cannot be asked about the line: {modems}",
                why="Only Qualcomm and VertexCom chips answer questions about tone maps, SNR or errors.",
                todo="Put a probe modem with such a chip on the line, or listen to a charger whose modem has one.",
            )
        return Unreachable(
            f"no PLC modem answers on '{interface}'",
            why="It has no power or is asleep, it is on another interface, or a switch in between does not pass on the "
            f"address {LOCAL_MODEM}.",
            todo="Check the modem's supply, plug it straight into this computer, and check the interface's name.",
        )

    def _foreign_modems(self) -> dict[str, str]:
        """Give modems that only know the standard's own messages, by MAC address, with their makers."""
        wire, log = self.exchange.wire, self.exchange.log
        for body in (DiscoverListRequest(), StationIdentifyRequest()):
            log.add(wire.send(compose(body, BROADCAST, wire.mac)))
        heard: dict[str, str] = {}
        until_s = min(self.exchange.clock() + self.exchange.try_s * self.exchange.tries, self.exchange.end_s)
        while len(heard) < _MOST_FOREIGN and (captured := wire.receive(until_s)) is not None:
            mac, maker = _foreign_maker(captured.frame)
            if mac and mac not in heard and not captured.sent:
                log.add(captured)
                heard[mac] = maker
        return heard


def modems_on(wire: Wire, interface: str, record: Recorder, end_s: float) -> Modems:
    """Give the driver of the modems behind an opened interface; `end_s` on the monotonic clock ends all asking."""
    return Modems(Exchange(wire, FrameLog(interface, record), end_s))


def _is_default(first: plc.ToneMap) -> bool:
    """Tell a map that was never negotiated: no tone maps are held, and every carrier is said to carry QPSK."""
    return not first.maps and set(first.codes) <= {_ROBO_CODE}


def _says_something(frame: bytes) -> bool:
    if frame[12:14] == ETHERTYPE and frame[15:17] not in _UNDERSTOOD:
        return False  # amid a flood there is no time to take every frame apart
    try:
        return not isinstance(decode(frame).body, UnknownMessage)
    except MalformedFrame:
        return False


def _foreign_maker(frame: bytes) -> tuple[str, str]:
    """Give address and maker of a modem that sends what only a foreign one sends, nothing for any other frame."""
    try:
        message = decode(frame)
    except MalformedFrame:
        return "", ""
    mac, oui = message.head.source, message.head.oui
    if oui in FOREIGN_MAKERS:
        return mac, FOREIGN_MAKERS[oui]
    if isinstance(message.body, DiscoverListConfirm | StationIdentifyConfirm):
        return mac, FOREIGN_MAKERS.get(bytes.fromhex(mac.replace(":", ""))[:3], "of unknown make")
    return "", ""


def _refused(refusal: plc.Refusal) -> Refused:
    return Refused(
        f"modem {refusal.reporter} refuses {refusal.message.removesuffix('.CNF')}: {refusal.meaning} "
        f"(status {refusal.status})",
        why="Its firmware or configuration does not allow it, or it is not linked to the station asked about.",
        todo="Check that both modems are linked; nothing has to be changed on a modem that never allows it.",
        code=refusal.status,
    )
