"""`certs fix-modes` closes keys, passphrases and their folders to others: each with consent of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.pki.computer import snapshot
from tests.sessions import session_in
from tests.system.commands import TOOL, on_terminal
from v2g_tool.bench.pki.plan import CERTS
from v2g_tool.bench.pki.site import pki_text
from v2g_tool.bench.pki.write import write_pki
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.site.site import Site
from v2g_tool.pki.procedure import FixModes

KEY = f"{CERTS}/private.key"
STATION_KEY = f"{CERTS}/ocpp.key"


@dataclass
class Keys:
    """A tree with keys that are too open, and what the site file says of it."""

    tree: Path
    site: str
    runs: list[Path] = field(default_factory=list)
    verdicts: set[Verdict] = field(default_factory=set)
    """Of the last run, whatever it was about."""

    def place(self, path: str) -> Path:
        return self.tree / path[1:]

    def opened(self, path: str, mode: int) -> None:
        self.place(path).chmod(mode)

    def mode(self, path: str) -> int:
        return self.place(path).stat().st_mode & 0o7777

    def edit(self, old: str, new: str) -> None:
        assert old in self.site
        self.site = self.site.replace(old, new)

    def fix(
        self, answer: Callable[[str], str] | None = None, *, yes: bool = False, dry_run: bool = False
    ) -> Mapping[str, Finding]:
        """Run it in a session, and give what is said of each path."""
        folder = self.tree.with_name(f"run-{len(self.runs)}")
        folder.mkdir()
        self.runs.append(folder)
        procedure, site = FixModes(dry_run=dry_run), Site.model_validate(tomllib.loads(self.site))
        procedure.check(site)
        with session_in(folder, site=site, answer=answer, assent=yes) as session:
            found = procedure.work(session).findings
        self.verdicts = {each.verdict for each in found}
        return {each.subject: each for each in found if each.check == "CERT-MODE-001"}

    def recorded(self) -> list[str]:
        lines = (self.runs[-1] / "evidence.jsonl").read_bytes().splitlines()
        return [kind for kind in (json.loads(line)["kind"] for line in lines) if kind.startswith("mode")]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """Give a sound tree whose daemon runs as root, so that nobody loses a right."""
    return keys_with(tmp_path)


def keys_with(folder: Path, *faults: str) -> Keys:
    tree = folder / "ems"
    tree.mkdir()
    text = pki_text(write_pki(tree, faults))
    keys = Keys(tree, f'[site]\nname = "test"\n\n[ems]\nroot = "{tree}"\n\n{text}')
    keys.edit('account = "v2g"', 'account = "root"')
    return keys


def test_where_all_is_closed_nothing_is_asked_or_changed(keys: Keys) -> None:
    before = snapshot(keys.tree, times=True)

    found = keys.fix(yes=True)

    assert [each.verdict for each in found.values()] == [Verdict.PASS]
    assert "nothing was changed" in found["files"].statement
    assert snapshot(keys.tree, times=True) == before


def test_each_is_asked_for_and_a_no_leaves_that_one_as_it_is(keys: Keys) -> None:
    for path in (KEY, STATION_KEY):
        keys.opened(path, 0o644)
    keys.opened(CERTS, 0o755)
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "n" if STATION_KEY in question else "y"

    found = keys.fix(answer)

    assert [f"{path} from" in question for path, question in zip((KEY, STATION_KEY, CERTS), asked, strict=True)]
    assert (keys.mode(KEY), keys.mode(STATION_KEY), keys.mode(CERTS)) == (0o600, 0o644, 0o700)
    assert [found[path].verdict for path in (KEY, STATION_KEY, CERTS)] == ["pass", "inconclusive", "pass"]
    assert "reads 0600" in found[KEY].statement
    assert keys.recorded() == ["mode.intent", "mode.outcome"] * 2


def test_at_a_terminal_it_asks_and_the_whole_command_changes_what_is_agreed_to(keys: Keys) -> None:
    for path in (KEY, STATION_KEY):
        keys.opened(path, 0o644)
    site = keys.tree.with_name("site.toml")
    site.write_text(keys.site)
    env = {**os.environ, "V2G_SITE": str(site), "V2G_STATE_DIR": str(site.with_name("state"))}

    command = [*TOOL, "certs", "fix-modes", "--unsigned", "--quiet"]
    status, shown = on_terminal(command, ["n", "y"], env, site.parent)

    assert status == 1, "an open key is left"
    assert shown.count("[y/N]") == 2
    assert (keys.mode(KEY), keys.mode(STATION_KEY)) == (0o644, 0o600)


def test_without_a_terminal_and_without_yes_nothing_is_changed(keys: Keys) -> None:
    keys.opened(KEY, 0o644)
    before = snapshot(keys.tree, times=True)

    found = keys.fix()

    assert found[KEY].verdict is Verdict.INCONCLUSIVE
    assert "sudo v2g-tool certs fix-modes" in found[KEY].remedy
    assert snapshot(keys.tree, times=True) == before
    assert keys.recorded() == []


def test_what_nobody_agreed_to_is_not_judged_where_nothing_else_fails(keys: Keys) -> None:
    keys.opened(CERTS, 0o755)

    found = keys.fix()

    assert found[CERTS].verdict is Verdict.INCONCLUSIVE
    assert Verdict.FAIL not in keys.verdicts
    assert keys.mode(CERTS) == 0o755


def test_yes_changes_keys_passphrases_and_folders(tmp_path: Path) -> None:
    keys = keys_with(tmp_path, "key-readable", "key-passphrase-readable", "key-folder-open")

    found = keys.fix(yes=True)

    assert len(found) == 3
    assert {each.verdict for each in found.values()} == {Verdict.PASS}
    assert {path: oct(keys.mode(path)) for path in found} == {
        path: "0o700" if path == CERTS else "0o600" for path in found
    }
    assert keys.fix(yes=True).keys() == {"files"}


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_the_daemon_reads_by_anothers_right_is_not_changed_by_yes(mode: int, keys: Keys) -> None:
    keys.edit('account = "root"', 'account = "daemon"')
    keys.opened(KEY, mode)

    found = keys.fix(yes=True)

    assert found[KEY].verdict is Verdict.INCONCLUSIVE
    assert "the account daemon can then no longer read it" in found[KEY].statement
    assert keys.mode(KEY) == mode


@pytest.mark.parametrize("mode", [0o750, 0o711])
def test_a_folder_that_the_daemon_enters_by_anothers_right_is_not_changed_by_yes(mode: int, keys: Keys) -> None:
    keys.edit('account = "root"', 'account = "daemon"')
    keys.opened(CERTS, mode)

    found = keys.fix(yes=True)

    assert found[CERTS].verdict is Verdict.INCONCLUSIVE
    assert "the account daemon can then no longer enter it" in found[CERTS].statement
    assert keys.mode(CERTS) == mode


def test_a_folder_that_other_programs_use_is_not_changed_by_yes_but_by_a_person(keys: Keys) -> None:
    shared = "/etc/ssl/private"
    keys.place(shared).mkdir()
    keys.opened(shared, 0o710)
    shutil.copy(keys.place(KEY), keys.place(f"{shared}/private.key"))
    keys.edit(KEY, f"{shared}/private.key")

    found = keys.fix(yes=True)

    assert found[shared].verdict is Verdict.INCONCLUSIVE
    assert "other programs use this folder too" in found[shared].statement
    assert keys.mode(shared) == 0o710

    asked: list[str] = []
    keys.fix(lambda question: asked.append(question) or "y")
    assert "other programs use this folder too" in asked[0]
    assert keys.mode(shared) == 0o700


def test_a_link_to_an_open_key_has_the_key_itself_closed(tmp_path: Path) -> None:
    keys = keys_with(tmp_path, "key-link-readable")
    link = keys.place(KEY)
    target = link.readlink()

    found = keys.fix(yes=True)

    assert link.readlink() == target
    assert keys.mode(KEY) == 0o600
    assert Verdict.PASS in {each.verdict for path, each in found.items() if path.endswith(target.name)}


def test_a_mode_that_changed_while_it_was_asked_about_is_left(keys: Keys) -> None:
    keys.opened(KEY, 0o644)

    def answer(_question: str) -> str:
        keys.opened(KEY, 0o640)
        return "y"

    found = keys.fix(answer)

    assert found[KEY].verdict is Verdict.INCONCLUSIVE
    assert "has mode 0640 by now" in found[KEY].statement
    assert keys.mode(KEY) == 0o640


def test_a_link_that_took_the_place_of_the_key_meanwhile_is_not_followed(keys: Keys) -> None:
    keys.opened(KEY, 0o644)
    other = keys.tree / "other"
    other.write_text("somebody else's")
    other.chmod(0o644)

    def answer(_question: str) -> str:
        keys.place(KEY).unlink()
        keys.place(KEY).symlink_to(other)
        return "y"

    found = keys.fix(answer)

    assert found[KEY].verdict is Verdict.INCONCLUSIVE
    assert other.stat().st_mode & 0o777 == 0o644


def test_a_dry_run_says_what_it_would_change_and_asks_nothing(keys: Keys) -> None:
    keys.opened(KEY, 0o644)
    before = snapshot(keys.tree, times=True)

    found = keys.fix(lambda _question: pytest.fail("it asked"), dry_run=True)

    assert found[KEY].verdict is Verdict.SKIPPED
    assert f"{KEY} from 0644 to 0600" in found[KEY].statement
    assert snapshot(keys.tree, times=True) == before


def test_the_key_of_another_account_is_not_changed_without_the_right_and_sudo_is_named(keys: Keys) -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root, and setpriv to give its rights away")
    keys.opened(KEY, 0o644)
    os.chown(keys.place(KEY), 65534, -1)
    site = keys.tree.with_name("site.toml")
    site.write_text(keys.site)
    lost = "-fowner,-dac_override,-dac_read_search"

    done = subprocess.run(
        [
            "setpriv",
            f"--bounding-set={lost}",
            f"--inh-caps={lost}",
            *TOOL,
            "certs",
            "fix-modes",
            "--yes",
            "--unsigned",
            "--json",
        ],
        env={**os.environ, "V2G_SITE": str(site), "V2G_STATE_DIR": str(site.with_name("state"))},
        cwd=site.parent,
        capture_output=True,
        timeout=HANG_S,
        check=False,
    )

    assert done.returncode == 1, "the key is still open"
    assert done.stderr == b""
    (told,) = [each for each in json.loads(done.stdout)["findings"] if each["check"] == "CERT-MODE-001"]
    assert (told["verdict"], told["remedy"]) == ("inconclusive", "Run: sudo v2g-tool certs fix-modes")
    assert "could not be changed" in told["statement"]
    assert keys.mode(KEY) == 0o644
