"""Findings and their overall verdict, channels, quantities as text, and the bytes that are signed."""

from __future__ import annotations

import json
import math

import pytest

from v2g_tool.model.findings import Finding, Verdict, overall
from v2g_tool.model.quantified import Quantified, quantified
from v2g_tool.model.quantities import SUM, UNITS, Channel, PhaseMeans, Quantity, Reading
from v2g_tool.model.report import Clock, EvidenceChain, Report, SiteRecord, Tool

PASS, FAIL, INCONCLUSIVE, SKIPPED = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.SKIPPED


def finding(verdict: Verdict, corrected: str = "", **changes: object) -> Finding:
    facts = {"check": "CAL-ERROR", "subject": "meter_01", "severity": 8, "statement": "error +1.420 %"}
    return Finding.model_validate(facts | {"verdict": verdict, "corrected": corrected} | changes)


# The verdict of a run


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        ((), INCONCLUSIVE),
        ((SKIPPED,), INCONCLUSIVE),
        ((SKIPPED, SKIPPED), INCONCLUSIVE),
        ((PASS,), PASS),
        ((PASS, PASS), PASS),
        ((PASS, SKIPPED), PASS),
        ((INCONCLUSIVE,), INCONCLUSIVE),
        ((PASS, INCONCLUSIVE), INCONCLUSIVE),
        ((INCONCLUSIVE, SKIPPED), INCONCLUSIVE),
        ((FAIL,), FAIL),
        ((PASS, FAIL), FAIL),
        ((FAIL, INCONCLUSIVE), FAIL),
        ((INCONCLUSIVE, FAIL, PASS, SKIPPED), FAIL),
    ],
)
def test_the_overall_verdict_is_the_worst_that_was_judged(verdicts: tuple[Verdict, ...], verdict: Verdict) -> None:
    assert overall(finding(v) for v in verdicts) is verdict


def test_a_failure_that_was_put_right_in_the_same_run_does_not_fail_the_run() -> None:
    assert overall([finding(FAIL, corrected="Gain set, error now 0.01 %."), finding(PASS)]) is PASS


def test_another_failure_beside_a_corrected_one_fails_the_run() -> None:
    assert overall([finding(FAIL, corrected="Gain set."), finding(FAIL)]) is FAIL


@pytest.mark.parametrize("check", ["CAL-ERROR", "PLC-SNR-3", "HOST-CLOCK"])
def test_a_check_has_a_stable_id(check: str) -> None:
    assert finding(PASS, check=check).check == check


@pytest.mark.parametrize("check", ["", "CAL", "CAL-", "cal-error", "XYZ-ERROR", "CAL-error", "CAL-ERROR x"])
def test_a_check_without_a_known_id_is_refused(check: str) -> None:
    with pytest.raises(ValueError, match="check"):
        finding(PASS, check=check)


@pytest.mark.parametrize("severity", [0, 11])
def test_a_severity_outside_one_to_ten_is_refused(severity: int) -> None:
    with pytest.raises(ValueError, match="severity"):
        finding(PASS, severity=severity)


# Channels


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("P.1", Channel(Quantity.ACTIVE_POWER, 1)),
        ("U.3", Channel(Quantity.VOLTAGE, 3)),
        ("P.sum", Channel(Quantity.ACTIVE_POWER, SUM)),
        ("WH_IMP.sum", Channel(Quantity.ENERGY_IMPORT)),
        ("PF.2", Channel(Quantity.POWER_FACTOR, 2)),
    ],
)
def test_a_channel_is_parsed_and_written_the_same(text: str, channel: Channel) -> None:
    assert Channel.parse(text) == channel
    assert str(channel) == text


@pytest.mark.parametrize("text", ["", "P", "P.", "P.0", "P.4", "P.-1", "P.1.1", "p.1", "X.1", ".1", "P.sum ", "P.SUM"])
def test_what_names_no_channel_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"channel|Quantity"):
        Channel.parse(text)


def test_every_quantity_has_a_unit() -> None:
    assert set(UNITS) == set(Quantity)


def test_a_reading_is_as_old_as_the_middle_of_its_exchange() -> None:
    reading = Reading({Channel(Quantity.VOLTAGE, 2): 231.0, Channel(Quantity.VOLTAGE, 1): 230.0}, 10.0, 10.5)

    assert [(str(s.channel), s.value, s.at_s) for s in reading.samples()] == [
        ("U.1", 230.0, 10.25),
        ("U.2", 231.0, 10.25),
    ]


def test_tan_phi_without_active_power_is_infinite() -> None:
    assert math.isinf(PhaseMeans(230.0, 1.0, 0.0, 230.0).tan_phi)


def test_complex_power_is_active_and_reactive_power() -> None:
    means = PhaseMeans(230.0, 10.0, 2300.0, -100.0)

    assert means.complex_power_va == 2300 - 100j
    assert means.tan_phi == pytest.approx(-100 / 2300)


# Numbers as text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.4249, 2, "0.42"),
        (-0.4251, 3, "-0.425"),
        (230, 1, "230.0"),
        (6000.4, 0, "6000"),
        (0.0, 3, "0.000"),
        (-0.0, 3, "0.000"),
        (-0.0004, 3, "0.000"),
        (-0.0006, 3, "-0.001"),
        (1e15, 1, "1000000000000000.0"),
    ],
)
def test_a_number_is_written_with_its_decimals(value: float, digits: int, text: str) -> None:
    assert quantified(value, "%", digits) == Quantified(value=text, unit="%")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_written_as_one(value: float) -> None:
    with pytest.raises(ValueError, match="value"):
        quantified(value, "%", 3)


@pytest.mark.parametrize("text", ["", "nan", "1,5", "+1.5", ".5", "5.", "1 000", "0x10", "1.5\n", "٣"])
def test_a_text_that_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="value"):
        Quantified(value=text, unit="%")


# The bytes that are signed


def report(**changes: object) -> Report:
    facts: dict[str, object] = {
        "schema": "v2g-report/1",
        "report_id": "bench-calibrate-20261122T103000Z-0badcafe",
        "procedure": "calibrate",
        "target": "meter_01",
        "verdict": "pass",
        "started_utc": "2026-11-22T10:20:00Z",
        "ended_utc": "2026-11-22T10:29:59Z",
        "clock": Clock(synchronised=True, statement="synchronised"),
        "tool": Tool(name="v2g-tool", version="0.1.0"),
        "signature": "test",
        "site": SiteRecord(name="bench", bench=True, sha256="a" * 64),
        "instruments": (),
        "findings": (),
        "sections": (),
        "evidence": EvidenceChain(sha256="b" * 64, first_sha256="c" * 64, last_sha256="d" * 64, records=3),
    }
    return Report.model_validate(facts | changes)


def test_the_signed_bytes_are_canonical_json() -> None:
    content = report().canonical_bytes()

    in_order = json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert content == in_order.encode()


def test_the_signed_bytes_use_the_names_of_the_schema() -> None:
    content = json.loads(report().canonical_bytes())

    assert content["schema"] == "v2g-report/1"
    assert "schema_" not in content


def test_letters_beyond_ascii_are_signed_as_utf_8() -> None:
    content = report(clock=Clock(synchronised=False, statement="±2 s, φ")).canonical_bytes()

    assert "±2 s, φ".encode() in content


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_no_bytes_are_made_of_what_is_no_number(number: float) -> None:
    smuggled = report().model_copy(update={"procedure": number})

    with pytest.raises((ValueError, TypeError, UserWarning)):
        smuggled.canonical_bytes()


def test_a_report_cannot_be_changed() -> None:
    made = report()

    with pytest.raises(ValueError, match="frozen"):
        made.verdict = Verdict.FAIL  # type: ignore[misc]


def test_a_report_of_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema"):
        report(schema="v2g-report/4")


def test_a_report_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValueError, match="Extra inputs"):
        report(comment="looks good")
