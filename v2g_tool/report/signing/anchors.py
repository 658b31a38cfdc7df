"""Whom this site trusts: fingerprints and certificates from outside the bundle, and the links inside it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from v2g_tool.drawing.text import plain
from v2g_tool.errors import RequestError
from v2g_tool.record.files import SIGNATURE, altered
from v2g_tool.report.signing.cms import UNREADABLE
from v2g_tool.report.signing.keys import fingerprint_of, load_certificates

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


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
    # Most signers vouch for themselves and are trusted by fingerprint: they need none of what judges paths.
    from v2g_tool.report.signing.path import leads_up

    return leads_up(chain, signing_time, anchors)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True
