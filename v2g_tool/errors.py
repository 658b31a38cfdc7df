"""What can go wrong, and the exit status of each kind.

V2GError
├── RequestError       2   command line, site, profile or plan is wrong: file, line, key, did-you-mean
├── InstrumentError    3   an instrument could not be used
│   ├── Unreachable        no link, no answer in time
│   ├── Refused            it answered no: Modbus exception, SCPI error queue
│   ├── Implausible        it answered nonsense: wrong length, NaN, another serial number
│   └── LoadNotReached     the load point was not reached, or the load was not steady
├── NotPermitted       3   a right, a key or a consent is missing
├── Unsupported        3   made by a newer version of this program
├── Interrupted        4   stopped by a person or a signal; can be resumed
└── NotAuthentic       5   a report or its evidence is altered or forged
"""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """The exit status of every command; stable, for scripts."""

    WITHIN_LIMITS = 0
    """Everything asked for was judged and is within limits."""
    FAILED = 1
    """At least one finding failed."""
    WRONG_REQUEST = 2
    """Command line, site, profile or plan is wrong."""
    NOT_JUDGED = 3
    """Nothing failed, but something asked for could not be judged."""
    INTERRUPTED = 4
    """Interrupted; can be resumed."""
    NOT_AUTHENTIC = 5
    """A report or its evidence is not authentic."""
    DEFECT = 70
    """A defect in this program."""


class V2GError(Exception):
    """A failure that the user can act on.

    Attributes:
        what: what happened and where, one sentence.
        why: the most likely cause, one sentence; empty when `what` says it all.
        todo: the next step, one imperative sentence.
        key: the key of the site file that it is about, table names first; empty if it is about none.
    """

    status = ExitStatus.DEFECT

    def __init__(self, what: str, *, why: str = "", todo: str = "", key: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.todo = todo
        self.key = key


class RequestError(V2GError):
    """The request is wrong: command line, site, profile or plan."""

    status = ExitStatus.WRONG_REQUEST


class InstrumentError(V2GError):
    """An instrument could not be used."""

    status = ExitStatus.NOT_JUDGED


class Unreachable(InstrumentError):
    """No link to the instrument, or no answer in time."""


class Refused(InstrumentError):
    """The instrument answered no.

    Attributes:
        code: the instrument's own error code (Modbus exception code, SCPI error number), None if it gave none.
    """

    def __init__(self, what: str, *, why: str = "", todo: str = "", code: int | None = None) -> None:
        super().__init__(what, why=why, todo=todo)
        self.code = code


class Implausible(InstrumentError):
    """The instrument answered what cannot be true."""


class LoadNotReached(InstrumentError):
    """The load point was not reached, or the load was not steady; other load points may still be."""


class NotPermitted(V2GError):
    """A right, a key or a consent is missing."""

    status = ExitStatus.NOT_JUDGED


class Unsupported(V2GError):
    """A file of a newer schema than this version knows."""

    status = ExitStatus.NOT_JUDGED


class Interrupted(V2GError):
    """Stopped by a person or a signal; the run can be resumed."""

    status = ExitStatus.INTERRUPTED


class NotAuthentic(V2GError):
    """A report or its evidence is altered, forged or incomplete."""

    status = ExitStatus.NOT_AUTHENTIC
