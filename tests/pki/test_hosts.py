"""The same rules judge a folder, and a host that is nothing but a dictionary: what they need stands in the contract."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pki.looks import PROFILES, facts_of, ids, written
from v2g_tool.hal.contracts.pki_host import PkiHost
from v2g_tool.hal.linux.rooted import inside
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.model.findings import Finding, Verdict, overall
from v2g_tool.model.pki_file import FileFacts
from v2g_tool.model.site.pki import PkiSite
from v2g_tool.pki.rules.facts import ClockFacts
from v2g_tool.pki.rules.verdict import judge
from v2g_tool.pki.work.examine import Examination


@dataclass(frozen=True)
class Dictionary:
    """Fulfils `PkiHost` without a file system: path to bytes, path to target."""

    content: Mapping[str, bytes]
    targets: Mapping[str, str]
    shut: frozenset[str] = frozenset()
    """Files and folders that this user may not read."""
    root: Path = Path("/")

    def file(self, path: str, passphrase: bytes | None = None) -> FileFacts:
        place = self.targets.get(path, path)
        if any(each == shut or each.startswith(f"{shut}/") for each in (path, place) for shut in self.shut):
            return self._shut(path, place)
        if place not in self.content:
            return FileFacts(path, place, trouble="it is not there")
        found = contents_of(self.content[place], passphrase)
        return FileFacts(path, place, place, mode=0o600, owners=("root",), folder_mode=0o700, contents=found)

    def files(self, path: str, named: re.Pattern[str] = re.compile("")) -> tuple[FileFacts, ...]:
        if path in self.shut:
            return (self._shut(path, path),)
        names = sorted({*self.content, *self.targets})
        found = [each for each in names if each.rpartition("/")[0] == path and named.search(each)]
        return tuple(map(self.file, found)) or (self.file(path),)

    def _shut(self, path: str, place: str) -> FileFacts:
        return FileFacts(path, place, place, "this user may not read it", forbidden=True)

    def links(self, path: str) -> tuple[FileFacts, ...]:
        if path in self.shut:
            return (self._shut(path, path),)
        found = [each for each in sorted(self.targets) if each.rpartition("/")[0] == path]
        return tuple(FileFacts(each, self.targets[each]) for each in found)

    def secret(self, path: str) -> bytes | None:
        return self.content.get(path)


@cache
def sound() -> tuple[Dictionary, PkiSite]:
    """Give a sound site as a dictionary, and what its site file says."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        site = written(root)[1]
        names = [f"/{path.relative_to(root)}" for path in root.rglob("*") if path.is_symlink() or path.is_file()]
        links = {name: f"/{inside(root, name).relative_to(root)}" for name in names if (root / name[1:]).is_symlink()}
        files = {name: (root / name[1:]).read_bytes() for name in names if name not in links}
        return Dictionary(files, links), site


def judged(host: PkiHost, site: PkiSite) -> tuple[Finding, ...]:
    moment = datetime.now(UTC).replace(microsecond=0)
    return judge(Examination(site, PROFILES, host, moment).facts(lambda _kind, _data: None, ClockFacts()))


def test_a_dictionary_is_judged_as_the_folder_that_it_was_read_from(tmp_path: Path) -> None:
    host, site = sound()

    assert ids(judged(host, site), Verdict.FAIL) == []
    folder = judge(facts_of(tmp_path, written(tmp_path)[1]))
    assert {f.check for f in judged(host, site)} == {f.check for f in folder}


SHUT = (
    ("/etc/v2g/certs/secc-chain.pem", "CERT-FILE-001"),
    ("/etc/v2g/certs/private.key", "CERT-FILE-001"),
    ("/etc/v2g/trust/v2g", "CERT-CHAIN-001"),
    ("/etc/v2g/trust/v2g/v2g-root.pem", "CERT-CHAIN-001"),
    ("/etc/v2g/certs/cpo-sub-ca-2.pem", "CERT-LINK-001"),
    ("/etc/v2g/crl", "CERT-CRL-001"),
    ("/etc/v2g/crl/cpo-sub-ca-2.crl", "CERT-CRL-001"),
    ("/etc/ssl/certs/ca-certificates.crt", "CERT-STORE-007"),
    ("/usr/local/share/ca-certificates", "CERT-STORE-007"),
    ("/usr/local/share/ca-certificates/utility-root.crt", "CERT-STORE-007"),
)


@pytest.mark.parametrize(("path", "check"), SHUT)
def test_what_this_user_may_not_read_is_neither_absent_nor_passed(path: str, check: str) -> None:
    host, site = sound()

    found = judged(replace(host, shut=frozenset({path})), site)

    assert ids(found, Verdict.FAIL) == []
    assert check in ids(found, Verdict.INCONCLUSIVE)
    assert overall(found) is Verdict.INCONCLUSIVE


def test_a_folder_of_links_that_may_not_be_read_accuses_nobody() -> None:
    host, site = sound()

    found = judged(replace(host, shut=frozenset({"/etc/ssl/certs"})), site)

    assert "CERT-STORE-003" not in [finding.check for finding in found]


@given(st.data())
def test_whatever_lies_in_the_files_is_judged_and_what_is_gone_is_never_passed(data: st.DataObject) -> None:
    host, site = sound()
    needed = [each.certificate for each in site.credentials.values()] + [each.key for each in site.credentials.values()]
    spoilt = data.draw(st.sets(st.sampled_from(sorted(host.content)), max_size=4))
    contents = st.one_of(st.none(), st.binary(max_size=60), st.sampled_from(sorted(host.content.values())))
    changed = {path: data.draw(contents) for path in sorted(spoilt)}
    content = {path: new for path, old in host.content.items() if (new := changed.get(path, old)) is not None}

    found = judged(replace(host, content=content), site)

    gone = [path for path in needed if path not in content]
    assert not gone or overall(found) is Verdict.FAIL
