"""Who signed what, and the paths that lead from a certificate to an anchor: bounded, whatever the files hold.

A signature is checked before a certificate counts as issuer, so that a hundred CAs of one name cost a hundred checks
and no search. Nothing here judges dates, uses or revocation; `engine` does, with the few certificates that are left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from v2g_tool.hal.x509 import parsed
from v2g_tool.model.pki import Certificate, OcspResponse, Path, RevocationList

MOST_PATHS = 16
MOST_ISSUERS = 8
"""So many issuers of one certificate are followed; a renewed and cross-signed CA has two or three."""
LONGEST = 10
Signed = Certificate | RevocationList | OcspResponse


def signed_by(signed: Signed, issuer: Certificate) -> bool | None:
    """Say whether the key of `issuer` made the signature; None where this program cannot check that kind."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        _verify(signed, issuer)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        return None
    return True


def _verify(signed: Signed, issuer: Certificate) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    key = _key(issuer.der)
    signature, content = _signed(signed)
    digest, _, scheme = signed.signature.partition("_")
    if isinstance(key, ec.EllipticCurvePublicKey) and scheme == "ecdsa":
        key.verify(signature, content, ec.ECDSA(_hash(hashes, digest)))
    elif isinstance(key, rsa.RSAPublicKey) and scheme == "rsa":
        key.verify(signature, content, padding.PKCS1v15(), _hash(hashes, digest))
    elif isinstance(key, rsa.RSAPublicKey) and scheme == "rsassa_pss":
        told = _whole(signed)["signature_algorithm"]["parameters"].native
        mask = padding.MGF1(_hash(hashes, told["mask_gen_algorithm"]["parameters"]["algorithm"]))
        key.verify(signature, content, padding.PSS(mask, told["salt_length"]), _hash(hashes, digest))
    elif signed.signature in ("ed25519", "ed448") and issuer.key.kind.lower() == signed.signature:
        key.verify(signature, content)
    else:
        raise KeyError(signed.signature)


@lru_cache(maxsize=256)
def _key(der: bytes) -> Any:  # noqa: ANN401 - any public key of cryptography
    from cryptography.hazmat.primitives import serialization

    return serialization.load_der_public_key(
        parsed.certificate(der)["tbs_certificate"]["subject_public_key_info"].dump()
    )


def _signed(signed: Signed) -> tuple[bytes, bytes]:
    """Give a signature and the bytes that it is of."""
    whole = _whole(signed)
    if isinstance(signed, Certificate):
        return whole["signature_value"].native, whole["tbs_certificate"].dump()
    if isinstance(signed, OcspResponse):
        return whole["signature"].native, whole["tbs_response_data"].dump()
    return whole["signature"].native, whole["tbs_cert_list"].dump()


def _whole(signed: Signed) -> Any:  # noqa: ANN401 - asn1crypto is untyped
    if isinstance(signed, OcspResponse):
        return parsed.ocsp_response(signed.der).basic_ocsp_response
    return (parsed.certificate if isinstance(signed, Certificate) else parsed.revocation_list)(signed.der)


def _hash(hashes: Any, name: str) -> Any:  # noqa: ANN401 - classes of cryptography by name
    return getattr(
        hashes, {"sha1": "SHA1", "sha224": "SHA224", "sha256": "SHA256", "sha384": "SHA384", "sha512": "SHA512"}[name]
    )()


def issuers_of(certificate: Certificate, pool: Iterable[Certificate]) -> Iterator[Certificate]:
    """Give those of a pool that signed a certificate, the ones whose key identifier fits first."""
    named = [each for each in pool if each.subject == certificate.issuer]
    wanted = certificate.authority_key_id
    named.sort(key=lambda each: (each.subject_key_id != wanted, each.not_after), reverse=False)
    return (each for each in named if signed_by(certificate, each))


def paths_of(leaf: Certificate, pool: Sequence[Certificate], anchors: Sequence[Certificate]) -> tuple[Path, ...]:
    """Give the paths upwards, at most MOST_PATHS: those that reach an anchor first, else as far as they lead."""
    trusted = {anchor.sha256 for anchor in anchors}
    every = tuple({each.sha256: each for each in (*anchors, *pool)}.values())
    found: list[Path] = []
    open_paths: list[tuple[Certificate, ...]] = [(leaf,)]
    while open_paths and len(found) < MOST_PATHS:
        path = open_paths.pop()
        top = path[-1]
        if top.sha256 in trusted:
            found.append(Path(path, anchored=True))
            continue
        above = [] if top.self_issued and signed_by(top, top) else list(_next(path, every))
        if not above or len(path) == LONGEST:
            found.append(Path(path, anchored=False))
        open_paths += [(*path, issuer) for issuer in reversed(above[:MOST_ISSUERS])] if len(path) < LONGEST else []
    return tuple(sorted(found, key=lambda path: not path.anchored))


def _next(path: tuple[Certificate, ...], every: Sequence[Certificate]) -> Iterator[Certificate]:
    seen = {each.sha256 for each in path}
    return issuers_of(path[-1], (each for each in every if each.sha256 not in seen))
