"""Percentiles of round trips, and bounds that hold whatever their distribution."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.backhaul.rules.facts import TelemetryLimits
from v2g_tool.backhaul.rules.latency import (
    echoes_needed,
    latency,
    latency_finding,
    longest_silence,
    milliseconds,
    nearest_rank,
)
from v2g_tool.model.findings import Verdict

from .telemetry_sample import echoes_of, facts_of, piece_of

LIMITS = TelemetryLimits()
TIMES = st.lists(st.none() | st.floats(0.01, 1e4), min_size=1, max_size=400)


def judged(times_ms, **changes):
    load = piece_of([], 60)
    return latency_finding(facts_of(load, echoes=echoes_of(times_ms), echo_kind="icmp", **changes), LIMITS)


@pytest.mark.parametrize(
    ("times_ms", "verdict", "words"),
    [
        ([5.0] * 299, Verdict.PASS, "99 % of round trips take less than 5 ms, limit 100 ms (299 by ICMP echo, 0 "),
        ([5.0] * 298, Verdict.INCONCLUSIVE, "Too few round trips: 298, at least 299 are needed"),
        ([5.0] * 600 + [None], Verdict.PASS, "(601 by ICMP echo, 1 unanswered)"),
        ([5.0] * 299 + [None], Verdict.INCONCLUSIVE, "5 ms to no answer"),
        ([5.0] * 280 + [None] * 20, Verdict.FAIL, "More than 1 % of round trips take longer than 100 ms, limit 100 ms"),
        ([250.0] * 10, Verdict.FAIL, "take longer than 250 ms"),
        ([None] * 400, Verdict.INCONCLUSIVE, "None of 400 questions by ICMP echo was answered"),
        ([100.0] * 400, Verdict.INCONCLUSIVE, "may take less or more than 100 ms"),
        ([], Verdict.INCONCLUSIVE, "No round trip was measured"),
    ],
)
def test_a_percentile_is_judged_by_its_bounds(times_ms, verdict, words):
    found = judged(times_ms)

    assert (found.check, found.verdict) == ("NET-LATENCY", verdict)
    assert words in found.statement


def test_round_trips_without_load_are_told_but_do_not_pass():
    quiet = facts_of(echoes=echoes_of([5.0] * 400), echo_kind="icmp")
    slow = facts_of(echoes=echoes_of([250.0] * 400), echo_kind="icmp")

    assert latency_finding(quiet, LIMITS).verdict is Verdict.INCONCLUSIVE
    assert "Without load" in latency_finding(quiet, LIMITS).statement
    assert latency_finding(slow, LIMITS).verdict is Verdict.FAIL


def test_only_round_trips_while_load_flowed_are_judged():
    waited, loaded = echoes_of([5.0] * 400), echoes_of([250.0] * 100)
    load = piece_of([], 5, started_s=20.0)
    late = tuple(replace(echo, sent_s=echo.sent_s + 20.0) for echo in loaded)

    found = latency_finding(facts_of(load, echoes=(*waited, *late), echo_kind="icmp"), LIMITS)

    assert found.verdict is Verdict.FAIL


def test_ten_slow_round_trips_are_too_few_to_fail_one_percent():
    assert judged([5.0] * 10).verdict is Verdict.INCONCLUSIVE
    assert judged([5.0] * 290 + [250.0] * 3).verdict is Verdict.INCONCLUSIVE


def test_it_is_said_that_this_is_not_the_latency_of_measuring():
    assert judged([5.0] * 300).statement.endswith(": network latency, not measurement latency.")


def test_why_nothing_could_be_measured_is_said():
    found = latency_finding(facts_of(no_echoes="ICMP echo is not allowed. Run: sudo sysctl"), LIMITS)

    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.statement == "No round trip could be measured: ICMP echo is not allowed. Run: sudo sysctl."


def test_percentiles_are_the_nearest_ranks():
    found = latency(echoes_of([float(n) for n in range(1, 1001)]), 99)

    assert [round(t * 1e3) for t in found.percentiles] == [500, 900, 990, 999]
    assert found.longest == 1.0
    assert (found.asked, found.unanswered) == (1000, 0)


def test_unanswered_questions_are_infinitely_late():
    found = latency(echoes_of([1.0] * 50 + [None] * 50), 99)

    assert found.percentiles[0] == 0.001
    assert math.isinf(found.percentiles[1])
    assert math.isinf(found.longest)


@given(TIMES, st.floats(1, 99.9))
def test_the_bounds_enclose_the_percentile(times_ms, percentile):
    found = latency(echoes_of(times_ms), percentile)

    assert found.lower is None or found.lower <= found.judged
    assert found.upper is None or found.judged <= found.upper
    assert list(found.percentiles) == sorted(found.percentiles)


@given(st.lists(st.floats(0, 1e3), min_size=1).map(sorted), st.floats(0.1, 100))
def test_the_nearest_rank_leaves_no_more_than_the_rest_above(ascending, percentile):
    value = nearest_rank(ascending, percentile)

    assert sum(v <= value for v in ascending) >= len(ascending) * percentile / 100 - 1e-6


def test_the_bounds_hold_as_often_as_they_say():
    rng = random.Random(17)
    truth = -math.log(0.01)  # the 99th percentile of the exponential distribution
    found = [latency(echoes_of([rng.expovariate(1.0) for _ in range(700)]), 99) for _ in range(400)]
    by_chance = 2 * math.sqrt(400 * 0.95 * 0.05)

    assert sum(f.upper * 1e3 >= truth for f in found) >= 0.95 * 400 - by_chance
    assert sum(f.lower * 1e3 <= truth for f in found) >= 0.95 * 400 - by_chance


@pytest.mark.parametrize(("percentile", "needed"), [(99, 299), (50, 5)])
def test_so_many_round_trips_are_needed(percentile, needed):
    assert echoes_needed(percentile) == needed


@pytest.mark.parametrize(
    ("times_ms", "longest"), [([], 0), ([1.0, 2.0], 0), ([None, 1.0, None, None, 1.0], 2), ([1.0, None, None, None], 3)]
)
def test_the_longest_silence_is_counted_exactly(times_ms, longest):
    assert longest_silence(echoes_of(times_ms)) == longest


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.000412, "0.412 ms"), (0.1, "100 ms"), (math.inf, "no answer"), (None, "unknown")]
)
def test_times_are_read_in_milliseconds(seconds, words):
    assert milliseconds(seconds) == words
