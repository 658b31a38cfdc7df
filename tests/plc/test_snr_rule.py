"""What bit loading says about an SNR limit, carrier by carrier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc_tool.rules.ladder import FLOORS_DB
from plc_tool.rules.snr_rule import SnrLimit, snr_count, snr_counts
from v2g_tool.model.carriers import NORTH_AMERICA
from v2g_tool.model.findings import Verdict
from v2g_tool.model.plc import Flag, LinkMap, Row, Spectrum, Tier

CARRIERS = 917


def link(*slots: list[float | None], flags: tuple[Flag, ...] = (), reporter: str = "a") -> LinkMap:
    rows = tuple(Row(f"slot {n}", 0.0, tuple(values)) for n, values in enumerate(slots))
    return LinkMap(Tier.BIT_LOADING, reporter, "b", Spectrum(NORTH_AMERICA.carriers(), rows), 28.0, None, flags)


def flat(floor_db: float | None, *changed: tuple[int, float | None]) -> list[float | None]:
    values: list[float | None] = [floor_db] * CARRIERS
    for at, value in changed:
        values[at] = value
    return values


@pytest.mark.parametrize(
    ("floor_db", "limit_db", "below", "far", "undecided"),
    [
        (10.0, 10.0, 0, 0, 0),  # 16-QAM: 10 to 16 dB
        (7.0, 10.0, CARRIERS, 0, 0),  # 8-QAM: 7 to 10 dB
        (4.0, 10.0, CARRIERS, CARRIERS, 0),
        (10.0, 12.0, 0, 0, CARRIERS),  # 10 to 16 dB may be 12 dB or not
        (28.0, 30.0, 0, 0, CARRIERS),  # the top of the constellation means "at least"
        (None, 10.0, 0, 0, CARRIERS),  # a code that is not defined
    ],
)
def test_a_constellation_is_below_at_or_undecided(
    floor_db: float | None, limit_db: float, below: int, far: int, undecided: int
) -> None:
    count = snr_count(link(flat(floor_db)), limit_db)
    assert (count.below, count.far, count.undecided) == (below, far, undecided)


def test_the_worst_slot_of_a_carrier_counts() -> None:
    count = snr_count(link(flat(28.0), flat(28.0, (5, 4.0)), flat(28.0)), 10.0)
    assert (count.below, count.far) == (1, 1)


def test_a_carrier_without_a_value_in_one_slot_is_undecided_not_passed() -> None:
    count = snr_count(link(flat(28.0), flat(28.0, (5, None))), 10.0)
    assert (count.below, count.undecided, count.verdict(0.0)) == (0, 1, Verdict.INCONCLUSIVE)


def test_a_limit_that_bit_loading_cannot_decide_does_not_fail() -> None:
    assert snr_count(link(flat(10.0)), 12.0).verdict(0.0) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("flag", ["slots-left-out", "slots-missing"])
def test_a_map_that_is_not_whole_is_not_passed(flag: Flag) -> None:
    assert snr_count(link(flat(28.0), flags=(flag,)), 10.0).verdict(0.0) is Verdict.INCONCLUSIVE


def test_the_worse_direction_comes_first() -> None:
    good, bad = link(flat(28.0)), link(flat(4.0), reporter="b")
    assert [count.link for count in snr_counts([good, bad], SnrLimit())] == [bad, good]


def test_neighbouring_carriers_make_one_band() -> None:
    count = snr_count(link(flat(28.0, *((at, 0.0) for at in range(300, 310)))), 10.0)
    assert (count.below, len(count.bands)) == (10, 1)


VALUES = (*FLOORS_DB, None)


@given(st.binary(min_size=CARRIERS, max_size=CARRIERS), st.integers(1, len(VALUES)), st.floats(0, 60))
def test_every_carrier_is_counted_once_and_nothing_passes_that_is_not_sure(
    drawn: bytes, kinds: int, limit_db: float
) -> None:
    values = [VALUES[-1 - octet % kinds] if octet % 2 else VALUES[octet % kinds] for octet in drawn]
    count = snr_count(link(values), limit_db)
    sure = sum(v is not None and v >= limit_db for v in values)
    assert count.below + count.undecided + sure == CARRIERS
    assert count.far <= count.below
    assert (count.verdict(0.0) is Verdict.PASS) == (sure == CARRIERS)
