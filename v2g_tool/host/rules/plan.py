"""What to write so that a kernel fits its profile: values now, and one file for the next boot. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from v2g_tool.host.rules.keys import KeyFacts, target, value_of
from v2g_tool.model.sysctl import LiveState


def to_write(facts: Sequence[KeyFacts], *, allow_derived: bool) -> dict[str, str]:
    """Give the values to set now: keys that are there and wrong, and that may be written."""
    writable = _writable(facts, allow_derived=allow_derived)
    return {fact.key.key: target(fact.key, fact.live.value) for fact in writable if not fact.live_right}


def drop_in_values(facts: Sequence[KeyFacts], *, allow_derived: bool) -> dict[str, str]:
    """Give what the one file shall set: every key that this kernel provides, at a wanted value.

    A right value that is set already stays as it is, so that no two files contradict each other.
    """
    return {fact.key.key: _lasting(fact) for fact in _writable(facts, allow_derived=allow_derived)}


def held_back(facts: Sequence[KeyFacts], *, allow_derived: bool) -> list[str]:
    """Give the keys that this kernel provides and that may not be written: nobody has verified what they do."""
    return [
        fact.key.key
        for fact in facts
        if fact.live.state is LiveState.PRESENT and not _may(fact, allow_derived=allow_derived)
    ]


def drop_in_content(profile: str, values: Mapping[str, str]) -> bytes:
    """Give the file for /etc/sysctl.d; the same values give the same bytes."""
    head = (
        f"# Kernel settings of the profile {profile}, written by v2g-tool sysctl --persist.\n"
        "# Taken back by v2g-tool sysctl --undo. Keep no other assignment of these keys.\n"
    )
    return (head + "".join(f"{key} = {value}\n" for key, value in values.items())).encode()


def as_question(facts: Sequence[KeyFacts], values: Mapping[str, str], drop_in: str, lasting: Mapping[str, str]) -> str:
    """Give the plan in words: old and new values, and what the one file shall set."""
    found = {fact.key.key: fact.live.value for fact in facts}
    parts = [f"Set {', '.join(f'{key} {found[key]} → {value}' for key, value in values.items())}"] if values else []
    if drop_in:
        content = ", ".join(f"{key} = {value}" for key, value in lasting.items())
        parts.append(f"{'write' if values else 'Write'} /etc/sysctl.d/{drop_in} with {content or 'no key'}")
    return " and ".join(parts)


def _writable(facts: Sequence[KeyFacts], *, allow_derived: bool) -> list[KeyFacts]:
    return [f for f in facts if f.live.state is LiveState.PRESENT and _may(f, allow_derived=allow_derived)]


def _may(fact: KeyFacts, *, allow_derived: bool) -> bool:
    return fact.key.status == "verified" or (fact.key.status == "derived" and allow_derived)


def _lasting(fact: KeyFacts) -> str:
    if fact.boot_right and fact.boot.winner is not None:
        return value_of(fact.boot.winner)
    return fact.live.value if fact.live_right else target(fact.key, fact.live.value)
