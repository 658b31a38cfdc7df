"""Certificates and lists as other CAs make them, and a site with one credential of OCPP made of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from v2g_tool.model.site.pki import PkiSite

NOW = datetime.now(UTC).replace(microsecond=0)
Extensions = Sequence[tuple[x509.ExtensionType, bool]]
ROOT_KEY, SUB_KEY, LEAF_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
CHAIN, KEY, ROOTS, CRLS = "/etc/pki/chain.pem", "/etc/pki/leaf.key", "/etc/pki/roots", "/etc/pki/crl"
CREDENTIAL = {"role": "ocpp-station", "profile": "ocpp-2-0-1", "store": "roots", "certificate": CHAIN, "key": KEY}


def name(common: str) -> x509.Name:
    """Give a name of one part."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not ca, False, False, False, not ca, ca, ca, False, False)


def made(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    extensions: Extensions = (),
) -> x509.Certificate:
    """Give a certificate that is valid now: of a CA, but for the key of the leaf; with further extensions."""
    ca = key is not LEAF_KEY
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW - timedelta(days=30)).not_valid_after(NOW + timedelta(days=300))
    common: Extensions = (
        (x509.BasicConstraints(ca, None), True),
        (_usage(ca=ca), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    )
    for extension, critical in (*common, *extensions):
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())


def listed(
    issuer: x509.Name, signer: ec.EllipticCurvePrivateKey, number: int = 1, extensions: Extensions = (), age: int = 1
) -> x509.CertificateRevocationList:
    """Give a list that revokes nothing, of so many days ago and good for 30."""
    begun = NOW - timedelta(days=age)
    builder = x509.CertificateRevocationListBuilder(issuer, begun, begun + timedelta(days=30))
    for extension, critical in ((x509.CRLNumber(number), False), *extensions):
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())


ROOT = made(name("Root"), ROOT_KEY, name("Root"), ROOT_KEY)
SUB = made(name("Sub"), SUB_KEY, name("Root"), ROOT_KEY)
LEAF = made(name("leaf"), LEAF_KEY, name("Sub"), SUB_KEY)
ROOT_LIST, SUB_LIST = listed(name("Root"), ROOT_KEY), listed(name("Sub"), SUB_KEY)


def pem(*objects: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """Give a file of these."""
    return b"".join(each.public_bytes(Encoding.PEM) for each in objects)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Give the file of a key."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


SOUND = {
    CHAIN: pem(LEAF, SUB),
    KEY: key_pem(LEAF_KEY),
    f"{ROOTS}/root.pem": pem(ROOT),
    f"{CRLS}/root.crl": pem(ROOT_LIST),
    f"{CRLS}/sub.crl": pem(SUB_LIST),
}
"""The files of a site that nothing is wrong with."""


def site(root: Path, files: dict[str, bytes], **said: object) -> PkiSite:
    """Write the files of a sound site below `root`, these instead of its own, and give what the site file says."""
    for path, content in {**SOUND, **files}.items():
        place = root / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(0o600)
        place.parent.chmod(0o700)
    usual = {"credentials": {"station": CREDENTIAL}, "stores": {"roots": ROOTS}, "crls": [CRLS]}
    return PkiSite.model_validate({**usual, **said})
