"""Error rates from two polls of the counters: the figures of public captures, resets, and too little traffic."""

from __future__ import annotations

import pytest

from plc_tool.rules.error_rates import BITS_PER_BLOCK, error_rates, qpsk_es_n0_db
from v2g_tool.model.plc import LinkCounters, RxCounters

MODEM, PEER = "00:b0:52:aa:bb:01", "00:b0:52:cc:dd:02"


def poll(time_s: float, *counts: int) -> LinkCounters:
    return LinkCounters(MODEM, PEER, 0xF8, None, RxCounters(*counts), time_s)


@pytest.mark.parametrize(
    ("bit_errors", "blocks", "es_n0_db"), [(2952, 39, 6.4), (13, 117, 12.1), (109, 259, 11.4), (102, 6557, 13.0)]
)
def test_the_counts_of_public_captures_give_their_es_n0(bit_errors: int, blocks: int, es_n0_db: float) -> None:
    found = qpsk_es_n0_db(bit_errors / (blocks * BITS_PER_BLOCK))
    assert found == pytest.approx(es_n0_db, abs=0.05)


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0, -1.0])
def test_a_ratio_outside_its_range_has_no_es_n0(ratio: float) -> None:
    assert qpsk_es_n0_db(ratio) is None


def test_two_polls_give_the_rates_in_between() -> None:
    polls = [poll(10.0, 95, 5, 1000, 10, 400, 40), poll(12.5, 295, 5, 1990, 20, 4400, 200)]
    rates, flags, start_s = error_rates(polls)[MODEM, PEER, 0xF8]
    assert rates is not None
    assert (rates.blocks, rates.seconds, flags, start_s) == (1000, 2.5, (), 10.0)
    assert rates.block_error_ratio == pytest.approx(0.01)
    assert rates.mpdu_error_ratio == 0.0
    assert rates.bit_error_ratio == pytest.approx(4160 / (1000 * BITS_PER_BLOCK))


def test_one_poll_counts_since_the_modem_began() -> None:
    rates, flags, _ = error_rates([poll(0.0, 36, 0, 39, 0, 2952, 0)])[MODEM, PEER, 0xF8]
    assert rates is not None
    assert (rates.seconds, rates.blocks, flags) == (0.0, 39, ("too-few-blocks",))


def test_a_counter_that_went_back_gives_no_rate() -> None:
    polls = [poll(0.0, 9, 0, 900, 0, 5, 0), poll(1.0, 9, 0, 20, 0, 5, 0), poll(2.0, 9, 0, 2000, 0, 5, 0)]
    assert error_rates(polls)[MODEM, PEER, 0xF8] == (None, ("counters-reset",), 0.0)


def test_nothing_received_in_between_gives_no_ratio() -> None:
    rates, flags, _ = error_rates([poll(0.0, 1, 2, 3, 4, 5, 6), poll(1.0, 1, 2, 3, 4, 5, 6)])[MODEM, PEER, 0xF8]
    assert rates is not None
    assert (rates.blocks, rates.block_error_ratio, rates.bit_error_ratio, rates.mpdu_error_ratio) == (
        0,
        None,
        None,
        None,
    )
    assert flags == ("too-few-blocks",)
