"""Puts a root into the system's store: intent, one write, the store built anew, proof; else all as it was."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial

from v2g_tool.errors import InstrumentError, Refused, V2GError
from v2g_tool.hal.contracts.pki_host import CaStore
from v2g_tool.hal.linux.pki_files import PkiReader
from v2g_tool.hal.linux.system_store import BUILT, BUNDLE
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.model.base import Model
from v2g_tool.model.ca_store import KeptStore
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.pki import Certificate
from v2g_tool.pki import file_checks
from v2g_tool.pki.rules.stores import looked_up
from v2g_tool.run.changing import Changing
from v2g_tool.run.session import Session


class OpenInstall(Model):
    """A root that is being installed: the store before, and the run that changes it."""

    before: KeptStore
    sha256: str
    journal: str

    @property
    def path(self) -> str:
        """Where the root goes."""
        return self.before.path


@dataclass(frozen=True)
class NewRoot:
    """A root that may be installed.

    Attributes:
        certificate: it.
        path: where it goes, as the host names it.
        proof: who vouches for its fingerprint; "" where a person still has to compare it.
        dry_run: whether nothing may be written.
    """

    certificate: Certificate
    path: str
    proof: str
    dry_run: bool = False

    @property
    def pem(self) -> bytes:
        """Its file."""
        from asn1crypto import pem

        return bytes(pem.armor("CERTIFICATE", self.certificate.der))


@dataclass
class Installation:
    """The store, the session in which it is changed, and what came of it so far."""

    store: CaStore
    reader: PkiReader
    session: Session
    found: list[Finding] = field(default_factory=list)

    @property
    def changing(self) -> Changing:
        """What journals and stores the change, under the name of this store."""
        return Changing(self.session, self.store.key)

    def open_one(self) -> OpenInstall | None:
        """Give the installation that was cut off; raises NotPermitted when its record is damaged."""
        return self.session.intents.read(self.changing.key, OpenInstall)

    def install(self, root: NewRoot) -> tuple[list[Finding], V2GError | None]:
        """Install it where it is not, and give what became of it, with the error that ended it early."""
        try:
            if root.dry_run:
                self.found += cut_off(self.store, self.session)
            elif (left := self.open_one()) is not None:
                self.store.require_ready()
                self._finish(left)
            self.found.append(self._installed(root))
        except V2GError as exc:
            statement = f"{root.certificate} was not installed: {exc.what}."
            finding = file_checks.INSTALL.finding(root.path, Verdict.INCONCLUSIVE, statement, remedy=exc.todo)
            self.found.append(finding)
            return self.found, exc
        return self.found, None

    def _installed(self, root: NewRoot) -> Finding:
        certificate, path = root.certificate, root.path
        before = self.store.read(path)
        same = before is not None and contents_of(before).certificates == (certificate,)
        if same and not self._missing(root):
            statement = f"{certificate} was installed already, as {path}: nothing was written."
            return file_checks.INSTALL.finding(path, Verdict.PASS, statement)
        plan = f"{'Build the store anew with' if same else 'Replace' if before else 'Install as'} {path}: {certificate}"
        self.session.tell(f"{plan}, SHA-256 {certificate.sha256}")
        if root.dry_run:
            statement = f"--dry-run, nothing was written. Would: {plan}, then {self.store.rebuild_command}."
            return file_checks.INSTALL.finding(path, Verdict.SKIPPED, statement)
        self.store.require_ready()
        if not (root.proof or self._compared(certificate)):
            statement = "Nobody vouched for its fingerprint, so nothing was written."
            remedy = f"Compare {certificate.sha256} over another channel, then give it with --fingerprint."
            return file_checks.INSTALL.finding(path, Verdict.INCONCLUSIVE, statement, remedy=remedy)
        self._change(root)
        by = root.proof or "a person compared its fingerprint"
        statement = f"{certificate} is installed as {path} and found in the store that was built anew; {by}."
        return file_checks.INSTALL.finding(path, Verdict.PASS, statement)

    def _compared(self, certificate: Certificate) -> bool:
        pairs = ":".join(certificate.sha256[at : at + 2].upper() for at in range(0, 64, 2))
        question = f"{certificate.subject}\nSHA-256 {pairs}\nDoes the utility's paper or another channel say the same?"
        return self.session.ask(f"{question} [y/N]").strip().lower() in ("y", "yes")

    def _change(self, root: NewRoot) -> None:
        digest, before = root.certificate.sha256, self.store.kept(root.path)
        intent = OpenInstall(before=before, sha256=digest, journal=self.session.run.report_id)
        replaced = "" if before.file is None else hashlib.sha256(before.file.content).hexdigest()
        self.changing.begin("ca-store.intent", intent, {"path": root.path, "sha256": digest, "replaced": replaced})
        try:
            write = partial(self.store.write, root.path, root.pem)
            back, error = self.changing.write(
                "ca-store.write", {"path": root.path, "sha256": digest}, write, lambda: self._reads(root.path)
            )
            if back != digest:
                todo = "Look for another program that writes it."
                raise error or Refused(f"{root.path} was written and reads otherwise", todo=todo)
            self.session.record("ca-store.built", {"said": self.store.rebuild()})
            if self._missing(root):
                self.session.record("ca-store.built", {"said": self.store.rebuild(fresh=True)})
            if missing := self._missing(root):
                todo = "Run it by hand and look at what it says."
                raise Refused(
                    f"after the store was built anew, {missing}", why="The program passed over the file.", todo=todo
                )
        except BaseException:
            self._undo(intent)
            raise
        self.changing.end("ca-store.done", {"path": root.path, "sha256": digest})

    def _undo(self, intent: OpenInstall) -> None:
        """Bring all back exactly, at once; only what cannot be is told, and stays open."""
        way = partial(self.store.bring_back, intent.before, built=True)
        if problem := self.changing.back("ca-store.restored", intent.path, way):
            statement = f"{intent.path} was not installed, and what lay there before could not be brought back: "
            self.found.append(file_checks.RECOVERY.finding(intent.path, Verdict.FAIL, f"{statement}{problem}."))
        else:
            self.changing.end("ca-store.recovered", {"path": intent.path})

    def _finish(self, left: OpenInstall) -> None:
        """Bring back what lay there before an installation that was cut off; what cannot be stays open."""
        problem = self.changing.back("ca-store.restored", left.path, partial(self._brought_back, left))
        if not problem:
            self.changing.end("ca-store.recovered", {"path": left.path})
        verdict = Verdict.FAIL if problem else Verdict.PASS
        statement = f"The run {left.journal} was cut off while it installed {left.path}; what lay there before "
        statement += f"could not be brought back: {problem}." if problem else "was brought back."
        self.found.append(file_checks.RECOVERY.finding(left.path, verdict, statement))

    def _brought_back(self, left: OpenInstall) -> None:
        """Build the store from what lay there before: others may have built it since; exactly as it was if need be."""
        self.store.bring_back(left.before, built=False)
        try:
            self.store.rebuild(fresh=True)
        except InstrumentError:
            self.store.bring_back(left.before, built=True)

    def _reads(self, path: str) -> str:
        certificates = contents_of(self.store.read(path) or b"").certificates
        return certificates[0].sha256 if len(certificates) == 1 else ""

    def _missing(self, root: NewRoot) -> str:
        """Give where programs would not find the root; "" when they do: in the bundle, and by the hash of its name."""
        fresh = PkiReader(self.reader.root)
        bundle = fresh.file(BUNDLE)
        if root.certificate not in bundle.contents.certificates:
            return f"it is not in {bundle.path}"
        links = looked_up(root.certificate, fresh.links(BUILT))
        found = any(root.certificate in fresh.file(link.path).contents.certificates for link in links)
        return "" if found else f"no link with its hash leads to it in {BUILT}"


def cut_off(store: CaStore, session: Session) -> list[Finding]:
    """Give the finding about an installation that was cut off; none where there is none."""
    left = session.intents.read(store.key, OpenInstall)
    if left is None:
        return []
    statement = f"The run {left.journal} was cut off while it installed {left.path}; the store may be old or new."
    return [file_checks.RECOVERY.finding(left.path, Verdict.INCONCLUSIVE, statement)]
