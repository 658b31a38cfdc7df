"""Changing a meter's corrections: intent, write once, read back; and the same way back.

The order of each change: journal the intent (fsync), store the open intent, unlock, write each register once, read it
back, lock. A write whose answer is lost is never sent again: reading tells what became of it. The target is absolute,
so a change can be carried on from any point by comparing registers with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from v2g_tool.errors import Implausible, Refused, V2GError
from v2g_tool.hal.contracts.meter import Meter
from v2g_tool.record.intents import Goal, Intent
from v2g_tool.run.changing import Changing, Rounds

Image = Mapping[str, int]
"""Raw value of every correction register, by name."""
MAX_WRITES = 60
"""Non-volatile memory wears: no run writes more correction registers than this."""
RESTORE_ROUNDS = Rounds(3)
"""A busy device or a torn frame must not leave a meter half changed."""
LATE_WRITE_S = 3.0
"""A write that was never acknowledged may still wait in a gateway; the value that undoes it is sent after this."""


@dataclass
class Corrector:
    """Brings one meter's corrections to a target and back.

    Attributes:
        changing: what journals and stores each change, under the meter's serial number.
        profile: id of the profile through which it is written to.
        found: the corrections as found, which `restore` brings back.
        writes: names of the registers written so far, one entry a write request.
        targets: every set that was to be written, in order.
    """

    meter: Meter
    changing: Changing
    profile: str
    found: Image
    writes: list[str] = field(default_factory=list)
    targets: list[Image] = field(default_factory=list)
    _unknown: set[str] = field(default_factory=set)

    def change(self, target: Image, goal: Goal = "new") -> None:
        """Write what differs from `target`; raises on anything unexpected.

        With goal "old" the set is a step on the way (a probe) that a run after a crash takes back.
        """
        expected = self._wanted()
        self._open(target, goal)
        if self.meter.corrections() != expected:
            raise Implausible(
                f"the corrections of {self.meter.name} changed between reading and writing them",
                why="Another program writes to the meter.",
                todo="Stop the other program and run again.",
            )
        self.converge(target)

    def commit(self, target: Image) -> None:
        """Store the present set in the meter and read it back; raises Refused when it was not stored."""
        if self.meter.stored_corrections() != target:
            self.changing.session.record("commit.intent", {"target": dict(target)})
            self.meter.unlock()
            self.meter.commit()
            stored = self.meter.stored_corrections()
            self.changing.session.record("commit.outcome", {"stored": dict(stored or {})})
            if stored not in (None, target):
                raise Refused(
                    f"{self.meter.name} acknowledged the commit but its stored set is unchanged",
                    why="Its non-volatile memory is worn or write-protected.",
                    todo="Have the meter replaced or serviced.",
                )
        self.meter.lock()
        if self.meter.corrections() != target:
            raise Implausible(
                f"the corrections of {self.meter.name} did not stay as they were written",
                why="The meter keeps them in volatile memory, restarted, or another program writes to it.",
                todo="Look for another writer; have the meter serviced.",
            )

    def close(self) -> None:
        """Take the open intent away: the meter holds one complete set, old or new."""
        self.changing.end("correction.closed", {"writes": list(self.writes)})

    def restore(self) -> bool:
        """Bring the set as found back, from wherever it stands; give whether the meter now holds it, proven."""
        changing, name = self.changing, self.meter.name
        with changing.session.shield():
            # The intent that is stored names the same values; without room for a new one it still serves.
            changing.back("restore.intent", name, lambda: self._open(self._wanted(), "old"))
            if changing.back("restore", name, self._restore, RESTORE_ROUNDS):
                return False
            self.close()
            return True

    def present(self) -> Image | None:
        """Give what the meter holds now, None if it does not say."""
        with self.changing.session.shield(), suppress(V2GError):
            return self.meter.corrections()
        return None

    def _restore(self) -> None:
        self.converge(self.found, again=self._unknown)
        self.commit(self.found)

    def _wanted(self) -> Image:
        """Give the set that was to be written last."""
        return (self.found, *self.targets)[-1]

    def _open(self, new: Image, goal: Goal) -> None:
        old, goal_new, *earlier = (
            {n: (raw,) for n, raw in image.items()} for image in (self.found, new, *self.targets)
        )
        self.targets.append(new)
        intent = Intent(
            device=self.changing.key,
            profile=self.profile,
            old=old,
            new=goal_new,
            earlier=tuple(earlier),
            goal=goal,
            **self.changing.session.run.origin(),
        )
        self.changing.begin("correction.intent", intent)

    def converge(self, target: Image, again: Collection[str] = ()) -> None:
        """Write what differs from `target`, each register once, and what of `again` may still arrive late."""
        present = self.meter.corrections()
        if again:
            self.changing.session.sleep(LATE_WRITE_S)
        moves = [name for name in target if present[name] != target[name] or name in again]
        if len(self.writes) + len(moves) > MAX_WRITES:
            raise Refused(f"{self.meter.name}: more than {MAX_WRITES} writes in one run", todo="Look for the cause.")
        if not moves:
            return
        self.meter.unlock()
        for name in moves:
            self._write(name, present[name], target[name])
        self.meter.lock()

    def _write(self, name: str, old: int, new: int) -> None:
        def once() -> None:
            self.writes.append(name)
            self.meter.write_correction(name, new)

        facts = {"register": name, "old": old, "new": new}
        present, error = self.changing.write("write.intent", facts, once, lambda: self.meter.corrections()[name])
        if present == new:
            self._unknown.discard(name)
            return
        if error is not None:
            self._unknown.add(name)
        raise Refused(
            f"{self.meter.name}: {name} reads {present} after {new} was written ({error or 'acknowledged'})",
            why="The meter is locked, or another program writes to it.",
            todo="Check lock and firmware of the meter.",
        )
