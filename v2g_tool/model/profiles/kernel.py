"""Profiles of a kernel: which keys under /proc/sys an EMS needs, at which value, and why."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from v2g_tool.model.base import Model
from v2g_tool.model.profiles.head import ProfileHead, Status


class KernelKey(Model):
    """One key: a wanted value, or a range of whole numbers; `want` may hold several words.

    `target` is what is written when the value is outside; without it the nearer end of the range.
    """

    key: str = Field(pattern=r"^[a-z0-9_-]+([.][A-Za-z0-9_/-]+)+$")
    want: str = ""
    at_least: int | None = None
    at_most: int | None = None
    target: str = ""
    unit: str = ""
    why: str = Field(min_length=1)
    reference: str = Field(min_length=1)
    module: str = ""
    """The kernel module that provides the key, where it is no part of the kernel itself."""
    required: bool = True
    """Whether a kernel without this key is a failure; else the key is passed over and said."""
    status: Status

    @model_validator(mode="after")
    def _wants_something(self) -> Self:
        bounds = [b for b in (self.at_least, self.at_most) if b is not None]
        if bool(self.want) == bool(bounds):
            raise ValueError("give either 'want', or 'at_least' and 'at_most' or one of them")
        if len(bounds) == 2 and bounds[0] > bounds[1]:
            raise ValueError("at_least must not be above at_most")
        if self.want and self.target:
            raise ValueError("'target' goes with a range; 'want' is its own target")
        return self


class KernelProfile(ProfileHead):
    """The kernel settings of one kind of computer."""

    FOLDER = "kernel"

    kind: Literal["kernel"]
    status: Status
    drop_in: str = Field(pattern=r"^[A-Za-z0-9_-]+\.conf$")
    """Name of the file under /etc/sysctl.d that `--persist` writes."""
    keys: tuple[KernelKey, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [key.key for key in self.keys]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"a key stands twice: {', '.join(sorted(twice))}")
        return self
