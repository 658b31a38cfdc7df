"""Makes what is planned: keys, signed certificates and revocation lists, as DER."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.x509.oid import NameOID

from v2g_tool.bench.pki.extensions import built
from v2g_tool.bench.pki.plan import Certificate, Crl, Name, Ocsp, Plan, days

PrivateKey = ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey | rsa.RSAPrivateKey
"""A key of a plan."""

_CURVES: Mapping[str, ec.EllipticCurve] = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
_HASHES: Mapping[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "p256": hashes.SHA256(),
    "p384": hashes.SHA384(),
    "p521": hashes.SHA512(),
    "rsa1024": hashes.SHA256(),
}
_ATTRIBUTES = {
    "DC": NameOID.DOMAIN_COMPONENT,
    "C": NameOID.COUNTRY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "CN": NameOID.COMMON_NAME,
}


@dataclass
class Made:
    """What was made, by the labels of the plan."""

    keys: dict[str, PrivateKey] = field(default_factory=dict)
    serials: dict[str, int] = field(default_factory=dict)
    certificates: dict[str, bytes] = field(default_factory=dict)
    crls: dict[str, bytes] = field(default_factory=dict)
    fresh: dict[str, bytes] = field(default_factory=dict)
    """What the authorities publish at this moment."""
    ocsp: dict[str, bytes] = field(default_factory=dict)


def issue(plan: Plan) -> Made:
    """Make all keys, certificates and revocation lists of a plan."""
    made = Made({label: _key(kind) for label, kind in plan.keys.items()})
    for label, certificate in plan.certificates.items():
        made.serials[label] = certificate.serial or x509.random_serial_number()
        made.certificates[label] = _certificate(plan, label, made)
    for label, crl in plan.crls.items():
        made.crls[label] = _crl(plan, crl, made)
        if label in plan.certificates:
            made.fresh[label] = _crl(plan, _fresh(plan, label, crl), made)
    for label, response in plan.ocsp.items():
        made.ocsp[label] = _ocsp(plan, response, made)
    return made


def _fresh(plan: Plan, issuer: str, crl: Crl) -> Crl:
    number = max((each.number or 0 for each in plan.crls.values() if each.issuer == issuer), default=0) + 1
    return replace(
        crl, issuer=issuer, key="", base=None, number=number, this_update=plan.now, next_update=plan.now + days(30)
    )


def distinguished(name: Name) -> x509.Name:
    """Give a distinguished name."""
    return x509.Name([x509.NameAttribute(_ATTRIBUTES[kind], text) for kind, text in name.items()])


def _key(kind: str) -> PrivateKey:
    if kind == "ed448":
        return ed448.Ed448PrivateKey.generate()
    if kind == "rsa1024":
        return rsa.generate_private_key(65537, 1024)  # noqa: S505 - too weak on purpose
    return ec.generate_private_key(_CURVES[kind])


def _certificate(plan: Plan, label: str, made: Made) -> bytes:
    certificate = plan.certificates[label]
    issuer = plan.certificates[certificate.issuer]
    signer = made.keys[issuer.key]
    builder = _builder(certificate, issuer, made.serials[label], made.keys[certificate.key])
    for extension, critical in built(
        certificate.extensions, made.keys[certificate.key].public_key(), signer.public_key()
    ):
        builder = builder.add_extension(extension, critical)
    der = builder.sign(signer, _HASHES.get(plan.keys[issuer.key])).public_bytes(serialization.Encoding.DER)
    return _crafted_certificate(der, certificate.crafts, signer)


def _builder(certificate: Certificate, issuer: Certificate, serial: int, key: PrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(distinguished(issuer.subject), distinguished(certificate.subject), key.public_key())
        .serial_number(serial)
        .not_valid_before(certificate.start)
        .not_valid_after(certificate.end)
    )


def _crafted_certificate(der: bytes, crafts: list[str], signer: PrivateKey) -> bytes:
    if not crafts:
        return der
    from v2g_tool.bench.pki.craft import crafted_certificate

    return crafted_certificate(der, crafts, signer)


def _crl(plan: Plan, crl: Crl, made: Made) -> bytes:
    issuer = plan.certificates[crl.issuer]
    label = crl.key or issuer.key
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(distinguished(issuer.subject))
        .last_update(crl.this_update)
        # The builder asks for a next update; it is cut out again where the plan has none.
        .next_update(crl.next_update or plan.now)
        .add_extension(_issuer_key(made.keys[issuer.key]), critical=False)
    )
    if crl.number is not None:
        builder = builder.add_extension(x509.CRLNumber(crl.number), critical=False)
    if crl.base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(crl.base), critical=True)
    for revoked, reason in crl.revoked.items():
        builder = builder.add_revoked_certificate(_entry(crl, made.serials[revoked], reason))
    signed = builder.sign(made.keys[label], _HASHES.get(plan.keys[label]))
    return _crafted_crl(signed.public_bytes(serialization.Encoding.DER), crl, made.keys[label])


def _ocsp(plan: Plan, response: Ocsp, made: Made) -> bytes:
    from v2g_tool.bench.pki.ocsp import Signer, ocsp_response

    issuer = plan.certificates[response.about].issuer
    responder = response.responder or issuer
    label = plan.certificates[responder].key
    signer = Signer(made.certificates[responder], made.keys[label], _HASHES.get(plan.keys[label]))
    return ocsp_response(response, made.certificates[response.about], made.certificates[issuer], signer)


def _issuer_key(key: PrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _entry(crl: Crl, serial: int, reason: str) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder(serial, crl.this_update)
    return builder.add_extension(x509.CRLReason(x509.ReasonFlags(reason)), critical=False).build()


def _crafted_crl(der: bytes, crl: Crl, signer: PrivateKey) -> bytes:
    if crl.next_update is not None:
        return der
    from v2g_tool.bench.pki.craft import without_next_update

    return without_next_update(der, signer)
