"""The system's trust store of a Debian-like computer, built by `update-ca-certificates` (ca-certificates, 8)."""

from __future__ import annotations

import os
import posixpath
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from v2g_tool.data.reading import read_regular
from v2g_tool.data.writing import sync_directory, write_whole
from v2g_tool.drawing.text import plain
from v2g_tool.errors import NotPermitted, Refused, Unreachable
from v2g_tool.hal.linux.host import LinuxHost
from v2g_tool.hal.linux.rooted import inside

SOURCES = "/usr/local/share/ca-certificates"
"""Roots of the administrator's own, one PEM certificate a file, named *.crt."""
BUILT = "/etc/ssl/certs"
"""Links by name and by hash, and all roots in one file."""
_PROGRAM = "update-ca-certificates"
_PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"
_LONGEST_S = 120.0
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class SystemStore:
    """Fulfils `CaStore` for the computer whose tree lies under `root`."""

    root: Path

    @property
    def key(self) -> str:
        """Give `ca-host` for this computer; two trees, or two images at one place, differ."""
        return f"ca-{LinuxHost(self.root).key}"

    @property
    def rebuild_command(self) -> str:
        """Give the command that builds the store, as a person types it."""
        return shlex.join(["sudo", _PROGRAM, *_options(self.root)])

    def unready(self) -> str:
        """Give why no root can be installed, as a sentence's end; "" when one can."""
        if shutil.which(_PROGRAM, path=_PLACES) is None:
            return f"{_PROGRAM} is not installed"
        folders = [(path, self.root / path[1:]) for path in (SOURCES, BUILT)]
        missing = [path for path, place in folders if not place.is_dir()]
        shut = [path for path, place in folders if not os.access(place, os.W_OK)]
        return f"there is no {missing[0]}" if missing else f"{shut[0]} is not writable for this user" if shut else ""

    def read(self, path: str) -> bytes | None:
        """Give the bytes of a file in the folder of roots, None when there is none; raises NotPermitted."""
        with self._place(path) as place:
            try:
                return read_regular(place, _MOST_BYTES, os.O_NOFOLLOW)
            except FileNotFoundError:
                return None

    def write(self, path: str, content: bytes | None) -> None:
        """Write such a file as a whole or not at all, mode 0644, or remove it (None); raises NotPermitted."""
        with self._place(path) as place:
            if content is None:
                place.unlink(missing_ok=True)
                sync_directory(place.parent)
            else:
                write_whole(place, content, 0o644)

    def rebuild(self, *, fresh: bool = False) -> str:
        """Build the store, with all its links anew where `fresh`, and give what the program said.

        Raises:
            Refused: it ended with an error.
            Unreachable: it is not there, or did not end in time.
        """
        todo = f"Run it by hand and look at what it says: {self.rebuild_command}"
        try:
            # A session of its own: Ctrl-C shall not leave the store half built.
            done = subprocess.run(
                [_PROGRAM, *_options(self.root), *(["--fresh"] if fresh else [])],
                env={"PATH": _PLACES, "LC_ALL": "C"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_LONGEST_S,
                start_new_session=True,
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise Unreachable(f"{_PROGRAM} could not be run to its end", why=plain(str(exc)), todo=todo) from exc
        said = plain(done.stdout.decode(errors="replace")).strip()
        if done.returncode:
            raise Refused(f"{_PROGRAM} ended with status {done.returncode}", why=said[-300:], todo=todo)
        return said

    @contextmanager
    def _place(self, path: str) -> Iterator[Path]:
        try:
            folder, _, name = path.rpartition("/")
            yield inside(self.root, folder) / name
        except OSError as exc:
            raise NotPermitted(
                f"{path} could not be used: {exc.strerror}",
                why="It is a link or a folder, the disk is full, or it belongs to root.",
                todo="Look at it with 'ls -l', and run this command with sudo.",
            ) from exc


def rebuild_command(root: Path) -> str:
    """Give the command that builds the store of the tree under `root`, as a person types it."""
    return SystemStore(root).rebuild_command


def _options(root: Path) -> list[str]:
    """Give what tells the program of another tree: its links are relative there, and none of its hooks run here."""
    if root == Path("/"):
        return []
    built = str(root / BUILT[1:])
    folders = {"--certsdir": "/usr/share/ca-certificates", "--localcertsdir": SOURCES}
    relative = [word for option, path in folders.items() for word in (option, posixpath.relpath(path, BUILT))]
    conf = str(root / "etc/ca-certificates.conf")
    return ["--certsconf", conf, *relative, "--etccertsdir", built, "--hooksdir", "/nonexistent"]
