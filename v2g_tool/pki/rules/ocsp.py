"""OCSP responses: whether one is there where it is needed, who signed it, how old it is, and what it says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from shlex import quote

from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.pki import Certificate
from v2g_tool.pki import checks
from v2g_tool.pki.rules.facts import AS_ROOT, LEFT_SHARE, WARNING, Credential, PkiFacts, ResponseFacts
from v2g_tool.pki.rules.marks import about


def ocsp_findings(facts: PkiFacts) -> Iterator[Finding]:
    """Give what is to be said of the responses on any day, and of each certificate that needs one and has none."""
    used = {certificate.sha256 for _, certificate in facts.certificates()}
    for each in facts.responses:
        if each.certificate is None or each.certificate.sha256 not in used:
            yield _useless(each)
        elif trouble := _trouble(each):
            statement = f"{each.file.path} about {each.certificate}: {trouble}."
            finding = checks.OCSP.finding(each.file.path, Verdict.FAIL, statement, remedy=_remedy(facts, each))
            yield about(finding, each.certificate) if _revoked(each) else finding
    for credential in (c for c in facts.credentials if c.site.ocsp != "no"):
        yield from _missing(facts, credential)


def ocsp_date_findings(facts: PkiFacts) -> Iterator[Finding]:
    """Give how fresh the responses are that are to be believed."""
    used = {certificate.sha256 for _, certificate in facts.certificates()}
    for each in facts.responses:
        if each.certificate is not None and each.certificate.sha256 in used and not _trouble(each):
            verdict, said = _dates(each, facts.at)
            remedy = "" if verdict is Verdict.PASS else _remedy(facts, each)
            statement = f"{each.file.path} about {each.certificate} {said}."
            yield checks.OCSP.finding(each.file.path, verdict, statement, remedy=remedy)


def vouched(responses: Iterable[ResponseFacts], at: datetime) -> frozenset[str]:
    """Give the fingerprints of the certificates that a valid response calls good."""
    return frozenset(r.certificate.sha256 for r in responses if r.certificate is not None and _vouches(r, at))


def _vouches(each: ResponseFacts, at: datetime) -> bool:
    """Say whether a response may be believed at a moment, and calls its certificate good (RFC 6960, 3.2)."""
    # Without a next update, newer information is always there (RFC 6960, 4.2.2.1): what lies in a file is old.
    lasting = each.entry is not None and each.entry.next_update is not None
    return lasting and not _trouble(each) and _dates(each, at)[0] is not Verdict.FAIL


def _useless(each: ResponseFacts) -> Finding:
    path, entry = each.file.path, each.entry
    if entry is None:
        statement = f"{path} is no answer: the responder said '{each.content.status.replace('_', ' ')}'."
        return checks.OCSP.finding(path, Verdict.FAIL, statement)
    issuer = each.issuer or "a CA that is not known here"
    statement = f"{path} is about serial number {entry.serial:x} of {issuer}: no certificate that is in use here."
    remedy = "Remove it, or fetch the one of the certificate that came in its place."
    return checks.OCSP.finding(path, WARNING, statement, remedy=remedy)


def _trouble(each: ResponseFacts) -> str:
    """Say what is wrong with a response whatever the date: who signed it, or what it says."""
    entry = each.entry
    if (trouble := _unsigned(each)) or entry is None:
        return trouble
    if entry.revoked is not None:
        reason = f", reason: {entry.revoked.reason.replace('_', ' ')}" if entry.revoked.reason else ""
        return f"{each.issuer} says that it is revoked since {_moment(entry.revoked.at)}{reason}"
    return "" if entry.status == "good" else f"{each.issuer} does not know it"


def _unsigned(each: ResponseFacts) -> str:
    """Say why its signer does not count (RFC 6960, 4.2.2.2): it is the CA itself, or one that the CA has appointed."""
    signer, issuer = each.signer, each.issuer
    if signer is None:
        return f"it says that it is of {each.content.responder}; neither {issuer} nor a certificate in it signed it"
    trouble = "" if signer == issuer else _unappointed(each, signer)
    return f"it is signed by {signer}, {trouble}" if trouble else ""


def _unappointed(each: ResponseFacts, signer: Certificate) -> str:
    if not each.appointed:
        return f"which is neither the {each.issuer} of this site nor appointed by it"
    purposes = signer.extended_key_usage
    if purposes is None or "ocsp_signing" not in purposes.values:
        return "whose certificate is not for OCSP (id-kp-OCSPSigning)"
    return f"whose certificate {each.issuer} has revoked" if each.withdrawn else ""


def _dates(each: ResponseFacts, at: datetime) -> tuple[Verdict, str]:
    """Judge signer and age of a response that has no trouble (RFC 6960, 4.2.2.1), and say so."""
    entry, signer = each.entry, each.signer
    if entry is None or signer is None:
        return Verdict.FAIL, "says nothing"
    if signer != each.issuer and not signer.not_before <= at <= signer.not_after:
        life = f"{signer.not_before:%Y-%m-%d} to {signer.not_after:%Y-%m-%d}"
        return Verdict.FAIL, f"is signed by {signer}, whose certificate is valid from {life}"
    if entry.this_update > at:
        return Verdict.FAIL, f"is of {_moment(entry.this_update)}, in the future: compare the clock"
    if entry.next_update is None:
        age = (at - entry.this_update) / timedelta(days=1)
        return WARNING, f"is {age:.0f} days old and names no next update"
    left, span = entry.next_update - at, entry.next_update - entry.this_update
    until = f"good until {_moment(entry.next_update)}"
    if left < timedelta(0):
        return Verdict.FAIL, f"was {until}: a vehicle that asks for it may end the handshake"
    return WARNING if left < span * LEFT_SHARE else Verdict.PASS, f"is {until}"


def _missing(facts: PkiFacts, credential: Credential) -> Iterator[Finding]:
    answered = {each.certificate.sha256 for each in facts.responses if each.certificate is not None}
    verdict = Verdict.FAIL if credential.site.ocsp == "required" else WARNING
    unseen = any(file.forbidden for file in facts.unread)
    # A charger's own leaf lives for two or three months; its vehicles ask about the sub-CAs.
    needs_none = {credential.path[0].sha256} if credential.path and credential.site.role == "secc" else set()
    for certificate, issuer in pairwise(credential.path):
        if certificate.sha256 not in answered | needs_none:
            statement = f"No OCSP response here is about {certificate} (issuer {issuer})."
            fetch = AS_ROOT if unseen else _fetch(facts, certificate, issuer, "FILE")
            verdict = Verdict.INCONCLUSIVE if unseen else verdict
            yield about(checks.STAPLE.finding(credential.name, verdict, statement, remedy=fetch), certificate)


def _revoked(each: ResponseFacts) -> bool:
    """Say whether somebody who may says that the certificate is revoked."""
    return each.entry is not None and each.entry.revoked is not None and not _unsigned(each)


def _remedy(facts: PkiFacts, each: ResponseFacts) -> str:
    if each.certificate is None or each.issuer is None:
        return ""
    if _revoked(each):
        return checks.REVOKED.remedy
    return _fetch(facts, each.certificate, each.issuer, each.file.in_shell)


def _fetch(facts: PkiFacts, certificate: Certificate, issuer: Certificate, file: str) -> str:
    """Give the command for a fresh response, with the issuer's own file and the address in the certificate."""
    address = next((each for each in certificate.ocsp_addresses if each.startswith("http")), "")
    if not address:
        return f"Ask {issuer} for a fresh one; {certificate} says nothing of where it is."
    take, name = _issuer_file(facts, issuer)
    about = f"-issuer {name} -serial 0x{certificate.serial:x} -url {quote(address)}"
    return f"Fetch a fresh one: {take}sudo openssl ocsp {about} -respout {file} -noverify"


def _issuer_file(facts: PkiFacts, issuer: Certificate) -> tuple[str, str]:
    """Give what openssl, which reads one certificate of a file, takes for the issuer: what goes before, and a file."""
    files = [file for file in (*facts.near, *facts.files()) if file.contents.encoding in ("PEM", "DER")]
    places = [(f.contents.certificates.index(issuer), f.in_shell) for f in files if issuer in f.contents.certificates]
    at, name = min(places, default=(0, "ISSUER.pem"))
    return (f"awk '/-----BEGIN/ {{n++}} n == {at + 1}' {name} | ", "/dev/stdin") if at else ("", name)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
