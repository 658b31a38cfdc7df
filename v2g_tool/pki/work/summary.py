"""The facts of a PKI as the section of the report."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from v2g_tool.model.findings import Finding
from v2g_tool.model.pki import Certificate
from v2g_tool.model.section import Mark
from v2g_tool.pki.rules.facts import Credential, ListFacts, PkiFacts, ResponseFacts
from v2g_tool.pki.rules.marks import Marks
from v2g_tool.pki.section import PICTURE, CertificateRecord, CredentialRecord, ListRecord, Pki, ResponseRecord


def pki_section(facts: PkiFacts, findings: Iterable[Finding], root: str) -> Pki:
    """Give the section of the report, each certificate with what the findings say of it."""
    marks = Marks(findings)
    return Pki(
        target="pki",
        root=root,
        at=_utc(facts.at),
        credentials=tuple(_credential(credential, marks, facts.at) for credential in facts.credentials),
        lists=tuple(_list(each, marks.file(each.file.path)) for each in facts.lists),
        responses=tuple(_response(each, marks.file(each.file.path)) for each in facts.responses),
        statement=f"Judged for {facts.at:%Y-%m-%d %H:%M} UTC.",
        pictures=(PICTURE,) if facts.credentials else (),
    )


def _credential(credential: Credential, marks: Marks, at: datetime) -> CredentialRecord:
    ruling = credential.ruling
    mark, trouble = marks.credential(credential)
    return CredentialRecord(
        name=credential.name,
        role=credential.site.role,
        profile=credential.profile.id,
        anchored=any(path.anchored for path in credential.paths),
        ruling=str(ruling.cause) if ruling is not None else "no certificate",
        path=tuple(
            _certificate(certificate, marks.certificate(credential, certificate), at) for certificate in credential.path
        ),
        missing=marks.missing(credential),
        mark=mark,
        trouble=trouble,
    )


def _certificate(certificate: Certificate, marked: tuple[Mark, str], at: datetime) -> CertificateRecord:
    days = "-" if certificate.endless else f"{(certificate.not_after - at) / timedelta(days=1):.0f}"
    return CertificateRecord(
        name=str(certificate),
        subject=str(certificate.subject),
        issuer=str(certificate.issuer),
        serial=f"{certificate.serial:x}",
        sha256=certificate.sha256,
        key=str(certificate.key),
        not_before=_utc(certificate.not_before),
        not_after=_utc(certificate.not_after),
        days_left=days,
        mark=marked[0],
        trouble=marked[1],
    )


def _list(each: ListFacts, mark: Mark) -> ListRecord:
    content = each.content
    return ListRecord(
        path=each.file.path,
        issuer=str(content.issuer),
        number="" if content.number is None else str(content.number),
        this_update=_utc(content.this_update),
        next_update=_utc(content.next_update) if content.next_update is not None else "",
        revoked=len(content.revoked),
        mark=mark,
    )


def _response(each: ResponseFacts, mark: Mark) -> ResponseRecord:
    entry = each.entry
    return ResponseRecord(
        path=each.file.path,
        issuer=str(each.issuer.subject) if each.issuer is not None else "",
        certificate=str(each.certificate.subject) if each.certificate is not None else "",
        serial=f"{entry.serial:x}" if entry is not None else "",
        status=entry.status if entry is not None else each.content.status.replace("_", " "),
        this_update=_utc(entry.this_update) if entry is not None else "",
        next_update=_utc(entry.next_update) if entry is not None and entry.next_update is not None else "",
        # What a revocation says is marked at its certificate.
        mark="fail" if entry is not None and entry.revoked is not None else mark,
    )


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
