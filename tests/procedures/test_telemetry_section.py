"""The telemetry section of a report: numbers as text with units, and nothing where nothing is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.telemetry_sample import echoes_of, facts_of, piece_of
from v2g_tool.backhaul.rules.facts import TelemetryFacts, TelemetryLimits
from v2g_tool.backhaul.section import Telemetry
from v2g_tool.backhaul.work.summary import telemetry_section
from v2g_tool.model.telemetry import PathSize, Responder, Trouble

LIMITS = TelemetryLimits()
FACTS = facts_of(
    piece_of([0, 1, 0, 1, 1, 1], 10),
    piece_of([], 10, 11.0),
    responder=Responder("iperf3", "iperf3 asks for parameters", "192.0.2.1"),
    echoes=echoes_of([5.0] * 300 + [None]),
    echo_kind="icmp",
    path=PathSize(1500, 1428, "whole"),
)


def section(facts: TelemetryFacts = FACTS, look: int = 1) -> Telemetry:
    return telemetry_section(facts, LIMITS, look)


def text(quantity: object) -> str:
    return f"{quantity.value} {quantity.unit}" if quantity is not None else ""


def test_loss_has_its_interval_its_limit_and_its_rule():
    loss = section().loss

    assert (loss.sent, loss.lost, loss.unaccounted, loss.out_of_order) == (17_860, 4, 0, 0)
    assert [text(q) for q in (loss.ratio, loss.lower, loss.upper, loss.limit, loss.confidence)] == [
        *("0.02240 %", "0.00493 %", "0.06314 %", "0.1 %", "97.5 %")
    ]
    assert (loss.look, loss.effective) == (1, None)
    assert "Clopper-Pearson" in loss.decision_rule


def test_bursts_show_the_effective_number():
    loss = section(facts_of(piece_of([0, 20], 30))).loss

    assert loss.effective is not None
    assert loss.effective < loss.sent / 10


def test_rates_jitter_bursts_path_and_programs_are_there():
    found = section()

    assert [text(q) for q in (found.asked_rate, found.sent_rate, found.received_rate, found.datagram)] == [
        *("10 Mbit/s", "10.000 Mbit/s", "9.999 Mbit/s", "1400 B")
    ]
    assert (text(found.jitter), text(found.worst_jitter), text(found.duration)) == ("0.012 ms", "0.019 ms", "20.0 s")
    assert (found.pieces, found.burst_least, found.burst_most) == (2, 1, 3)
    assert [text(q) for q in (found.path.packet, found.path.route, found.path.proven)] == ["1428 B", "1500 B", "1428 B"]
    assert found.programs == ("iperf 3.12 to iperf 3.12",)
    assert found.target == "telemetry-srv:5201"
    assert found.responder == "iperf3 asks for parameters"


def test_round_trips_have_percentiles_and_no_number_where_there_was_no_answer():
    trips = section().round_trips

    assert (trips.kind, trips.asked, trips.unanswered, trips.judged) == (
        "ICMP echo",
        282,
        1,
        "99",
    )  # 19 lie between the pieces
    assert [(p.percentile, text(p.time)) for p in trips.points] == [
        *(("50", "5.000 ms"), ("90", "5.000 ms"), ("99", "5.000 ms"), ("99.9", ""), ("100", ""))
    ]
    assert (text(trips.lower), trips.upper, text(trips.limit)) == ("5.000 ms", None, "100 ms")


@pytest.mark.parametrize(
    ("changes", "statement"),
    [
        ({}, "20 s of load in 2 pieces, 301 round trips."),
        ({"pieces": (piece_of([], 10),)}, "10 s of load in 1 piece, 301 round trips."),
        (
            {"trouble": Trouble("died", ""), "echoes": ()},
            "20 s of load in 2 pieces, no round trip measured. The measurement did not come to its end.",
        ),
        (
            {"interrupted": True, "pieces": ()},
            "No piece of load came to its end, 301 round trips. The measurement did not come to its end.",
        ),
    ],
)
def test_what_was_measured_is_said_in_a_sentence(changes, statement):
    assert section(replace(FACTS, **changes)).statement == statement


def test_nothing_measured_is_a_section_without_numbers():
    found = section(TelemetryFacts("h", 502), 0)

    assert (found.loss, found.round_trips, found.path, found.jitter, found.sent_rate, found.datagram) == (None,) * 6
    assert Telemetry.model_validate_json(found.model_dump_json()) == found
