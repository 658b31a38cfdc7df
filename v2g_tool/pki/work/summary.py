"""The facts of a PKI as the section of the report."""

from __future__ import annotations

from datetime import datetime, timedelta

from v2g_tool.model.pki import Certificate
from v2g_tool.pki.rules.facts import Credential, ListFacts, PkiFacts
from v2g_tool.pki.section import CertificateRecord, CredentialRecord, ListRecord, Pki


def pki_section(facts: PkiFacts, root: str) -> Pki:
    """Give the section of the report."""
    return Pki(
        target="pki",
        root=root,
        at=_utc(facts.at),
        credentials=tuple(_credential(credential, facts.at) for credential in facts.credentials),
        lists=tuple(map(_list, facts.lists)),
        statement=f"Judged for {facts.at:%Y-%m-%d %H:%M} UTC.",
    )


def _credential(credential: Credential, at: datetime) -> CredentialRecord:
    ruling = credential.ruling
    return CredentialRecord(
        name=credential.name,
        role=credential.site.role,
        profile=credential.profile.id,
        anchored=any(path.anchored for path in credential.paths),
        ruling=str(ruling.cause) if ruling is not None else "no certificate",
        path=tuple(_certificate(certificate, at) for certificate in credential.path),
    )


def _certificate(certificate: Certificate, at: datetime) -> CertificateRecord:
    days = "-" if certificate.endless else f"{(certificate.not_after - at) / timedelta(days=1):.0f}"
    return CertificateRecord(
        subject=str(certificate.subject),
        issuer=str(certificate.issuer),
        serial=f"{certificate.serial:x}",
        sha256=certificate.sha256,
        key=str(certificate.key),
        not_before=_utc(certificate.not_before),
        not_after=_utc(certificate.not_after),
        days_left=days,
    )


def _list(each: ListFacts) -> ListRecord:
    content = each.content
    return ListRecord(
        path=each.file.path,
        issuer=str(content.issuer),
        number="" if content.number is None else str(content.number),
        this_update=_utc(content.this_update),
        next_update=_utc(content.next_update) if content.next_update is not None else "",
        revoked=len(content.revoked),
    )


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
