"""From a request to a signed report: site, key, run, procedure, bundle, console."""

from __future__ import annotations

import hashlib
import shutil
import sys
import textwrap
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from v2g_tool import __version__
from v2g_tool.drawing.text import plain
from v2g_tool.errors import ExitStatus, Interrupted
from v2g_tool.model.findings import Verdict
from v2g_tool.record.intents import IntentStore
from v2g_tool.run.request import Procedure, Request, located, located_errors, located_site, signer_for
from v2g_tool.run.run import Person, Run, start_run, state_directory, terminal
from v2g_tool.run.session import Session

if TYPE_CHECKING:
    from v2g_tool.model.report import Report
    from v2g_tool.report.signing.keys import Signer
    from v2g_tool.run.result import Result

_WIDEST = 500
"""Columns of a picture; nobody has a wider terminal."""
STATUS = {
    Verdict.PASS: ExitStatus.WITHIN_LIMITS,
    Verdict.FAIL: ExitStatus.FAILED,
    Verdict.INCONCLUSIVE: ExitStatus.NOT_JUDGED,
}


def commission(request: Request, procedure: Procedure) -> ExitStatus:
    """Do what was asked as a run, write and show the signed report, and give the exit status."""
    from v2g_tool.run.result import report_of

    place = located_site(request.site_file, needed=procedure.needs_site, instead=procedure.instead)
    with located_errors(place):
        procedure.check(place.site)
    signer = None if request.unsigned else signer_for(place.site, request.passphrase)
    digest = hashlib.sha256(place.content).hexdigest()
    start = {"target": procedure.target, "site_sha256": digest, "tool": __version__, **procedure.facts()}
    with start_run(procedure.name, place.site.site.name, request.out, _person(request), start) as run:
        session = Session(place.site, run, IntentStore(state_directory()))
        with located_errors(place), session.closing():
            result = procedure.work(session)
        if result.error is not None and not request.json:
            from v2g_tool.report.page import tell_error

            tell_error(located(result.error, place))
        with session.shield():
            signature = "unsigned" if signer is None else "test" if place.site.site.bench else "signed"
            report = report_of(result, session, digest, signature)
            _deliver(report, result, run, signer, request)
    if result.error is not None and (report.verdict is not Verdict.FAIL or isinstance(result.error, Interrupted)):
        return result.error.status
    return STATUS[report.verdict]


def _deliver(report: Report, result: Result, run: Run, signer: Signer | None, request: Request) -> None:
    from v2g_tool.record.files import write_whole
    from v2g_tool.report.bundle import write_bundle

    for attachment in result.attachments:
        write_whole(run.folder, attachment.name, attachment.content)
    report = write_bundle(run.folder, report, signer, datetime.now(UTC))
    if request.json:
        sys.stdout.buffer.write(report.canonical_bytes())
    elif request.quiet:
        sys.stdout.write(f"{plain(str(run.folder))}\n")
    else:
        _show(report, result, run)


def _show(report: Report, result: Result, run: Run) -> None:
    from rich.console import Console

    from v2g_tool.report.console import show_report

    console = Console()
    if result.picture is not None:
        console.print(result.picture(min(console.width, _WIDEST), console.encoding))
    show_report(report, console, run.folder)


def _person(request: Request) -> Person:
    present = terminal()
    shows = not request.quiet and sys.stderr is not None and sys.stderr.isatty()

    def tell(text: str) -> None:
        if shows and present:
            sys.stderr.write(f"  · {plain(text)}\n")
            sys.stderr.flush()

    def read(question: str) -> str:
        sys.stderr.write(textwrap.fill(f"{plain(question)}:", shutil.get_terminal_size().columns) + " ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    return Person(present, request.yes, shows, tell, read)
