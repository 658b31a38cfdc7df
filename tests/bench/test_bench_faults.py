"""The catalogue of faults, and what those that are not about the wire do to a meter."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from v2g_tool.bench.faults import CATALOGUE, FaultSet, parse_fault
from v2g_tool.bench.metering.ems_service import EmsIdentity, EmsService
from v2g_tool.bench.metering.meter_core import MeterCore
from v2g_tool.bench.metering.meter_model import WIRING_FAULTS, MeterModel
from v2g_tool.bench.metering.modbus import ModbusError, RestartError, UnansweredError
from v2g_tool.bench.metering.plant import Plant, SetPoint
from v2g_tool.bench.metering.wattnode import WattNode
from v2g_tool.errors import RequestError


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 100.01

    def __call__(self) -> float:
        return self.now_s


class Rig:
    """A meter with faults, whose requests are counted as its device would."""

    def __init__(self, *faults: str, name: str = "meter_01") -> None:
        self.clock = Time()
        plant = Plant(1)
        plant.command(SetPoint(0.0, 9000.0, 3000.0))
        self.faults = FaultSet(name, [parse_fault(fault) for fault in faults])
        core = MeterCore(plant, MeterModel(), self.clock, 0.1, self.faults)
        self.meter = EmsService(core, EmsIdentity("EMS-0001")) if name != "meter_02" else WattNode(core, 20451, 100)
        if isinstance(self.meter, EmsService):
            self.write(0x1020, 0x5AA5)

    def read(self, function: int, address: int, count: int) -> list[int]:
        self.faults.begin()
        return self.meter.read(function, address, count)

    def write(self, address: int, *words: int) -> None:
        self.faults.begin()
        self.meter.write(address, words)

    def p_w(self) -> float:
        self.clock.now_s += 0.1
        return singles(self.read(4, 0x0116, 2))[0]


def singles(words: Sequence[int]) -> list[float]:
    return list(struct.unpack(f">{len(words) // 2}f", struct.pack(f">{len(words)}H", *words)))


def test_every_fault_parses_and_every_wiring_fault_is_known() -> None:
    for name, kind in CATALOGUE.items():
        assert parse_fault(name).target == kind.targets[0]
        assert kind.line
    listed = {name for name, kind in CATALOGUE.items() if kind.group == "wiring"}
    assert listed == set(WIRING_FAULTS) | {"word-order", "stale"}


def test_options_of_a_fault() -> None:
    fault = parse_fault("busy:target=meter_02:after=3:every=2:count=5:delay=0.5")

    assert (fault.target, fault.after, fault.every, fault.count, fault.delay_s) == ("meter_02", 3, 2, 5, 0.5)


@pytest.mark.parametrize(
    ("spelling", "hint"),
    [
        ("silense", "silence"),
        ("busy:aftr=3", "after"),
        ("busy:target=meter_20", "meter_02"),
        ("sealed:target=meter_02", "meter_01"),
    ],
)
def test_misspelt_faults_get_a_hint(spelling: str, hint: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_fault(spelling)

    assert hint in caught.value.why


@pytest.mark.parametrize("spelling", ["busy:after=x", "busy:count=-1", "busy:delay=nan", "busy:after="])
def test_numbers_that_are_none_are_refused(spelling: str) -> None:
    with pytest.raises(RequestError):
        parse_fault(spelling)


def test_intermittent_faults_strike_where_they_are_told() -> None:
    faults = FaultSet("meter_01", [parse_fault("busy:after=2:every=3:count=2")])

    struck = []
    for request in range(1, 13):
        faults.begin()
        if faults.strike("busy"):
            struck.append(request)

    assert struck == [3, 6]


def test_faults_of_another_device_do_not_strike() -> None:
    faults = FaultSet("meter_03", [parse_fault("silence:after=0")])
    faults.begin()

    assert faults.strike("silence") is None


def test_volatile_write_falls_back() -> None:
    rig = Rig("volatile-write")
    rig.write(0x1000, 9900)

    assert rig.read(3, 0x1000, 1) == [9900]
    rig.clock.now_s += 0.6
    assert rig.read(3, 0x1000, 1) == [10000]


def test_ignored_write() -> None:
    rig = Rig("write-ignored")
    rig.write(0x1000, 9900)

    assert rig.read(3, 0x1000, 1) == [10000]


def test_unanswered_write_is_carried_out() -> None:
    rig = Rig("write-unanswered")
    with pytest.raises(UnansweredError):
        rig.write(0x1000, 9900)

    assert rig.read(3, 0x1000, 1) == [9900]


def test_restart_with_factory_values() -> None:
    rig = Rig("restart-factory")
    rig.write(0x1000, 9900)
    rig.write(0x1021, 0x00C5)
    rig.clock.now_s += 5.0
    rig.read(3, 0x1000, 1)
    with pytest.raises(RestartError):
        rig.read(3, 0x1000, 1)

    assert rig.read(3, 0x1000, 1) == rig.read(3, 0x1010, 1) == [10000]
    assert rig.read(3, 0x1020, 1) == [0]
    assert rig.read(4, 0x0020, 2) == [0, 0]


def test_lost_commit() -> None:
    rig = Rig("lost-commit")
    rig.write(0x1000, 9900)
    rig.write(0x1021, 0x00C5)

    assert rig.read(3, 0x1021, 1) == [2]
    assert rig.read(3, 0x1010, 1) == [10000]


def test_sealed_meter_says_so_and_refuses() -> None:
    rig = Rig("sealed")

    assert rig.read(4, 0x0025, 1) == [3]
    with pytest.raises(ModbusError, match="exception 4"):
        rig.write(0x1000, 9900)


@pytest.mark.parametrize(("name", "address"), [("meter_01", 0x1001), ("meter_02", 1612)])
def test_stuck_gain_of_l2(name: str, address: int) -> None:
    rig = Rig(f"stuck-gain-l2:target={name}", name=name)

    rig.write(address - 1, 9900)
    with pytest.raises(ModbusError, match="exception 4"):
        rig.write(address, 9900)


def test_another_serial_number() -> None:
    assert Rig("meter-wrong-serial").read(4, 0x17, 1) == [0x3939]
    assert Rig("meter-wrong-serial:target=meter_02", name="meter_02").read(3, 1700, 1) != [20451]


def test_stale_values_never_change() -> None:
    rig = Rig("stale")
    first = rig.read(4, 0x0100, 32)
    rig.clock.now_s += 1.0

    assert rig.read(4, 0x0100, 32) == first


def test_word_order() -> None:
    rig = Rig("word-order")

    assert singles(rig.read(4, 0x0104, 2)[::-1])[0] == pytest.approx(230.0, abs=3.0)
    low_first = Rig("word-order:target=meter_02", name="meter_02").read(3, 1018, 2)
    assert singles(low_first)[0] == pytest.approx(230.0, abs=3.0)


def test_a_wiring_fault_can_come_later() -> None:
    rig = Rig("import-export:after=4")

    signs = [rig.p_w() > 0 for _ in range(6)]

    assert signs == [True, True, True, False, False, False]
