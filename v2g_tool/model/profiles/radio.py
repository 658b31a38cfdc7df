"""Profiles of the PLC part: the bands of known radio services, as data with its document."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from v2g_tool.model.base import Model
from v2g_tool.model.plc import Band, Service
from v2g_tool.model.profiles.head import ProfileHead, Status


class RadioService(Model):
    """One band of a radio service or device, and who usually owns the transmitter."""

    name: str = Field(min_length=1)
    low_hz: float = Field(gt=0)
    high_hz: float = Field(gt=0)
    owner: str = Field(min_length=1)
    clause: str = Field(min_length=1)
    status: Status

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.low_hz >= self.high_hz:
            raise ValueError("low_hz must be below high_hz")
        return self


class RadioServices(ProfileHead):
    """The known radio services of a part of the spectrum."""

    FOLDER = "plc"

    kind: Literal["radio-services"]
    status: Status
    services: tuple[RadioService, ...] = Field(min_length=1)

    def known(self) -> tuple[Service, ...]:
        """Give the services in the order of the file, the most telling first; a draft names nobody and is left out."""
        return tuple(Service(s.name, s.owner, Band(s.low_hz, s.high_hz)) for s in self.services if s.status != "draft")
