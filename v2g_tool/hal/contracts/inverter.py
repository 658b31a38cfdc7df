"""What a procedure may ask of an inverter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from v2g_tool.model.quantities import Identity


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

    @property
    def sets_reactive(self) -> bool:
        """Whether it can be told a reactive power."""

    @property
    def limits_w(self) -> tuple[float, float]:
        """Largest charge and discharge power, W, both >= 0."""

    def identity(self) -> Identity:
        """Give who answers."""

    def controls(self) -> Mapping[str, Sequence[int]]:
        """Give the control registers as they are, by block; what `restore` takes back."""

    def command(self, wanted: SetPoint) -> None:
        """Send a set point once."""

    def hold(self) -> None:
        """Send the last set point again, so that the reversion timer starts anew."""

    def actual(self) -> SetPoint | None:
        """Give what the inverter itself says flows; None if it cannot say."""

    def restore(self, controls: Mapping[str, Sequence[int]]) -> bool:
        """Write the controls back, whatever they read; give whether some never showed what they were told."""
