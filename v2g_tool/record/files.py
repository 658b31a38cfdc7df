"""The files of a bundle: written whole or not at all, read without leaving the folder."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from v2g_tool.data import writing
from v2g_tool.data.reading import open_regular
from v2g_tool.drawing.text import plain
from v2g_tool.errors import NotAuthentic, NotPermitted

REPORT = "report.json"
SIGNATURE = "report.json.p7s"
SIGNER = "signer.pem"
VERIFY = "VERIFY.txt"
OWN_NAMES = frozenset({REPORT, SIGNATURE, SIGNER})
"""What a bundle consists of besides its evidence and its attachments."""

_PIECE = 1 << 20
_MOST_BYTES = 1 << 30


def altered(where: str, problem: str) -> NotAuthentic:
    """Give the error for a bundle whose first bad place is `where`: file, then line, byte or field."""
    return NotAuthentic(
        f"{plain(where)}: {plain(problem)}",
        why="Something was changed, lost or added after the report was signed.",
        todo="Do not rely on this report; ask for the original folder, or measure again.",
    )


def is_inside(name: str) -> bool:
    """Say whether `name` is a plain relative path of a file that a bundle may bind besides its own files."""
    parts = PurePosixPath(name).parts
    return (
        name.isprintable()
        and "\\" not in name
        and not name.startswith("-")
        and "/".join(parts) == name
        and not any(part in (".", "..", "/") for part in parts)
        and name not in OWN_NAMES
        and name != ""
    )


def open_inside(folder: Path, name: str) -> BinaryIO:
    """Give the regular file `name` in `folder`, open for reading.

    Raises:
        NotAuthentic: it is missing, a link, a device or outside the folder.
        NotPermitted: it may not be read.
    """
    path = folder / name
    try:
        if "/" in name and not path.parent.resolve().is_relative_to(folder.resolve()):
            raise altered(name, "lies outside the folder of the report")
        return open_regular(path, os.O_NOFOLLOW)
    except OSError as exc:
        raise _not_opened(name, exc) from exc


def read_inside(folder: Path, name: str, limit: int) -> bytes:
    """Give the content of `name` in `folder`, at most `limit` bytes; raises as `open_inside`."""
    with open_inside(folder, name) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise altered(name, f"is larger than {limit} bytes")
    return content


def sha256_inside(folder: Path, name: str) -> str:
    """Give the SHA-256 of `name` in `folder` as 64 hex digits, in constant memory; raises as `read_inside`."""
    digest = hashlib.sha256()
    with open_inside(folder, name) as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            if stream.tell() > _MOST_BYTES:
                raise altered(name, f"is larger than {_MOST_BYTES} bytes")
    return digest.hexdigest()


def write_whole(folder: Path, name: str, content: bytes) -> None:
    """Write `name` in `folder`, mode 0644, so that after a power cut it is there as a whole or not at all.

    A name with a step in front ("02-snr-map/map.svg") makes the step's folder.

    Raises:
        NotPermitted: the disk does not take it.
    """
    place = folder / name
    try:
        if place.parent != folder:
            place.parent.mkdir(mode=0o755, exist_ok=True)
            writing.sync_directory(folder)
        writing.write_whole(place, content)
    except OSError as exc:
        raise NotPermitted(
            f"the report cannot be written: {place}: {exc.strerror}",
            why="The disk is full, write-protected or failing, or the folder belongs to somebody else.",
            todo="Free space or choose another folder with --out.",
        ) from exc


def _not_opened(name: str, exc: OSError) -> NotAuthentic | NotPermitted:
    if exc.errno in (errno.EACCES, errno.EPERM):
        return NotPermitted(
            f"{plain(name)} may not be read",
            why="The file belongs to somebody else.",
            todo="Ask for the right to read it, or copy the folder as its owner.",
        )
    if exc.errno in (errno.ENOENT, errno.ENOTDIR):
        return altered(name, "is missing")
    if exc.errno == errno.ELOOP:
        return altered(name, "is a link, not a file")
    if exc.errno == errno.EISDIR:
        return altered(name, "is not a regular file")
    return altered(name, f"cannot be opened ({exc.strerror})")
