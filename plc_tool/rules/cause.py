"""What may be wrong with a PLC link, and how sure a name for it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from v2g_tool.model.check import Check
from v2g_tool.model.findings import Evidence
from v2g_tool.model.plc import Band

NAMED = 0.5
"""Confidence from which on a cause is named."""


@dataclass(frozen=True)
class Cause:
    """A cause of a disturbance.

    Attributes:
        check: what it is.
        confidence: 0..1, see `Limit`; a cause is named from 0.5 on, a notch is only noted.
        statement: one sentence with numbers and units.
        evidence: the numbers that it rests on.
        band: where it acts; None when it acts everywhere.
    """

    check: Check
    confidence: float
    statement: str
    evidence: tuple[Evidence, ...] = field(default=())
    band: Band | None = None


@dataclass(frozen=True)
class Limit:
    """From which size on a signature is named: sound links have the `usual` size, a cause has at least `named`.

    The doubt that is left halves with each distance from usual to named: 1 at the usual size, 0.5 where the cause is
    named, 0.25 at twice that distance. `named` may be above or below `usual`.
    """

    usual: float
    named: float

    def confidence(self, size: float) -> float:
        """Give how sure the cause is, 0..1, in four digits."""
        doubt: float = 0.5 ** ((size - self.usual) / (self.named - self.usual))
        return round(max(0.0, 1 - doubt), 4)

    def reached(self, size: float) -> bool:
        """Tell whether the cause is to be named."""
        return (size - self.named) * (self.named - self.usual) >= 0


def number(name: str, value: str, unit: str = "", limit: str = "", source: str = "") -> Evidence:
    """Give one number that a cause rests on."""
    return Evidence(name=name, value=value, unit=unit, limit=limit, source=source)


def mhz(band: Band) -> str:
    """Give a band as text: `2.10-2.47 MHz`."""
    return f"{band.low_hz / 1e6:.2f}-{band.high_hz / 1e6:.2f} MHz"
