"""A SunSpec inverter: models 1, 701, 702 and 704 at base address 40000.

Source: SunSpec Information Model definitions, json/model_{1,701,702,704}.json. Offsets count from
the identifier register of a model, so the first value has offset 2. All registers are holding
registers, high word first. W > 0 is generation, that is discharging the vehicle; a positive
VarSet injects reactive power, that is the opposite of an inductive load.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from v2g_tool.bench.faults import FaultSet
from v2g_tool.bench.metering.meter_core import Clock
from v2g_tool.bench.metering.modbus import ILLEGAL_ADDRESS, ILLEGAL_VALUE, READ_HOLDING, ModbusError, placed, select
from v2g_tool.bench.metering.plant import STANDBY_W, Plant, SetPoint, Truth
from v2g_tool.bench.metering.words import joined, joined_signed, split, text, u16

BASE = 40000
"""Address of the marker `SunS`."""

_COMMON, _MEASURED, _CAPACITY, _CONTROLS, _END = 40002, 40070, 40225, 40277, 40344
_ABSENT16, _ABSENT16U = 0x8000, 0xFFFF
_VA_MAX, _W_MAX, _VAR_MAX = 12_000.0, 11_000.0, 10_000.0
_SLOW_S = 5.0
_UPDATE_S = 0.1

# Offset, words and largest raw value of each point of model 704 that can be written. Power factor
# and ramp settings are optional in the model; this inverter has none and says so by sentinels.
_WRITABLE: Mapping[int, tuple[int, int]] = {
    **dict.fromkeys((14, 17, 22, 23, 30, 35, 44), (1, 1)),
    **dict.fromkeys((18, 31, 45), (2, 0xFFFFFFFF)),
    **dict.fromkeys((15, 16, 28, 29, 42, 43), (1, 1000)),
    **dict.fromkeys((24, 26), (2, 11_000)),
    **dict.fromkeys((38, 40), (2, 10_000)),
    36: (1, 4),
    37: (1, 0),  # VarSetPri: active power first, nothing else
}
_SIGNED = frozenset({24, 26, 28, 29, 38, 40, 42, 43})
_POWER_PERCENT, _VARS = 0, 4


class _SetPoints(NamedTuple):
    """Where model 704 keeps one kind of set point: its switch (1 word), its value (2) and its percentage (1)."""

    now: tuple[int, int, int]
    reverted: tuple[int, int, int]
    """Those that count once the reversion time is over."""
    time: int
    time_left: int


_W = _SetPoints((22, 24, 28), (30, 26, 29), time=31, time_left=33)
_VAR = _SetPoints((35, 38, 42), (44, 40, 43), time=45, time_left=47)


class SunSpecInverter:
    """The register map of the inverter, and the hand that moves the plant.

    Args:
        plant: what the set points act on.
        clock: the bench clock.
        faults: the faults of the device.
        serial: serial number in the common model.
    """

    def __init__(self, plant: Plant, clock: Clock, faults: FaultSet, serial: str = "INV-0001") -> None:
        self._plant = plant
        self._clock = clock
        self._faults = faults
        self._controls = _controls_at_delivery()
        self._deadline_s = {_W: math.inf, _VAR: math.inf}
        self._fixed = {
            **placed(BASE, [0x5375, 0x6E53]),
            **placed(_COMMON, _common_model(serial)),
            **placed(_CAPACITY, _capacity_model()),
            **placed(_END, [0xFFFF, 0]),
        }
        self._last_s = clock()
        self._generated_wh, self._absorbed_wh = 5_000.0, 9_000.0
        self._command()

    def read(self, function: int, address: int, count: int) -> list[int]:
        """Give the words of a range of the model chain."""
        if function != READ_HOLDING:
            raise ModbusError(ILLEGAL_ADDRESS)
        self._expire()
        image = {**self._fixed, **placed(_MEASURED, self._measured_model())}
        return select({**image, **placed(_CONTROLS, self._shown_controls())}, address, count)

    def write(self, address: int, words: Sequence[int]) -> None:
        """Take whole points of model 704, all of them or none; then act on them."""
        self._expire()
        points = self._points(address - _CONTROLS, words)
        for offset, content in points.items():
            self._controls[offset : offset + len(content)] = content
        self._arm(points)
        self._command()

    def _points(self, offset: int, words: Sequence[int]) -> dict[int, list[int]]:
        """Give the written points by offset; a part of a point or a fixed point is exception 2."""
        points: dict[int, list[int]] = {}
        place = 0
        while place < len(words):
            size, limit = _WRITABLE.get(offset + place, (0, 0))
            content = list(words[place : place + size])
            if not size or len(content) != size:
                raise ModbusError(ILLEGAL_ADDRESS)
            value = joined_signed(content) if offset + place in _SIGNED else joined(content)
            if abs(value) > limit:
                raise ModbusError(ILLEGAL_VALUE)
            points[offset + place] = content
            place += size
        return points

    def _number(self, offset: int, size: int = 1) -> int:
        words = self._controls[offset : offset + size]
        return joined_signed(words) if offset in _SIGNED else joined(words)

    def _arm(self, points: Mapping[int, object]) -> None:
        """Start the reversion timers whose set point, switch or time was written."""
        now_s = self._clock()
        for kind in self._deadline_s:
            if any(offset in points for offset in (*kind.now, kind.time)):
                time_s = self._number(kind.time, 2)
                self._deadline_s[kind] = now_s + time_s if self._number(kind.now[0]) and time_s else math.inf

    def _expire(self) -> None:
        """Let the reversion timers do what they are for, as seen in the registers."""
        now_s = self._clock()
        for kind in [kind for kind, due_s in self._deadline_s.items() if due_s <= now_s]:
            self._deadline_s[kind] = math.inf
            for target, source, size in zip(kind.now, kind.reverted, (1, 2, 1), strict=True):
                self._controls[target : target + size] = self._controls[source : source + size]

    def _command(self) -> None:
        """Move the plant now, and schedule what the reversion timers will do to it."""
        if self._faults.has("inverter-stuck"):
            return
        if self._faults.has("inverter-slow"):
            self._plant.tau_s = _SLOW_S
        due = sorted({due_s for due_s in self._deadline_s.values() if due_s < math.inf})
        self._plant.schedule([self._target(time_s) for time_s in (self._clock(), *due)])

    def _target(self, time_s: float) -> SetPoint:
        """Give total P and Q of the plant, load signs, that the set points ask for at a time."""
        w, var = (kind.reverted if due_s <= time_s else kind.now for kind, due_s in self._deadline_s.items())
        p_w, q_var = -self._generation_w(*w), -self._injection_var(*var)
        room_var = math.sqrt(max(0.0, _VA_MAX**2 - p_w**2))
        return SetPoint(time_s, p_w, max(-room_var, min(room_var, q_var)))

    def _generation_w(self, switch: int, watts: int, percent: int) -> float:
        if not self._number(switch):
            wanted_w = -STANDBY_W
        elif self._number(23) == _POWER_PERCENT:
            wanted_w = self._number(percent) / 1000.0 * _W_MAX
        else:
            wanted_w = float(self._number(watts, 2))
        limit_w = _W_MAX * self._number(15) / 1000.0 if self._number(14) else _W_MAX
        return max(-_W_MAX, min(limit_w, wanted_w))

    def _injection_var(self, switch: int, var: int, percent: int) -> float:
        if not self._number(switch):
            return 0.0
        mode = self._number(36)
        if mode == _VARS:
            return float(self._number(var, 2))
        base_var = (_W_MAX, _VAR_MAX, _VAR_MAX, _VA_MAX)[mode]
        return self._number(percent) / 1000.0 * base_var

    def _shown_controls(self) -> list[int]:
        if self._faults.has("inverter-hides"):
            return _controls_at_delivery()
        now_s, words = self._clock(), list(self._controls)
        for kind, due_s in self._deadline_s.items():
            left_s = math.ceil(due_s - now_s) if due_s < math.inf else 0
            words[kind.time_left : kind.time_left + 2] = split(left_s, 2)
        return words

    def _measured_model(self) -> list[int]:
        now_s = self._clock()
        index = int(now_s / _UPDATE_S)
        truth = self._plant.mean((index - 1) * _UPDATE_S, index * _UPDATE_S)
        net_wh = truth.total_power().real * (now_s - self._last_s) / 3600.0
        self._last_s = now_s
        if net_wh > 0.0:
            self._absorbed_wh += net_wh
        else:
            self._generated_wh -= net_wh
        return _measured_words(truth, self._generated_wh, self._absorbed_wh)


def _common_model(serial: str) -> list[int]:
    return [
        *(1, 66),
        *text("V2G Bench", 16),
        *text("BIDI-11K", 16),
        *text("", 8),
        *text("2.0.1", 8),
        *text(serial, 16),
        *(1, _ABSENT16),
    ]


def _controls_at_delivery() -> list[int]:
    """Give model 704: nothing enabled, active power in W, reactive power in var."""
    words = [0] * 67
    words[0:14] = [704, 65, *[_ABSENT16U] * 12]
    words[15] = 1000  # WMaxLimPct, 100.0 %
    words[23], words[36] = 1, _VARS
    words[49:53] = [_ABSENT16U, _ABSENT16U, _ABSENT16U, 1]  # no ramps; AntiIslEna
    words[53:59] = [_ABSENT16, u16(-1), 0, u16(-1), 0, u16(-1)]
    words[59:67] = [_ABSENT16U] * 8
    return words


def _capacity_model() -> list[int]:
    """Give model 702: ratings in steps of 10 W, 10 VA, 10 var, 1 V, 0.1 A, and settings equal to them."""
    w_max, va_max, var_max = 1100, 1200, 1000
    words = [_ABSENT16U] * 52
    words[0:2] = [702, 50]
    words[2] = w_max
    words[7:17] = [va_max, var_max, var_max, w_max, w_max, va_max, va_max, 230, 253, 195]
    words[17] = 180
    words[23:25] = split(0b1110, 2)  # CtrlModes: fixed W, fixed var, fixed PF
    words[26] = w_max
    words[31:42] = [va_max, var_max, var_max, w_max, w_max, va_max, va_max, 230, 253, 195, 180]
    words[45:52] = [1, u16(-3), 1, 1, 0, u16(-1), _ABSENT16]
    return words


def _measured_words(truth: Truth, generated_wh: float, absorbed_wh: float) -> list[int]:
    """Give model 701: powers in steps of 10, 0.1 V, 0.01 A, 0.001 Hz, 0.001 of PF, 1 Wh."""
    words = [_ABSENT16U] * 155
    words[0:10] = [701, 153, 2, 1, 2, 1, 0, 0, 0, 0]
    total, apparent_va = truth.total_power(), sum(truth.apparent_va(k) for k in range(3))
    words[10:14] = _powers(total, apparent_va)
    volts = [truth.voltage_v(k) for k in range(3)]
    pairs = [abs(truth.u[k] - truth.u[(k + 1) % 3]) for k in range(3)]
    words[14] = u16(round(100.0 * sum(truth.current_a(k) for k in range(3))))
    words[15:17] = [round(10.0 * sum(pairs) / 3.0), round(10.0 * sum(volts) / 3.0)]
    words[17:19] = split(round(1000.0 * truth.frequency_hz), 2)
    words[19:27] = split(int(generated_wh), 4) + split(int(absorbed_wh), 4)
    words[27:35] = [0] * 8  # reactive energy: an accumulator that is not there reads 0
    words[35:41] = [_ABSENT16] * 6
    for k, offset in enumerate((41, 64, 87)):
        words[offset : offset + 4] = _powers(truth.power(k), truth.apparent_va(k))
        words[offset + 4] = u16(round(100.0 * truth.current_a(k)))
        words[offset + 5 : offset + 7] = [round(10.0 * pairs[k]), round(10.0 * volts[k])]
        words[offset + 7 : offset + 23] = [0] * 16
    words[113:123] = [u16(sf) for sf in (-2, -1, -3, 1, -3, 1, 1, 0)] + [_ABSENT16] * 2
    words[123:155] = [0] * 32
    return words


def _powers(power: complex, apparent_va: float) -> list[int]:
    """Give W, VA, Var and PF with the signs of generation."""
    factor = -power.real / apparent_va
    return [
        u16(round(-power.real / 10.0)),
        u16(round(apparent_va / 10.0)),
        u16(round(-power.imag / 10.0)),
        u16(round(1000.0 * factor)),
    ]
