"""An inverter over SunSpec: model 704 sets, model 701 tells what flows.

SunSpec counts generation positive (model 701, point W); the profile's `power_sign` turns that into this suite's sign.
The set-point registers of one kind are written in one request, so the device never sees half a command, and always
with their reversion timer, so a program that dies leaves no load behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from v2g_tool.errors import Implausible, Refused, V2GError
from v2g_tool.hal.contracts.inverter import SetPoint
from v2g_tool.hal.modbus.exchange import WORTH_WAITING, Canary, Exchange
from v2g_tool.hal.modbus.sunspec import Block, discover, point_text, raw, read_model, value
from v2g_tool.model.profiles.inverter import InverterProfile, SunSpecPoint
from v2g_tool.model.quantities import Identity
from v2g_tool.model.site.metering import InverterSite

COMMON, MEASURED, CONTROLS = 1, 701, 704
ACTIVE = ("WSetEna", "WSetRvrtTms")
REACTIVE = ("VarSetEna", "VarSetRvrtTms")
"""First and last point of each block that is written as a whole."""
WATTS, VARS = 1, 4
"""Modes of WSetMod and VarSetMod that take W and var (model 704)."""


@dataclass
class SunSpecInverter:
    """Fulfils `Inverter` through SunSpec models 701 and 704."""

    name: str
    site: InverterSite
    profile: InverterProfile
    exchange: Exchange
    _blocks: dict[int, Block] = field(default_factory=dict)
    _commanded: SetPoint | None = None
    _found: tuple[int, ...] = ()
    _shown: dict[int, bool] = field(default_factory=dict)
    """Model 704 before the first command, and whether each word that commands changed ever read otherwise since."""

    @property
    def sets_reactive(self) -> bool:
        """Whether VarSet is implemented."""
        return raw(self._points(CONTROLS)["VarSet"], self._words(CONTROLS)) is not None

    @property
    def limits_w(self) -> tuple[float, float]:
        """Largest charge and discharge power from the site file, W."""
        return self.site.max_charge_w, self.site.max_discharge_w

    def identity(self) -> Identity:
        """Give who answers, from the common model."""
        words = self._words(COMMON)
        points = self._points(COMMON)
        maker, model, serial, firmware = (point_text(points[p], words) for p in ("Mn", "Md", "SN", "Vr"))
        if self.exchange.canary is None:
            start = points["SN"].offset
            block = self._blocks[COMMON]
            self.exchange.canary = Canary(3, block.address + start, words[start : start + 16])
        return Identity(maker, model, serial, firmware)

    def controls(self) -> Mapping[str, Sequence[int]]:
        """Give the words of both set-point blocks as they can be written: 0 for what is not implemented."""
        words = list(self._control_words())
        self._set_raw(words, {name: 0 for name, point in self._points(CONTROLS).items() if raw(point, words) is None})
        return {"active": self._slice(ACTIVE, words), "reactive": self._slice(REACTIVE, words)}

    def command(self, wanted: SetPoint) -> None:
        """Write active and reactive set point, each block in one request, with the reversion timers running."""
        words = list(self._control_words())
        self._found = self._found or tuple(words)
        self._commanded = wanted
        sign = self.profile.power_sign
        self._set(words, "WSet", sign * wanted.power_w)
        self._set_raw(words, {"WSetEna": 1, "WSetMod": WATTS, "WSetRvrtTms": self.site.reversion_s})
        blocks = [ACTIVE]
        if raw(self._points(CONTROLS)["VarSet"], words) is not None:
            self._set(words, "VarSet", sign * wanted.reactive_var)
            self._set_raw(words, {"VarSetEna": 1, "VarSetMod": VARS, "VarSetRvrtTms": self.site.reversion_s})
            blocks.append(REACTIVE)
        for block in blocks:
            self._write(block, self._slice(block, words))
            self._shown = {at: False for at in range(*self._span(block)) if words[at] != self._found[at]} | self._shown

    def hold(self) -> None:
        """Send the last set point again, so that the reversion timer starts anew."""
        if self._commanded is not None:
            self.command(self._commanded)

    def actual(self) -> SetPoint | None:
        """Give active and reactive power as model 701 reports them; None if it reports none."""
        points, words = self._points(MEASURED), self._words(MEASURED)
        power_w, reactive_var = value("W", points, words), value("Var", points, words)
        if power_w is None:
            return None
        sign = self.profile.power_sign
        return SetPoint(sign * power_w, sign * (reactive_var or 0.0))

    def restore(self, controls: Mapping[str, Sequence[int]]) -> bool:
        """Write the set-point blocks back, whatever they read; give whether a word never showed its command."""
        self._commanded = None
        with suppress(V2GError):  # the last chance to show a command; it is ended all the same
            self._control_words()
        for key, block in (("active", ACTIVE), ("reactive", REACTIVE)):
            try:
                self._write(block, tuple(controls[key]))
            except Refused as exc:  # a block that reads as before and refuses this took no command either
                if exc.code in WORTH_WAITING or tuple(self.controls()[key]) != tuple(controls[key]):
                    raise
        return not all(self._shown.values())

    def _control_words(self) -> tuple[int, ...]:
        """Give model 704; raises Implausible when it ends before its set points."""
        words = self._words(CONTROLS)
        if len(words) < max(self._span(ACTIVE)[1], self._span(REACTIVE)[1]):
            raise Implausible(
                f"model {CONTROLS} of {self.name} ends before its set points",
                why="The firmware implements an early draft of the model.",
                todo='Update the inverter, or use profile = "manual".',
            )
        self._shown = {at: shown or words[at] != self._found[at] for at, shown in self._shown.items()}
        return words

    def _points(self, model: int) -> Mapping[str, SunSpecPoint]:
        return self.profile.models[str(model)]

    def _words(self, model: int) -> tuple[int, ...]:
        return read_model(self.exchange, self._block(model))

    def _block(self, model: int) -> Block:
        if not self._blocks:
            self._blocks = discover(self.exchange, self.profile.base_addresses)
            if CONTROLS in self._blocks:
                self.exchange.writable = self._writable()
        if model not in self._blocks:
            raise Implausible(
                f"{self.name} has no SunSpec model {model}",
                why="Older inverters offer only models 101-124, which do not set a power for storage.",
                todo='Use profile = "manual" for this inverter.',
            )
        return self._blocks[model]

    def _writable(self) -> frozenset[int]:
        address = self._blocks[CONTROLS].address
        spans = (self._span(ACTIVE), self._span(REACTIVE))
        return frozenset(address + offset for first, last in spans for offset in range(first, last))

    def _span(self, block: tuple[str, str]) -> tuple[int, int]:
        points = self._points(CONTROLS)
        return points[block[0]].offset, points[block[1]].offset + 2

    def _slice(self, block: tuple[str, str], words: Sequence[int]) -> tuple[int, ...]:
        first, last = self._span(block)
        return tuple(words[first:last])

    def _write(self, block: tuple[str, str], words: tuple[int, ...]) -> None:
        self.exchange.write(16, self._block(CONTROLS).address + self._span(block)[0], words)

    def _set(self, words: list[int], name: str, wanted: float) -> None:
        points = self._points(CONTROLS)
        exponent = raw(points[points[name].sf], words)
        if exponent is None:
            raise Implausible(f"{self.name} gives no scale factor for {name}", todo='Use profile = "manual".')
        number = round(wanted / 10.0**exponent)
        if not -(2**31) < number < 2**31:
            raise Implausible(
                f"{self.name}: {name} = {wanted:.0f} does not fit its register with scale factor {exponent}",
                todo="Check the inverter's configuration.",
            )
        self._set_raw(words, {name: number})

    def _set_raw(self, words: list[int], values: Mapping[str, int]) -> None:
        for name, number in values.items():
            point = self._points(CONTROLS)[name]
            width = 2 if point.type in ("u32", "s32") else 1
            content = (number % (1 << 16 * width)).to_bytes(2 * width, "big")
            for index in range(width):
                words[point.offset + index] = int.from_bytes(content[2 * index : 2 * index + 2], "big")
