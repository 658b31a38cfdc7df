"""Words to values and back, against literals worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.hal.modbus.registers import number, raw_number, step, text, words_of
from v2g_tool.model.profiles.meter import Register

BOTH_ORDERS = ("msw-first", "lsw-first")

MSW_FIRST = [
    ("u16", "8000", 32768),
    ("s16", "8000", -32768),
    ("s16", "ff06", -250),
    ("u32", "454d 534d", 0x454D534D),  # EMSM
    ("u32", "ffff fffe", 4294967294),
    ("s32", "ffff f448", -3000),
    ("u64", "0000 0000 0000 04d2", 1234),
    ("u64", "0123 4567 89ab cdef", 0x0123456789ABCDEF),
    ("s64", "ffff ffff ffff ff9c", -100),
    ("f32", "4366 0000", 230.0),
    ("f32", "c53b 8000", -3000.0),
    ("f32", "4248 0000", 50.0),
    ("f64", "406c c000 0000 0000", 230.0),
    ("f64", "c0a7 7000 0000 0000", -3000.0),
]

NO_VALUE = [
    ("f32", "7fc0 0000"),  # quiet NaN
    ("f32", "7f80 0001"),  # signalling NaN
    ("f32", "ffff ffff"),  # NaN with all bits set
    ("f32", "7f80 0000"),  # +infinity
    ("f32", "ff80 0000"),  # -infinity
    ("f64", "7ff8 0000 0000 0000"),
    ("f64", "fff0 0000 0000 0000"),
]


def register(kind: str, **more: object) -> Register:
    return Register.model_validate({"address": 0, "type": kind, **more})


def words(content: str) -> list[int]:
    return [int(word, 16) for word in content.split()]


@pytest.mark.parametrize(("kind", "content", "value"), MSW_FIRST)
def test_the_most_significant_word_comes_first(kind: str, content: str, value: float) -> None:
    assert raw_number(register(kind), words(content), "msw-first") == value


@pytest.mark.parametrize(("kind", "content", "value"), MSW_FIRST)
def test_the_least_significant_word_comes_first_in_a_wattnode(kind: str, content: str, value: float) -> None:
    from_the_low_end = list(reversed(words(content)))

    assert raw_number(register(kind), from_the_low_end, "lsw-first") == value


def test_bytes_inside_a_word_are_big_endian_in_either_order() -> None:
    assert [raw_number(register("u16"), [0x0102], order) for order in BOTH_ORDERS] == [258, 258]


def test_swapped_words_of_230_volts_are_no_plausible_voltage() -> None:
    value = raw_number(register("f32"), words("0000 4366"), "msw-first")

    assert value == pytest.approx(2.4177e-41, rel=1e-4)


@pytest.mark.parametrize(("kind", "content"), NO_VALUE)
def test_nan_and_infinity_are_no_value(kind: str, content: str) -> None:
    assert number(register(kind), words(content), "msw-first") is None


def test_a_declared_invalid_marker_is_no_value() -> None:
    marked = register("s32", invalid=[0x7FFFFFFF])

    assert number(marked, words("7fff ffff"), "msw-first") is None


def test_an_invalid_marker_is_compared_before_scaling() -> None:
    marked = register("u16", invalid=[65535], scale=0.1)

    assert number(marked, [65535], "msw-first") is None


def test_zero_is_a_value() -> None:
    assert number(register("f32"), words("0000 0000"), "msw-first") == 0.0


def test_an_energy_in_hundredths_becomes_wh() -> None:
    energy = register("u64", scale=0.01)

    assert number(energy, words("0000 0000 0001 e240"), "msw-first") == pytest.approx(1234.56)


def test_a_full_energy_counter_keeps_its_size() -> None:
    energy = register("u64", scale=0.01)

    assert number(energy, words("ffff ffff ffff ffff"), "msw-first") == pytest.approx(1.8446744073709552e17)


def test_a_float_in_kwh_becomes_wh() -> None:
    assert number(register("f32", scale=1000.0), words("3fc0 0000"), "msw-first") == 1500.0


def test_a_scaled_value_beyond_every_float_is_no_value() -> None:
    largest = register("f64", scale=1000.0)

    assert number(largest, words("7fef ffff ffff ffff"), "msw-first") is None


def test_text_ends_at_the_first_nul() -> None:
    assert text(words("5344 4d36 3330 0000 4142")) == "SDM630"


def test_text_without_nul_fills_its_registers() -> None:
    assert text(words("4142 4344")) == "ABCD"


def test_blanks_around_text_are_stripped() -> None:
    assert text(words("2041 4220 2000")) == "AB"


def test_bytes_that_are_no_ascii_are_replaced_and_do_not_raise() -> None:
    assert text(words("41ff 8042 0000")) == "A\ufffd\ufffdB"


def test_text_of_nothing_but_nul_is_empty() -> None:
    assert text([0, 0, 0]) == ""


@pytest.mark.parametrize(
    ("kind", "raw", "content"),
    [
        ("u16", 10000, "2710"),
        ("s16", -250, "ff06"),
        ("s16", -8000, "e0c0"),
        ("u32", 0x00010002, "0001 0002"),
        ("s32", -3000, "ffff f448"),
        ("u64", 1, "0000 0000 0000 0001"),
    ],
)
def test_an_integer_becomes_its_words(kind: str, raw: int, content: str) -> None:
    assert words_of(register(kind), raw, "msw-first") == tuple(words(content))


def test_the_words_of_an_integer_follow_the_word_order() -> None:
    assert words_of(register("s32"), -3000, "lsw-first") == (0xF448, 0xFFFF)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("u16", -1),
        ("u16", 65536),
        ("s16", 32768),
        ("s16", -32769),
        ("u32", 1 << 32),
        ("s32", -(1 << 31) - 1),
        ("u64", 1 << 64),
        ("s64", 1 << 63),
    ],
)
def test_an_integer_that_does_not_fit_is_refused(kind: str, raw: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        words_of(register(kind), raw, "msw-first")


@pytest.mark.parametrize("kind", ["f32", "f64"])
def test_a_float_register_is_never_written_as_an_integer(kind: str) -> None:
    with pytest.raises(ValueError, match="not written as an integer"):
        words_of(register(kind), 1, "msw-first")


def test_a_text_register_is_never_written_as_an_integer() -> None:
    with pytest.raises(ValueError, match="not written as an integer"):
        words_of(register("text", words=4), 1, "msw-first")


@pytest.mark.parametrize("value", [0.0, 1.0, -1e9])
def test_the_step_of_an_integer_is_its_scale_at_every_value(value: float) -> None:
    assert step(register("u16", scale=0.1), value) == pytest.approx(0.1)


def test_the_step_of_a_negative_scale_is_positive() -> None:
    assert step(register("s32", scale=-0.01), 5.0) == pytest.approx(0.01)


@pytest.mark.parametrize("value", [230.0, -230.0])
def test_the_step_of_a_float_at_230_volts_is_15_microvolts(value: float) -> None:
    assert step(register("f32"), value) == 2.0**-16


def test_the_step_of_a_float_grows_with_the_value() -> None:
    assert step(register("f32"), 11000.0) == 2.0**-10


def test_the_step_of_a_float_is_that_of_the_raw_number_times_the_scale() -> None:
    assert step(register("f32", scale=1000.0), 1500.0) == pytest.approx(2.0**-23 * 1000.0)


def test_the_step_of_a_double_is_far_smaller() -> None:
    assert step(register("f64"), 230.0) == 2.0**-45


def test_the_step_of_a_float_at_zero_is_a_number() -> None:
    assert 0 < step(register("f32"), 0.0) < 1e-6


RANGES = {
    "u16": (0, 2**16 - 1),
    "s16": (-(2**15), 2**15 - 1),
    "u32": (0, 2**32 - 1),
    "s32": (-(2**31), 2**31 - 1),
    "u64": (0, 2**64 - 1),
    "s64": (-(2**63), 2**63 - 1),
}


@st.composite
def kinds_with_values(draw: st.DrawFn) -> tuple[str, int]:
    kind = draw(st.sampled_from(sorted(RANGES)))
    return kind, draw(st.integers(*RANGES[kind]))


@given(kinds_with_values(), st.sampled_from(BOTH_ORDERS))
def test_every_integer_comes_back_from_its_words(drawn: tuple[str, int], order: str) -> None:
    kind, raw = drawn

    assert raw_number(register(kind), words_of(register(kind), raw, order), order) == raw


@given(
    st.sampled_from(["u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"]),
    st.lists(st.integers(0, 0xFFFF), min_size=4, max_size=4),
    st.sampled_from(BOTH_ORDERS),
)
def test_no_words_whatsoever_make_a_number_raise_or_be_infinite(kind: str, content: list[int], order: str) -> None:
    value = number(register(kind), content[: register(kind).count], order)

    assert value is None or math.isfinite(value)


@given(st.lists(st.integers(0, 0xFFFF), max_size=16))
def test_no_words_whatsoever_make_a_text_raise(content: list[int]) -> None:
    assert "\0" not in text(content)
