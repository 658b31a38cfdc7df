"""Meters, references and inverters of a site."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from v2g_tool.model.base import Model

Legal = Literal["free", "lockable", "sealed", "unknown"]
"""Legal status of a meter: only `free` (or `lockable` and found unlocked) may be adjusted."""


class CurrentTransformer(Model):
    """A current transformer as configured, e.g. 100 A to 5 A."""

    primary_a: float = Field(gt=0)
    secondary_a: float = Field(gt=0)


class LimitChoice(Model):
    """Which limit set judges a meter, and under which conditions."""

    set: str
    class_: str = Field(alias="class")
    temperature_c: float | None = None


class Rating(Model):
    """The meter's rated currents in A, from its name plate."""

    i_min_a: float = Field(gt=0)
    i_tr_a: float = Field(gt=0)
    i_ref_a: float = Field(gt=0)
    i_max_a: float = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.i_min_a <= self.i_tr_a <= self.i_ref_a <= self.i_max_a:
            raise ValueError("rated currents must rise: i_min_a <= i_tr_a <= i_ref_a <= i_max_a")
        return self


class ModbusLink(Model):
    """How a Modbus device is reached; shared by meters and inverters."""

    link: Literal["tcp", "rtu"] = "tcp"
    host: str = ""
    port: int = Field(default=502, ge=1, le=65535)
    device: str = ""
    baud: int = Field(default=9600, ge=300, le=921600)
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    unit: int = Field(default=1, ge=0, le=255)
    timeout_s: float = Field(default=1.0, gt=0, le=60)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.link == "tcp" and not self.host:
            raise ValueError("a tcp link needs 'host'")
        if self.link == "rtu" and not self.device:
            raise ValueError("an rtu link needs 'device', for example /dev/ttyUSB0")
        return self

    @property
    def place(self) -> str:
        """The connection or bus, which one program at a time may use: `10.0.0.5:502`, `/dev/ttyUSB0`."""
        return f"{self.host}:{self.port}" if self.link == "tcp" else self.device

    @property
    def where(self) -> str:
        """The address for messages: `10.0.0.5:502 unit 1`."""
        return f"{self.place} unit {self.unit}"


class MeterSite(ModbusLink):
    """`[meters.NAME]`: one energy meter."""

    profile: str
    serial: str = ""
    legal: Legal | None = None
    """What the owner states; without it the meter's own statement counts, then the profile's."""
    phases: Literal[1, 3] = 3
    ct: CurrentTransformer | None = None
    limits: LimitChoice
    rating: Rating
    plan: str = "ac-bidirectional"
    analyzer: str = Field(min_length=1)
    inverter: str = ""


class CalibrationRecord(Model):
    """The calibration of a reference instrument."""

    certificate: str = Field(min_length=1)
    due: date
    laboratory: str = ""


class AnalyzerSite(Model):
    """`[analyzers.NAME]`: one reference power analyzer, or a person who reads its display (`profile` of kind typed)."""

    profile: str
    resource: str = ""
    serial: str = ""
    wiring: Literal["1P2W", "1P3W", "3P3W", "3P4W", "3V3A"] = "3P4W"
    update_s: float = Field(default=0.5, gt=0, le=20)
    voltage_ratio: float = Field(default=1.0, gt=0)
    current_ratio: float = Field(default=1.0, gt=0)
    calibration: CalibrationRecord
    timeout_s: float = Field(default=3.0, gt=0, le=60)


class InverterSite(ModbusLink):
    """`[inverters.NAME]`: what sets the load; `profile = "manual"` asks a person."""

    profile: str
    serial: str = ""
    max_charge_w: float = Field(gt=0)
    max_discharge_w: float = Field(default=0.0, ge=0)
    reversion_s: int = Field(default=120, ge=10, le=3600)

    @model_validator(mode="before")
    @classmethod
    def _manual_needs_no_host(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("profile") == "manual":
            return {"host": "operator", **data}
        return data
