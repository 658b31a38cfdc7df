"""Certificates and revocation lists that no careful library makes: sound ones, altered and signed again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from v2g_tool.bench.pki.der import contents, elements, encoded_integer, encoded_oid, tlv
from v2g_tool.bench.pki.issue import PrivateKey

_ECDSA_SHA1 = tlv(0x30, encoded_oid("1.2.840.10045.4.1"))
_ECDSA_SHA256 = tlv(0x30, encoded_oid("1.2.840.10045.4.3.2"))
_DIGESTS: Mapping[bytes, hashes.HashAlgorithm] = {_ECDSA_SHA1: hashes.SHA1(), _ECDSA_SHA256: hashes.SHA256()}  # noqa: S303
_FIELDS = ("version", "serial", "signature", "issuer", "validity", "subject", "key", "extensions")
"""The body of a certificate (RFC 5280, 4.1), as the sound ones have it."""
_CRL_SIGNATURE, _CRL_NEXT_UPDATE = 1, 4
"""Places in the body of a revocation list (RFC 5280, 5.1)."""

# secp256r1 (SEC 2, 2.4.2): the field's prime, the curve's coefficients, the base point, its order.
_P = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_PRIME_FIELD = "1.2.840.10045.1.1"
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"


def crafted_certificate(der: bytes, crafts: Sequence[str], signer: PrivateKey) -> bytes:
    """Give a certificate altered by crafts, and signed again."""
    body = dict(zip(_FIELDS, elements(elements(der)[0]), strict=True))
    for craft in crafts:
        _CRAFTS[craft](body)
    return _signed(list(body.values()), body["signature"], signer)


def without_next_update(der: bytes, signer: PrivateKey) -> bytes:
    """Give a revocation list without the time of the next one, signed again."""
    body = elements(elements(der)[0])
    del body[_CRL_NEXT_UPDATE]
    return _signed(body, body[_CRL_SIGNATURE], signer)


def _signed(parts: Sequence[bytes], algorithm: bytes, signer: PrivateKey) -> bytes:
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError("only ECDSA signs again")
    body = tlv(0x30, b"".join(parts))
    signature = signer.sign(body, ec.ECDSA(_DIGESTS[algorithm]))
    return tlv(0x30, body + algorithm + tlv(0x03, b"\0" + signature))


def _as_version_1(body: dict[str, bytes]) -> None:
    del body["version"], body["extensions"]


def _with_sha1(body: dict[str, bytes]) -> None:
    body["signature"] = _ECDSA_SHA1


def _with_explicit_parameters(body: dict[str, bytes]) -> None:
    algorithm = tlv(0x30, encoded_oid(_EC_PUBLIC_KEY) + _p256_parameters())
    body["key"] = tlv(0x30, algorithm + elements(body["key"])[1])


def _p256_parameters() -> bytes:
    """Give secp256r1 as SpecifiedECDomain (SEC 1, C.2)."""
    field = tlv(0x30, encoded_oid(_PRIME_FIELD) + encoded_integer(_P))
    curve = tlv(0x30, _octets(_P - 3) + _octets(_B))
    base = tlv(0x04, b"\x04" + b"".join(contents(_octets(coordinate)) for coordinate in _G))
    return tlv(0x30, encoded_integer(1) + field + curve + base + encoded_integer(_N) + encoded_integer(1))


def _octets(number: int) -> bytes:
    return tlv(0x04, number.to_bytes(32, "big"))


_CRAFTS: Mapping[str, Callable[[dict[str, bytes]], None]] = {
    "version-1": _as_version_1,
    "sha1": _with_sha1,
    "explicit-parameters": _with_explicit_parameters,
}
