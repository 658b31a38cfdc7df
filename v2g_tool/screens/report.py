"""`report verify` and `report show`: what the utility engineer sees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import from_json
from rich.console import Console

from v2g_tool.data.datafile import read_bytes
from v2g_tool.data.reading import is_folder
from v2g_tool.errors import ExitStatus, RequestError
from v2g_tool.register import section_of
from v2g_tool.report.console import show_report
from v2g_tool.report.page import Page
from v2g_tool.report.schema import read_report
from v2g_tool.report.verify import Verification, trust_anchors, verify_bundle
from v2g_tool.run.request import located_site


def check_bundle(path: Path, trust: Sequence[str], site: Path | None) -> ExitStatus:
    """Verify a bundle and print the outcome; 0 intact and from a trusted signer, 3 intact but from a stranger."""
    fingerprints, roots = trust_anchors(located_site(site, needed=False).site.trust, trust)
    verification = verify_bundle(path, section_of, fingerprints, roots)
    _print(verification)
    return ExitStatus.WITHIN_LIMITS if verification.anchored else ExitStatus.NOT_JUDGED


def show_bundle(path: Path) -> ExitStatus:
    """Show the report of a bundle without a word about its authenticity."""
    file = path / "report.json" if is_folder(path) else path
    content = read_bytes(file, "report")
    try:
        report = read_report(content, from_json(content), section_of)
    except ValueError as exc:
        flaw = exc.errors()[0] if isinstance(exc, ValidationError) else {"loc": (), "msg": str(exc)}
        where = "".join(f"{part}: " for part in flaw["loc"][-1:])
        raise RequestError(
            f"{file} is no report that this version can show: {where}{flaw['msg']}",
            why="It is damaged, or made by a newer version of this program.",
            todo="Verify it with 'v2g-tool report verify'.",
        ) from exc
    show_report(report, Console(), file.parent)
    return ExitStatus.WITHIN_LIMITS


def _print(verification: Verification) -> None:
    page = Page(Console())
    report = verification.report
    stamp = " TEST (virtual bench)" if report.signature == "test" else ""
    if verification.anchored:
        page.say(mark=(f"✓ AUTHENTIC{stamp}: intact, and signed by a key that is trusted here", "bold"))
    else:
        page.say((f"? INTACT{stamp}, but signed by a key that nobody here has vouched for", "bold"))
    where = f"{report.procedure} of {report.target} at {report.site.name}, verdict {report.verdict.upper()}"
    rows = [
        ("report", f"{report.report_id}: {where}"),
        ("signed", f"{verification.signing_time:%Y-%m-%d %H:%M:%S} UTC by the signer's own clock"),
        ("signer", verification.fingerprint),
        *(("note", note) for note in verification.notes),
    ]
    page.hang([((f"  {word}", ""), text) for word, text in rows])
    if not verification.anchored:
        todo = "Compare the fingerprint with the signer over another channel (telephone, paper), then verify again with"
        page.say((f"→ {todo} --trust FINGERPRINT, or put it under [trust] in the site file.", ""))
