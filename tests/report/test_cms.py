from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms as asn1
from asn1crypto import core
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from v2g_tool.errors import NotAuthentic
from v2g_tool.report.signing import cms
from v2g_tool.report.signing.keys import Signer, pem_of

from .sample import NOW, authority, issued_signer, lone_signer

CONTENT = b'{"schema":"v2g-report/1"}'
CURVES = {"secp256r1": ec.SECP256R1(), "secp384r1": ec.SECP384R1(), "secp521r1": ec.SECP521R1()}


def openssl_accepts(folder: Path, signature: bytes, signer: Signer, *options: str) -> bool:
    for name, content in {"c": CONTENT, "s": signature, "p": pem_of(signer.certificates)}.items():
        (folder / name).write_bytes(content)
    command = "openssl cms -verify -binary -inform DER -in s -content c -CAfile p -purpose any -out /dev/null"
    return subprocess.run([*command.split(), *options], cwd=folder, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("curve", CURVES)
def test_openssl_accepts_a_signature_on_each_curve(tmp_path: Path, curve: str) -> None:
    signer = lone_signer(curve=CURVES[curve])

    signature = cms.sign(CONTENT, signer, NOW)

    assert openssl_accepts(tmp_path, signature, signer)
    assert openssl_accepts(tmp_path, signature, signer, "-cades")
    assert cms.open_detached(signature).certificates == signer.certificates


@pytest.mark.parametrize("curve", CURVES)
def test_the_group_orders_are_those_of_the_curves(curve: str) -> None:
    order = cms.CURVES[curve].order

    # A private key is a number from 1 to n − 1.
    assert ec.derive_private_key(order - 1, CURVES[curve])
    with pytest.raises(ValueError, match=r"."):
        ec.derive_private_key(order, CURVES[curve])


def test_the_order_of_the_certificates_is_kept_although_a_set_has_none(tmp_path: Path) -> None:
    root = authority("Root")
    for _ in range(8):
        signer = issued_signer(authority("Sub", root), root)

        signature = cms.sign(CONTENT, signer, NOW)

        assert cms.open_detached(signature).certificates == signer.certificates
        assert openssl_accepts(tmp_path, signature, signer)


@pytest.mark.parametrize("curve", CURVES)
def test_s_is_never_above_half_the_group_order(curve: str) -> None:
    signer = lone_signer(curve=CURVES[curve])

    values = [decode_dss_signature(signer.sign(CONTENT))[1] for _ in range(20)]

    assert all(2 * s < cms.CURVES[curve].order for s in values)


def with_signature(encoded: bytes, value: bytes) -> bytes:
    info = asn1.ContentInfo.load(encoded)
    info["content"]["signer_infos"][0]["signature"] = core.OctetString(value)
    return bytes(info.dump())


def test_the_twin_signature_that_openssl_accepts_is_refused(tmp_path: Path, signer: Signer) -> None:
    good = cms.sign(CONTENT, signer, NOW)
    r, s = decode_dss_signature(asn1.ContentInfo.load(good)["content"]["signer_infos"][0]["signature"].native)
    twin = with_signature(good, encode_dss_signature(r, cms.CURVES["secp256r1"].order - s))

    assert openssl_accepts(tmp_path, twin, signer)
    with pytest.raises(NotAuthentic, match="twin"):
        cms.open_detached(twin)


def test_bytes_after_the_signature_that_openssl_accepts_are_refused(tmp_path: Path, signer: Signer) -> None:
    longer = cms.sign(CONTENT, signer, NOW) + b"\x00"

    assert openssl_accepts(tmp_path, longer, signer)
    with pytest.raises(NotAuthentic, match=r"report\.json\.p7s"):
        cms.open_detached(longer)


# Version numbers and the inner content type: `openssl cms -verify` of OpenSSL 3.0 does not look at them.
@pytest.mark.parametrize("at", [25, 41, 47, 51, 55])
def test_a_changed_byte_that_openssl_overlooks_is_refused(tmp_path: Path, signer: Signer, at: int) -> None:
    good = cms.sign(CONTENT, signer, NOW)
    changed = good[:at] + bytes([good[at] ^ 0x01]) + good[at + 1 :]

    assert openssl_accepts(tmp_path, changed, signer)
    with pytest.raises(NotAuthentic, match=r"report\.json\.p7s"):
        cms.open_detached(changed)


def test_a_certificate_too_many_is_refused(signer: Signer) -> None:
    info = asn1.ContentInfo.load(cms.sign(CONTENT, signer, NOW))
    other = lone_signer("other").certificate
    more = asn1.CertificateChoices("certificate", asn1.Certificate.load(pem_der(other)))
    info["content"]["certificates"].append(more)

    with pytest.raises(NotAuthentic, match=r"report\.json\.p7s, byte "):
        cms.open_detached(bytes(info.dump(force=True)))


def pem_der(certificate: object) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)  # type: ignore[attr-defined, no-any-return]


def test_an_unsigned_attribute_is_refused(signer: Signer) -> None:
    info = asn1.ContentInfo.load(cms.sign(CONTENT, signer, NOW))
    attribute = asn1.CMSAttribute({"type": "1.2.3.4", "values": [core.Integer(1)]})
    info["content"]["signer_infos"][0]["unsigned_attrs"] = asn1.CMSAttributes([attribute])

    with pytest.raises(NotAuthentic, match=r"report\.json\.p7s, byte "):
        cms.open_detached(bytes(info.dump(force=True)))


def test_embedded_content_is_refused(signer: Signer) -> None:
    info = asn1.ContentInfo.load(cms.sign(CONTENT, signer, NOW))
    info["content"]["encap_content_info"]["content"] = CONTENT

    with pytest.raises(NotAuthentic, match=r"report\.json\.p7s, byte "):
        cms.open_detached(bytes(info.dump(force=True)))
