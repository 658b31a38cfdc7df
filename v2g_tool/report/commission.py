"""From a request to a signed report: site, key, run, procedure, bundle, console."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from v2g_tool import __version__
from v2g_tool.errors import ExitStatus, Interrupted, NotPermitted, RequestError, V2GError
from v2g_tool.model.datafile import line_of
from v2g_tool.model.findings import Verdict
from v2g_tool.model.library import find_site_file, load_site
from v2g_tool.model.site import Site
from v2g_tool.procedures.run import Person, Run, start_run, state_directory, terminal

if TYPE_CHECKING:
    from v2g_tool.model.report import Report
    from v2g_tool.procedures.outcome import Options
    from v2g_tool.procedures.result import Result
    from v2g_tool.report.keys import Signer

STATUS = {
    Verdict.PASS: ExitStatus.WITHIN_LIMITS,
    Verdict.FAIL: ExitStatus.FAILED,
    Verdict.INCONCLUSIVE: ExitStatus.NOT_JUDGED,
    Verdict.SKIPPED: ExitStatus.NOT_JUDGED,
}


@dataclass(frozen=True)
class Request:
    """What the command line asked of a run, beside what the procedure itself takes.

    `passphrase` gives the passphrase of the signing key when it is needed; it is asked for before anything is measured.
    """

    target: str
    site_file: Path | None
    out: Path
    json: bool
    quiet: bool
    yes: bool
    unsigned: bool
    passphrase: Callable[[str], bytes]


def calibrate(request: Request, options: Options) -> ExitStatus:
    """Calibrate the target, write and show the signed report, and give the exit status."""
    from v2g_tool.procedures.calibrate import calibrate as procedure
    from v2g_tool.procedures.intents import IntentStore
    from v2g_tool.procedures.request import check_request
    from v2g_tool.procedures.summary import calibration_result

    place = located_site(request.site_file)
    with located_errors(place.path):
        check_request(place.site, request.target)
    store = IntentStore(state_directory())

    def work(run: Run) -> Result:
        return calibration_result(procedure(place.site, request.target, options, store, run))

    return commission(request, place, "calibrate", {"options": vars(options)}, work)


@dataclass(frozen=True)
class Place:
    """A site and the file that describes it, None where the command line alone says it all."""

    site: Site
    path: Path | None


def located_site(given: Path | None) -> Place:
    """Give the site that the command line, the environment or this computer names; raises RequestError."""
    path = find_site_file(given)
    return Place(load_site(path), path)


def located_or_no_site(given: Path | None) -> Place:
    """Give the site as `located_site` does; where nobody named one and none lies here, a site without a name."""
    if given is None and not os.environ.get("V2G_SITE"):
        try:
            find_site_file(None)
        except RequestError:
            return Place(Site.model_validate({"site": {"name": "no-site"}}), None)
    return located_site(given)


def commission(
    request: Request, place: Place, procedure: str, facts: Mapping[str, object], work: Callable[[Run], Result]
) -> ExitStatus:
    """Do the work as a run, write and show the signed report, and give the exit status."""
    from v2g_tool.procedures.result import report_of, site_hash

    signer = None if request.unsigned else signer_for(place.site, request.passphrase)
    digest = site_hash(place.path)
    start = {"target": request.target, "site_sha256": digest, "tool": __version__, **facts}
    with start_run(procedure, place.site.site.name, request.out, _person(request), start) as run:
        with located_errors(place.path):
            result = work(run)
        with run.shield():
            report = report_of(result, place.site, digest, _signature(place.site, signer), run)
            _deliver(report, result, run, signer, request)
    if result.error is not None:
        show_error(located(result.error, place.path))
        if report.verdict is not Verdict.FAIL or isinstance(result.error, Interrupted):
            return result.error.status
    return STATUS[report.verdict]


def signer_for(site: Site, passphrase: Callable[[str], bytes]) -> Signer:
    """Give the signing key, before anything is measured; on the virtual bench its test key.

    Raises NotPermitted when there is none, RequestError when it cannot be used.
    """
    from v2g_tool.report.keys import key_directory, load_signer

    bench_key, bench_certificate = os.environ.get("V2G_BENCH_KEY"), os.environ.get("V2G_BENCH_CERT")
    if site.site.bench and bench_key and bench_certificate:
        return load_signer(Path(bench_key), Path(bench_certificate), None)
    folder = key_directory()
    key, certificate = folder / "signing.key.pem", folder / "signing.cert.pem"
    if not key.exists():
        raise NotPermitted(
            f"there is no signing key in {folder}, so nothing was measured",
            why="A report that nobody signed proves nothing to the utility.",
            todo="Make a key with 'v2g-tool keys init --name \"Your Name\"', or measure with --unsigned.",
        )
    return load_signer(key, certificate, passphrase(f"Passphrase of {key}"))


@contextmanager
def located_errors(site_file: Path | None) -> Iterator[None]:
    """Let errors leave with file and line of the site key they are about in front of them."""
    try:
        yield
    except V2GError as exc:
        raise located(exc, site_file) from exc


def located(error: V2GError, site_file: Path | None) -> V2GError:
    """Give the error with file and line of the site key it is about in front of it."""
    if error.key and site_file is not None:
        line = line_of(site_file.read_text(encoding="utf-8", errors="replace"), list(error.key))
        error.what = f"{site_file}:{line}: {error.what}"
    return error


def show_error(error: V2GError) -> None:
    """Print the three lines of an error on standard error."""
    from rich.console import Console

    from v2g_tool.report import console

    # Behind a pipe a line stays a line: three lines are three lines, and a file name can be searched for.
    console.show_error(error, Console(stderr=True, soft_wrap=not sys.stderr.isatty()))


def _deliver(report: Report, result: Result, run: Run, signer: Signer | None, request: Request) -> None:
    from v2g_tool.report.bundle import write_bundle
    from v2g_tool.report.files import write_whole

    for attachment in result.attachments:
        write_whole(run.folder, attachment.name, attachment.content)
    write_bundle(run.folder, report, signer, datetime.now(UTC))
    with _written_out(run):
        if request.json:
            sys.stdout.buffer.write(report.canonical_bytes())
            sys.stdout.buffer.flush()
        if not request.quiet:
            _show(report, result, run, to_stderr=request.json)


@contextmanager
def _written_out(run: Run) -> Iterator[None]:
    """Name a full disk or a broken device behind standard output; a reader that has gone is no failure."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as exc:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise NotPermitted(
            f"standard output could not be written: {exc.strerror}",
            why="The disk behind it is full, or the device does not take it.",
            todo=f"The report is whole; it lies in {run.folder}",
        ) from exc


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


def passphrase_from(descriptor: int | None) -> Callable[[str], bytes]:
    """Give how the passphrase is got: from an open descriptor, else from a prompt; never from argv or environment."""

    def get(question: str) -> bytes:
        if descriptor is not None:
            try:
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    return file.readline().rstrip(b"\r\n")
            except OSError as exc:
                raise RequestError(
                    f"--passphrase-fd {descriptor} cannot be read: {exc.strerror}",
                    todo="Open it in the shell, for example: v2g-tool ... --passphrase-fd 3 3< passphrase-file",
                ) from exc
        if not terminal():
            raise NotPermitted(
                "the passphrase of the signing key is needed and there is no terminal to ask for it",
                todo="Give it with --passphrase-fd N, for example: --passphrase-fd 3 3< passphrase-file",
            )
        import getpass

        return getpass.getpass(f"{question}: ", stream=None).encode()

    return get
