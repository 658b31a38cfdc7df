"""Which value of a kernel key the sysctl files set: at boot, and when somebody runs `sysctl --system`.

The two programs agree on folders, on the order of files and on most of the syntax. They differ in this, seen with
systemd 252 and procps-ng 4.0.2 (tests/bench/test_sysctl_judges.py asks whatever is installed):

* `sysctl --system` reads /etc/sysctl.conf last of all, and files whose name begins with a dot. At boot
  /etc/sysctl.conf counts only through a link in /etc/sysctl.d.
* An exclusion (`-key`) takes back an earlier assignment at boot; `sysctl --system` only keeps globs off the key.
* A glob that is repeated with the same value keeps its first place at boot.
* For `sysctl --system` a key with surplus separators (`net//core`) does not keep globs off.
* At boot a carriage return or NUL ends a line. For `sysctl --system` NUL hides the rest of the line, a vertical tab or
  form feed is white space, `--key` is `-key`, white space behind the dash and a separator at the end spoil the key,
  and `..` is followed.

Not modelled: a file name with glob characters, by which `sysctl --system` reads other files too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from v2g_tool.host.rules.globs import is_glob, matches
from v2g_tool.model.sysctl import FOLDERS, ConfigFile, canonical, spelled_with_slashes

LAST_FILE = "/etc/sysctl.conf"
"""What `sysctl --system` reads at the end."""

_SUFFIX = ".conf"
_INTEGER = re.compile(r"(-?)(0[xX][0-9a-fA-F]{1,16}|0[0-7]{0,22}|[1-9][0-9]{0,19})")
_KEY = re.compile(r"[!-~]+")


class Program(StrEnum):
    """The two programs that apply the files."""

    BOOT = "systemd-sysctl"
    SYSTEM = "sysctl --system"


class Assignment(NamedTuple):
    """One line that sets a key, or that keeps globs from setting it."""

    file: str
    line: int
    """From 1."""
    key: str
    """Canonical: parts between slashes; may be a glob."""
    value: str | None
    """Without white space around it; None for an exclusion: `-key` without `=`."""
    ignore_errors: bool = False
    exact: bool = True
    """Whether the key is spelled without surplus separators."""


class Problem(NamedTuple):
    """A line that does nothing although it is no comment."""

    file: str
    line: int
    reason: str


class Parsed(NamedTuple):
    """What a file says."""

    assignments: tuple[Assignment, ...]
    problems: tuple[Problem, ...]


class Effective(NamedTuple):
    """Which value of a key a program sets."""

    key: str
    program: Program
    winner: Assignment | None
    """None: the program leaves the key alone."""
    shadowed: tuple[Assignment, ...]
    """What else names the key in files that count, in the order in which it is read."""


def same_value(a: str, b: str) -> bool:
    """Say whether two values are one: word by word, integers by their number as the kernel reads it (010 is eight)."""
    return [number_or_word(word) for word in a.split()] == [number_or_word(word) for word in b.split()]


def number_or_word(word: str) -> int | str:
    """Give an integer as the kernel reads it (010 is eight, 0x10 sixteen), anything else as it is."""
    spelled = _INTEGER.fullmatch(word)
    if not spelled:
        return word
    sign, digits = spelled.groups()
    base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
    return int(sign + digits, base)


def boot_files(files: Sequence[ConfigFile]) -> tuple[ConfigFile, ...]:
    """Give the files that systemd-sysctl reads, in its order."""
    return tuple(file for file in _by_name(files) if not _name(file).startswith("."))


def system_files(files: Sequence[ConfigFile]) -> tuple[ConfigFile, ...]:
    """Give the files that `sysctl --system` reads, in its order."""
    return (*_by_name(files), *(file for file in files if file.path == LAST_FILE))


def _by_name(files: Sequence[ConfigFile]) -> list[ConfigFile]:
    """Give one file for each name, that of the highest folder; names sorted as plain strings."""
    return [next(namesakes) for _, namesakes in _namesakes(files)]


def _namesakes(files: Sequence[ConfigFile]) -> Iterator[tuple[str, Iterator[ConfigFile]]]:
    """Give the files in the folders by name, those of a name by the rank of their folder."""
    counting = [file for file in files if _folder(file) in FOLDERS and _name(file).endswith(_SUFFIX)]
    counting.sort(key=lambda file: (_name(file), FOLDERS.index(_folder(file))))
    return groupby(counting, key=_name)


def _folder(file: ConfigFile) -> str:
    return file.path.rpartition("/")[0]


def _name(file: ConfigFile) -> str:
    return file.path.rpartition("/")[2]


class _NotAnAssignmentError(Exception):
    """Why a line does nothing."""


@lru_cache(maxsize=256)
def parse(file: ConfigFile, program: Program = Program.BOOT) -> Parsed:
    """Give what a program takes from a file, and the lines that do nothing; a masked file has neither."""
    assignments: list[Assignment] = []
    problems: list[Problem] = []
    for number, line in _lines(file.text or "", program):
        text = line.strip(_BLANKS[program])
        if not text or text[0] in "#;":
            continue
        try:
            assignments.append(_assignment(file.path, number, text, program))
        except _NotAnAssignmentError as error:
            problems.append(Problem(file.path, number, str(error)))
    return Parsed(tuple(assignments), tuple(problems))


_BLANKS = {Program.BOOT: " \t\n\r", Program.SYSTEM: " \t\n\v\f\r"}


def _lines(text: str, program: Program) -> Iterator[tuple[int, str]]:
    """Give number and text of each line, counted as an editor does."""
    for number, line in enumerate(text.split("\n"), 1):
        if program is Program.SYSTEM:
            yield number, line.partition("\0")[0]
        else:
            yield from ((number, piece) for piece in re.split("[\r\0]", line))


def _assignment(path: str, number: int, text: str, program: Program) -> Assignment:
    left, equals, right = text.partition("=")
    if not equals and not left.startswith("-"):
        raise _NotAnAssignmentError("it has no equals sign")
    spelling = spelled_with_slashes(_key_text(left, program))
    key = _path(spelling, program)
    value = right.strip(_BLANKS[program]) if equals else None
    return Assignment(path, number, key, value, left.startswith("-"), spelling == key)


def _key_text(left: str, program: Program) -> str:
    if program is Program.SYSTEM:
        return left.removeprefix("-").removeprefix("-").rstrip(_BLANKS[program])
    return left.removeprefix("-").strip(_BLANKS[program])


def _path(spelling: str, program: Program) -> str:
    key = _followed(spelling) if program is Program.SYSTEM else canonical(spelling)
    if not key:
        raise _NotAnAssignmentError("it names no key")
    if not _KEY.fullmatch(key):
        raise _NotAnAssignmentError("no key has white space or such characters in its name")
    if ".." in key.split("/"):
        raise _NotAnAssignmentError("'..' leads out of the key's folder")
    return key


def _followed(spelling: str) -> str:
    """Give the path that the file system makes of a spelling."""
    if spelling.endswith(("/", "/.")):
        raise _NotAnAssignmentError("its key ends with a separator")
    parts: list[str] = []
    for part in spelling.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def effective(files: Sequence[ConfigFile], key: str, program: Program) -> Effective:
    """Give the value that a program sets for a key (in either spelling), and what it overrides.

    It holds for these files: with one that could not be read, nothing is certain.
    """
    path = canonical(key)
    read = boot_files(files) if program is Program.BOOT else system_files(files)
    named = [found for file in read for found in parse(file, program).assignments if _names(found, path)]
    winner = _boot_winner(named, path) if program is Program.BOOT else _system_winner(named, path)
    return Effective(path, program, winner, tuple(found for found in named if found is not winner))


def _names(found: Assignment, path: str) -> bool:
    return found.key == path or (is_glob(found.key) and matches(found.key, path))


def _boot_winner(named: list[Assignment], path: str) -> Assignment | None:
    """Of each key or glob the last line stands; a key beats globs; of globs the one that was changed last wins."""
    standing: dict[str, Assignment] = {}
    for found in named:
        if found.key in standing and standing[found.key].value != found.value:
            del standing[found.key]
        standing[found.key] = found
    candidates = [standing[path]] if path in standing else list(standing.values())
    return next((found for found in reversed(candidates) if found.value is not None), None)


def _system_winner(named: list[Assignment], path: str) -> Assignment | None:
    """Lines are carried out one after the other; globs pass over keys that some line names, be it an exclusion."""
    kept_off = any(found.key == path and found.exact for found in named)
    return next(
        (found for found in reversed(named) if found.value is not None and (found.key == path or not kept_off)), None
    )
