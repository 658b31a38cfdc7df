"""What lies in a file of a PKI: PEM with any number of blocks, DER, PKCS#12. Total over bytes.

A private key is read only to learn its public part, and is forgotten at once: nothing here keeps or shows it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from asn1crypto import keys, parser, pem

from v2g_tool.hal.x509.certificate import UNREADABLE, Malformed, certificate_of, public_key_of, reason_of
from v2g_tool.hal.x509.crl import revocation_list_of
from v2g_tool.hal.x509.ocsp import ocsp_response_of
from v2g_tool.model.pki import Certificate, OcspResponse, PublicKey, RevocationList
from v2g_tool.model.pki_file import Contents, KeyForm, PrivateKey

MOST_ROUNDS = 2_000_000
"""Of a passphrase: about a second; the largest that programs choose by themselves are some hundred thousand."""
MOST_OBJECTS = 500
"""So many blocks of one file are looked at; a system's whole bundle holds some 150."""
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----[^-]*(?:-(?!----)[^-]*)*-----END \1-----[ \t]*(\r\n|\n|\r|\Z)")
"""A body ends at the next five hyphens, whatever follows them: so a file of marks alone is read in linear time."""
_MARK = b"-----BEGIN "
_CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE")
_TRUSTED = "TRUSTED CERTIFICATE"
_KEYS = {
    "PRIVATE KEY": KeyForm.PKCS8,
    "EC PRIVATE KEY": KeyForm.SEC1,
    "RSA PRIVATE KEY": KeyForm.PKCS1,
    "ENCRYPTED PRIVATE KEY": KeyForm.PKCS8_LOCKED,
    "TSS2 PRIVATE KEY": KeyForm.TPM,
    "TSS2 KEY BLOB": KeyForm.TPM,
}
_TOKEN = b"pkcs11:"


@dataclass
class _Found:
    certificates: list[Certificate] = field(default_factory=list)
    lists: list[RevocationList] = field(default_factory=list)
    responses: list[OcspResponse] = field(default_factory=list)
    keys: list[PrivateKey] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)

    def contents(self, encoding: str) -> Contents:
        return Contents(
            certificates=tuple(self.certificates),
            lists=tuple(self.lists),
            responses=tuple(self.responses),
            keys=tuple(self.keys),
            encoding=encoding,
            remarks=tuple(dict.fromkeys(self.remarks)),
            damage=tuple(self.damage),
        )

    def add(self, read: Callable[[], None]) -> bool:
        """Read one object; what is none is damage."""
        try:
            read()
        except Malformed as exc:
            self.damage.append(str(exc))
            return False
        return True


def contents_of(data: bytes, passphrase: bytes | None = None) -> Contents:
    """Give what lies in a file; a passphrase opens what is locked."""
    found = _Found()
    if data.startswith(_BOM):
        found.remarks.append("it begins with a byte order mark")
        data = data[len(_BOM) :]
    if data.startswith(_UTF16):
        found.damage.append("it is text in UTF-16, as Windows writes it; programs expect plain ASCII")
        return found.contents("")
    if _MARK in data:
        _read_pem(data, passphrase, found)
        return found.contents("PEM")
    if data.lstrip().startswith(_TOKEN):
        found.keys.append(PrivateKey(KeyForm.TOKEN, None))
        return found.contents("PEM")
    return _read_der(data, passphrase, found)


def _read_pem(data: bytes, passphrase: bytes | None, found: _Found) -> None:
    blocks = [*islice(_BLOCK.finditer(data), MOST_OBJECTS + 1)]
    for block in blocks[:MOST_OBJECTS]:
        if b"\r" in block[0]:
            found.remarks.append("its lines end as on Windows (CR LF)")
        _read_block(block[1].decode("ascii"), block[0], passphrase, found)
    if len(blocks) > MOST_OBJECTS:
        found.remarks.append(f"only the first {MOST_OBJECTS} blocks were read")
    elif data.count(_MARK) > len(blocks):
        found.damage.append("a block has no end")
    elif data[blocks[-1].end() :].strip():
        found.remarks.append("there is something behind the last block")


def _read_block(kind: str, block: bytes, passphrase: bytes | None, found: _Found) -> None:
    if kind == _TRUSTED:
        found.remarks.append("it carries settings of trust that only OpenSSL reads (BEGIN TRUSTED CERTIFICATE)")
        found.add(lambda: found.certificates.append(certificate_of(_first(_unarmoured(block)))))
    elif kind in _CERTIFICATES:
        found.add(lambda: found.certificates.append(certificate_of(_unarmoured(block))))
    elif kind == "X509 CRL":
        found.add(lambda: found.lists.append(revocation_list_of(_unarmoured(block))))
    elif kind == "OCSP RESPONSE":
        found.add(lambda: found.responses.append(ocsp_response_of(_unarmoured(block))))
    elif kind in _KEYS:
        form = KeyForm.LEGACY_LOCKED if b"Proc-Type: 4,ENCRYPTED" in block else _KEYS[kind]
        found.keys.append(_private_key(form, block, passphrase))
    elif kind != "EC PARAMETERS":
        found.remarks.append(f"it holds a block '{kind}', which has no place here")


def _unarmoured(block: bytes) -> bytes:
    try:
        return bytes(pem.unarmor(block)[2])
    except UNREADABLE as exc:
        raise Malformed(f"a block is no PEM: {reason_of(exc)}") from exc


def _first(data: bytes) -> bytes:
    """Give the first of several DER elements."""
    try:
        return data[: parser.peek(data)]
    except UNREADABLE:
        return data


def _read_der(data: bytes, passphrase: bytes | None, found: _Found) -> Contents:
    try:
        length = parser.peek(data)
    except UNREADABLE:
        with suppress(ValueError):  # base64 without its marks
            if (decoded := base64.b64decode(data, validate=True))[:1] == b"\x30":
                found.remarks.append("it is base64 without the lines BEGIN and END")
                return _read_der(decoded, passphrase, found) if decoded != data else found.contents("")
        return found.contents("")
    whole = data[:length]
    if data[length:].strip():
        found.remarks.append(f"{len(data) - length} bytes stand behind its end")
    for read in _der_readers(whole, passphrase, found):
        with suppress(Malformed):
            return found.contents(read())
    return found.contents("")


def _der_readers(der: bytes, passphrase: bytes | None, found: _Found) -> Iterator[Callable[[], str]]:
    """Give, for each thing that a DER file may be, what reads it and gives its encoding; each raises Malformed."""

    def certificate() -> str:
        found.certificates.append(certificate_of(der))
        return "DER"

    def revocation_list() -> str:
        found.lists.append(revocation_list_of(der))
        return "DER"

    def ocsp_response() -> str:
        found.responses.append(ocsp_response_of(der))
        return "DER"

    def pkcs12() -> str:
        _read_pkcs12(der, passphrase, found)
        return "PKCS#12"

    def key() -> str:
        found.keys.append(_der_key(der, passphrase))
        return "DER"

    return iter((certificate, revocation_list, ocsp_response, pkcs12, key))


def _read_pkcs12(der: bytes, passphrase: bytes | None, found: _Found) -> None:
    from asn1crypto import pkcs12 as asn1_pkcs12

    try:
        pfx = asn1_pkcs12.Pfx.load(der, strict=True)
        if pfx["version"].native != "v3":
            raise Malformed("it is no PKCS#12")
        rounds = _most_rounds(pfx)
    except UNREADABLE as exc:
        raise Malformed("it is no PKCS#12") from exc
    if rounds > MOST_ROUNDS:
        found.keys.append(PrivateKey(KeyForm.PKCS12, None, f"opening it takes {rounds} rounds"))
        return
    from cryptography.hazmat.primitives.serialization import pkcs12

    try:
        bundle = pkcs12.load_pkcs12(der, passphrase or b"")  # many are made with an empty one
    except _unreadable():
        trouble = "a passphrase is needed to open it" if passphrase is None else "the passphrase does not open it"
        found.keys.append(PrivateKey(KeyForm.PKCS12, None, trouble))
        return
    own = [bundle.cert] if bundle.cert is not None else []
    for entry in (*own, *bundle.additional_certs):
        found.add(lambda entry=entry: found.certificates.append(certificate_of(_der_of(entry.certificate))))  # type: ignore[misc]
    if bundle.key is not None:
        found.keys.append(PrivateKey(KeyForm.PKCS12, _public_of(bundle.key)))


def _most_rounds(pfx: Any) -> int:  # noqa: ANN401 - asn1crypto is untyped
    """Give how many rounds a passphrase goes through: whoever made the file may ask for years of them."""
    from asn1crypto.pkcs12 import SafeContents

    rounds = [int(pfx["mac_data"]["iterations"].native)] if pfx["mac_data"].native is not None else [0]
    for info in pfx.authenticated_safe:
        if info["content_type"].native == "encrypted_data":
            rounds.append(_rounds(info["content"]["encrypted_content_info"]["content_encryption_algorithm"]))
        else:
            bags = (bag for bag in SafeContents.load(info["content"].native))
            locked = (bag["bag_value"] for bag in bags if bag["bag_id"].native == "pkcs8_shrouded_key_bag")
            rounds += [_rounds(key["encryption_algorithm"]) for key in locked]
    return max(rounds)


def _rounds(algorithm: Any) -> int:  # noqa: ANN401 - asn1crypto is untyped
    try:
        return int(algorithm.kdf_iterations)
    except UNREADABLE:
        return MOST_ROUNDS + 1


def _rounds_of(data: bytes) -> int:
    """Give the rounds of a locked PKCS#8 key; 0 for what no program opens."""
    try:
        der = _unarmoured(data) if data.lstrip().startswith(_MARK) else data
        return _rounds(keys.EncryptedPrivateKeyInfo.load(der)["encryption_algorithm"])
    except (Malformed, *UNREADABLE):
        return 0


def _der_of(certificate: object) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return bytes(certificate.public_bytes(Encoding.DER))  # type: ignore[attr-defined]


def _der_key(der: bytes, passphrase: bytes | None) -> PrivateKey:
    for form, kind in ((KeyForm.PKCS8, keys.PrivateKeyInfo), (KeyForm.PKCS8_LOCKED, keys.EncryptedPrivateKeyInfo)):
        try:
            whole = kind.load(der, strict=True)
            whole.native  # noqa: B018 - asn1crypto reads when it is asked
        except UNREADABLE:
            continue
        return _private_key(form, der, passphrase)
    try:
        keys.ECPrivateKey.load(der, strict=True)["private_key"].native  # noqa: B018
    except UNREADABLE as exc:
        raise Malformed("it is no private key") from exc
    return _private_key(KeyForm.SEC1, der, passphrase)


def _private_key(form: KeyForm, data: bytes, passphrase: bytes | None) -> PrivateKey:
    """Give what may be said of a private key; the parsers' own messages may quote it, so they are not repeated."""
    if form in (KeyForm.TPM, KeyForm.TOKEN):
        return PrivateKey(form, None)
    locked = form in (KeyForm.PKCS8_LOCKED, KeyForm.LEGACY_LOCKED)
    if locked and passphrase is None:
        return PrivateKey(form, None, "a passphrase is needed to open it")
    if form is KeyForm.PKCS8_LOCKED and (rounds := _rounds_of(data)) > MOST_ROUNDS:
        return PrivateKey(form, None, f"opening it takes {rounds} rounds")
    from cryptography.hazmat.primitives import serialization

    load = serialization.load_pem_private_key if data.lstrip().startswith(_MARK) else serialization.load_der_private_key
    try:
        return PrivateKey(form, _public_of(load(data, passphrase if locked else None)))
    except _unreadable():
        trouble = "the passphrase does not open it" if locked else "it is damaged, or of a kind that is not known"
        return PrivateKey(form, None, trouble)


def _unreadable() -> tuple[type[Exception], ...]:
    """Give what `cryptography` raises for a key that it cannot read."""
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm

    return ValueError, TypeError, UnsupportedAlgorithm, InternalError


def _public_of(key: object) -> PublicKey:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = key.public_key()  # type: ignore[attr-defined]
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public_key_of(keys.PublicKeyInfo.load(der))
