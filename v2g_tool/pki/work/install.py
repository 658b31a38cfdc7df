"""Puts a root into the system's store: intent, one write, the store built anew, proof; else all as it was."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import partial

from v2g_tool.errors import NotPermitted, Refused, V2GError
from v2g_tool.hal.contracts.pki_host import CaStore
from v2g_tool.hal.linux.pki_files import PkiReader
from v2g_tool.hal.linux.system_store import BUILT
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.model.base import Model
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.pki import Certificate
from v2g_tool.pki import file_checks
from v2g_tool.pki.rules.stores import found_by_hash
from v2g_tool.run.changing import Changing
from v2g_tool.run.session import Session


class OpenInstall(Model):
    """A root that is being installed: what lay in its place before (base64), None for nothing."""

    path: str
    before: str | None
    sha256: str
    journal: str


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
    """The store, and the session in which it is changed."""

    store: CaStore
    reader: PkiReader
    session: Session

    @property
    def changing(self) -> Changing:
        """What journals and stores the change, under the name of this store."""
        return Changing(self.session, self.store.key)

    def open_one(self) -> OpenInstall | None:
        """Give the installation that was cut off; raises NotPermitted when its record is damaged."""
        return self.session.intents.read(self.changing.key, OpenInstall)

    def install(self, root: NewRoot) -> tuple[list[Finding], V2GError | None]:
        """Install it where it is not, and give what became of it, with the error that ended it early."""
        found: list[Finding] = []
        try:
            if (left := self.open_one()) is not None and not root.dry_run:
                found.append(self._recovered(left))
            found.append(self._installed(root))
        except V2GError as exc:
            statement = f"{root.certificate} was not installed: {exc.what}."
            found.append(file_checks.INSTALL.finding(root.path, Verdict.INCONCLUSIVE, statement, remedy=exc.todo))
            return found, exc
        return found, None

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
        if reason := self.store.unready():
            todo = "Run the same command with sudo; where the store itself is missing: sudo apt install ca-certificates"
            raise NotPermitted(reason, why="The system's store belongs to root.", todo=todo)
        if not (root.proof or self._compared(certificate)):
            statement = "Nobody vouched for its fingerprint, so nothing was written."
            remedy = f"Compare {certificate.sha256} over another channel, then give it with --fingerprint."
            return file_checks.INSTALL.finding(path, Verdict.INCONCLUSIVE, statement, remedy=remedy)
        self._change(root, before)
        by = root.proof or "a person compared its fingerprint"
        statement = f"{certificate} is installed as {path} and found in the store that was built anew; {by}."
        return file_checks.INSTALL.finding(path, Verdict.PASS, statement)

    def _compared(self, certificate: Certificate) -> bool:
        pairs = ":".join(certificate.sha256[at : at + 2].upper() for at in range(0, 64, 2))
        question = f"{certificate.subject}\nSHA-256 {pairs}\nDoes the utility's paper or another channel say the same?"
        return self.session.ask(f"{question} [y/N]").strip().lower() in ("y", "yes")

    def _change(self, root: NewRoot, before: bytes | None) -> None:
        kept = None if before is None else base64.b64encode(before).decode()
        digest = root.certificate.sha256
        intent = OpenInstall(path=root.path, before=kept, sha256=digest, journal=self.session.run.report_id)
        self.changing.begin("ca-store.intent", intent)
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
                    f"after {self.store.rebuild_command} {missing}", why="It passed over the file.", todo=todo
                )
        except BaseException:
            self._recovered(intent)
            raise
        self.changing.end("ca-store.done", {"path": root.path, "sha256": digest})

    def _recovered(self, left: OpenInstall) -> Finding:
        """Bring back what lay there before an installation that was cut off; what cannot be stays open."""
        problem = self.changing.back("ca-store.restored", left.path, partial(self._restore, left))
        if not problem:
            self.changing.end("ca-store.recovered", {"path": left.path})
        verdict = Verdict.FAIL if problem else Verdict.PASS
        statement = f"The run {left.journal} was cut off while it installed {left.path}; what lay there before "
        statement += f"could not be brought back: {problem}." if problem else "was brought back."
        return file_checks.RECOVERY.finding(left.path, verdict, statement)

    def _restore(self, left: OpenInstall) -> None:
        self.store.write(left.path, None if left.before is None else base64.b64decode(left.before))
        self.store.rebuild(fresh=True)

    def _reads(self, path: str) -> str:
        certificates = contents_of(self.store.read(path) or b"").certificates
        return certificates[0].sha256 if len(certificates) == 1 else ""

    def _missing(self, root: NewRoot) -> str:
        """Give where programs would not find the root; "" when they do: in the bundle, and by the hash of its name."""
        fresh = PkiReader(self.reader.root)
        bundle = fresh.file(f"{BUILT}/ca-certificates.crt")
        if root.certificate not in bundle.contents.certificates:
            return f"it is not in {bundle.path}"
        found = found_by_hash(fresh.file(root.path), bundle, fresh.links(BUILT))
        return "" if found else f"no link with its hash leads to it in {BUILT}"


def cut_off(store: CaStore, session: Session) -> list[Finding]:
    """Give the finding about an installation that was cut off; none where there is none."""
    left = session.intents.read(store.key, OpenInstall)
    if left is None:
        return []
    statement = f"The run {left.journal} was cut off while it installed {left.path}; the store may be old or new."
    return [file_checks.RECOVERY.finding(left.path, Verdict.INCONCLUSIVE, statement)]
