"""The path from a report's signer up to what this site trusts.

`hal.x509` finds the paths and judges them by RFC 5280, 6.1, at the signing time. Ours are what the signer's certificate
must be for, what the engine takes from an anchor as given, and words for what is usual. Revocation is not looked up: a
site is offline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from v2g_tool.drawing.text import plain
from v2g_tool.hal.x509.certificate import Malformed, certificate_of
from v2g_tool.hal.x509.engine import rule
from v2g_tool.hal.x509.paths import LONGEST, paths_of
from v2g_tool.model.pki import OBEYED_BELOW_AN_ANCHOR, OBEYED_OF_AN_ANCHOR, Cause, Certificate, Path
from v2g_tool.report.signing.anchors import Anchors
from v2g_tool.report.signing.keys import DOCUMENT_SIGNING

# A company's CA may know only e-mail signing; a TLS certificate of a charger must not sign reports.
_SIGNING_PURPOSES = {DOCUMENT_SIGNING.dotted_string, "email_protection", "any_extended_key_usage"}


def leads_up(chain: Sequence[x509.Certificate], signing_time: datetime, anchors: Anchors) -> tuple[bool, str]:
    """Say whether a path leads from the signer to an anchor above it, and if one almost does, what is wrong with it.

    Args:
        chain: certificates whose links were checked, the signer's first; those beyond `LONGEST` are not looked at.
        signing_time: the moment for which every certificate is judged.
        anchors: what is trusted.
    """
    try:
        signer, *issuers = map(_noun, chain[:LONGEST])
        roots = [each for each in issuers if each.sha256 in anchors.fingerprints] + [*map(_noun, anchors.certificates)]
    except Malformed as exc:
        return False, f"a certificate cannot be judged: {exc}"
    paths = paths_of(signer, issuers, roots)
    problems = [next(_problems(path, signing_time), "") for path in paths]
    sound = [path for path, problem in zip(paths, problems, strict=True) if not problem]
    ruling = rule(sound, None, signing_time)
    if ruling.cause is Cause.NO_PATH:
        return False, problems[0]
    holds = ruling.cause is Cause.NONE
    return holds, "" if holds else f"the path does not hold: {ruling.cause}. {ruling.words.rstrip('. ')}"


def _noun(certificate: x509.Certificate) -> Certificate:
    return certificate_of(certificate.public_bytes(Encoding.DER))


def _problems(path: Path, at: datetime) -> Iterator[str]:
    """Give what is wrong with a path at that time; with the signer's uses only where it reaches an anchor."""
    signer, *issuers = path.certificates
    for number, issuer in enumerate(issuers):
        yield from _issuer_problems(issuer, sum(not each.self_issued for each in issuers[:number]), at)
    if path.anchored:
        yield from _signer_problems(signer)
    for each in path.certificates:
        if unread := {*each.unknown_critical} - (OBEYED_OF_AN_ANCHOR if each is path.top else OBEYED_BELOW_AN_ANCHOR):
            yield f"a certificate has the critical extension {min(unread)}, which is not understood"


def _issuer_problems(issuer: Certificate, below: int, at: datetime) -> Iterator[str]:
    """Give why `issuer`, with `below` other CA certificates under it, may not issue at that time."""
    name = plain(str(issuer.subject))
    constraints, usage = issuer.basic_constraints, issuer.key_usage
    if constraints is None or not constraints.ca or (usage is not None and "key_cert_sign" not in usage.values):
        yield f"'{name}' is not a certification authority"
    elif constraints.path_length is not None and constraints.path_length < below:
        yield f"the path under '{name}' is longer than its certificate allows"
    if not issuer.not_before <= at <= issuer.not_after:
        yield f"the certificate '{name}' was not valid at the signing time"


def _signer_problems(signer: Certificate) -> Iterator[str]:
    """Give why a certificate from a CA may not sign a report."""
    usage, purposes = signer.key_usage, signer.extended_key_usage
    if usage is not None and not usage.values & {"digital_signature", "non_repudiation"}:
        yield "the signer's certificate is not for signatures"
    if purposes is not None and not purposes.values & _SIGNING_PURPOSES:
        yield "the signer's certificate is for another purpose than signing documents"
