"""An inverter over SunSpec models 701 and 704, written to with literal registers."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from v2g_tool.data.library import load_profile
from v2g_tool.errors import Implausible, Refused, Unreachable, V2GError
from v2g_tool.hal.contracts.inverter import SetPoint
from v2g_tool.hal.modbus.inverter import SunSpecInverter
from v2g_tool.model.profiles.inverter import InverterProfile
from v2g_tool.model.quantities import Identity
from v2g_tool.model.site.metering import InverterSite

from .conftest import Dial
from .peers import CLOSE, Action, Registers, words_at
from .sunspec_device import CONTROLS_AT, END, MARK, MEASURED_AT, common, controls, inverter, measured

SUNSPEC, _ = load_profile("sunspec-der", InverterProfile)
SITE = InverterSite(profile="sunspec-der", host="127.0.0.1", max_charge_w=11000, max_discharge_w=10000, reversion_s=120)

# 0x9D21 is 40225, the id register of model 704 in the test device. The active block is its registers 22 to 32:
# Ena 1, Mod 1 (W), WSet, WSetRvrt and Pct as they were, RvrtTms 120 s.
CHARGE_3_KW = "10 9d 37 00 0b 16 00 01 00 01 ff ff f4 48 00 00 00 00 03 e8 00 00 00 00 00 00 00 78"
DISCHARGE_3_KW = "10 9d 37 00 0b 16 00 01 00 01 00 00 0b b8 00 00 00 00 03 e8 00 00 00 00 00 00 00 78"
CHARGE_3_KW_IN_TENS = "10 9d 37 00 0b 16 00 01 00 01 ff ff fe d4 00 00 00 00 03 e8 00 00 00 00 00 00 00 78"
# The reactive block is registers 35 to 46: Ena 1, Mod 4 (var), Pri as it was, VarSet, the rest as it was, 120 s.
NO_VAR = "10 9d 44 00 0c 18 00 01 00 04 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 78"
INDUCTIVE_500_VAR = "10 9d 44 00 0c 18 00 01 00 04 00 01 ff ff fe 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 78"
# Everything as it was before.
ACTIVE_AS_FOUND = "10 9d 37 00 0b 16 00 00 00 00 00 00 00 00 00 00 00 00 03 e8 00 00 00 00 00 00 00 00"
REACTIVE_AS_FOUND = "10 9d 44 00 0c 18 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"

Driver = Callable[..., SunSpecInverter]


@pytest.fixture
def driver(dial: Dial) -> Driver:
    """Give the driver, connected to registers."""

    def connected(
        brain: Registers | Callable[[bytes], list[Action]], profile: InverterProfile = SUNSPEC
    ) -> SunSpecInverter:
        exchange, _ = dial(brain)
        return SunSpecInverter("inverter_01", SITE, profile, exchange)

    return connected


def test_the_identity_comes_from_the_common_model(driver: Driver) -> None:
    assert driver(inverter()).identity() == Identity("Example Works", "V2G-22", "INV-0815", "3.1.0")


def test_the_serial_number_becomes_the_canary_of_the_line(driver: Driver) -> None:
    made = driver(inverter())

    made.identity()

    assert made.exchange.canary is not None
    assert (made.exchange.canary.function, made.exchange.canary.address) == (3, 40052)
    assert made.exchange.canary.words == (0x494E, 0x562D, 0x3038, 0x3135, *([0] * 12))


def test_the_chain_is_walked_once_a_session(driver: Driver) -> None:
    device = inverter()
    made = driver(device)

    made.identity()
    made.controls()

    assert device.reads.count((3, 40000, 2)) == 1


def test_a_charge_is_a_negative_set_point_in_one_request_with_the_reversion_timer(driver: Driver) -> None:
    device = inverter()

    driver(device).command(SetPoint(power_w=3000.0))

    assert device.writes[0] == CHARGE_3_KW


def test_a_discharge_is_a_positive_set_point(driver: Driver) -> None:
    device = inverter()

    driver(device).command(SetPoint(power_w=-3000.0))

    assert device.writes[0] == DISCHARGE_3_KW


def test_a_set_point_is_divided_by_the_scale_factor_of_the_device(driver: Driver) -> None:
    device = inverter(controls=controls(CONTROLS_AT, scale="0001"))

    driver(device).command(SetPoint(power_w=3000.0))

    assert device.writes[0] == CHARGE_3_KW_IN_TENS


def test_a_command_is_one_request_for_active_and_one_for_reactive_power(driver: Driver) -> None:
    device = inverter()

    driver(device).command(SetPoint(power_w=3000.0))

    assert device.writes == [CHARGE_3_KW, NO_VAR]


def test_an_inductive_load_is_a_reactive_set_point_against_generation(driver: Driver) -> None:
    device = inverter()

    driver(device).command(SetPoint(power_w=3000.0, reactive_var=500.0))

    assert device.writes == [CHARGE_3_KW, INDUCTIVE_500_VAR]


def test_an_inverter_without_reactive_set_point_gets_the_active_block_only(driver: Driver) -> None:
    device = inverter(controls=controls(CONTROLS_AT, var_set="8000 0000"))
    made = driver(device)

    made.command(SetPoint(power_w=3000.0))

    assert device.writes == [CHARGE_3_KW]
    assert not made.sets_reactive


def test_an_inverter_with_reactive_set_point_says_so(driver: Driver) -> None:
    assert driver(inverter()).sets_reactive


def test_without_a_scale_factor_nothing_is_commanded(driver: Driver) -> None:
    device = inverter(controls=controls(CONTROLS_AT, scale="8000"))

    with pytest.raises(Implausible, match="no scale factor for WSet"):
        driver(device).command(SetPoint(power_w=3000.0))

    assert device.writes == []


def test_a_set_point_that_does_not_fit_its_register_is_never_sent(driver: Driver) -> None:
    device = inverter(controls=controls(CONTROLS_AT, scale="fff6"))

    with pytest.raises(V2GError):
        driver(device).command(SetPoint(power_w=3000.0))

    assert device.writes == []


def test_a_set_point_whose_answer_is_lost_is_sent_once(driver: Driver) -> None:
    device = inverter()

    def deaf_to_writes(request: bytes) -> list[Action]:
        actions = list(device(request))
        return [CLOSE] if request[7] == 0x10 else actions

    with pytest.raises(Unreachable):
        driver(deaf_to_writes).command(SetPoint(power_w=3000.0))

    assert device.writes == [CHARGE_3_KW]


def test_a_model_that_ends_before_its_set_points_is_implausible_and_nothing_is_written(driver: Driver) -> None:
    short = words_at(CONTROLS_AT, "02c0 0010") | words_at(CONTROLS_AT + 18, END)
    device = inverter(controls=short)

    with pytest.raises(Implausible):
        driver(device).command(SetPoint(power_w=3000.0))

    assert device.writes == []


def test_holding_sends_the_last_set_point_again_with_its_timer(driver: Driver) -> None:
    device = inverter()
    made = driver(device)
    made.command(SetPoint(power_w=-3000.0))
    made.command(SetPoint(power_w=3000.0))
    device.received.clear()

    made.hold()

    assert device.writes == [CHARGE_3_KW, NO_VAR]


def test_holding_without_a_set_point_sends_nothing(driver: Driver) -> None:
    device = inverter()

    driver(device).hold()

    assert device.received == []


def test_what_was_restored_is_not_commanded_again_by_holding(driver: Driver) -> None:
    device = inverter()
    made = driver(device)
    before = made.controls()
    made.command(SetPoint(power_w=3000.0))
    made.restore(before)
    device.received.clear()

    made.hold()

    assert device.writes == []


def test_what_flows_is_turned_into_grid_to_vehicle(driver: Driver) -> None:
    device = inverter(measured=measured(MEASURED_AT, power="f448", reactive="ff9c"))

    assert driver(device).actual() == SetPoint(power_w=3000.0, reactive_var=100.0)


def test_what_flows_is_scaled_by_the_factors_of_the_device(driver: Driver) -> None:
    factors = words_at(MEASURED_AT + 116, "0001") | words_at(MEASURED_AT + 119, "ffff")
    device = inverter(measured=measured(MEASURED_AT, power="012c", reactive="03e8"), factors=factors)

    assert driver(device).actual() == SetPoint(power_w=-3000.0, reactive_var=-100.0)


def test_a_device_that_counts_import_positive_is_not_turned(driver: Driver) -> None:
    device = inverter(measured=measured(MEASURED_AT, power="0bb8", reactive="0000"))

    actual = driver(device, SUNSPEC.model_copy(update={"power_sign": 1})).actual()

    assert actual == SetPoint(power_w=3000.0, reactive_var=0.0)


def test_an_inverter_that_reports_no_power_cannot_say_what_flows(driver: Driver) -> None:
    device = inverter(measured=measured(MEASURED_AT, power="8000"))

    assert driver(device).actual() is None


def test_an_inverter_that_reports_no_reactive_power_still_says_its_active_power(driver: Driver) -> None:
    device = inverter(measured=measured(MEASURED_AT, reactive="8000"))

    assert driver(device).actual() == SetPoint(power_w=3000.0, reactive_var=0.0)


def test_the_controls_are_the_words_of_both_blocks(driver: Driver) -> None:
    assert driver(inverter()).controls() == {
        "active": (0, 0, 0, 0, 0, 0, 1000, 0, 0, 0, 0),
        "reactive": (0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    }


def test_restoring_writes_what_was_there_before(driver: Driver) -> None:
    device = inverter()
    made = driver(device)
    before = made.controls()
    made.command(SetPoint(power_w=3000.0))
    device.received.clear()

    assert made.restore(before) is False, "the command showed"
    assert device.writes == [ACTIVE_AS_FOUND, REACTIVE_AS_FOUND]


def test_restoring_does_not_ask_whether_anything_differs(driver: Driver) -> None:
    device = inverter()
    made = driver(device)

    made.restore(made.controls())

    assert device.writes == [ACTIVE_AS_FOUND, REACTIVE_AS_FOUND]


def test_a_timer_that_runs_down_is_no_difference(driver: Driver) -> None:
    device = inverter()
    made = driver(device)
    before = made.controls()
    device.words[3][CONTROLS_AT + 34] = 99

    assert made.controls() == before


def showing(device: Registers, shown: dict[int, int]) -> dict[int, int]:
    """Have the device obey each write and show `shown` in place of it; give what it obeys."""
    obeyed: dict[int, int] = {}

    def hide(pdu: str) -> None:
        if pdu.startswith("10"):
            address, count = struct.unpack(">HH", bytes.fromhex(pdu)[1:5])
            obeyed.update({at: device.words[3][at] for at in range(address, address + count)})
            device.words[3].update(shown)

    device.words[3].update(shown)
    device.after = hide
    return obeyed


NOTHING = dict.fromkeys(range(CONTROLS_AT + 22, CONTROLS_AT + 47), 0) | {CONTROLS_AT + 28: 1000, CONTROLS_AT + 37: 1}
ENABLED_AT, TIMER_AT = CONTROLS_AT + 22, CONTROLS_AT + 32


@pytest.mark.parametrize(
    "shown",
    [NOTHING, {ENABLED_AT: 0}, {TIMER_AT: 0}, {CONTROLS_AT + 46: 0}],
    ids=["nothing", "not enabled", "no reversion timer", "no reactive reversion timer"],
)
def test_what_a_device_never_showed_is_written_back_and_not_called_shown(driver: Driver, shown: dict[int, int]) -> None:
    device = inverter()
    obeyed = showing(device, shown)
    made = driver(device)
    before = made.controls()
    made.command(SetPoint(power_w=3000.0))
    assert obeyed[ENABLED_AT] == 1

    hidden = made.restore(before)

    assert hidden is True
    assert device.writes[-2:] == [ACTIVE_AS_FOUND, REACTIVE_AS_FOUND]
    assert obeyed[ENABLED_AT] == 0


def test_what_reads_as_not_implemented_is_switched_off(driver: Driver) -> None:
    device = inverter()
    own = (22, 23, 31, 32, 35, 36, 45, 46)
    obeyed = showing(device, {CONTROLS_AT + offset: 0xFFFF for offset in own})
    made = driver(device)
    before = made.controls()
    made.command(SetPoint(power_w=3000.0))
    assert obeyed[ENABLED_AT] == 1

    hidden = made.restore(before)

    assert hidden is True
    assert made.controls() == before
    assert {offset: obeyed[CONTROLS_AT + offset] for offset in own} == dict.fromkeys(own, 0)


def test_a_device_that_shows_a_command_late_has_shown_it(driver: Driver) -> None:
    device = inverter()
    showing(device, NOTHING)
    made = driver(device)
    before = made.controls()
    made.command(SetPoint(power_w=3000.0))
    device.after = lambda _pdu: None

    made.hold()

    assert made.restore(before) is False


def test_what_a_device_showed_once_is_shown_although_its_timer_has_run_out(driver: Driver) -> None:
    device = inverter()
    made = driver(device)
    before = made.controls()
    made.command(SetPoint(power_w=3000.0))
    made.hold()
    device.words[3].update(NOTHING)

    assert made.restore(before) is False
    assert device.writes[-2:] == [ACTIVE_AS_FOUND, REACTIVE_AS_FOUND]


def test_a_command_whose_answer_was_lost_is_ended(driver: Driver) -> None:
    device = inverter()
    deaf = [True]

    def deaf_to_writes(request: bytes) -> list[Action]:
        actions = list(device(request))
        return [CLOSE] if request[7] == 0x10 and deaf[0] else actions

    made = driver(deaf_to_writes)
    before = made.controls()
    with pytest.raises(Unreachable):
        made.command(SetPoint(power_w=3000.0))
    deaf[0] = False

    assert made.restore(before) is False
    assert device.writes == [CHARGE_3_KW, ACTIVE_AS_FOUND, REACTIVE_AS_FOUND]


def test_a_load_is_ended_although_its_controls_cannot_be_read(driver: Driver) -> None:
    device = inverter()
    blind = [False]

    def refusing_reads(request: bytes) -> list[Action]:
        refusal = (request[:4] + bytes([0, 3, request[6], 0x83, 4])).hex()
        return [refusal] if blind[0] and request[7] == 3 else list(device(request))

    made = driver(refusing_reads)
    before = made.controls()
    made.command(SetPoint(power_w=3000.0))
    blind[0] = True

    assert made.restore(before) is True, "it could not be seen that the command was taken"
    assert device.writes[-2:] == [ACTIVE_AS_FOUND, REACTIVE_AS_FOUND]


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_a_device_that_refuses_commands_has_nothing_to_end(driver: Driver, code: int) -> None:
    device = inverter()
    made = driver(device)
    before = made.controls()
    device.refuse_writes = code
    with pytest.raises(Refused):
        made.command(SetPoint(power_w=3000.0))

    assert made.restore(before) is False


@pytest.mark.parametrize("code", [4, 6])
def test_a_device_that_took_a_command_and_refuses_to_end_it_is_named(driver: Driver, code: int) -> None:
    device = inverter()
    made = driver(device)
    before = made.controls()
    made.command(SetPoint(power_w=3000.0))
    device.refuse_writes = code

    with pytest.raises(Refused):
        made.restore(before)


def test_an_inverter_that_lost_its_set_points_is_implausible_when_they_are_to_be_restored(driver: Driver) -> None:
    before = driver(inverter()).controls()
    image = words_at(40000, MARK) | common(40002) | words_at(40070, END)

    with pytest.raises(Implausible, match="has no SunSpec model 704"):
        driver(Registers({3: image})).restore(before)


def test_only_the_set_point_registers_can_be_written(driver: Driver) -> None:
    made = driver(inverter())

    made.controls()

    active, reactive = range(CONTROLS_AT + 22, CONTROLS_AT + 33), range(CONTROLS_AT + 35, CONTROLS_AT + 47)
    assert made.exchange.writable == frozenset({*active, *reactive})


def test_an_inverter_without_set_points_is_implausible_and_sends_the_technician_to_manual(driver: Driver) -> None:
    image = words_at(40000, MARK) | common(40002) | words_at(40070, END)

    with pytest.raises(Implausible, match="has no SunSpec model 704") as caught:
        driver(Registers({3: image})).controls()

    assert "manual" in caught.value.todo


def test_the_limits_are_those_of_the_site(driver: Driver) -> None:
    assert driver(inverter()).limits_w == (11000, 10000)
