"""Error limits by class, with the document they come from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from v2g_tool.model.base import Model
from v2g_tool.model.profiles.head import ProfileHead, Status


class LimitRow(Model):
    """One limit of a limit set, % of reading, for a current interval, load kind, power factor and temperature."""

    class_: str = Field(alias="class")
    load: Literal["balanced", "single-phase"]
    current_from: tuple[float, Literal["i_min", "i_tr", "i_ref", "i_max"]]
    current_to: tuple[float, Literal["i_min", "i_tr", "i_ref", "i_max"]]
    pf_inductive_min: float = 1.0
    pf_capacitive_min: float = 1.0
    temperature_min_c: float | None = None
    temperature_max_c: float | None = None
    limit_pct: float = Field(gt=0)
    clause: str
    status: Status


class LimitSet(ProfileHead):
    """Dated limits of error of one standard or law."""

    FOLDER = "limits"

    kind: Literal["limits"]
    edition: str
    quantity: str = "active power"
    rows: tuple[LimitRow, ...]
