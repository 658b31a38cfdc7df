"""One certificate against its profile: key, signature, extensions, names, size, IEEE 2030.5 policies. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.pki import OBEYED_BELOW_AN_ANCHOR, OBEYED_OF_AN_ANCHOR, SHORTEST_RSA_BITS, Certificate
from v2g_tool.model.profiles.pki import CertificateClass
from v2g_tool.pki import checks
from v2g_tool.pki.rules.facts import WARNING, Credential, PkiFacts
from v2g_tool.pki.rules.marks import about

_OLD_DIGESTS = ("md2_", "md5_", "sha1_", "rsa_md5", "dsa_sha1")
_HARDWARE_NAME = "other_name:1.3.6.1.5.5.7.8.4"
"""id-on-hardwareModuleName (RFC 4108, 5; IEEE 2030.5, 6.11)."""
_SECCID = re.compile(r"[A-Z]{2}-?[A-Z0-9]{3}-?S-?[A-Z0-9]{1,249}(-?[A-Z0-9])?")


def certificate_findings(facts: PkiFacts) -> Iterator[Finding]:
    """Give what is to be said of each certificate, the leaf of each credential with its role."""
    said: set[tuple[str, str, str]] = set()
    for credential in facts.credentials:
        for certificate in credential.path or credential.chain.contents.certificates:
            for finding in _findings(credential, certificate):
                # What two credentials share is judged by the profile of each, and the same is said once.
                if (same := (certificate.sha256, finding.statement, finding.verdict)) not in said:
                    said.add(same)
                    yield about(finding, certificate)


def _findings(credential: Credential, certificate: Certificate) -> Iterator[Finding]:
    kind = credential.class_of(certificate)
    yield from _algorithms(credential, certificate)
    yield from _extensions(credential, certificate, kind)
    if kind is not None:
        yield from _names(credential, certificate, kind)
        yield from _lifetime(credential, certificate, kind)
        yield from _device(credential, certificate, kind)
    most = credential.profile.most_bytes
    if most is not None and len(certificate.der) > most:
        statement = f"{certificate} has {len(certificate.der)} bytes, {most} are allowed."
        yield checks.SIZE.finding(credential.name, WARNING, statement, remedy=checks.SIZE.remedy)


def _algorithms(credential: Credential, certificate: Certificate) -> Iterator[Finding]:
    profile, key = credential.profile, certificate.key
    if key.explicit:
        statement = f"The curve of {certificate} is spelt out by its parameters."
        yield checks.EXPLICIT.finding(credential.name, Verdict.FAIL, statement)
    elif str(key) not in profile.curves and key.kind not in profile.curves:
        wanted = " or ".join(profile.curves)
        statement = f"The key of {certificate} is {key}; {profile.title} has {wanted}."
        verdict = Verdict.FAIL if profile.curves_fail else WARNING
        yield checks.CURVE.finding(credential.name, verdict, statement, remedy=f"Have it issued with a key {wanted}.")
    if key.kind == "RSA" and key.bits < SHORTEST_RSA_BITS:
        statement = f"The RSA key of {certificate} has {key.bits} bits."
        yield checks.RSA.finding(credential.name, Verdict.FAIL, statement)
    # Nobody relies on the signature that a root makes on itself.
    if certificate.signature.startswith(_OLD_DIGESTS) and not certificate.self_issued:
        statement = f"{certificate} is signed with {certificate.signature}."
        yield checks.HASH.finding(credential.name, Verdict.FAIL, statement)


def _extensions(credential: Credential, certificate: Certificate, kind: CertificateClass | None) -> Iterator[Finding]:
    name, is_leaf = credential.name, certificate == credential.leaf
    if certificate.damage:
        yield checks.CRITICAL.finding(name, Verdict.FAIL, f"{certificate}: {certificate.damage}.")
    is_top = certificate == (credential.path or (None,))[-1]
    obeyed = OBEYED_OF_AN_ANCHOR if is_top else OBEYED_BELOW_AN_ANCHOR
    if unknown := sorted({*certificate.unknown_critical} - obeyed):
        statement = f"{certificate} has the critical extension {', '.join(unknown)}, which is not understood here."
        yield checks.CRITICAL.finding(name, Verdict.FAIL, statement)
    yield from _basic(name, certificate, is_leaf=is_leaf)
    if kind is not None:
        yield from _usage(name, certificate, kind)
    yield from _identifiers(credential, certificate)
    purposes = certificate.extended_key_usage
    if is_leaf and kind is not None and kind.purposes and purposes is not None:
        allowed = {*kind.purposes, "any_extended_key_usage"}
        if not allowed & purposes.values:
            named, wanted = ", ".join(sorted(purposes.values)), " or ".join(kind.purposes)
            statement = f"{certificate} is for {named}; its role needs {wanted}."
            yield checks.PURPOSE.finding(name, WARNING, statement, remedy=checks.PURPOSE.remedy)


def _basic(name: str, certificate: Certificate, *, is_leaf: bool) -> Iterator[Finding]:
    basic = certificate.basic_constraints
    if certificate.version < 3:
        yield checks.BASIC.finding(name, Verdict.FAIL, f"{certificate} is of X.509 version {certificate.version}.")
    elif basic is None and not is_leaf:
        yield checks.BASIC.finding(
            name, Verdict.FAIL, f"{certificate} signs certificates and has no basic constraints."
        )
    elif basic is not None and basic.ca == is_leaf:
        said = "says that it is a CA" if is_leaf else "signs certificates and does not say that it is a CA"
        yield checks.BASIC.finding(name, Verdict.FAIL, f"{certificate} {said}.")
    elif basic is not None and basic.ca and not basic.critical:
        statement = f"The basic constraints of {certificate} are not marked critical."
        yield checks.BASIC.finding(name, WARNING, statement, remedy=checks.BASIC.remedy)


def _usage(name: str, certificate: Certificate, kind: CertificateClass) -> Iterator[Finding]:
    usage = certificate.key_usage
    if usage is None:
        yield checks.KEY_USAGE.finding(name, Verdict.FAIL, f"{certificate} has no key usage.")
    elif missing := {*kind.key_usage} - usage.values:
        statement = f"The key usage of {certificate} lacks {', '.join(sorted(missing))}."
        yield checks.KEY_USAGE.finding(name, Verdict.FAIL, statement)
    elif kind.key_usage_critical and not usage.critical:
        yield checks.KEY_USAGE.finding(name, Verdict.FAIL, f"The key usage of {certificate} is not marked critical.")


def _identifiers(credential: Credential, certificate: Certificate) -> Iterator[Finding]:
    path, name = credential.path, credential.name
    # A root that names another key than its own is no root for OpenSSL, which then looks for its issuer.
    own = certificate if certificate.self_issued else None
    issuer = path[path.index(certificate) + 1] if certificate in path[:-1] else own
    wanted, found = issuer.subject_key_id if issuer is not None else None, certificate.authority_key_id
    if wanted and found and wanted != found:
        statement = f"{certificate} names the issuer's key {found.hex()}; that of {issuer} is {wanted.hex()}."
        yield checks.KEY_IDS.finding(name, Verdict.FAIL, statement)
        return
    lacking = [
        *(["subject key identifier"] if certificate.is_ca and certificate.subject_key_id is None else []),
        *(["authority key identifier"] if not certificate.self_issued and found is None else []),
    ]
    if lacking:
        statement = f"{certificate} has no {' and no '.join(lacking)}."
        yield checks.KEY_IDS.finding(name, WARNING, statement, remedy=checks.KEY_IDS.remedy)


def _names(credential: Credential, certificate: Certificate, kind: CertificateClass) -> Iterator[Finding]:
    components = {*certificate.subject.domain_components}
    if kind.components and not components & {*kind.components}:
        wanted = " or ".join(f"DC={component}" for component in kind.components)
        named = ", ".join(f"DC={component}" for component in sorted(components)) or "no domain component"
        statement = f"{certificate} has {named}; its role needs {wanted}."
        verdict = Verdict.FAIL if kind.components_fail else WARNING
        remedy = f"Have it issued with {wanted}{': vehicles refuse it without' if kind.components_fail else ''}."
        yield checks.NAME.finding(credential.name, verdict, statement, remedy=remedy)
    elif certificate == credential.leaf and credential.site.role == "secc" and not _is_seccid(certificate):
        statement = f"The common name '{certificate.subject.common_name}' is no SECCID."
        yield checks.NAME.finding(credential.name, WARNING, statement, remedy=checks.NAME.remedy)


def _is_seccid(certificate: Certificate) -> bool:
    return _SECCID.fullmatch(certificate.subject.common_name) is not None


def _lifetime(credential: Credential, certificate: Certificate, kind: CertificateClass) -> Iterator[Finding]:
    if certificate.endless:
        statement = f"{certificate} never ends."
        verdict = Verdict.PASS if credential.profile.endless else WARNING
        remedy = "" if credential.profile.endless else checks.LIFETIME.remedy
        yield checks.ENDLESS.finding(credential.name, verdict, statement, remedy=remedy)
        return
    days = (certificate.not_after - certificate.not_before) / timedelta(days=1)
    if kind.days is not None and not kind.days[0] <= days <= kind.days[1]:
        usual = f"{kind.days[0]:.0f} to {kind.days[1]:.0f} d"
        evidence = [Evidence(name="life", value=f"{days:.0f}", unit="d", limit=usual, source=kind.days_status)]
        statement = f"{certificate} is issued for {days:.0f} days; usual are {usual}."
        yield checks.LIFETIME.finding(credential.name, WARNING, statement, evidence, checks.LIFETIME.remedy)


def _device(credential: Credential, certificate: Certificate, kind: CertificateClass) -> Iterator[Finding]:
    """Judge what only IEEE 2030.5 asks of a device."""
    policies, name = certificate.policies, credential.name
    if test := {*credential.profile.test_policies} & (policies.values if policies is not None else set()):
        statement = f"{certificate} bears the policy {', '.join(test)} of a test certificate."
        yield checks.TEST_POLICY.finding(name, WARNING, statement, remedy=checks.TEST_POLICY.remedy)
    if kind.policies:
        if policies is None or not {*kind.policies} & policies.values:
            yield checks.POLICY.finding(name, Verdict.FAIL, f"{certificate} has no policy that names a device type.")
        elif not policies.critical:
            yield checks.POLICY.finding(name, Verdict.FAIL, f"The policies of {certificate} are not marked critical.")
    names = certificate.alternative_names
    if kind.hardware_name and (names is None or _HARDWARE_NAME not in names.values):
        statement = f"{certificate} has no alternative name with the name of its hardware module."
        yield checks.POLICY.finding(name, WARNING, statement, remedy=checks.POLICY.remedy)
    if certificate == credential.leaf:
        yield from _identity(credential, certificate)


def _identity(credential: Credential, certificate: Certificate) -> Iterator[Finding]:
    site = credential.site
    if not site.lfdi and site.sfdi is None:
        return
    same = site.lfdi.lower() in ("", certificate.lfdi) and site.sfdi in (None, certificate.sfdi)
    statement = f"{certificate} has LFDI {certificate.lfdi} and SFDI {certificate.sfdi}"
    registered = f"; registered are {site.lfdi or '-'} and {site.sfdi or '-'}"
    verdict = Verdict.PASS if same else Verdict.FAIL
    yield checks.DEVICE_ID.finding(credential.name, verdict, f"{statement}{'' if same else registered}.")
