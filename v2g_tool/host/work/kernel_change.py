"""Changing kernel settings: intent first, each value once, read back, and the way back to what was found.

What was found before the first change is kept until `--undo` has brought it back.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from v2g_tool.drawing.text import plain
from v2g_tool.errors import Refused, V2GError
from v2g_tool.hal.contracts.host import Host
from v2g_tool.host.rules.files import same_value
from v2g_tool.model.base import Model
from v2g_tool.model.sysctl import LiveState, LiveValue
from v2g_tool.run.session import Session


class KeptFile(Model):
    """A file that was there: its bytes in base64, and its mode."""

    content: str
    mode: int


class Kept(Model):
    """What was found before the first change, and what was written since.

    `open` while a change is under way: `present` then is what was there just before it, `earlier` what was kept.
    """

    root: str
    found: Mapping[str, str] = {}
    written: Mapping[str, str] = {}
    drop_in: str = ""
    drop_in_found: KeptFile | None = None
    drop_in_written: str | None = None
    """Its bytes in base64, None if it was never written."""
    open: bool = False
    journal: str = ""
    present: Mapping[str, str] = {}
    present_drop_in: KeptFile | None = None
    changes_drop_in: bool = False
    earlier: Kept | None = None


_CLOSED = {"open": False, "present": {}, "present_drop_in": None, "changes_drop_in": False, "earlier": None}
"""What a record says when no change is under way."""


@dataclass(frozen=True)
class Change:
    """What is to be written: values by key, and the drop-in's content, None to leave it alone."""

    values: Mapping[str, str]
    drop_in: bytes | None = None

    def __bool__(self) -> bool:
        return bool(self.values) or self.drop_in is not None


@dataclass
class Kernel:
    """The kernel settings of a host, with the session that records and remembers."""

    host: Host
    drop_in: str
    session: Session
    writes: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """What could not be brought back."""

    @property
    def key(self) -> str:
        """The name under which changes of this computer are kept."""
        return f"sysctl-{self.host.key}"

    def kept(self) -> Kept | None:
        """Give what an earlier run keeps; raises NotPermitted when that is damaged."""
        return self.session.intents.read(self.key, Kept)

    def apply(self, change: Change, settle_s: float) -> list[tuple[str, str, LiveValue]]:
        """Write the values and the drop-in, and read the values once more after `settle_s`.

        Gives what then had another value: its name, what was written, what it is. On any error or signal, also while
        it waits, what was there just before is brought back.

        Raises:
            V2GError: a value could not be written or was not taken.
        """
        before = self.kept() or Kept(root=plain(str(self.host.root)), drop_in=self.drop_in)
        after = self._after(before, change)
        self.session.record("sysctl.intent", {"values": dict(change.values), "present": dict(after.present)})
        self.session.intents.put(self.key, after)
        try:
            for name, value in change.values.items():
                self._set(name, value)
            if change.drop_in is not None:
                self._write_drop_in(change.drop_in)
            self.session.sleep(settle_s)
            others = self._read_again(change)
        except BaseException:
            with self.session.shield():
                self._take_back(after)
            raise
        self.session.intents.put(self.key, after.model_copy(update=_CLOSED))
        self.session.record("sysctl.done", {"written": list(self.writes)})
        return others

    def recover(self, kept: Kept) -> list[str]:
        """Bring back what was there before a change that was cut off; give what somebody has changed since."""
        self.session.record("sysctl.recover", {"present": dict(kept.present), "journal": kept.journal})
        with self.session.shield():
            return self._take_back(kept)

    def undo(self, kept: Kept) -> list[str]:
        """Bring back what was found first; give what was left alone because somebody else has changed it since."""
        self.session.record("sysctl.undo", {"found": dict(kept.found), "drop_in": kept.drop_in})
        left = []
        with self.session.shield():
            for name, value in kept.found.items():
                left += self._bring_back(name, value, kept.written.get(name, value))
            if kept.drop_in_written is not None:
                left += self._drop_in_back(kept, kept.drop_in_found)
            if not left and not self.failed:
                self.session.intents.clear(self.key)
        return left

    def _after(self, before: Kept, change: Change) -> Kept:
        present = {name: self.host.live_value(name).value for name in change.values}
        update: dict[str, object] = {
            **_CLOSED,
            "found": {**present, **before.found},
            "written": {**before.written, **change.values},
            "open": True,
            "journal": self.session.run.report_id,
            "present": present,
            "earlier": before if before.found or before.drop_in_written is not None else None,
        }
        if change.drop_in is not None:
            there = self._drop_in_there()
            first = before.drop_in_written is None
            update |= {
                "changes_drop_in": True,
                "present_drop_in": there,
                "drop_in_found": there if first else before.drop_in_found,
                "drop_in_written": _text(change.drop_in),
            }
        return before.model_copy(update=update)

    def _drop_in_there(self) -> KeptFile | None:
        content = self.host.read_drop_in(self.drop_in)
        return None if content is None else KeptFile(content=_text(content), mode=self.host.drop_in_mode(self.drop_in))

    def _set(self, name: str, value: str) -> None:
        self.session.record("sysctl.write", {"key": name, "value": value})
        self.host.write_live(name, value)
        self.writes.append(name)
        back = self.host.live_value(name)
        self.session.record("sysctl.read-back", {"key": name, "value": back.value, "state": str(back.state)})
        if back.state is not LiveState.PRESENT or not same_value(back.value, value):
            raise Refused(
                f"{name} was set to {value} and reads {back.value or back.reason or 'empty'}",
                why="The kernel limits this value, or another program writes the key.",
                todo="Look for the other writer (grep -r KEY /etc, systemctl status tuned), or correct the profile.",
            )

    def _write_drop_in(self, content: bytes) -> None:
        self.session.record("sysctl.drop-in", {"name": self.drop_in, "content": content.decode()})
        self.host.write_drop_in(self.drop_in, content)
        self.writes.append(self.drop_in)

    def _read_again(self, change: Change) -> list[tuple[str, str, LiveValue]]:
        found = []
        for name, value in change.values.items():
            now = self.host.live_value(name)
            self.session.record("sysctl.read-again", {"key": name, "value": now.value, "state": str(now.state)})
            if now.state is not LiveState.PRESENT or not same_value(now.value, value):
                found.append((name, value, now))
        return found

    def _take_back(self, kept: Kept) -> list[str]:
        """Undo one change; what could not be written stays open, so that the next run tries again."""
        left: list[str] = []
        for name, value in kept.present.items():
            left += self._bring_back(name, value, kept.written[name])
        if kept.changes_drop_in:
            left += self._drop_in_back(kept, kept.present_drop_in)
        if self.failed:
            return left
        if kept.earlier is None:
            self.session.intents.clear(self.key)
        else:
            self.session.intents.put(self.key, kept.earlier)
        return left

    def _bring_back(self, name: str, value: str, written: str) -> list[str]:
        """Set a key to an old value; give a reason where it is neither that nor what was written."""
        now = self.host.live_value(name)
        if now.state is LiveState.PRESENT and same_value(now.value, value):
            return []
        if now.state is not LiveState.PRESENT or not same_value(now.value, written):
            return [f"{name} is {now.value or now.reason or 'empty'} now, not {written}"]
        return self._way_back(name, partial(self.host.write_live, name, value))

    def _drop_in_back(self, kept: Kept, wanted: KeptFile | None) -> list[str]:
        now = self.host.read_drop_in(kept.drop_in)
        content = None if wanted is None else base64.b64decode(wanted.content)
        if now == content:
            return []
        if now is None or _text(now) != kept.drop_in_written:
            return [f"/etc/sysctl.d/{kept.drop_in} was edited since"]
        mode = wanted.mode if wanted is not None else 0o644
        return self._way_back(kept.drop_in, partial(self.host.write_drop_in, kept.drop_in, content, mode))

    def _way_back(self, name: str, way: Callable[[], None]) -> list[str]:
        try:
            way()
        except V2GError as exc:
            self.failed.append(name)
            return [exc.what]
        self.restored.append(name)
        self.session.record("sysctl.restored", {"name": name})
        return []


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
