"""From a request to a signed report: site, key, run, procedure, bundle, console."""

from __future__ import annotations

import hashlib
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from v2g_tool import __version__
from v2g_tool.errors import ExitStatus, Interrupted
from v2g_tool.model.findings import Verdict
from v2g_tool.model.site.site import Site
from v2g_tool.run.request import Place, Request, located, located_errors, signer_for
from v2g_tool.run.run import Person, Run, start_run, terminal

if TYPE_CHECKING:
    from v2g_tool.model.report import Report
    from v2g_tool.report.signing.keys import Signer
    from v2g_tool.run.result import Result

STATUS = {
    Verdict.PASS: ExitStatus.WITHIN_LIMITS,
    Verdict.FAIL: ExitStatus.FAILED,
    Verdict.INCONCLUSIVE: ExitStatus.NOT_JUDGED,
    Verdict.SKIPPED: ExitStatus.NOT_JUDGED,
}


def commission(
    request: Request, place: Place, procedure: str, facts: Mapping[str, object], work: Callable[[Run], Result]
) -> ExitStatus:
    """Do the work as a run, write and show the signed report, and give the exit status."""
    from v2g_tool.run.result import report_of

    signer = None if request.unsigned else signer_for(place.site, request.passphrase)
    digest = hashlib.sha256(place.content).hexdigest()
    start = {"target": request.target, "site_sha256": digest, "tool": __version__, **facts}
    with start_run(procedure, place.site.site.name, request.out, _person(request), start) as run:
        with located_errors(place):
            result = work(run)
        with run.shield():
            report = report_of(result, place.site, digest, _signature(place.site, signer), run)
            _deliver(report, result, run, signer, request)
    if result.error is not None:
        from v2g_tool.report.console import tell_error

        tell_error(located(result.error, place))
        if report.verdict is not Verdict.FAIL or isinstance(result.error, Interrupted):
            return result.error.status
    return STATUS[report.verdict]


def _deliver(report: Report, result: Result, run: Run, signer: Signer | None, request: Request) -> None:
    from v2g_tool.record.files import write_whole
    from v2g_tool.report.bundle import write_bundle

    for attachment in result.attachments:
        write_whole(run.folder, attachment.name, attachment.content)
    write_bundle(run.folder, report, signer, datetime.now(UTC))
    if request.json:
        sys.stdout.buffer.write(report.canonical_bytes())
    if not request.quiet:
        _show(report, result, run, to_stderr=request.json)


def _show(report: Report, result: Result, run: Run, *, to_stderr: bool) -> None:
    from rich.console import Console

    from v2g_tool.report.console import show_report, show_verdict

    console = Console(stderr=to_stderr)
    if result.picture is not None:
        console.print(result.picture(console.width, console.encoding))
    show_report(report, console, run.folder)
    if console.is_terminal:
        show_verdict(report, console)


def _signature(site: Site, signer: Signer | None) -> str:
    if signer is None:
        return "unsigned"
    return "test" if site.site.bench else "signed"


def _person(request: Request) -> Person:
    present = terminal()
    show = present and not request.quiet

    def tell(text: str) -> None:
        if show:
            sys.stderr.write(f"  · {text}\n")
            sys.stderr.flush()

    def read(question: str) -> str:
        sys.stderr.write(textwrap.fill(f"{question}:", shutil.get_terminal_size().columns) + " ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    return Person(present, request.yes, tell, read)
