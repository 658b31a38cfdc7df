"""What asn1crypto made of the bytes of a certificate, list or response, kept: noun, search and engine read the same.

asn1crypto reads a field when it is asked for it and keeps it; four of five parts of a verdict's time are this reading.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=512)
def certificate(der: bytes) -> Any:  # noqa: ANN401 - asn1crypto is untyped
    """Give an `asn1crypto.x509.Certificate`, which nobody may change; raises ValueError and its like."""
    from asn1crypto import x509

    return x509.Certificate.load(der, strict=True)


@lru_cache(maxsize=16)
def revocation_list(der: bytes) -> Any:  # noqa: ANN401 - asn1crypto is untyped
    """Give an `asn1crypto.crl.CertificateList`, which nobody may change; raises ValueError and its like."""
    from asn1crypto import crl

    return crl.CertificateList.load(der, strict=True)


@lru_cache(maxsize=64)
def ocsp_response(der: bytes) -> Any:  # noqa: ANN401 - asn1crypto is untyped
    """Give an `asn1crypto.ocsp.OCSPResponse`, which nobody may change; raises ValueError and its like."""
    from asn1crypto import ocsp

    return ocsp.OCSPResponse.load(der, strict=True)
