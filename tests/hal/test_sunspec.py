"""The chain of SunSpec models, scale factors and not-implemented values."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from v2g_tool.errors import Implausible, InstrumentError
from v2g_tool.hal.modbus.sunspec import Block, discover, point_text, raw, read_model, value
from v2g_tool.model.profiles.inverter import SunSpecPoint

from .conftest import Dial
from .peers import Registers, words_at
from .sunspec_device import END, MARK, inverter

BASES = (40000, 0, 50000)


def point(kind: str, offset: int = 2, **more: object) -> SunSpecPoint:
    return SunSpecPoint.model_validate({"offset": offset, "type": kind, **more})


def words(content: str) -> list[int]:
    return [int(word, 16) for word in ("0067 0004 " + content).split()]


# The chain


@pytest.mark.parametrize("base", BASES)
def test_the_chain_is_found_at_each_documented_base(dial: Dial, base: int) -> None:
    exchange, _ = dial(inverter(base))

    assert discover(exchange, BASES) == {
        1: Block(1, base + 2, 66),
        701: Block(701, base + 70, 153),
        704: Block(704, base + 225, 65),
    }


def test_the_bases_are_tried_in_their_order_until_one_is_marked(dial: Dial) -> None:
    device = inverter(0)
    exchange, _ = dial(device)

    discover(exchange, BASES)

    assert device.reads[:2] == [(3, 40000, 2), (3, 0, 2)]
    assert (3, 50000, 2) not in device.reads


def test_id_and_length_are_read_separately_because_some_devices_refuse_the_length_of_the_end(dial: Dial) -> None:
    device = Registers({3: words_at(40000, MARK + " ffff")})
    exchange, _ = dial(device)

    assert discover(exchange, BASES) == {}


def test_the_first_of_two_blocks_of_one_model_counts(dial: Dial) -> None:
    image = words_at(40000, MARK + " 02c1 0001 0000 02c1 0001 0000 " + END)
    exchange, _ = dial(Registers({3: image}))

    assert discover(exchange, BASES) == {705: Block(705, 40002, 1)}


def test_words_that_are_not_the_mark_are_no_sunspec(dial: Dial) -> None:
    exchange, _ = dial(Registers({3: words_at(40000, "5375 6e54") | words_at(0, "0000 0000")}))

    with pytest.raises(Implausible, match="speaks no SunSpec"):
        discover(exchange, BASES)


def test_a_model_of_no_length_is_no_chain(dial: Dial) -> None:
    exchange, _ = dial(Registers({3: words_at(40000, MARK + " 0001 0000 " + END)}))

    with pytest.raises(Implausible, match="form no chain that ends"):
        discover(exchange, BASES)


def test_a_model_that_reaches_beyond_the_address_space_is_no_chain(dial: Dial) -> None:
    exchange, _ = dial(Registers({3: words_at(40000, MARK + " 0001 ff00")}))

    with pytest.raises(Implausible, match="form no chain that ends"):
        discover(exchange, BASES)


def test_a_chain_that_goes_round_for_ever_is_given_up(dial: Dial) -> None:
    device = Registers({3: dict.fromkeys(range(40000, 41000), 1) | words_at(40000, MARK)})
    exchange, _ = dial(device)

    with pytest.raises(Implausible, match="form no chain that ends"):
        discover(exchange, BASES)

    assert len(device.reads) == 1 + 2 * 64


def test_a_chain_that_runs_out_of_registers_is_an_error_of_the_instrument(dial: Dial) -> None:
    exchange, _ = dial(Registers({3: words_at(40000, MARK + " 02c1 0001 0000")}))

    with pytest.raises(InstrumentError):
        discover(exchange, BASES)


# Reading a model


def test_a_model_of_up_to_125_registers_is_one_request(dial: Dial) -> None:
    device = inverter()
    exchange, _ = dial(device)

    found = read_model(exchange, Block(704, 40225, 65))

    assert device.reads == [(3, 40225, 67)]
    assert found[:2] == (704, 65)


def test_a_longer_model_takes_as_few_requests_as_125_registers_allow(dial: Dial) -> None:
    device = inverter()
    exchange, _ = dial(device)

    found = read_model(exchange, Block(701, 40070, 153))

    assert device.reads == [(3, 40070, 125), (3, 40195, 30)]
    assert len(found) == 155
    assert found[116:120] == (0, 0, 0, 0)


# Values


@pytest.mark.parametrize(
    ("kind", "content", "number"),
    [
        ("u16", "fffe", 65534),
        ("s16", "f448", -3000),
        ("s16", "ffff", -1),
        ("u32", "0001 0002", 65538),
        ("s32", "ffff f448", -3000),
        ("u64", "0000 0000 0001 0000", 65536),
        ("s64", "ffff ffff ffff fffe", -2),
        ("sf", "fffd", -3),
    ],
)
def test_a_point_is_a_big_endian_integer(kind: str, content: str, number: int) -> None:
    assert raw(point(kind), words(content)) == number


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("u16", "ffff"),
        ("s16", "8000"),
        ("u32", "ffff ffff"),
        ("s32", "8000 0000"),
        ("u64", "ffff ffff ffff ffff"),
        ("s64", "8000 0000 0000 0000"),
        ("sf", "8000"),
    ],
)
def test_a_point_that_is_not_implemented_is_no_value(kind: str, content: str) -> None:
    assert raw(point(kind), words(content)) is None


@pytest.mark.parametrize(("kind", "content"), [("u16", "8000"), ("u32", "8000 0000"), ("s32", "ffff ffff")])
def test_the_marker_of_another_type_is_a_value(kind: str, content: str) -> None:
    assert raw(point(kind), words(content)) is not None


def scaled(factor: str, number: str = "09c4") -> float | None:
    points: Mapping[str, SunSpecPoint] = {"W": point("s16", 2, sf="W_SF"), "W_SF": point("sf", 3)}
    return value("W", points, words(f"{number} {factor}"))


@pytest.mark.parametrize(
    ("factor", "power"),
    [("0000", 2500.0), ("0001", 25000.0), ("ffff", 250.0), ("fffe", 25.0), ("fff6", 2.5e-7), ("000a", 2.5e13)],
)
def test_a_point_is_scaled_by_the_power_of_ten_of_its_factor(factor: str, power: float) -> None:
    assert scaled(factor) == pytest.approx(power, rel=1e-12)


@pytest.mark.parametrize("factor", ["8000", "000b", "fff5", "7fff"])
def test_a_point_without_a_credible_factor_is_no_value(factor: str) -> None:
    assert scaled(factor) is None


def test_a_point_that_is_not_implemented_is_no_value_whatever_its_factor() -> None:
    assert scaled("0000", number="8000") is None


def test_a_point_without_factor_is_its_number() -> None:
    assert value("Ena", {"Ena": point("u16")}, words("0001")) == 1


@pytest.mark.parametrize(("kind", "offset"), [("s16", 4), ("u16", 9), ("s32", 3), ("sf", 4)])
def test_a_point_behind_the_end_of_its_model_is_no_value(kind: str, offset: int) -> None:
    assert raw(point(kind, offset), words("0064 0065")) is None


def test_a_value_whose_factor_lies_behind_the_end_of_its_model_is_no_value() -> None:
    points = {"W": point("s16", 2, sf="W_SF"), "W_SF": point("sf", 116)}

    assert value("W", points, words("09c4 0000")) is None


def test_a_text_point_ends_at_its_first_nul() -> None:
    assert point_text(point("text", 2, words=4), words("494e 562d 3800 0000")) == "INV-8"


def test_a_text_point_that_is_not_implemented_is_empty() -> None:
    assert point_text(point("text", 2, words=2), words("0000 0000")) == ""
