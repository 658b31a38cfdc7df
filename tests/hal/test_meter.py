"""The meter driver with the EMS profile, against registers as docs/ems-meter-service.md lists them."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count

import pytest

from v2g_tool.data.library import load_profile
from v2g_tool.errors import Implausible, NotPermitted, Refused, Unreachable
from v2g_tool.hal.contracts.meter import MeterFacts
from v2g_tool.hal.modbus.meter import ModbusMeter, writable_addresses
from v2g_tool.model.profiles.meter import MeterProfile
from v2g_tool.model.quantities import Channel, Identity

from .conftest import Dial
from .peers import Registers, Script, ascii_at, words_at

EMS, _ = load_profile("ems-meter-service", MeterProfile)
SDM630, _ = load_profile("eastron-sdm630", MeterProfile)
WATTNODE, _ = load_profile("wattnode-wnd", MeterProfile)

IDENTITY = (
    words_at(0x0000, "454d 534d 0001 0003")
    | ascii_at(0x0004, "Example Works", 8)
    | ascii_at(0x000C, "EMS-3P", 8)
    | ascii_at(0x0014, "EM-2041-007", 8)
    | ascii_at(0x001C, "1.4.2", 4)
    # uptime 86 400 s, 5 commits, 1000 ms, legal free, locked, direct-connected
    | words_at(0x0020, "0001 5180 0000 0005 03e8 0001 0000 0000 0000")
)
MEASURED = words_at(
    0x0100,
    "0000 0d05 "  # sample 3333
    "4248 0000 "  # 50.0 Hz
    "4366 0000 4367 0000 4365 0000 "  # 230, 231, 229 V
    "4141 0000 4142 0000 4143 0000 "  # 12.0625, 12.125, 12.1875 A
    "c52d 8000 c52e 8000 c52f 8000 c602 7000 "  # -2776, -2792, -2808, -8348 W
    "4248 0000 c248 0000 0000 0000 0000 0000",  # 50, -50, 0, 0 var
)
ENERGIES = words_at(
    0x0140,
    "0000 0000 0001 e240 0000 0000 0000 04d2 "  # 123456, 1234 hundredths of a Wh
    + "0000 0000 0000 0000 " * 6,
)
CORRECTIONS = "2710 2711 270f 0000 ff06 00fa 0000 fff6 0064"
HOLDING = words_at(0x1000, CORRECTIONS) | words_at(0x1010, CORRECTIONS) | words_at(0x1020, "0000 0000 0001")

FACTORY = {
    "gain_l1": 10000,
    "gain_l2": 10001,
    "gain_l3": 9999,
    "phase_l1": 0,
    "phase_l2": -250,
    "phase_l3": 250,
    "offset_l1": 0,
    "offset_l2": -10,
    "offset_l3": 100,
}

UNLOCK = "06 10 20 5a a5"
COMMIT = "06 10 21 00 c5"
LOCK = "06 10 22 00 01"


class EmsService(Registers):
    """The service's registers, its lock and its commit; corrections are exception 4 while it is locked."""

    def __init__(self, changes: dict[int, int] | None = None, *, obeys_unlock: bool = True, commits: int = 2) -> None:
        super().__init__({3: dict(HOLDING), 4: IDENTITY | MEASURED | ENERGIES | (changes or {})})
        self.obeys_unlock, self.commits = obeys_unlock, commits

    def _answer(self, pdu: bytes) -> bytes:
        written = pdu.hex(" ")
        if pdu[0] == 6 and written not in (UNLOCK, LOCK) and not self.words[4][0x0026]:
            return b"\x86\x04"
        answer = super()._answer(pdu)
        if written == UNLOCK and self.obeys_unlock:
            self.words[4][0x0026], self.words[3][0x1020] = 1, 1
        if written == LOCK:
            self.words[4][0x0026], self.words[3][0x1020] = 0, 0
        if written == COMMIT:
            self.words[3][0x1021] = self.commits
        return answer


MeterOf = Callable[..., ModbusMeter]


@pytest.fixture
def meter_of(dial: Dial) -> MeterOf:
    """Give the driver for a profile, connected to registers."""

    def connected(registers: Registers | Script, profile: MeterProfile = EMS) -> ModbusMeter:
        exchange, _ = dial(registers, writable=writable_addresses(profile))
        ticks = count(100)
        return ModbusMeter("meter_01", profile, exchange, lambda: float(next(ticks)))

    return connected


def values(meter: ModbusMeter) -> dict[str, float]:
    return {str(channel): value for channel, value in meter.measure().values.items()}


# Identity and facts


def test_the_identity_is_what_the_meter_says(meter_of: MeterOf) -> None:
    meter = meter_of(EmsService())

    assert meter.identity() == Identity("Example Works", "EMS-3P", "EM-2041-007", "1.4.2")


def test_the_identity_takes_two_requests(meter_of: MeterOf) -> None:
    service = EmsService()

    meter_of(service).identity()

    assert service.reads == [(4, 0x0000, 2), (4, 0x0004, 28)]


def test_a_device_without_the_magic_is_implausible_and_names_the_profile_key(meter_of: MeterOf) -> None:
    meter = meter_of(EmsService({0x0000: 0x0001, 0x0001: 0x0002}))

    with pytest.raises(Implausible, match="is no EMS meter service") as caught:
        meter.identity()

    assert caught.value.key == ("meters", "meter_01", "profile")
    assert "65538" in caught.value.why


def test_a_device_without_the_magic_leaves_no_canary(meter_of: MeterOf) -> None:
    meter = meter_of(EmsService({0x0000: 0}))

    with pytest.raises(Implausible):
        meter.identity()

    assert meter.exchange.canary is None


def test_the_serial_number_becomes_the_canary_of_the_line(meter_of: MeterOf) -> None:
    meter = meter_of(EmsService())

    meter.identity()

    assert meter.exchange.canary is not None
    assert (meter.exchange.canary.function, meter.exchange.canary.address) == (4, 0x0014)
    assert meter.exchange.canary.words == (0x454D, 0x2D32, 0x3034, 0x312D, 0x3030, 0x3700, 0, 0)


def test_a_meter_without_name_in_its_registers_takes_maker_and_model_of_the_profile(meter_of: MeterOf) -> None:
    meter = meter_of(Registers({3: words_at(0xFC00, "0012 d687"), 4: {}}), SDM630)

    assert meter.identity() == Identity("Eastron", "SDM630", "1234567", "")


def test_the_facts_are_what_the_meter_says(meter_of: MeterOf) -> None:
    meter = meter_of(EmsService())

    assert meter.facts() == MeterFacts(
        uptime_s=86400.0, change_counter=5, update_interval_s=1.0, legal="free", locked=True
    )


def test_the_facts_take_one_request(meter_of: MeterOf) -> None:
    service = EmsService()

    meter_of(service).facts()

    assert service.reads == [(4, 0x0020, 7)]


@pytest.mark.parametrize(
    ("word", "legal"), [(0, "unknown"), (1, "free"), (2, "lockable"), (3, "sealed"), (4, "unknown"), (65535, "unknown")]
)
def test_the_legal_status_is_the_one_of_the_register(meter_of: MeterOf, word: int, legal: str) -> None:
    assert meter_of(EmsService({0x0025: word})).facts().legal == legal


def test_an_unlocked_meter_says_so(meter_of: MeterOf) -> None:
    assert meter_of(EmsService({0x0026: 1})).facts().locked is False


@pytest.mark.parametrize(("words", "locked"), [("0000 0000", False), ("0001 0000", True)])
def test_a_wattnode_is_locked_when_its_passcode_register_says_one(meter_of: MeterOf, words: str, locked: bool) -> None:
    meter = meter_of(Registers({3: words_at(1600, words) | {1627: 7}}), WATTNODE)

    assert meter.facts() == MeterFacts(change_counter=7, locked=locked)


def test_a_meter_without_facts_says_nothing_and_is_not_asked(meter_of: MeterOf) -> None:
    registers = Registers({3: {}, 4: {}})

    assert meter_of(registers, SDM630).facts() == MeterFacts()
    assert registers.received == []


# Measuring


def test_all_channels_arrive_in_si_units(meter_of: MeterOf) -> None:
    assert values(meter_of(EmsService())) == {
        "F.sum": 50.0,
        "U.1": 230.0,
        "U.2": 231.0,
        "U.3": 229.0,
        "I.1": 12.0625,
        "I.2": 12.125,
        "I.3": 12.1875,
        "P.1": -2776.0,
        "P.2": -2792.0,
        "P.3": -2808.0,
        "P.sum": -8348.0,
        "Q.1": 50.0,
        "Q.2": -50.0,
        "Q.3": 0.0,
        "Q.sum": 0.0,
        "WH_IMP.sum": pytest.approx(1234.56),
        "WH_EXP.sum": pytest.approx(12.34),
    }


def test_the_measured_block_is_one_request_and_the_energies_another(meter_of: MeterOf) -> None:
    service = EmsService()

    meter_of(service).measure()

    assert service.reads == [(4, 0x0100, 32), (4, 0x0140, 8)]


def test_a_reading_carries_the_sample_counter_of_the_meter(meter_of: MeterOf) -> None:
    assert meter_of(EmsService()).measure().counter == 3333


def test_a_reading_carries_the_time_of_request_and_answer(meter_of: MeterOf) -> None:
    reading = meter_of(EmsService()).measure()

    assert (reading.started_s, reading.ended_s) == (100.0, 101.0)


def test_a_channel_without_value_is_absent(meter_of: MeterOf) -> None:
    found = values(meter_of(EmsService(words_at(0x0110, "7fc0 0000"))))

    assert "P.1" not in found
    assert found["P.2"] == -2792.0


def test_a_meter_that_counts_export_positive_is_turned_round_in_powers_only(meter_of: MeterOf) -> None:
    export_positive = EMS.model_copy(update={"power_sign": -1})

    found = values(meter_of(EmsService(), export_positive))

    assert (found["P.1"], found["P.sum"], found["Q.1"]) == (2776.0, 8348.0, -50.0)
    assert (found["U.1"], found["I.1"], found["F.sum"]) == (230.0, 12.0625, 50.0)


def test_a_wattnode_is_read_with_the_low_word_first(meter_of: MeterOf) -> None:
    image = dict.fromkeys(range(1002, 1168), 0) | words_at(1018, "0000 4366")

    assert values(meter_of(Registers({3: image}), WATTNODE))["U.1"] == 230.0


def test_a_resolution_is_the_step_of_the_register_of_the_channel(meter_of: MeterOf) -> None:
    meter = meter_of(EmsService())

    assert meter.resolution(Channel.parse("U.1"), 230.0) == 2.0**-16
    assert meter.resolution(Channel.parse("WH_IMP.sum"), 1234.56) == pytest.approx(0.01)


def sdm630_without(first: int, last: int) -> Registers:
    image = dict.fromkeys(range(0x004C), 0) | words_at(0x0000, "4366 0000")
    return Registers({3: {}, 4: {place: word for place, word in image.items() if not first <= place <= last}})


def test_a_joined_request_that_hits_an_undeclared_hole_is_split(meter_of: MeterOf) -> None:
    registers = sdm630_without(0x0012, 0x0017)

    found = values(meter_of(registers, SDM630))

    assert found["U.1"] == 230.0
    assert registers.reads == [
        (4, 0x0000, 76),
        (4, 0x0000, 18),
        (4, 0x0018, 6),
        (4, 0x0034, 2),
        (4, 0x003C, 2),
        (4, 0x0046, 6),
    ]


def test_the_hole_is_remembered_for_the_session(meter_of: MeterOf) -> None:
    registers = sdm630_without(0x0012, 0x0017)
    meter = meter_of(registers, SDM630)
    meter.measure()
    registers.received.clear()

    meter.measure()

    assert (4, 0x0000, 76) not in registers.reads
    assert len(registers.reads) == 5


def test_a_missing_measurement_is_refused_and_not_asked_for_ever(meter_of: MeterOf) -> None:
    registers = sdm630_without(0x0018, 0x0019)

    with pytest.raises(Refused, match="illegal data address"):
        meter_of(registers, SDM630).measure()

    assert len(registers.reads) == 3


def test_a_refusal_for_another_reason_splits_nothing(meter_of: MeterOf) -> None:
    script = Script([("00 01 00 00 00 06 01 04 00 00 00 4c", ["00 01 00 00 00 03 01 84 04"])])

    with pytest.raises(Refused, match="device failure"):
        meter_of(script, SDM630).measure()


# Corrections


def test_the_corrections_are_the_raw_register_values(meter_of: MeterOf) -> None:
    assert meter_of(EmsService()).corrections() == FACTORY


def test_the_corrections_are_read_twice(meter_of: MeterOf) -> None:
    service = EmsService()

    meter_of(service).corrections()

    assert service.reads == [(3, 0x1000, 9), (3, 0x1000, 9)]


def test_corrections_that_change_between_two_reads_are_implausible(meter_of: MeterOf) -> None:
    service = EmsService()
    service.after = lambda _pdu: service.words[3].update({0x1004: 0xFF05})

    with pytest.raises(Implausible, match="changed between two reads"):
        meter_of(service).corrections()


def test_the_stored_corrections_are_read_from_their_own_registers(meter_of: MeterOf) -> None:
    service = EmsService()
    service.words[3][0x1010] = 0x2774

    assert meter_of(service).stored_corrections() == FACTORY | {"gain_l1": 10100}


def test_a_meter_that_hides_its_memory_gives_no_stored_corrections(meter_of: MeterOf) -> None:
    assert meter_of(Registers({3: {}}), WATTNODE).stored_corrections() is None


@pytest.mark.parametrize(
    ("name", "raw", "request_pdu"),
    [
        ("gain_l1", 10023, "06 10 00 27 27"),
        ("gain_l3", 5000, "06 10 02 13 88"),
        ("phase_l1", -250, "06 10 03 ff 06"),
        ("phase_l3", 8000, "06 10 05 1f 40"),
        ("offset_l2", -1000, "06 10 07 fc 18"),
    ],
)
def test_a_correction_is_written_in_one_request(meter_of: MeterOf, name: str, raw: int, request_pdu: str) -> None:
    service = EmsService({0x0026: 1})

    meter_of(service).write_correction(name, raw)

    assert service.received == [request_pdu]


@pytest.mark.parametrize(
    ("name", "raw"),
    [("gain_l1", 4999), ("gain_l2", 20001), ("phase_l1", 8001), ("phase_l2", -8001), ("offset_l3", 1001)],
)
def test_a_correction_outside_its_range_is_never_sent(meter_of: MeterOf, name: str, raw: int) -> None:
    service = EmsService({0x0026: 1})

    with pytest.raises(NotPermitted, match=f"{raw} is outside the range of {name}"):
        meter_of(service).write_correction(name, raw)

    assert service.received == []


def test_a_correction_of_a_locked_meter_is_refused_with_the_code_of_the_meter(meter_of: MeterOf) -> None:
    service = EmsService()

    with pytest.raises(Refused) as caught:
        meter_of(service).write_correction("gain_l1", 10023)

    assert caught.value.code == 4
    assert service.writes == ["06 10 00 27 27"]


def test_a_correction_whose_answer_is_lost_is_sent_once(meter_of: MeterOf) -> None:
    script = Script([("00 01 00 00 00 06 01 06 10 00 27 27", [])])

    with pytest.raises(Unreachable):
        meter_of(script).write_correction("gain_l1", 10023)


def test_a_meter_without_corrections_has_no_writable_address() -> None:
    assert writable_addresses(SDM630) == frozenset()


def test_the_writable_addresses_are_the_corrections_and_the_commands() -> None:
    assert writable_addresses(EMS) == frozenset({*range(0x1000, 0x1009), 0x1020, 0x1021, 0x1022})


# Unlock, commit, lock


def test_unlocking_sends_the_documented_word_once(meter_of: MeterOf) -> None:
    service = EmsService()

    meter_of(service).unlock()

    assert service.writes == [UNLOCK]


def test_an_unlocked_meter_is_not_unlocked_again(meter_of: MeterOf) -> None:
    service = EmsService({0x0026: 1})

    meter_of(service).unlock()

    assert service.writes == []


def test_a_meter_that_stays_locked_is_not_permitted_and_unlocked_once(meter_of: MeterOf) -> None:
    service = EmsService(obeys_unlock=False)

    with pytest.raises(NotPermitted, match="is locked against changes"):
        meter_of(service).unlock()

    assert service.writes == [UNLOCK]


def test_a_locked_meter_without_unlock_command_is_not_permitted_and_nothing_is_written(meter_of: MeterOf) -> None:
    registers = Registers({3: words_at(1600, "0001 0000") | {1627: 7}})

    with pytest.raises(NotPermitted, match="is locked against changes"):
        meter_of(registers, WATTNODE).unlock()

    assert registers.writes == []


def test_committing_sends_the_documented_word_and_checks_the_result(meter_of: MeterOf) -> None:
    service = EmsService({0x0026: 1})

    meter_of(service).commit()

    assert service.received == [COMMIT, "03 10 21 00 01"]


@pytest.mark.parametrize("result", [0, 3])
def test_a_commit_that_did_not_succeed_is_refused(meter_of: MeterOf, result: int) -> None:
    service = EmsService({0x0026: 1}, commits=result)

    with pytest.raises(Refused, match="did not store its corrections"):
        meter_of(service).commit()

    assert service.writes == [COMMIT]


def test_a_meter_that_acts_at_once_is_not_told_to_commit(meter_of: MeterOf) -> None:
    registers = Registers({3: {}})

    meter_of(registers, WATTNODE).commit()

    assert registers.received == []


def test_locking_sends_the_documented_word(meter_of: MeterOf) -> None:
    service = EmsService({0x0026: 1})

    meter_of(service).lock()

    assert service.writes == [LOCK]


def test_a_locked_meter_is_not_locked_again(meter_of: MeterOf) -> None:
    service = EmsService()

    meter_of(service).lock()

    assert service.writes == []


def test_an_adjustment_is_unlock_write_commit_lock_and_nothing_else(meter_of: MeterOf) -> None:
    service = EmsService()
    meter = meter_of(service)

    meter.unlock()
    meter.write_correction("gain_l1", 10023)
    meter.write_correction("phase_l2", -251)
    meter.commit()
    meter.lock()

    assert service.writes == [UNLOCK, "06 10 00 27 27", "06 10 04 ff 05", COMMIT, LOCK]


# Contract


def test_the_driver_shows_trims_registers_and_word_order_of_the_profile(meter_of: MeterOf) -> None:
    meter = meter_of(EmsService())

    assert set(meter.trims) == set(FACTORY)
    assert meter.registers["U.1"].address == 0x0104
    assert meter.word_order == "msw-first"


def test_no_value_of_a_reading_is_ever_nan_or_infinite(meter_of: MeterOf) -> None:
    nonsense = words_at(0x0102, "7f80 0000 ff80 0000 7fc0 0001 ffff ffff")

    found = values(meter_of(EmsService(nonsense)))

    assert all(math.isfinite(value) for value in found.values())
    assert {"F.sum", "U.1", "U.2", "U.3"}.isdisjoint(found)
