"""Files that somebody else may have put there: looked at and read so that none of them can stop the program."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def is_folder(path: Path) -> bool:
    """Say whether `path` is a folder; what the file system does not take as a name is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def open_regular(path: Path, flags: int = 0) -> BufferedReader:
    """Give a regular file, open for reading, without waiting; `flags` are further ones of `os.open`.

    Raises OSError with words for a person, also for what is no regular file and for a name that none can have.
    """
    return os.fdopen(regular_descriptor(path, os.O_RDONLY | flags), "rb")


def regular_descriptor(path: Path, flags: int) -> int:
    """Open a regular file without waiting; raises as `open_regular`."""
    try:
        # Not blocking: a pipe would hold the program until somebody writes, and no signal that a run notes ends that.
        descriptor = os.open(path, os.O_NONBLOCK | os.O_CLOEXEC | flags, 0o600)
    except ValueError as exc:
        raise OSError(errno.EINVAL, "no file has such a name") from exc
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EISDIR, "it is a folder" if stat.S_ISDIR(mode) else "it is no regular file")


def read_regular(path: Path, limit: int, flags: int = 0) -> bytes:
    """Give the content of a file of at most `limit` bytes; raises OSError as `open_regular`, and for a larger one."""
    with open_regular(path, flags) as stream:
        content = stream.read(limit + 1)
    if content is None:  # a file of the kernel that waits for more
        raise OSError(errno.EAGAIN, "it has no end")
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit} bytes")
    return content
