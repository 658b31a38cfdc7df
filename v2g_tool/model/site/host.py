"""The EMS computer of a site."""

from typing import Literal

from v2g_tool.model.base import Model


class EmsSite(Model):
    """`[ems]`: the energy management computer, and what of it is judged."""

    root: str = ""
    """The file tree to examine instead of this computer's own: a mounted image, or the bench's tree."""
    process: str = ""
    """Name of the EMS daemon, for example v2g-daemon."""
    config: str = ""
    """Its configuration file, with `worker_processes`."""
    kernel: str = "ems-low-latency"
    """The kernel profile."""
    islanding_action: Literal["", "trip", "cease"] = ""
    """What the EMS does when the islanding timeout strikes: disconnect, or cease and return by itself."""
