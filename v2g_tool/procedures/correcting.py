"""Changing a meter's corrections: intent, write once, read back; and the same way back.

The order of each change: journal the intent (fsync), store the open intent, unlock, write each register once, read it
back, lock. A write whose answer is lost is never sent again: reading tells what became of it. The target is absolute,
so a change can be carried on from any point by comparing registers with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from v2g_tool.errors import Implausible, InstrumentError, Refused, V2GError
from v2g_tool.hal.contracts import Meter
from v2g_tool.procedures.intents import Goal, Intent, IntentStore
from v2g_tool.procedures.run import Run

Image = Mapping[str, int]
"""Raw value of every correction register, by name."""
MAX_WRITES = 60
"""Non-volatile memory wears: no run writes more correction registers than this."""


@dataclass
class Corrector:
    """Brings one meter's corrections to a target and back.

    Attributes:
        key: the device in the intent store: profile and serial number.
        found: the corrections as found, which `restore` brings back.
        writes: names of the registers written so far, one entry a write request.
    """

    meter: Meter
    key: str
    store: IntentStore
    run: Run
    found: Image
    writes: list[str] = field(default_factory=list)
    targets: list[Image] = field(default_factory=list)

    def change(self, target: Image) -> None:
        """Write what differs from `target`; the open intent's goal is the new set. Raises on anything unexpected."""
        self._open(target, "new")
        self.converge(target)

    def commit(self, target: Image) -> None:
        """Store the present set in the meter and prove it; then close the intent."""
        if self.meter.stored_corrections() not in (None, target):
            self.run.record("commit.intent", {"target": dict(target)})
            self.meter.unlock()
            self.meter.commit()
            stored = self.meter.stored_corrections()
            self.run.record("commit.outcome", {"stored": dict(stored or {})})
            if stored not in (None, target):
                raise Refused(
                    f"{self.meter.name} acknowledged the commit but its stored set is unchanged",
                    why="Its non-volatile memory is worn or write-protected.",
                    todo="Have the meter replaced or serviced.",
                )
        self.meter.lock()
        self._expect(target)

    def close(self) -> None:
        """Take the open intent away: the meter holds one complete set, old or new."""
        self.run.record("correction.closed", {"writes": list(self.writes)})
        self.store.clear(self.key)

    def restore(self, target: Image) -> bool:
        """Bring the set as found back, from wherever it stands; give whether the meter now holds it, proven."""
        with self.run.shield():
            try:
                self._open(target, "old")
                self.converge(self.found)
                self.commit(self.found)
            except V2GError as exc:
                self.run.record("restore.failed", {"error": exc.what})
                return False
            self.run.record("restore.done", {"found": dict(self.found)})
            self.close()
            return True

    def _open(self, new: Image, goal: Goal) -> None:
        earlier = tuple({name: (raw,) for name, raw in image.items()} for image in self.targets)
        self.targets.append(new)
        intent = Intent(
            device=self.key,
            kind="corrections",
            old={name: (raw,) for name, raw in self.found.items()},
            new={name: (raw,) for name, raw in new.items()},
            earlier=earlier,
            goal=goal,
            journal=str(self.run.folder / "evidence.jsonl"),
            started_utc=f"{self.run.started:%Y-%m-%dT%H:%M:%SZ}",
        )
        self.run.record("correction.intent", intent.model_dump(mode="json"))
        self.store.put(self.key, intent)

    def converge(self, target: Image) -> None:
        """Write what differs from `target`, each register once, under the intent that is open."""
        present = self.meter.corrections()
        moves = [name for name in target if present[name] != target[name]]
        if len(self.writes) + len(moves) > MAX_WRITES:
            raise Refused(f"{self.meter.name}: more than {MAX_WRITES} writes in one run", todo="Look for the cause.")
        if not moves:
            return
        self.meter.unlock()
        for name in moves:
            self._write(name, present[name], target[name])
        self.meter.lock()

    def _write(self, name: str, old: int, new: int) -> None:
        self.run.record("write.intent", {"register": name, "old": old, "new": new})
        self.writes.append(name)
        outcome = "acknowledged"
        try:
            self.meter.write_correction(name, new)
        except InstrumentError as exc:
            outcome = exc.what  # the outcome is unknown or a refusal: reading back decides, never a second write
        present = self.meter.corrections()[name]
        self.run.record("write.outcome", {"register": name, "read_back": present, "outcome": outcome})
        if present != new:
            raise Refused(
                f"{self.meter.name}: {name} reads {present} after {new} was written ({outcome})",
                why="The meter is locked, or another program writes to it.",
                todo="Check lock and firmware of the meter.",
            )

    def _expect(self, target: Image) -> None:
        present = self.meter.corrections()
        if present != target:
            raise Implausible(
                f"the corrections of {self.meter.name} did not stay as they were written",
                why="The meter keeps them in volatile memory, restarted, or another program writes to it.",
                todo="Look for another writer; have the meter serviced.",
            )


def recover(meter: Meter, key: str, store: IntentStore, run: Run) -> str:
    """Finish what an earlier run left open; give a sentence about it, empty if nothing was open.

    Registers that hold neither the old nor the new value were changed by somebody else: nothing is written then, the
    intent is closed, and Implausible is raised so that this run ends without a verdict.
    """
    intent = store.get(key)
    if intent is None:
        return ""
    target = {name: words[0] for name, words in intent.target().items()}
    present = meter.corrections()
    strange = [name for name in target if not intent.explains(name, (present[name],))]
    run.record("recovery", {"intent": intent.model_dump(mode="json"), "present": dict(present), "strange": strange})
    if strange:
        store.clear(key)
        raise Implausible(
            f"{meter.name} holds corrections that are neither the old nor the new ones of the run of "
            f"{intent.started_utc}: {', '.join(strange)}",
            why="Somebody else changed them, or the meter restarted with other values. Nothing was written.",
            todo="Compare with the last report, then run again: the present values will be taken as found.",
        )
    corrector = Corrector(meter, key, store, run, {name: words[0] for name, words in intent.old.items()})
    with run.shield():
        corrector.converge(target)
        corrector.commit(target)
        corrector.close()
    action = "completed" if intent.goal == "new" else "undone"
    return (
        f"The correction that the run of {intent.started_utc} left open was {action}: "
        f"{len(corrector.writes)} of {len(target)} registers had to be written."
    )
