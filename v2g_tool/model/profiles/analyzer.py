"""How one model of power analyzer is spoken to and how accurate it is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from v2g_tool.model.base import Model
from v2g_tool.model.profiles.head import ProfileHead, Status


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
