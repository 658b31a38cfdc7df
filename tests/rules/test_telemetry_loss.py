"""Loss with an interval that holds, look after look, with and without bursts."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.interval import clopper_pearson
from v2g_tool.backhaul.rules.loss import (
    DECISION_RULE,
    LossCount,
    LossVerdict,
    confidence_of,
    datagrams_needed,
    datagrams_to_decide,
    decide,
    dispersion,
    loss_words,
    percent,
    pool,
)
from v2g_tool.model.findings import Verdict

from .telemetry_sample import PER_SECOND, piece_of, random_piece

LIMIT = 0.001
COUNTS = st.builds(LossCount, *[st.integers(-50, 100_000)] * 4)


def looks(rng: random.Random, ratio: float, first_s: int = 5, most: int = 4) -> list[LossVerdict]:
    """Look after 5, 10, 20, 40 s of load, until it is decided."""
    pieces, judged = [], []
    for look in range(1, most + 1):
        pieces.append(random_piece(rng, ratio, first_s * 2 ** max(look - 2, 0)))
        judged.append(decide(pool(pieces), LIMIT, look))
        if judged[-1].verdict is not Verdict.INCONCLUSIVE:
            break
    return judged


@pytest.mark.parametrize("ratio", [0.0, 0.0005, 0.002, 0.01])
def test_the_stated_interval_covers_the_truth_whenever_the_run_stops(ratio):
    rng = random.Random(2020)
    last = [looks(rng, ratio)[-1] for _ in range(400)]

    assert sum(judged.lower <= ratio <= judged.upper for judged in last) >= 0.95 * 400
    wrong = Verdict.FAIL if ratio < LIMIT else Verdict.PASS
    assert sum(judged.verdict is wrong for judged in last) <= 0.05 * 400
    if ratio == 0.002:
        assert not any(judged.verdict is Verdict.PASS for judged in last)


def test_at_the_limit_itself_the_looks_together_err_less_than_one_look_may():
    rng = random.Random(7)
    runs = [looks(rng, LIMIT) for _ in range(400)]

    assert sum(run[-1].verdict is not Verdict.INCONCLUSIVE for run in runs) <= 0.05 * 400
    assert sum(all(j.lower <= LIMIT <= j.upper for j in run) for run in runs) >= 0.95 * 400


def bursts(rng: random.Random, seconds: int, chance: float, length: int) -> list[int]:
    return [length * (rng.random() < chance) for _ in range(seconds)]


def test_bursts_are_found_and_the_interval_covers_their_mean():
    """A burst of 30 in one second of 40: 0.084 % on average, and far too few bursts to tell that from 0.1 %."""
    rng = random.Random(5)
    truth = 30 / 40 / PER_SECOND
    judged = [decide(pool([piece_of(bursts(rng, 300, 1 / 40, 30), 300)]), LIMIT, 1) for _ in range(200)]

    assert all(j.dispersion.bursty for j in judged)
    assert sum(j.lower <= truth <= j.upper for j in judged) >= 0.95 * 200
    assert all(j.effective < 300 * PER_SECOND / 20 for j in judged)


def test_independent_losses_are_rarely_taken_for_bursts():
    rng = random.Random(3)
    found = [dispersion(pool([random_piece(rng, 0.01, 30)]).cells).bursty for _ in range(400)]

    assert sum(found) <= 12


def test_a_burst_makes_an_inconclusive_run_of_what_would_pass():
    even, burst = (decide(pool([piece_of(lost, 60)]), LIMIT, 1) for lost in ([1] * 20, [20]))

    assert (even.verdict, burst.verdict) == (Verdict.PASS, Verdict.INCONCLUSIVE)
    assert even.effective == 60 * PER_SECOND > 15 * burst.effective
    assert burst.dispersion.design_effect == pytest.approx(burst.dispersion.statistic / 59)


@pytest.mark.parametrize("cells", [(), ((5, 900),), ((0, 900), (0, 900)), ((9, 9), (9, 9)), ((5, 0), (-3, 0))])
def test_where_nothing_can_scatter_there_are_no_bursts(cells):
    assert not dispersion(cells).bursty
    assert dispersion(cells).divisor(0.975) == 1


def test_a_piece_without_seconds_counts_as_one_cell():
    pieces = [piece_of([lost], 10, intervals=()) for lost in (0, 0, 40, 0)]

    assert pool(pieces).cells == ((0, 8930), (0, 8930), (40, 8930), (0, 8930))
    assert dispersion(pool(pieces).cells).bursty


def test_what_was_sent_behind_the_last_arrival_may_all_be_lost():
    piece = piece_of([], 10)
    judged = decide(pool([replace(piece, counted=piece.sent - 40), replace(piece, counted=piece.sent + 5)]), LIMIT, 1)

    assert judged.count.unaccounted == 40
    assert judged.lower == 0
    assert judged.upper == clopper_pearson(40, 17_860, 0.975).upper
    assert judged.verdict is Verdict.INCONCLUSIVE


def test_late_and_double_datagrams_widen_the_interval_upwards_only():
    plain, mixed = (decide(LossCount(20_000, 6, 0, mixed), LIMIT, 1) for mixed in (0, 12))

    assert mixed.lower == plain.lower == clopper_pearson(6, 20_000, 0.975).lower
    assert mixed.upper == clopper_pearson(18, 20_000, 0.975).upper > plain.upper


@pytest.mark.parametrize(
    ("sent", "lost", "verdict"),
    [
        (4379, 0, Verdict.INCONCLUSIVE),
        (4380, 0, Verdict.PASS),
        (2678, 12, Verdict.FAIL),
        (53_571, 39, Verdict.INCONCLUSIVE),
        (53_571, 37, Verdict.PASS),
        (53_571, 71, Verdict.INCONCLUSIVE),
        (53_571, 72, Verdict.FAIL),
        (0, 0, Verdict.INCONCLUSIVE),
    ],
)
def test_the_interval_decides(sent, lost, verdict):
    assert decide(LossCount(sent, lost, 0, 0), LIMIT, 1).verdict is verdict


def test_the_errors_of_all_looks_add_up_to_five_percent():
    errors = [1 - confidence_of(look) for look in range(1, 30)]

    assert errors[:3] == pytest.approx([0.025, 0.0125, 0.00625])
    assert sum(errors) == pytest.approx(0.05, abs=1e-9)
    assert "5 % / 2^i" in DECISION_RULE


def test_looks_are_counted_from_one():
    with pytest.raises(ValueError, match="counted from 1"):
        confidence_of(0)


@pytest.mark.parametrize(("look", "needed"), [(1, 4380), (2, 5073), (3, 5766)])
def test_without_a_loss_so_many_datagrams_pass(look, needed):
    assert datagrams_needed(LIMIT, look) == needed
    assert decide(LossCount(needed, 0, 0, 0), LIMIT, look).verdict is Verdict.PASS
    assert decide(LossCount(needed - 1, 0, 0, 0), LIMIT, look).verdict is Verdict.INCONCLUSIVE


@given(COUNTS, st.integers(1, 200))
def test_any_count_has_an_interval_and_never_two_verdicts(count, look):
    judged = decide(count, LIMIT, look)

    assert 0 <= judged.lower <= judged.upper <= 1
    if count.sent > 0:
        assert judged.lower <= count.least / count.sent + 1e-12
        assert count.most / count.sent <= judged.upper + 1e-12


@given(st.integers(1000, 50_000), st.integers(0, 40), st.integers(1, 5))
def test_a_later_look_at_the_same_count_is_never_bolder(sent, lost, look):
    count = LossCount(sent, min(lost, sent), 0, 0)
    early, late = decide(count, LIMIT, look), decide(count, LIMIT, look + 1)

    assert late.lower <= early.lower
    assert early.upper <= late.upper


@pytest.mark.parametrize(("sent", "lost"), [(2678, 0), (8930, 6), (53_571, 40), (8930, 14)])
def test_so_many_datagrams_decide_if_it_goes_on_as_before(sent, lost):
    judged = decide(LossCount(sent, lost, 0, 0), LIMIT, 1)
    assert judged.verdict is Verdict.INCONCLUSIVE

    wanted = datagrams_to_decide(judged)

    assert wanted is not None
    assert wanted > sent
    scaled = LossCount(wanted, round(lost * wanted / sent), 0, 0)
    assert decide(scaled, LIMIT, 2).verdict is not Verdict.INCONCLUSIVE


def test_exactly_at_the_limit_no_number_decides():
    assert datagrams_to_decide(decide(LossCount(10_000, 10, 0, 0), LIMIT, 1)) is None


def test_before_anything_was_sent_the_fewest_are_wanted():
    assert datagrams_to_decide(decide(LossCount(0, 0, 0, 0), LIMIT, 1)) == datagrams_needed(LIMIT, 2)


def test_the_words_hold_all_the_numbers():
    words = loss_words(decide(LossCount(20_000, 6, 3, 2), LIMIT, 2))

    assert words.startswith(
        "6 of 20000 datagrams lost, 3 sent behind the last one that arrived and 2 late or double: 0.03 %, "
    )
    assert "98.75 % confidence (look 2), limit 0.1 %." in words


@pytest.mark.parametrize(("ratio", "text"), [(0.000998079, "0.09981 %"), (0, "0 %"), (1, "100 %"), (1e-7, "1e-05 %")])
def test_ratios_are_read_in_percent(ratio, text):
    assert percent(ratio) == text
