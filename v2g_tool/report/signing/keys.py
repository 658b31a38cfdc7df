"""Signing keys: made once, kept encrypted, opened with a passphrase that shows up nowhere."""

from __future__ import annotations

import hashlib
import os
import stat
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from v2g_tool.data.reading import read_regular
from v2g_tool.data.writing import sync_directory
from v2g_tool.errors import NotPermitted, RequestError
from v2g_tool.report.signing.cms import CURVES, UNREADABLE, curve_of, read_through

KEY_NAME = "signing.key.pem"
CERTIFICATE_NAME = "signing.cert.pem"
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning, RFC 9336."""

_VALIDITY = timedelta(days=1826)
"""Five years."""
_MIN_CHARACTERS = 8
_MAX_BYTES = 1023
"""OpenSSL takes no longer passphrase."""
_MAX_FILE = 1_000_000


@dataclass
class Signer:
    """A key that signs reports, with its certificate and the certificates of its issuers, nearest first."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The signer's certificate, then its issuers."""
        return (self.certificate, *self.chain)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the signer's certificate (DER), 64 hex digits."""
        return fingerprint_of(self.certificate)

    def sign(self, data: bytes) -> bytes:
        """Give the ECDSA signature of `data`: DER, digest by curve, s at most half the group order."""
        curve = curve_of(self.certificate)
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(curve.hash)))
        return encode_dss_signature(r, min(s, curve.order - s))


@dataclass(frozen=True)
class KeyFiles:
    """Where a new key and its certificate lie, and the certificate's SHA-256 (64 hex digits)."""

    key: Path
    certificate: Path
    fingerprint: str


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Give the SHA-256 of a certificate's DER bytes, 64 hex digits."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def pem_of(certificates: tuple[x509.Certificate, ...]) -> bytes:
    """Give the certificates as PEM, one after the other."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def key_directory() -> Path:
    """Give the folder of the signing key: $V2G_KEY_DIR, else $XDG_CONFIG_HOME/v2g/keys, else ~/.config/v2g/keys."""
    if given := os.environ.get("V2G_KEY_DIR"):
        return Path(given)
    config = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    # The XDG base directory specification tells to ignore a relative path.
    return (config if config.is_absolute() else Path.home() / ".config") / "v2g" / "keys"


def init_key(directory: Path, name: str, passphrase: bytes, now: datetime) -> KeyFiles:
    """Make a P-256 key, encrypted, and its self-signed certificate for five years from `now`.

    Raises:
        RequestError: a key or certificate is there already, the passphrase is too short, the name does not do, or
            others may look into the directory.
        NotPermitted: the files cannot be written.
    """
    _check_passphrase(passphrase)
    _check_name(name)
    files = directory / KEY_NAME, directory / CERTIFICATE_NAME
    try:
        _refuse_existing(files)
        _private_directory(directory)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_signed(key, name, now)
        encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
        _create(files[0], encrypted, 0o600)
        try:
            _create(files[1], certificate.public_bytes(Encoding.PEM), 0o644)
        except OSError:
            files[0].unlink()  # ours, a moment old, and useless without its certificate
            raise
        sync_directory(directory)
    except OSError as exc:
        raise NotPermitted(
            f"the key cannot be written to {directory}: {exc.strerror}",
            why="The disk is full or write-protected, or the folder belongs to somebody else.",
            todo="Choose another folder with V2G_KEY_DIR, or free space.",
        ) from exc
    return KeyFiles(*files, fingerprint_of(certificate))


def load_signer(key: Path, certificate: Path, passphrase: bytes | None) -> Signer:
    """Give the signer from a key file and a certificate file (PEM: the signer's, then its issuers).

    Raises:
        RequestError: a file is missing, broken or open to others, the passphrase is wrong, the two do not belong
            together, or the certificate is not valid today.
    """
    private = _private_key(key, _read_key_file(key), passphrase)
    first, *issuers = load_certificates(certificate)
    if _spki(private.public_key()) != _spki(first.public_key()):
        raise RequestError(
            f"the certificate {certificate} does not belong to the key {key}",
            why="One of the two was replaced, or they were made for different keys.",
            todo="Give the certificate that was issued for this key, or make a new key with 'v2g-tool keys init'.",
        )
    _check_valid_today(certificate, first)
    return Signer(private, first, tuple(issuers))


def load_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Give the certificates in a PEM file, at least one; raises RequestError when there is none to read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities of a foreign certificate are no concern of this program's user
            certificates = tuple(x509.load_pem_x509_certificates(_read(path, "certificate")))
            for certificate in certificates:
                read_through(certificate)
                certificate.public_key()
    except UNREADABLE as exc:
        raise RequestError(
            f"{path} is not a certificate in PEM form",
            why="The file is damaged or holds something else, for example DER or a key.",
            todo="Give a file that starts with -----BEGIN CERTIFICATE-----.",
        ) from exc
    return certificates


def _check_passphrase(passphrase: bytes) -> None:
    if len(passphrase.decode("utf-8", "replace")) < _MIN_CHARACTERS or len(passphrase) > _MAX_BYTES:
        raise RequestError(
            f"the passphrase must have at least {_MIN_CHARACTERS} characters and at most {_MAX_BYTES} bytes",
            why="Whoever copies the key file can try passphrases at leisure.",
            todo="Choose a longer passphrase, for example four words.",
        )


def _check_name(name: str) -> None:
    # 64: upper bound of a common name, RFC 5280, appendix A.1.
    if not name.isprintable() or not 1 <= len(name.strip()) <= len(name.encode()) <= 64:
        raise RequestError(
            "the name for the certificate must have 1 to 64 visible characters",
            todo="Give the name of the person or company that signs.",
        )


def _private_directory(directory: Path) -> None:
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.stat().st_mode & 0o077 == 0:
        return
    # An empty folder is ours to close; one in use (/etc, a home directory) is not.
    if any(directory.iterdir()):
        raise RequestError(
            f"others may look into {directory}",
            why="A signing key lies only in a folder of its own.",
            todo=f"Run 'chmod 700 {directory}', or choose another folder with V2G_KEY_DIR.",
        )
    directory.chmod(0o700)


def _refuse_existing(files: tuple[Path, ...]) -> None:
    for path in files:
        if os.path.lexists(path):
            raise RequestError(
                f"{path} is there already",
                why="A key is never overwritten: reports signed with it name its certificate.",
                todo="Use this key, or choose another folder with V2G_KEY_DIR.",
            )


def _create(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
    except OSError:
        path.unlink()  # ours, a moment old
        raise


def _self_signed(key: ec.EllipticCurvePrivateKey, name: str, now: datetime) -> x509.Certificate:
    start = now.astimezone(UTC).replace(microsecond=0)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signing_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _signing_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,  # formerly nonRepudiation
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _read(path: Path, what: str) -> bytes:
    try:
        return read_regular(path, _MAX_FILE)
    except FileNotFoundError as exc:
        raise RequestError(
            f"there is no {what} at {path}",
            why="It lies elsewhere, or no key was made on this computer yet.",
            todo="Check the path; 'v2g-tool keys init' makes a key and its certificate.",
        ) from exc
    except OSError as exc:
        raise RequestError(
            f"the {what} {path} cannot be read: {exc.strerror}", todo="Check the path and the rights of the file."
        ) from exc


def _read_key_file(path: Path) -> bytes:
    content = _read(path, "key")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise RequestError(
            f"others may read the key {path}",
            why="A key that others could have copied proves nothing.",
            todo=f"Run 'chmod 600 {path}'; if somebody may have copied it, make a new key.",
        )
    return content


def _private_key(path: Path, content: bytes, passphrase: bytes | None) -> ec.EllipticCurvePrivateKey:
    encrypted = _is_encrypted(path, content)
    if encrypted and not passphrase:
        raise RequestError(f"the key {path} needs its passphrase", todo="Give the passphrase.")
    if passphrase and not encrypted:
        raise RequestError(
            f"the key {path} is not encrypted, yet a passphrase was given",
            why="The file was replaced, or this is the key of a test.",
            todo=f"Encrypt it with 'openssl pkcs8 -topk8 -in {path}', or sign without a passphrase.",
        )
    try:
        key = load_pem_private_key(content, passphrase if encrypted else None)
    except UNREADABLE:
        raise _not_opened(path, encrypted) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name not in CURVES:
        raise RequestError(
            f"the key {path} is of a kind that does not sign reports", todo="Give a key on P-256, P-384 or P-521."
        )
    return key


def _is_encrypted(path: Path, content: bytes) -> bool:
    """Say whether the key file is encrypted, after looking at its outer form; raises RequestError for a broken one."""
    try:
        label, headers, der = pem.unarmor(content)
        if not label.endswith("PRIVATE KEY") or f"-----END {label}-----".encode() not in content:
            raise _not_opened(path, encrypted=False)
        if label == "ENCRYPTED PRIVATE KEY":
            # The form is in the clear: damage there can be told from a wrong passphrase.
            _ = asn1_keys.EncryptedPrivateKeyInfo.load(der, strict=True).native
            return True
    except UNREADABLE:
        raise _not_opened(path, encrypted=False) from None
    return "DEK-Info" in headers


def _not_opened(path: Path, encrypted: bool) -> RequestError:
    if encrypted:
        return RequestError(
            f"the passphrase does not open the key {path}",
            why="A typing mistake, another keyboard layout, or the file is damaged.",
            todo="Try again; mind caps lock.",
        )
    return RequestError(
        f"{path} is not a private key in PEM form",
        why="The file is damaged, cut off or holds something else.",
        todo="Restore the key from its backup, or make a new one with 'v2g-tool keys init'.",
    )


def _spki(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_valid_today(path: Path, certificate: x509.Certificate) -> None:
    now = datetime.now(UTC)
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if start <= now <= end:
        return
    problem = f"has expired on {end:%Y-%m-%d}" if now > end else f"is valid only from {start:%Y-%m-%d %H:%M} UTC"
    raise RequestError(
        f"the certificate {path} {problem}",
        why="A report signed with it would be refused.",
        todo="Renew the certificate, or check the clock of this computer.",
    )
