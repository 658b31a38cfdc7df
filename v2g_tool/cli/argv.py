"""Three spellings, one command: translated here, once, before parsing. Pure.

`v2g-tool calibrate --target meter_01`, `v2g-tool --calibrate --target=meter_01` and the manual's typeset
`v2g-tool –calibrate –target=meter_01` (a dash where two hyphens were) are the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from v2g_tool.model.spelling import did_you_mean

DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
"""Characters that typesetting and copying put in the place of hyphens."""
_HYPHENS = str.maketrans(dict.fromkeys(DASHES, "-"))
_TYPESET = re.compile(rf"^[-{DASHES}]*[{DASHES}][-{DASHES}]*(?=\w)")


class TwoCommands(ValueError):
    """More than one operation was asked for at once."""


class ValueOnCommand(ValueError):
    """A value was glued to an operation: --calibrate=meter_01."""


class UnknownOperation(ValueError):
    """The first word looks like an operation in the flag form, but there is none of that name."""


def ascii_dashes(word: str) -> str:
    """Give `word` with its leading typeset dashes as hyphens; text behind "=" stays as typed."""
    found = _TYPESET.match(word)
    if not found:
        return word
    name, sign, value = word[found.end() :].partition("=")
    if name[0].isdigit():
        return "-" + name + sign + value  # a typeset minus sign
    name = name.translate(_HYPHENS)
    return ("-" if len(name) == 1 else "--") + name + sign + value


def command_first(words: Sequence[str], commands: Collection[str]) -> list[str]:
    """Give the words with the command as a bare word in front; words behind "--" are left alone.

    Raises TwoCommands, ValueOnCommand or UnknownOperation with a sentence for the user.
    """
    end = list(words).index("--") if "--" in words else len(words)
    head, tail = [ascii_dashes(word) for word in words[:end]], list(words[end:])
    for word in head:
        name, _, value = word.removeprefix("--").partition("=")
        if value and word.startswith("--") and name in commands:
            raise ValueOnCommand(f"write --{name} --target={value}, not {word}")
    if head and head[0] in commands:
        return [*head, *tail]  # a plain command comes first: what follows is its own, as in "bench run PROGRAM --flag"
    named = [word for word in dict.fromkeys(head) if word.startswith("--") and word[2:] in commands]
    if len(named) > 1:
        raise TwoCommands(f"one operation at a time, not {' and '.join(named)}")
    first = head[0] if head else ""
    if not named and first.startswith("--") and first[2:] not in ("", "help", "version"):
        name = first[2:].partition("=")[0]
        raise UnknownOperation(f"there is no operation --{name}.{did_you_mean(name, commands)}")
    if named:
        head = [named[0][2:], *(word for word in head if word != named[0])]
    return [*head, *tail]
