"""What was asked of the PKI of a site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from v2g_tool.data.library import load_profile
from v2g_tool.data.reading import is_folder
from v2g_tool.drawing.text import plain
from v2g_tool.errors import NotPermitted, RequestError
from v2g_tool.model.base import Model
from v2g_tool.model.profiles.pki import PkiProfile
from v2g_tool.model.site.site import Site
from v2g_tool.run.request import Procedure

if TYPE_CHECKING:
    from v2g_tool.model.findings import Finding
    from v2g_tool.pki.rules.facts import PkiFacts
    from v2g_tool.pki.work.install import NewRoot
    from v2g_tool.run.result import Result
    from v2g_tool.run.session import Session


class CrlNumbers(Model):
    """The highest CRLNumber that was seen of each series of lists: an older list is not taken after a newer one."""

    numbers: Mapping[str, int]


class OnTree(Procedure):
    """What all commands about the PKI share: the tree, the profiles, the moment, and judging what lies there."""

    target = "pki"
    root: Path | None = None
    at: datetime | None = None

    def facts(self) -> Mapping[str, object]:
        """Give the moment and the tree."""
        return {"at": self._moment.isoformat(), "root": plain(str(self._root))}

    def check(self, site: Site) -> None:
        """Find the profiles and the tree; raises RequestError."""
        names = {credential.profile for credential in site.pki.credentials.values()}
        self._profiles = {name: load_profile(name, PkiProfile)[0] for name in sorted(names)}
        for name, credential in site.pki.credentials.items():
            profile = self._profiles[credential.profile]
            if credential.role not in profile.leaf:
                raise RequestError(
                    f"the profile {profile.id} knows no role '{credential.role}'",
                    why=f"It knows: {', '.join(profile.leaf)}.",
                    todo="Correct role or profile.",
                    key=("pki", "credentials", name, "role"),
                )
        self._root = (self.root or Path(site.ems.root or "/")).absolute()
        if not is_folder(self._root):
            raise RequestError(f"there is no folder {self._root}", todo="Give --root the folder of the mounted image.")
        self._moment = (self.at or datetime.now(UTC)).replace(tzinfo=UTC, microsecond=0)

    def _look(self, session: Session) -> PkiFacts:
        """Read all files as they are now, and record them."""
        from v2g_tool.hal.linux.pki_files import PkiReader
        from v2g_tool.pki.work.clock import clock_facts
        from v2g_tool.pki.work.examine import Examination

        # For another moment, and for an image, this computer's clock does not count.
        own = self.at is None and self.root is None
        clock = replace(clock_facts(self._root, own=own), asked=self.at is not None)
        reader = PkiReader(self._root)
        return Examination(session.site.pki, self._profiles, reader, self._moment).facts(session.record, clock)

    def _judged(self, session: Session, done: Sequence[Finding] = ()) -> Result:
        """Give what was done and what all files come to after it."""
        from v2g_tool.pki.pictures.tree import tree_svg
        from v2g_tool.pki.rules.revocation import newest
        from v2g_tool.pki.rules.verdict import judge
        from v2g_tool.pki.work.summary import pki_section
        from v2g_tool.run.result import Attachment, Result

        memory = f"pki-{session.site.site.name}"
        with session.shield():
            last = session.intents.read(memory, CrlNumbers)
            facts = replace(self._look(session), last_numbers=last.numbers if last else {})
            findings = judge(facts)
            section = pki_section(facts, findings, plain(str(self._root)))
            picture = tree_svg(section, f"Certificates of {session.site.site.name}")
            with suppress(NotPermitted):  # where no state can be kept, nothing is compared next time
                session.intents.put(memory, CrlNumbers(numbers=newest(facts)))
        attachments = [Attachment(name, picture, "image/svg+xml") for name in section.pictures]
        return Result(self.target, [*done, *findings], sections=[section], attachments=attachments)


@dataclass
class Certs(OnTree):
    """Judge the certificates, keys and lists that the site file names, for the moment `at` (now where None)."""

    at: datetime | None = None
    root: Path | None = None
    name = "certs"

    def check(self, site: Site) -> None:
        """Find the profiles and the tree; raises RequestError."""
        if not site.pki.credentials:
            raise RequestError(
                "the site file names no certificate",
                why="What a certificate is for, and whom it is trusted by, stands in no certificate.",
                todo="Add [pki] to the site file, as 'v2g-tool profiles show sites/example' shows it.",
            )
        super().check(site)

    def work(self, session: Session) -> Result:
        """Read, judge, and tell; an installation that was cut off is told, and left as it is."""
        from v2g_tool.hal.linux.system_store import SystemStore
        from v2g_tool.pki.work.install import cut_off

        return self._judged(session, cut_off(SystemStore(self._root), session))


@dataclass
class FixModes(OnTree):
    """Close keys, passphrases and their folders to others, one by one."""

    root: Path | None = None
    dry_run: bool = False
    name = "certs-fix-modes"

    def work(self, session: Session) -> Result:
        """Change what is agreed to, and judge what is then there."""
        from v2g_tool.pki.rules.modes import mode_changes
        from v2g_tool.pki.work.modes import fix_modes

        changes = mode_changes(self._look(session))
        return self._judged(session, fix_modes(changes, session, dry_run=self.dry_run))


@dataclass
class InstallRoot(OnTree):
    """Install a root into the system's store, as step 3 of the manual does, and prove that programs find it."""

    file: Path
    fingerprint: str = ""
    root: Path | None = None
    dry_run: bool = False
    name = "certs-install"
    needs_site = False

    def facts(self) -> Mapping[str, object]:
        """Give the tree and the root."""
        return {**super().facts(), "file": plain(str(self.file)), "sha256": self._new.certificate.sha256}

    def check(self, site: Site) -> None:
        """Read the root and find out who vouches for it; raises RequestError for what must not be installed."""
        from v2g_tool.pki.work.new_root import new_root

        super().check(site)
        self._new: NewRoot = new_root(self, site, self._root, self._moment)

    def work(self, session: Session) -> Result:
        """Install it where it is not there, and judge what is then there; where it failed, only tell that."""
        from v2g_tool.hal.linux.pki_files import PkiReader
        from v2g_tool.hal.linux.system_store import SystemStore
        from v2g_tool.pki.work.install import Installation
        from v2g_tool.run.result import Result

        store = SystemStore(self._root)
        if not self.dry_run:
            session.hold(store.key)
        done, error = Installation(store, PkiReader(self._root), session).install(self._new)
        # What could not be done is the answer; what else is wrong here would hide it.
        return Result(self.target, done, error=error) if error is not None else self._judged(session, done)
