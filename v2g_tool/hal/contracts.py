"""What a procedure may ask of an instrument. SI units, real channels, the run's monotonic clock.

Every method may raise `Unreachable`, `Refused` or `Implausible`; nothing of a wire's library gets above a driver.
Opening and closing are no part of a contract: `v2g_tool.hal.connect` hands out opened instruments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from v2g_tool.model.profile import CorrectionRegister, Register
from v2g_tool.model.quantities import Channel, Identity, Quantity, Reading, ReferenceAccuracy
from v2g_tool.model.telemetry import Echo, EchoKind, PathSize, Piece, Responder, Trouble, UdpCounters

EVERYTHING = frozenset(Quantity)
POWER = frozenset({Quantity.VOLTAGE, Quantity.CURRENT, Quantity.ACTIVE_POWER, Quantity.REACTIVE_POWER})
"""What a calibration window needs; energies are left out, each request costs time on a slow wire."""

Recorder = Callable[[str, Mapping[str, object]], object]
"""Takes the kind of an event and its data; what a verdict rests on goes through it into the evidence journal."""


@dataclass(frozen=True)
class MeterFacts:
    """What a meter says about itself; None where it does not say."""

    uptime_s: float | None = None
    change_counter: int | None = None
    update_interval_s: float | None = None
    legal: str | None = None
    locked: bool | None = None


class Meter(Protocol):
    """The on-board energy meter under calibration."""

    @property
    def name(self) -> str:
        """Its name in the site file."""
        ...

    @property
    def trims(self) -> Mapping[str, CorrectionRegister]:
        """The correction registers that exist, by name; empty for a meter that cannot be corrected."""
        ...

    @property
    def registers(self) -> Mapping[str, Register]:
        """How each channel is coded, by channel name."""
        ...

    @property
    def word_order(self) -> str:
        """`msw-first` or `lsw-first`."""
        ...

    def identity(self) -> Identity:
        """Give who answers."""
        ...

    def facts(self) -> MeterFacts:
        """Give uptime, change counter, update interval, legal status and lock state."""
        ...

    def measure(self, quantities: frozenset[Quantity] = EVERYTHING) -> Reading:
        """Give all channels of these quantities, of one instant where one request can carry them."""
        ...

    def resolution(self, channel: Channel, value: float) -> float:
        """Give the size of one step of the channel's register at `value`, in the channel's SI unit."""
        ...

    def corrections(self) -> Mapping[str, int]:
        """Give the raw value of every correction register, read twice and equal."""
        ...

    def stored_corrections(self) -> Mapping[str, int] | None:
        """Give the raw values in non-volatile memory, None if the meter does not show them."""
        ...

    def unlock(self) -> None:
        """Make the correction registers writable, if they are not."""
        ...

    def write_correction(self, name: str, raw: int) -> None:
        """Write one correction register once; a lost answer raises and is never followed by a second write."""
        ...

    def commit(self) -> None:
        """Store the corrections, where the meter needs to be told."""
        ...

    def lock(self) -> None:
        """Protect the correction registers again, if they are not."""
        ...


class PowerAnalyzer(Protocol):
    """The reference: a traceable power analyzer on the same conductors."""

    @property
    def name(self) -> str:
        """Its name in the site file."""
        ...

    @property
    def by_hand(self) -> bool:
        """Whether a person reads it: then it is asked once for a window, and only by the main thread."""
        ...

    @property
    def update_interval_s(self) -> float:
        """Time between two new sets of values, s."""
        ...

    def identity(self) -> Identity:
        """Give who answers."""
        ...

    def prepare(self, voltage_v: float, current_a: float | None) -> None:
        """Select ranges that hold `voltage_v` and `current_a` (RMS) with headroom, and the values to be read.

        Without a current the largest range is taken.
        """
        ...

    def measure(self) -> Reading | None:
        """Give U, I, P, Q per phase, P.sum and F; None for a sample that had to be dropped."""
        ...

    def accuracy(self) -> ReferenceAccuracy:
        """Give the specification of active power in the present ranges."""
        ...


@dataclass(frozen=True)
class SetPoint:
    """A wanted load: P > 0 charges the vehicle, Q > 0 is inductive."""

    power_w: float
    reactive_var: float = 0.0


class Inverter(Protocol):
    """What makes the load flow: a controllable inverter, a person, or whatever flows anyway."""

    @property
    def name(self) -> str:
        """Its name in the site file."""
        ...

    @property
    def sets_reactive(self) -> bool:
        """Whether it can be told a reactive power."""
        ...

    @property
    def limits_w(self) -> tuple[float, float]:
        """Largest charge and discharge power, W, both >= 0."""
        ...

    def identity(self) -> Identity:
        """Give who answers."""
        ...

    def controls(self) -> Mapping[str, Sequence[int]]:
        """Give the control registers as they are, by block; what `restore` takes back."""
        ...

    def command(self, wanted: SetPoint) -> None:
        """Send a set point once."""
        ...

    def hold(self) -> None:
        """Send the last set point again, so that the reversion timer starts anew."""
        ...

    def actual(self) -> SetPoint | None:
        """Give what the inverter itself says flows; None if it cannot say."""
        ...

    def restore(self, controls: Mapping[str, Sequence[int]]) -> bool:
        """Put the controls back; give whether anything had to be written."""
        ...


class Echoes(Protocol):
    """Round trips that are measured in the background, until it is closed."""

    def so_far(self) -> Sequence[Echo]:
        """Give the round trips that are decided: answered, or beyond the time in which an answer counts."""
        ...

    def close(self, *, wait: bool = True) -> Sequence[Echo]:
        """Ask no more and give all round trips; a second call gives the same.

        With `wait`, answers that are still due are waited for; without, their questions are left out.
        """
        ...


class Backhaul(Protocol):
    """The way from this computer to the utility's telemetry server."""

    def responder(self) -> Responder:
        """Give who answers on the server's port, asked with what neither kind of server takes amiss."""
        ...

    def piece(self, seconds: float, waiting: Callable[[float], None]) -> Piece | Trouble:
        """Send datagrams at the site's rate for `seconds`, at most 60; ended by force a while after that.

        `waiting` is called again and again with the time since the start; what it raises ends the piece at once.
        """
        ...

    def echoes(self, kind: EchoKind) -> Echoes:
        """Begin to measure round trips of this kind; raises NotPermitted or Unreachable where that cannot be done."""
        ...

    def counters(self) -> UdpCounters | None:
        """Give the kernel's counts, None where they cannot be read."""
        ...

    def path_size(self) -> PathSize:
        """Give how large a packet may be on the way to the server."""
        ...
