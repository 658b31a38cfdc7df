"""What three judges say of the path of a credential: this program, `openssl verify`, and `cryptography`."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from tests.bench.openssl import verify
from tests.pki.looks import facts_of
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.pki import Cause
from v2g_tool.model.site.pki import PkiSite
from v2g_tool.pki.rules.facts import Credential, PkiFacts
from v2g_tool.pki.rules.verdict import judge

HOLDS, NOTHING = "OK", "-"
_OF_PATHS = re.compile("CERT-(CHAIN|TIME|ALG|EXT|SUBJ|SIZE|SEP2-001|CRL|PATH)")
_NOT_KNOWN = "CERT-CRL-001"
_CRITICAL_POLICIES = (x509.CertificatePolicies, Criticality.AGNOSTIC, None)


def asked(root: Path, site: PkiSite, revocation: Literal["required", "wanted", "no"]) -> PkiFacts:
    """Give what is known of a site where revocation is asked of the engine, too, of the rules alone, or of nobody."""
    facts = facts_of(root, site.model_copy(update={"revocation": "wanted" if revocation == "no" else revocation}))
    return replace(facts, site=site.model_copy(update={"revocation": revocation}))


def ours(facts: PkiFacts, name: str) -> str:
    """Give OK, the checks that fail for a path, else the cause of the engine; `-` where there is no certificate."""
    credential = next(each for each in facts.credentials if each.name == name)
    if credential.leaf is None or credential.ruling is None:
        return NOTHING
    subjects = {name, credential.site.store, *_lists(facts, credential)}
    failed = {each.check for each in judge(facts) if each.subject in subjects and _is_against(each)}
    if failed:
        return " ".join(sorted(failed))
    return HOLDS if credential.ruling.cause is Cause.NONE else f"engine: {credential.ruling.cause}"


def _lists(facts: PkiFacts, credential: Credential) -> set[str]:
    """Give the paths of the revocation lists that speak of a credential's path; IEEE 2030.5 has none."""
    if facts.site.revocation == "no" or credential.profile.endless:
        return set()
    issuers = {certificate.issuer.der for certificate in credential.path}
    return {each.file.path for each in facts.lists if each.content.issuer.der in issuers}


def _is_against(finding: Finding) -> bool:
    """Whether a finding is against a path. That revocation is not known is, as it is for openssl."""
    unknown = finding.check == _NOT_KNOWN and finding.verdict is Verdict.INFO
    return bool(_OF_PATHS.match(finding.check)) and (unknown or finding.verdict is Verdict.FAIL)


def openssls(root: Path, site: PkiSite, name: str) -> str:
    """Give what `openssl verify` says, with the roots of the credential's store as what it may trust."""
    crls = site.credentials[name].profile != "ieee2030-5"  # it revokes no device
    chain, anchors = _below(root, site.credentials[name].certificate), root / f"{name}-roots.pem"
    anchors.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in _roots(root, site, name)))
    return verify(root, chain=str(chain), anchor=str(anchors), crls=crls)


def cryptographys(root: Path, site: PkiSite, name: str) -> str:
    """Give what `cryptography` says; it knows no revocation, and no keys but those of the web."""
    try:
        chain = x509.load_pem_x509_certificates(_below(root, site.credentials[name].certificate).read_bytes())
        ca = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
        leaf = ExtensionPolicy.permit_all().may_be_present(*_CRITICAL_POLICIES)
        verifier = (
            PolicyBuilder()
            .store(Store(_roots(root, site, name)))
            .time(datetime.now(UTC))
            .extension_policies(ca_policy=ca.may_be_present(*_CRITICAL_POLICIES), ee_policy=leaf)
            .build_client_verifier()
        )
        verifier.verify(chain[0], chain[1:])
    except VerificationError as exc:
        return str(exc).removeprefix("validation failed: ").removeprefix("candidates exhausted: ").partition(":")[0]
    except (OSError, ValueError):
        return NOTHING
    return HOLDS


def _below(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _roots(root: Path, site: PkiSite, name: str) -> list[x509.Certificate]:
    folder = _below(root, site.stores[site.credentials[name].store])
    files = (path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
    every = (each for file in files for each in x509.load_pem_x509_certificates(file))
    return [each for each in every if each.subject == each.issuer]
