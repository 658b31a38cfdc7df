"""Trust stores: which roots are trusted here, and whether the system's store is what its folder says. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator

from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.pki import Certificate
from v2g_tool.model.pki_file import FileFacts
from v2g_tool.pki import checks, file_checks
from v2g_tool.pki.rules.facts import AS_ROOT, WARNING, PkiFacts, SystemStore
from v2g_tool.pki.rules.marks import about


def anchor_findings(facts: PkiFacts) -> Iterator[Finding]:
    """Give what is to be said of the site's own stores: pins, further roots, sub-CAs among the roots."""
    link = facts.inter_link.path if facts.inter_link is not None else ""
    for name, files in facts.stores.items():
        for file in files:
            for certificate in file.contents.certificates if file.path != link else ():
                if not certificate.self_issued:
                    statement = f"{file.path} holds {certificate}, which {certificate.issuer} issued: it is no root."
                    yield about(checks.SUB_IN_ROOTS.finding(name, Verdict.FAIL, statement), certificate)
    if facts.site.pins:
        yield from _pins(facts)


def _pins(facts: PkiFacts) -> Iterator[Finding]:
    used = {c.path[-1].sha256 for c in facts.credentials if c.path}
    anchors = {a.sha256: a for name in facts.stores for a in facts.anchors(name)}
    foreign = [a for digest, a in anchors.items() if digest not in facts.site.pins]
    for anchor in foreign:
        where = "a path rests on it" if anchor.sha256 in used else "no path rests on it"
        statement = f"{anchor} ({anchor.sha256}) is trusted here and is not among 'pins'; {where}."
        if anchor.sha256 in used:
            yield about(file_checks.PIN.finding(str(anchor), Verdict.FAIL, statement), anchor)
        else:
            yield file_checks.EXTRA.finding(str(anchor), WARNING, statement, remedy=file_checks.EXTRA.remedy)
    if unseen := [name for name in facts.stores if facts.unseen(name)]:
        statement = f"Whether every root of {', '.join(unseen)} is among 'pins' cannot be seen."
        yield file_checks.PIN.finding("stores", Verdict.INCONCLUSIVE, statement, remedy=AS_ROOT)
    elif not foreign:
        statement = f"All {len(anchors)} roots are among the pins of the site file."
        yield file_checks.PIN.finding("stores", Verdict.PASS, statement)


def system_findings(facts: PkiFacts) -> Iterator[Finding]:
    """Give what is to be said of the system's store."""
    store = facts.system
    built = {c.sha256 for c in store.bundle.contents.certificates}
    v2g_roots = {a.sha256 for name in facts.site.v2g_stores for a in facts.anchors(name)}
    for file in (*store.sources, store.bundle):
        if file.forbidden:
            yield file_checks.STORE_OLD.finding(
                file.path, Verdict.INCONCLUSIVE, f"{file.path}: {file.trouble}.", remedy=AS_ROOT
            )
        elif file is not store.bundle and not store.bundle.forbidden:
            yield from _source(file, store, built, v2g_roots)
    for link in store.links:
        if link.trouble and not link.forbidden:
            statement = f"{link.path} leads nowhere, to {link.place}."
            yield file_checks.STORE_LINK.finding(link.path, WARNING, statement, remedy=f"{store.rebuild} --fresh")
    yield from _utility(facts, built)


def _source(file: FileFacts, store: SystemStore, built: set[str], v2g_roots: set[str]) -> Iterator[Finding]:
    certificates, bundle = file.contents.certificates, store.bundle
    if not certificates:
        return
    if not file.path.endswith(".crt"):
        crt = shlex.quote(f"{(file.here or file.path).rpartition('.')[0] or file.here}.crt")
        remedy = f"sudo mv {file.in_shell} {crt} && {store.rebuild}"
        statement = f"{file.path} does not end in .crt: update-ca-certificates passes over it."
        yield file_checks.STORE_SUFFIX.finding(file.path, Verdict.FAIL, statement, remedy=remedy)
        return
    if file.contents.encoding == "DER":
        convert = f"sudo openssl x509 -inform DER -in {file.in_shell} -out {file.in_shell}"
        statement = f"{file.path} is DER: {bundle.path} is made of PEM alone, and breaks with it."
        remedy = f"{convert} && {store.rebuild}"
        yield file_checks.STORE_OLD.finding(file.path, Verdict.FAIL, statement, remedy=remedy)
        return
    absent = [c for c in certificates if c.sha256 not in built]
    if absent or (file.modified_s > bundle.modified_s > 0):
        reason = f"{absent[0]} is not in {bundle.path}" if absent else f"it is newer than {bundle.path}"
        statement = f"{file.path}: {reason}."
        yield file_checks.STORE_OLD.finding(file.path, Verdict.FAIL, statement, remedy=store.rebuild)
    elif len(certificates) == 1 and not _found_by_hash(file, store):
        statement = f"No link with the hash of its subject leads to {file.path}: programs that look it up find nothing."
        yield file_checks.STORE_LINK.finding(file.path, WARNING, statement, remedy=f"{store.rebuild} --fresh")
    if len(certificates) > 1:
        statement = f"{file.path} holds {len(certificates)} certificates."
        yield file_checks.STORE_MANY.finding(file.path, WARNING, statement, remedy=file_checks.STORE_MANY.remedy)
    for certificate in certificates:
        yield from _root_only(file, certificate, v2g_roots)


def _found_by_hash(file: FileFacts, store: SystemStore) -> bool:
    """Say whether a link by which OpenSSL looks up the root of a file may lead to it, or to what holds it too.

    Of several files with one root `openssl rehash` links one, and the bundle where that held one root when it ran.
    """
    twins = {each.place for each in store.sources if each.contents.certificates == file.contents.certificates}
    if any(link.forbidden for link in store.links):
        return True
    return any(
        link.place in {*twins, store.bundle.place} for link in looked_up(file.contents.certificates[0], store.links)
    )


def looked_up(certificate: Certificate, links: Iterable[FileFacts]) -> list[FileFacts]:
    """Give the links that OpenSSL opens in search of a certificate: those with the hash of its subject."""
    names = re.compile(rf"{certificate.subject.lookup}\.\d+")
    return [link for link in links if not link.trouble and names.fullmatch(link.path.rpartition("/")[2])]


def _root_only(file: FileFacts, certificate: Certificate, v2g_roots: set[str]) -> Iterator[Finding]:
    if not certificate.is_ca or not certificate.self_issued:
        kind = "a sub-CA" if certificate.is_ca else "no CA"
        yield file_checks.STORE_NO_ROOT.finding(file.path, Verdict.FAIL, f"{file.path}: {certificate} is {kind}.")
    elif certificate.sha256 in v2g_roots:
        statement = f"{file.path}: {certificate} is a root of the site's V2G stores."
        yield file_checks.STORE_V2G.finding(file.path, WARNING, statement, remedy=file_checks.STORE_V2G.remedy)


def _utility(facts: PkiFacts, built: set[str]) -> Iterator[Finding]:
    file, bundle = facts.system.utility, facts.system.bundle
    if file is None:
        return
    path, found = file.path, file.contents.certificates
    absent = [each for each in found if each.sha256 not in built]
    shut = [each for each in (file, bundle) if each.forbidden]
    if shut:
        statement = f"Whether {path}, the utility's root, is in the system's store cannot be seen: {shut[0].path}."
        yield file_checks.UTILITY.finding(path, Verdict.INCONCLUSIVE, statement, remedy=AS_ROOT)
    elif file.trouble or not found:
        reason = file.trouble or "no certificate is in it"
        yield file_checks.UTILITY.finding(path, Verdict.FAIL, f"{path}, the utility's root: {reason}.")
    elif not absent:
        statement = f"{found[0]}, the utility's root, is in the system's store."
        yield file_checks.UTILITY.finding(path, Verdict.PASS, statement)
    elif file.place not in {each.place for each in facts.system.sources}:  # of those it was said why
        statement = f"{path}, the utility's root: {absent[0]} is not in {bundle.path}."
        yield file_checks.UTILITY.finding(path, Verdict.FAIL, statement)
