"""OCSP responses (RFC 6960) out of a plan, as DER."""

from __future__ import annotations

from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from v2g_tool.bench.pki.issue import PrivateKey
from v2g_tool.bench.pki.plan import Ocsp

_DIGESTS = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}  # noqa: S303 - the usual one


class Signer(NamedTuple):
    """Who signs a response: a certificate, its key, and the hash that goes with it."""

    certificate: bytes
    key: PrivateKey
    digest: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None


def ocsp_response(response: Ocsp, certificate: bytes, issuer: bytes, signer: Signer) -> bytes:
    """Give a response about a certificate; a responder that is not the issuer puts its own certificate in it."""
    if response.status == "tryLater":
        refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
        return refusal.public_bytes(serialization.Encoding.DER)
    responder = x509.load_der_x509_certificate(signer.certificate)
    builder = _answered(response, certificate, issuer).responder_id(ocsp.OCSPResponderEncoding.NAME, responder)
    if signer.certificate != issuer:
        builder = builder.certificates([responder])
    return builder.sign(signer.key, signer.digest).public_bytes(serialization.Encoding.DER)


def _answered(response: Ocsp, certificate: bytes, issuer: bytes) -> ocsp.OCSPResponseBuilder:
    known = {"good": ocsp.OCSPCertStatus.GOOD, "unknown": ocsp.OCSPCertStatus.UNKNOWN}
    status = known.get(response.status, ocsp.OCSPCertStatus.REVOKED)
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    return ocsp.OCSPResponseBuilder().add_response(
        x509.load_der_x509_certificate(certificate),
        x509.load_der_x509_certificate(issuer),
        _DIGESTS[response.digest],
        status,
        response.this_update,
        response.next_update,
        response.this_update if revoked else None,
        x509.ReasonFlags(response.status) if revoked else None,
    )
