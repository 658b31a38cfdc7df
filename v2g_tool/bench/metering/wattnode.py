"""A WattNode WND: its floating point, configuration and diagnostic registers.

Register numbers are one-based as in the maker's list (WND Module Modbus Register List); on the
wire an address is one less. Floats and 32-bit integers have their low word first. The same
registers answer to functions 03 and 04.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from v2g_tool.bench.metering.meter_core import MeterCore, TrimmedMeter
from v2g_tool.bench.metering.meter_model import Correction, MeterReading
from v2g_tool.bench.metering.modbus import DEVICE_FAILURE, ILLEGAL_ADDRESS, ILLEGAL_VALUE, ModbusError, placed, select
from v2g_tool.bench.metering.words import float32, float32_low_first, joined_signed, split, u16

_PASSCODE, _CT_AMPS, _GAIN, _CREEP = 1601, 1603, 1612, 1618
_CHANGES, _SERIAL, _UPTIME, _TOTAL_TIME = 1628, 1701, 1703, 1705
_SIGNED_CURRENT = 1685
_MODEL_NUMBER, _FIRMWARE, _CREEP_AT_DELIVERY = 210, 1028, 1500
_RANGES = [(5_000, 20_000)] * 3 + [(-8_000, 8_000)] * 3
_SAME_CODE_S = 30.0  # a passcode written twice within this time becomes the new passcode
_RELOCK_S = 300.0


class WattNode(TrimmedMeter):
    """The register map of one WattNode; what is written to it is stored at once.

    Args:
        core: the measuring part.
        serial: serial number, a positive 32-bit integer.
        ct_primary_a: primary current of the transformers that are really installed.
    """

    def __init__(self, core: MeterCore, serial: int, ct_primary_a: int) -> None:
        super().__init__(core, _RANGES)
        self._stored = self._trims
        self.serial = serial
        self._ct_primary_a = ct_primary_a
        self._ct_amps = [ct_primary_a] * 3
        self._creep = _CREEP_AT_DELIVERY
        self._passcode = 0
        self._last_code = (0, -math.inf)
        self._unlocked_until_s = math.inf

    def read(self, _function: int, address: int, count: int) -> list[int]:
        """Give the words of a range; the function makes no difference."""
        self.begin()
        image = {**self._measured(), **self._configuration(), **self._diagnostics()}
        return select(image, address + 1, count)

    def write(self, address: int, words: Sequence[int]) -> None:
        """Carry out a write of the passcode, current transformers, trims or creep limit."""
        self.begin()
        first, last = address + 1, address + len(words)
        if (first, last) == (_PASSCODE, _PASSCODE + 1):
            self._enter_passcode(joined_signed(list(words)[::-1]))
            return
        if not self._is_unlocked():
            raise ModbusError(DEVICE_FAILURE)
        if first >= _GAIN and last < _GAIN + len(_RANGES):
            values = self.checked(first - _GAIN, words)
            self.changes += 1
            self.take(values)
        elif first >= _CT_AMPS and last <= _CT_AMPS + 3:
            self._write_ct_amps(first - _CT_AMPS, words)
        elif (first, last) == (_CREEP, _CREEP):
            self._creep = words[0]
            self.changes += 1
        else:
            raise ModbusError(ILLEGAL_ADDRESS)

    def correction(self) -> Correction:
        """Give the corrections at work as factors."""
        raw, ratio = self._trims, [amps / self._ct_primary_a for amps in self._ct_amps]
        return Correction(
            (raw[0] / 1e4 * ratio[0], raw[1] / 1e4 * ratio[1], raw[2] / 1e4 * ratio[2]),
            (raw[3] / 1e3, raw[4] / 1e3, raw[5] / 1e3),
        )

    def _is_unlocked(self) -> bool:
        return self._passcode == 0 or self.core.clock() < self._unlocked_until_s

    def _enter_passcode(self, code: int) -> None:
        now_s = self.core.clock()
        again = code == self._last_code[0] and now_s - self._last_code[1] < _SAME_CODE_S
        self._last_code = (code, now_s)
        if not self._is_unlocked() and code != self._passcode:
            raise ModbusError(ILLEGAL_VALUE)
        self._unlocked_until_s = now_s + _RELOCK_S
        if again and code == 1:
            self._unlocked_until_s = -math.inf
        elif again:
            self._passcode = code

    def _write_ct_amps(self, first: int, words: Sequence[int]) -> None:
        if any(not 1 <= word <= 6000 for word in words):
            raise ModbusError(ILLEGAL_VALUE)
        for place, word in enumerate(words, first):
            if place == 0:
                self._ct_amps = [word] * 3  # the first register stands for all three
            else:
                self._ct_amps[place - 1] = word
        self.changes += 1

    def _measured(self) -> dict[int, int]:
        reading, counters = self.core.current_reading(), self.core.energies
        image = self._floats(1001, _energy_sums(counters.import_wh, counters.export_wh))
        image.update(self._floats(1009, [sum(reading.p_w), *reading.p_w]))
        image.update(self._floats(1017, _voltages(reading)))
        image.update(self._floats(1101, _energy_phases(counters.import_wh, counters.export_wh)))
        image.update(self._floats(1139, _factors_and_powers(reading)))
        ratio = [amps / self._ct_primary_a for amps in self._ct_amps]
        image.update(self._floats(1163, [a * k for a, k in zip(reading.current_a, ratio, strict=True)]))
        return image

    def _floats(self, number: int, values: Sequence[float]) -> dict[int, int]:
        encode = float32 if self.core.faults.has("word-order") else float32_low_first
        return placed(number, [word for value in values for word in encode(value)])

    def _configuration(self) -> dict[int, int]:
        common = self._ct_amps[0] if len(set(self._ct_amps)) == 1 else 0
        return {
            **placed(_PASSCODE, split(0 if self._is_unlocked() else 1, 2)[::-1]),
            **placed(_CT_AMPS, [common, *self._ct_amps, 0]),
            **placed(_GAIN, [u16(value) for value in self._trims]),
            _CREEP: self._creep,
            _CHANGES: self.changes & 0xFFFF,
            _SIGNED_CURRENT: 0,
        }

    def _diagnostics(self) -> dict[int, int]:
        serial = 99_999 if self.core.faults.has("meter-wrong-serial") else self.serial
        uptime_s = int(self.core.clock() - self._start_s)
        return {
            **placed(_SERIAL, split(serial, 2)[::-1]),
            **placed(_UPTIME, split(uptime_s, 2)[::-1]),
            **placed(_TOTAL_TIME, split(3_600_000 + uptime_s, 2)[::-1]),
            1707: _MODEL_NUMBER,
            1708: _FIRMWARE,
            1709: 0,
            1737: 0,
        }


def _energy_sums(imported: Sequence[float], exported: Sequence[float]) -> list[float]:
    """Give 1001 to 1008 in kWh: net and positive, then the same two that cannot be reset."""
    net, positive = (imported[0] - exported[0]) / 1e3, imported[0] / 1e3
    return [net, positive, net, positive]


def _energy_phases(imported: Sequence[float], exported: Sequence[float]) -> list[float]:
    """Give 1101 to 1122 in kWh: net and positive per phase, negative sums, negative per phase."""
    net = [(plus - minus) / 1e3 for plus, minus in zip(imported[1:], exported[1:], strict=True)]
    negative = [value / 1e3 for value in exported]
    return [*net, *(value / 1e3 for value in imported[1:]), negative[0], *negative]


def _voltages(reading: MeterReading) -> list[float]:
    """Give 1017 to 1034: mean and phases, mean and pairs of conductors in V, frequency in Hz."""
    volts = reading.voltage_v
    # The meter knows no angles between its inputs: it assumes 120° between the conductors.
    pairs = [math.sqrt(a * a + b * b + a * b) for a, b in zip(volts, (*volts[1:], volts[0]), strict=True)]
    return [sum(volts) / 3.0, *volts, sum(pairs) / 3.0, *pairs, reading.frequency_hz]


def _factors_and_powers(reading: MeterReading) -> list[float]:
    """Give 1139 to 1162: power factors, reactive powers in var, apparent powers in VA; mean or sum first."""
    apparent = [math.hypot(p_w, q_var) for p_w, q_var in zip(reading.p_w, reading.q_var, strict=True)]
    factors = [p_w / s_va if s_va else 1.0 for p_w, s_va in zip(reading.p_w, apparent, strict=True)]
    reactive = reading.q_var
    return [sum(factors) / 3.0, *factors, sum(reactive), *reactive, sum(apparent), *apparent]
