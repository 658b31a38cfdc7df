"""Files that somebody else may have put there: looked at and read so that none of them can stop the program."""

from __future__ import annotations

from pathlib import Path


def is_folder(path: Path) -> bool:
    """Say whether `path` is a folder; what the file system does not take as a name is none."""
    try:
        return path.is_dir()
    except OSError:
        return False
