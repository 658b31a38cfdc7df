"""Which permissions of keys, passphrases and their folders are too wide, and what they should be. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from v2g_tool.model.pki_file import FileFacts
from v2g_tool.pki.rules.facts import PkiFacts

_OTHERS, _OTHERS_READ, _OTHERS_ENTER = 0o077, 0o044, 0o011
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
    folders = [_folder(file, account) for file in keys if file.folder_mode is not None]
    wide = {each.path: each for each in (*files, *folders) if each.old & _OTHERS and each.new != each.old}
    return tuple(wide.values())


def _file(file: FileFacts, account: str) -> ModeChange:
    mode = file.mode or 0
    risk = _loss(account, file.owners, "read", needed=mode & _OTHERS_READ)
    return ModeChange(file.place or file.path, file.here, mode, 0o600, risk)


def _folder(file: FileFacts, account: str) -> ModeChange:
    path, mode = (file.place or file.path).rpartition("/")[0] or "/", file.folder_mode or 0
    shared = path.count("/") < 2 or any(path == each or path.startswith(f"{each}/") for each in _SHARED)
    loss = _loss(account, file.folder_owners, "enter", needed=mode & _OTHERS_ENTER)
    risk = "other programs use this folder too" if shared else loss
    return ModeChange(path, file.here.rpartition("/")[0], mode, 0o700, risk)


def _loss(account: str, owners: tuple[str, ...], does: str, *, needed: int) -> str:
    """Give what the daemon's account loses that uses what is another's by the rights of its group or of all."""
    loses = needed and account != "root" and account not in owners
    return f"it belongs to {owners[0]}, so the account {account} can then no longer {does} it" if loses else ""
