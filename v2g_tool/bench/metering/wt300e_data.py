"""The numeric data of the bench's WT333E: updates, hold, integration, items and their spelling."""

from __future__ import annotations

import math
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from v2g_tool.bench.metering.analyzer_model import AnalyzerModel, AnalyzerReading
from v2g_tool.bench.metering.meter_core import Clock, Energies
from v2g_tool.bench.metering.plant import Plant, Truth
from v2g_tool.bench.metering.wt300e_settings import CURRENT_RANGES_A, VOLTAGE_RANGES_V, Settings

SIGMA = 0
"""Element number that stands for the sum."""
FUNCTIONS = (
    *("U", "I", "P", "S", "Q", "LAMBda", "PHI", "FU", "FI", "UTHD", "ITHD"),
    *("URANge", "IRANge", "TIME", "WH", "WHP", "WHM", "NONE"),
)
"""Measurement functions of this instrument, with the harmonics option."""

_NO_DATA, _OVER = 9.91e37, 9.9e37  # IM WT310E-17EN, numeric data in binary form
_AUTO_RATIO = 1.1

Item = tuple[str, int]
"""Function and element of a numeric item; element 0 is the sum."""


@dataclass(frozen=True)
class Snapshot:
    """One update: what was read, on which ranges, and what had been integrated."""

    reading: AnalyzerReading
    truth: Truth
    u_range: float
    i_range: float
    energies: Energies
    integrated_s: float
    thd_of_total: bool


class NumericData:
    """Takes an update at the end of each interval of the bench clock.

    Args:
        plant: what is measured.
        model: the errors of the instrument.
        clock: the bench clock.
        settings: gives the settings as they are.
    """

    def __init__(self, plant: Plant, model: AnalyzerModel, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._plant = plant
        self._model = model
        self._clock = clock
        self._settings = settings
        self._index = self._seen = self._valid_from = 0
        self._latest: Snapshot | None = None
        self._held: Snapshot | None = None
        self.holding = False
        self.reset_integration()
        self.invalidate()

    def reset_integration(self) -> None:
        """Set the integrated values to zero."""
        self._energies, self._integrated_s = Energies(), 0.0

    def invalidate(self) -> None:
        """Forget the data: the next ones come with the first update that lies wholly after now."""
        rate_s = self._settings().rate_s
        self._index = math.floor(self._clock() / rate_s)
        self._valid_from = math.ceil(self._clock() / rate_s) + 1
        self._seen = self._valid_from - 1
        self._latest = None

    def refresh(self) -> None:
        """Take the update that is due by now."""
        index = math.floor(self._clock() / self._settings().rate_s)
        due, self._index = index - self._index, index
        if due > 0 and index >= self._valid_from:
            self._latest = self._measured(index, due)

    def _measured(self, index: int, due: int) -> Snapshot:
        settings = self._settings()
        start = max(self._valid_from - 1, index - settings.averaged())
        truth = self._plant.mean(start * settings.rate_s, index * settings.rate_s)
        if settings.u_auto:
            settings.u_range = _fitting(VOLTAGE_RANGES_V, max(truth.voltage_v(k) for k in range(3)))
        if settings.i_auto:
            settings.i_range = _fitting(CURRENT_RANGES_A, max(truth.current_a(k) for k in range(3)))
        reading = self._model.read(truth, settings.u_range, settings.i_range)
        if settings.integration == "START" and not math.isnan(sum(reading.p_w)):
            self._energies.add(reading.p_w, due * settings.rate_s / 3600.0)
            self._integrated_s += due * settings.rate_s
        energies = Energies(list(self._energies.import_wh), list(self._energies.export_wh))
        ranges = (settings.u_range, settings.i_range)
        return Snapshot(reading, truth, *ranges, energies, self._integrated_s, settings.thd_base == "TOTal")

    def hold(self, *, on: bool) -> None:
        """Freeze the data as they are now, also when they are frozen already; or let them run."""
        self.refresh()
        self.holding, self._held = on, self._latest

    def is_updated(self) -> bool:
        """Say whether an update has ended since `take_update`."""
        self.refresh()
        return self._settings().filters.get(1, "NEVer") != "NEVer" and self._index > self._seen

    def take_update(self) -> bool:
        """Say whether an update has ended since the last call, and clear that."""
        updated = self.is_updated()
        self._seen = max(self._seen, self._index)
        return updated

    def wait_for_update(self, stop: threading.Event) -> None:
        """Wait for the end of an update that `take_update` has not seen; without a filter, for ever."""
        while not self.is_updated() and not stop.is_set():
            next_s = (max(self._index, self._seen) + 1) * self._settings().rate_s
            stop.wait(max(0.0005, min(next_s - self._clock(), 1.0)))

    def values(self, items: Sequence[Item], *, over_range: bool) -> list[float]:
        """Give the values of items: NaN without data, infinite over range."""
        self.refresh()
        snapshot = self._held if self.holding else self._latest
        if snapshot is None:
            return [math.nan] * len(items)
        return [_value(snapshot, *item, over_range=over_range) for item in items]


def _fitting(ranges: Sequence[float], value: float) -> float:
    """Give the smallest range that shows a value."""
    return next((size for size in ranges if value <= _AUTO_RATIO * size), ranges[-1])


def _value(snapshot: Snapshot, function: str, element: int, *, over_range: bool) -> float:
    if function == "NONE":
        return math.nan
    if over_range and function in ("I", "P", "S", "Q", "LAMBda", "PHI"):
        return math.inf
    if function in ("TIME", "WH", "WHP", "WHM"):
        return _integrated(snapshot, function, element)
    value = _of_sum(snapshot, function) if element == SIGMA else _of_element(snapshot, function, element - 1)
    # The model gives NaN for what is over its range; "no data" was handled before.
    return math.inf if value is not None and math.isnan(value) else math.nan if value is None else value


def _of_element(snapshot: Snapshot, function: str, k: int) -> float | None:
    reading, truth = snapshot.reading, snapshot.truth
    direct = {"U": reading.voltage_v, "I": reading.current_a, "P": reading.p_w}
    direct |= {"S": reading.s_va, "Q": reading.q_var}
    if function in direct:
        return direct[function][k]
    if function in ("LAMBda", "PHI"):
        return _factor_or_angle(function, reading.p_w[k], reading.s_va[k], reading.q_var[k])
    if function in ("FU", "FI"):
        return reading.frequency_hz
    if function in ("UTHD", "ITHD"):
        ratio = (truth.thd_u if function == "UTHD" else truth.thd_i)[k]
        return 100.0 * (ratio / math.hypot(1.0, ratio) if snapshot.thd_of_total else ratio)
    return snapshot.u_range if function == "URANge" else snapshot.i_range


def _of_sum(snapshot: Snapshot, function: str) -> float | None:
    """Give a value of the sum for 3P4W (IM WT310E-02EN p. 7-10), None where there is none."""
    reading = snapshot.reading
    if function in ("U", "I"):
        return sum(reading.voltage_v if function == "U" else reading.current_a) / 3.0
    sums = {"P": sum(reading.p_w), "S": sum(reading.s_va), "Q": sum(reading.q_var)}
    if function in ("LAMBda", "PHI"):
        return _factor_or_angle(function, sums["P"], sums["S"], sums["Q"])
    return sums.get(function)


def _factor_or_angle(function: str, p_w: float, s_va: float, q_var: float) -> float:
    if math.isnan(p_w):
        return math.nan
    factor = max(-1.0, min(1.0, p_w / s_va))
    return factor if function == "LAMBda" else math.copysign(math.degrees(math.acos(factor)), q_var)


def _integrated(snapshot: Snapshot, function: str, element: int) -> float:
    plus, minus = snapshot.energies.import_wh[element], snapshot.energies.export_wh[element]
    return {"TIME": snapshot.integrated_s, "WH": plus - minus, "WHP": plus, "WHM": -minus}[function]


def ascii_values(values: Sequence[float]) -> str:
    """Give values as NR3 numbers of five digits, `NAN` without data, `INF` over range."""
    return ",".join(
        "NAN" if math.isnan(value) else "INF" if math.isinf(value) else f"{value + 0.0:.4E}" for value in values
    )


def binary_values(values: Sequence[float]) -> str:
    """Give values as a block of big-endian singles (IEEE 488.2, 8.7.9), one character a byte."""
    known = [_NO_DATA if math.isnan(value) else _OVER if math.isinf(value) else value for value in values]
    size = str(4 * len(known))
    return f"#{len(size)}{size}" + struct.pack(f">{len(known)}f", *known).decode("latin-1")
