"""Which certificate a finding is about, and what all findings come to for one certificate or credential. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from v2g_tool.model.findings import WEIGHTY, Evidence, Finding, Verdict
from v2g_tool.model.pki import Certificate
from v2g_tool.model.section import Mark
from v2g_tool.pki import checks, file_checks
from v2g_tool.pki.rules.facts import WARNING, Credential

_CERTIFICATE, _MISSING, _STORE = "certificate", "missing issuer", "not in store"
_OF_PATH = (checks.CHAIN.id, checks.PATH_LENGTH.id, checks.DEPTH.id)
"""What these say of a certificate holds on the path of their credential; all else is the certificate's own."""
_MARKS: Mapping[Verdict, Mark] = {Verdict.FAIL: "fail", Verdict.INCONCLUSIVE: "inconclusive", WARNING: "warning"}
_RANKS: Sequence[Mark] = (*_MARKS.values(), "ok")
WORDS = {
    checks.CHAIN: "issuer missing",
    checks.ORDER: "chain file in wrong order",
    checks.PATH_LENGTH: "more CAs below than it allows",
    checks.DEPTH: "too deep",
    checks.TWINS: "name stands here again",
    checks.SERIAL: "serial number given twice",
    checks.SUB_IN_ROOTS: "stands among the roots",
    checks.EXPIRED: "expired",
    checks.NOT_YET: "not yet valid",
    checks.HORIZON: "ends soon",
    checks.OUTLIVES: "outlives its issuer",
    checks.CURVE: "other kind of key",
    checks.HASH: "SHA-1 or MD5",
    checks.RSA: "RSA key too short",
    checks.EXPLICIT: "curve spelt out",
    checks.KEY_USAGE: "key usage wrong",
    checks.BASIC: "basic constraints wrong",
    checks.KEY_IDS: "key identifiers wrong",
    checks.CRITICAL: "unknown critical extension",
    checks.PURPOSE: "purpose wrong",
    checks.NAME: "name wrong",
    checks.SIZE: "too large",
    checks.POLICY: "policies wrong",
    checks.TEST_POLICY: "test certificate",
    checks.DEVICE_ID: "other LFDI or SFDI registered",
    checks.CRL: "no revocation list",
    checks.REVOKED: "revoked",
    checks.CRL_RIGHT: "may sign no revocation list",
    checks.STAPLE: "no OCSP response",
    checks.OCSP: "revoked, by its OCSP response",
    checks.ENGINE: "path does not hold",
    file_checks.FILE: "file not read",
    file_checks.FORM: "file in odd form",
    file_checks.KEY_MATCH: "key of another certificate",
    file_checks.KEY_MODE: "key open to others",
    file_checks.KEY_OWNER: "key of another owner",
    file_checks.KEY_STORE: "key not in hardware",
    file_checks.KEY_REUSE: "key used twice",
    file_checks.KEY_OPEN: "key not compared",
    file_checks.PIN: "not pinned",
}
"""What is wrong where a check has failed, in a few words."""
_WORDS = {check.id: words for check, words in WORDS.items()}


def about(finding: Finding, *certificates: Certificate) -> Finding:
    """Give a finding with the fingerprints of the certificates that it is about: a tree marks them."""
    named = (Evidence(name=_CERTIFICATE, value=each.sha256, unit="SHA-256") for each in certificates)
    return finding.model_copy(update={"evidence": (*finding.evidence, *named)})


def missing(issuer: str) -> Evidence:
    """Give the evidence that a path ends because this issuer is not here."""
    return Evidence(name=_MISSING, value=issuer)


def absent(store: str) -> Evidence:
    """Give the evidence that the root at the end of a path is not in its store."""
    return Evidence(name=_STORE, value=store)


class Marks:
    """What findings come to, for each certificate and credential that they are about."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._found: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
        for finding in findings:
            if finding.verdict in _MARKS and (finding.verdict is not WARNING or finding.severity >= WEIGHTY):
                for key in _keys(finding):
                    self._found[key].append(finding)

    def certificate(self, credential: Credential, certificate: Certificate) -> tuple[Mark, str]:
        """Give the mark of a certificate on the path of a credential, and in words what is wrong with it."""
        return _judged(self._of(("", certificate.sha256), (credential.name, certificate.sha256)))

    def credential(self, credential: Credential) -> tuple[Mark, str]:
        """Give the mark of a credential with path and files, and in words what is wrong beside its certificates."""
        files = [file.path for file in (credential.chain, credential.key) if file is not None]
        mark, words = _judged(self._of(*((name, "") for name in (credential.name, *files))))
        path = (self.certificate(credential, each)[0] for each in credential.path)
        return min([mark, *path], key=_RANKS.index), words

    def file(self, path: str) -> Mark:
        """Give the mark of a file that no credential is made of."""
        return _judged(self._of((path, "")))[0]

    def missing(self, credential: Credential) -> str:
        """Give the name of the issuer at which the path of a credential breaks off, "" where it does not."""
        return next((v for f in self._of((credential.name, "")) if (v := _value(f, _MISSING))), "")

    def _of(self, *keys: tuple[str, str]) -> Sequence[Finding]:
        return [finding for key in keys for finding in self._found.get(key, ())]


def _keys(finding: Finding) -> Iterator[tuple[str, str]]:
    """Give what a finding is about: (whose path, fingerprint), or (subject, "") where it names no certificate."""
    named = [each.value for each in finding.evidence if each.name == _CERTIFICATE]
    path = finding.subject if finding.check in _OF_PATH or not named else ""
    return ((path, digest) for digest in named or [""])


def _judged(findings: Sequence[Finding]) -> tuple[Mark, str]:
    """Give the worst mark, and the words of all findings, the worst first, each once."""
    ranked = [(mark, finding) for verdict, mark in _MARKS.items() for finding in findings if finding.verdict is verdict]
    return ranked[0][0] if ranked else "ok", ", ".join(dict.fromkeys(_words(finding) for _, finding in ranked))


def _words(finding: Finding) -> str:
    store = _value(finding, _STORE)
    return f"root not in store '{store}'" if store else _WORDS.get(finding.check, finding.check)


def _value(finding: Finding, name: str) -> str:
    return next((each.value for each in finding.evidence if each.name == name), "")
