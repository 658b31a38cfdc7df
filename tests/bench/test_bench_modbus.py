"""Modbus framing and the register maps, against the documents' own examples."""

from __future__ import annotations

import math
import os
import select
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from v2g_tool.bench.faults import FaultSet, parse_fault
from v2g_tool.bench.metering.ems_service import EmsIdentity, EmsService
from v2g_tool.bench.metering.meter_core import MeterCore
from v2g_tool.bench.metering.meter_model import MeterErrors, MeterModel
from v2g_tool.bench.metering.modbus import ModbusDevice, ModbusError, WriteLog, placed
from v2g_tool.bench.metering.modbus import select as select_words
from v2g_tool.bench.metering.modbus_wires import ModbusRtuServer, ModbusTcpServer, crc16
from v2g_tool.bench.metering.plant import Plant, SetPoint
from v2g_tool.bench.metering.sunspec import SunSpecInverter
from v2g_tool.bench.metering.wattnode import WattNode
from v2g_tool.bench.metering.words import float32, float32_low_first, joined_signed, s16, split, text


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Memory:
    """A register map of plain words from address 0."""

    def __init__(self, words: Sequence[int]) -> None:
        self.image = placed(0, words)

    def read(self, _function: int, address: int, count: int) -> list[int]:
        return select_words(self.image, address, count)

    def write(self, address: int, words: Sequence[int]) -> None:
        self.read(3, address, len(words))
        self.image.update(placed(address, words))


def device_of(registers: object, *faults: str, unit: int = 0x11, log: WriteLog | None = None) -> ModbusDevice:
    chosen = FaultSet("meter_01", [parse_fault(fault) for fault in faults])
    return ModbusDevice("meter_01", (unit,), registers, chosen, log or WriteLog())  # type: ignore[arg-type]


def asked(device: ModbusDevice, request: str, unit: int = 0x11) -> str:
    answer = device.answer(unit, bytes.fromhex(request))
    return answer.pdu.hex(" ").upper() if answer else ""


# --- words --------------------------------------------------------------------------------------


def test_words_of_the_documents() -> None:
    assert float32(230.0) == [0x4366, 0x0000]
    assert float32_low_first(230.0) == [0x0000, 0x4366]
    assert text("SunS", 2) == [0x5375, 0x6E53]
    assert split(0x454D534D, 2) == text("EMSM", 2)
    assert s16(0xFFFF) == -1
    assert joined_signed(split(-5000 & 0xFFFFFFFF, 2)) == -5000


# --- MODBUS Application Protocol V1.1b3: worked examples ------------------------------------------


def test_read_holding_registers_example_of_clause_6_3() -> None:
    device = device_of(Memory([0] * 0x6B + [0x022B, 0x0000, 0x0064]))

    assert asked(device, "03 00 6B 00 03") == "03 06 02 2B 00 00 00 64"


def test_read_input_registers_example_of_clause_6_4() -> None:
    assert asked(device_of(Memory([0] * 8 + [0x000A])), "04 00 08 00 01") == "04 02 00 0A"


def test_write_single_register_example_of_clause_6_6() -> None:
    memory = Memory([0, 0])

    assert asked(device_of(memory), "06 00 01 00 03") == "06 00 01 00 03"
    assert memory.image[1] == 3


def test_write_multiple_registers_example_of_clause_6_12() -> None:
    memory = Memory([0, 0, 0])

    assert asked(device_of(memory), "10 00 01 00 02 04 00 0A 01 02") == "10 00 01 00 02"
    assert memory.image == {0: 0, 1: 0x000A, 2: 0x0102}


@pytest.mark.parametrize(
    ("request_hex", "reply"),
    [
        ("2B 0E 01 00", "AB 01"),
        ("01 00 00 00 01", "81 01"),
        ("03 00 02 00 02", "83 02"),
        ("03 00 00 00 00", "83 03"),
        ("03 00 00 00 7E", "83 03"),
        ("10 00 00 00 01 04 00 0A 01 02", "90 03"),
        ("10 00 00 00 7C F8", "90 03"),
        ("03 00", "83 03"),
        ("10", "90 03"),
    ],
)
def test_refusals(request_hex: str, reply: str) -> None:
    assert asked(device_of(Memory([1, 2, 3])), request_hex) == reply


@pytest.mark.parametrize("frame", ["11 03 00 6B 00 03 76 87", "11 06 00 01 00 03 9A 9B"])
def test_crc_of_the_classic_examples(frame: str) -> None:
    content = bytes.fromhex(frame)

    assert crc16(content[:-2]).to_bytes(2, "little") == content[-2:]


def test_every_write_request_is_logged_before_its_reply(tmp_path: Path) -> None:
    log = WriteLog(tmp_path / "writes.jsonl")
    device = device_of(Memory([0, 0]), log=log)

    asked(device, "06 00 01 00 03")
    asked(device, "06 00 09 00 03")
    asked(device, "03 00 00 00 01")

    assert [(r.function, r.address, r.values, r.outcome) for r in log.requests()] == [
        (6, 1, (3,), "ok"),
        (6, 9, (3,), 2),
    ]
    assert len((tmp_path / "writes.jsonl").read_text().splitlines()) == 2


# --- wires --------------------------------------------------------------------------------------


@pytest.fixture
def tcp() -> Iterator[Callable[..., socket.socket]]:
    opened: list[socket.socket] = []
    servers: list[ModbusTcpServer] = []

    def connect(device: ModbusDevice) -> socket.socket:
        server = ModbusTcpServer(device)
        server.start()
        servers.append(server)
        client = socket.create_connection(("127.0.0.1", server.port), timeout=HANG_S)
        opened.append(client)
        return client

    yield connect
    for client in opened:
        client.close()
    for server in servers:
        server.stop()


@pytest.fixture
def rtu() -> Iterator[Callable[..., int]]:
    opened: list[int] = []
    servers: list[ModbusRtuServer] = []

    def connect(device: ModbusDevice) -> int:
        server = ModbusRtuServer(device)
        server.start()
        servers.append(server)
        opened.append(os.open(server.path, os.O_RDWR | os.O_NOCTTY))
        return opened[-1]

    yield connect
    for descriptor in opened:
        os.close(descriptor)
    for server in servers:
        server.stop()


def over_rtu(line: int, frame: str, *, quiet_s: float = 0.15) -> bytes:
    os.write(line, bytes.fromhex(frame))
    received = b""
    while select.select([line], [], [], quiet_s)[0]:
        received += os.read(line, 256)
    return received


READ_TCP = bytes.fromhex("1234 0000 0006 11 03 0000 0002")


def test_tcp_frame(tcp: Callable[..., socket.socket]) -> None:
    client = tcp(device_of(Memory([0xAABB, 0xCCDD])))

    client.sendall(READ_TCP)

    assert client.recv(64) == bytes.fromhex("1234 0000 0007 11 03 04 AABB CCDD")


def test_tcp_answers_for_a_missing_unit_like_a_gateway(tcp: Callable[..., socket.socket]) -> None:
    client = tcp(device_of(Memory([0, 0])))

    client.sendall(bytes.fromhex("0001 0000 0006 12 03 0000 0002"))

    assert client.recv(64) == bytes.fromhex("0001 0000 0003 12 83 0B")


@pytest.mark.parametrize(
    ("fault", "reply"),
    [
        ("wrong-unit", "1234 0000 0007 12 03 04 AABB CCDD"),
        ("short-reply", "1234 0000 0005 11 03 02 AABB"),
        ("wrong-function", "1234 0000 0007 11 04 04 AABB CCDD"),
        ("busy", "1234 0000 0003 11 83 06"),
        ("crc-error", "1234 5A5A 0007 11 03 04 AABB CCDD"),
        ("torn-frame", "1234 0000 0007"),
        ("late-reply:delay=0.01", "1234 0000 0007 11 03 04 AABB CCDD"),
        ("reset", ""),
    ],
)
def test_tcp_faults_strike_once_and_are_gone(tcp: Callable[..., socket.socket], fault: str, reply: str) -> None:
    client = tcp(device_of(Memory([0xAABB, 0xCCDD]), f"{fault}:after=1"))
    client.sendall(READ_TCP)
    healthy = client.recv(64)

    client.sendall(READ_TCP)

    if fault == "reset":
        with pytest.raises(ConnectionResetError):
            client.recv(64)
        return
    assert client.recv(64) == bytes.fromhex(reply)
    client.sendall(READ_TCP)
    assert client.recv(64) == healthy


def test_rtu_frame_and_silence_for_other_units(rtu: Callable[..., int]) -> None:
    line = rtu(device_of(Memory([0] * 0x6B + [0x022B, 0x0000, 0x0064])))

    assert over_rtu(line, "11 03 00 6B 00 03 76 87").startswith(bytes.fromhex("11 03 06 02 2B 00 00 00 64"))
    assert over_rtu(line, "12 03 00 6B 00 03 76 B4") == b""


def test_rtu_recovers_from_noise_and_from_a_frame_in_pieces(rtu: Callable[..., int]) -> None:
    line = rtu(device_of(Memory([0, 7])))

    assert over_rtu(line, "FF 00 13") == b""
    os.write(line, bytes.fromhex("11 06 00"))
    assert over_rtu(line, "01 00 03 9A 9B") == bytes.fromhex("11 06 00 01 00 03 9A 9B")
    assert over_rtu(line, "11 2B 0E 01 00" + crc16(bytes.fromhex("112B0E0100")).to_bytes(2, "little").hex())[
        :3
    ] == bytes.fromhex("11 AB 01")


def test_rtu_crc_fault(rtu: Callable[..., int]) -> None:
    line = rtu(device_of(Memory([0, 7]), "crc-error:after=0"))

    reply = over_rtu(line, "11 06 00 01 00 03 9A 9B")

    assert reply[:-2] == bytes.fromhex("11 06 00 01 00 03")
    assert crc16(reply[:-2]).to_bytes(2, "little") != reply[-2:]


# --- the EMS meter service ------------------------------------------------------------------------


def plant_at(p_w: float, q_var: float) -> Plant:
    plant = Plant(1)
    plant.command(SetPoint(0.0, p_w, q_var))
    return plant


def core_of(clock: Time, *faults: str, errors: MeterErrors | None = None) -> MeterCore:
    chosen = FaultSet("meter_01", [parse_fault(fault) for fault in faults])
    return MeterCore(plant_at(9000.0, 3000.0), MeterModel(errors or MeterErrors()), clock, 0.1, chosen)


def ems(clock: Time, *faults: str) -> EmsService:
    return EmsService(core_of(clock, *faults), EmsIdentity("EMS-0001"))


def singles(words: Sequence[int]) -> list[float]:
    return list(struct.unpack(f">{len(words) // 2}f", struct.pack(f">{len(words)}H", *words)))


def refusal(work: Callable[[], object]) -> int:
    with pytest.raises(ModbusError) as caught:
        work()
    return caught.value.code


def unlocked(clock: Time, *faults: str) -> EmsService:
    meter = ems(clock, *faults)
    meter.write(0x1020, [0x5AA5])
    return meter


def test_ems_identity_is_at_its_addresses() -> None:
    clock = Time()
    meter = ems(clock)
    clock.now_s += 5.5

    words = meter.read(4, 0x0000, 0x29)

    assert words[:4] == [0x454D, 0x534D, 1, 3]
    assert words[0x14:0x18] == [0x454D, 0x532D, 0x3030, 0x3031]  # "EMS-0001"
    assert words[0x20:0x29] == [0, 5, 0, 0, 100, 1, 0, 0, 0]


def test_ems_block_is_one_instant_and_counts_samples() -> None:
    clock = Time()
    meter = ems(clock)

    first = meter.read(4, 0x0100, 32)
    again = meter.read(4, 0x0100, 32)
    clock.now_s += 0.12
    later = meter.read(4, 0x0100, 32)

    assert again == first
    assert later[1] == first[1] + 1
    assert later[2:] != first[2:]
    values = singles(first[2:])
    assert values[0] == pytest.approx(50.0, abs=0.1)
    assert sum(values[7:10]) == pytest.approx(values[10], rel=1e-6)
    assert sum(values[11:14]) == pytest.approx(values[14], rel=1e-6)
    assert values[10] == pytest.approx(9000.0, rel=0.03)
    assert values[14] == pytest.approx(3000.0, rel=0.05)


@pytest.mark.parametrize(
    ("function", "address", "count"),
    [(4, 0x29, 1), (4, 0x28, 2), (4, 0x120, 1), (4, 0x160, 1), (4, 0x1000, 1), (3, 0x0000, 1), (3, 0x1008, 2)],
)
def test_ems_unlisted_registers_are_exception_2(function: int, address: int, count: int) -> None:
    meter = ems(Time())

    assert refusal(lambda: meter.read(function, address, count)) == 2


def test_ems_energies_integrate_what_the_meter_reads() -> None:
    clock = Time()
    meter = ems(clock)
    before = meter.read(4, 0x0140, 32)
    clock.now_s += 36.0
    after = meter.read(4, 0x0140, 32)

    def hundredths(words: list[int], place: int) -> int:
        return int.from_bytes(struct.pack(">4H", *words[place : place + 4]), "big")

    gained_wh = [(hundredths(after, p) - hundredths(before, p)) / 100.0 for p in range(0, 32, 4)]
    power_w = singles(meter.read(4, 0x0116, 2))[0]
    assert gained_wh[0] == pytest.approx(power_w * 0.01, rel=0.01)
    assert gained_wh[1] == 0.0
    assert sum(gained_wh[2:5]) == pytest.approx(gained_wh[0], abs=0.05)


def test_ems_locked_meter_refuses_and_unlocks_for_60_s() -> None:
    clock = Time()
    meter = ems(clock)

    assert refusal(lambda: meter.write(0x1000, [9900])) == 4
    assert refusal(lambda: meter.write(0x1020, [0x1234])) == 3
    meter.write(0x1020, [0x5AA5])
    assert meter.read(3, 0x1020, 3) == [1, 0, 0]
    meter.write(0x1000, [9900])
    clock.now_s += 60.1
    assert meter.read(3, 0x1020, 3) == [0, 0, 1]
    assert refusal(lambda: meter.write(0x1000, [9901])) == 4
    assert refusal(lambda: meter.write(0x1021, [0x00C5])) == 4


def test_ems_correction_acts_on_the_next_sample_and_is_stored_by_commit() -> None:
    clock = Time()
    meter = unlocked(clock)
    before = meter.read(4, 0x0110, 2)
    meter.write(0x1000, [9000])

    assert meter.read(4, 0x0110, 2) == before
    clock.now_s += 0.12
    assert singles(meter.read(4, 0x0110, 2))[0] / singles(before)[0] == pytest.approx(0.9, abs=0.005)
    assert meter.stored[0] == 10000
    meter.write(0x1021, [0x00C5])
    assert meter.read(3, 0x1010, 1) == [9000]
    assert meter.read(3, 0x1021, 1) == [2]
    assert meter.read(4, 0x0022, 2) == [0, 1]
    meter.write(0x1022, [1])
    assert refusal(lambda: meter.write(0x1000, [9001])) == 4


@pytest.mark.parametrize(
    ("address", "words", "code"),
    [
        (0x1000, [4999], 3),
        (0x1003, [8001], 3),
        (0x1006, [0x10000 - 1001], 3),
        (0x1000, [10000, 20001], 3),
        (0x1010, [10000], 2),
        (0x1008, [0, 0], 2),
        (0x1023, [1], 2),
        (0x0000, [1], 2),
        (0x1022, [2], 3),
        (0x1021, [1], 3),
    ],
)
def test_ems_refuses_and_changes_nothing(address: int, words: list[int], code: int) -> None:
    meter = unlocked(Time())

    assert refusal(lambda: meter.write(address, words)) == code
    assert meter.working == [10000] * 3 + [0] * 6


def test_ems_negative_phase_is_written_in_twos_complement() -> None:
    meter = unlocked(Time())
    meter.write(0x1003, [0xFF38])

    assert meter.working[3] == -200
    assert meter.read(3, 0x1003, 1) == [0xFF38]


# --- the WattNode -----------------------------------------------------------------------------


def wattnode(clock: Time, *faults: str) -> WattNode:
    return WattNode(core_of(clock, *faults), 20451, 100)


def test_wattnode_register_numbers_are_one_based_and_low_word_first() -> None:
    node = wattnode(Time())

    assert node.read(3, 1700, 2) == [20451, 0]
    low, high = node.read(3, 1008, 2)
    assert singles([high, low])[0] == pytest.approx(9000.0, rel=0.03)
    low, high = node.read(4, 1032, 2)
    assert singles([high, low])[0] == pytest.approx(50.0, abs=0.1)
    assert node.read(3, 1602, 5) == [100, 100, 100, 100, 0]
    assert node.read(3, 1611, 6) == [10000, 10000, 10000, 0, 0, 0]
    assert refusal(lambda: node.read(3, 1034, 1)) == 2


def test_wattnode_apparent_power_and_factor_agree_with_p_and_q() -> None:
    words = wattnode(Time()).read(3, 1138, 24)
    values = [singles(words[n : n + 2][::-1])[0] for n in range(0, 24, 2)]
    factors, reactive, apparent = values[1:4], values[5:8], values[9:12]

    for factor, q_var, s_va in zip(factors, reactive, apparent, strict=True):
        assert math.hypot(factor * s_va, q_var) == pytest.approx(s_va, rel=1e-5)


def test_wattnode_trims_act_at_once_count_as_change_and_refuse_what_is_outside() -> None:
    clock = Time()
    node = wattnode(clock)
    node.write(1614, [351])

    assert node.working[3] == node.stored[3] == 351
    assert node.read(3, 1627, 1) == [1]
    assert refusal(lambda: node.write(1611, [4000])) == 3
    assert refusal(lambda: node.write(1616, [0, 0])) == 2
    assert refusal(lambda: node.write(1000, [0, 0])) == 2


def test_wattnode_phase_adjust_adds_lead() -> None:
    clock = Time()
    node = wattnode(clock)

    def q_l1() -> float:
        return singles(node.read(3, 1148, 2)[::-1])[0]

    before = q_l1()
    node.write(1614, [1000])
    clock.now_s += 0.12
    assert q_l1() < before - 30.0


def test_wattnode_passcode_written_twice_becomes_the_passcode() -> None:
    clock = Time()
    node = wattnode(clock)
    node.write(1600, [1234, 0])
    node.write(1600, [1234, 0])
    clock.now_s += 301.0

    assert node.read(3, 1600, 2) == [1, 0]
    assert refusal(lambda: node.write(1611, [9999])) == 4
    assert refusal(lambda: node.write(1600, [77, 0])) == 3
    node.write(1600, [1234, 0])
    node.write(1611, [9999])


# --- the SunSpec inverter -----------------------------------------------------------------------


def inverter(clock: Time, *faults: str) -> tuple[SunSpecInverter, Plant]:
    plant = Plant(1)
    chosen = FaultSet("inverter_01", [parse_fault(fault) for fault in faults])
    return SunSpecInverter(plant, clock, chosen), plant


def test_sunspec_chain_of_models() -> None:
    device, _ = inverter(Time())
    assert device.read(3, 40000, 2) == [0x5375, 0x6E53]

    chain, address = [], 40002
    while (head := device.read(3, address, 2))[0] != 0xFFFF:
        chain.append(tuple(head))
        address += 2 + head[1]

    assert chain == [(1, 66), (701, 153), (702, 50), (704, 65)]
    assert head == [0xFFFF, 0]
    assert refusal(lambda: device.read(3, address + 2, 1)) == 2
    assert refusal(lambda: device.read(4, 40000, 2)) == 2


def powers(device: SunSpecInverter) -> tuple[float, float]:
    words = device.read(3, 40070, 125)
    assert s16(words[116]) == s16(words[119]) == 1
    return 10.0 * s16(words[10]), 10.0 * s16(words[12])


def test_sunspec_charging_is_a_negative_set_point_and_a_negative_reading() -> None:
    clock = Time()
    device, plant = inverter(clock)
    device.write(40277 + 38, split(-4000 & 0xFFFFFFFF, 2))
    device.write(40277 + 35, [1])
    device.write(40277 + 24, split(-8000 & 0xFFFFFFFF, 2))
    device.write(40277 + 22, [1])
    clock.now_s += 3.0

    truth = plant.truth(clock.now_s).total_power()
    assert truth.real == pytest.approx(8000.0, rel=0.03)
    assert truth.imag == pytest.approx(4000.0, rel=0.03)
    assert powers(device) == (pytest.approx(-8000.0, rel=0.03), pytest.approx(-4000.0, rel=0.03))


def test_sunspec_reversion_timer_works_without_anybody_looking() -> None:
    clock = Time()
    device, plant = inverter(clock)
    device.write(40277 + 31, [0, 20])
    device.write(40277 + 24, [0, 5000])
    device.write(40277 + 22, [1])
    clock.now_s += 10.0
    assert device.read(3, 40277 + 33, 2) == [0, 10]
    device.write(40277 + 24, [0, 6000])
    clock.now_s += 19.0

    assert plant.truth(clock.now_s).total_power().real < -5000.0
    assert 0.0 < plant.truth(clock.now_s + 4.0).total_power().real < 500.0
    clock.now_s += 2.0
    assert device.read(3, 40277 + 22, 1) == [0]


def test_sunspec_percent_mode_and_limits() -> None:
    clock = Time()
    device, plant = inverter(clock)
    device.write(40277 + 23, [0])
    device.write(40277 + 28, [500])
    device.write(40277 + 22, [1])
    clock.now_s += 3.0

    assert plant.truth(clock.now_s).total_power().real == pytest.approx(-5500.0, rel=0.03)
    assert refusal(lambda: device.write(40277 + 24, [0, 11001])) == 3
    assert refusal(lambda: device.write(40277 + 25, [1])) == 2
    assert refusal(lambda: device.write(40277 + 53, [1])) == 2
    assert refusal(lambda: device.write(40002, [1])) == 2


def test_sunspec_inverter_idles_at_a_small_charge() -> None:
    clock = Time()
    _, plant = inverter(clock)

    assert 100.0 < plant.truth(clock.now_s).total_power().real < 500.0


def test_a_stuck_inverter_takes_the_set_point_and_stays() -> None:
    clock = Time()
    device, plant = inverter(clock, "inverter-stuck")
    device.write(40277 + 24, [0, 5000])
    device.write(40277 + 22, [1])
    clock.now_s += 3.0

    assert device.read(3, 40277 + 22, 4) == [1, 1, 0, 5000]
    assert plant.truth(clock.now_s).total_power().real > 0.0


def test_an_inverter_that_hides_obeys_the_set_point_and_reads_as_at_delivery() -> None:
    clock = Time()
    device, plant = inverter(clock, "inverter-hides")
    before = device.read(3, 40277, 67)
    device.write(40277 + 31, [0, 20])
    device.write(40277 + 24, [0, 5000])
    device.write(40277 + 22, [1])
    clock.now_s += 3.0

    assert device.read(3, 40277, 67) == before
    assert plant.truth(clock.now_s).total_power().real == pytest.approx(-5000.0, rel=0.03)
