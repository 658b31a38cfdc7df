"""Which permissions of keys, passphrases and their folders are too wide, and what they should be. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from v2g_tool.model.pki import FileFacts
from v2g_tool.pki.rules.facts import PkiFacts

_OTHERS, _READ_BY_OTHERS = 0o077, 0o044
_SHARED = ("/etc/ssl", "/etc/pki", "/usr", "/var", "/run", "/tmp", "/home", "/srv")  # noqa: S108 - names, not used
"""Folders that other programs enter too."""


@dataclass(frozen=True)
class ModeChange:
    """A permission to take from others.

    Attributes:
        path: of the file or folder, as the host names it.
        here: as this computer reaches it.
        risk: who would lose the right to do its work, "" for nobody.
    """

    path: str
    here: str
    old: int
    new: int
    risk: str = ""

    def __str__(self) -> str:
        return f"{self.path} from {self.old:04o} to {self.new:04o}"


def mode_changes(facts: PkiFacts) -> tuple[ModeChange, ...]:
    """Give what is to be changed: keys and passphrases to 0600, their folders to 0700; each once, files first."""
    account = facts.site.account
    named = [c.passphrase for c in facts.credentials if c.passphrase is not None]
    keys = [c.key for c in facts.credentials if c.key and not (c.private_key and c.private_key.in_hardware)]
    files = [_file(file, account) for file in (*keys, *named, *facts.beside) if file.mode is not None]
    folders = [_folder(file) for file in keys if file.folder_mode is not None]
    wide = {each.path: each for each in (*files, *folders) if each.old & _OTHERS and each.new != each.old}
    return tuple(wide.values())


def _file(file: FileFacts, account: str) -> ModeChange:
    mode = file.mode or 0
    loses = mode & _READ_BY_OTHERS and account not in file.owners and account != "root"
    risk = f"it belongs to {file.owner}, so the account {account} can then no longer read it" if loses else ""
    return ModeChange(file.place or file.path, file.here, mode, 0o600, risk)


def _folder(file: FileFacts) -> ModeChange:
    path = (file.place or file.path).rpartition("/")[0] or "/"
    shared = path.count("/") < 2 or any(path == each or path.startswith(f"{each}/") for each in _SHARED)
    risk = "other programs use this folder too" if shared else ""
    return ModeChange(path, file.here.rpartition("/")[0], file.folder_mode or 0, 0o700, risk)
