"""Who signed what, by the kind of signature."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.report.sample import NOW, authority, certificate
from v2g_tool.hal.x509.certificate import certificate_of
from v2g_tool.hal.x509.crl import revocation_list_of
from v2g_tool.hal.x509.paths import signed_by
from v2g_tool.model.pki import Certificate

PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 20)
"""Unusual on purpose: digest of the mask and length of the salt are read, not guessed."""


def noun(of: x509.Certificate | None) -> Certificate:
    assert of is not None
    return certificate_of(of.public_bytes(Encoding.DER))


def test_an_rsa_pss_signature_fits_its_signer_and_no_other() -> None:
    root, other = (authority("Root", key=rsa.generate_private_key(65537, 2048)) for _ in range(2))
    leaf = noun(certificate("leaf", ec.generate_private_key(ec.SECP256R1()), root, rsa_padding=PSS))
    builder = x509.CertificateRevocationListBuilder(x509.Name([]), NOW, NOW + timedelta(days=1))
    revoked = revocation_list_of(builder.sign(root.key, hashes.SHA256(), rsa_padding=PSS).public_bytes(Encoding.DER))

    assert leaf.signature == "sha256_rsassa_pss"
    for signed in (leaf, revoked):
        assert signed_by(signed, noun(root.certificate)) is True
        assert signed_by(signed, noun(other.certificate)) is False
