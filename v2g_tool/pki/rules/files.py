"""Files, keys and folders: whether they are there, have their form, and are kept from others. Pure."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator

from v2g_tool.model.check import Check
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.pki import Certificate
from v2g_tool.model.pki_file import FileFacts
from v2g_tool.pki import file_checks
from v2g_tool.pki.rules.facts import AS_ROOT, WARNING, Credential, PkiFacts

_OTHERS = 0o077


def file_findings(facts: PkiFacts) -> Iterator[Finding]:
    """Give what is wrong with the form of files, and one finding for all that are right."""
    files, chains = [*facts.files()], {credential.chain.path for credential in facts.credentials}
    stored = frozenset(file.path for files in facts.stores.values() for file in files)
    reasons = {file.path: _trouble(file, is_chain=file.path in chains) for file in files}
    troubled = [file for file in files if reasons[file.path]]
    for file in troubled:
        verdict, remedy = (Verdict.INCONCLUSIVE, AS_ROOT) if file.forbidden else (Verdict.FAIL, "")
        if file.contents.locked:
            verdict, remedy = Verdict.INCONCLUSIVE, file_checks.KEY_OPEN.remedy
        yield file_checks.FILE.finding(file.path, verdict, f"{file.path}: {reasons[file.path]}.", remedy=remedy)
    for file in files:
        if file not in troubled and (remarks := [*file.contents.remarks, *_unexpected(file, stored)]):
            said = "; ".join(remarks)
            yield file_checks.FORM.finding(file.path, WARNING, f"{file.path}: {said}.", remedy=file_checks.FORM.remedy)
    if not troubled:
        yield _all_right(file_checks.FILE, f"{len(files)} of {len(files)} files were read.")


def _trouble(file: FileFacts, *, is_chain: bool) -> str:
    """Give why a file does not hold what it should, "" where it does."""
    contents = file.contents
    if file.trouble or contents.damage:
        return file.trouble or "; ".join(contents.damage)
    if not contents.encoding:
        return "it is none of what a PKI is made of, in PEM, DER or PKCS#12"
    if contents.certificates or not is_chain:
        return ""
    if contents.locked:
        return f"it is {contents.encoding}, and {contents.keys[0].trouble}"
    held = (("a private key", contents.keys), ("a revocation list", contents.lists))
    instead = [f"it holds {kind}" for kind, each in held if each]
    return "; ".join([*contents.remarks, *instead, "no certificate is in it"])


def _unexpected(file: FileFacts, stored: frozenset[str]) -> Iterator[str]:
    """Give what is right by itself and not what is expected where the file lies."""
    contents = file.contents
    if contents.encoding == "DER" and contents.certificates:
        yield "it is DER where PEM is expected"
    if file.path in stored and len(contents.certificates) > 1:
        yield f"it holds {len(contents.certificates)} certificates where one is expected"


def key_findings(facts: PkiFacts) -> Iterator[Finding]:
    """Give what is to be said of the private keys."""
    for credential in facts.credentials:
        if credential.key is None:
            continue
        if not credential.key.trouble:
            yield from _match(credential)
        if not (credential.private_key and credential.private_key.in_hardware):
            yield from _kept(credential.name, credential.key, facts.site.account)
        yield from _hardware(credential)
    yield from _elsewhere(facts)
    yield from _folders(facts)
    yield from _passphrases(facts)
    yield from _reused(facts)


def _match(credential: Credential) -> Iterator[Finding]:
    key, leaf = credential.private_key, credential.leaf
    if key is None:
        statement = f"{credential.site.key} holds no private key."
        yield file_checks.KEY_OPEN.finding(credential.name, Verdict.FAIL, statement)
    elif key.public is None:
        if not key.in_hardware:
            secret, reason, remedy = credential.passphrase, key.trouble, ""
            if key.locked and secret is not None and secret.trouble:
                reason, remedy = f"{secret.path}: {secret.trouble}", AS_ROOT if secret.forbidden else remedy
            statement = f"The key of '{credential.name}' could not be compared: {key.form}, {reason}."
            yield file_checks.KEY_OPEN.finding(credential.name, Verdict.INCONCLUSIVE, statement, remedy=remedy)
    elif leaf is not None:
        same = key.public.sha256 == leaf.key.sha256
        verdict = Verdict.PASS if same else Verdict.FAIL
        word = "belongs" if same else "does not belong"
        statement = f"{credential.site.key} ({key.public}) {word} to the certificate of {leaf} ({leaf.key})."
        yield file_checks.KEY_MATCH.finding(credential.name, verdict, statement)


def _elsewhere(facts: PkiFacts) -> Iterator[Finding]:
    """Give the private keys that others may read beside certificates, where nobody looks for a key."""
    named = {credential.key.place for credential in facts.credentials if credential.key is not None}
    for file in facts.files():
        bare = any(not key.in_hardware for key in file.contents.keys)
        if bare and file.place not in named and file.mode is not None and file.mode & _OTHERS:
            yield from _kept(file.path, file, facts.site.account, "The private key in ")


def _kept(subject: str, file: FileFacts, account: str, what: str = "") -> Iterator[Finding]:
    if file.mode is None:
        return
    where = what + (f"{file.path} (a link to {file.place})" if file.is_link else file.path)
    open_to = file.mode & _OTHERS
    verdict = Verdict.FAIL if open_to else Verdict.PASS
    evidence = [Evidence(name="mode", value=f"{file.mode:04o}", limit="0600")]
    said = "others may use it" if open_to else "nobody else may read it"
    # Closed to all but its owner, it would be closed to the daemon too.
    own = "" if account in file.owners or account == "root" else f"sudo chown {account} {file.in_shell} && "
    remedy = f"A key that others could read should be replaced. Now: {own}sudo chmod 600 {file.in_shell}"
    statement = f"{where} has mode {file.mode:04o}: {said}."
    yield file_checks.KEY_MODE.finding(subject, verdict, statement, evidence, remedy)
    if not {"root", account} & {*file.owners}:
        wanted = "not root" if account == "root" else f"neither root nor {account}"
        statement = f"{where} belongs to {file.owner}, {wanted}."
        remedy = f"sudo chown {account} {file.in_shell}"
        yield file_checks.KEY_OWNER.finding(subject, WARNING, statement, remedy=remedy)


def _folders(facts: PkiFacts) -> Iterator[Finding]:
    keys = (c.key for c in facts.credentials if c.key and not (c.private_key and c.private_key.in_hardware))
    for folder, file in {(file.place or file.path).rpartition("/")[0] or "/": file for file in keys}.items():
        if file.folder_mode is not None and file.folder_mode & _OTHERS:
            statement = f"{folder} has mode {file.folder_mode:04o}: others may look into it."
            remedy = f"sudo chmod 700 {folder_in_shell(file)}"
            yield file_checks.FOLDER.finding(folder, WARNING, statement, remedy=remedy)


def folder_in_shell(file: FileFacts) -> str:
    """Give how a command names the folder that a file really lies in."""
    return shlex.quote((file.here or file.place or file.path).rpartition("/")[0] or "/")


def _hardware(credential: Credential) -> Iterator[Finding]:
    key, wanted = credential.private_key, credential.site.hardware_key
    if key is None or wanted == "no":
        return
    if key.in_hardware:
        verdict, said = Verdict.PASS, "never leaves it"
    else:
        verdict, said = Verdict.FAIL if wanted == "required" else WARNING, "a TPM or token is asked for"
    remedy = file_checks.KEY_STORE.remedy
    yield file_checks.KEY_STORE.finding(credential.name, verdict, f"The key is {key.form}; {said}.", remedy=remedy)


def _passphrases(facts: PkiFacts) -> Iterator[Finding]:
    named = [c.passphrase for c in facts.credentials if c.passphrase is not None]
    for file in {file.path: file for file in (*named, *facts.beside)}.values():
        if file.mode is not None and file.mode & _OTHERS:
            statement = f"{file.path} has mode {file.mode:04o}: others may read the passphrase."
            remedy = f"sudo chmod 600 {file.in_shell}"
            yield file_checks.PASSPHRASE.finding(file.path, WARNING, statement, remedy=remedy)


def _reused(facts: PkiFacts) -> Iterator[Finding]:
    owners: dict[str, list[str]] = {}
    for credential in facts.credentials:
        if credential.leaf is not None:
            owners.setdefault(credential.leaf.key.sha256, []).append(credential.name)
    for names in owners.values():
        if len(names) > 1:
            statement = f"One key pair serves {' and '.join(names)}."
            yield file_checks.KEY_REUSE.finding(names[0], Verdict.FAIL, statement)


def link_findings(facts: PkiFacts) -> Iterator[Finding]:
    """Give whether v2g-inter-ca.pem is the CA that signed the charger's certificate."""
    file, chargers = facts.inter_link, [c for c in facts.credentials if c.site.role == "secc" and len(c.path) > 1]
    if file is None or not chargers:
        return
    issuers = {c.path[1].sha256: c for c in chargers}
    found = [certificate for certificate in file.contents.certificates if certificate.sha256 in issuers]
    if found:
        statement = f"{file.path} is {found[0]}, which signed the charger's certificate."
        yield file_checks.INTER_LINK.finding(file.path, Verdict.PASS, statement)
        return
    wanted = chargers[0].path[1]
    reason = file.trouble or f"it is {', '.join(map(str, file.contents.certificates)) or 'no certificate'}"
    statement = f"{file.path} should be {wanted}, the issuer of {chargers[0].leaf}: {reason}."
    verdict, remedy = (
        (Verdict.INCONCLUSIVE, AS_ROOT) if file.forbidden else (Verdict.FAIL, _linked(facts, file, wanted))
    )
    yield file_checks.INTER_LINK.finding(file.path, verdict, statement, remedy=remedy)


def _linked(facts: PkiFacts, link: FileFacts, wanted: Certificate) -> str:
    """Give the command that links the CA in, or takes it out of the chain file where it lies in no file of its own."""
    folder = link.path.rpartition("/")[0]
    name = shlex.quote(f"{facts.root}{link.path}")
    alone = [f for f in (*facts.near, *facts.files()) if f.path != link.path and f.contents.certificates == (wanted,)]
    if alone:
        target = shlex.quote(posixpath.relpath(alone[0].place or alone[0].path, folder))
        return f"sudo ln -sfn {target} {name}"
    holder = next(c for c in facts.credentials if wanted in c.chain.contents.certificates or wanted in c.path)
    if wanted not in (inside := holder.chain.contents.certificates):
        return file_checks.INTER_LINK.remedy
    nth = f"awk '/-----BEGIN/ {{n++}} n == {inside.index(wanted) + 1}' {holder.chain.in_shell}"
    return f"sudo rm -f {name}; {nth} | sudo tee {name} >/dev/null"


def _all_right(check: Check, statement: str) -> Finding:
    return check.finding("files", Verdict.PASS, statement)
