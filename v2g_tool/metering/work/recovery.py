"""Finishing what an earlier run left open in a meter, before anything else.

The meter is brought to the goal of the open intent: back to the old set, or on to the new one. A new set that was not
yet proven stays open until this run has measured it: within its limits it is stored, else it is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass

from v2g_tool.errors import Implausible, NotPermitted
from v2g_tool.hal.contracts.meter import Meter
from v2g_tool.metering.work.correcting import Corrector, Image
from v2g_tool.model.profiles.meter import MeterProfile
from v2g_tool.model.quantities import Identity
from v2g_tool.record.intents import Intent
from v2g_tool.run.changing import Changing
from v2g_tool.run.session import Opened, Session


@dataclass(frozen=True)
class Recovered:
    """What was found open and done about it.

    Attributes:
        statement: one sentence for the report.
        corrector: what can take an unproven set back, None when the old set is back already.
        target: the set that the meter holds now.
    """

    statement: str
    corrector: Corrector | None
    target: Image
    writes: tuple[str, ...]


def correction_key(identity: Identity) -> str:
    """Give the name of a meter in the intent store: maker and serial number, wherever and however it is connected."""
    return f"meter-{identity.maker}-{identity.serial}"


def recover(opened: Opened[Meter, MeterProfile], session: Session, *, legal: str, dry_run: bool) -> Recovered | None:
    """Bring the meter to the goal of its open intent, None if there is none.

    Registers that hold neither the old nor the new value were changed by somebody else: nothing is written then, the
    intent is closed, and Implausible is raised so that this run ends without a verdict. Raises NotPermitted, and keeps
    the intent, when writing is not allowed or not agreed to.
    """
    meter, key, profile = opened.device, correction_key(opened.identity), opened.profile.id
    intent = session.intents.get(key)
    if intent is None:
        return None
    present = meter.corrections()
    _check_profile(meter, intent, profile, present)
    target = {name: words[0] for name, words in intent.target().items()}
    strange = [name for name in target if not intent.explains(name, (present[name],))]
    session.record("recovery", {"intent": intent.model_dump(mode="json"), "present": dict(present), "strange": strange})
    if strange:
        session.intents.clear(key)
        raise Implausible(
            f"{meter.name} holds corrections that are neither the old nor the new ones of the run of "
            f"{intent.started_utc}: {', '.join(strange)}",
            why="Somebody else changed them, or the meter restarted with other values. Nothing was written.",
            todo="Compare with the last report, then run again: the present values will be taken as found.",
        )
    if legal in ("sealed", "unknown") or dry_run:
        refusal = "--dry-run never writes" if dry_run else f"its legal status is {legal}"
    else:
        writes = sum(present[name] != target[name] for name in target)
        question = f"Finish the correction of {intent.started_utc} in {meter.name} first ({writes} registers)?"
        refusal = "" if session.consents(question) else "nobody agreed to finish it"
    if refusal:
        raise NotPermitted(
            f"{meter.name} has an open correction from the run of {intent.started_utc}, and {refusal}",
            why="Its registers may be half old, half new, so nothing can be judged.",
            todo="Run calibrate again without --dry-run, with the legal status of that run; agree, or give --yes.",
        )
    found = {name: words[0] for name, words in intent.old.items()}
    corrector = Corrector(meter, Changing(session, key), profile, found, targets=[target])
    with session.shield():
        corrector.converge(target)
        if intent.goal == "old":
            corrector.commit(target)
            corrector.close()
    done = f"{len(corrector.writes)} of {len(target)} registers had to be written"
    did, unproven = ("undone", None) if intent.goal == "old" else ("carried on", corrector)
    statement = f"The correction that the run of {intent.started_utc} left open was {did}: {done}."
    return Recovered(statement, unproven, target, tuple(corrector.writes))


def _check_profile(meter: Meter, intent: Intent, profile: str, present: Image) -> None:
    if intent.profile != profile or set(intent.old) != set(present):
        raise NotPermitted(
            f"{meter.name} has an open correction that was begun with profile {intent.profile}, not {profile}",
            why="Its registers may be half old, half new; another profile cannot tell.",
            todo=f"Set profile = '{intent.profile}' in the site file and run again.",
        )
