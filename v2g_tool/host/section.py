"""The kernel part of a report: each key as it is wanted, at work, at boot, and what was written."""

from __future__ import annotations

from typing import Literal

from v2g_tool.model.base import Model
from v2g_tool.model.section import Column, Section, Table


class SysctlKey(Model):
    """One key. Values are as the kernel and the files spell them, "" where there is none; `unit` is the profile's."""

    key: str
    unit: str
    wanted: str
    as_found: str
    """At work before anything was written, or why there is no value, in angle brackets."""
    as_left: str
    at_boot: str
    at_boot_source: str
    """File and line."""
    at_reload: str
    """What `sysctl --system` would set."""
    at_reload_source: str
    written: bool


class Sysctl(Section):
    """The kernel settings of a host.

    Attributes:
        root: the file tree that was examined; `/` is this computer.
        profile: id of the kernel profile.
        profile_status: its status.
        profile_sha256: SHA-256 of the profile file.
        keys: all keys of the profile.
        drop_in: the file that was written or removed, "" if none was.
        write_requests: how many values and files were written.
    """

    kind: Literal["host"] = "host"
    root: str
    profile: str
    profile_status: str
    profile_sha256: str
    keys: tuple[SysctlKey, ...]
    drop_in: str
    write_requests: int

    def tables(self) -> tuple[Table, ...]:
        """Give every key as it is wanted, at work, after a restart and after `sysctl --system`."""
        rows = tuple((k.key, k.wanted, k.as_left, k.at_boot or "-", k.at_reload or "-") for k in self.keys)
        values = (Column(heading, numeric=True) for heading in ("Now", "Boot", "--system"))
        return (Table(f"Kernel settings, profile {self.profile}", (Column("Key"), Column("Wanted"), *values), rows),)
