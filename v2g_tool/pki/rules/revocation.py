"""Revocation lists: whether there is one for each certificate, whose it is, how old, and what it lists. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import timedelta

from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.pki import Certificate, RevocationList
from v2g_tool.pki import checks
from v2g_tool.pki.rules.facts import AS_ROOT, LEFT_SHARE, WARNING, Credential, ListFacts, PkiFacts
from v2g_tool.pki.rules.marks import about
from v2g_tool.pki.rules.ocsp import vouched


def revocation_findings(facts: PkiFacts) -> Iterator[Finding]:
    """Give what is to be said of the lists, and of each certificate that should stand in none."""
    for each in facts.lists:
        yield from _list(facts, each)
    if facts.site.revocation != "no":
        # IEEE 2030.5 revokes no device: the server's list of registered devices does that.
        for credential in (c for c in facts.credentials if not c.profile.endless):
            yield from _covered(facts, credential)


def _list(facts: PkiFacts, each: ListFacts) -> Iterator[Finding]:
    content, path = each.content, each.file.path
    if content.no_answer:
        statement = f"{path} {content.no_answer}; that is no answer by itself."
        remedy = f"Have {content.issuer} say where its full list is, one without what is named, and fetch that."
        yield checks.CRL.finding(path, WARNING, statement, remedy=remedy)
        return
    if content.issuer not in {c.issuer for credential in facts.credentials for c in credential.path}:
        statement = f"{path} is of {content.issuer}, who issued none of the certificates in use here."
        if all(credential.leaf is not None for credential in facts.credentials):
            yield checks.CRL_SIGNER.finding(path, WARNING, statement, remedy=checks.CRL_SIGNER.remedy)
        return
    if each.signer is None:
        key = f", key {content.authority_key_id.hex()}" if content.authority_key_id else ""
        statement = f"{path} says that it is of {content.issuer}{key}; no CA of this site has signed it."
        known = any(certificate.subject == content.issuer for certificate in facts.known())
        unseen = not known and any(map(facts.unseen, facts.stores))
        verdict, remedy = (Verdict.INCONCLUSIVE, AS_ROOT) if unseen else (Verdict.FAIL, "")
        yield checks.CRL_SIGNER.finding(path, verdict, statement, remedy=remedy)
        return
    usage = each.signer.key_usage
    if usage is not None and "crl_sign" not in usage.values:
        statement = f"{path}: {each.signer} may not sign revocation lists."
        yield about(checks.CRL_RIGHT.finding(path, Verdict.FAIL, statement), each.signer)
    if newer := _newer(facts, each):
        ended = content.next_update is not None and content.next_update < facts.at
        statement = f"{path} of {content.issuer} was replaced by {newer.file.path}."
        remedy = f"Remove it, once nothing else reads it: sudo rm {each.file.in_shell}" if ended else ""
        yield checks.CRL_STALE.finding(path, WARNING if ended else Verdict.PASS, statement, remedy=remedy)
        return
    yield from _dates(facts, each)
    yield from _number(facts, each)


def _series(content: RevocationList) -> str:
    """Give what counts the numbers of a list: an issuer's key, for the certificates that it speaks of (5.2.3)."""
    scope = (*content.points, *(() if content.of_leaves else ("CAs",)), *(() if content.of_cas else ("leaves",)))
    return " ".join((content.issuer.text, (content.authority_key_id or b"").hex(), *scope))


def _counts_back(later: ListFacts, earlier: ListFacts) -> bool:
    return (later.content.number or 0) < (earlier.content.number or 0)


def _newer(facts: PkiFacts, each: ListFacts) -> ListFacts | None:
    """Give a list that has taken the place of another and is good now; None where there is none."""
    begun, at = each.content.this_update, facts.at
    own = (other for other in facts.lists if other.signer and _series(other.content) == _series(each.content))
    later = (other for other in own if begun < other.content.this_update <= at and not _counts_back(other, each))
    return next((other for other in later if (other.content.next_update or at) >= at), None)


def _dates(facts: PkiFacts, each: ListFacts) -> Iterator[Finding]:
    content, path, at = each.content, each.file.path, facts.at
    fetch = _fetch(facts, each)
    begun = f"{content.this_update:%Y-%m-%d %H:%M} UTC"
    if content.this_update > at:
        yield checks.CRL_TIME.finding(path, Verdict.FAIL, f"{path} of {content.issuer} is of {begun}, in the future.")
        return
    if content.next_update is None:
        age = (at - content.this_update) / timedelta(days=1)
        too_old = age > facts.site.crl_max_age_days
        evidence = [Evidence(name="age", value=f"{age:.1f}", unit="d", limit=f"{facts.site.crl_max_age_days:g}")]
        statement = f"{path} of {content.issuer} is {age:.0f} days old and names no next update."
        yield checks.CRL_STALE.finding(path, Verdict.FAIL if too_old else WARNING, statement, evidence, fetch)
        return
    left, span = content.next_update - at, content.next_update - content.this_update
    until = f"{content.next_update:%Y-%m-%d %H:%M} UTC"
    if left < timedelta(0):
        statement = f"{path} of {content.issuer} was good until {until}: every handshake that needs it fails."
        yield checks.CRL_STALE.finding(path, Verdict.FAIL, statement, remedy=fetch)
    else:
        verdict = WARNING if left < span * LEFT_SHARE else Verdict.PASS
        statement = f"{path} of {content.issuer} is good until {until}."
        yield checks.CRL_STALE.finding(path, verdict, statement, remedy=fetch if verdict is WARNING else "")


def _fetch(facts: PkiFacts, each: ListFacts) -> str:
    """Give the command for a fresh list, with the address that a certificate of that issuer names."""
    issued = (c for _, c in facts.certificates() if c.issuer == each.content.issuer)
    address = next((point for c in issued for point in c.distribution_points if point.startswith("http")), "")
    if not address:
        return f"Ask {each.content.issuer} for a fresh list; no certificate says where it is."
    return f"Fetch a fresh one: sudo curl -fsSo {each.file.in_shell} {shlex.quote(address)}"


def _number(facts: PkiFacts, each: ListFacts) -> Iterator[Finding]:
    content, path = each.content, each.file.path
    last = (facts.last_numbers or {}).get(_series(content))
    if content.number is None:
        statement = f"{path} of {content.issuer} has no number: an older list cannot be told from a newer one."
        yield checks.CRL_TIME.finding(path, WARNING, statement)
    elif last is not None and content.number < last:
        statement = f"{path} of {content.issuer} is number {content.number}; the last run saw number {last}."
        yield checks.CRL_TIME.finding(path, Verdict.FAIL, statement)


def newest(facts: PkiFacts) -> dict[str, int]:
    """Give the highest number of each series of lists, those of earlier runs included."""
    numbers = dict(facts.last_numbers or {})
    for each in facts.lists:
        if each.signer is not None and each.content.number is not None:
            series = _series(each.content)
            numbers[series] = max(each.content.number, numbers.get(series, 0))
    return numbers


def _covered(facts: PkiFacts, credential: Credential) -> Iterator[Finding]:
    missing: list[Certificate] = []
    answered = vouched(facts.responses, facts.at)
    for certificate in credential.path:
        if certificate.self_issued:
            continue
        named = [e for e in facts.lists if e.content.issuer == certificate.issuer and e.signer is not None]
        own = [each for each in named if not each.content.indirect]
        if certificate.sha256 not in answered and not any(each.content.speaks_of(certificate) for each in own):
            missing.append(certificate)
        for each in own:
            if entry := each.content.revoked.get(certificate.serial):
                reason = f", reason: {entry.reason.replace('_', ' ')}" if entry.reason else ""
                statement = (
                    f"{certificate} was revoked by {each.content.issuer} on {entry.at:%Y-%m-%d %H:%M} UTC{reason}."
                )
                yield about(checks.REVOKED.finding(credential.name, Verdict.FAIL, statement), certificate)
    if missing:
        names = ", ".join(f"{c} (issuer {c.issuer})" for c in missing)
        statement = f"No revocation list or OCSP response here speaks of {names}."
        required = facts.site.revocation == "required"
        points = sorted({point for c in missing for point in c.distribution_points})
        remedy = f"Fetch {' and '.join(points)} into the folder of 'crls'." if points else checks.CRL.remedy
        verdict = Verdict.FAIL if required else WARNING
        if any(file.forbidden for file in facts.unread):
            verdict, remedy = Verdict.INCONCLUSIVE, AS_ROOT
        yield about(checks.CRL.finding(credential.name, verdict, statement, remedy=remedy), *missing)
