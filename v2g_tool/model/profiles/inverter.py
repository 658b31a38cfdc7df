"""How an inverter is commanded."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from v2g_tool.model.base import Model
from v2g_tool.model.profiles.head import ProfileHead, Status


class SunSpecPoint(Model):
    """One point of a SunSpec model: offset from the model's id register, type, and its scale factor point."""

    offset: int = Field(ge=2)
    type: Literal["u16", "s16", "u32", "s32", "u64", "s64", "text", "sf"]
    words: int | None = None
    sf: str = ""


class InverterProfile(ProfileHead):
    """One way to command an inverter."""

    FOLDER = "inverters"

    kind: Literal["inverter"]
    status: Status
    base_addresses: tuple[int, ...] = (40000, 0, 50000)
    response_s: float = Field(default=0.5, gt=0)
    models: dict[str, dict[str, SunSpecPoint]] = {}
    """Points by SunSpec model number."""
    power_sign: Literal[1, -1] = -1
    """+1 when the device counts import (grid to vehicle) as positive; SunSpec counts generation positive."""
