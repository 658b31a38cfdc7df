"""What a certificate of a rank carries: authorities and leaves, of the charger, of IEEE 2030.5, of OCPP."""

from __future__ import annotations

from dataclasses import dataclass

from v2g_tool.bench.pki.plan import CRLS, FOREVER, Certificate, Crl, Extension, File, Name, Plan, days

CA_USAGE = ("keyCertSign", "cRLSign")
"""Key usage of every authority."""
LEAF_USAGE = ("digitalSignature", "keyAgreement")
"""Key usage of a leaf with an ECDSA key."""


@dataclass(frozen=True)
class Authority:
    """One line of a table of authorities."""

    label: str
    subject: Name
    issuer: str
    path_length: int | None
    age_days: float
    life_days: float


def add_authority(plan: Plan, authority: Authority, kind: str = "p256") -> None:
    """Plan an authority with a key of its own."""
    label = authority.label
    plan.keys[label] = kind
    start = plan.now - days(authority.age_days)
    extensions = {
        "basicConstraints": Extension((True, authority.path_length), critical=True),
        "keyUsage": Extension(CA_USAGE, critical=True),
        "subjectKeyIdentifier": Extension(),
        **_about_issuer(plan, label, authority.issuer),
    }
    end = start + days(authority.life_days)
    plan.certificates[label] = Certificate(authority.subject, authority.issuer, label, start, end, extensions)


def add_leaf(plan: Plan, label: str, subject: Name, issuer: str, kind: str = "p256") -> Certificate:
    """Plan a leaf of the charger or of OCPP, ten days old, for 60 days, with a key of its own."""
    plan.keys[label] = kind
    # A key for Edwards curves signs and does nothing else (RFC 8410, 5).
    usage = LEAF_USAGE[:1] if kind == "ed448" else LEAF_USAGE
    extensions = {
        "basicConstraints": Extension((False, None), critical=True),
        "keyUsage": Extension(usage, critical=True),
        "subjectKeyIdentifier": Extension(),
        **_about_issuer(plan, label, issuer),
    }
    leaf = Certificate(subject, issuer, label, plan.now - days(10), plan.now + days(50), extensions)
    plan.certificates[label] = leaf
    return leaf


def add_crl(plan: Plan, issuer: str) -> None:
    """Plan the revocation list of an authority, made now, for 30 days."""
    plan.crls[issuer] = Crl(issuer, plan.now, plan.now + days(30))
    plan.files[f"{CRLS}/{issuer}.crl"] = File("crl", (issuer,))


def make_sep2(certificate: Certificate, *policies: str) -> None:
    """Make a certificate one of IEEE 2030.5: without an end, with critical policies, without a revocation list."""
    certificate.end = FOREVER
    certificate.extensions.pop("cRLDistributionPoints", None)
    certificate.extensions["certificatePolicies"] = Extension(policies, critical=True)


def _about_issuer(plan: Plan, label: str, issuer: str) -> dict[str, Extension]:
    if label == issuer:
        return {}
    where = Extension((f"{plan.crl_server}/{issuer}.crl",))
    return {"authorityKeyIdentifier": Extension(), "cRLDistributionPoints": where}
