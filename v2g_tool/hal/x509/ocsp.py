"""OCSP responses (RFC 6960) from bytes, total; which certificate they are about, and who signed them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from v2g_tool.hal.x509 import parsed
from v2g_tool.hal.x509.certificate import Malformed, certificate_of, moment, name_of, read_as, signature_of
from v2g_tool.hal.x509.paths import signed_by
from v2g_tool.model.pki import Certificate, OcspEntry, OcspResponse, Revocation

MOST_BYTES = 1 << 16
"""A response that is sent in a handshake has some hundred bytes, with its signer's certificate some thousand."""
MOST_ENTRIES = 100
_DIGESTS = ("sha1", "sha256", "sha384", "sha512")


def ocsp_response_of(der: bytes) -> OcspResponse:
    """Give a response from exactly its DER bytes; raises Malformed."""
    return read_as("an OCSP response", der, MOST_BYTES, _response)


def _response(der: bytes) -> OcspResponse:
    whole = parsed.ocsp_response(der)
    status = str(whole["response_status"].native)
    if status != "successful":
        return OcspResponse(der, status)
    basic = whole.basic_ocsp_response
    data = basic["tbs_response_data"]
    if not 0 < len(data["responses"]) <= MOST_ENTRIES:
        raise Malformed(f"it is an OCSP response about {len(data['responses'])} certificates")
    responder = data["responder_id"]
    named = responder.name == "by_name"
    included = basic["certs"] if basic["certs"].contents else ()
    return OcspResponse(
        der=der,
        status=status,
        responder_name=name_of(responder.chosen.untag()) if named else None,
        responder_key=None if named else bytes(responder.native),
        produced_at=moment(data["produced_at"].native),
        signature=signature_of(basic["signature_algorithm"]),
        entries=tuple(map(_entry, data["responses"])),
        certificates=tuple(certificate_of(each.dump()) for each in included),
    )


def _entry(entry: Any) -> OcspEntry:  # noqa: ANN401 - asn1crypto is untyped
    about, status, next_update = entry["cert_id"], entry["cert_status"], entry["next_update"].native
    return OcspEntry(
        digest=str(about["hash_algorithm"]["algorithm"].native),
        issuer_name_hash=bytes(about["issuer_name_hash"].native),
        issuer_key_hash=bytes(about["issuer_key_hash"].native),
        serial=int(about["serial_number"].native),
        status=status.name,
        revoked=_revocation(status.chosen) if status.name == "revoked" else None,
        this_update=moment(entry["this_update"].native),
        next_update=None if next_update is None else moment(next_update),
    )


def _revocation(info: Any) -> Revocation:  # noqa: ANN401 - asn1crypto is untyped
    return Revocation(moment(info["revocation_time"].native), str(info["revocation_reason"].native or ""))


def issuer_of(entry: OcspEntry, pool: Iterable[Certificate]) -> Certificate | None:
    """Give the CA of a pool that an entry names by hashes of its name and key (RFC 6960, 4.1.1); None for none."""
    if entry.digest not in _DIGESTS:
        return None
    named = (each for each in pool if entry.issuer_name_hash == _hash(each.subject.der, entry.digest))
    return next((each for each in named if entry.issuer_key_hash == _hash(_key_bits(each), entry.digest)), None)


def _hash(data: bytes, digest: str) -> bytes:
    return hashlib.new(digest, data, usedforsecurity=False).digest()


def _key_bits(certificate: Certificate) -> bytes:
    """Give the public key as the hashes of OCSP take it: without algorithm, tag, length and unused bits."""
    info = parsed.certificate(certificate.der)["tbs_certificate"]["subject_public_key_info"]
    return bytes(info["public_key"])


def signer_of(response: OcspResponse, issuer: Certificate) -> Certificate | None:
    """Give who the response says has signed it and did: the issuer, or a certificate in it; None for neither."""
    named = (each for each in (issuer, *response.certificates) if _is_responder(each, response))
    return next((each for each in named if signed_by(response, each)), None)


def _is_responder(certificate: Certificate, response: OcspResponse) -> bool:
    if response.responder_name is not None:
        return response.responder_name == certificate.subject
    return response.responder_key == _hash(_key_bits(certificate), "sha1")
