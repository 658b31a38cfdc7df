"""One VISA session with one instrument. The only file that imports pyvisa.

A session that timed out is poisoned: the late answer would be taken for the answer to the next query, and a peer that
went away looks like silence for ever. So a timeout always closes the session; whoever uses it reopens, compares the
identity and sets up again. pyvisa-py reports "open" for a refused port, so only an answered query proves a link.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from v2g_tool.errors import InstrumentError, NotPermitted, RequestError, Unreachable
from v2g_tool.hal.contracts.recorder import Recorder

if TYPE_CHECKING:
    from pyvisa.resources import MessageBasedResource

OPEN_TIMEOUT_MS = 3000
"""Always given: older pyvisa-py allows 100 ms for VXI-11, too short for a slow link."""

VISA_CAUSES: Mapping[int, str] = {
    -1073807339: "it did not answer in time",
    -1073807343: "nothing was found at this address",
    -1073807194: "the connection was lost",
    -1073807246: "another program holds the instrument",
    -1073807298: "the interface reported an input/output error",
    -1073807202: "no VISA library for this interface is installed",
}
"""VPP-4.3 completion codes that happen in the field."""


@dataclass
class ScpiSession:
    """Lines of text to and from one instrument; one lock makes a query one unit.

    Attributes:
        name: the instrument's name in the site file.
        resource: its VISA resource string.
        timeout_s: longest wait for an answer.
        record: takes each exchange into the evidence.
    """

    name: str
    resource: str
    timeout_s: float
    record: Recorder
    read_termination: str = "\n"
    write_termination: str = "\n"
    lock: threading.RLock = field(default_factory=threading.RLock)
    _open: MessageBasedResource | None = None

    def query(self, command: str, extra_s: float = 0.0) -> str:
        """Give the answer to `command`; `extra_s` is added to the timeout for commands that wait for new data."""
        with self.lock:
            instrument = self._opened()
            answer = ""
            try:
                instrument.timeout = int((self.timeout_s + extra_s) * 1000)
                answer = instrument.query(command).strip()
            except Exception as exc:
                self.record("scpi", {"device": self.name, "tx": command, "error": str(exc)})
                raise self._failed(exc) from exc
            self.record("scpi", {"device": self.name, "tx": command, "rx": answer})
            return answer

    def write(self, command: str) -> None:
        """Send a command that is not answered."""
        with self.lock:
            instrument = self._opened()
            try:
                instrument.write(command)
            except Exception as exc:
                self.record("scpi", {"device": self.name, "tx": command, "error": str(exc)})
                raise self._failed(exc) from exc
            self.record("scpi", {"device": self.name, "tx": command})

    def close(self) -> None:
        """Close the session, whatever state it is in; never `clear()`, which hangs on a closed peer."""
        with self.lock:
            session, self._open = self._open, None
            if session is not None:
                try:
                    session.close()
                except Exception as exc:  # noqa: BLE001 - closing a dead session may fail in any way
                    self.record("scpi", {"device": self.name, "close": str(exc)})

    def _opened(self) -> MessageBasedResource:
        if self._open is None:
            try:
                self._open = self._new()
            except Exception as exc:
                raise self._failed(exc) from exc
        return self._open

    def _new(self) -> MessageBasedResource:
        import pyvisa
        from pyvisa.resources import MessageBasedResource

        # One manager for the process: closing it would invalidate every session, so it is never closed.
        manager = pyvisa.ResourceManager("@py")
        opened = manager.open_resource(
            self.resource,
            open_timeout=OPEN_TIMEOUT_MS,
            read_termination=self.read_termination,
            write_termination=self.write_termination,
        )
        if not isinstance(opened, MessageBasedResource):
            opened.close()
            raise RequestError(f"{self.name}: {self.resource} is no instrument that takes commands")
        return opened

    def _failed(self, exc: Exception) -> Exception:
        """Close and give our own error for whatever the library raised."""
        self.close()
        if isinstance(exc, InstrumentError | RequestError):
            return exc
        where = f"{self.name} at {self.resource}"
        code = getattr(exc, "error_code", None)
        if isinstance(exc, PermissionError):
            return NotPermitted(
                f"{where}: no right to use the interface",
                todo="Add the user to group dialout, or install the udev rule for the instrument; then log in again.",
            )
        if isinstance(exc, ValueError) and "resource" in type(exc).__name__.lower() + str(exc).lower():
            return RequestError(f"{where}: {exc}", todo="Correct 'resource' in the site file.")
        why = VISA_CAUSES.get(code, str(exc)) if code is not None else str(exc)
        return Unreachable(
            f"{where} is not reachable: {why}",
            why="The instrument is off, its remote interface disabled, or another program holds its only session.",
            todo="Check the instrument and its address in the site file.",
            key=("analyzers", self.name, "resource"),
        )
