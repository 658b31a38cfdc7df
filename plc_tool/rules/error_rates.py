"""Error rates of a link from two polls of its counters. Pure.

Source: VS_LNK_STATS as public captures of QCA7000, QCA7005 and QCA7420 show it; the maker has not published how the
bit errors are counted, so the bit error rate is indicative.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import defaultdict
from collections.abc import Sequence

from v2g_tool.model.plc import ErrorRates, Flag, LinkCounters, RxCounters

BITS_PER_BLOCK = 520 * 8
"""A PHY block of 512 bytes with its header and check sequence."""
FEWEST_BLOCKS = 100
"""Below so many blocks a rate says nothing."""

Found = tuple[ErrorRates | None, tuple[Flag, ...], float]


def error_rates(counters: Sequence[LinkCounters]) -> dict[tuple[str, str, int], Found]:
    """Give rates, flags and the time of the first poll for each (reporter, peer, LID) that was polled.

    With one poll the counts are those since the modem began to count, and `seconds` is 0. A counter that went back was
    cleared in between: then there is no rate.
    """
    polls: dict[tuple[str, str, int], list[LinkCounters]] = defaultdict(list)
    for poll in counters:
        if poll.rx is not None:
            polls[poll.reporter, poll.peer, poll.lid].append(poll)
    return {link: _found(sorted(of_link, key=lambda p: p.time_s)) for link, of_link in polls.items()}


def _found(polls: Sequence[LinkCounters]) -> Found:
    first, last = polls[0], polls[-1]
    rx = [poll.rx for poll in polls if poll.rx is not None]
    if any(_went_back(a, b) for a, b in itertools.pairwise(rx)):
        return None, ("counters-reset",), first.time_s
    counted = _difference(rx[0], rx[-1]) if len(rx) > 1 else rx[0]
    rates = _rates(counted, last.time_s - first.time_s)
    return rates, ("too-few-blocks",) if rates.blocks < FEWEST_BLOCKS else (), first.time_s


def _went_back(before: RxCounters, after: RxCounters) -> bool:
    return any(getattr(after, name) < getattr(before, name) for name in before.__dataclass_fields__)


def _difference(before: RxCounters, after: RxCounters) -> RxCounters:
    return RxCounters(*(getattr(after, n) - getattr(before, n) for n in before.__dataclass_fields__))


def _rates(counted: RxCounters, seconds: float) -> ErrorRates:
    blocks = counted.pb_passed + counted.pb_failed
    mpdus = counted.mpdu_acknowledged + counted.mpdu_failed
    bit_errors = counted.bit_errors_passed + counted.bit_errors_failed
    return ErrorRates(
        blocks=blocks,
        block_error_ratio=counted.pb_failed / blocks if blocks else None,
        bit_error_ratio=bit_errors / (blocks * BITS_PER_BLOCK) if blocks else None,
        mpdu_error_ratio=counted.mpdu_failed / mpdus if mpdus else None,
        seconds=seconds,
    )


def qpsk_es_n0_db(bit_error_ratio: float) -> float | None:
    """Give the Es/N0 in dB at which QPSK has this bit error ratio: BER = Q(√(Es/N0)); None outside 0 < BER < 0.5."""
    if not 0 < bit_error_ratio < 0.5:
        return None
    return 20 * math.log10(-statistics.NormalDist().inv_cdf(bit_error_ratio))
