"""Paths below a root that stands for a host: links are followed as that host would, and never lead out."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO

_MOST_LINKS = 40


def inside(root: Path, path: str) -> Path:
    """Give the place of an absolute `path` below `root`, free of links; it need not exist.

    Raises:
        OSError: a folder on the way may not be read, or the links go in a circle (ELOOP).
    """
    place, links = root, 0
    ahead = [*reversed(PurePosixPath(path).parts[1:])]
    while ahead:
        part = ahead.pop()
        if part == "..":
            place = place if place == root else place.parent
            continue
        found = place / part
        target = _target(found)
        if target is None:
            place = found
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if target.is_absolute():
            place, target = root, target.relative_to(target.anchor)
        ahead += reversed(target.parts)
    return place


def _target(place: Path) -> PurePosixPath | None:
    """Give what a link says; None for what is no link or is not there."""
    try:
        return PurePosixPath(place.readlink())
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT, errno.ENOTDIR):
            return None
        raise


def open_inside(place: Path, flags: int = os.O_RDONLY) -> BinaryIO:
    """Open a regular file at a place that `inside` gave, without waiting; raises OSError."""
    descriptor = os.open(place, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind == stat.S_IFREG:
        # The kernel takes the value of a key in one write, so nothing may gather or divide it.
        return os.fdopen(descriptor, "wb", buffering=0) if flags & os.O_WRONLY else os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EISDIR if kind == stat.S_IFDIR else errno.EINVAL, "it is no regular file")
