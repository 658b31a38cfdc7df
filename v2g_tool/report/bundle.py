"""The bundle: the files that carry one report, and the text that tells how to verify them without this program."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from v2g_tool.drawing.text import plain
from v2g_tool.errors import RequestError
from v2g_tool.model.report import FileHash, Report
from v2g_tool.record.files import REPORT, SIGNATURE, SIGNER, VERIFY, is_inside, write_whole

if TYPE_CHECKING:
    from v2g_tool.report.signing.keys import Signer

_CMS = (
    f"openssl cms -verify -binary -inform DER -in {SIGNATURE} -content {REPORT} "
    f"-CAfile {SIGNER} -partial_chain -purpose any -out /dev/null"
)
# The last keys of the canonical JSON, by which a report is told: nothing in a text can look like them, for in a text
# each quotation mark stands behind a backslash. What is no plain ASCII could move a cursor.
_TOLD = (
    f"""printf '%s\\n' "$(sed -E 's/.*,("signature":"[a-z]+","site":.*)\\}}$/\\1/' {REPORT} """
    """| LC_ALL=C tr -c '[:print:]' '?')\""""
)


def write_bundle(folder: Path, report: Report, signer: Signer | None, now: datetime) -> Report:
    """Write the report beside its evidence and attachments; `report.json` comes last and makes the bundle complete.

    Gives the report as it was written: it binds VERIFY.txt too.

    Args:
        folder: the folder of the run, with the evidence and the attachments in it.
        report: the outcome; `signature` says whether it is to be signed.
        signer: signs; None for a report that says "unsigned".
        now: the signing time, with a time zone.

    Raises:
        RequestError: the folder holds a report already.
        NotPermitted: a file cannot be written.
        ValueError: signer and `report.signature` contradict each other, or a bound file has an unfit name.
    """
    _check_consistent(report, signer)
    if (folder / REPORT).exists():
        raise RequestError(
            f"{folder} holds a report already",
            why="A report is never overwritten; an amendment is a new report that names the old one.",
            todo="Start a new run.",
        )
    report, text = with_verify_text(report, signer)
    for name, content in ((VERIFY, text), *_renderings(report, signer, now)):
        write_whole(folder, name, content)
    return report


def with_verify_text(report: Report, signer: Signer | None) -> tuple[Report, bytes]:
    """Give the report that binds its VERIFY.txt like an attachment, and that file's content."""
    text = verify_text(report, signer.fingerprint if signer else None).encode()
    bound = FileHash(name=VERIFY, sha256=hashlib.sha256(text).hexdigest(), media_type="text/plain")
    return report.model_copy(update={"attachments": (*report.attachments, bound)}), text


def verify_text(report: Report, signer_fingerprint: str | None) -> str:
    """Give the text of VERIFY.txt: the commands, each runnable as printed from inside the folder.

    It says nothing about the outcome: a command prints that out of the bytes that were verified.
    """
    return "\n".join(_lines(report, signer_fingerprint)) + "\n"


def bound_files(report: Report) -> tuple[FileHash, ...]:
    """Give the files that the report binds by their hash: the evidence, then the attachments."""
    return (FileHash(name=report.evidence.name, sha256=report.evidence.sha256), *report.attachments)


def _renderings(report: Report, signer: Signer | None, now: datetime) -> list[tuple[str, bytes]]:
    """Give name and content of each file to write, in the order of writing."""
    content = report.canonical_bytes()
    files = [(REPORT, content)]
    if signer is None:
        return files
    from v2g_tool.report.signing import cms
    from v2g_tool.report.signing.keys import pem_of

    return [(SIGNER, pem_of(signer.certificates)), (SIGNATURE, cms.sign(content, signer, now.astimezone(UTC))), *files]


def _check_consistent(report: Report, signer: Signer | None) -> None:
    if (signer is None) != (report.signature == "unsigned"):
        raise ValueError(f"the report says '{report.signature}' but {'no' if signer is None else 'a'} key is given")
    names = [file.name for file in bound_files(report)]
    unfit = [name for name in names if not is_inside(name) or names.count(name) > 1]
    if unfit:
        raise ValueError(f"not a fit name for a file in a report: {unfit[0]!r}")


def _lines(report: Report, fingerprint: str | None) -> Iterator[str]:
    yield from _head(report, fingerprint is not None)
    if fingerprint is not None:
        yield from _signature_steps(report, fingerprint)
    yield from _outcome_steps(fingerprint is not None)
    yield from _hash_steps(report, fingerprint is not None)


def _head(report: Report, signed: bool) -> Iterator[str]:
    title = "How to verify this report without the program that made it"
    yield from (title, "=" * len(title), "", f"Report     {plain(report.report_id)}")
    if not signed:
        yield "UNSIGNED   nobody vouches for this report; whoever had the folder could change it unseen"
    yield from ("", "Run the indented commands in this folder. They need OpenSSL 3 and a POSIX shell.", "")


def _outcome_steps(signed: bool) -> Iterator[str]:
    yield from ("What the report says: target, site, begin and verdict, and whether it was signed with a test key", "")
    yield from (f"    {_CMS} && {_TOLD}" if signed else f"    {_TOLD}", "")
    yield '"signature":"test" proves nothing about a real site. This text states no verdict: believe report.json only.'
    yield ""


def _signature_steps(report: Report, fingerprint: str) -> Iterator[str]:
    pairs = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    yield from ("The signature covers every byte of report.json", "")
    yield from (f"    {_CMS}", "", 'Expected: "CMS Verification successful".')
    if (end := _epoch(report.ended_utc)) is not None:
        yield "When a certificate has expired since, check as of the end of the run (the signer's own clock):"
        yield from ("", f"    {_CMS} -attime {end}")
    yield from ("", "The certificate is the one you expect", "")
    yield f"    openssl x509 -in {SIGNER} -noout -fingerprint -sha256"
    yield from ("", "Expected:", f"sha256 Fingerprint={pairs}", "")
    yield "A stranger can sign a whole folder again, this text included. So compare the fingerprint with the one that"
    yield "the signer gives you in another way: by telephone, on paper, from an earlier report, from your register."
    yield f"If you hold the root certificate of the signer's company, put it in place of {SIGNER} after -CAfile and"
    yield "leave out -partial_chain: then the first command proves the origin as well."
    yield ""


def _hash_steps(report: Report, signed: bool) -> Iterator[str]:
    yield from ("The evidence and the attachments are the ones that the report rests on", "")
    for file in bound_files(report):
        yield f"    echo {shlex.quote(f'{file.sha256}  {file.name}')} | sha256sum -c -"
    yield from ("", f"Expected: OK for each. The same {'signed ' if signed else ''}values stand in {REPORT}.")
    yield f"evidence: {report.evidence.records} records, first {report.evidence.first_sha256},"
    yield f'last {report.evidence.last_sha256}; each line names the SHA-256 of the line before as "prev".'


def _epoch(moment: str) -> int | None:
    """Give an RFC 3339 time as seconds since 1970, None when it is no time."""
    try:
        parsed = datetime.fromisoformat(moment)
        return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
