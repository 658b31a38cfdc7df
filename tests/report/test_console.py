from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console

from v2g_tool.errors import RequestError
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.quantified import Quantified
from v2g_tool.model.report import Report
from v2g_tool.report.console import show_report
from v2g_tool.report.page import Page
from v2g_tool.report.signing.keys import Signer

from .sample import FINDINGS, calibration, filled_folder, report_in, telemetry

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


def headline(text: str) -> str:
    """Give the line with the verdict of the run; it stands under all details."""
    return next(line for line in reversed(text.splitlines()) if re.match(r" [✓✗?•] ", line))


def test_the_verdict_comes_last_with_target_site_and_stamp(made: Report) -> None:
    assert headline(shown(made)).split() == ["✓", "PASS", "calibrate", "meter_01", "at", "bench", "TEST"]


@pytest.mark.parametrize(("signature", "stamp"), [("test", "TEST"), ("unsigned", "UNSIGNED"), ("signed", "bench")])
def test_the_stamp_follows_the_signature(made: Report, signature: str, stamp: str) -> None:
    assert headline(shown(made.model_copy(update={"signature": signature}))).split()[-1] == stamp


@pytest.mark.parametrize(
    ("verdict", "mark"),
    [
        ("pass", "✓ PASS"),
        ("fail", "✗ FAIL"),
        ("inconclusive", "? INCONCLUSIVE"),
        ("info", "• INFO"),
        ("skipped", "– SKIPPED"),
    ],
)
def test_each_verdict_has_a_glyph_and_a_word(made: Report, verdict: str, mark: str) -> None:
    report = made.model_copy(update={"verdict": Verdict(verdict), "findings": (finding(Verdict(verdict)),)})

    assert shown(report).count(mark) == 2


RANKED = (
    finding(Verdict.PASS, 1),
    finding(Verdict.SKIPPED, 2),
    finding(Verdict.INFO, 3, remedy="have a look"),
    finding(Verdict.FAIL, 4, corrected="put right", remedy="not needed"),
    finding(Verdict.INCONCLUSIVE, 5, remedy="look"),
    finding(Verdict.FAIL, 6),
    finding(Verdict.FAIL, 7, remedy="turn the clamp"),
    finding(Verdict.INCONCLUSIVE, 8, remedy="wait"),
)


def place(word: str, text: str) -> int:
    """Give where a word stands; it must be there once."""
    (found,) = re.finditer(rf"\b{word}\b", text)
    return found.start()


def test_the_worst_three_come_last_with_their_remedy_and_the_others_above_them(made: Report) -> None:
    text = shown(made.model_copy(update={"findings": RANKED, "sections": ()}))

    order = [place(f"s{severity}", text) for severity in (5, 4, 3, 2, 1)]
    last = [place(f"s{severity}", text) for severity in (7, 6, 8)]
    assert order == sorted(order)
    assert max(order) < text.index(headline(text)) < min(last)
    assert last == sorted(last)
    assert all(f"→ {remedy}" in text for remedy in ("turn the clamp", "wait", "look", "have a look"))
    assert "✗ FAIL, corrected" in text
    assert "put right" in text
    assert "not needed" not in text


@pytest.mark.parametrize(("severity", "last"), [(4, True), (3, False)])
def test_what_was_only_measured_is_on_the_last_screen_when_it_weighs(made: Report, severity: int, last: bool) -> None:
    findings = (finding(Verdict.PASS, 9), finding(Verdict.INFO, severity))

    text = shown(made.model_copy(update={"findings": findings, "sections": ()}))

    assert (place(f"s{severity}", text) > text.index(headline(text))) is last


def test_the_last_24_lines_hold_verdict_worst_findings_and_folder_whatever_the_report(made: Report) -> None:
    failed = finding(Verdict.FAIL, 9, remedy="Do it now. " * 14)
    long = [failed.model_copy(update={"statement": "It is. " * 99, "severity": n}) for n in (10, 9, 8)]
    report = made.model_copy(update={"findings": (*RANKED, *long), "sections": (calibration(POINTS),)})

    text = shown(report, Path("reports") / report.report_id)
    above, closing = text.split(headline(text))

    assert len(closing.splitlines()) < 24
    assert closing.count("✗ FAIL") == 3
    assert closing.splitlines()[-1] == f"Report  reports/{report.report_id}"
    assert closing.count("…") == 3
    assert closing.count("It is.") > 3 * 9, "two lines each"
    assert " ".join(closing.split()).count("Do it now.") == 14, "said once, for all three ask the same"
    assert " ".join(above.split()).count("It is.") == 3 * 99, "whole above"


def test_seven_load_points_are_readable_in_80_columns(made: Report) -> None:
    report = made.model_copy(update={"sections": (calibration(POINTS),)})

    lines = shown(report).splitlines()

    assert max(map(len, lines)) <= 80
    for point in POINTS:
        (row,) = (line for line in lines if line.startswith(f"{point} "))
        assert row.split()[-8:] == ["+1.420", "±", "0.061", "fail", "-0.014", "±", "0.061", "pass"]


def test_long_zone_names_stay_within_80_columns(made: Report) -> None:
    long = tuple(m.model_copy(update={"zone": "conditional fail"}) for m in calibration(POINTS).measured)
    report = made.model_copy(update={"sections": (calibration().model_copy(update={"measured": long}),)})

    text = shown(report)

    assert max(map(len, text.splitlines())) <= 80
    assert text.count("conditional") == 2 * len(POINTS)


def test_without_a_sum_the_phases_are_shown(made: Report) -> None:
    phases = tuple(m.model_copy(update={"subject": "L1", "limit": None}) for m in calibration().measured)
    report = made.model_copy(update={"sections": (calibration().model_copy(update={"measured": phases}),)})

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

    text = shown(made.model_copy(update={"sections": (fits,)}))

    assert "not enough points" in text
    assert "+1.402 % ± 2 mrad" in text


def test_a_report_without_calibration_or_findings_is_shown(made: Report) -> None:
    empty = calibration().model_copy(update={"measured": (), "fitted": (), "registers": (), "statement": ""})

    assert "meter_01 at bench" in shown(made.model_copy(update={"findings": (), "sections": ()}))
    assert "PASS" in shown(made.model_copy(update={"findings": FINDINGS, "sections": (empty,)}))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_telemetry_section_is_shown_in_80_columns(made: Report, encoding: str) -> None:
    report = made.model_copy(
        update={"sections": (telemetry(),), "procedure": "throughput", "target": "telemetry-srv:5201"}
    )

    text = shown(report, encoding=encoding)
    rows = [" ".join(line.replace("|", " ").split()) for line in text.splitlines()]

    assert max(map(len, text.splitlines())) <= 80
    assert any(row.endswith("PASS throughput telemetry-srv:5201 at bench TEST") for row in rows)
    assert "Telemetry to telemetry-srv:5201" in rows
    assert "30 s of load in 3 pieces, 401 round trips." in rows
    assert "Rate 10.000 Mbit/s sent, 10.000 Mbit/s received 10 Mbit/s" in rows
    assert "Packet 1428 B 1428 B" in rows
    assert "Round trips 398 by ICMP echo, 1 unanswered" in rows
    assert any(row.startswith("Loss 0.0") and row.endswith("0.1 %") for row in rows)
    assert any(row.endswith("longest no answer") for row in rows)


def test_a_telemetry_section_without_numbers_is_no_table(made: Report) -> None:
    empty = telemetry().model_copy(update={"loss": None, "round_trips": None, "path": None, "programs": ()})

    assert "Limit" not in shown(made.model_copy(update={"sections": (empty,)}))


def test_files_and_fingerprint_are_shown(bundle: Path, signer: Signer) -> None:
    report = report_in((bundle / "report.json").read_bytes())

    text = shown(report, bundle)

    assert signer.fingerprint in text
    assert all(name in text for name in ("report.json.p7s", "VERIFY.txt", "evidence.jsonl", "waveform.csv"))
    assert bundle.name in text.replace("\n", "").replace(" ", "")


def test_colour_adds_nothing_that_words_do_not_say(made: Report) -> None:
    coloured = shown(made, colour=True)

    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == shown(made)


EVIL = "[red]x[/red] [link=http://x]y[/link] :smile: \x1b[2J\x1b]0;owned\x07 \u202egnp.exe\r\nPASS \x9b31m"


def test_text_from_outside_is_neither_markup_nor_terminal_control(made: Report) -> None:
    evil = finding(Verdict.FAIL, remedy=EVIL).model_copy(update={"statement": EVIL, "subject": EVIL})
    register = calibration().registers[0].model_copy(update={"name": EVIL, "as_found": EVIL})
    part = calibration().model_copy(update={"registers": (register,), "target": EVIL, "statement": EVIL})

    text = shown(made.model_copy(update={"findings": (evil,), "sections": (part,), "procedure": EVIL}), width=400)

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
    page = Page(Console(width=80, color_system=None))
    page.error(RequestError("what [b]is[/b]\x1b[0m", why="why", todo="do"))
    page.error(RequestError("only this"))

    assert capsys.readouterr().out.splitlines() == ["✗ what [b]is[/b]?[0m", "  why", "→ do", "✗ only this"]
