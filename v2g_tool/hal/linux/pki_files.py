"""Files of a PKI as a Linux host sees them: where they really lie, whose they are, and what is in them."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from v2g_tool.errors import NotPermitted, Refused
from v2g_tool.hal.linux.rooted import inside, open_inside
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.model.pki_file import Contents, FileFacts, KeyForm, PrivateKey

_ANY = re.compile("")
_PIN = re.compile(r"(pin-value=)[^&;]*", re.IGNORECASE)
"""What of the address of a key on a token is a secret (RFC 7512, 2.3)."""
_NO_RIGHT = (errno.EACCES, errno.EPERM)
MOST_BYTES = 16 << 20
MOST_FILES = 2000
"""So many files of one folder are looked at."""


@dataclass
class PkiReader:
    """Fulfils `PkiHost` for the host whose tree lies under `root`, this computer or an image; reads each file once."""

    root: Path
    _known: dict[tuple[str, bytes | None], FileFacts] = field(default_factory=dict)
    _accounts: dict[int, list[str]] | None = None

    def file(self, path: str, passphrase: bytes | None = None) -> FileFacts:
        """Give what is known of a file; what hinders reading it stands in `trouble`."""
        if path.startswith("pkcs11:"):
            shown = _PIN.sub(r"\1...", path)
            return FileFacts(shown, contents=Contents(keys=(PrivateKey(KeyForm.TOKEN, None),), encoding="PEM"))
        if (path, passphrase) not in self._known:
            self._known[path, passphrase] = self._file(path, passphrase)
        return self._known[path, passphrase]

    def files(self, path: str, named: re.Pattern[str] = _ANY) -> tuple[FileFacts, ...]:
        """Give the files of a folder in the order of their names, or the one file that `path` is.

        `named` is what has to be found in the name of a file.
        """
        try:
            with os.scandir(inside(self.root, path)) as found:
                seen = (each.name for each in found if not each.is_dir(follow_symlinks=False))
                inner = sorted(name for name in seen if not name.startswith(".") and named.search(name))
        except NotADirectoryError:
            return (self.file(path),)
        except OSError as exc:
            return (self._untold(path, _reason(exc), forbidden=exc.errno in _NO_RIGHT),)
        read = tuple(self.file(f"{path.rstrip('/')}/{name}") for name in inner[:MOST_FILES])
        more = f"it holds {len(inner)} files, of which only the first {MOST_FILES} were read"
        return (*read, *([self._untold(path, more, forbidden=True)] if len(inner) > MOST_FILES else []))

    def _untold(self, path: str, trouble: str, *, forbidden: bool) -> FileFacts:
        return FileFacts(path, here=str(self.root / path[1:]), trouble=trouble, forbidden=forbidden)

    def links(self, path: str) -> tuple[FileFacts, ...]:
        """Give the links of a folder, unread; in `trouble` where one leads nowhere. None where there is no folder."""
        try:
            names = sorted(entry.name for entry in inside(self.root, path).iterdir() if entry.is_symlink())
        except OSError as exc:
            forbidden = exc.errno in _NO_RIGHT
            return (self._untold(path, _reason(exc), forbidden=True),) if forbidden else ()
        return tuple(self._link(f"{path.rstrip('/')}/{name}") for name in names[:MOST_FILES])

    def _link(self, path: str) -> FileFacts:
        try:
            place = inside(self.root, path)
            trouble = "" if place.exists() else "it leads nowhere"
        except OSError as exc:
            return FileFacts(path, path, trouble=_reason(exc), forbidden=exc.errno in _NO_RIGHT)
        return FileFacts(path, self._on_host(place), str(place), trouble)

    def _on_host(self, place: Path) -> str:
        return f"/{place.relative_to(self.root)}"

    def secret(self, path: str) -> bytes | None:
        """Give the passphrase that a file holds, without the line end behind it; None where it cannot be read."""
        try:
            with open_inside(inside(self.root, path)) as file:
                return file.read(4096).rstrip(b"\r\n")
        except OSError:
            return None

    def _file(self, path: str, passphrase: bytes | None) -> FileFacts:
        facts = FileFacts(path, here=str(self.root / path[1:]))
        try:
            found = inside(self.root, path)
            facts = replace(facts, place=self._on_host(found), here=str(found))
            facts = self._outside(facts, found)
        except OSError as exc:
            return replace(facts, trouble=_reason(exc, path, facts.place), forbidden=exc.errno in _NO_RIGHT)
        try:
            with open_inside(found) as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as exc:
            return replace(facts, trouble=_reason(exc), forbidden=exc.errno in _NO_RIGHT)
        if len(data) > MOST_BYTES:
            return replace(facts, trouble=f"it is larger than {MOST_BYTES} bytes")
        return replace(facts, contents=contents_of(data, passphrase))

    def _outside(self, facts: FileFacts, found: Path) -> FileFacts:
        """Give what is known of a file without reading it."""
        status, folder = found.stat(), found.parent.stat()
        return replace(
            facts,
            mode=stat.S_IMODE(status.st_mode) if stat.S_ISREG(status.st_mode) else None,
            owners=self._named(status.st_uid),
            folder_mode=stat.S_IMODE(folder.st_mode),
            folder_owners=self._named(folder.st_uid),
            modified_s=status.st_mtime,
        )

    def _named(self, uid: int) -> tuple[str, ...]:
        if self._accounts is None:
            self._accounts = {0: ["root"]}
            for number, name in self._listed_accounts():
                self._accounts.setdefault(number, []).append(name)
        return tuple(dict.fromkeys(self._accounts.get(uid, [f"user {uid}"])))

    def _listed_accounts(self) -> Iterator[tuple[int, str]]:
        try:
            with open_inside(inside(self.root, "/etc/passwd")) as file:
                lines = file.read(1 << 20).decode(errors="replace").splitlines()
        except OSError:
            return
        for line in lines:
            name, _, rest = line.partition(":")
            number = rest.split(":")[1:2]
            if number and number[0].isdecimal():
                yield int(number[0]), name


def set_mode(place: str, old: int, new: int) -> int:
    """Change the permission bits of a file or folder of this computer, and give what they then are.

    Raises:
        NotPermitted: the right is missing, or what lies there is no file or folder.
        Refused: the bits are no longer `old`.
    """
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                raise OSError(errno.EINVAL, "it is neither a file nor a folder")
            if stat.S_IMODE(status.st_mode) != old:
                now = stat.S_IMODE(status.st_mode)
                raise Refused(f"{place} has mode {now:04o} by now", todo="Run it again: somebody else changes it too.")
            os.fchmod(descriptor, new)
            return stat.S_IMODE(os.fstat(descriptor).st_mode)
        finally:
            os.close(descriptor)
    except OSError as exc:
        raise NotPermitted(
            f"the mode of {place} could not be changed: {exc.strerror}",
            why="Only root and the owner of a file may do so.",
            todo="Run: sudo v2g-tool certs fix-modes",
        ) from exc


def _reason(exc: OSError, path: str = "", place: str = "") -> str:
    if exc.errno in _NO_RIGHT:
        return "this user may not read it"
    if exc.errno == errno.ENOENT:
        return f"it is a link that leads nowhere, to {place}" if place and place != path else "it is not there"
    return exc.strerror or "it cannot be read"
