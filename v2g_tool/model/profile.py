"""Profiles: how one model of meter, analyzer or inverter is spoken to, as data with its document.

A profile is data only; no formula in it is ever evaluated as code.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from v2g_tool.model.base import Model
from v2g_tool.model.profile_head import ProfileHead, Status
from v2g_tool.model.quantities import Channel

WordType = Literal["u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "text"]

WIDTHS: dict[str, int] = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "f32": 2, "u64": 4, "s64": 4, "f64": 4}


class Register(Model):
    """One value in a device: where it lies and how its words are read.

    `address` is the zero-based wire address. `scale` turns the raw number into the SI unit. `invalid` lists raw
    numbers that mean "no value".
    """

    address: int = Field(ge=0, le=65535)
    type: WordType
    words: int | None = Field(default=None, ge=1, le=125)
    scale: float = 1.0
    invalid: tuple[int, ...] = ()
    function: Literal[3, 4] | None = None
    alone: bool = False
    """Must be read in a request of its own."""
    labels: dict[str, str] = {}

    @model_validator(mode="after")
    def _has_width(self) -> Self:
        if self.type == "text" and self.words is None:
            raise ValueError("a text register needs 'words'")
        if self.type != "text" and self.words not in (None, WIDTHS[self.type]):
            raise ValueError(f"a {self.type} has {WIDTHS[self.type]} words")
        return self

    @property
    def count(self) -> int:
        """Number of 16-bit registers."""
        return self.words or WIDTHS[self.type]

    @property
    def end(self) -> int:
        """First address behind the value."""
        return self.address + self.count


class Wire(Model):
    """What the device allows on the wire."""

    word_order: Literal["msw-first", "lsw-first"] = "msw-first"
    read_function: Literal[3, 4] = 4
    max_read: int = Field(default=125, ge=1, le=125)
    response_s: float = Field(default=0.5, gt=0)
    """Longest time the device takes to answer; the line stays silent that long after a timeout."""
    holes: tuple[tuple[int, int], ...] = ()
    """Address ranges (first, last) that no request may touch."""


class CorrectionRegister(Model):
    """A writable trim: its active register, what it corrects and by how much.

    `unity` is the raw value that corrects nothing, `step` the effect of one raw count (ratio for a gain, degrees
    for a phase, W for an offset). `sign` is +1 when a larger raw value makes up for a lagging current sensor
    (phase), raises the power (gain, offset); `sign_confirmed` says whether that was seen on hardware.
    """

    active: Register
    kind: Literal["gain", "phase", "offset"]
    phase: int = Field(ge=1, le=3)
    unity: int
    step: float = Field(gt=0)
    sign: Literal[1, -1] = 1
    sign_confirmed: bool = False
    minimum: int
    maximum: int
    stored: Register | None = None
    """Read-only mirror of the value in non-volatile memory, where the device has one."""


class Command(Model):
    """A single-register command: writing `value` to `address`."""

    address: int = Field(ge=0, le=65535)
    value: int = Field(ge=0, le=65535)


class WriteProtocol(Model):
    """How corrections are written."""

    function: Literal[6, 16] = 6
    unlock: Command | None = None
    commit: Command | None = None
    commit_result: Register | None = None
    commit_done: int | None = None
    lock: Command | None = None
    lock_state: Register | None = None
    unlocked_value: int | None = None
    settle_s: float = Field(default=1.0, ge=0)
    preserved: str = ""
    """Where the document says that the corrections survive a power failure, for meters that show no stored set."""


class MeterProfile(ProfileHead):
    """One model of energy meter."""

    FOLDER = "meters"

    kind: Literal["meter"]
    status: Status
    maker: str = ""
    model: str = ""
    legal: Literal["free", "lockable", "sealed", "unknown"] = "unknown"
    wire: Wire = Wire()
    identity: dict[Literal["maker", "model", "serial", "firmware"], Register] = {}
    magic: Register | None = None
    magic_value: int | None = None
    facts: dict[
        Literal["uptime_s", "change_counter", "update_interval_s", "legal", "lock", "sample_counter"], Register
    ] = {}
    update_interval_s: float = Field(default=1.0, gt=0)
    power_sign: Literal[1, -1] = 1
    """+1 when the device counts import (grid to vehicle) as positive."""
    unsigned_current: bool = True
    measurements: dict[str, Register]
    corrections: dict[str, CorrectionRegister] = {}
    writing: WriteProtocol | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.measurements:
            Channel.parse(name)
        _no_clash({**self.measurements, **{k: c.active for k, c in self.corrections.items()}}, self.wire.read_function)
        if self.corrections and self.writing is None:
            raise ValueError("corrections need a [writing] table")
        if self.corrections and "serial" not in self.identity:
            raise ValueError("corrections need identity.serial: an open correction is known by it")
        return self


def _no_clash(registers: dict[str, Register], default_function: int) -> None:
    """Refuse two values of one function that share an address."""
    seen: dict[tuple[int, int], str] = {}
    for name, register in registers.items():
        for address in range(register.address, register.end):
            other = seen.setdefault((register.function or default_function, address), name)
            if other != name:
                place = f"0x{address:04X}"
                raise ValueError(f"measurements.'{name}' = {place}: '{name}' and '{other}' both claim address {place}")


class Sentinel(Model):
    """A reply that is no number: equal to `text`, or within `rel` of `equals`, or at least `abs_ge` large."""

    text: str | None = None
    equals: float | None = None
    rel: float = 1e-4
    abs_ge: float | None = None
    means: Literal["no_data", "over_range", "scaling", "not_ready"]


class Accuracy(Model):
    """One line of an accuracy specification: ±(rdg % of reading + rng % of range), 12 months unless said.

    `pf0_of_s` is the extra part at power factor 0, % of apparent power (Yokogawa's power factor influence).
    """

    quantity: Literal["U", "I", "P"]
    f_min_hz: float = Field(ge=0)
    f_max_hz: float = Field(gt=0)
    rdg_pct: float = Field(ge=0)
    rng_pct: float = Field(ge=0)
    pf0_of_s_pct: float = Field(default=0.0, ge=0)
    months: int = 12
    status: Status = "derived"


class AnalyzerProfile(ProfileHead):
    """One family of power analyzer that is driven over SCPI."""

    FOLDER = "analyzers"

    kind: Literal["analyzer"]
    status: Status
    identity_query: str = "*IDN?"
    identity_pattern: str
    read_termination: str = "\n"
    write_termination: str = "\n"
    init: tuple[str, ...] = ()
    finish: tuple[str, ...] = ()
    error_query: str
    error_ok: int = 0
    max_errors: int = 16
    error_texts: dict[str, str] = {}
    separator: str = ","
    sentinels: tuple[Sentinel, ...]
    wiring_command: str = ""
    wiring_codes: dict[str, str] = {}
    elements: dict[str, tuple[int, ...]]
    voltage_range_set: str
    voltage_range_query: str
    voltage_ranges_v: tuple[float, ...]
    current_range_set: str
    current_range_query: str
    current_ranges_a: tuple[float, ...]
    update_set: str
    update_values_s: dict[str, float]
    select_count: str
    select_item: str
    value_query: str
    sync_arm: tuple[str, ...] = ()
    sync_wait: str = ""
    sync_rearm: str = ""
    quantities: dict[Literal["U", "I", "P", "Q", "S", "PF", "F"], str]
    power_sign: Literal[1, -1] = 1
    accuracy: tuple[Accuracy, ...]


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
