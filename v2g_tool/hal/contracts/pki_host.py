"""What `certs` may ask of a computer: this one, a mounted image, or a tree that stands for one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from v2g_tool.model.ca_store import KeptStore
from v2g_tool.model.pki_file import FileFacts


class PkiHost(Protocol):
    """The computer whose certificates, keys and trust stores are read; nothing of it is changed."""

    @property
    def root(self) -> Path:
        """Where its file tree lies; `/` is this computer."""

    def file(self, path: str, passphrase: bytes | None = None) -> FileFacts:
        """Give what is known of a file; what hinders reading it stands in `trouble`."""

    def files(self, path: str, named: re.Pattern[str] = ...) -> tuple[FileFacts, ...]:
        """Give the files of a folder whose names have `named` in them, or the one file that `path` is."""

    def links(self, path: str) -> tuple[FileFacts, ...]:
        """Give the links of a folder, unread; in `trouble` where one leads nowhere. None where there is no folder."""

    def secret(self, path: str) -> bytes | None:
        """Give the passphrase that a file holds; None where it cannot be read."""


class CaStore(Protocol):
    """The system's trust store: a folder of the administrator's own roots, and what a program builds from it."""

    @property
    def key(self) -> str:
        """What tells it from the stores of other computers and trees, as a part of a file name."""

    @property
    def rebuild_command(self) -> str:
        """The command that builds the store, as a person types it."""

    def require_ready(self) -> None:
        """Raise NotPermitted where no root can be installed."""

    def read(self, path: str) -> bytes | None:
        """Give the bytes of a file in the folder of roots, None when there is none; raises NotPermitted."""

    def write(self, path: str, content: bytes) -> None:
        """Write such a file as a whole or not at all, mode 0644; raises NotPermitted."""

    def kept(self, path: str) -> KeptStore:
        """Give such a file and what is built, to bring it back; raises NotPermitted."""

    def bring_back(self, kept: KeptStore, *, built: bool) -> None:
        """Bring back the file, and what was built where `built`; raises NotPermitted."""

    def rebuild(self, *, fresh: bool = False) -> str:
        """Build the store, all its links anew where `fresh`, and give what is said; raises Refused, Unreachable."""
