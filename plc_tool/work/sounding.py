"""Active sounding: an EV emulator that lets chargers measure the line, up to their reports and no further.

    EV                                        EVSE (one or several)
    CM_SLAC_PARM.REQ         broadcast →
                                            ← CM_SLAC_PARM.CNF
    CM_START_ATTEN_CHAR.IND  3 × →
    CM_MNBC_SOUND.IND       10 × →          ← profiles of each sound (0x6086, 0xA14E), from some modems
                                            ← CM_ATTEN_CHAR.IND
    CM_ATTEN_CHAR.RSP        →

CM_SLAC_MATCH would follow and is never sent: its answer holds the network key, and a matched charger believes that a
car is plugged in. Without it the charger returns to waiting by itself (TT_EVSE_match_session, 10 s).

Layouts and timers: ISO 15118-3, Table A.1, as coded by EVerest (slac.hpp) and pyslac (enums.py).
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from plc_tool.rules import mains_phase
from v2g_tool.hal.contracts.modem import Wire
from v2g_tool.hal.homeplug import slac_messages as slac
from v2g_tool.hal.homeplug.evidence import FrameLog
from v2g_tool.hal.homeplug.frame import BROADCAST, ETHERTYPE, MalformedFrame
from v2g_tool.hal.homeplug.messages import Body, compose, decode
from v2g_tool.model.plc import Captured

REQUESTS = 3
"""Once and C_EV_match_retry = 2 more."""
RESPONSE_S = 0.2
"""TT_match_response."""
ALL_RESPONSES_S = 0.1
"""TP_match_response: by then every charger that conforms has confirmed."""
STARTS = 3
"""C_EV_start_atten_char_inds."""
SOUNDS = 10
"""C_EV_match_MNBC."""
MNBC_TIMEOUT = 6
"""TT_EVSE_match_MNBC in units of 100 ms."""
AVERAGING_S = 0.1
"""TP_EVSE_avg_atten_calc."""
RESULTS_S = 1.2
"""TT_EV_atten_results, from the first CM_START_ATTEN_CHAR.IND."""
GAPS_S = (0.023, 0.043)
"""Within TP_EV_batch_msg_interval (20-50 ms); a fixed 20 or 40 ms would meet one phase of the mains only."""

_DRAWS = 32
_HALF_CYCLES_S = (1 / 100, 1 / 120)
_MOST_FRAMES = 4_000
_AWAITED = frozenset(
    kind.KIND.mmtype.to_bytes(2, "little")
    for kind in (slac.SlacParmConfirm, slac.AttenChar, slac.AttenProfile, slac.VendorAttenuation)
)
_MOST_CHARGERS = 16
"""More than this within reach of one cable is somebody who lies about being chargers."""


@dataclass(frozen=True)
class Sounding:
    """How a sounding went; what was measured is in the frames.

    Attributes:
        ev: the address under which it was sounded.
        run_id: its RunID as hex.
        confirmed: chargers that confirmed CM_SLAC_PARM.REQ, in that order.
        reported: chargers that sent a CM_ATTEN_CHAR.IND.
        profiles: how many profiles of single sounds were heard.
        sounds: how many sounds were sent.
        gaps_s: time between the sounds as they were sent, s.
        seconds: how long it took.
        protocol_s: how long the timers of the protocol let it take.
        missing: what did not come, one sentence each.
    """

    ev: str
    run_id: str
    confirmed: tuple[str, ...]
    reported: tuple[str, ...]
    profiles: int
    sounds: int
    gaps_s: tuple[float, ...]
    seconds: float
    protocol_s: float
    missing: tuple[str, ...]


def sound(wire: Wire, log: FrameLog, rng: random.Random, clock: Callable[[], float] = time.monotonic) -> Sounding:
    """Sound the line once as an EV and give how that went; the frames go to `log` when it is over.

    `clock` is the monotonic clock of the wire's deadlines. Raises Unreachable if the interface fails.
    """
    ev = _Ev(wire, rng.randbytes(8), clock)
    try:
        ev.find_chargers()
        if ev.confirmed:
            ev.start(rng)
            ev.send_sounds(rng)
            ev.await_reports()
    finally:
        # Not earlier: the journal waits for the disk, longer than the time between two sounds.
        for captured in ev.frames:
            log.add(captured)
    return ev.summary()


def spread_gaps(rng: random.Random, count: int) -> list[float]:
    """Give `count` times between sounds, s: of several draws the one that covers the mains cycle best.

    What counts is the longest part of a half cycle, of 50 and of 60 Hz, in which no sound falls.
    """
    draws = [[rng.uniform(*GAPS_S) for _ in range(count)] for _ in range(_DRAWS)]
    return min(draws, key=lambda gaps: max(longest_hole(gaps, half) for half in _HALF_CYCLES_S))


def longest_hole(gaps_s: Sequence[float], half_cycle_s: float) -> float:
    """Give the longest part of a mains half cycle without a sound, as a ratio of it."""
    return mains_phase.longest_hole([at / half_cycle_s % 1 for at in itertools.accumulate(gaps_s, initial=0.0)])


@dataclass
class _Ev:
    """The EV in one sounding: what it sent and heard so far."""

    wire: Wire
    run_id: bytes
    clock: Callable[[], float]
    frames: list[Captured] = field(default_factory=list)
    confirmed: dict[str, slac.SlacParmConfirm] = field(default_factory=dict)
    reported: list[str] = field(default_factory=list)
    profiles: int = 0
    sent_at_s: list[float] = field(default_factory=list)
    _replies: int = 0
    _requests: int = 0

    def __post_init__(self) -> None:
        self._began_s = self._started_s = self.clock()

    def find_chargers(self) -> None:
        """Send CM_SLAC_PARM.REQ until a charger confirms it, and give the others the time to do so too."""
        while self._requests < REQUESTS and not self.confirmed:
            self._requests += 1
            self._broadcast(slac.SlacParmRequest(run_id=self.run_id))
            asked_s = self.clock()
            self._listen(asked_s + ALL_RESPONSES_S)
            self._listen(asked_s + RESPONSE_S, until=lambda: bool(self.confirmed))
        self._started_s = self.clock()

    def start(self, rng: random.Random) -> None:
        """Announce the sounds three times, with the number and the time-out that the charger asked for."""
        announced = slac.StartAttenChar(
            sounds=self._sounds, timeout=self._timeout, forwarding_sta=self.wire.mac, run_id=self.run_id
        )
        for _ in range(STARTS):
            self._broadcast(announced)
            self._pause(rng.uniform(*GAPS_S))

    def send_sounds(self, rng: random.Random) -> None:
        """Send the sounds; what is heard meanwhile is kept."""
        gaps = [*spread_gaps(rng, self._sounds - 1), 0.0]
        for remaining, gap_s in zip(reversed(range(self._sounds)), gaps, strict=True):
            self.sent_at_s.append(self.clock())
            self._broadcast(slac.MnbcSound(remaining=remaining, run_id=self.run_id, random=rng.randbytes(16)))
            self._pause(gap_s)

    def await_reports(self) -> None:
        """Listen until every charger that confirmed has reported, or the protocol's time for that is over."""
        self._listen(self._started_s + RESULTS_S, until=lambda: not self._owing())

    def summary(self) -> Sounding:
        """Give how it went."""
        sent = self.sent_at_s
        return Sounding(
            ev=self.wire.mac,
            run_id=self.run_id.hex(),
            confirmed=tuple(self.confirmed),
            reported=tuple(self.reported),
            profiles=self.profiles,
            sounds=len(sent),
            gaps_s=tuple(b - a for a, b in itertools.pairwise(sent)),
            seconds=self.clock() - self._began_s,
            protocol_s=self._protocol_s(),
            missing=tuple(self._missing()),
        )

    @property
    def _sounds(self) -> int:
        asked = next(iter(self.confirmed.values())).sounds
        return asked if 0 < asked <= SOUNDS else SOUNDS

    @property
    def _timeout(self) -> int:
        """The time-out that the charger asked for; a Compleo ignores an EV that announces another."""
        return next(iter(self.confirmed.values())).timeout or MNBC_TIMEOUT

    def _owing(self) -> list[str]:
        return [evse for evse in self.confirmed if evse not in self.reported]

    def _protocol_s(self) -> float:
        if not self.confirmed:
            return self._requests * RESPONSE_S
        results_s = RESULTS_S if self._owing() else min(self._timeout * 0.1 + AVERAGING_S, RESULTS_S)
        return (self._requests - 1) * RESPONSE_S + ALL_RESPONSES_S + results_s

    def _missing(self) -> list[str]:
        if not self.confirmed:
            return [f"no charger confirmed CM_SLAC_PARM.REQ, which was sent {self._requests} times"]
        said = [f"{evse} confirmed but sent no CM_ATTEN_CHAR.IND" for evse in self._owing()]
        return said if self.profiles else [*said, "no modem sent a profile of a single sound"]

    def _broadcast(self, body: Body) -> None:
        self._keep(self.wire.send(compose(body, BROADCAST, self.wire.mac)))

    def _keep(self, captured: Captured) -> None:
        if len(self.frames) < _MOST_FRAMES:
            self.frames.append(captured)

    def _pause(self, seconds: float) -> None:
        """Listen until the next message is due; counted from now, so that a delay makes no gap shorter than allowed."""
        self._listen(self.clock() + seconds)

    def _listen(self, deadline_s: float, until: Callable[[], bool] = lambda: False) -> None:
        while not until() and (captured := self.wire.receive(deadline_s)) is not None:
            self._take(captured)

    def _take(self, captured: Captured) -> None:
        if captured.frame[12:14] == ETHERTYPE and captured.frame[15:17] not in _AWAITED:
            return  # amid a flood there is no time to take every frame apart
        try:
            message = decode(captured.frame)
        except MalformedFrame:
            return
        if captured.sent or not self._concerns(message.body, message.head.destination):
            return
        self._keep(captured)
        evse = message.head.source
        if isinstance(message.body, slac.SlacParmConfirm):
            if len(self.confirmed) < _MOST_CHARGERS:
                self.confirmed.setdefault(evse, message.body)
        elif isinstance(message.body, slac.AttenChar):
            self._answer(evse, message.body)
        else:
            self.profiles += 1

    def _concerns(self, body: Body, destination: str) -> bool:
        """Tell whether a message belongs to this sounding; profiles carry no RunID."""
        match body:
            case slac.SlacParmConfirm():
                return body.run_id == self.run_id and destination == self.wire.mac
            case slac.AttenChar():
                return body.run_id == self.run_id and body.source_address == self.wire.mac
            case slac.AttenProfile() | slac.VendorAttenuation():
                return body.ev == self.wire.mac
            case _:
                return False

    def _answer(self, evse: str, report: slac.AttenChar) -> None:
        if evse not in self.reported and len(self.reported) < _MOST_CHARGERS:
            self.reported.append(evse)
        if self._replies < 2 * _MOST_CHARGERS:
            self._replies += 1
            response = slac.AttenCharResponse(source_address=report.source_address, run_id=self.run_id)
            self._keep(self.wire.send(compose(response, evse, self.wire.mac)))
