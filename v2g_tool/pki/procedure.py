"""What was asked of the PKI of a site."""

from __future__ import annotations

from collections.abc import Mapping
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
    from v2g_tool.run.result import Result
    from v2g_tool.run.session import Session


class CrlNumbers(Model):
    """The highest CRLNumber that was seen of each issuer, by its name: an older list is not taken after a newer one."""

    numbers: Mapping[str, int]


@dataclass
class Certs(Procedure):
    """Judge the certificates, keys and lists that the site file names, for the moment `at` (now where None)."""

    at: datetime | None = None
    root: Path | None = None
    name = "certs"
    target = "pki"

    def facts(self) -> Mapping[str, object]:
        """Give the moment and the tree."""
        return {"at": self._moment.isoformat(), "root": plain(str(self._root))}

    def check(self, site: Site) -> None:
        """Find the profiles and the tree; raises RequestError."""
        if not site.pki.credentials:
            raise RequestError(
                "the site file names no certificate",
                why="What a certificate is for, and whom it is trusted by, stands in no certificate.",
                todo="Add [pki] to the site file, as 'v2g-tool profiles show sites/example' shows it.",
            )
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

    def work(self, session: Session) -> Result:
        """Read, judge, and tell."""
        from v2g_tool.hal.linux.clock import clock_synchronised
        from v2g_tool.hal.linux.pki_files import PkiReader
        from v2g_tool.pki.rules.facts import ClockFacts
        from v2g_tool.pki.rules.revocation import newest
        from v2g_tool.pki.rules.verdict import judge
        from v2g_tool.pki.work.examine import Examination
        from v2g_tool.pki.work.summary import pki_section
        from v2g_tool.run.result import Result

        # For another moment, and for an image, this computer's clock does not count.
        here = self.at is None and self._root == Path("/")
        clock = ClockFacts(synchronised=clock_synchronised() if here else None)
        examination = Examination(session.site.pki, self._profiles, PkiReader(self._root), self._moment)
        memory = f"pki-{session.site.site.name}"
        last = session.intents.read(memory, CrlNumbers)
        facts = replace(examination.facts(session.record, clock), last_numbers=last.numbers if last else {})
        section = pki_section(facts, plain(str(self._root)))
        with suppress(NotPermitted):  # where no state can be kept, nothing is compared next time
            session.intents.put(memory, CrlNumbers(numbers=newest(facts)))
        return Result(self.target, judge(facts), sections=[section])
