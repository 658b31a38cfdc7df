"""The settings of the bench's WT333E, and the commands that set and query them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from v2g_tool.bench.metering.scpi import (
    ILLEGAL_PARAMETER,
    Call,
    Command,
    ErrorCode,
    Reporting,
    ScpiError,
    boolean,
    choice,
    engineering,
    number,
    one_parameter,
)

VOLTAGE_RANGES_V = (15.0, 30.0, 60.0, 150.0, 300.0, 600.0)
"""Voltage ranges at crest factor 3."""
CURRENT_RANGES_A = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Current ranges of a WT333E at crest factor 3."""
RATES_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Update intervals."""
_TRANSITIONS = ("RISE", "FALL", "BOTH", "NEVer")
INTEGRATION_ERROR = ErrorCode(813, "Invalid operation, integration is running")
"""What may not be set while an integration runs was to be set."""
_UNDISTURBING = ("remote", "format", "integration_mode")  # settings that have nothing to do with measuring


@dataclass
class Settings:
    """What can be set, as it is after switching on."""

    rate_s: float = 0.5
    u_range: float = 600.0
    i_range: float = 20.0
    u_auto: bool = True
    i_auto: bool = True
    wiring: str = "P3W4"
    mode: str = "RMS"
    synchronize: str = "VOLTage"
    crest_factor: str = "3"
    line_filter: bool = False
    frequency_filter: bool = False
    averaging: bool = False
    averaging_type: str = "EXPonent"
    averaging_count: str = "8"
    thd_base: str = "TOTal"
    format: str = "ASCii"
    filters: dict[int, str] = field(default_factory=dict)
    """Transition filters of the extended event register by their number; number 1 is bit 0."""
    remote: bool = False
    integration: str = "RESet"
    integration_mode: str = "NORMal"

    def averaged(self) -> int:
        """Give the number of updates that one shown value averages."""
        return int(self.averaging_count) if self.averaging else 1


class SettingCommands:
    """Builds the commands of settings.

    Args:
        settings: gives the settings as they are; a reset puts new ones in their place.
        changed: called when a change makes the data so far invalid.
    """

    def __init__(self, settings: Callable[[], Settings], changed: Callable[[], None]) -> None:
        self._settings = settings
        self._changed = changed

    def all(self, reporting: Reporting) -> list[Command]:
        """Give the commands of all settings."""
        return [*self._input(), *self._measurement(), *self._communication(reporting)]

    def _input(self) -> list[Command]:
        return [
            self._range(":INPut:VOLTage:RANGe", "u", VOLTAGE_RANGES_V, "V"),
            self._switch(":INPut:VOLTage:AUTO", "u_auto"),
            self._range(":INPut:CURRent:RANGe", "i", CURRENT_RANGES_A, "A"),
            self._switch(":INPut:CURRent:AUTO", "i_auto"),
            self._choice(":INPut:WIRing", "wiring", ("P1W2", "P1W3", "P3W3", "P3W4", "V3A3")),
            self._choice(":INPut:MODE", "mode", ("RMS", "VMEan", "DC")),
            self._choice(":INPut:SYNChronize", "synchronize", ("VOLTage", "CURRent", "OFF")),
            self._choice(":INPut:CFACtor", "crest_factor", ("3",)),
            self._switch(":INPut:FILTer:LINE", "line_filter"),
            self._switch(":INPut:FILTer:FREQuency", "frequency_filter"),
        ]

    def _measurement(self) -> list[Command]:
        return [
            self._command(":RATE", "rate_s", engineering, lambda call: _listed(call, "S", RATES_S)),
            self._switch(":MEASure:AVERaging[:STATe]", "averaging"),
            self._choice(":MEASure:AVERaging:TYPE", "averaging_type", ("LINear", "EXPonent")),
            self._choice(":MEASure:AVERaging:COUNt", "averaging_count", ("8", "16", "32", "64")),
            self._choice(":HARMonics:THD", "thd_base", ("TOTal", "FUNDamental")),
            self._choice(":INTEGrate:MODE", "integration_mode", ("NORMal", "CONTinuous")),
            self._choice(":NUMeric:FORMat", "format", ("ASCii", "FLOat")),
            self._filter(),
        ]

    def _communication(self, reporting: Reporting) -> list[Command]:
        return [
            self._switch(":COMMunicate:REMote", "remote"),
            _reporting(":COMMunicate:HEADer", reporting, "header"),
            _reporting(":COMMunicate:VERBose", reporting, "verbose"),
            _reporting(":STATus:QMESsage", reporting, "message"),
        ]

    def _set(self, attribute: str, value: object) -> None:
        settings, disturbs = self._settings(), attribute not in _UNDISTURBING
        if disturbs and settings.integration == "START":
            raise ScpiError(INTEGRATION_ERROR)
        setattr(settings, attribute, value)
        if disturbs:
            self._changed()

    def _command(
        self, pattern: str, attribute: str, shown: Callable[[Any], str], wanted: Callable[[Call], object]
    ) -> Command:
        """Give the command of one setting: how it is shown, and what a call wants it to be."""
        return Command(
            pattern,
            lambda _: shown(getattr(self._settings(), attribute)),
            lambda call: self._set(attribute, wanted(call)),
            is_setting=True,
        )

    def _switch(self, pattern: str, attribute: str) -> Command:
        return self._command(pattern, attribute, lambda on: str(int(on)), boolean)

    def _choice(self, pattern: str, attribute: str, allowed: Sequence[str]) -> Command:
        return self._command(pattern, attribute, str.upper, lambda call: choice(one_parameter(call), allowed))

    def _filter(self) -> Command:
        """Give the transition filters: that of bit 0, updating, works; no other event ever happens here."""

        def order(call: Call) -> None:
            self._settings().filters[call.suffixes[0]] = choice(one_parameter(call), _TRANSITIONS)

        return Command(
            ":STATus:FILTer<x>",
            lambda call: self._settings().filters.get(call.suffixes[0], "NEVer").upper(),
            order,
            is_setting=True,
        )

    def _range(self, pattern: str, channel: str, allowed: Sequence[float], unit: str) -> Command:
        def order(call: Call) -> None:
            self._set(f"{channel}_range", _listed(call, unit, allowed))
            self._set(f"{channel}_auto", value=False)

        return Command(
            pattern, lambda _: engineering(getattr(self._settings(), f"{channel}_range")), order, is_setting=True
        )


def _reporting(pattern: str, reporting: Reporting, attribute: str) -> Command:
    return Command(
        pattern,
        lambda _: str(int(getattr(reporting, attribute))),
        lambda call: setattr(reporting, attribute, boolean(call)),
        is_setting=True,
    )


def _listed(call: Call, unit: str, allowed: Sequence[float]) -> float:
    """Give the allowed value that the parameter is, or raise error 224."""
    value = number(one_parameter(call), unit)
    for candidate in allowed:
        if abs(candidate - value) <= 1e-6 * candidate:
            return candidate
    raise ScpiError(ILLEGAL_PARAMETER)
