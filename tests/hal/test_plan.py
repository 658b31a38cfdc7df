"""Which requests fetch a set of registers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.data.library import load_profile
from v2g_tool.hal.modbus.plan import TCP_GAP, Request, plan, worthwhile_gap
from v2g_tool.model.profiles.meter import MeterProfile, Register, Wire
from v2g_tool.model.site.metering import ModbusLink

TCP = ModbusLink(host="10.0.0.5")


def serial(baud: int) -> ModbusLink:
    return ModbusLink(link="rtu", device="/dev/ttyUSB0", baud=baud)


def u16(address: int, **more: object) -> Register:
    return Register.model_validate({"address": address, "type": "u16", **more})


def u64(address: int) -> Register:
    return Register.model_validate({"address": address, "type": "u64"})


def spans(requests: tuple[Request, ...]) -> list[tuple[int, int]]:
    return [(request.address, request.count) for request in requests]


def spans_of_profile(name: str, link: ModbusLink) -> list[tuple[int, int]]:
    profile, _ = load_profile(name, MeterProfile)
    counter = {str(n): r for n, r in profile.facts.items() if n == "sample_counter"}
    return spans(plan({**profile.measurements, **counter}, profile.wire, worthwhile_gap(link)))


def test_the_ems_service_is_read_in_one_request_for_the_block_and_one_for_the_energies() -> None:
    assert spans_of_profile("ems-meter-service", TCP) == [(0x0100, 32), (0x0140, 8)]


def test_the_ems_service_needs_no_more_requests_on_a_serial_line() -> None:
    assert spans_of_profile("ems-meter-service", serial(9600)) == [(0x0100, 32), (0x0140, 8)]


def test_an_sdm630_is_read_in_one_request_over_tcp() -> None:
    assert spans_of_profile("eastron-sdm630", TCP) == [(0x0000, 76)]


def test_an_sdm630_at_9600_baud_is_read_in_two_requests_around_the_gap_of_22() -> None:
    assert spans_of_profile("eastron-sdm630", serial(9600)) == [(0x0000, 30), (0x0034, 24)]


def test_an_sdm630_at_19200_baud_is_read_in_one_request() -> None:
    assert spans_of_profile("eastron-sdm630", serial(19200)) == [(0x0000, 76)]


@pytest.mark.parametrize("name", ["wattnode-wnc", "wattnode-wnd"])
def test_a_wattnode_is_read_over_tcp_in_the_two_requests_that_max_read_allows(name: str) -> None:
    assert spans_of_profile(name, TCP) == [(1002, 32), (1112, 56)]


@pytest.mark.parametrize("name", ["wattnode-wnc", "wattnode-wnd"])
def test_a_wattnode_at_38400_baud_is_read_in_the_two_requests_that_max_read_allows(name: str) -> None:
    assert spans_of_profile(name, serial(38400)) == [(1002, 32), (1112, 56)]


@pytest.mark.parametrize(("baud", "registers"), [(9600, 18), (19200, 27), (38400, 47), (115200, 129)])
def test_the_gap_worth_reading_along_on_a_serial_line_is_the_derived_one(baud: int, registers: int) -> None:
    assert worthwhile_gap(serial(baud), response_s=0.02) == registers


def test_a_device_without_delay_is_worth_24_registers_at_115200_baud() -> None:
    assert worthwhile_gap(serial(115200), response_s=0.0) == 24


def test_the_gap_worth_reading_along_over_tcp_is_64_registers() -> None:
    assert worthwhile_gap(TCP) == TCP_GAP == 64


def test_a_gap_as_large_as_worthwhile_is_read_along() -> None:
    assert spans(plan({"a": u16(0), "b": u16(19)}, Wire(), gap=18)) == [(0, 20)]


def test_a_gap_larger_than_worthwhile_is_asked_around() -> None:
    assert spans(plan({"a": u16(0), "b": u16(20)}, Wire(), gap=18)) == [(0, 1), (20, 1)]


def test_neighbours_are_joined_without_any_gap() -> None:
    assert spans(plan({"b": u16(1), "a": u16(0)}, Wire(), gap=0)) == [(0, 2)]


def test_max_read_may_be_reached() -> None:
    assert spans(plan({"a": u16(0), "b": u16(9)}, Wire(max_read=10), gap=50)) == [(0, 10)]


def test_max_read_is_never_exceeded() -> None:
    assert spans(plan({"a": u16(0), "b": u16(10)}, Wire(max_read=10), gap=50)) == [(0, 1), (10, 1)]


def test_a_value_that_would_cross_max_read_is_not_cut() -> None:
    registers = {"a": u16(0), "b": u64(7)}

    assert spans(plan(registers, Wire(max_read=10), gap=50)) == [(0, 1), (7, 4)]


@pytest.mark.parametrize("hole", [(5, 5), (1, 9), (3, 4), (9, 9), (1, 1)])
def test_a_declared_hole_is_never_crossed(hole: tuple[int, int]) -> None:
    wire = Wire(holes=(hole,))

    assert spans(plan({"a": u16(0), "b": u16(10)}, wire, gap=50)) == [(0, 1), (10, 1)]


def test_a_hole_elsewhere_separates_nothing() -> None:
    wire = Wire(holes=((11, 20),))

    assert spans(plan({"a": u16(0), "b": u16(10)}, wire, gap=50)) == [(0, 11)]


def test_a_register_that_must_be_read_alone_is_read_alone() -> None:
    registers = {"before": u16(0), "serial": u16(1, alone=True), "behind": u16(2)}

    assert spans(plan(registers, Wire(), gap=50)) == [(0, 1), (1, 1), (2, 1)]


def test_registers_of_two_functions_are_never_joined() -> None:
    registers = {"input": u16(0, function=4), "holding": u16(1, function=3)}

    requests = plan(registers, Wire(), gap=50)

    assert [(r.function, r.address) for r in requests] == [(3, 1), (4, 0)]


def test_a_register_without_function_takes_the_one_of_the_wire() -> None:
    (request,) = plan({"a": u16(0), "b": u16(1, function=3)}, Wire(read_function=3), gap=0)

    assert request == Request(3, 0, 2, ("a", "b"))


def test_overlapping_values_are_fetched_together() -> None:
    registers = {"whole": u64(0), "part": u16(1)}

    assert spans(plan(registers, Wire(), gap=0)) == [(0, 4)]


def test_nothing_wanted_is_nothing_asked() -> None:
    assert plan({}, Wire(), gap=31) == ()


@st.composite
def register_maps(draw: st.DrawFn) -> tuple[dict[str, Register], Wire, int]:
    """Values one behind the other with gaps between, and holes that lie in some of the gaps."""
    registers: dict[str, Register] = {}
    holes: list[tuple[int, int]] = []
    address = draw(st.integers(0, 100))
    for index in range(draw(st.integers(0, 25))):
        gap = draw(st.integers(0, 40))
        if gap and draw(st.booleans()):
            holes.append((address, address + gap - 1))
        address += gap
        kind = draw(st.sampled_from(["u16", "f32", "u64"]))
        alone, function = draw(st.booleans()), draw(st.sampled_from([None, 3, 4]))
        value = Register.model_validate({"address": address, "type": kind, "alone": alone, "function": function})
        registers[f"r{index}"] = value
        address = value.end
    wire = Wire(max_read=draw(st.integers(4, 125)), holes=tuple(holes))
    return registers, wire, draw(st.integers(0, 60))


@given(register_maps())
def test_every_register_is_fetched_once_and_lies_inside_its_request(
    drawn: tuple[dict[str, Register], Wire, int],
) -> None:
    registers, wire, gap = drawn

    requests = plan(registers, wire, gap)

    assert sorted(name for request in requests for name in request.names) == sorted(registers)
    for request in requests:
        for name in request.names:
            assert request.address <= registers[name].address
            assert registers[name].end <= request.address + request.count


@given(register_maps())
def test_no_request_breaks_a_limit_of_the_wire(drawn: tuple[dict[str, Register], Wire, int]) -> None:
    registers, wire, gap = drawn

    requests = plan(registers, wire, gap)

    for request in requests:
        last = request.address + request.count - 1
        assert request.count <= wire.max_read
        assert all(last < first or end < request.address for first, end in wire.holes)
        assert len(request.names) == 1 or not any(registers[name].alone for name in request.names)
        assert {registers[name].function or wire.read_function for name in request.names} == {request.function}


@given(register_maps())
def test_a_request_begins_and_ends_with_a_value(drawn: tuple[dict[str, Register], Wire, int]) -> None:
    registers, wire, gap = drawn

    requests = plan(registers, wire, gap)

    for request in requests:
        assert request.address == min(registers[name].address for name in request.names)
        assert request.address + request.count == max(registers[name].end for name in request.names)
