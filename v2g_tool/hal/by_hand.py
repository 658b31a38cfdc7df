"""Drivers that are people: the technician types what a display shows, or sets a load at the charger."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from v2g_tool.hal.accuracy import power_accuracy
from v2g_tool.hal.contracts.inverter import SetPoint
from v2g_tool.model.profiles.analyzer import AnalyzerProfile
from v2g_tool.model.quantities import Channel, Identity, Quantity, Reading, ReferenceAccuracy
from v2g_tool.model.site.metering import AnalyzerSite

Ask = Callable[[str], str]
"""Puts a question to the person at the terminal and gives the answer; raises NotPermitted without a terminal."""
TYPED = "typed"
"""The `resource` of an analyzer whose display a person reads."""


@dataclass
class TypedAnalyzer:
    """Fulfils `PowerAnalyzer` with a person at the display of an instrument without remote interface."""

    name: str
    site: AnalyzerSite
    profile: AnalyzerProfile
    ask: Ask
    monotonic: Callable[[], float]
    by_hand: bool = True
    _ranges: tuple[float, float] | None = None
    _identity: Identity | None = None

    @property
    def update_interval_s(self) -> float:
        """The display's update interval from the site file, s."""
        return self.site.update_s

    def identity(self) -> Identity:
        """Give what the person reads from the name plate, asked once."""
        if self._identity is None:
            serial = self.ask(f"Serial number on the name plate of {self.name} ({self.profile.title})").strip()
            self._identity = Identity("", self.profile.title, serial, "")
        return self._identity

    def prepare(self, voltage_v: float, current_a: float | None) -> None:
        """Have the person select ranges and say which."""
        if self._ranges is None:
            voltage = self._number(f"Voltage range of {self.name} in V (for {voltage_v:.0f} V)")
            expected = "" if current_a is None else f" (for {current_a:.1f} A)"
            current = self._number(f"Current range of {self.name} in A{expected}")
            self._ranges = (voltage, current)

    def measure(self) -> Reading | None:
        """Give the values that the person reads, phase by phase."""
        started_s = self.monotonic()
        values: dict[Channel, float] = {}
        for phase in range(1, len(self.profile.elements[self.site.wiring]) + 1):
            answer = self.ask(f"L{phase}: U in V, I in A, P in W, Q in var, separated by blanks")
            numbers = self._numbers(answer)
            kinds = (Quantity.VOLTAGE, Quantity.CURRENT, Quantity.ACTIVE_POWER, Quantity.REACTIVE_POWER)
            values |= {Channel(kind, phase): number for kind, number in zip(kinds, numbers, strict=True)}
        return Reading(values, started_s, self.monotonic())

    def accuracy(self) -> ReferenceAccuracy:
        """Give the power specification of the profile in the ranges that the person selected."""
        return power_accuracy(self.profile, self.site, self._ranges)

    def finish(self) -> None:
        """Nothing to close."""

    def _number(self, question: str) -> float:
        while True:
            try:
                number = float(self.ask(question).replace(",", "."))
            except ValueError:
                continue
            if math.isfinite(number) and number > 0:
                return number

    def _numbers(self, answer: str) -> tuple[float, float, float, float]:
        while True:
            try:
                voltage, current, power, reactive = (float(word.replace(",", ".")) for word in answer.split())
            except ValueError:
                answer = self.ask("Four numbers are needed: U in V, I in A, P in W, Q in var")
                continue
            if all(math.isfinite(n) for n in (voltage, current, power, reactive)):
                return voltage, current, power, reactive
            answer = self.ask("Four numbers are needed: U in V, I in A, P in W, Q in var")


@dataclass
class AskedInverter:
    """Fulfils `Inverter` with a person who sets the load at the charger."""

    name: str
    limits_w: tuple[float, float]
    ask: Ask
    sets_reactive: bool = False

    def identity(self) -> Identity:
        """Give the person's role."""
        return Identity("", "set by hand", "", "")

    def controls(self) -> Mapping[str, Sequence[int]]:
        """Nothing that a program could put back."""
        return {}

    def command(self, wanted: SetPoint) -> None:
        """Ask for a load and wait until the person says it is set."""
        direction = "charging" if wanted.power_w >= 0 else "discharging"
        reactive = f" with {wanted.reactive_var / 1000:.1f} kvar" if wanted.reactive_var else ""
        self.ask(f"Set the charger to {direction} at {abs(wanted.power_w) / 1000:.1f} kW{reactive}, then press Enter")

    def hold(self) -> None:
        """A load set by hand stays."""

    def actual(self) -> SetPoint | None:
        """A person cannot say what flows; the reference does."""
        return None

    def restore(self, controls: Mapping[str, Sequence[int]]) -> bool:  # noqa: ARG002 - the contract's signature
        """Ask the person to end the test load."""
        self.ask("Set the charger back to what it did before, then press Enter")
        return False


@dataclass
class PresentLoad:
    """Fulfils `Inverter` without any command: whatever flows is the one load point."""

    name: str = "present load"
    limits_w: tuple[float, float] = (0.0, 0.0)
    sets_reactive: bool = False

    def identity(self) -> Identity:
        """Give that nothing is commanded."""
        return Identity("", "present load", "", "")

    def controls(self) -> Mapping[str, Sequence[int]]:
        """Nothing to put back."""
        return {}

    def command(self, wanted: SetPoint) -> None:
        """Command nothing."""

    def hold(self) -> None:
        """Nothing was commanded."""

    def actual(self) -> SetPoint | None:
        """Say nothing; the reference does."""
        return None

    def restore(self, controls: Mapping[str, Sequence[int]]) -> bool:  # noqa: ARG002 - the contract's signature
        """Put nothing back."""
        return False
