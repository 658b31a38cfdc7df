"""What a procedure may ask of a meter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from v2g_tool.model.profiles.meter import CorrectionRegister, Register
from v2g_tool.model.quantities import Channel, Identity, Quantity, Reading

EVERYTHING = frozenset(Quantity)


POWER = frozenset({Quantity.VOLTAGE, Quantity.CURRENT, Quantity.ACTIVE_POWER, Quantity.REACTIVE_POWER})
"""What a calibration window needs; energies are left out, each request costs time on a slow wire."""


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

    @property
    def trims(self) -> Mapping[str, CorrectionRegister]:
        """The correction registers that exist, by name; empty for a meter that cannot be corrected."""

    @property
    def registers(self) -> Mapping[str, Register]:
        """How each channel is coded, by channel name."""

    @property
    def word_order(self) -> str:
        """`msw-first` or `lsw-first`."""

    def identity(self) -> Identity:
        """Give who answers."""

    def facts(self) -> MeterFacts:
        """Give uptime, change counter, update interval, legal status and lock state."""

    def measure(self, quantities: frozenset[Quantity] = EVERYTHING) -> Reading:
        """Give all channels of these quantities, of one instant where one request can carry them."""

    def resolution(self, channel: Channel, value: float) -> float:
        """Give the size of one step of the channel's register at `value`, in the channel's SI unit."""

    def corrections(self) -> Mapping[str, int]:
        """Give the raw value of every correction register, read twice and equal."""

    def stored_corrections(self) -> Mapping[str, int] | None:
        """Give the raw values in non-volatile memory, None if the meter does not show them."""

    def unlock(self) -> None:
        """Make the correction registers writable, if they are not."""

    def write_correction(self, name: str, raw: int) -> None:
        """Write one correction register once; a lost answer raises and is never followed by a second write."""

    def commit(self) -> None:
        """Store the corrections, where the meter needs to be told."""

    def lock(self) -> None:
        """Protect the correction registers again, if they are not."""
