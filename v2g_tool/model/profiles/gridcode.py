"""Profiles of grid codes: how long a source must stay through a low voltage."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from v2g_tool.errors import RequestError
from v2g_tool.model.base import Model
from v2g_tool.model.profiles.head import ProfileHead, Status
from v2g_tool.model.spelling import did_you_mean


class LowVoltageStay(Model):
    """Between two voltages (p.u. of nominal) a trip is forbidden for at least `stay_s`."""

    category: str
    above_pu: float = Field(ge=0, lt=2)
    below_pu: float = Field(gt=0, lt=2)
    mode: Literal["mandatory", "momentary-cessation"]
    stay_s: float = Field(gt=0)
    """At the lower end of the band; higher voltages ask for as long or longer."""
    clause: str = Field(min_length=1)
    status: Status

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.above_pu >= self.below_pu:
            raise ValueError("above_pu must be less than below_pu")
        return self


class GridCodeProfile(ProfileHead):
    """One grid code with its amendment."""

    FOLDER = "gridcodes"

    kind: Literal["grid-code"]
    status: Status
    stays: tuple[LowVoltageStay, ...] = Field(min_length=1)

    def stays_of(self, category: str) -> tuple[LowVoltageStay, ...]:
        """Give the bands of a category; raises RequestError with the categories there are."""
        known = list(dict.fromkeys(stay.category for stay in self.stays))
        if category not in known:
            raise RequestError(
                f"grid code '{self.id}' has no category '{category}'.{did_you_mean(category, known)}",
                why=f"It has: {', '.join(known)}.",
                todo="Correct category in [limits] of the site file.",
                key=("limits", "category"),
            )
        return tuple(stay for stay in self.stays if stay.category == category)
