"""Who may sign: certificate paths from a report's signer to what this site trusts.

The path rules are a part of RFC 5280, 6.1: names and signatures link up, an issuer is a CA within its path length
and validity at the signing time, no critical extension is overlooked, and the signer's certificate may sign
documents. Revocation is not looked up: a site is offline.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from v2g_tool.drawing.text import plain
from v2g_tool.errors import RequestError
from v2g_tool.record.files import SIGNATURE, altered
from v2g_tool.report.signing.cms import UNREADABLE
from v2g_tool.report.signing.keys import DOCUMENT_SIGNING, fingerprint_of, load_certificates

_UNDERSTOOD = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.CERTIFICATE_POLICIES,
}
# A company's CA may know only e-mail signing; a TLS certificate of a charger must not sign reports.
_SIGNING_PURPOSES = {DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")

Extension = TypeVar("Extension", bound=x509.ExtensionType)


@dataclass(frozen=True)
class Anchors:
    """What is trusted: SHA-256 of certificates (64 hex digits), and certificates."""

    fingerprints: frozenset[str]
    certificates: tuple[x509.Certificate, ...]


def load_anchors(trusted: Collection[str], roots: Sequence[Path]) -> Anchors:
    """Give the anchors from fingerprints and PEM files; raises RequestError for one that is neither."""
    certificates = tuple(certificate for path in roots for certificate in load_certificates(path))
    fingerprints = {required_fingerprint(text) for text in trusted}
    return Anchors(frozenset(fingerprints | {fingerprint_of(root) for root in certificates}), certificates)


def fingerprint(text: str) -> str | None:
    """Give 64 lower-case hex digits from a SHA-256 fingerprint as tools print it, None when it is none.

    Takes colons, blanks, upper case and what OpenSSL puts in front ("sha256 Fingerprint=").
    """
    digits = re.sub(r"[:\s]", "", text.rpartition("=")[2]).lower()
    return digits if _FINGERPRINT.fullmatch(digits) else None


def required_fingerprint(text: str) -> str:
    """Give 64 lower-case hex digits; raises RequestError when `text` is no SHA-256 fingerprint."""
    if (digits := fingerprint(text)) is None:
        raise RequestError(
            f"'{plain(text)}' is not a SHA-256 fingerprint",
            why="A fingerprint has 64 hex digits, with or without colons.",
            todo="Copy the whole line that 'openssl x509 -noout -fingerprint -sha256' prints.",
        )
    return digits


def check_links(chain: Sequence[x509.Certificate], signing_time: datetime) -> None:
    """Check that each certificate is signed by the next, a self-signed last one by itself, and the signer's validity.

    Raises:
        NotAuthentic: a link is broken, or the signing time lies outside the validity of the signer's certificate.
    """
    last = chain[-1]
    issuers = [*chain[1:], *([last] if last.issuer == last.subject else [])]
    for number, (certificate, issuer) in enumerate(zip(chain, issuers, strict=False), 1):
        if not _issued(certificate, issuer):
            raise altered(SIGNATURE, f"certificate {number} is not signed by the one that it names as its issuer")
    start, end = chain[0].not_valid_before_utc, chain[0].not_valid_after_utc
    if not start <= signing_time <= end:
        raise altered(
            SIGNATURE,
            f"the signing time {signing_time:%Y-%m-%d %H:%M:%S} UTC lies outside the validity of the certificate, "
            f"{start:%Y-%m-%d} to {end:%Y-%m-%d}",
        )


def anchored(chain: Sequence[x509.Certificate], signing_time: datetime, anchors: Anchors) -> tuple[bool, str]:
    """Say whether a path leads from the signer to an anchor, and if one almost does, what is wrong with it.

    Args:
        chain: certificates whose links were checked, the signer's first.
        signing_time: when each issuer must have been valid.
        anchors: what is trusted.
    """
    if fingerprint_of(chain[0]) in anchors.fingerprints:
        return True, ""
    candidates = [*enumerate(chain[1:])]
    candidates += [(len(chain) - 1, root) for root in anchors.certificates if _issued(chain[-1], root)]
    for below, issuer in candidates:
        if problem := _issuer_problem(issuer, below, signing_time):
            return False, problem
        if fingerprint_of(issuer) in anchors.fingerprints:
            problem = _signer_problem(chain[0])
            return not problem, problem
    return False, ""


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def _issuer_problem(issuer: x509.Certificate, below: int, at: datetime) -> str:
    """Give why `issuer`, with `below` other CA certificates under it, may not issue at that time, or nothing."""
    name = plain(issuer.subject.rfc4514_string())
    constraints = _extension(issuer, x509.BasicConstraints)
    usage = _extension(issuer, x509.KeyUsage)
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        return f"'{name}' is not a certification authority"
    if constraints.path_length is not None and constraints.path_length < below:
        return f"the path under '{name}' is longer than its certificate allows"
    if not issuer.not_valid_before_utc <= at <= issuer.not_valid_after_utc:
        return f"the certificate '{name}' was not valid at the signing time"
    return _unknown_critical(issuer)


def _signer_problem(signer: x509.Certificate) -> str:
    """Give why a certificate from a CA may not sign a report, or nothing."""
    usage = _extension(signer, x509.KeyUsage)
    purposes = _extension(signer, x509.ExtendedKeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        return "the signer's certificate is not for signatures"
    if purposes is not None and not _SIGNING_PURPOSES & set(purposes):
        return "the signer's certificate is for another purpose than signing documents"
    return _unknown_critical(signer)


def _unknown_critical(certificate: x509.Certificate) -> str:
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            return f"a certificate has the critical extension {extension.oid.dotted_string}, which is not understood"
    return ""


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
