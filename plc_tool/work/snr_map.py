"""Map a link: who is there, the best map that the modem offers, and the counters before and after. Order of work only.

What was measured is in the frames; what it means is made of them in `plc_tool.work.evaluation`, in the same way for
frames that were recorded by somebody else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from plc_tool.rules.ladder import link_maps
from plc_tool.rules.link_choice import ANY, Ends
from v2g_tool.drawing.text import plain
from v2g_tool.errors import Implausible, InstrumentError, Interrupted, V2GError
from v2g_tool.hal.contracts.modem import PlcModem
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.model.carriers import MASKS
from v2g_tool.model.plc import Captured
from v2g_tool.model.site.plc import ModemSite
from v2g_tool.run.session import Session

Answer = TypeVar("Answer")
Show = Callable[[Sequence[Captured], Ends], None]

LISTEN_S = 10.0
"""How long a vehicle's sounds are waited for when nothing else was asked."""
POLL_S = 3.0
"""Between two polls of the counters at least, so that traffic can be counted."""
SLICE_S = 0.25
"""A wait is cut into such slices: a signal ends it at the next one."""
ROUND_S = 1.0
"""Between two rounds of a watch."""
MOST_FRAMES = 50_000
"""Frames that a watch keeps; then it ends."""


@dataclass(frozen=True)
class Asked:
    """What was asked of a map beside what every run is asked.

    Attributes:
        interface: the Ethernet interface, when it is not to be taken from the site file.
        capture: a capture to judge instead of a modem.
        active: sound the line as a vehicle would.
        silent: send nothing at all.
        seconds: how long to listen; None for what fits.
        watch: map again and again until Ctrl-C.
    """

    interface: str = ""
    capture: Path | None = None
    active: bool = False
    silent: bool = False
    seconds: float | None = None
    watch: bool = False

    def facts(self) -> dict[str, object]:
        """Give what was asked as the evidence records it."""
        return {**vars(self), "capture": plain(str(self.capture)) if self.capture else None}


@dataclass
class Measured:
    """What a map came to, besides its meaning.

    Attributes:
        frames: what was sent and heard.
        ends: the modems of the link, as far as they were found.
        error: why it ended early, if it did.
        missing: what a sounding did not get, one sentence each.
        rounds: how often it was mapped.
    """

    frames: Sequence[Captured] = ()
    ends: Ends = ANY
    error: V2GError | None = None
    missing: Sequence[str] = ()
    rounds: int = 0


class Sounder(Protocol):
    """Sounds the line once as a vehicle; the frames go where those of the modem go."""

    def __call__(self, rng: random.Random) -> Sequence[str]:
        """Give what did not come, one sentence each."""


@dataclass(frozen=True)
class Line:
    """The line to be mapped: a modem on it, how it is sounded, and what the site file says about it."""

    modem: PlcModem
    sounder: Sounder
    place: ModemSite


def measure(line: Line, asked: Asked, session: Session, show: Show | None) -> Measured:
    """Give the frames of a map of the link on a line; `show` is given the frames of each round, and the ends.

    Failures of the modem, and a stop, end the map early: what was measured until then is kept.
    """
    measured = Measured()
    work, modem = _Work(line, asked, session), line.modem
    try:
        while True:
            before = len(modem.frames)
            work.one_round()
            measured.rounds += 1
            if show is not None:  # who is who was asked in the first round only
                show([*modem.frames[: work.met_frames], *modem.frames[max(before, work.met_frames) :]], work.ends)
            if not asked.watch:
                break
            if len(modem.frames) >= MOST_FRAMES:
                session.tell(f"the watch ends: {MOST_FRAMES} frames are kept and no more")
                break
            session.sleep(ROUND_S)
    except Interrupted as exc:
        # Ctrl-C is how a watch ends: it is complete with its first round.
        ended = asked.watch and measured.rounds and "SIGINT" in exc.what
        measured.error = None if ended else exc
    except InstrumentError as exc:
        measured.error = exc
    measured.frames, measured.missing, measured.ends = tuple(modem.frames), work.missing, work.ends
    return measured


@dataclass
class _Work:
    """One round after the other on one line."""

    line: Line
    asked: Asked
    session: Session
    missing: Sequence[str] = ()
    ends: Ends = ANY
    met_frames: int = 0
    _told: bool = False
    _rng: random.Random = field(default_factory=random.Random)

    def one_round(self) -> None:
        """Identify once, then poll, map, poll."""
        if self.asked.silent:
            self._listen(LISTEN_S if self.asked.seconds is None else self.asked.seconds)
            return
        if not self.ends.local:
            self._meet()
            self.met_frames = len(self.line.modem.frames)
        begun_s = self.session.monotonic()
        counted = self._poll()
        wait_s = self.asked.seconds
        if self._mapped():
            # The map alone is quick; its error rates are those since the modem began to count, unless time was given.
            wait_s = wait_s or 0.0
        else:
            self._hear(wait_s)
            wait_s = max(wait_s or 0.0, POLL_S)
        if counted and wait_s:
            self.session.sleep(max(begun_s + wait_s - self.session.monotonic(), 0.0))
            self._poll()

    def _hear(self, seconds: float | None) -> None:
        """Sound the line, or listen to a vehicle that does; a watch listens only as long as it was told to."""
        if self.asked.active:
            self._sound()
        elif seconds is not None or not self.asked.watch:
            self._listen(LISTEN_S if seconds is None else seconds)

    def _meet(self) -> None:
        """Find the modem on this wire and the other end of its link."""
        self.session.tell(f"asking who is there on {self.line.place.interface}")
        identities = self.line.modem.identify()
        near = self.line.modem.near
        if len(near) > 1 and not self.line.place.mac:
            raise Implausible(
                f"several modems answer on '{self.line.place.interface}': {', '.join(near)}",
                why="They share one wire, for example through a switch.",
                todo="Write the address of the one that is meant as 'mac' into the site file.",
            )
        local = self.line.place.mac or (near[0] if near else identities[0].mac)
        self.ends = Ends(local, self.line.place.peer)
        self._tolerated(lambda: self.line.modem.linked(local))
        networks = self._tolerated(lambda: self.line.modem.network(local)) or ()
        others = [s.mac for network in networks for s in network.stations if s.mac != local]
        self.ends = Ends(local, self.line.place.peer or (others[0] if others else ""))

    def _tolerated(self, ask: Callable[[], Answer]) -> Answer | None:
        """Ask what a map can do without; give None where the modem refuses or stays silent."""
        try:
            return ask()
        except InstrumentError as exc:
            self.session.tell(exc.what)
            return None

    def _poll(self) -> bool:
        """Read the counters, never clear them; give whether there are any."""
        return bool(self._tolerated(lambda: self.line.modem.counters(self.ends.local, self.ends.peer)))

    def _mapped(self) -> bool:
        """Read SNR or the tone maps of both directions, and give whether they say anything about the SNR."""
        local, peer = self.ends.local, self.ends.peer
        if not peer:
            return False
        before = len(self.line.modem.frames)
        if not self._told:
            self._told = True  # a watch asks again and again
            self.session.tell(f"asking {local} for its map towards {peer}")
        self._tolerated(lambda: self.line.modem.snr(local, peer))
        self._tolerated(lambda: self.line.modem.tone_maps(local, peer, "rx"))
        self._tolerated(lambda: self.line.modem.tone_maps(local, peer, "tx"))
        maps = link_maps(observe(self.line.modem.frames[before:]), MASKS[self.line.place.mask], 50.0)
        return any(link.spectrum is not None and self.ends.of(link) for link in maps)

    def _sound(self) -> None:
        self.session.tell("sounding the line as a vehicle")
        # A stop waits for the end of it, a second at most: what was sent on the line belongs into the evidence.
        with self.session.shield():
            self.missing = self.line.sounder(self._rng)
        self.session.record("sounding", {"missing": list(self.missing)})

    def _listen(self, seconds: float) -> None:
        self.session.tell(f"listening for {seconds:g} s: plug a vehicle in now")
        end_s = self.session.monotonic() + seconds
        while (left_s := end_s - self.session.monotonic()) > 0:
            self.line.modem.listen(min(SLICE_S, left_s), lambda _frame: None)
            self.session.check()
