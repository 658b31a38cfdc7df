"""A Linux computer through its files: the kernel's keys, the files that set them, and what it says about itself.

Links are followed as the host itself would follow them: an absolute target counts from the root given, so a tree that
stands for a host never leads out of its folder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from v2g_tool.data.reading import read_regular
from v2g_tool.data.writing import sync_directory, write_whole
from v2g_tool.errors import NotPermitted, Refused, RequestError, Unreachable
from v2g_tool.hal.linux.host_facts import FactsReader
from v2g_tool.hal.linux.rooted import inside, open_inside
from v2g_tool.model.host import HostFacts
from v2g_tool.model.sysctl import FOLDERS, ConfigFile, ConfigFiles, LiveState, LiveValue, Unreadable, canonical

APPLY = "sudo v2g-tool sysctl --apply"
"""The command that has the right to write."""

_ALONE = "/etc/sysctl.conf"
_DROP_INS = "/etc/sysctl.d"
_MOST_BYTES = 1 << 20
_KEY = re.compile(r"(?!\.\.?(/|$))[A-Za-z0-9_.@:-]+(/(?!\.\.?(/|$))[A-Za-z0-9_.@:-]+)*")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,200}\.conf")
_NO_RIGHT = (errno.EACCES, errno.EPERM)
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)


@dataclass(frozen=True)
class LinuxHost:
    """Fulfils `Host` through files: `root` is `/` for this computer, or the folder that stands for another one."""

    root: Path

    @property
    def key(self) -> str:
        """Give `host` for this computer; two trees, or two images at one place, differ."""
        if self.root == Path("/"):
            return "host"
        seen = hashlib.sha256(bytes(self.root))
        with contextlib.suppress(OSError):
            seen.update(read_regular(inside(self.root, "/etc/machine-id"), 4096))
        return seen.hexdigest()[:16]

    @property
    def has_kernel(self) -> bool:
        """Whether there are keys: a mounted image has none."""
        return (self.root / "proc/sys").is_dir()

    def facts(self, process: str, config: str) -> HostFacts:
        """Give what it says about its processors, its clock, the daemon `process` and the file `config`."""
        return FactsReader(self.root).facts(process, config)

    def unwritable(self, keys: Iterable[str], *, drop_in: bool) -> str:
        """Give the first thing that this user may not write, and why; "" when all may be written.

        Keys that the kernel does not provide are passed over; `drop_in` is whether /etc/sysctl.d is to be written too.
        """
        for key in keys:
            path = self.root / "proc/sys" / key.replace(".", "/")
            if path.exists() and not os.access(path, os.W_OK):
                return f"{key} is not writable for this user"
        folder = self.root / _DROP_INS[1:]
        if drop_in and not os.access(folder, os.W_OK):
            return f"{_DROP_INS} {'is not writable for this user' if folder.is_dir() else 'does not exist'}"
        return ""

    def config_files(self) -> ConfigFiles:
        """Give all files that sysctl programs may read below `root`, and those that could not be read."""
        files: list[ConfigFile] = []
        unreadable: list[Unreadable] = []
        for path in self._paths(unreadable):
            try:
                files.append(self._config_file(path))
            except OSError as error:
                unreadable.append(Unreadable(path, _reason(error)))
        return ConfigFiles(tuple(files), tuple(unreadable))

    def live_value(self, key: str) -> LiveValue:
        """Give what the kernel says about a key; raises RequestError when it is no key."""
        try:
            with open_inside(self._live_path(key)) as stream:
                content = stream.read(_MOST_BYTES)
        except OSError as error:
            return _no_value(error)
        return LiveValue(LiveState.PRESENT, _visible(content).strip())

    def write_live(self, key: str, value: str) -> None:
        """Set a key now, in one write.

        Raises:
            RequestError: it is no key, or no value of one line.
            Unreachable: the kernel does not provide the key.
            NotPermitted: the right is missing.
            Refused: the kernel does not take the value.
        """
        if not value.isprintable() and not value.replace("\t", " ").isprintable():
            raise RequestError(f"the value {value!r} of {key} is not one line of text")
        line = f"{value}\n".encode()
        try:
            # Truncating means nothing to the kernel; in a tree of files it ends the old value.
            with open_inside(self._live_path(key), os.O_WRONLY | os.O_TRUNC) as stream:
                taken = stream.write(line)
        except OSError as error:
            raise _not_written(key, value, error) from error
        if taken != len(line):
            raise Refused(f"the kernel took only {taken} of {len(line)} bytes of {value!r} for {key}")

    def read_drop_in(self, name: str) -> bytes | None:
        """Give the bytes of /etc/sysctl.d/NAME, None when there is none.

        Raises:
            RequestError: it is no name of a drop-in.
            NotPermitted: it may not be read, or is a link or a folder.
        """
        with self._drop_in(name, "read") as place:
            try:
                with open_inside(place) as stream:
                    return stream.read()
            except FileNotFoundError:
                return None

    def write_drop_in(self, name: str, content: bytes | None, mode: int = 0o644) -> None:
        """Write /etc/sysctl.d/NAME as a whole or not at all, or remove it (None); raises as `read_drop_in`."""
        with self._drop_in(name, "removed" if content is None else "written") as place:
            if content is None:
                place.unlink(missing_ok=True)
                sync_directory(place.parent)
            else:
                write_whole(place, content, mode)

    def drop_in_mode(self, name: str) -> int:
        """Give the permission bits of /etc/sysctl.d/NAME; raises as `read_drop_in`."""
        with self._drop_in(name, "read") as place:
            return stat.S_IMODE(place.stat().st_mode)

    def _paths(self, unreadable: list[Unreadable]) -> list[str]:
        paths: list[str] = []
        seen: set[Path] = set()
        for folder in FOLDERS:
            try:
                place = inside(self.root, folder)
                names = (
                    [] if place in seen else sorted(n for n in (p.name for p in place.iterdir()) if n.endswith(".conf"))
                )
                seen.add(place)
            except OSError as error:
                names = []
                if error.errno not in _NOT_THERE:
                    unreadable.append(Unreadable(folder, _reason(error)))
            paths += [f"{folder}/{name}" for name in names]
        return [*paths, _ALONE] if os.path.lexists(self.root / _ALONE[1:]) else paths

    def _config_file(self, path: str) -> ConfigFile:
        name = inside(self.root, str(PurePosixPath(path).parent)) / PurePosixPath(path).name
        link = _visible(os.fsencode(name.readlink())) if name.is_symlink() else ""
        content = self._content(path)
        return ConfigFile(_visible(os.fsencode(path)), _visible(content) if content else None, link)

    def _content(self, path: str) -> bytes:
        """Give the bytes of a file; none for what only hides its namesakes."""
        try:
            place = inside(self.root, path)
            if place == self.root / "dev/null" or place.is_dir():
                return b""
            with open_inside(place) as stream:
                content = stream.read(_MOST_BYTES + 1)
        except OSError as error:
            if error.errno in (*_NOT_THERE, errno.ELOOP):
                return b""
            raise
        if len(content) > _MOST_BYTES:
            raise OSError(errno.EFBIG, f"it is larger than {_MOST_BYTES} bytes")
        return content

    def _live_path(self, key: str) -> Path:
        """Give the place of a key; raises RequestError, OSError."""
        path = canonical(key)
        if not _KEY.fullmatch(path):
            raise RequestError(
                f"{key!r} is no kernel key",
                why="A key has letters, digits and _ . @ : - between dots or slashes.",
                todo="Write it as sysctl does, for example net.core.rmem_max.",
            )
        return inside(self.root, f"/proc/sys/{path}")

    @contextlib.contextmanager
    def _drop_in(self, name: str, done: str) -> Iterator[Path]:
        """Give the place of a drop-in; tells what trouble there is with it until it is `done`."""
        if not _NAME.fullmatch(name):
            raise RequestError(
                f"{name!r} is no name for a file in {_DROP_INS}",
                why="Only letters, digits and _ . @ - are taken, and only names that end in .conf are read.",
                todo="Give it a name such as 99-zz-v2g.conf.",
            )
        try:
            place = inside(self.root, _DROP_INS) / name
            if place.is_symlink():
                raise OSError(errno.ELOOP, "it is a link")
        except OSError as error:
            raise _drop_in_trouble(name, "used", error) from error
        try:
            yield place
        except OSError as error:
            raise _drop_in_trouble(name, done, error) from error


def _visible(content: bytes) -> str:
    """Give text in which what is no UTF-8 is kept visible: a report must be able to print it."""
    return content.decode("utf-8", "backslashreplace")


def _reason(error: OSError) -> str:
    return "this user may not read it" if error.errno in _NO_RIGHT else error.strerror or str(error)


def _no_value(error: OSError) -> LiveValue:
    if error.errno in _NOT_THERE:
        return LiveValue(LiveState.ABSENT, reason="this kernel does not provide the key")
    state = LiveState.FORBIDDEN if error.errno in _NO_RIGHT else LiveState.FAILED
    return LiveValue(state, reason=_reason(error))


def _not_written(key: str, value: str, error: OSError) -> NotPermitted | Refused | Unreachable:
    if error.errno in _NO_RIGHT or error.errno == errno.EROFS:
        return NotPermitted(
            f"{key} may not be written: {error.strerror}",
            why="Kernel settings belong to root; in a container they are read-only.",
            todo=f"Run: {APPLY}",
        )
    if error.errno in _NOT_THERE:
        return Unreachable(
            f"this kernel does not provide {key}",
            why="The module or driver it comes with is not loaded.",
            todo="Load the module first.",
        )
    return Refused(
        f"the kernel refuses {value!r} for {key}: {error.strerror}",
        why="The value is outside the range of the key.",
        todo="Correct the value in the kernel profile.",
        code=error.errno,
    )


def _drop_in_trouble(name: str, done: str, error: OSError) -> NotPermitted:
    path = f"{_DROP_INS}/{name}"
    if error.errno in _NO_RIGHT or error.errno == errno.EROFS:
        why, todo = "The folder belongs to root.", f"Run: {APPLY} --persist"
    elif error.errno == errno.ELOOP:
        why, todo = "A link there masks the name, or another program keeps the file.", f"Look at it: ls -l {path}"
    else:
        why, todo = "The folder is missing, or the disk is full or failing.", f"Look at it: ls -ld {_DROP_INS}"
    return NotPermitted(f"{path} cannot be {done}: {error.strerror}", why=why, todo=todo)
