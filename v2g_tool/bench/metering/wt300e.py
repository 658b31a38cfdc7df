"""A Yokogawa WT333E as its communication manual describes it (IM WT310E-17EN).

Three elements, wired 3P4W. Values are renewed once in each update interval (`:RATE`); the end of
an update is bit 0 of the extended event register, which `:COMMunicate:WAIT 1` waits for.
"""

from __future__ import annotations

import threading

from v2g_tool.bench.faults import FaultSet
from v2g_tool.bench.metering.analyzer_model import AnalyzerModel
from v2g_tool.bench.metering.meter_core import Clock
from v2g_tool.bench.metering.plant import Plant
from v2g_tool.bench.metering.scpi import (
    ILLEGAL_PARAMETER,
    MISSING_PARAMETER,
    OUT_OF_RANGE,
    Call,
    Command,
    CommandTree,
    DroppedError,
    Reporting,
    ScpiError,
    ScpiInstrument,
    boolean,
    choice,
    number,
    one_parameter,
)
from v2g_tool.bench.metering.wt300e_data import FUNCTIONS, SIGMA, Item, NumericData, ascii_values, binary_values
from v2g_tool.bench.metering.wt300e_settings import SettingCommands, Settings

_MAX_ITEMS = 255
_SERIAL = "91N408871"
_UPDATED = 1  # extended event register, bit 0
_ELEMENTS = 3
_FIRST_ITEMS = ("U", "I", "P", "S", "Q", "LAMBda", "PHI", "FU", "FI")  # IM WT310E-17EN p. 9-7
_STRIKING = ("analyzer-silent", "analyzer-late", "analyzer-disconnect", "analyzer-restart")


class Wt300e:
    """The instrument; wires call `handle`.

    Args:
        plant: what is measured.
        model: the errors of this instrument.
        clock: the bench clock.
        faults: the faults of the device.
    """

    def __init__(self, plant: Plant, model: AnalyzerModel, clock: Clock, faults: FaultSet) -> None:
        self._faults = faults
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.settings = Settings()
        self._data = NumericData(plant, model, clock, lambda: self.settings)
        self._reporting = Reporting()
        self._reset()
        setters = SettingCommands(lambda: self.settings, self._data.invalidate).all(self._reporting)
        tree = CommandTree([*setters, *self._common(), *self._status(), *self._numeric(), *self._integrate()])
        self._scpi = ScpiInstrument(tree, self._reporting)

    def handle(self, message: str, stop: threading.Event) -> str | None:
        """Give the reply to a program message, None without any.

        Raises:
            DroppedError: a fault ends the connection.
        """
        with self._lock:
            self._stop = stop
            self._faults.begin()
            fault = self._faults.strike(*_STRIKING)
            if fault is None:
                return self._scpi.execute(message)
            if fault.name == "analyzer-silent":
                return None
            if fault.name == "analyzer-late":
                stop.wait(fault.delay_s)
                return self._scpi.execute(message)
            if fault.name == "analyzer-restart":
                self._power_on()
            raise DroppedError("the instrument closed the connection")

    def serial(self) -> str:
        """Give the serial number."""
        return "91N000001" if self._faults.has("analyzer-wrong-serial") else _SERIAL

    def _power_on(self) -> None:
        self._reset()
        self._reporting.header, self._reporting.verbose, self._reporting.message = False, False, True
        self._scpi.clear()

    def _reset(self) -> None:
        """Set everything back but the communication (`*RST`)."""
        self.settings = Settings()
        self._items: list[Item] = [(function, 1) for function in _FIRST_ITEMS]
        self._items += [("NONE", SIGMA)] * (_MAX_ITEMS - len(_FIRST_ITEMS))
        self._count = len(_FIRST_ITEMS)
        self._data.hold(on=False)
        self._data.reset_integration()
        self._data.invalidate()

    def _common(self) -> list[Command]:
        return [
            Command("*IDN", lambda _: f"YOKOGAWA,WT333E,{self.serial()},F1.02"),
            Command("*OPT", lambda _: "G5"),
            Command("*CLS", order=lambda _: self._scpi.clear()),
            Command("*RST", order=lambda _: self._reset()),
            Command("*ESR", lambda _: self._scpi.take_event_status()),
            Command("*STB", lambda _: str(4 if self._scpi.errors else 0)),
            Command("*TST", lambda _: "0"),
            Command("*OPC", lambda _: "1", lambda _: self._scpi.complete()),
            Command("*WAI", order=lambda _: None),
            Command(":SYSTem:MODel", lambda _: "WT333E", is_setting=True),
            Command(":SYSTem:SERial", lambda _: self.serial(), is_setting=True),
        ]

    def _status(self) -> list[Command]:
        return [
            Command(":STATus:ERRor", lambda _: self._scpi.next_error()),
            Command(":STATus:EESR", lambda _: str(int(self._data.take_update()))),
            Command(":COMMunicate:WAIT", order=self._wait),
        ]

    def _wait(self, call: Call) -> None:
        if int(number(one_parameter(call))) & _UPDATED:
            self._data.wait_for_update(self._stop)

    def _numeric(self) -> list[Command]:
        return [
            Command(":NUMeric:HOLD", lambda _: str(int(self._data.holding)), self._hold, is_setting=True),
            Command(":NUMeric[:NORMal]:NUMber", lambda _: str(self._count), self._set_count, is_setting=True),
            Command(":NUMeric[:NORMal]:ITEM<x>", self._item, self._set_item, is_setting=True),
            Command(":NUMeric[:NORMal]:VALue", self._values),
            Command(":NUMeric[:NORMal]:HEADer", self._labels),
        ]

    def _hold(self, call: Call) -> None:
        self._data.hold(on=boolean(call))

    def _set_count(self, call: Call) -> None:
        word = one_parameter(call)
        count = _MAX_ITEMS if word.upper() == "ALL" else int(number(word))
        if not 1 <= count <= _MAX_ITEMS:
            raise ScpiError(OUT_OF_RANGE)
        self._count = count

    def _item(self, call: Call) -> str:
        function, element = self._items[_place(call.suffixes[0])]
        if function == "NONE":
            return "NONE"
        return f"{function.upper()},{'SIGMA' if element == SIGMA else element}"

    def _set_item(self, call: Call) -> None:
        if not call.parameters:
            raise ScpiError(MISSING_PARAMETER)
        function = choice(call.parameters[0], FUNCTIONS)
        element = _element(call.parameters[1]) if len(call.parameters) > 1 else 1
        self._items[_place(call.suffixes[0])] = (function, element)

    def _values(self, call: Call) -> str:
        shown = self._items[: self._count]
        if call.parameters:
            shown = [self._items[_place(int(number(one_parameter(call))))]]
        values = self._data.values(shown, over_range=self._faults.has("analyzer-overrange"))
        return ascii_values(values) if self.settings.format == "ASCii" else binary_values(values)

    def _labels(self, _call: Call) -> str:
        return ",".join(
            "NONE" if function == "NONE" else f"{function.upper()}-{'SIGMA' if not element else f'E{element}'}"
            for function, element in self._items[: self._count]
        )

    def _integrate(self) -> list[Command]:
        return [
            Command(":INTEGrate:STATe", lambda _: self.settings.integration.upper()),
            Command(":INTEGrate:STARt", order=lambda _: self._set_integration("START")),
            Command(":INTEGrate:STOP", order=lambda _: self._set_integration("STOP")),
            Command(":INTEGrate:RESet", order=lambda _: self._set_integration("RESet")),
        ]

    def _set_integration(self, state: str) -> None:
        self._data.refresh()
        self.settings.integration = state
        if state == "RESet":
            self._data.reset_integration()


def _place(number_from_one: int) -> int:
    if not 1 <= number_from_one <= _MAX_ITEMS:
        raise ScpiError(OUT_OF_RANGE)
    return number_from_one - 1


def _element(word: str) -> int:
    if word.upper() in ("SIGM", "SIGMA"):
        return SIGMA
    if not word.isdigit() or not 1 <= int(word) <= _ELEMENTS:
        raise ScpiError(ILLEGAL_PARAMETER)
    return int(word)
