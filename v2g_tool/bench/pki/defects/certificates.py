"""Planted defects of single certificates: time, algorithms, extensions, names, size, IEEE 2030.5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from v2g_tool.bench.pki.defects.defect import Alter, Defect, crafted, extended, lives, on, uncritical, without
from v2g_tool.bench.pki.plan import FOREVER, Certificate, Plan
from v2g_tool.bench.pki.ranks import CA_USAGE
from v2g_tool.bench.pki.sound import DEVICE_TYPE

_YEAR = 365.25
_UNKNOWN = "1.3.6.1.4.1.55555.9.9"
_COMMENT = "2.16.840.1.113730.1.13"
"""Netscape's certificate comment: harmless, of any length."""
_TEST_CERTIFICATE = "1.3.6.1.4.1.40732.2.1"
_OTHER_POLICY = "1.3.6.1.4.1.55555.2.1"


def _endless(certificate: Certificate) -> None:
    certificate.end = FOREVER


def _on_p384(plan: Plan) -> None:
    plan.keys["secc"] = "p384"


def _weak_rsa(plan: Plan) -> None:
    plan.keys["ocpp"] = "rsa1024"
    plan.certificates["ocpp"].extensions["keyUsage"].content = ("digitalSignature",)


def _named(**changes: str) -> Alter:
    def alter(certificate: Certificate) -> None:
        certificate.subject = {kind: text for kind, text in {**certificate.subject, **changes}.items() if text}

    return on("secc", alter)


def _registered(**changes: str) -> Alter:
    def alter(plan: Plan) -> None:
        plan.credentials["sep2"] = replace(plan.credentials["sep2"], **changes)

    return alter


def _utf8(text: str) -> bytes:
    from v2g_tool.bench.pki.der import tlv

    return tlv(0x0C, text.encode())


TIMES: Mapping[str, Defect] = {
    "cert-expired": Defect("the SECC leaf expired yesterday", lives("secc", -61, -1)),
    "cert-sub-ca-expired": Defect("Sub-CA 2 expired yesterday", lives("cpo-sub-ca-2", -731, -1)),
    "cert-root-expired": Defect("the V2G root expired yesterday", lives("v2g-root", -14611, -1)),
    "cert-not-yet-valid": Defect("the SECC leaf begins tomorrow", lives("secc", 1, 61)),
    "cert-expires-soon": Defect("the SECC leaf has 15 of 60 days left", lives("secc", -45, 15)),
    "cert-expires-now": Defect("the SECC leaf has 3 of 60 days left", lives("secc", -57, 3)),
    "cert-outlives-issuer": Defect("Sub-CA 2 ends 10 days before the SECC leaf", lives("cpo-sub-ca-2", -690, 40)),
    "cert-lives-long": Defect("the SECC leaf is valid for a year", lives("secc", -10, 355)),
    "cert-endless": Defect("the SECC leaf ends in the year 9999", on("secc", _endless)),
}
"""Defects of validity."""

ALGORITHMS: Mapping[str, Defect] = {
    "cert-curve": Defect("the SECC leaf for ISO 15118-2 has a key on P-384", _on_p384),
    "cert-sha1": Defect("the SECC leaf is signed with SHA-1", crafted("secc", "sha1")),
    "cert-rsa-1024": Defect("the station has an RSA key of 1024 bits", _weak_rsa),
    "cert-explicit-parameters": Defect(
        "the key of the SECC leaf spells its curve out", crafted("secc", "explicit-parameters")
    ),
}
"""Defects of keys and signatures."""

EXTENSIONS: Mapping[str, Defect] = {
    "cert-key-usage-missing": Defect("the SECC leaf has no key usage", without("secc", "keyUsage")),
    "cert-key-usage-not-critical": Defect("key usage is not critical in the SECC leaf", uncritical("secc", "keyUsage")),
    "cert-key-usage-wrong": Defect(
        "the SECC leaf may encipher keys only", extended("secc", "keyUsage", ("keyEncipherment",), critical=True)
    ),
    "cert-no-cert-sign": Defect(
        "Sub-CA 2 may not sign certificates", extended("cpo-sub-ca-2", "keyUsage", CA_USAGE[1:], critical=True)
    ),
    "cert-basic-constraints-missing": Defect(
        "Sub-CA 2 has no basic constraints", without("cpo-sub-ca-2", "basicConstraints")
    ),
    "cert-basic-constraints-not-critical": Defect(
        "the basic constraints of Sub-CA 2 are not critical", uncritical("cpo-sub-ca-2", "basicConstraints")
    ),
    "cert-not-a-ca": Defect(
        "Sub-CA 2 says that it is no authority",
        extended("cpo-sub-ca-2", "basicConstraints", (False, None), critical=True),
    ),
    "cert-leaf-is-ca": Defect(
        "the SECC leaf says that it is an authority", extended("secc", "basicConstraints", (True, None), critical=True)
    ),
    "cert-ski-missing": Defect(
        "Sub-CA 2 has no subject key identifier", without("cpo-sub-ca-2", "subjectKeyIdentifier")
    ),
    "cert-aki-missing": Defect(
        "the SECC leaf has no authority key identifier", without("secc", "authorityKeyIdentifier")
    ),
    "cert-aki-wrong": Defect(
        "the SECC leaf names another key of its issuer", extended("secc", "authorityKeyIdentifier", bytes(range(1, 21)))
    ),
    "cert-unknown-critical": Defect(
        "the SECC leaf has a critical extension that nobody knows", extended("secc", _UNKNOWN, b"\x05\0", critical=True)
    ),
    "cert-root-unknown-critical": Defect(
        "the V2G root has a critical extension that nobody knows",
        extended("v2g-root", _UNKNOWN, b"\x05\0", critical=True),
    ),
    "cert-no-server-auth": Defect(
        "the SECC leaf is for TLS clients only", extended("secc", "extendedKeyUsage", ("clientAuth",))
    ),
    "cert-version-1": Defect("the station has an X.509 v1 certificate", crafted("ocpp", "version-1")),
    "cert-root-version-1": Defect("the CSMS root is an X.509 v1 certificate", crafted("csms-root", "version-1")),
}
"""Defects of extensions."""

NAMES: Mapping[str, Defect] = {
    "cert-no-domain-component": Defect("the SECC leaf lacks DC=CPO", _named(DC="")),
    "cert-domain-component-wrong": Defect("the SECC leaf has DC=V2G", _named(DC="V2G")),
    "cert-no-seccid": Defect("the common name of the SECC leaf is no SECCID", _named(CN="SECCCert")),
    "cert-too-large": Defect("the SECC leaf has more than 800 bytes", extended("secc", _COMMENT, _utf8("bench " * 50))),
}
"""Defects of names and size."""

SEP2: Mapping[str, Defect] = {
    "cert-sep2-no-policies": Defect("the 2030.5 device has no policies", without("sep2", "certificatePolicies")),
    "cert-sep2-policies-not-critical": Defect(
        "the policies of the 2030.5 device are not critical", uncritical("sep2", "certificatePolicies")
    ),
    "cert-sep2-no-device-type": Defect(
        "no policy of the 2030.5 device is a device type",
        extended("sep2", "certificatePolicies", (_OTHER_POLICY,), critical=True),
    ),
    "cert-sep2-no-hardware-name": Defect(
        "the 2030.5 device does not name its hardware module", without("sep2", "subjectAltName")
    ),
    "cert-sep2-test": Defect(
        "the 2030.5 device has a test certificate",
        extended("sep2", "certificatePolicies", (DEVICE_TYPE, _TEST_CERTIFICATE), critical=True),
    ),
    "cert-lfdi-wrong": Defect(
        "the LFDI and SFDI of the site file are those of another device",
        _registered(lfdi="3E4F45AB31EDFE5B67E343E5E4562E31984E23E5", sfdi="167261211391"),
    ),
    "cert-sfdi-wrong": Defect(
        "the SFDI of the site file does not belong to its LFDI", _registered(sfdi="167261211391")
    ),
}
"""Defects of IEEE 2030.5."""
