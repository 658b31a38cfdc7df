"""From files to facts: reads what the site file names, looks for paths, and asks the engine about each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from v2g_tool.hal.contracts.pki_host import PkiHost
from v2g_tool.hal.contracts.recorder import Recorder
from v2g_tool.hal.linux.system_store import BUILT, BUNDLE, SOURCES, rebuild_command
from v2g_tool.hal.x509.engine import Known, rule
from v2g_tool.hal.x509.paths import paths_of, signed_by
from v2g_tool.model.pki import Certificate
from v2g_tool.model.pki_file import FileFacts
from v2g_tool.model.profiles.pki import PkiProfile
from v2g_tool.model.site.pki import CredentialSite, PkiSite
from v2g_tool.pki.rules.facts import ClockFacts, Credential, ListFacts, PkiFacts, SystemStore
from v2g_tool.pki.rules.ocsp import vouched
from v2g_tool.pki.work.responses import response_facts

INTER_CA = "v2g-inter-ca.pem"
_CENTURY_DAYS = 36525.0
_CERTIFICATE = re.compile(r"\.(pem|crt|cer)$")
_PASSPHRASE = re.compile(r"pass(word|phrase|wd)", re.IGNORECASE)


@dataclass
class Examination:
    """One look at the files of a site.

    Args:
        site: its `[pki]`.
        profiles: those that its credentials name.
        reader: reads the files of the host.
        at: the moment for which everything is judged.
    """

    site: PkiSite
    profiles: Mapping[str, PkiProfile]
    reader: PkiHost
    at: datetime

    def facts(self, record: Recorder, clock: ClockFacts) -> PkiFacts:
        """Read everything, and record of each file what it is and its digest, never a key."""
        stores = {name: self.reader.files(path) for name, path in self.site.stores.items()}
        read = {name: self._files(credential) for name, credential in self.site.credentials.items()}
        pool = _certificates([*(files[0] for files in read.values()), *(f for files in stores.values() for f in files)])
        lists, unread = self._lists(pool)
        answers = [file for path in self.site.ocsp for file in self.reader.files(path)]
        responses = tuple(response_facts(answers, pool, lists))
        most_age = timedelta(days=min(self.site.crl_max_age_days, _CENTURY_DAYS))
        known = Known([each.content for each in lists], vouched(responses, self.at), most_age)
        credentials = tuple(
            self._credential(name, read[name], stores[self.site.credentials[name].store], known)
            for name in self.site.credentials
        )
        link = f"{self.site.stores['v2g'].rstrip('/')}/{INTER_CA}" if "v2g" in self.site.stores else ""
        facts = PkiFacts(
            site=self.site,
            at=self.at,
            root="" if self.reader.root == Path("/") else str(self.reader.root),
            credentials=credentials,
            stores=stores,
            lists=lists,
            responses=responses,
            unread=(*unread, *(file for file in answers if not file.contents.responses)),
            clock=clock,
            system=self._system(),
            near=self._near(),
            beside=self._beside(),
            inter_link=self.reader.file(link) if link else None,
        )
        for file in facts.files():
            record("pki.file", _told(file))
        return facts

    def _files(self, credential: CredentialSite) -> tuple[FileFacts, FileFacts, FileFacts | None]:
        path = credential.passphrase_file
        passphrase = self.reader.secret(path) if path else None
        key = self.reader.file(credential.key, passphrase)
        return self.reader.file(credential.certificate, passphrase), key, self.reader.file(path) if path else None

    def _credential(
        self,
        name: str,
        files: tuple[FileFacts, FileFacts, FileFacts | None],
        store: tuple[FileFacts, ...],
        known: Known,
    ) -> Credential:
        site, (chain, key, passphrase) = self.site.credentials[name], files
        credential = Credential(name, site, self.profiles[site.profile], chain, key, passphrase)
        if credential.leaf is None:
            return credential
        anchors = [c for c in _certificates(store) if c.self_issued]
        paths = paths_of(credential.leaf, chain.contents.certificates, anchors)
        # IEEE 2030.5 revokes no device: its list of registered devices does that.
        asked = self.site.revocation == "required" and not credential.profile.endless
        ruling = rule(paths, known if asked else None, self.at)
        return Credential(name, site, credential.profile, chain, key, passphrase, paths, ruling)

    def _lists(self, pool: list[Certificate]) -> tuple[tuple[ListFacts, ...], tuple[FileFacts, ...]]:
        """Give the revocation lists with their signers, and the files that hold none."""
        found, unread = [], []
        for file in (file for path in self.site.crls for file in self.reader.files(path)):
            named = [(each, [c for c in pool if c.subject == each.issuer]) for each in file.contents.lists]
            found += [ListFacts(file, each, next((c for c in cas if signed_by(each, c)), None)) for each, cas in named]
            if not named:
                unread.append(file)
        return tuple(found), tuple(unread)

    def _near(self) -> tuple[FileFacts, ...]:
        chains = {c.certificate.rpartition("/")[0] for c in self.site.credentials.values() if c.role == "secc"}
        return tuple(file for folder in sorted(chains) for file in self.reader.files(folder, _CERTIFICATE))

    def _beside(self) -> tuple[FileFacts, ...]:
        folders = {each.key.rpartition("/")[0] for each in self.site.credentials.values() if each.key.startswith("/")}
        return tuple(file for folder in sorted(folders) for file in self.reader.files(folder, _PASSPHRASE))

    def _system(self) -> SystemStore:
        sources = tuple(file for file in self.reader.files(SOURCES) if file.path != SOURCES or file.forbidden)
        bundle = self.reader.file(BUNDLE)
        utility = self.reader.file(self.site.utility_root) if self.site.utility_root else None
        return SystemStore(sources, bundle, self.reader.links(BUILT), rebuild_command(self.reader.root), utility)


def _certificates(files: list[FileFacts] | tuple[FileFacts, ...]) -> list[Certificate]:
    return [certificate for file in files for certificate in file.contents.certificates]


def _told(file: FileFacts) -> dict[str, object]:
    return {
        "path": file.path,
        "place": file.place,
        "trouble": file.trouble,
        "mode": f"{file.mode:04o}" if file.mode is not None else "",
        "owner": file.owner,
        "certificates": [certificate.sha256 for certificate in file.contents.certificates],
        "lists": [f"{each.issuer} {each.number}" for each in file.contents.lists],
        "responses": [entry.status for each in file.contents.responses for entry in each.entries],
        "keys": [str(key.form) for key in file.contents.keys],
    }
