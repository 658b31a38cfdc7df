"""A meter that is an EMS meter service (docs/ems-meter-service.md, revision 1.0)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from v2g_tool.bench.metering.meter_core import MeterCore, TrimmedMeter
from v2g_tool.bench.metering.meter_model import Correction
from v2g_tool.bench.metering.modbus import (
    DEVICE_FAILURE,
    ILLEGAL_ADDRESS,
    ILLEGAL_VALUE,
    READ_INPUT,
    ModbusError,
    placed,
    select,
)
from v2g_tool.bench.metering.words import float32, split, text, u16

FREE = 1
"""Legal status 1: the corrections may be written."""
SEALED = 3
"""Legal status 3: the corrections may never be written."""

_MAGIC = 0x454D534D
_UNLOCK_KEY = 0x5AA5
_COMMIT_KEY = 0x00C5
_UNLOCK_S = 60.0
_WORKING, _STORED = 0x1000, 0x1010
_UNLOCK, _COMMIT, _LOCK = 0x1020, 0x1021, 0x1022
_RANGES = [(5_000, 20_000)] * 3 + [(-8_000, 8_000)] * 3 + [(-1_000, 1_000)] * 3
_DONE = 2


@dataclass(frozen=True)
class EmsIdentity:
    """What the identity block says."""

    serial: str
    legal: int = FREE
    ct: tuple[int, int] = (0, 0)
    """Current transformer, primary and secondary in A; zeros for a direct-connected meter."""


class EmsService(TrimmedMeter):
    """The register map of one EMS meter service.

    Args:
        core: the measuring part.
        identity: what the identity block says.
    """

    def __init__(self, core: MeterCore, identity: EmsIdentity) -> None:
        super().__init__(core, _RANGES)
        self.identity = identity
        self._unlocked_until_s = -math.inf
        self._commit_state = 0

    def read(self, function: int, address: int, count: int) -> list[int]:
        """Give the words of a range."""
        self.begin()
        image = self._input_image() if function == READ_INPUT else self._holding_image()
        return select(image, address, count)

    def write(self, address: int, words: Sequence[int]) -> None:
        """Carry out a write: corrections as a whole, commands one after the other."""
        self.begin()
        last = address + len(words) - 1
        if address >= _WORKING and last < _WORKING + len(_RANGES):
            self._demand_consent()
            self.take(self.checked(address - _WORKING, words))
        elif address >= _UNLOCK and last <= _LOCK:
            for place, word in enumerate(words, address):
                self._command(place, word)
        else:
            raise ModbusError(ILLEGAL_ADDRESS)

    def restart_with_factory_values(self) -> None:
        """Forget all corrections and the last commit, and lock."""
        super().restart_with_factory_values()
        self._commit_state = 0
        self._lock()

    def correction(self) -> Correction:
        """Give the corrections at work as factors."""
        raw = self._trims
        return Correction(
            (raw[0] / 1e4, raw[1] / 1e4, raw[2] / 1e4),
            (raw[3] / 1e3, raw[4] / 1e3, raw[5] / 1e3),
            (raw[6] / 10.0, raw[7] / 10.0, raw[8] / 10.0),
        )

    def _unlocked(self) -> bool:
        return self.core.clock() < self._unlocked_until_s

    def _lock(self) -> None:
        self._unlocked_until_s = -math.inf

    def _legal(self) -> int:
        return SEALED if self.core.faults.has("sealed") else self.identity.legal

    def _demand_consent(self) -> None:
        if not self._unlocked() or self._legal() == SEALED:
            raise ModbusError(DEVICE_FAILURE)

    def _command(self, address: int, word: int) -> None:
        expected = {_UNLOCK: _UNLOCK_KEY, _COMMIT: _COMMIT_KEY, _LOCK: 1}[address]
        if address == _COMMIT:
            self._demand_consent()
        if word != expected:
            raise ModbusError(ILLEGAL_VALUE)
        if address == _UNLOCK:
            self._unlocked_until_s = self.core.clock() + _UNLOCK_S
        elif address == _COMMIT:
            self._commit()
        else:
            self._lock()

    def _commit(self) -> None:
        if self.core.faults.strike("lost-commit") is None:
            self._stored[:] = self._trims
        self.changes += 1
        self._commit_state = _DONE

    def _holding_image(self) -> dict[int, int]:
        unlocked = int(self._unlocked())
        return {
            **placed(_WORKING, [u16(value) for value in self._trims]),
            **placed(_STORED, [u16(value) for value in self._stored]),
            **placed(_UNLOCK, [unlocked, self._commit_state, 1 - unlocked]),
        }

    def _input_image(self) -> dict[int, int]:
        image = placed(0x0000, self._identity_words())
        image.update(placed(0x0100, self._measured_words()))
        image.update(placed(0x0140, self._energy_words()))
        return image

    def _identity_words(self) -> list[int]:
        identity = self.identity
        serial = "EMS-9999" if self.core.faults.has("meter-wrong-serial") else identity.serial
        return [
            *split(_MAGIC, 2),
            1,
            3,
            *text("V2G Bench", 8),
            *text("EMS-Meter-3P", 8),
            *text(serial, 8),
            *text("1.4.2", 4),
            *split(int(self.core.clock() - self._start_s), 2),
            *split(self.changes, 2),
            round(self.core.update_s * 1000.0),
            self._legal(),
            int(self._unlocked()),
            *identity.ct,
        ]

    def _measured_words(self) -> list[int]:
        reading = self.core.current_reading()
        swapped = self.core.faults.has("word-order")
        p_w, q_var = reading.p_w, reading.q_var
        values = (
            reading.frequency_hz,
            *reading.voltage_v,
            *reading.current_a,
            *(*p_w, sum(p_w)),
            *(*q_var, sum(q_var)),
        )
        pairs = (float32(value) for value in values)
        return [*split(self.core.samples, 2), *_flat(pair[::-1] if swapped else pair for pair in pairs)]

    def _energy_words(self) -> list[int]:
        counters, hundredths = self.core.energies, 100.0
        ordered = (counters.import_wh[0], counters.export_wh[0], *counters.import_wh[1:], *counters.export_wh[1:])
        return _flat(split(int(value * hundredths), 4) for value in ordered)


def _flat(parts: Iterable[list[int]]) -> list[int]:
    return [word for part in parts for word in part]
