"""What two parsers read in the same bytes, in the same words: ours, and that of `cryptography`."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from v2g_tool.model.pki import Certificate, Listed, RevocationList

_SIGNATURES = {
    "1.2.840.10045.4.1": "sha1_ecdsa",
    "1.2.840.10045.4.3.2": "sha256_ecdsa",
    "1.2.840.10045.4.3.3": "sha384_ecdsa",
    "1.2.840.10045.4.3.4": "sha512_ecdsa",
    "1.2.840.113549.1.1.11": "sha256_rsa",
    "1.3.101.112": "ed25519",
    "1.3.101.113": "ed448",
}
_USES = {
    "digital_signature": "digital_signature",
    "content_commitment": "non_repudiation",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "key_cert_sign": "key_cert_sign",
    "crl_sign": "crl_sign",
}
_PURPOSES = {"1.3.6.1.5.5.7.3.1": "server_auth", "1.3.6.1.5.5.7.3.2": "client_auth"}
_READ = {
    "2.5.29.15",  # key usage
    "2.5.29.17",  # subject alternative name
    "2.5.29.19",  # basic constraints
    "2.5.29.31",  # CRL distribution points
    "2.5.29.32",  # certificate policies
    "2.5.29.37",  # extended key usage
}
_NAMES = {
    "2.5.29.14": "key_identifier",
    "2.5.29.30": "name_constraints",
    "2.5.29.33": "policy_mappings",
    "2.5.29.36": "policy_constraints",
    "2.5.29.54": "inhibit_any_policy",
}

Told = dict[str, object]


def _signature(signed: x509.Certificate | x509.CertificateRevocationList) -> str:
    if signed.signature_algorithm_oid.dotted_string == "1.2.840.113549.1.1.10":
        assert signed.signature_hash_algorithm is not None
        return f"{signed.signature_hash_algorithm.name}_rsassa_pss"
    number = signed.signature_algorithm_oid.dotted_string
    return _SIGNATURES.get(number, number)


def told_of_certificate(certificate: Certificate) -> Told:
    """Give what our parser reads."""
    basic = certificate.basic_constraints
    return {
        "subject": certificate.subject.der,
        "issuer": certificate.issuer.der,
        "serial": certificate.serial,
        "begins": certificate.not_before,
        "ends": certificate.not_after,
        "version": certificate.version,
        "signature": certificate.signature,
        "key": (certificate.key.kind, certificate.key.curve, certificate.key.bits),
        "basic constraints": None if basic is None else (basic.critical, basic.ca, basic.path_length),
        "key usage": _listed(certificate.key_usage),
        "purposes": _listed(certificate.extended_key_usage),
        "policies": _listed(certificate.policies),
        "alternative names": None if certificate.alternative_names is None else certificate.alternative_names.critical,
        "key id": certificate.subject_key_id,
        "issuer's key id": certificate.authority_key_id,
        "points": certificate.distribution_points,
        "unknown critical": {*certificate.unknown_critical},
        "damage": certificate.damage,
    }


def _listed(extension: Listed | None) -> tuple[bool, set[str]] | None:
    return None if extension is None else (extension.critical, {*extension.values})


def told_by_cryptography(certificate: x509.Certificate) -> Told:
    """Give what `cryptography` reads."""
    found = {each.oid.dotted_string: each for each in certificate.extensions}
    critical = {oid for oid, each in found.items() if each.critical} - _READ
    return {
        "subject": certificate.subject.public_bytes(),
        "issuer": certificate.issuer.public_bytes(),
        "serial": certificate.serial_number,
        "begins": certificate.not_valid_before_utc,
        "ends": certificate.not_valid_after_utc,
        "version": {x509.Version.v1: 1, x509.Version.v3: 3}[certificate.version],
        "signature": _signature(certificate),
        "key": _key(certificate),
        "basic constraints": _of(found, "2.5.29.19", lambda value: (value.ca, value.path_length), flat=True),
        "key usage": _of(found, "2.5.29.15", _key_usage),
        "purposes": _of(found, "2.5.29.37", lambda v: {_PURPOSES.get(e.dotted_string, e.dotted_string) for e in v}),
        "policies": _of(found, "2.5.29.32", lambda value: {each.policy_identifier.dotted_string for each in value}),
        "alternative names": found["2.5.29.17"].critical if "2.5.29.17" in found else None,
        "key id": found["2.5.29.14"].value.digest if "2.5.29.14" in found else None,
        "issuer's key id": found["2.5.29.35"].value.key_identifier if "2.5.29.35" in found else None,
        "points": _points(found),
        "unknown critical": {_NAMES.get(oid, oid) for oid in critical},
        "damage": "",
    }


def _of(found, oid, read, *, flat=False):
    if oid not in found:
        return None
    value = read(found[oid].value)
    return (found[oid].critical, *value) if flat else (found[oid].critical, value)


def _key_usage(value: x509.KeyUsage) -> set[str]:
    named = {ours for theirs, ours in _USES.items() if getattr(value, theirs)}
    if not value.key_agreement:
        return named
    return named | {use for use in ("encipher_only", "decipher_only") if getattr(value, use)}


def _key(certificate: x509.Certificate) -> tuple[str, str, int]:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "EC", key.curve.name, key.key_size
    kinds = ((rsa.RSAPublicKey, "RSA"), (ed25519.Ed25519PublicKey, "Ed25519"), (ed448.Ed448PublicKey, "Ed448"))
    kind = next(name for type_, name in kinds if isinstance(key, type_))
    return kind, "", key.key_size if isinstance(key, rsa.RSAPublicKey) else 0


def _points(found: Mapping[str, x509.Extension]) -> tuple[str, ...]:
    points = found["2.5.29.31"].value if "2.5.29.31" in found else ()
    names = (name for point in points for name in point.full_name or ())
    return tuple(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))


def told_of_list(content: RevocationList) -> Told:
    """Give what our parser reads."""
    return {
        "issuer": content.issuer.der,
        "begins": content.this_update,
        "ends": content.next_update,
        "signature": content.signature,
        "number": content.number,
        "issuer's key id": content.authority_key_id,
        "revoked": {
            serial: (each.at, each.reason.replace("_", "").lower()) for serial, each in content.revoked.items()
        },
        "answers": not content.no_answer,
        "indirect": content.indirect,
        "scope": (content.of_leaves, content.of_cas),
        "points": content.points,
    }


def list_told_by_cryptography(content: x509.CertificateRevocationList) -> Told:
    """Give what `cryptography` reads."""
    found = {each.oid.dotted_string: each for each in content.extensions}
    scope = found["2.5.29.28"].value if "2.5.29.28" in found else None
    unknown = {oid for oid, each in found.items() if each.critical} - {"2.5.29.27", "2.5.29.28", "2.5.29.20"}
    partial = scope is not None and bool(
        scope.indirect_crl or scope.only_contains_attribute_certs or scope.only_some_reasons
    )
    return {
        "issuer": content.issuer.public_bytes(),
        "begins": content.last_update_utc,
        "ends": content.next_update_utc,
        "signature": _signature(content),
        "number": found["2.5.29.20"].value.crl_number if "2.5.29.20" in found else None,
        "issuer's key id": found["2.5.29.35"].value.key_identifier if "2.5.29.35" in found else None,
        "revoked": {each.serial_number: (each.revocation_date_utc, _reason(each)) for each in content},
        "answers": "2.5.29.27" not in found and not unknown and not partial,
        "indirect": scope is not None and scope.indirect_crl,
        "scope": (True, True)
        if scope is None
        else (not scope.only_contains_ca_certs, not scope.only_contains_user_certs),
        "points": tuple(name.value for name in scope.full_name or ()) if scope is not None else (),
    }


def _reason(entry: x509.RevokedCertificate) -> str:
    given = [each.value for each in entry.extensions if isinstance(each.value, x509.CRLReason)]
    return given[0].reason.value.lower() if given else ""


def key_bytes(certificate: x509.Certificate) -> tuple[str, object]:
    """Give what makes a key another one: of an elliptic curve, its point."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        numbers = key.public_numbers()
        return key.curve.name, (numbers.x, numbers.y)
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.public_numbers().n
    return type(key).__name__, key.public_bytes_raw()
