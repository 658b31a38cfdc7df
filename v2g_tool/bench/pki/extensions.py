"""Certificate extensions out of a plan, by their names in RFC 5280.

basicConstraints        (authority or not, path length or None)
keyUsage                names of its bits
subjectKeyIdentifier    its bytes; None for that of the key
authorityKeyIdentifier  its bytes; None for that of the issuer's key
extendedKeyUsage        serverAuth, clientAuth, OCSPSigning, or object identifiers
certificatePolicies     object identifiers
subjectAltName          type and serial number of the hardware (RFC 4108, 5)
cRLDistributionPoints   addresses
authorityInfoAccess     addresses of OCSP responders
an object identifier    the bytes of that extension
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes, CertificatePublicKeyTypes
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from v2g_tool.bench.pki.der import encoded_oid, tlv
from v2g_tool.bench.pki.plan import Extension

_HARDWARE_MODULE_NAME = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4")
_PURPOSES = {
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
    "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "OCSPSigning": ExtendedKeyUsageOID.OCSP_SIGNING,
}
_USAGES = {
    "digitalSignature": "digital_signature",
    "contentCommitment": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}


def built(
    extensions: Mapping[str, Extension], key: CertificatePublicKeyTypes, issuer_key: CertificateIssuerPublicKeyTypes
) -> list[tuple[x509.ExtensionType, bool]]:
    """Give each extension of a plan, and whether it is critical."""
    identifiers = {
        "subjectKeyIdentifier": x509.SubjectKeyIdentifier.from_public_key(key).digest,
        "authorityKeyIdentifier": x509.SubjectKeyIdentifier.from_public_key(issuer_key).digest,
    }
    return [
        (_extension(name, extension.content or identifiers.get(name)), extension.critical)
        for name, extension in extensions.items()
    ]


def _extension(name: str, content: object) -> x509.ExtensionType:
    if name in _MAKERS:
        return _MAKERS[name](content)
    if not isinstance(content, bytes):
        raise TypeError(f"the bench knows no extension {name}")
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(name), content)


def _key_usage(bits: tuple[str, ...]) -> x509.KeyUsage:
    return x509.KeyUsage(**{parameter: usage in bits for usage, parameter in _USAGES.items()})


def _purposes(names: tuple[str, ...]) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([_PURPOSES.get(name) or x509.ObjectIdentifier(name) for name in names])


def _policies(identifiers: tuple[str, ...]) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in identifiers])


def _hardware(name: tuple[str, bytes]) -> x509.SubjectAlternativeName:
    kind, serial = name
    module = tlv(0x30, encoded_oid(kind) + tlv(0x04, serial))
    return x509.SubjectAlternativeName([x509.OtherName(_HARDWARE_MODULE_NAME, module)])


def _points(addresses: tuple[str, ...]) -> x509.CRLDistributionPoints:
    uris = [x509.UniformResourceIdentifier(address) for address in addresses]
    return x509.CRLDistributionPoints([x509.DistributionPoint([uri], None, None, None) for uri in uris])


def _responders(addresses: tuple[str, ...]) -> x509.AuthorityInformationAccess:
    uris = [x509.UniformResourceIdentifier(address) for address in addresses]
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, uri) for uri in uris]
    )


_MAKERS: Mapping[str, Callable[[Any], x509.ExtensionType]] = {
    "basicConstraints": lambda content: x509.BasicConstraints(*content),
    "keyUsage": _key_usage,
    "subjectKeyIdentifier": x509.SubjectKeyIdentifier,
    "authorityKeyIdentifier": lambda digest: x509.AuthorityKeyIdentifier(digest, None, None),
    "extendedKeyUsage": _purposes,
    "certificatePolicies": _policies,
    "subjectAltName": _hardware,
    "cRLDistributionPoints": _points,
    "authorityInfoAccess": _responders,
}
