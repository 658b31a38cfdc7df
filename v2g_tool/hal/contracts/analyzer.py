"""What a procedure may ask of a reference."""

from __future__ import annotations

from typing import Protocol

from v2g_tool.model.quantities import Identity, Reading, ReferenceAccuracy


class PowerAnalyzer(Protocol):
    """The reference: a traceable power analyzer on the same conductors."""

    @property
    def name(self) -> str:
        """Its name in the site file."""

    @property
    def by_hand(self) -> bool:
        """Whether a person reads it: then it is asked once for a window, and only by the main thread."""

    @property
    def update_interval_s(self) -> float:
        """Time between two new sets of values, s."""

    def identity(self) -> Identity:
        """Give who answers."""

    def prepare(self, voltage_v: float, current_a: float | None) -> None:
        """Select ranges that hold `voltage_v` and `current_a` (RMS) with headroom, and the values to be read.

        Without a current the largest range is taken.
        """

    def measure(self) -> Reading | None:
        """Give U, I, P, Q per phase, P.sum and F; None for a sample that had to be dropped."""

    def accuracy(self) -> ReferenceAccuracy:
        """Give the specification of active power in the present ranges."""
