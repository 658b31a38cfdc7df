from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console

from v2g_tool.errors import RequestError
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.quantified import Quantified
from v2g_tool.model.report import Clock, Report
from v2g_tool.report.console import show_error, show_report
from v2g_tool.report.signing.keys import Signer

from .sample import FINDINGS, calibration, filled_folder, telemetry

POINTS = ("idle", *(f"{way} {share:>3} % I_max" for way in ("import", "export") for share in (5, 20, 100)))


def shown(
    report: Report, folder: Path | None = None, width: int = 80, encoding: str = "utf-8", colour: bool = False
) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    system: Literal["standard"] | None = "standard" if colour else None
    show_report(report, Console(file=stream, width=width, color_system=system, force_terminal=colour), folder)
    return raw.getvalue().decode(encoding)


@pytest.fixture
def made(tmp_path: Path) -> Report:
    return filled_folder(tmp_path / "made")[1]


def finding(verdict: Verdict, severity: int = 5, **more: str) -> Finding:
    return Finding(check="CAL-X", subject="m", verdict=verdict, severity=severity, statement=f"s{severity}", **more)


def test_the_first_line_is_verdict_target_site_and_stamp(made: Report) -> None:
    assert shown(made).splitlines()[0].split() == ["✓", "PASS", "calibrate", "meter_01", "at", "bench", "TEST"]


@pytest.mark.parametrize(("signature", "stamp"), [("test", "TEST"), ("unsigned", "UNSIGNED"), ("signed", "bench")])
def test_the_stamp_follows_the_signature(made: Report, signature: str, stamp: str) -> None:
    headline = shown(made.model_copy(update={"signature": signature})).splitlines()[0]

    assert headline.split()[-1] == stamp


@pytest.mark.parametrize(
    ("verdict", "mark"),
    [("pass", "✓ PASS"), ("fail", "✗ FAIL"), ("inconclusive", "? INCONCLUSIVE"), ("skipped", "– SKIPPED")],
)
def test_each_verdict_has_a_glyph_and_a_word(made: Report, verdict: str, mark: str) -> None:
    report = made.model_copy(update={"verdict": Verdict(verdict), "findings": (finding(Verdict(verdict)),)})

    assert shown(report).count(mark) == 2


def test_findings_come_with_the_worst_first_and_their_remedy(made: Report) -> None:
    findings = (
        finding(Verdict.PASS, 1),
        finding(Verdict.SKIPPED, 2),
        finding(Verdict.FAIL, 3, corrected="put right", remedy="not needed"),
        finding(Verdict.INCONCLUSIVE, 4, remedy="look"),
        finding(Verdict.FAIL, 5, remedy="turn the clamp"),
        finding(Verdict.FAIL, 6),
    )

    text = shown(made.model_copy(update={"findings": findings, "calibration": None}))

    order = [text.index(f"s{severity}") for severity in (6, 5, 4, 3, 2, 1)]
    assert order == sorted(order)
    assert "→ turn the clamp" in text
    assert "✗ FAIL, corrected" in text
    assert "put right" in text
    assert "not needed" not in text


def test_seven_load_points_are_readable_in_80_columns(made: Report) -> None:
    report = made.model_copy(update={"calibration": calibration(POINTS)})

    lines = shown(report).splitlines()

    assert max(map(len, lines)) <= 80
    for point in POINTS:
        (row,) = (line for line in lines if line.startswith(f"{point} "))
        assert row.split()[-8:] == ["+1.420", "±", "0.061", "fail", "-0.014", "±", "0.061", "pass"]


def test_long_zone_names_stay_within_80_columns(made: Report) -> None:
    long = tuple(m.model_copy(update={"zone": "conditional fail"}) for m in calibration(POINTS).measured)
    report = made.model_copy(update={"calibration": calibration().model_copy(update={"measured": long})})

    text = shown(report)

    assert max(map(len, text.splitlines())) <= 80
    assert text.count("conditional") == 2 * len(POINTS)


def test_without_a_sum_the_phases_are_shown(made: Report) -> None:
    phases = tuple(m.model_copy(update={"subject": "L1", "limit": None}) for m in calibration().measured)
    report = made.model_copy(update={"calibration": calibration().model_copy(update={"measured": phases})})

    assert "charge 6 kW L1" in shown(report)


def test_the_fit_and_the_registers_are_shown(made: Report) -> None:
    text = shown(made)

    assert "+1.402 ± 0.060 %" in text
    assert "10000 → 9862" in text
    assert "not written" in text


def test_a_fit_without_a_number_shows_its_statement(made: Report) -> None:
    bare = calibration().fitted[0].model_copy(update={"error": None, "statement": "not enough points"})
    bounded = calibration().fitted[0].model_copy(update={"expanded_uncertainty": None})
    turned = calibration().fitted[0].model_copy(update={"expanded_uncertainty": Quantified(value="2", unit="mrad")})
    fits = calibration().model_copy(update={"fitted": (bare, bounded, turned)})

    text = shown(made.model_copy(update={"calibration": fits}))

    assert "not enough points" in text
    assert "+1.402 % ± 2 mrad" in text


def test_a_report_without_calibration_or_findings_is_shown(made: Report) -> None:
    empty = calibration().model_copy(update={"measured": (), "fitted": (), "registers": (), "statement": ""})

    assert "evse_01 at bench" in shown(made.model_copy(update={"findings": (), "calibration": None}))
    assert "PASS" in shown(made.model_copy(update={"findings": FINDINGS, "calibration": empty}))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_telemetry_section_is_shown_in_80_columns(made: Report, encoding: str) -> None:
    report = made.model_copy(update={"calibration": None, "telemetry": telemetry(), "procedure": "throughput"})

    text = shown(report, encoding=encoding)
    rows = [" ".join(line.replace("|", " ").split()) for line in text.splitlines()]

    assert max(map(len, text.splitlines())) <= 80
    assert rows[0].endswith("PASS throughput telemetry-srv:5201 at bench TEST")
    assert "Telemetry to telemetry-srv:5201: 30 s of load in 3 pieces, 401 round trips." in rows
    assert "Rate 10.000 Mbit/s sent, 10.000 Mbit/s received 10 Mbit/s" in rows
    assert "Packet 1428 B 1428 B" in rows
    assert "Round trips 398 by ICMP echo, 1 unanswered" in rows
    assert any(row.startswith("Loss 0.0") and row.endswith("0.1 %") for row in rows)
    assert any(row.endswith("longest no answer") for row in rows)


def test_a_telemetry_section_without_numbers_is_no_table(made: Report) -> None:
    empty = telemetry().model_copy(update={"loss": None, "round_trips": None, "path": None, "programs": ()})

    assert "Limit" not in shown(made.model_copy(update={"calibration": None, "telemetry": empty}))


def test_files_and_fingerprint_are_shown(bundle: Path, signer: Signer) -> None:
    report = Report.model_validate_json((bundle / "report.json").read_bytes())

    text = shown(report, bundle)

    assert signer.fingerprint in text
    assert all(name in text for name in ("report.json.p7s", "VERIFY.txt", "evidence.jsonl", "waveform.csv"))
    assert bundle.name in text.replace("\n", "").replace(" ", "")


def test_an_unsynchronised_clock_is_said(made: Report) -> None:
    clock = Clock(synchronised=None, statement="no time service found")

    assert "no time service found" in shown(made.model_copy(update={"clock": clock}))


def test_colour_adds_nothing_that_words_do_not_say(made: Report) -> None:
    import re

    coloured = shown(made, colour=True)

    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == shown(made)


EVIL = "[red]x[/red] [link=http://x]y[/link] :smile: \x1b[2J\x1b]0;owned\x07 \u202egnp.exe\r\nPASS \x9b31m"


def test_text_from_outside_is_neither_markup_nor_terminal_control(made: Report) -> None:
    evil = finding(Verdict.FAIL, remedy=EVIL).model_copy(update={"statement": EVIL, "subject": EVIL})
    register = calibration().registers[0].model_copy(update={"name": EVIL, "as_found": EVIL})
    part = calibration().model_copy(update={"registers": (register,), "target": EVIL, "statement": EVIL})

    text = shown(made.model_copy(update={"findings": (evil,), "calibration": part, "procedure": EVIL}), width=400)

    assert "[red]x[/red] [link=http://x]y[/link] :smile: ?[2J?]0;owned? ?gnp.exe PASS ?31m" in text
    assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_without_unicode_gets_words_and_plain_signs(made: Report, bundle: Path, encoding: str) -> None:
    text = shown(made, bundle, encoding=encoding)

    assert "PASS" in text
    assert "FAIL, corrected" in text
    if encoding == "ascii":
        assert "+1.420 +/- 0.061" in text
        assert "10000 -> 9862" in text


def test_an_error_is_three_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show_error(RequestError("what [b]is[/b]\x1b[0m", why="why", todo="do"), Console(width=80, color_system=None))
    show_error(RequestError("only this"), Console(width=80, color_system=None))

    assert capsys.readouterr().out.splitlines() == ["✗ what [b]is[/b]?[0m", "  why", "→ do", "✗ only this"]
