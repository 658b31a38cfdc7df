"""A private key as a file: plain, locked, or kept by a TPM."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from v2g_tool.bench.pki.der import encoded_integer, encoded_oid, pem, tlv
from v2g_tool.bench.pki.issue import PrivateKey

_LOADABLE_KEY = "2.23.133.10.1.3"
_OWNER = 0x40000001
"""TPM_RH_OWNER: the parent is the primary key of the owner."""
_ECC, _SHA256, _NULL = 0x0023, 0x000B, 0x0010
_CURVES = {256: 0x0003, 384: 0x0004, 521: 0x0005}
_ATTRIBUTES = 0x00040072
"""fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, sign (TPM 2.0 Library, part 2, 8.3)."""
_SEALED_BYTES = 126


def key_file(key: PrivateKey, form: str, passphrase: str) -> bytes:
    """Give the content of a key file: key, key-encrypted, key-locked, key-pkcs12 or key-tpm."""
    return _FORMS[form](key, passphrase)


def secret_of(key: PrivateKey) -> bytes:
    """Give what must never get out: the scalar, the seed, or the private exponent."""
    if isinstance(key, ed448.Ed448PrivateKey):
        return key.private_bytes_raw()
    if isinstance(key, rsa.RSAPrivateKey):
        return key.private_numbers().d.to_bytes(key.key_size // 8, "big")
    return key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big")


def _plain(key: PrivateKey, _: str) -> bytes:
    return _pem(key, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _encrypted(key: PrivateKey, passphrase: str) -> bytes:
    lock = serialization.BestAvailableEncryption(passphrase.encode())
    return _pem(key, serialization.PrivateFormat.PKCS8, lock)


def _locked(key: PrivateKey, passphrase: str) -> bytes:
    """Give the older form: EC PRIVATE KEY, with the lock in a Proc-Type line (RFC 1421, 4.6.1.1)."""
    lock = serialization.BestAvailableEncryption(passphrase.encode())
    return _pem(key, serialization.PrivateFormat.TraditionalOpenSSL, lock)


def _pkcs12(key: PrivateKey, passphrase: str) -> bytes:
    lock = serialization.BestAvailableEncryption(passphrase.encode())
    return serialize_key_and_certificates(b"secc", key, None, None, lock)


def _pem(key: PrivateKey, form: serialization.PrivateFormat, lock: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, form, lock)


def _kept_by_tpm(key: PrivateKey, _: str) -> bytes:
    """Give TPMKey: type, parent, public part, and a private part that only its TPM can open.

    The private part is noise: nothing of the key is in the file.
    """
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the TPM of the bench keeps keys on curves of NIST")
    auth = tlv(0xA0, tlv(0x01, b"\xff"))
    public = tlv(0x04, _sized(_public_area(key.public_key())))
    private = tlv(0x04, _sized(secrets.token_bytes(_SEALED_BYTES)))
    der = tlv(0x30, encoded_oid(_LOADABLE_KEY) + auth + encoded_integer(_OWNER) + public + private)
    return pem("TSS2 PRIVATE KEY", der)


def _public_area(key: ec.EllipticCurvePublicKey) -> bytes:
    """Give TPMT_PUBLIC of a signing key: no policy, no symmetric cipher, any scheme."""
    octets, point = (key.key_size + 7) // 8, key.public_numbers()
    head = struct.pack(">HHIHHHHH", _ECC, _SHA256, _ATTRIBUTES, 0, _NULL, _NULL, _CURVES[key.key_size], _NULL)
    return head + _sized(point.x.to_bytes(octets, "big")) + _sized(point.y.to_bytes(octets, "big"))


def _sized(content: bytes) -> bytes:
    return struct.pack(">H", len(content)) + content


_FORMS: Mapping[str, Callable[[PrivateKey, str], bytes]] = {
    "key": _plain,
    "key-encrypted": _encrypted,
    "key-locked": _locked,
    "key-pkcs12": _pkcs12,
    "key-tpm": _kept_by_tpm,
}
