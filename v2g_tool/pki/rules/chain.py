"""The path from a leaf to its root: whether there is one, in which order, how long, and until when. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.pki import Certificate, Name
from v2g_tool.pki import checks
from v2g_tool.pki.rules.facts import AS_ROOT, WARNING, Credential, PkiFacts
from v2g_tool.pki.rules.marks import about, absent, missing

_SHARE = 1 / 3
"""A certificate that lives shorter than three warnings is renewed when this share of its life is left."""


def chain_findings(facts: PkiFacts) -> Iterator[Finding]:
    """Give what is to be said of the chains and their files."""
    for credential in facts.credentials:
        if credential.leaf is None:
            continue
        yield from _anchored(facts, credential)
        yield from _order(credential)
        yield from _lengths(credential)
    yield from _serials(facts)
    yield from _twins(facts)


def _anchored(facts: PkiFacts, credential: Credential) -> Iterator[Finding]:
    names = " < ".join(str(certificate) for certificate in credential.path)
    if any(path.anchored for path in credential.paths):
        statement = f"{names}: each is signed by the next, and the last is in the store '{credential.site.store}'."
        yield checks.CHAIN.finding(credential.name, Verdict.PASS, statement)
        return
    top, store = credential.path[-1], credential.site.store
    reason = (
        f"the root {top} is not in the store" if top.self_issued else f"the issuer of {top} is missing: {top.issuer}"
    )
    statement = f"No path leads from {credential.leaf} to a root of the store '{store}': {reason}."
    verdict, remedy = Verdict.FAIL, _completed(facts, credential, top)
    if facts.unseen(store):
        statement, verdict, remedy = f"{statement} Or it is unseen.", Verdict.INCONCLUSIVE, AS_ROOT
    evidence = [absent(store) if top.self_issued else missing(str(top.issuer))]
    finding = checks.CHAIN.finding(credential.name, verdict, statement, evidence, remedy)
    yield about(finding, top) if top.self_issued else finding


def _completed(facts: PkiFacts, credential: Credential, top: Certificate) -> str:
    """Give what makes a path complete: the sub-CA where it lies on the host, or the root from who runs it."""
    issuers = [f for f in facts.near if any(c.subject == top.issuer for c in f.contents.certificates)]
    if issuers and not top.self_issued and issuers[0].path != credential.chain.path:
        return f"Add it to the chain: cat {issuers[0].in_shell} | sudo tee -a {credential.chain.in_shell} >/dev/null"
    folder = shlex.quote(f"{facts.root}{facts.site.stores[credential.site.store]}")
    add = f"sudo install -m 644 ROOT.pem {folder}/" if top.self_issued else ""
    ask = f"Have {top.issuer} sent by who runs it, and compare its fingerprint over another channel"
    return (
        f"{ask}; then: {add}" if add else f"{ask}; a sub-CA belongs into {credential.chain.path}, a root into {folder}."
    )


def _order(credential: Credential) -> Iterator[Finding]:
    sent = credential.chain.contents.certificates
    path = [c for c in credential.path if c in sent]
    if any(below.issuer != above.subject for below, above in pairwise(sent)) and len(path) == len(sent):
        is_, should = (" ".join(str(c) for c in order) for order in (sent, path))
        statement = f"{credential.chain.path} has {is_}; it should have {should}."
        yield checks.ORDER.finding(credential.name, Verdict.FAIL, statement)
    ways = {each for way in credential.paths for each in way.certificates}
    for number, each in enumerate(sent[1:], 2):
        at, remedy = f"{credential.chain.path}, certificate {number} of {len(sent)}", checks.ROOT_SENT.remedy
        if each.self_issued and each == credential.path[-1]:
            yield checks.ROOT_SENT.finding(credential.name, WARNING, f"{at} is the root {each}.", remedy=remedy)
        elif each not in ways or each in sent[: number - 1]:
            said = "stands there already" if each in ways else "is on no path from the leaf"
            yield checks.ORDER.finding(credential.name, WARNING, f"{at}: {each} {said}.", remedy=remedy)


def _lengths(credential: Credential) -> Iterator[Finding]:
    path = credential.path
    for at, ca in enumerate(path[1:]):
        allowed = ca.basic_constraints.path_length if ca.basic_constraints is not None else None
        below = sum(not c.self_issued for c in path[1 : at + 1])
        if allowed is not None and below > allowed:
            statement = f"{ca} allows {allowed} CAs below it and has {below}."
            yield about(checks.PATH_LENGTH.finding(credential.name, Verdict.FAIL, statement), ca)
    count, longest = sum(not c.self_issued for c in path), credential.profile.longest
    if longest is not None and count > longest:
        statement = f"The path has {count} certificates below the root; {credential.profile.title} allows {longest}."
        yield about(checks.DEPTH.finding(credential.name, Verdict.FAIL, statement), path[0])


def _serials(facts: PkiFacts) -> Iterator[Finding]:
    numbered: dict[tuple[Name, int], list[Certificate]] = {}
    for _, certificate in facts.certificates():
        numbered.setdefault((certificate.issuer, certificate.serial), []).append(certificate)
    for (_, serial), same in numbered.items():
        if len(same) > 1:
            statement = f"Serial number {serial:x} was given to {' and '.join(map(str, same))}."
            finding = checks.SERIAL.finding(str(same[0]), WARNING, statement, remedy=checks.SERIAL.remedy)
            yield about(finding, *same)


def _twins(facts: PkiFacts) -> Iterator[Finding]:
    """Give the CAs that stand here twice, with all paths that this opens."""
    by_name: dict[Name, dict[str, Certificate]] = {}
    for certificate in facts.known():
        if certificate.is_ca:
            by_name.setdefault(certificate.subject, {})[certificate.sha256] = certificate
    for twins in (list(same.values()) for same in by_name.values() if len(same) > 1):
        kind = "the same key" if len({c.key.sha256 for c in twins}) == 1 else "different keys"
        ways = [f"{len(c.paths)} from '{c.name}'" for c in facts.credentials if twins[0].subject in _names(c)]
        paths = f"; paths that lead up: {', '.join(ways)}" if ways else ""
        statement = f"{twins[0]} stands here {len(twins)} times, with {kind}{paths}."
        finding = checks.TWINS.finding(str(twins[0]), WARNING, statement, remedy=checks.TWINS.remedy)
        yield about(finding, *twins)


def _names(credential: Credential) -> set[Name]:
    return {certificate.subject for path in credential.paths for certificate in path.certificates}


def time_findings(facts: PkiFacts) -> Iterator[Finding]:
    """Give what has ended, has not begun, or ends soon; for each path the end that counts."""
    for credential in facts.credentials:
        path = credential.path
        past = [c for c in path if facts.at > c.not_after]
        early = [c for c in path if facts.at < c.not_before]
        for certificate in past:
            ago = _days(facts.at - certificate.not_after)
            statement = f"{certificate} ended on {_day(certificate.not_after)}, {ago} before {_moment(facts.at)}."
            yield about(checks.EXPIRED.finding(credential.name, Verdict.FAIL, statement), certificate)
        for certificate in early:
            statement = f"{certificate} begins on {_moment(certificate.not_before)}; it is {_moment(facts.at)}."
            yield about(checks.NOT_YET.finding(credential.name, Verdict.FAIL, statement), certificate)
        if path and not past and not early:
            yield _horizon(facts, credential)
            yield from _ended_beside(facts, credential)
        yield from _outlived(credential)


def _ended_beside(facts: PkiFacts, credential: Credential) -> Iterator[Finding]:
    """Give what has ended on another path to an anchor: programs that take the first path they find stop there."""
    others = {each for path in credential.paths if path.anchored for each in path.certificates}
    for certificate in sorted(others - {*credential.path}, key=str):
        if facts.at > certificate.not_after:
            statement = f"Another path goes over {certificate}, which ended on {_day(certificate.not_after)}; the one "
            statement += f"over {credential.path[-1]} holds."
            remedy = "Remove what has ended from the store: some programs take the first path that they find."
            yield about(checks.EXPIRED.finding(credential.name, WARNING, statement, remedy=remedy), certificate)


def effective_end(path: tuple[Certificate, ...]) -> Certificate:
    """Give the certificate of a path that ends first: with it, the path ends."""
    return min(path, key=lambda certificate: certificate.not_after)


def _horizon(facts: PkiFacts, credential: Credential) -> Finding:
    first = effective_end(credential.path)
    left, life = first.not_after - facts.at, first.not_after - first.not_before
    warn = min(timedelta(days=facts.site.warn_days), life * _SHARE)
    fail = min(timedelta(days=facts.site.fail_days), warn)
    verdict = Verdict.FAIL if left < fail else WARNING if left < warn else Verdict.PASS
    ends = "never" if first.endless else f"on {_day(first.not_after)}, in {_days(left)}"
    evidence = [
        Evidence(
            name="left", value=f"{left / timedelta(days=1):.1f}", unit="d", limit=f"{warn / timedelta(days=1):.1f}"
        )
    ]
    remedy = checks.HORIZON.remedy if verdict is WARNING else ""
    statement = f"The path of '{credential.name}' ends {ends}, with {first}."
    return about(checks.HORIZON.finding(credential.name, verdict, statement, evidence, remedy), first)


def _outlived(credential: Credential) -> Iterator[Finding]:
    for below, above in pairwise(credential.path):
        if below.not_after > above.not_after and not below.endless:
            end, later = _day(above.not_after), _day(below.not_after)
            statement = f"{below} is valid until {later}, but its issuer {above} only until {end}."
            finding = checks.OUTLIVES.finding(credential.name, WARNING, statement, remedy=checks.OUTLIVES.remedy)
            yield about(finding, below)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _days(span: timedelta) -> str:
    days = span / timedelta(days=1)
    return f"{days:.0f} days" if days >= 2 else f"{days * 24:.1f} hours"
