"""Nouns of the wiring rules: what was seen at a load point, and what may be wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from v2g_tool.metering.rules.phase_ratios import PhaseRatio
from v2g_tool.model.findings import Evidence
from v2g_tool.model.quantities import PhaseMeans

Ratios = Mapping[int, PhaseRatio]
"""Meter over reference, by phase (1..3)."""


class Kind(StrEnum):
    """What is wrong."""

    CT_REVERSED = "ct-reversed"
    SWAPPED = "swapped"
    CYCLIC = "cyclic"
    CT_RATIO = "ct-ratio"
    UNIT = "unit"
    LINE_TO_LINE = "line-to-line"
    WORD_ORDER = "word-order"
    STALE = "stale"
    SIGN = "sign"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class PointMeans:
    """What meter and reference showed at one load point.

    Attributes:
        name: the load point.
        meter: means per phase (1..3); 0 where the meter gave no value.
        reference: means per phase of the same window.
        meter_changes: number of distinct samples of the meter in the window.
        reference_spread_ratio: relative standard deviation of the reference power in the window.
        commanded: direction that was commanded, None when nobody knows.
    """

    name: str
    meter: Mapping[int, PhaseMeans]
    reference: Mapping[int, PhaseMeans]
    meter_changes: int
    reference_spread_ratio: float
    commanded: Literal["charge", "discharge"] | None


@dataclass(frozen=True)
class Fault:
    """A named fault, the phases (1..3) it is on, and the numbers that show it."""

    kind: Kind
    phases: tuple[int, ...]
    statement: str
    evidence: tuple[Evidence, ...]


TOLERANCE_RATIO = 0.10
TOLERANCE_DEG = 10.0
"""A meter that is only out of trim stays inside 10 % and 10°; a wiring fault never does."""


def is_near(value: float | None, wanted: float, tolerance_ratio: float = TOLERANCE_RATIO) -> bool:
    """Tell whether `value` is within a ratio of `wanted` (not 0); a value that nobody told is."""
    return value is None or abs(value / wanted - 1) <= tolerance_ratio


def evidence(name: str, value: str, unit: str, expected: str) -> Evidence:
    """Give one number of the meter beside what the reference shows."""
    return Evidence(name=name, value=value, unit=unit, limit=f"expected {expected}", source="meter over reference")


def size_evidence(ratios: Ratios, phases: Sequence[int]) -> tuple[Evidence, ...]:
    """Give the ratios of power, current and voltage of some phases, as far as the meter tells them."""
    parts: tuple[tuple[str, Callable[[PhaseRatio], float | None]], ...] = (
        ("power", lambda ratio: abs(ratio.power)),
        ("current", lambda ratio: ratio.current),
        ("voltage", lambda ratio: ratio.voltage),
    )
    values = [(f"{name} ratio L{phase}", of(ratios[phase])) for phase in phases for name, of in parts]
    return tuple(evidence(name, f"{value:.4g}", "1", "1") for name, value in values if value is not None)
