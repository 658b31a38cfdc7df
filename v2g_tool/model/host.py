"""The EMS computer as nouns: its processor, its clock, its daemon. What could not be read is None, with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Daemon:
    """One process of the EMS: its number and the processors it may run on."""

    pid: int
    allowed: frozenset[int]


@dataclass(frozen=True)
class HostFacts:
    """What the EMS computer says about itself.

    Attributes:
        online: numbers of the processors that are online.
        cores: physical cores among them, as (package, core).
        clock_source: the kernel's current clock source, and which there are.
        governors: frequency governor of each processor that has one; a virtual machine has none.
        synchronised: whether the kernel counts its clock as synchronised; None where it cannot be asked.
        daemons: processes of the EMS; None where nobody said what it is called.
        workers: worker_processes as the configuration has it, "" where it does not; None without a configuration.
        trouble: what could not be read and why, by the name of the fact.
    """

    online: frozenset[int] = frozenset()
    cores: frozenset[tuple[int, int]] = frozenset()
    clock_source: str | None = None
    clock_sources: tuple[str, ...] = ()
    governors: tuple[tuple[int, str], ...] = ()
    synchronised: bool | None = None
    daemons: tuple[Daemon, ...] | None = None
    workers: str | None = None
    trouble: dict[str, str] = field(default_factory=dict)
