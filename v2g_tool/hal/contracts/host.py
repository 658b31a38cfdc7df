"""What a procedure may ask of a Linux computer: this one, or a file tree that stands for one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from v2g_tool.model.host import HostFacts
from v2g_tool.model.sysctl import ConfigFiles, LiveValue


class Host(Protocol):
    """The computer whose kernel settings are judged and changed."""

    @property
    def root(self) -> Path:
        """Where its file tree lies; `/` is this computer."""

    @property
    def key(self) -> str:
        """What tells it from other computers and trees, as a part of a file name."""

    @property
    def has_kernel(self) -> bool:
        """Whether a kernel runs in it."""

    def facts(self, process: str, config: str) -> HostFacts:
        """Give what it says about itself, the daemon `process` and its `config`; "" where nobody named one."""

    def unwritable(self, keys: Iterable[str], *, drop_in: bool) -> str:
        """Give the first thing that this user may not write, and why; "" when all may be written."""

    def config_files(self) -> ConfigFiles:
        """Give the files that sysctl programs read, and those that could not be read."""

    def live_value(self, key: str) -> LiveValue:
        """Give what the kernel says about a key."""

    def write_live(self, key: str, value: str) -> None:
        """Set a key now, in one write."""

    def read_drop_in(self, name: str) -> bytes | None:
        """Give the bytes of /etc/sysctl.d/NAME, None when there is none."""

    def write_drop_in(self, name: str, content: bytes | None, mode: int = 0o644) -> None:
        """Write /etc/sysctl.d/NAME as a whole or not at all, or remove it (None)."""

    def drop_in_mode(self, name: str) -> int:
        """Give the permission bits of /etc/sysctl.d/NAME."""
