"""Changing kernel settings: intent first, each value once, read back, and the way back to what was found.

What was found before the first change is kept until `--undo` has brought it back.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from v2g_tool.errors import InstrumentError, Refused, V2GError
from v2g_tool.hal.sysctl_tree import live_value, read_drop_in, restore_drop_in, write_drop_in, write_live
from v2g_tool.model.base import Model
from v2g_tool.model.sysctl import LiveState
from v2g_tool.procedures.intents import IntentStore
from v2g_tool.procedures.run import Run
from v2g_tool.rules.sysctl_files import same_value


class Kept(Model):
    """What was found before the first change, and what was written since; `open` while a change is under way."""

    root: str
    found: Mapping[str, str] = {}
    written: Mapping[str, str] = {}
    drop_in: str = ""
    drop_in_found: str | None = None
    """Its bytes in base64, None if there was no such file."""
    drop_in_written: str | None = None
    open: bool = False
    journal: str = ""


@dataclass(frozen=True)
class Change:
    """What is to be written: values by key, and the drop-in's content, None to leave it alone."""

    values: Mapping[str, str]
    drop_in: bytes | None = None

    def __bool__(self) -> bool:
        return bool(self.values) or self.drop_in is not None


@dataclass
class Kernel:
    """The kernel settings below a root, with the run that records and the store that remembers."""

    root: Path
    drop_in: str
    store: IntentStore
    run: Run
    writes: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The name under which changes of this root are kept."""
        return f"sysctl{str(self.root).rstrip('/') or '-host'}"

    def kept(self) -> Kept | None:
        """Give what an earlier run keeps; raises NotPermitted when that is damaged."""
        return self.store.read(self.key, Kept)

    def apply(self, change: Change) -> None:
        """Write the values and the drop-in; on any error or signal bring back what was found.

        Raises:
            V2GError: a value could not be written or was not taken; everything is as before.
        """
        before = self.kept() or Kept(root=str(self.root), drop_in=self.drop_in)
        after, present = self._after(before, change), self._present(change)
        self.run.record("sysctl.intent", {"values": dict(change.values), "present": dict(present.values)})
        self.store.put(self.key, after)
        try:
            for name, value in change.values.items():
                self._set(name, value)
            if change.drop_in is not None:
                self._write_drop_in(change.drop_in)
        except BaseException:
            with self.run.shield():
                # What could not be brought back stays open: the next run tries again.
                if not self._back(present):
                    self._keep(before)
            raise
        self.store.put(self.key, after.model_copy(update={"open": False}))
        self.run.record("sysctl.done", {"written": list(self.writes)})

    def undo(self, kept: Kept) -> list[str]:
        """Bring back what was found; give what was left alone because somebody else has changed it since."""
        self.run.record("sysctl.undo", {"found": dict(kept.found), "drop_in": kept.drop_in})
        left = []
        with self.run.shield():
            for name, value in kept.found.items():
                left += self._bring_back(name, value, kept.written.get(name, value))
            left += self._drop_in_back(kept)
            self._keep(kept if left else Kept(root=str(self.root), drop_in=self.drop_in))
        return left

    def _after(self, before: Kept, change: Change) -> Kept:
        found = {name: live_value(self.root, name).value for name in change.values} | dict(before.found)
        update: dict[str, object] = {
            "found": found,
            "written": {**before.written, **change.values},
            "open": True,
            "journal": self.run.report_id,
        }
        if change.drop_in is not None:
            if before.drop_in_written is None:
                present = read_drop_in(self.root, self.drop_in)
                update["drop_in_found"] = None if present is None else _text(present)
            update["drop_in_written"] = _text(change.drop_in)
        return before.model_copy(update=update)

    def _set(self, name: str, value: str) -> None:
        self.run.record("sysctl.write", {"key": name, "value": value})
        write_live(self.root, name, value)
        self.writes.append(name)
        back = live_value(self.root, name)
        self.run.record("sysctl.read-back", {"key": name, "value": back.value, "state": str(back.state)})
        if back.state is not LiveState.PRESENT or not same_value(back.value, value):
            raise Refused(
                f"{name} was set to {value} and reads {back.value or back.reason}",
                why="The kernel rounds or limits this value, or another program writes it.",
                todo="Ask for a value the kernel takes; everything was put back.",
            )

    def _write_drop_in(self, content: bytes) -> None:
        self.run.record("sysctl.drop-in", {"name": self.drop_in, "content": content.decode()})
        write_drop_in(self.root, self.drop_in, content)
        self.writes.append(self.drop_in)

    def _present(self, change: Change) -> Change:
        """Give what is there just now in place of what is to be written."""
        values = {name: live_value(self.root, name).value for name in change.values}
        return Change(values, read_drop_in(self.root, self.drop_in))

    def _back(self, present: Change) -> int:
        """Bring back what was there before this change; give how many of it could not be."""
        ways: dict[str, Callable[[], None]] = {
            name: partial(write_live, self.root, name, value) for name, value in present.values.items()
        }
        ways[self.drop_in] = partial(restore_drop_in, self.root, self.drop_in, present.drop_in)
        return sum(not self._brought_back(name, way) for name, way in ways.items() if name in self.writes)

    def _brought_back(self, name: str, way: Callable[[], None]) -> bool:
        try:
            way()
        except V2GError as exc:
            self.run.tell(f"{name} could not be brought back: {exc.what}")
            return False
        self.run.record("sysctl.restored", {"name": name})
        return True

    def _bring_back(self, name: str, found: str, written: str) -> list[str]:
        now = live_value(self.root, name)
        if now.state is LiveState.PRESENT and same_value(now.value, found):
            return []
        if now.state is not LiveState.PRESENT or not same_value(now.value, written):
            return [f"{name} is {now.value or now.reason} now, not {written}"]
        try:
            write_live(self.root, name, found)
        except InstrumentError as exc:
            return [f"{name}: {exc.what}"]
        self.writes.append(name)
        return []

    def _drop_in_back(self, kept: Kept) -> list[str]:
        if kept.drop_in_written is None:
            return []
        found, now = _bytes(kept.drop_in_found), read_drop_in(self.root, kept.drop_in)
        if now == found:
            return []
        if now != _bytes(kept.drop_in_written):
            return [f"/etc/sysctl.d/{kept.drop_in} was edited since"]
        restore_drop_in(self.root, kept.drop_in, found)
        self.writes.append(kept.drop_in)
        return []

    def _keep(self, kept: Kept) -> None:
        if kept.found or kept.drop_in_written is not None:
            self.store.put(self.key, kept.model_copy(update={"open": False}))
        else:
            self.store.clear(self.key)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
