"""Rate, jitter, order, bursts and fragments: what is known, and no more than that."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.backhaul.rules.facts import TelemetryLimits
from v2g_tool.backhaul.rules.path import (
    Burst,
    burst_finding,
    fragment_finding,
    is_fragmented,
    jitter_finding,
    longest_burst,
    order_finding,
    packet_bytes,
    rate_finding,
    rates,
)
from v2g_tool.model.findings import Verdict
from v2g_tool.model.telemetry import PathSize, Responder, UdpCounters

from .telemetry_sample import PER_SECOND, echoes_of, facts_of, losses, piece_of

LIMITS = TelemetryLimits()
PLAIN = piece_of([])
QUIET = UdpCounters(100, 0, 0)


def after(sent: int = 8930, errors: int = 0, fragments: int = 0) -> UdpCounters:
    return UdpCounters(100 + sent, errors, fragments)


@pytest.mark.parametrize(
    ("rate", "errors", "verdict"),
    [(10e6, 0, Verdict.PASS), (9.8e6, 7, Verdict.PASS), (9.79e6, 0, Verdict.INCONCLUSIVE), (6e6, 3, Verdict.FAIL)],
)
def test_the_sender_reaches_the_rate_or_it_is_said_why_not(rate, errors, verdict):
    facts = facts_of(replace(PLAIN, sent_bits_per_s=rate), before=QUIET, after=after(errors=errors))

    found = rate_finding(facts, LIMITS)

    assert (found.check, found.verdict) == ("NET-RATE", verdict)
    assert ("refused 3 datagrams" in found.statement) is (verdict is Verdict.FAIL)


def test_one_slow_piece_is_not_hidden_by_fast_ones():
    found = rate_finding(facts_of(*[PLAIN] * 9, replace(PLAIN, sent_bits_per_s=9e6)), LIMITS)

    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.statement.startswith("Only 9 Mbit/s could be sent")


def test_rates_are_weighted_by_duration_and_what_arrived_is_shown():
    slow = replace(piece_of([], 30), sent_bits_per_s=6e6)

    found = rates([PLAIN, slow])

    assert found.sent == pytest.approx(7e6)
    assert found.received == pytest.approx(PER_SECOND * 11200)
    assert rates([replace(PLAIN, received_bytes=None)]).received is None
    assert rates([]).sent is None


def test_jitter_is_a_statement_with_the_worst_second():
    found = jitter_finding(facts_of(piece_of([], 10), piece_of([], 3)))

    assert found.verdict is Verdict.INFO
    assert found.statement == "Jitter 0.012 ms at the end, 0.019 ms in the worst second; no limit is set."


def test_what_came_late_or_twice_is_told_apart_for_round_trips_only():
    echoes = list(echoes_of([1.0] * 10))
    echoes[3] = replace(echoes[3], copies=3)
    echoes[4] = replace(echoes[4], overtaken=True)

    found = order_finding(facts_of(replace(PLAIN, out_of_order=5), echoes=tuple(echoes)))

    assert found.verdict is Verdict.INFO
    assert found.statement == (
        "5 datagrams were late or double (iperf3 can't tell which); of 10 round trips 1 were overtaken, 2 answers came "
        "again."
    )
    assert order_finding(facts_of(PLAIN)).statement == "No datagram was late or double."


@pytest.mark.parametrize(
    ("lost", "burst"),
    [
        ([], Burst(0, 0)),
        ([1], Burst(1, 1)),
        ([0, 4, 0, 9], Burst(1, 9)),
        ([0, 4, 9, 0, 2], Burst(1, 13)),
        ([800], Burst(9, 800)),  # 93 arrived, so at most 93 gaps hold the 800
    ],
)
def test_the_longest_burst_lies_between_bounds(lost, burst):
    assert longest_burst([piece_of(lost)]) == burst


def test_a_second_in_which_nothing_arrived_does_not_end_a_burst():
    piece = piece_of([100, 0, 500])
    silent = replace(piece.intervals[1], total=0)
    broken = replace(piece, intervals=(piece.intervals[0], silent, *piece.intervals[2:]))

    assert longest_burst([broken]).most == 600
    assert longest_burst([piece]).most == 500


def test_a_burst_at_the_end_is_what_was_sent_behind_the_last_arrival():
    piece = piece_of([0] * 9 + [3])

    assert longest_burst([replace(piece, counted=piece.counted - 40)]).most == 43
    assert longest_burst([replace(PLAIN, counted=PLAIN.counted - 40), PLAIN]).most == 40


def test_without_seconds_a_burst_may_be_all_that_was_lost():
    assert longest_burst([replace(piece_of([2, 0, 7]), intervals=())]) == Burst(1, 9)


def test_late_datagrams_make_the_bounds_wider():
    assert longest_burst([replace(piece_of([5]), out_of_order=2)]) == Burst(0, 7)


@given(st.integers(0, 2**32), st.sampled_from([0.001, 0.05, 0.4]))
def test_the_true_burst_lies_between_the_bounds(seed, ratio):
    places = losses(random.Random(seed), ratio, 4 * PER_SECOND)
    true = run = 0
    for before, place in zip([-9, *places], places, strict=False):
        run = run + 1 if place == before + 1 else 1
        true = max(true, run)
    per_second = [sum(p // PER_SECOND == second for p in places) for second in range(4)]

    found = longest_burst([piece_of(per_second, 4)])

    assert found.least <= true <= found.most


def test_bursts_are_told_for_datagrams_and_round_trips():
    facts = facts_of(piece_of([0, 4, 9]), echoes=echoes_of([1.0, None, None, 1.0]))

    found = burst_finding(facts)

    assert found.verdict is Verdict.INFO
    assert found.statement == (
        "The longest run of lost datagrams is between 1 and 13 (the receiver counts by the second); the longest run of "
        "unanswered round trips is 2 of 4."
    )
    assert burst_finding(facts_of(PLAIN)).statement == "No datagram was lost, so there is no burst."


ROUTE = PathSize(1500, None, "by routing")
PROVEN = PathSize(1500, 1500, "an echo of 1500 B was answered")
NARROW = PathSize(1500, 1420, "a tunnel")


@pytest.mark.parametrize(
    ("path", "fragments", "verdict", "words"),
    [
        (ROUTE, 0, Verdict.PASS, "1500 B is what the routing knows"),
        (PROVEN, 0, Verdict.PASS, "1500 B was proven to pass"),
        (PROVEN, 4, Verdict.PASS, "The 4 fragments made meanwhile are other programs'"),
        (ROUTE, 4, Verdict.FAIL, "this computer made 4 fragments"),
        (None, 4, Verdict.FAIL, "this computer made 4 fragments"),
        (NARROW, 0, Verdict.FAIL, "packets of 1428 B do not pass 1420 B whole"),
        (NARROW, 9, Verdict.FAIL, "1420 B whole and this computer made 9 fragments"),
        (None, 0, Verdict.PASS, "what the path carries is not known"),
        (PathSize(None, None, ""), 0, Verdict.PASS, "what the path carries is not known"),
    ],
)
def test_fragments_are_found_by_the_kernel_and_by_the_path(path, fragments, verdict, words):
    facts = facts_of(PLAIN, path=path, before=QUIET, after=after(fragments=fragments))

    found = fragment_finding(facts)

    assert (found.check, found.verdict) == ("NET-FRAGMENT", verdict)
    assert words in found.statement
    assert is_fragmented(facts) is (verdict is Verdict.FAIL)


def test_when_nothing_is_known_of_the_path_nothing_is_claimed():
    found = fragment_finding(facts_of(PLAIN, before=None, after=None))

    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.statement == "Whether packets of 1428 B pass whole is not known."


def test_without_a_datagram_fragments_are_not_judged():
    assert fragment_finding(facts_of(path=PROVEN)).verdict is Verdict.SKIPPED
    assert not is_fragmented(facts_of(path=NARROW))


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, 1428),
        ({"host": "fd00::5"}, 1448),
        ({"responder": Responder("iperf3", "", "2001:db8::1")}, 1448),
        ({"responder": Responder("iperf3", "", "192.0.2.1")}, 1428),
    ],
)
def test_a_packet_is_a_datagram_with_its_headers(changes, size):
    assert packet_bytes(facts_of(PLAIN, **changes)) == size
