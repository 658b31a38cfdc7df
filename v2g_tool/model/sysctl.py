"""Nouns of the kernel's keys: the files that set them, and what the kernel says now."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
"""Where files that set keys lie, highest priority first; sysctl.d(5)."""


class ConfigFile(NamedTuple):
    """One file that sysctl programs may read."""

    path: str
    """As it is named on the host, for example /etc/sysctl.d/99-v2g.conf."""
    text: str | None
    """The content; None when it only hides its namesakes: empty, a folder, a link to /dev/null or to nowhere."""
    link_to: str = ""
    """What it is a link to, as the link says it; empty when it is none."""


class Unreadable(NamedTuple):
    """A file or folder that exists and could not be read."""

    path: str
    reason: str


class ConfigFiles(NamedTuple):
    """All files that sysctl programs may read, the folders of higher priority first, by name in a folder."""

    files: tuple[ConfigFile, ...]
    unreadable: tuple[Unreadable, ...]


class LiveState(StrEnum):
    """Whether the kernel gave a value."""

    PRESENT = "present"
    ABSENT = "absent"
    """This kernel does not provide the key: its module or driver is not loaded."""
    FORBIDDEN = "forbidden"
    """It is there, and this user may not read it."""
    FAILED = "failed"
    """Reading it failed for another reason."""


class LiveValue(NamedTuple):
    """What the kernel says about a key now."""

    state: LiveState
    value: str = ""
    """Without white space around it; empty unless present."""
    reason: str = ""
    """Why there is no value, in words; empty when present."""


_SWAPPED = str.maketrans("./", "/.")


def spelled_with_slashes(key: str) -> str:
    """Give a key with slashes between its parts; sysctl.d(5).

    Whichever of the two separators comes first separates; the other one belongs to the names.
    """
    first = next((letter for letter in key if letter in "./"), "/")
    return key.translate(_SWAPPED) if first == "." else key


def canonical(key: str) -> str:
    """Give a key as a path below /proc/sys: net.ipv4.conf.eth0/1.rp_filter becomes net/ipv4/conf/eth0.1/rp_filter."""
    return "/".join(part for part in spelled_with_slashes(key).split("/") if part not in ("", "."))
