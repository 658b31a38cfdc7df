"""What a run comes to: a pass needs the whole of it and sound counts, a fail needs sound counts."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from v2g_tool.backhaul import checks
from v2g_tool.backhaul.rules.facts import TelemetryFacts, TelemetryLimits, telemetry_limits
from v2g_tool.backhaul.rules.verdict import judge, look_at, stand
from v2g_tool.model.check import checks_of
from v2g_tool.model.findings import Verdict, overall
from v2g_tool.model.site.site import SiteLimits
from v2g_tool.model.telemetry import PathSize, Responder, ResponderKind, Trouble, TroubleKind

from .telemetry_sample import echoes_of, facts_of, piece_of

LIMITS = TelemetryLimits()
CLEAN = piece_of([], 30)
LOSSY = piece_of([9] * 30, 30)
IPERF3 = Responder("iperf3", "asks for parameters", "192.0.2.1")
WHOLE = facts_of(
    CLEAN, responder=IPERF3, path=PathSize(1500, 1500, "proven"), echoes=echoes_of([4.0] * 300), echo_kind="icmp"
)


def verdicts(facts, look=1):
    return {finding.check: finding.verdict for finding in judge(facts, LIMITS, look)}


def loss(facts, look=1):
    return next(finding for finding in judge(facts, LIMITS, look) if finding.check == "NET-LOSS")


def test_a_clean_run_passes_with_everything_said():
    findings = judge(WHOLE, LIMITS, 1)

    assert overall(findings) is Verdict.PASS
    assert {f.check for f in findings if f.verdict is Verdict.PASS} == {
        *("NET-RESPONDER", "NET-LOSS", "NET-COUNTS", "NET-VERSIONS", "NET-RATE", "NET-LATENCY", "NET-FRAGMENT")
    }
    assert {f.check for f in findings if f.verdict is Verdict.INFO} == {"NET-JITTER", "NET-REORDER", "NET-BURST"}
    assert all(f.subject == "telemetry-srv:5201" for f in findings)


def test_every_finding_is_in_the_catalogue_and_every_entry_is_used():
    seen = set(verdicts(WHOLE))
    for kind in get_args(TroubleKind):
        seen |= set(verdicts(replace(WHOLE, trouble=Trouble(kind, "as printed"), interrupted=True)))

    assert seen == {check.id for check in checks_of(checks)}


def test_a_lossy_run_fails():
    assert loss(facts_of(LOSSY)).verdict is Verdict.FAIL
    assert loss(facts_of(LOSSY)).remedy == checks.LOSS.remedy
    assert stand(facts_of(LOSSY), LIMITS, 1) is Verdict.FAIL


CUT_SHORT = {
    "trouble": {"trouble": Trouble("died", "control socket has closed unexpectedly")},
    "interrupted": {"interrupted": True},
    "slow": {"pieces": (replace(CLEAN, sent_bits_per_s=5e6),)},
    "silent about late and double ones": {"pieces": (replace(CLEAN, server_lost=None, server_total=None),)},
}


@pytest.mark.parametrize("case", CUT_SHORT)
def test_what_is_not_the_whole_never_passes_but_is_reported(case):
    found = loss(replace(WHOLE, **CUT_SHORT[case]))

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "0 of 26790 datagrams lost" in found.statement
    assert "No verdict: " in found.statement


def test_losses_in_too_few_seconds_do_not_pass_and_none_at_all_may():
    limits = TelemetryLimits(loss_ratio=0.1)

    assert look_at(facts_of(piece_of([1], 3)), limits, 1).verdict is Verdict.INCONCLUSIVE
    assert look_at(facts_of(piece_of([1], 4)), limits, 1).verdict is Verdict.PASS
    assert look_at(facts_of(piece_of([], 3)), limits, 1).verdict is Verdict.PASS


def test_what_is_not_the_whole_may_fail():
    for changes in CUT_SHORT.values():
        facts = replace(facts_of(LOSSY), **changes)
        slow = replace(facts, pieces=tuple(replace(LOSSY, sent_bits_per_s=p.sent_bits_per_s) for p in facts.pieces))
        assert loss(slow).verdict is Verdict.FAIL


WITHHELD = {
    "NET-COUNTS": {"server_lost": 12},
    "NET-VERSIONS": {"client": "iperf 3.21", "server_lost": None},
    "NET-FRAGMENT": {"datagram_bytes": 1400},
}


@pytest.mark.parametrize("check", WITHHELD)
@pytest.mark.parametrize("piece", [CLEAN, LOSSY], ids=["clean", "lossy"])
def test_unsound_counts_carry_neither_pass_nor_fail(check, piece):
    facts = facts_of(replace(piece, **WITHHELD[check]), path=PathSize(1400, None, "") if "FRAG" in check else None)

    now = look_at(facts, LIMITS, 1)
    found = loss(facts)

    assert check in now.withheld
    assert now.wanted is None
    assert stand(facts, LIMITS, 1) is found.verdict is Verdict.INCONCLUSIVE
    assert f"({check})" in found.statement
    assert verdicts(facts)[check] is not Verdict.PASS


def test_a_pair_that_hides_losses_is_judged_by_the_receivers_own_count():
    hidden = replace(LOSSY, client="iperf 3.21", lost=0)

    assert loss(facts_of(hidden)).verdict is Verdict.FAIL


def test_too_few_datagrams_are_said_to_be_too_few():
    found = loss(facts_of(piece_of([], 3)))

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "Too few datagrams to say: even without a loss it takes 4380 independent ones." in found.statement
    assert found.remedy == "Run again with a longer --max-time."


def test_a_limit_within_the_interval_is_said_and_how_many_datagrams_may_decide():
    facts = facts_of(piece_of([1] * 24, 30))
    now = look_at(facts, LIMITS, 2)

    assert now.verdict is Verdict.INCONCLUSIVE
    assert now.wanted is not None
    assert now.wanted > 26790
    assert "The limit lies within the interval." in loss(facts, 2).statement


def test_bursts_are_said():
    assert "Losses come in bursts: the datagrams count as" in loss(facts_of(piece_of([0, 20], 30))).statement


def test_before_anything_was_measured_nothing_is_decided():
    now = look_at(TelemetryFacts("h", 502), LIMITS, 1)

    assert (now.verdict, now.withheld) == (Verdict.INCONCLUSIVE, "nothing was measured")
    assert judge(TelemetryFacts("h", 502), LIMITS, 0) == ()


@pytest.mark.parametrize("kind", get_args(ResponderKind))
def test_every_answer_has_its_statement_and_only_iperf3_passes(kind):
    facts = TelemetryFacts("telemetry-srv", 5201, responder=Responder(kind, "what it said", "192.0.2.1"))

    (found,) = judge(facts, LIMITS, 0)

    assert found.check == "NET-RESPONDER"
    assert found.verdict is (Verdict.PASS if kind == "iperf3" else Verdict.INCONCLUSIVE)
    assert "telemetry-srv:5201" in found.statement
    assert ("no load was sent" in found.statement) is (kind != "iperf3")
    assert bool(found.remedy) is (kind != "iperf3")
    assert len(found.remedy) <= 160
    assert [e.value for e in found.evidence] == ["what it said", "192.0.2.1"]


def test_each_answer_has_its_own_remedy_or_names_its_own_reason():
    said = {
        judge(TelemetryFacts("h", 1, responder=Responder(kind, "")), LIMITS, 0)[0].statement
        for kind in get_args(ResponderKind)
    }

    assert len(said) == len(get_args(ResponderKind))


def test_iperf3_on_the_port_of_modbus_passes_with_a_note():
    (found,) = judge(TelemetryFacts("h", 502, responder=IPERF3), LIMITS, 0)

    assert found.verdict is Verdict.PASS
    assert "Port 502 is the one of Modbus/TCP" in found.statement


def test_a_live_modbus_device_gets_no_load_and_its_transactions_may_be_judged():
    facts = TelemetryFacts(
        "h", 502, responder=Responder("modbus", "device id"), echoes=echoes_of([20.0] * 400), echo_kind="modbus"
    )

    found = {f.check: f for f in judge(facts, LIMITS, 0)}

    assert set(found) == {"NET-RESPONDER", "NET-LATENCY"}
    assert found["NET-RESPONDER"].statement.startswith("A live Modbus device answers at h:502: no load was sent")
    assert found["NET-LATENCY"].verdict is Verdict.INCONCLUSIVE, "without load nothing passes"


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("busy", "NET-BUSY"),
        ("refused", "NET-REFUSED"),
        ("unreachable", "NET-UNREACHABLE"),
        ("unknown-host", "NET-NAME"),
        ("died", "NET-SERVER-DIED"),
        ("silent", "NET-SERVER-SILENT"),
        ("udp-blocked", "NET-UDP-BLOCKED"),
        ("rejected", "NET-IPERF3"),
        ("unreadable", "NET-IPERF3"),
    ],
)
def test_each_trouble_has_its_finding_and_ends_inconclusive(kind, check):
    facts = TelemetryFacts("h", 5201, responder=IPERF3, trouble=Trouble(kind, "what iperf3 said"))

    found = {f.check: f for f in judge(facts, LIMITS, 0)}

    assert found[check].verdict is Verdict.INCONCLUSIVE
    assert found[check].evidence[0].value == "what iperf3 said"
    assert overall(found.values()) is Verdict.INCONCLUSIVE


def test_a_run_that_was_stopped_says_how_much_was_measured():
    found = {f.check: f for f in judge(replace(WHOLE, interrupted=True), LIMITS, 1)}

    assert found["NET-INTERRUPTED"].statement == "The run was stopped before its end. 30 s were measured before."


@pytest.mark.parametrize(("host", "target"), [("fd00::5", "[fd00::5]:502"), ("10.0.0.1", "10.0.0.1:502")])
def test_the_target_reads_as_an_address_does(host, target):
    assert TelemetryFacts(host, 502).target == target


def test_the_limits_of_a_site_become_si_units():
    assert telemetry_limits(SiteLimits(), 10) == LIMITS
