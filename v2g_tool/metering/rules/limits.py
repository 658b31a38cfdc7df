"""Which limit of error applies to a meter at a load."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from v2g_tool.model.profiles.head import Status
from v2g_tool.model.profiles.limits import LimitRow, LimitSet
from v2g_tool.model.site.metering import Rating

PF_TOLERANCE = 0.02
"""How far a measured power factor may lie outside a row's range: an inverter holds its set point no better."""


@dataclass(frozen=True)
class Loading:
    """How a meter is loaded, as far as its limit depends on that.

    Attributes:
        current_a: current per phase.
        tan_phi: Q / P, signed: positive inductive, negative capacitive, in both directions of energy.
        power_w: signed power; at zero no limit in % of reading applies.
        phases: balanced (or a single-phase meter), or one loaded phase of a polyphase meter.
        temperature_c: ambient temperature; unknown means that only rows for every temperature apply.
    """

    current_a: float
    tan_phi: float
    power_w: float
    phases: Literal["balanced", "single-phase"]
    temperature_c: float | None


@dataclass(frozen=True)
class LimitFound:
    """A limit of error as a ratio of the reading, the clause it comes from and how well the clause is known."""

    limit_ratio: float
    clause: str
    status: Status
    row: LimitRow

    @property
    def judges(self) -> bool:
        """Whether a verdict may rest on it; never on a draft."""
        return self.status != "draft"


def find_limit(limits: LimitSet, class_: str, rating: Rating, load: Loading) -> LimitFound | None:
    """Give the strictest limit of an accuracy class, a confirmed one before a draft; None when none applies."""
    if load.power_w == 0:
        return None
    rows = [
        row
        for row in limits.rows
        if (row.class_, row.load) == (class_, load.phases)
        and _covers_current(row, rating, load.current_a)
        and _covers_power_factor(row, load.tan_phi)
        and _covers_temperature(row, load.temperature_c)
    ]
    if not rows:
        return None
    row = min(rows, key=lambda row: (row.status == "draft", row.limit_pct))
    return LimitFound(row.limit_pct / 100, row.clause, row.status, row)


def _covers_current(row: LimitRow, rating: Rating, current_a: float) -> bool:
    """The interval holds its lower end; its upper end only where that is the maximum current."""
    low, high = (_amperes(end, rating) for end in (row.current_from, row.current_to))
    return low <= current_a < high or (current_a == high == rating.i_max_a)


def _amperes(end: tuple[float, Literal["i_min", "i_tr", "i_ref", "i_max"]], rating: Rating) -> float:
    factor, name = end
    named = {"i_min": rating.i_min_a, "i_tr": rating.i_tr_a, "i_ref": rating.i_ref_a, "i_max": rating.i_max_a}
    return factor * named[name]


def _covers_power_factor(row: LimitRow, tan_phi: float) -> bool:
    power_factor = 1 / math.hypot(1, tan_phi)
    lowest = row.pf_inductive_min if tan_phi >= 0 else row.pf_capacitive_min
    return power_factor >= lowest - PF_TOLERANCE


def _covers_temperature(row: LimitRow, temperature_c: float | None) -> bool:
    low, high = row.temperature_min_c, row.temperature_max_c
    if temperature_c is None:
        return low is None and high is None
    return (low is None or low <= temperature_c) and (high is None or temperature_c <= high)
