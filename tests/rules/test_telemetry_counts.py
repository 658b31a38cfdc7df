"""Independent counts support one another, or carry no verdict; pairs of programs that hide losses are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.backhaul.rules.counts import compare, counts_finding, versions_finding
from v2g_tool.backhaul.rules.versions import believed, parse_version
from v2g_tool.model.findings import Verdict
from v2g_tool.model.telemetry import Piece, UdpCounters

from .telemetry_sample import facts_of, piece_of

SOUND = piece_of([0, 3, 0, 1], 10)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("iperf 3.12", (3, 12)),
        ("iperf 3.1.3", (3, 1)),
        ("iperf 3.16+", (3, 16)),
        ("3.21-dev", (3, 21)),
        ("iperf 3.13-mt1 (cJSON 1.7.15)", (3, 13)),
        ("", None),
        ("iperf3", None),
        ("iperf v", None),
        ("3.", None),
        ("99999.1", None),
        ("٣.١٢", None),
    ],
)
def test_a_version_is_read_or_it_is_none(text, version):
    assert parse_version(text) == version


@given(st.text())
def test_no_text_upsets_the_reading_of_versions(text):
    found = parse_version(text)

    assert found is None or min(found) >= 0


@given(st.integers(0, 9999), st.integers(0, 9999), st.sampled_from(["", "+", ".4", "-mt", " (cJSON 1.7.15)"]))
def test_every_version_is_read_whatever_follows(major, minor, tail):
    assert parse_version(f"iperf {major}.{minor}{tail}") == (major, minor)


@pytest.mark.parametrize(
    ("client", "server", "source"),
    [
        ("iperf 3.12", "iperf 3.12", "client"),
        ("iperf 3.9", "", "client"),
        ("iperf 3.12", "iperf 3.20", "client"),
        ("iperf 3.13", "iperf 3.13", "client"),
        ("iperf 3.21", "iperf 3.12", "receiver"),
        ("iperf 3.21", "", "receiver"),
        ("garbage", "iperf 3.20", "receiver"),
    ],
)
def test_whose_count_is_believed_follows_from_the_pair(client, server, source):
    piece = replace(SOUND, client=client, server=server, lost=0, server_lost=4)

    known = believed(piece)

    assert known.source == source
    assert known.piece.lost == (4 if source == "receiver" else 0)


@pytest.mark.parametrize("server", ["iperf 3.12", ""])
def test_a_pair_that_hides_losses_is_refused_without_the_receivers_own_count(server):
    piece = replace(SOUND, client="iperf 3.21", server=server, lost=0, server_lost=None)

    found = versions_finding(facts_of(piece), [believed(piece)])

    assert believed(piece).source == "none"
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "can show no loss where there was some" in found.statement


def test_a_pair_that_hides_losses_passes_with_the_receivers_own_count_and_says_so():
    piece = replace(SOUND, client="iperf 3.21", lost=0)

    found = versions_finding(facts_of(piece), [believed(piece)])

    assert found.verdict is Verdict.PASS
    assert "the receiver's own count was taken" in found.statement
    assert compare(facts_of(piece)).contradictions == ()


def test_counts_that_agree_pass_and_are_all_shown():
    facts = facts_of(SOUND, replace(SOUND, started_s=11.0))

    found = counts_finding(facts, compare(facts))

    assert found.verdict is Verdict.PASS
    assert found.statement == "Sender, receiver and kernel agree on 17860 datagrams."
    assert {e.name: e.value for e in found.evidence} == {
        "sent": "17860",
        "counted": "17860",
        "lost": "8",
        "counted by the receiver itself": "17860",
        "lost by the receiver itself": "8",
        "arrived": "17852",
        "sent by the kernel": "17870",
    }


CONTRADICTIONS = {
    "the seconds hold more than was sent": (
        {"sent": 8000, "counted": 8000, "server_total": 8000, "received_bytes": 7996 * 1400},
        "the seconds add up to 8930",
    ),
    "the seconds lost more than the whole": (
        {"lost": 1, "server_lost": 1, "received_bytes": 8929 * 1400},
        "the seconds add up to 4 lost",
    ),
    "the receiver says another loss": ({"server_lost": 28}, "datagrams lost: 4 as the client says, 28 as the receiver"),
    "the receiver says another total": ({"server_total": 8900}, "datagrams all: 8930 as the client says, 8900"),
    "too few bytes arrived": ({"received_bytes": 8902 * 1400}, "8926 datagrams arrived by sequence numbers, 8902"),
    "too many bytes arrived": ({"received_bytes": 8927 * 1400}, "8927 by bytes"),
    "loss is negative": ({"lost": -3, "server_lost": -3}, "-3 datagrams lost"),
    "more is lost than there was": ({"lost": 9000, "server_lost": 9000}, "9000 of 8930 datagrams lost cannot be"),
    "more was counted than sent": ({"sent": 8900}, "counted 8930 datagrams, 8900 were sent"),
    "out of order is negative": ({"out_of_order": -1}, "-1 out of order"),
    "nothing was sent": ({"sent": 0}, "no datagram was sent"),
    "datagrams have no size": ({"datagram_bytes": 0}, "the datagrams have 0 bytes"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_counts_that_contradict_one_another_carry_no_verdict(case):
    changes, words = CONTRADICTIONS[case]
    facts = facts_of(replace(SOUND, **changes))

    comparison = compare(facts)
    found = counts_finding(facts, comparison)

    assert not comparison.sound
    assert found.verdict is Verdict.INCONCLUSIVE
    assert words in found.statement


def test_a_kernel_that_sent_less_contradicts_the_sender():
    facts = facts_of(SOUND, before=UdpCounters(0, 0, 0), after=UdpCounters(8000, 0, 0))

    assert compare(facts).contradictions == ("iperf3 says 8930 datagrams were sent, the kernel sent 8000",)


@pytest.mark.parametrize("after", [None, UdpCounters(5, 0, 0)])
def test_kernel_counts_that_are_missing_or_ran_over_are_left_out(after):
    facts = facts_of(SOUND, before=UdpCounters(10, 0, 0), after=after)

    found = counts_finding(facts, compare(facts))

    assert found.statement == "Sender and receiver agree on 8930 datagrams."
    assert "sent by the kernel" not in {e.name for e in found.evidence}


def test_a_datagram_that_came_twice_may_come_on_top_of_the_bytes():
    piece = replace(SOUND, out_of_order=2, received_bytes=(8930 - 4 + 2) * 1400)

    assert compare(facts_of(piece)).contradictions == ()


def test_a_last_part_of_a_second_may_be_missing_from_the_seconds():
    short = replace(SOUND, intervals=SOUND.intervals[:3])

    assert compare(facts_of(short)).contradictions == ()


def test_a_single_count_is_no_evidence():
    facts = facts_of(replace(SOUND, server_lost=None, server_total=None, received_bytes=None))

    comparison = compare(facts)

    assert (comparison.second_count, comparison.sound) == (False, False)
    assert "counted once only" in counts_finding(facts, comparison).statement


def test_many_contradictions_are_told_in_part_and_the_piece_is_named():
    facts = facts_of(*[replace(SOUND, received_bytes=0) for _ in range(9)])

    statement = counts_finding(facts, compare(facts)).statement

    assert "piece 5: " in statement
    assert "piece 6: " not in statement
    assert statement.endswith("; and 4 more.")


@given(st.builds(
    Piece,
    *[st.floats(0, 60), st.floats(0, 60)],
    *[st.integers(-2, 3000), st.integers(-5, 10**7)],
    st.floats(0, 1e9),
    *[st.integers(-5, 10**7)] * 3,
    st.none() | st.integers(-5, 10**9),
    st.floats(0, 1e3),
    *[st.none() | st.integers(-5, 10**7)] * 2,
    st.just(()),
    st.text(max_size=12),
))  # fmt: skip
def test_no_piece_upsets_the_comparison(piece):
    facts = facts_of(piece)

    assert counts_finding(facts, compare(facts)).verdict in (Verdict.PASS, Verdict.INCONCLUSIVE)
