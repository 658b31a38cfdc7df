"""Map a link: who is there, the best map that the modem offers, and the counters before and after. Order of work only.

What was measured is in the frames; what it means is made of them elsewhere (`plc_tool.evaluation`), in the same way for
frames that were recorded by somebody else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from plc_tool.ladder import link_maps
from v2g_tool.errors import InstrumentError, Interrupted, Refused, V2GError
from v2g_tool.hal.homeplug.contract import PlcModem
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.model.carriers import MASKS
from v2g_tool.model.plc import Captured, Network
from v2g_tool.model.site import ModemSite
from v2g_tool.procedures.run import Run

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
class Options:
    """What the user asked for: to sound the line, to send nothing, how long to listen, to go on until stopped."""

    active: bool = False
    silent: bool = False
    seconds: float | None = None
    watch: bool = False


@dataclass
class Measured:
    """The frames of a map, why it ended early if it did, what a sounding missed, and how often it was mapped."""

    frames: Sequence[Captured] = ()
    error: V2GError | None = None
    missing: Sequence[str] = ()
    rounds: int = 0


class Sounder(Protocol):
    """Sounds the line once as a vehicle; the frames go where those of the modem go."""

    def __call__(self, rng: random.Random) -> Sequence[str]:
        """Give what did not come, one sentence each."""
        ...


def measure(
    modem: PlcModem,
    sounder: Sounder,
    place: ModemSite,
    options: Options,
    run: Run,
    show: Callable[[Sequence[Captured]], None],
) -> Measured:
    """Give the frames of a map of the link behind `place`; `show` is given the frames of each round of a watch.

    Failures of the modem, and a stop, end the map early: what was measured until then is kept.
    """
    measured = Measured()
    work = _Work(modem, sounder, place, options, run)
    try:
        while True:
            before = len(modem.frames)
            work.one_round()
            measured.rounds += 1
            show(modem.frames[before:])
            if not options.watch or len(modem.frames) >= MOST_FRAMES:
                break
            run.sleep(ROUND_S)
    except Interrupted as exc:
        # Ctrl-C is how a watch ends: it is complete with its first round.
        measured.error = None if options.watch and measured.rounds else exc
    except InstrumentError as exc:
        measured.error = exc
    measured.frames, measured.missing = tuple(modem.frames), work.missing
    return measured


@dataclass
class _Work:
    """One round after the other on one modem."""

    modem: PlcModem
    sounder: Sounder
    place: ModemSite
    options: Options
    run: Run
    missing: Sequence[str] = ()
    _local: str = ""
    _peer: str = ""
    _told: bool = False
    _rng: random.Random = field(default_factory=random.Random)

    def one_round(self) -> None:
        """Identify once, then poll, map, poll."""
        if self.options.silent:
            self._listen(LISTEN_S if self.options.seconds is None else self.options.seconds)
            return
        if not self._local:
            self._meet()
        begun_s = self.run.monotonic()
        counted = self._poll()
        wait_s = self.options.seconds
        if self._mapped():
            # The map alone is quick; its error rates are those since the modem began to count, unless time was given.
            wait_s = wait_s or 0.0
        else:
            self._hear(wait_s)
            wait_s = max(wait_s or 0.0, POLL_S)
        if counted and wait_s:
            self._wait_until(begun_s + wait_s)
            self._poll()

    def _hear(self, seconds: float | None) -> None:
        """Sound the line, or listen to a vehicle that does; a watch listens only as long as it was told to."""
        if self.options.active:
            self._sound()
        elif seconds is not None or not self.options.watch:
            self._listen(LISTEN_S if seconds is None else seconds)

    def _meet(self) -> None:
        """Find the modem on this wire and the other end of its link."""
        self.run.tell(f"asking who is there on {self.place.interface}")
        identities = self.modem.identify()
        known = [identity.mac for identity in identities]
        self._local = self.place.mac if self.place.mac else known[0]
        if self.place.mac and self.place.mac not in known:
            self.run.tell(f"{self.place.mac} did not say what it is; asking it all the same")
        networks = self._networks()
        others = [s.mac for network in networks for s in network.stations if s.mac != self._local]
        self._peer = self.place.peer or (others[0] if others else next((m for m in known if m != self._local), ""))

    def _networks(self) -> Sequence[Network]:
        try:
            self.modem.linked(self._local)
            return self.modem.network(self._local)
        except Refused as exc:
            self.run.tell(exc.what)
            return ()

    def _poll(self) -> bool:
        """Read the counters, never clear them; give whether there are any."""
        try:
            return bool(self.modem.counters(self._local, self._peer))
        except Refused as exc:
            self.run.tell(exc.what)
            return False

    def _mapped(self) -> bool:
        """Read SNR or tone maps, and give whether they say anything about the SNR."""
        if not self._peer:
            return False
        before = len(self.modem.frames)
        if not self._told:
            self._told = True  # a watch asks again and again
            self.run.tell(f"asking {self._local} for its map towards {self._peer}")
        for ask in (self.modem.snr, self._tone_maps):
            try:
                ask(self._local, self._peer)
            except Refused as exc:
                self.run.tell(exc.what)
        maps = link_maps(observe(self.modem.frames[before:]), MASKS[self.place.mask], 50.0)
        return any(link.spectrum is not None for link in maps)

    def _tone_maps(self, local: str, peer: str) -> None:
        try:
            if self.modem.tone_maps(local, peer, "rx"):
                return
        except Refused as exc:
            self.run.tell(exc.what)
        self.modem.tone_maps(local, peer, "tx")

    def _sound(self) -> None:
        self.run.tell("sounding the line as a vehicle")
        self.missing = self.sounder(self._rng)
        self.run.record("sounding", {"missing": list(self.missing)})

    def _listen(self, seconds: float) -> None:
        self.run.tell(f"listening for {seconds:g} s: plug a vehicle in now")
        end_s = self.run.monotonic() + seconds
        while (left_s := end_s - self.run.monotonic()) > 0:
            self.modem.listen(min(SLICE_S, left_s), lambda _frame: None)
            self.run.check()

    def _wait_until(self, end_s: float) -> None:
        left_s = end_s - self.run.monotonic()
        if left_s > 0:
            self.run.sleep(left_s)
