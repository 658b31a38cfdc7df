"""Verification of a bundle: every byte accounted for, the first bad place named, never a traceback."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from v2g_tool.data.reading import is_folder
from v2g_tool.drawing.text import plain
from v2g_tool.errors import NotPermitted, RequestError
from v2g_tool.model.report import SCHEMA, Report
from v2g_tool.model.section import SectionOf
from v2g_tool.model.site.site import Trust
from v2g_tool.record.files import (
    OWN_NAMES,
    REPORT,
    SIGNATURE,
    SIGNER,
    altered,
    is_inside,
    open_inside,
    read_inside,
    sha256_inside,
)
from v2g_tool.record.journal import first_difference, parse_canonical, summarise
from v2g_tool.report.bundle import bound_files
from v2g_tool.report.schema import newer, read_report
from v2g_tool.report.signing import cms
from v2g_tool.report.signing.anchors import (
    Anchors,
    anchored,
    check_links,
    fingerprint,
    load_anchors,
    required_fingerprint,
)
from v2g_tool.report.signing.keys import fingerprint_of, load_certificates, pem_of

_MAX_REPORT = 64_000_000
_MAX_SMALL = 1_000_000
_SHOWN = 10
_MOST_UNBOUND = 10_000
"""How many unbound files a note names."""


@dataclass(frozen=True)
class Verification:
    """An intact report.

    Attributes:
        report: what was signed.
        anchored: whether the signer is one of ours; an unknown signer may be a stranger who signed it all again.
        fingerprint: SHA-256 of the signer's certificate, 64 hex digits, to compare over another channel.
        signing_time: UTC, by the signer's own clock.
        notes: what a careful reader should know, one sentence each.
    """

    report: Report
    anchored: bool
    fingerprint: str
    signing_time: datetime
    notes: tuple[str, ...]


def verify_bundle(path: Path, section: SectionOf, trusted: Collection[str], roots: Sequence[Path] = ()) -> Verification:
    """Verify the bundle at `path`, a folder or the `report.json` in it.

    Args:
        path: what to verify.
        section: gives the type of a kind of section.
        trusted: SHA-256 fingerprints of signer or CA certificates that are trusted.
        roots: PEM files with certificates that are trusted: a signer's own, or a CA's.

    Raises:
        NotAuthentic: something is altered or missing; names the first bad place.
        NotPermitted: intact but unsigned, or a file may not be read.
        Unsupported: made by a newer version of this program.
        RequestError: not a bundle, or an anchor is neither fingerprint nor certificate.
    """
    anchors = load_anchors(trusted, roots)
    try:
        folder = _folder(path)
        if not os.path.lexists(folder / SIGNATURE):
            raise _unsigned(folder, section)
        return _signed(folder, section, anchors)
    except OSError as exc:
        raise NotPermitted(
            f"{plain(str(path))} cannot be read: {exc.strerror}",
            why="The storage fails, or the folder belongs to somebody else.",
            todo="Copy the folder to another disk and verify it there.",
        ) from exc


def trust_anchors(
    site_trust: Trust | None, given: Sequence[str], system: Path = Path("/etc/v2g/trust")
) -> tuple[set[str], list[Path]]:
    """Give the fingerprints and the PEM files that are trusted: the site's, those `given`, those of this computer.

    Args:
        site_trust: `[trust]` of the site file.
        given: each a SHA-256 fingerprint or the path of a PEM file.
        system: folder whose `*.pem` count.

    Raises:
        RequestError: an entry is neither a fingerprint nor a readable PEM file.
    """
    trust = site_trust or Trust()
    fingerprints = {required_fingerprint(text) for text in trust.fingerprints}
    roots = [Path(name) for name in trust.certificates]
    for entry in given:
        digits = fingerprint(entry)
        if digits is not None:
            fingerprints.add(digits)
        else:
            roots.append(_existing_root(entry))
    roots += sorted(system.glob("*.pem"))
    for root in roots:
        load_certificates(root)
    return fingerprints, roots


def _existing_root(entry: str) -> Path:
    path = Path(entry)
    if not os.path.lexists(path):
        raise RequestError(
            f"'{plain(entry)}' is neither a fingerprint nor a file",
            why="A SHA-256 fingerprint has 64 hex digits, with or without colons.",
            todo="Give the fingerprint of the signer's certificate, or the path of a certificate in PEM form.",
        )
    return path


def _folder(path: Path) -> Path:
    folder = path if is_folder(path) else path.parent
    named = folder is path or path.name == REPORT
    if not named or not os.path.lexists(folder / REPORT):
        raise RequestError(
            f"{plain(str(path))} is not a report",
            why=f"A report is a folder with {REPORT} in it.",
            todo=f"Give the folder, or its {REPORT}.",
        )
    return folder


def _signed(folder: Path, section: SectionOf, anchors: Anchors) -> Verification:
    content = read_inside(folder, REPORT, _MAX_REPORT)
    signature = cms.open_detached(read_inside(folder, SIGNATURE, _MAX_SMALL))
    if hashlib.new(signature.digest, content).digest() != signature.message_digest:
        raise altered(_first_flaw(content), "not the bytes that were signed")
    report = _report(content, section)
    if report.signature == "unsigned":
        raise altered(f"{REPORT}, field signature", f"says unsigned, yet there is {SIGNATURE}")
    check_links(signature.certificates, signature.signing_time)
    known = fingerprint_of(signature.certificates[0])
    _check_same(folder, SIGNER, pem_of(signature.certificates))
    _check_files(folder, report)
    trusted, problem = anchored(signature.certificates, signature.signing_time, anchors)
    notes = (*_notes(folder, report, signature), *([f"Not anchored: {problem}."] if problem else []))
    return Verification(report, trusted, known, signature.signing_time, notes)


def _unsigned(folder: Path, section: SectionOf) -> NotPermitted:
    report = _report(read_inside(folder, REPORT, _MAX_REPORT), section)
    if report.signature != "unsigned":
        raise altered(SIGNATURE, "is missing")
    _check_files(folder, report)
    return NotPermitted(
        "the report is not signed",
        why="It was made with --unsigned. Its files fit together, but whoever had the folder could change it unseen.",
        todo="Measure again with a key: 'v2g-tool keys init'.",
    )


def _report(content: bytes, section: SectionOf) -> Report:
    try:
        raw = parse_canonical(content)
    except ValueError as exc:
        raise altered(f"{REPORT}, {exc}", "not what this suite writes") from exc
    if _is_newer(raw):
        raise newer(f"the report has the schema '{plain(str(raw['schema']))}'; this version knows '{SCHEMA}'")
    try:
        return read_report(content, raw, section)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=False, include_input=False)
    where = ".".join(str(part) for part in errors[0]["loc"])
    if all(error["type"] == "extra_forbidden" for error in errors):
        raise newer(f"the report has the field '{plain(where)}', which this version does not know")
    raise altered(f"{REPORT}, field {where}", errors[0]["msg"])


def _is_newer(raw: Any) -> bool:  # noqa: ANN401 - any JSON value
    name, _, version = SCHEMA.partition("/")
    schema = raw.get("schema") if isinstance(raw, Mapping) else None
    found = re.fullmatch(rf"{name}/([1-9][0-9]{{0,5}})", schema) if isinstance(schema, str) else None
    return found is not None and int(found[1]) > int(version)


def _first_flaw(content: bytes) -> str:
    """Give the file and, where the JSON itself is broken, the byte: the digest alone cannot say where."""
    try:
        parse_canonical(content)
    except ValueError as exc:
        return f"{REPORT}, {exc}"
    return REPORT


def _check_same(folder: Path, name: str, expected: bytes) -> None:
    found = read_inside(folder, name, _MAX_SMALL + len(expected))
    if found != expected:
        at = first_difference(expected, found)
        line = expected[: at - 1].count(b"\n") + 1
        raise altered(f"{name}, line {line}, byte {at}", "not what belongs to this report")


def _check_files(folder: Path, report: Report) -> None:
    _check_names(report)
    _check_evidence(folder, report)
    for attachment in report.attachments:
        if sha256_inside(folder, attachment.name) != attachment.sha256:
            raise altered(attachment.name, "not the bytes that the report binds by their SHA-256")


def _check_names(report: Report) -> None:
    seen: set[str] = set()
    for file in bound_files(report):
        if not is_inside(file.name) or file.name in seen:
            raise altered(REPORT, f"'{file.name}' is no fit name for a file in a report")
        seen.add(file.name)


def _check_evidence(folder: Path, report: Report) -> None:
    bound = report.evidence
    with open_inside(folder, bound.name) as stream:
        found = summarise(stream, bound.name)
    torn = f"; its last line is cut off after {found.torn} bytes" if found.torn else ""
    pairs = {
        "number of records": (found.records, bound.records),
        "hash of the first record": (found.first_sha256, bound.first_sha256),
        "hash of the last record": (found.last_sha256, bound.last_sha256),
        "SHA-256 of the file": (found.sha256, bound.sha256),
    }
    for what, (is_now, was) in pairs.items():
        if is_now != was:
            raise altered(bound.name, f"the {what} is {is_now}, the report says {was}{torn}")


def _notes(folder: Path, report: Report, signature: cms.Detached) -> Iterator[str]:
    if report.signature == "test":
        yield "Signed with a test key: it proves nothing about a real site."
    if not _in_order(report.ended_utc, signature.signing_time):
        yield "The signing time is before the end of the run, or that end is no valid time."
    if report.report_id not in folder.resolve().name:
        yield f"The folder does not bear the name of the report, '{plain(report.report_id)}'."
    if unbound := _unbound(folder, report):
        more = f" and {len(unbound) - _SHOWN} more" if len(unbound) > _SHOWN else ""
        yield f"Not part of the report: {', '.join(plain(name) for name in unbound[:_SHOWN])}{more}."
    signer = signature.certificates[0]
    if signer.issuer != signer.subject:
        yield f"The signer's certificate was issued by '{plain(signer.issuer.rfc4514_string())}'."


def _in_order(ended: str, signed: datetime) -> bool:
    try:
        end = datetime.fromisoformat(ended)
    except ValueError:
        return False
    return (end if end.tzinfo else end.replace(tzinfo=UTC)).replace(microsecond=0) <= signed


def _unbound(folder: Path, report: Report) -> list[str]:
    bound = OWN_NAMES | {file.name for file in bound_files(report)}
    found: list[str] = []
    ahead = [folder]
    while ahead and len(found) < _MOST_UNBOUND:  # a stranger's folder may be as deep and as wide as a disk
        inner = ahead.pop()
        try:
            with os.scandir(inner) as entries:
                for entry in islice(entries, _MOST_UNBOUND):
                    name = Path(entry).relative_to(folder).as_posix()
                    if entry.is_dir(follow_symlinks=False):
                        ahead.append(Path(entry))
                    elif name not in bound:
                        found.append(name)
        except OSError:
            found.append(inner.relative_to(folder).as_posix())
    return sorted(found)
