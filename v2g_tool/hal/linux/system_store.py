"""The system's trust store of a Debian-like computer, built by `update-ca-certificates` (ca-certificates, 8)."""

from __future__ import annotations

import os
import posixpath
import shlex
import shutil
import signal
import stat
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
from v2g_tool.model.ca_store import KeptFile, KeptStore

SOURCES = "/usr/local/share/ca-certificates"
"""Roots of the administrator's own, one PEM certificate a file, named *.crt."""
PACKAGED = "/usr/share/ca-certificates"
"""Roots that come with the distribution."""
BUILT = "/etc/ssl/certs"
"""Links by name and by hash, and all roots in one file."""
BUNDLE = f"{BUILT}/ca-certificates.crt"
"""That file."""
_PROGRAM = "update-ca-certificates"
_PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"
_LONGEST_S = 120.0
_MOST_BYTES = 4 << 20


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
        folder = [] if self.root == Path("/") else ["env", "-C", str(_real(self.root, BUILT))]
        return shlex.join(["sudo", *folder, _PROGRAM, *_options(self.root)])

    def require_ready(self) -> None:
        """Raise NotPermitted where no root can be installed."""
        if shutil.which(_PROGRAM, path=_PLACES) is None:
            raise NotPermitted(f"{_PROGRAM} is not installed", todo="Run: sudo apt install ca-certificates")
        with self._place(BUNDLE):
            folders = [(path, inside(self.root, path)) for path in (SOURCES, BUILT)]
            missing = [path for path, place in folders if not place.is_dir()]
            shut = [path for path, place in folders if not os.access(place, os.W_OK)]
            lost = "" if missing or shut else next(self._followed_by_itself_alone(), "")
        if missing:
            raise NotPermitted(f"there is no {missing[0]}", todo=f"Run: sudo mkdir -p {self.root / missing[0][1:]}")
        if shut:
            why, todo = "The system's store belongs to root.", "Run the same command with sudo."
            raise NotPermitted(f"{shut[0]} is not writable for this user", why=why, todo=todo)
        if lost:
            why = f"{_PROGRAM} runs on this computer, where {lost} leads elsewhere: the store would lose what it names."
            todo = f"Run this program inside the tree (sudo chroot {self.root}), or make the link relative."
            raise NotPermitted(f"only from inside the tree {lost} can be followed", why=why, todo=todo)

    def _followed_by_itself_alone(self) -> Iterator[str]:
        """Give links that lead elsewhere from this computer than in the tree: the program would lose what they name."""
        own = [inside(self.root, path) for path in (PACKAGED, SOURCES, BUILT)]
        for path, anew in ((SOURCES, []), (BUILT, own)):  # a link to one of these is made anew
            folder = inside(self.root, path)
            for link in sorted(found for found in folder.rglob("*") if found.is_symlink()):
                name = f"{path}/{link.relative_to(folder)}"
                place = inside(self.root, name)
                elsewhere = os.path.realpath(link) != os.path.realpath(place)
                if place.exists() and elsewhere and not {*anew} & {*place.parents}:
                    yield name

    def read(self, path: str) -> bytes | None:
        """Give the bytes of a file in the folder of roots, None when there is none; raises NotPermitted."""
        with self._place(path) as place:
            kept = _kept(place)
            return kept.content if kept is not None else None

    def write(self, path: str, content: bytes) -> None:
        """Write such a file as a whole or not at all, mode 0644; raises NotPermitted."""
        with self._place(path) as place:
            write_whole(place, content, 0o644)

    def kept(self, path: str) -> KeptStore:
        """Give such a file and what is built, to bring it back; raises NotPermitted."""
        with self._place(path) as place:
            file = _kept(place)
        with self._place(BUNDLE) as place:
            links = {name: os.fsencode(link.readlink()) for name, link in _links(place.parent).items()}
            bundle = None if place.is_symlink() else _kept(place)
            texts = {name.decode("latin-1"): target.decode("latin-1") for name, target in links.items()}
            return KeptStore(path=path, file=file, bundle=bundle, links=texts)

    def bring_back(self, kept: KeptStore, *, built: bool) -> None:
        """Bring back the file, and what was built where `built`; raises NotPermitted."""
        with self._place(kept.path) as place:
            _put(place, kept.file)
        if not built:
            return
        wanted = {name.encode("latin-1"): target.encode("latin-1") for name, target in kept.links.items()}
        with self._place(BUNDLE) as place:
            folder, now = place.parent, _links(place.parent)
            for name in {*now} - {*wanted}:
                now[name].unlink()
            if os.fsencode(place.name) not in wanted:
                _put(place, kept.bundle)
            for name, target in wanted.items():
                if name not in now or os.fsencode(now[name].readlink()) != target:
                    _link(folder / os.fsdecode(name), target)
            _clear_left_over(folder)
            sync_directory(folder)

    def rebuild(self, *, fresh: bool = False) -> str:
        """Build the store, with all its links anew where `fresh`, and give what the program said.

        Raises:
            NotPermitted: what an earlier run left over cannot be taken away.
            Refused: it ended with an error.
            Unreachable: it is not there, or did not end in time.
        """
        todo = f"Run it by hand and look at what it says: {self.rebuild_command}"
        with self._place(BUNDLE) as place:
            _clear_left_over(place.parent)
        try:
            options = [*_options(self.root), *(["--fresh"] if fresh else [])]
            status, said = _run([_PROGRAM, *options], _real(self.root, BUILT))
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise Unreachable(f"{_PROGRAM} could not be run to its end", why=plain(str(exc)), todo=todo) from exc
        if status:
            raise Refused(f"{_PROGRAM} ended with status {status}", why=said[-300:], todo=todo)
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
    """Give what tells the program of another tree: its links are relative there, and none of its hooks run here.

    It runs in the folder that it builds: a blank in its name would have it clear links away elsewhere.
    """
    if root == Path("/"):
        return []
    built = str(_real(root, BUILT))
    folders = {"--certsdir": PACKAGED, "--localcertsdir": SOURCES}
    relative = [
        word for option, path in folders.items() for word in (option, posixpath.relpath(str(_real(root, path)), built))
    ]
    conf = str(_real(root, "/etc/ca-certificates.conf"))
    return ["--certsconf", conf, *relative, "--etccertsdir", ".", "--hooksdir", "/nonexistent"]


def _real(root: Path, path: str) -> Path:
    """Give where a path of the tree lies: followed by this computer, a link would lead out of it."""
    try:
        return inside(root, path)
    except OSError:
        return root / path[1:]


def _run(words: list[str], folder: Path) -> tuple[int, str]:
    """Run a program in a folder to its end, and give its status and its words; raises OSError, TimeoutExpired.

    It has a session of its own: Ctrl-C shall not leave the store half built, and what is too slow ends as a whole.
    """
    child = subprocess.Popen(
        words,
        env={"PATH": _PLACES, "LC_ALL": "C"},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with child:
        try:
            said, _ = child.communicate(timeout=_LONGEST_S)
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
    return child.returncode, plain(said.decode(errors="replace")).strip()


def _clear_left_over(built: Path) -> None:
    """Take away the bundle that the program was writing when it was cut off: it would write on behind what is there."""
    if (left := built / f"{posixpath.basename(BUNDLE)}.new").is_file():
        left.unlink()


def _kept(place: Path) -> KeptFile | None:
    try:
        content, status = read_regular(place, _MOST_BYTES, os.O_NOFOLLOW), place.lstat()
    except FileNotFoundError:
        return None
    return KeptFile.of(content, stat.S_IMODE(status.st_mode), status.st_mtime_ns)


def _put(place: Path, file: KeptFile | None) -> None:
    """Have a file there as it was kept, or none."""
    if file is None:
        place.unlink(missing_ok=True)
        sync_directory(place.parent)
    elif _kept(place) != file:
        write_whole(place, file.content, file.mode)
        os.utime(place, ns=(file.modified_ns, file.modified_ns))


def _links(folder: Path) -> dict[bytes, Path]:
    return {os.fsencode(entry.name): entry for entry in folder.iterdir() if entry.is_symlink()}


def _link(place: Path, target: bytes) -> None:
    temporary = place.with_name(f".{place.name}.part")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.fsdecode(target))
    temporary.replace(place)
