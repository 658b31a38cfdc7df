"""Many spellings, one command: translated here, once, before parsing. Pure.

`v2g-tool calibrate --target meter_01`, `v2g-tool --calibrate --target=meter_01`, the manual's typeset
`v2g-tool –calibrate –target=meter_01` (a dash where two hyphens were), `v2g-tool -calibrate -target=meter_01` and
`v2g-tool calibrate meter_01` are the same; so are `help report verify` and `report verify --help`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from v2g_tool.errors import RequestError
from v2g_tool.model.spelling import did_you_mean

DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
"""Characters that typesetting and copying put in the place of hyphens."""
_HYPHENS = str.maketrans(dict.fromkeys(DASHES, "-"))
_DASHED = re.compile(rf"^[-{DASHES}]+(?=\w)")


@dataclass(frozen=True)
class Command:
    """What a program, a group or a command takes; `name` is how it is called, program first."""

    name: str
    options: Mapping[str, bool]
    """Each option as it is typed, and whether a value follows it."""
    commands: Mapping[str, Command] = field(default_factory=dict)
    arguments: bool = False
    """Whether bare words are its own, so that none of them is its target."""
    words_follow: bool = False
    """Whether the words behind the first bare one are another program's."""


def json_asked(words: Sequence[str]) -> bool:
    """Say whether --json is among the words, however it is spelt; not for another program on the bench."""
    head = words[: list(words).index("--")] if "--" in words else words
    other = bool(head) and head[0].endswith("bench")
    return not other and any(_hyphens(word, {"--json": False}) == "--json" for word in head)


def command_first(words: Sequence[str], program: Command) -> list[str]:
    """Give the words as the parser takes them, the command in front; words behind "--" are left alone.

    Raises RequestError for two commands at once, and for a command that does not exist.
    """
    end = list(words).index("--") if "--" in words else len(words)
    head = list(words[:end])
    if head and head[0] not in _ways(program):
        # Else what follows is the command's own, as in "bench run PROGRAM --flag".
        head = _flag_first(head, program)
    return [*_spelt(head, program), *words[end:]]


def _flag_first(head: list[str], program: Command) -> list[str]:
    """Give the words with the command that is spelt as an option in front; a value of it becomes a bare word."""
    parts = [_hyphens(word, program.options).partition("=") for word in head]
    flags = [part for part in dict.fromkeys(parts) if part[0].startswith("--") and part[0][2:] in program.commands]
    if len(flags) > 1:
        what = f"one operation at a time, not {' and '.join(''.join(flag) for flag in flags)}"
        raise RequestError(what, why="Each makes a report of its own.", todo="Run them one after the other.")
    named = [word for name, _, value in flags for word in (name[2:], value) if word]
    return [*named, *(word for word, part in zip(head, parts, strict=True) if part not in flags)]


def _spelt(words: Sequence[str], command: Command) -> list[str]:
    """Give the words behind the name of a command as the parser takes them."""
    if not command.commands:
        return _spelt_options(words, command)
    helped, options, rest = list[str](), list[list[str]](), list(words)
    while rest:
        typed = rest.pop(0)
        word = _hyphens(typed, command.options)
        if word in ("help", "--help", "-h"):
            helped = ["--help"]  # is about the command that follows
        elif (follows := _value_follows(word.partition("=")[0], command.options)) is not None:
            options.append([word, *([rest.pop(0)] if follows and "=" not in word and rest else [])])
        else:
            way = _ways(command).get(word.lstrip("-"))
            if way is None:
                near = did_you_mean(word.lstrip("-").partition("=")[0], _ways(command))
                raise RequestError(
                    f"{command.name} has no command '{typed}'.{near}",
                    why=f"It has: {', '.join(command.commands)}.",
                    todo=f"Correct it; the command comes first, and '{command.name} --help' says what each one does.",
                )
            for name in way:
                command = command.commands[name]
            # An option that both take is meant for the command: the group would take it and do nothing with it.
            own = [option for option in options if option[0].partition("=")[0] in command.options]
            before = [word for option in options if option not in own for word in option]
            behind = [word for option in own for word in option]
            return [*before, *way, *_spelt([*helped, *behind, *rest], command)]
    return [*(word for option in options for word in option), *helped]


def _ways(command: Command) -> dict[str, list[str]]:
    """Give the way to each command: `calibrate`; and `verify` to `report verify`, as no other group has one."""
    below = [(name, group) for group, inner in command.commands.items() for name in inner.commands]
    count = Counter(name for name, _ in below)
    return {name: [group, name] for name, group in below if count[name] == 1} | {n: [n] for n in command.commands}


def _spelt_options(words: Sequence[str], command: Command) -> list[str]:
    """Give the options of a command with their hyphens, and its first bare word as its target if it has one."""
    done: list[str] = []
    given, bare, rest = set(), -1, list(words)
    while rest:
        word = _hyphens(rest.pop(0), command.options)
        if word == "help" and not command.arguments:
            word = "--help"
        given.add(word.partition("=")[0])
        done.append(word)
        if not word.startswith("-"):
            if command.words_follow:
                return [*done, *rest]
            bare = len(done) - 1 if bare < 0 else bare
        elif _value_follows(word, command.options) and rest:
            done.append(rest.pop(0))
    if bare >= 0 and "--target" in command.options and not command.arguments and "--target" not in given:
        done[bare] = f"--target={done[bare]}"
    return done


def _hyphens(word: str, options: Mapping[str, bool]) -> str:
    """Give an option with the hyphens it should have: text behind "=" stays as typed, short options stay short."""
    found = _DASHED.match(word)
    if not found:
        return word
    dashes, rest = found.group().translate(_HYPHENS), word[found.end() :]
    name, sign, value = rest.partition("=")
    if name[0].isdigit():
        return dashes + rest  # a minus sign
    name = name.translate(_HYPHENS)
    short = f"-{name}{sign}{value}"
    if len(name) == 1:
        return short
    if dashes == "-" and f"--{name}" not in options and _value_follows(short, options) is not None:
        return short  # several in one word, or one with its value: -qy, -p502
    return f"-{short}"


def _value_follows(word: str, options: Mapping[str, bool]) -> bool | None:
    """Say whether the next word is the value of this option; None if there is no such option."""
    if word.startswith("--"):
        return options.get(word)
    for behind, letter in enumerate(word[1:], 2):
        takes = options.get(f"-{letter}")
        if takes is None:
            return None
        if takes:
            return behind == len(word)
    return False
