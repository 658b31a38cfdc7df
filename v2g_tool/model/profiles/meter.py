"""How one model of meter is spoken to."""

from typing import Literal, Self

from pydantic import Field, model_validator

from v2g_tool.model.base import Model
from v2g_tool.model.profiles.head import ProfileHead, Status
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
