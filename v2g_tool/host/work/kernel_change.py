"""Changing kernel settings: intent first, each value once, read back, and the way back to what was found.

What was found before the first change is kept until `--undo` has brought it back. A key goes by its name, the drop-in
by its path.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath

from v2g_tool.drawing.text import plain
from v2g_tool.errors import Refused
from v2g_tool.hal.contracts.host import Host
from v2g_tool.host.rules.files import same_value
from v2g_tool.model.base import Model
from v2g_tool.model.sysctl import LiveState
from v2g_tool.run.changing import Changing
from v2g_tool.run.session import Session


class KeptFile(Model):
    """A file: its bytes in base64, and its mode."""

    content: str
    mode: int = 0o644


State = str | KeptFile | None
"""What a key or the drop-in holds; None for a file that is not there."""


class Kept(Model):
    """What was found before the first change, and what was written since (of a file its SHA-256).

    While a change is under way `present` is what was there just before it, and `earlier` what was kept.
    """

    root: str
    found: Mapping[str, State] = {}
    written: Mapping[str, str] = {}
    journal: str = ""
    present: Mapping[str, State] = {}
    earlier: Kept | None = None

    @property
    def open(self) -> bool:
        """Whether a change is under way."""
        return bool(self.present)


@dataclass
class Kernel:
    """The kernel settings of a host, with the session that records and remembers."""

    host: Host
    session: Session
    writes: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """What could not be brought back."""

    @property
    def changing(self) -> Changing:
        """What journals and stores each change, under the name of this computer."""
        return Changing(self.session, f"sysctl-{self.host.key}")

    def kept(self) -> Kept | None:
        """Give what an earlier run keeps; raises NotPermitted when that is damaged."""
        return self.session.intents.read(self.changing.key, Kept)

    def apply(self, change: Mapping[str, State], settle_s: float) -> list[tuple[str, str, str]]:
        """Write the values and the drop-in, and read all once more after `settle_s`.

        Gives what then was otherwise: its name, what was written, what it is. On any error or signal, also while it
        waits, what was there just before is brought back.

        Raises:
            V2GError: a value could not be written or was not taken.
        """
        before = self.kept() or Kept(root=plain(str(self.host.root)))
        present, written = {name: self._there(name) for name in change}, {n: _text(s) for n, s in change.items()}
        done = Kept(
            root=before.root,
            found={**present, **before.found},
            written={**before.written, **written},
            journal=self.session.run.report_id,
        )
        after = done.model_copy(update={"present": present, "earlier": before if before.found else None})
        was = {name: _text(state) for name, state in present.items()}
        self.changing.begin("sysctl.intent", after, {"values": written, "present": was})
        try:
            for name, state in change.items():
                self._set(name, state)
            self.session.sleep(settle_s)
            others = [(n, text, now) for n, text in written.items() if not same_value(now := self._reads(n), text)]
            self.session.record("sysctl.read-again", {"otherwise": {name: now for name, _, now in others}})
        except BaseException:
            self.recover(after)
            raise
        self.changing.end("sysctl.done", {"written": list(self.writes)}, done)
        return others

    def recover(self, kept: Kept) -> list[str]:
        """Bring back what was there before a change that was cut off; give what somebody has changed since.

        What could not be written stays open, so that the next run tries again.
        """
        with self.session.shield():
            left = self._bring_back("sysctl.recover", kept, kept.present)
            if not self.failed:
                self.changing.end("sysctl.recovered", {"left": left}, kept.earlier)
        return left

    def undo(self, kept: Kept) -> list[str]:
        """Bring back what was found first; give what was left alone because somebody else has changed it since."""
        with self.session.shield():
            left = self._bring_back("sysctl.undo", kept, kept.found)
            if not left:
                self.changing.end("sysctl.undone", {})
        return left

    def _set(self, name: str, state: State) -> None:
        def once() -> None:
            self._put(name, state)
            self.writes.append(name)

        text, kind = _text(state), "sysctl.write" if isinstance(state, str) else "sysctl.drop-in"
        now, error = self.changing.write(kind, {"name": name, "value": text}, once, partial(self._reads, name))
        if not same_value(now, text):
            raise error or Refused(
                f"{name} was set to {text} and reads {now or 'empty'}",
                why="The kernel limits this value, or another program writes the key.",
                todo="Look for the other writer (grep -r KEY /etc, systemctl status tuned), or correct the profile.",
            )

    def _bring_back(self, kind: str, kept: Kept, states: Mapping[str, State]) -> list[str]:
        """Set all to an old state; give a reason where one is neither that nor what was written."""
        self.session.record(kind, {"names": [*states], "journal": kept.journal})
        left = []
        for name, state in states.items():
            now, written = self._reads(name), kept.written[name]
            if same_value(now, _text(state)):
                continue
            if not same_value(now, written):
                left.append(
                    f"{name} was edited since" if _is_file(name) else f"{name} is {now or 'empty'} now, not {written}"
                )
            elif problem := self.changing.back("sysctl.restored", name, partial(self._put, name, state)):
                self.failed.append(name)
                left.append(problem)
            else:
                self.restored.append(name)
        return left

    def _there(self, name: str) -> State:
        if not _is_file(name):
            live = self.host.live_value(name)
            return live.value if live.state is LiveState.PRESENT else f"<{live.reason}>"
        file = PurePosixPath(name).name
        content = self.host.read_drop_in(file)
        return None if content is None else kept_file(content, self.host.drop_in_mode(file))

    def _reads(self, name: str) -> str:
        return _text(self._there(name))

    def _put(self, name: str, state: State) -> None:
        if isinstance(state, str):
            self.host.write_live(name, state)
        elif state is None:
            self.host.write_drop_in(PurePosixPath(name).name, None)
        else:
            self.host.write_drop_in(PurePosixPath(name).name, base64.b64decode(state.content), state.mode)


def kept_file(content: bytes, mode: int = 0o644) -> KeptFile:
    """Give a file as it is kept, or as it is to be written."""
    return KeptFile(content=base64.b64encode(content).decode(), mode=mode)


def _is_file(name: str) -> bool:
    return name.startswith("/")


def _text(state: State) -> str:
    """Give a value, or what tells one file from another."""
    if isinstance(state, KeptFile):
        return f"SHA-256 {hashlib.sha256(base64.b64decode(state.content)).hexdigest()}"
    return "<no file>" if state is None else state
