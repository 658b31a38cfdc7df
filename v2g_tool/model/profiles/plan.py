"""Which load points a calibration goes through."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from v2g_tool.model.base import Model
from v2g_tool.model.profiles.head import ProfileHead


class LoadPoint(Model):
    """One load point of a plan.

    Active power is `power_fraction` of the inverter's limit in that direction, or what `current_a` per phase gives;
    power factor is signed: inductive positive, capacitive negative.
    """

    name: str
    direction: Literal["charge", "discharge"]
    power_fraction: float | None = Field(default=None, gt=0, le=1)
    current_a: float | None = Field(default=None, gt=0)
    power_factor: float = 1.0

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if (self.power_fraction is None) == (self.current_a is None):
            raise ValueError("give either power_fraction or current_a")
        if not 0.1 <= abs(self.power_factor) <= 1:
            raise ValueError("power_factor is 0.1..1, negative for capacitive")
        return self


class Plan(ProfileHead):
    """The load points of a calibration and how each is measured."""

    FOLDER = "plans"

    kind: Literal["plan"]
    readings: int = Field(default=20, ge=10, le=1000)
    max_windows: int = Field(default=3, ge=1, le=10)
    stationarity_pct: float = Field(default=0.5, gt=0)
    points: tuple[LoadPoint, ...] = Field(min_length=1)
