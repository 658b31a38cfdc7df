"""What a procedure may ask of PLC modems, and what their driver may ask of the wire."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from v2g_tool.model.plc import Captured, Direction, LinkCounters, ModemIdentity, ModemSnr, Network, ToneMap


class Wire(Protocol):
    """Raw Ethernet on one interface, HomePlug AV frames only."""

    @property
    def mac(self) -> str:
        """The interface's own address."""

    @property
    def lost(self) -> int:
        """Frames that arrived but did not fit into the buffer, since it was opened."""

    def send(self, frame: bytes) -> Captured:
        """Send one Ethernet frame without checksum and give it with its time; raises Unreachable."""

    def only(self, kinds: Collection[bytes]) -> AbstractContextManager[None]:
        """Hear only messages of these kinds (MMTYPE, two bytes as on the wire) meanwhile: a flood leaves them room."""

    def receive(self, deadline_s: float) -> Captured | None:
        """Give the next frame, or None once the monotonic clock has reached the deadline; raises Unreachable.

        A frame with `sent` set was sent by another program on this computer.
        """


class PlcModem(Protocol):
    """The PLC modems behind one interface, each named by its MAC address.

    All that is asked is read-only. What is given is what `observe` makes of the frames; the frames themselves stay in
    `frames` and are the evidence. Every method may raise Unreachable (no answer in time), Refused (the modem answered
    no, with its status as `code`) or Implausible (it answered another question).
    """

    @property
    def frames(self) -> Sequence[Captured]:
        """The frames that were sent, and those that say something, in the order of time."""

    def identify(self) -> tuple[ModemIdentity, ...]:
        """Give all modems that answer, those on this wire before those across the powerline."""

    @property
    def near(self) -> tuple[str, ...]:
        """The modems on this wire, after `identify`; those across the powerline are not among them."""

    def linked(self, mac: str) -> bool:
        """Give whether this modem belongs to a powerline network."""

    def network(self, mac: str) -> tuple[Network, ...]:
        """Give the networks of this modem, with their stations."""

    def counters(self, mac: str, peer: str) -> tuple[LinkCounters, ...]:
        """Give what this modem counted on the link with `peer`, "" for all peers together; never clears them.

        Empty where it is not published what the chip's counters count.
        """

    def tone_maps(self, mac: str, peer: str, direction: Direction = "rx") -> tuple[ToneMap, ...]:
        """Give the tone maps of all slots, empty where this modem holds none."""

    def snr(self, mac: str, peer: str) -> tuple[ModemSnr, ...]:
        """Give the SNR of all combs of carriers in all intervals, empty where this chip has no such message."""

    def listen(self, seconds: float, on_frame: Callable[[Captured], bool | None]) -> None:
        """Send nothing, and hand over each frame that says something; ends early once `on_frame` gives True."""
