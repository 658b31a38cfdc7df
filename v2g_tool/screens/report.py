"""`report verify` and `report show`: what the utility engineer sees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console

from v2g_tool.data.datafile import read_bytes
from v2g_tool.data.reading import is_folder
from v2g_tool.drawing.text import plain
from v2g_tool.errors import ExitStatus, RequestError
from v2g_tool.model.report import Report
from v2g_tool.report.console import show_report
from v2g_tool.report.verify import Verification, trust_anchors, verify_bundle
from v2g_tool.run.request import located_or_no_site


def check_bundle(path: Path, trust: Sequence[str], site: Path | None) -> ExitStatus:
    """Verify a bundle and print the outcome; 0 intact and from a trusted signer, 3 intact but from a stranger."""
    fingerprints, roots = trust_anchors(located_or_no_site(site).site.trust, trust)
    verification = verify_bundle(path, fingerprints, roots)
    _print(verification)
    return ExitStatus.WITHIN_LIMITS if verification.anchored else ExitStatus.NOT_JUDGED


def show_bundle(path: Path) -> ExitStatus:
    """Show the report of a bundle without a word about its authenticity."""
    file = path / "report.json" if is_folder(path) else path
    try:
        report = Report.model_validate_json(read_bytes(file, "report"))
    except ValidationError as exc:
        error = exc.errors()[0]
        where = ".".join(str(part) for part in error["loc"])
        raise RequestError(
            f"{file} is no report that this version can show: {where}: {error['msg']}",
            why="It is damaged, or made by a newer version of this program.",
            todo="Verify it with 'v2g-tool report verify', or use a newer version.",
        ) from exc
    show_report(report, Console(), file.parent)
    return ExitStatus.WITHIN_LIMITS


def _print(verification: Verification) -> None:
    console = Console(highlight=False, markup=False)
    report = verification.report
    stamp = " TEST (virtual bench)" if report.signature == "test" else ""
    if verification.anchored:
        console.print(f"✓ AUTHENTIC{stamp}: intact, and signed by a key that is trusted here")
    else:
        console.print(f"? INTACT{stamp}, but signed by a key that nobody here has vouched for")
    console.print(f"  report    {plain(report.report_id)}: {report.procedure}, verdict {report.verdict.upper()}")
    console.print(f"  signed    {verification.signing_time:%Y-%m-%d %H:%M:%S} UTC by the signer's own clock")
    console.print(f"  signer    {verification.fingerprint}")
    for note in verification.notes:
        console.print(f"  note      {plain(note)}")
    if not verification.anchored:
        console.print("→ Compare the fingerprint with the signer over another channel (telephone, paper), then")
        console.print("  verify again with --trust FINGERPRINT, or put it under [trust] in the site file.")
