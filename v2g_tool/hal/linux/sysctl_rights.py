"""Whether this user may write kernel settings, asked before anything is judged or written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def unwritable(root: Path, keys: Iterable[str], *, drop_in: bool) -> str:
    """Give the first thing that this user may not write, and why; "" when all may be written.

    Args:
        root: `/`, or the folder that stands for it.
        keys: keys in dotted spelling; those that the kernel does not provide are passed over.
        drop_in: whether /etc/sysctl.d is to be written too.
    """
    for key in keys:
        path = root / "proc/sys" / key.replace(".", "/")
        if path.exists() and not os.access(path, os.W_OK):
            return f"{key} is not writable for this user"
    folder = root / "etc/sysctl.d"
    if drop_in and not os.access(folder, os.W_OK):
        return f"/etc/sysctl.d {'is not writable for this user' if folder.is_dir() else 'does not exist'}"
    return ""
