"""The hash of a subject by which OpenSSL finds a certificate in a folder (X509_NAME_hash)."""

from __future__ import annotations

import hashlib

from cryptography import x509
from cryptography.x509.name import _ASN1Type

from v2g_tool.bench.pki.der import contents


def subject_hash(name: x509.Name) -> str:
    """Give the hash in hex: of the name in small letters, white space collapsed, each text as UTF8String."""
    canonical = x509.Name([_canonical(part) for part in name.rdns])
    digest = hashlib.sha1(contents(canonical.public_bytes()), usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def _canonical(part: x509.RelativeDistinguishedName) -> x509.RelativeDistinguishedName:
    return x509.RelativeDistinguishedName(
        [x509.NameAttribute(item.oid, _folded(str(item.value)), _ASN1Type.UTF8String) for item in part]
    )


def _folded(text: str) -> str:
    # The methods of bytes know ASCII only, as OpenSSL does here.
    return b" ".join(text.encode().lower().split()).decode()
