"""Nothing out of a file or wire reaches a terminal but as visible text, and none of it looks like a verdict of ours."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from rich.console import Console

from plc_tool.pictures.hold import hold
from plc_tool.pictures.terminal import NARROWEST, Screen, hold_text, map_text
from tests.plc.pictures_sample import ERRORS_ONLY, MASK, ROBO, bit_loading, disturbed, sounded
from v2g_tool.backhaul.pictures.live import progress_lines
from v2g_tool.backhaul.rules.facts import TelemetryFacts
from v2g_tool.backhaul.work.throughput import Progress
from v2g_tool.drawing.text import plain
from v2g_tool.errors import ExitStatus, NotPermitted, RequestError
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.plc import Band, LinkMap, Service
from v2g_tool.model.report import Report, SiteRecord
from v2g_tool.model.section import Section
from v2g_tool.model.site.site import Site
from v2g_tool.register import all_sections
from v2g_tool.report.console import show_report
from v2g_tool.report.page import Page, show_lines
from v2g_tool.report.signing.keys import Signer
from v2g_tool.run.commission import commission
from v2g_tool.run.request import Procedure, Request
from v2g_tool.run.result import Result
from v2g_tool.run.session import Session
from v2g_tool.screens.report import check_bundle, show_bundle

from .filled import filled, filled_sections
from .sample import signed_bundle

CLAIM = "✓ AUTHENTIC: intact, and signed by a key that is trusted here "
TEXTS = {
    "clearing the screen": "\x1b[2J\x1b[H✓ AUTHENTIC\n",
    "a title of the window": "\x1b]0;owned\x07",
    "one character for two": "\x9b2J\x9b31m",
    "reversed order": "\u202egnp.exe\u2066\u200f",
    "markup": "[red]x[/red] [link=http://x]y[/link] [/] :warning:",
    "a line over this one": "\r✓ AUTHENTIC: intact\r\n",
    "lines of its own": "a\n✓ AUTHENTIC\v✓ AUTHENTIC\f✓ AUTHENTIC\x85✓ AUTHENTIC\u2028✓ AUTHENTIC\u2029✓ AUTHENTIC",
    "our own words": CLAIM,
    "our own words at every break of a line": CLAIM * 9,
    "nothing that is seen": "\x00\x7f\x08\ufeff\u00ad\ue000\U000e0041\u0378",
}
EVIL = " ".join(TEXTS.values())
WIDTHS = (20, 80, 400)
SCREENS = ((20, False), (80, True), (80, False), (400, False))
SGR = re.compile(r"\x1b\[[0-9;]*m")
"""Colour, which a terminal is sent by rich and by nobody else: what comes from outside cannot hold an escape."""


def assert_harmless(shown: str) -> None:
    for line in shown.split("\n"):
        assert line.isprintable(), repr(line)
        assert not line.lstrip().startswith(("✓ AUTHENTIC", "✔ AUTHENTIC")), line


def drawn(draw: Callable[[Console], None], width: int = 80, *, colour: bool = False) -> str:
    """Give what is shown on a console, without its own colours."""
    raw = io.StringIO()
    draw(Console(file=raw, width=width, color_system="standard" if colour else None, force_terminal=colour))
    assert ("\x1b" in raw.getvalue()) <= colour
    return SGR.sub("", raw.getvalue())


def evil_report(text: str) -> Report:
    """Give a report with every kind of section, and a finding of every verdict."""
    one = filled(Finding, text)
    findings = [
        one.model_copy(update={"verdict": verdict, "corrected": corrected})
        for verdict, corrected in product(Verdict, ("", text))
    ]
    return filled(Report, text, findings=tuple(findings))


@pytest.mark.parametrize("text", [*TEXTS.values(), EVIL], ids=[*TEXTS, "all of it"])
def test_no_text_of_any_field_of_a_report_moves_a_cursor_or_looks_like_our_verdict(text: str, tmp_path: Path) -> None:
    report = evil_report(text)

    for width, colour in SCREENS:
        shown = drawn(lambda console: show_report(report, console, tmp_path), width, colour=colour)

        assert_harmless(shown)


@pytest.mark.parametrize("kind", all_sections(), ids=lambda kind: kind.__name__)
def test_what_a_section_of_each_kind_shows_is_shown_as_it_is_written(kind: type[Section]) -> None:
    report = filled(Report, "plain", sections=(filled(kind, TEXTS["markup"]),))

    shown = drawn(lambda console: show_report(report, console), 4000)

    cells = [cell for table in report.sections[0].tables() for row in table.rows for cell in row]
    foreign = [cell for cell in cells if TEXTS["markup"] in cell]
    assert foreign
    for cell in (TEXTS["markup"], *foreign):
        assert cell in shown


def test_every_field_of_a_report_is_filled() -> None:
    assert {type(section) for section in filled(Report, "x").sections} == set(all_sections())
    assert_filled(filled(Report, "x").model_dump(warnings=False))


def assert_filled(value: object, place: str = "report") -> None:
    """No field is empty: what nobody fills nobody looks at."""
    assert value not in (None, "", (), [], {}), place
    if isinstance(value, Mapping):
        for name, inner in value.items():
            assert_filled(inner, f"{place}.{name}")
    elif isinstance(value, tuple):
        for inner in value:
            assert_filled(inner, place)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_verify_and_show_of_a_stranger_s_bundle_say_only_what_we_found(
    text: str, tmp_path: Path, signer: Signer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("V2G_SITE", raising=False)
    evil = {"report_id": text, "procedure": text, "target": text, "sections": filled_sections(text)}
    evil["site"] = filled(SiteRecord, text)
    bundle = signed_bundle(tmp_path, signer, **evil)
    name = text.replace("/", "").replace("\0", "")[:60].encode()[:200].decode(errors="ignore")
    (bundle / f"unbound {name}").touch()

    status = check_bundle(bundle, (), None)
    verified = capsys.readouterr().out
    show_bundle(bundle)
    shown = capsys.readouterr().out

    assert status is ExitStatus.NOT_JUDGED
    assert "? INTACT" in verified
    assert "unbound" in verified
    assert_harmless(verified)
    assert_harmless(shown)


def test_verify_says_authentic_where_it_is(
    tmp_path: Path, signer: Signer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("V2G_SITE", raising=False)

    check_bundle(signed_bundle(tmp_path, signer), (signer.fingerprint,), None)

    assert capsys.readouterr().out.startswith("✓ AUTHENTIC TEST (virtual bench): intact")


def test_a_report_whose_numbers_are_words_is_refused_in_one_line_instead_of_being_a_defect(
    tmp_path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (plc,) = (part for part in filled_sections("x") if part.kind == "plc")
    bundle = signed_bundle(tmp_path, signer, sections=(plc,))
    file = bundle / "report.json"
    assert b'"lowest":"1.5"' in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(b'"lowest":"1.5"', b'"lowest":"one"'))

    with pytest.raises(RequestError, match="lowest"):
        show_bundle(bundle)


@pytest.mark.parametrize("text", [*TEXTS.values(), EVIL], ids=[*TEXTS, "all of it"])
@pytest.mark.parametrize("before", ["", "Run: "])
def test_an_error_shows_what_it_quotes_as_text(text: str, before: str) -> None:
    error = RequestError(text, why=text, todo=before + text)

    for width, colour in product(WIDTHS, (False, True)):
        shown = drawn(lambda console: Page(console).error(error), width, colour=colour)

        assert_harmless(shown)
        assert len(re.findall("^(?:✗ |→ )", shown, re.MULTILINE)) == 2


def test_lines_of_a_catalogue_show_what_they_quote_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    show_lines(*TEXTS.values(), mark="✓ ", whole=True)

    first, *others = capsys.readouterr().out.split("\n")
    assert first.startswith("✓ ?[2J?[H? AUTHENTIC")
    assert_harmless("\n".join(others))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_that_was_made_harmless_is_not_changed_again(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert_harmless(plain(text))


# Pictures and progress.


def evil_map(link: LinkMap, text: str) -> LinkMap:
    return replace(link, reporter=text, peer=text, mask_id=text)


@pytest.mark.parametrize("text", [*TEXTS.values(), EVIL], ids=[*TEXTS, "all of it"])
@pytest.mark.parametrize("link", [bit_loading(disturbed), sounded(), ROBO, ERRORS_ONLY], ids=lambda link: link.quantity)
def test_a_map_on_the_terminal_shows_names_of_modems_and_services_as_text(link: LinkMap, text: str) -> None:
    services = [Service(text, text, Band(13.5e6, 13.6e6))]

    for width in (NARROWEST - 10, *WIDTHS):
        screen = Screen(width=width)
        one = map_text(evil_map(link, text), MASK, services, limit_db=10.0, screen=screen)
        watched = hold_text(hold(evil_map(link, text), MASK.notches()), MASK, services, limit_db=10.0, screen=screen)
        for picture in (one, watched):
            shown = drawn(lambda console, picture=picture: console.print(picture), width)  # type: ignore[misc]

            assert_harmless(shown)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_live_picture_of_a_load_shows_its_note_as_text(text: str) -> None:
    assert_harmless("\n".join(progress_lines(Progress(1.0, 2.0, TelemetryFacts("server", 5201), text), 80, "utf-8")))


class Talking(Procedure):
    """Tells, asks, draws and fails with what somebody else wrote."""

    name = "talking"
    target = EVIL
    needs_site = False

    def facts(self) -> Mapping[str, object]:
        return {"words": EVIL}

    def check(self, site: Site) -> None:
        """Nothing is needed."""

    def work(self, session: Session) -> Result:
        for text in TEXTS.values():
            session.tell(text)
        for text in TEXTS.values():
            session.ask(text)
        return Result(
            EVIL,
            [filled(Finding, EVIL)],
            sections=filled_sections(EVIL),
            error=NotPermitted(EVIL, why=EVIL, todo=EVIL),
            picture=lambda width, _: map_text(evil_map(ROBO, EVIL), MASK, (), screen=Screen(width=width)),
        )


@contextmanager
def terminal(patch: pytest.MonkeyPatch) -> Iterator[int]:
    """Put a terminal of 80 columns in the place of standard input and standard error; give its other side."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "rb", buffering=0) as keys, os.fdopen(os.dup(theirs), "wb", buffering=0) as screen:
        patch.setenv("COLUMNS", "80")
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(keys)))
        patch.setattr(sys, "stderr", io.TextIOWrapper(screen, write_through=True))
        yield ours
    os.close(ours)


def test_progress_questions_picture_and_error_of_a_run_show_what_they_quote_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("V2G_SITE", raising=False)
    monkeypatch.setenv("V2G_STATE_DIR", str(tmp_path / "state"))
    request = Request(
        site_file=None, out=tmp_path, json=False, quiet=False, yes=False, unsigned=True, passphrase=lambda _: b""
    )

    with terminal(monkeypatch) as person:
        os.write(person, b"yes\n" * len(TEXTS))
        commission(request, Talking())
        said = read(person).replace("\r\n", "\n")

    shown = capsys.readouterr().out
    assert said.count("  · ") == len(TEXTS)
    assert_harmless(SGR.sub("", said))
    assert_harmless(shown)
    assert f"{tmp_path}/no-site-talking-" in shown.splitlines()[-1]


def read(person: int) -> str:
    """Give all that a person at the terminal was shown so far."""
    os.set_blocking(person, False)
    sent = b""
    with suppress(BlockingIOError):
        while piece := os.read(person, 65536):
            sent += piece
    return sent.decode()


@pytest.mark.parametrize("sign", "✓✔🗸✅☑√✗✘🗴❌✖")
def test_no_foreign_text_begins_like_a_verdict_of_ours(sign: str) -> None:
    assert plain(f"{sign} AUTHENTIC") == "? AUTHENTIC"
