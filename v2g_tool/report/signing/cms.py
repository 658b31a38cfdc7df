"""The one encoding of a detached CMS signature (RFC 5652) that this suite writes and accepts.

CMS leaves room: `openssl cms -verify` accepts changed version numbers, another spelling of the issuer, trailing
bytes. So a signature is read by taking out what carries meaning (certificates, signing time, digest, r and s),
encoding that again, and comparing all bytes. The signed attributes name the SHA-256 of every certificate
(signing-certificate-v2, RFC 5035), which also fixes their order, and s is at most half the group order, because
(r, n − s) would be a second valid signature.

    ContentInfo signedData
      version 1 · digest · id-data without content · certificates
      SignerInfo: issuer and serial · digest
        signed: contentType · signingTime · messageDigest · signingCertificateV2
        ECDSA signature
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from asn1crypto import algos, core, tsp
from asn1crypto import cms as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from v2g_tool.record.files import SIGNATURE, altered
from v2g_tool.record.journal import first_difference

if TYPE_CHECKING:
    from v2g_tool.report.signing.keys import Signer

# What asn1crypto and cryptography raise for bytes that are no CMS or no certificate.
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True)
class Curve:
    """A curve for signatures: the digest that goes with it (FIPS 186-5, 6.1.1) and its group order n."""

    digest: str
    order: int

    @property
    def hash(self) -> hashes.HashAlgorithm:
        """The digest as `cryptography` names it."""
        return {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[self.digest]


# Group orders: SEC 2 version 2.0, 2.4.2, 2.5.1 and 2.6.1.
CURVES = {
    "secp256r1": Curve("sha256", int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)),
    "secp384r1": Curve(
        "sha384",
        int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16),
    ),
    "secp521r1": Curve(
        "sha512",
        int(
            "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
            "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
            16,
        ),
    ),
}


@dataclass(frozen=True)
class Detached:
    """A signature whose encoding and whose ECDSA value are right; what it signs is for the caller to compare.

    Attributes:
        certificates: the signer's certificate, then its issuers, in the order that was signed.
        signing_time: what the signer says, UTC, whole seconds.
        digest: name of the digest, for `hashlib`.
        message_digest: the digest of the signed bytes.
    """

    certificates: tuple[x509.Certificate, ...]
    signing_time: datetime
    digest: str
    message_digest: bytes


def sign(content: bytes, signer: Signer, signing_time: datetime) -> bytes:
    """Give the detached signature of `content`, DER; `signing_time` (with time zone) is cut to whole seconds."""
    certificates = [certificate.public_bytes(Encoding.DER) for certificate in signer.certificates]
    digest = hashlib.new(curve_of(signer.certificate).digest, content).digest()
    attributes = signed_attributes(certificates, signing_time.replace(microsecond=0), digest)
    return encode(certificates, attributes, signer.sign(attributes.dump()))


def signed_attributes(
    certificates_der: Sequence[bytes], signing_time: datetime, message_digest: bytes
) -> asn1.CMSAttributes:
    """Give the attributes that are signed, as a SET OF in DER order (RFC 5652, 5.4)."""
    named = [_encoded(tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(der).digest()})) for der in certificates_der]
    # RFC 5652, 11.3: UTCTime through 2049.
    form = "utc_time" if signing_time.year < 2050 else "generalized_time"
    attributes = [
        _attribute("content_type", "data"),
        _attribute("signing_time", asn1.Time({form: signing_time})),
        _attribute("message_digest", message_digest),
        _attribute("signing_certificate_v2", _encoded(tsp.SigningCertificateV2({"certs": named}))),
    ]
    return _encoded(asn1.CMSAttributes(attributes))


def encode(certificates_der: Sequence[bytes], attributes: asn1.CMSAttributes, signature: bytes) -> bytes:
    """Give the whole CMS structure, DER; the first certificate is the signer's."""
    certificates = [asn1_x509.Certificate.load(der, strict=True) for der in certificates_der]
    digest = curve_of(x509.load_der_x509_certificate(certificates_der[0])).digest
    algorithm = _encoded(algos.DigestAlgorithm({"algorithm": digest}))
    signer_info = asn1.SignerInfo(
        {
            "version": "v1",
            "sid": asn1.SignerIdentifier(
                "issuer_and_serial_number",
                {"issuer": certificates[0].issuer, "serial_number": certificates[0].serial_number},
            ),
            "digest_algorithm": algorithm,
            "signed_attrs": attributes,
            "signature_algorithm": _encoded(algos.SignedDigestAlgorithm({"algorithm": f"{digest}_ecdsa"})),
            "signature": core.OctetString(signature),
        }
    )
    signed = asn1.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [algorithm],
            "encap_content_info": {"content_type": "data"},
            "certificates": [asn1.CertificateChoices("certificate", certificate) for certificate in certificates],
            "signer_infos": [_encoded(signer_info)],
        }
    )
    return bytes(asn1.ContentInfo({"content_type": "signed_data", "content": _encoded(signed)}).dump())


def open_detached(encoded: bytes) -> Detached:
    """Give what a detached signature says, after checking its encoding and its ECDSA value.

    Raises:
        NotAuthentic: not the one encoding (names the byte), or the signature does not fit its certificate.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a foreign certificate's oddities belong into the verdict, not on stderr
            return _open(encoded)
    except UNREADABLE as exc:
        raise altered(SIGNATURE, "is not a CMS signature as this suite writes it") from exc
    except InvalidSignature as exc:
        raise altered(SIGNATURE, "the signature does not fit the certificate") from exc


def curve_of(certificate: x509.Certificate) -> Curve:
    """Give the curve of a certificate's key; raises ValueError for a key that is not on one of `CURVES`."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise ValueError("not a key on P-256, P-384 or P-521")
    return CURVES[key.curve.name]


def read_through(certificate: x509.Certificate) -> None:
    """Read what `cryptography` reads only on demand, so that a bad certificate is refused here and nowhere later.

    Raises one of `UNREADABLE` for a name, a time or an extension that cannot be read.
    """
    for name in (certificate.subject, certificate.issuer):
        name.rfc4514_string()
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    _ = list(certificate.extensions)


def _attribute(name: str, value: Any) -> asn1.CMSAttribute:  # noqa: ANN401 - any ASN.1 value
    return _encoded(asn1.CMSAttribute({"type": name, "values": [value]}))


def _encoded(value: Any) -> Any:  # noqa: ANN401 - asn1crypto is untyped
    """Give `value` read back from its bytes: a value in the making is encoded anew at each level around it."""
    return type(value).load(value.dump(), strict=True)


def _open(encoded: bytes) -> Detached:
    signed = asn1.ContentInfo.load(encoded, strict=True)["content"]
    info = signed["signer_infos"][0]
    values = {attribute["type"].native: attribute["values"][0] for attribute in info["signed_attrs"]}
    ders = _in_signed_order(signed["certificates"], values["signing_certificate_v2"])
    time, digest = values["signing_time"].native, values["message_digest"].native
    attributes = signed_attributes(ders, time, digest)
    signature = _same_signature(info["signature"].native)
    again = encode(ders, attributes, signature)
    if again != encoded:
        raise altered(f"{SIGNATURE}, byte {first_difference(again, encoded)}", "not the one accepted encoding")
    return _checked(ders, time, digest, attributes.dump(), signature)


def _checked(ders: Sequence[bytes], time: datetime, digest: bytes, attributes: bytes, signature: bytes) -> Detached:
    certificates = tuple(x509.load_der_x509_certificate(der) for der in ders)
    for certificate in certificates:
        read_through(certificate)
    curve = curve_of(certificates[0])
    if decode_dss_signature(signature)[1] * 2 > curve.order:
        raise altered(SIGNATURE, "the signature value has a twin (s is above half the group order)")
    key = certificates[0].public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, attributes, ec.ECDSA(curve.hash))
    return Detached(certificates, time, curve.digest, digest)


def _in_signed_order(choices: Any, signing_certificate: Any) -> list[bytes]:  # noqa: ANN401 - asn1crypto is untyped
    by_hash = {hashlib.sha256(der).digest(): der for der in (choice.chosen.dump() for choice in choices)}
    return [by_hash[named["cert_hash"].native] for named in signing_certificate["certs"]]


def _same_signature(der: bytes) -> bytes:
    """Give r and s encoded again, so that another spelling of the same numbers shows."""
    return encode_dss_signature(*decode_dss_signature(der))
