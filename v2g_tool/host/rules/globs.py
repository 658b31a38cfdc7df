r"""Globs in the names of kernel keys, as glob(7) has them: `*`, `?`, `[a-z]`, `[!a]`, `[[:digit:]]`, `\x`."""

from __future__ import annotations

_ALPHABET = frozenset(map(chr, range(0x21, 0x7F)))
"""What the name of a key can consist of."""
_CLASSES = {
    "alnum": frozenset(c for c in _ALPHABET if c.isalnum()),
    "alpha": frozenset(c for c in _ALPHABET if c.isalpha()),
    "digit": frozenset("0123456789"),
    "graph": _ALPHABET,
    "lower": frozenset(c for c in _ALPHABET if c.islower()),
    "print": _ALPHABET,
    "punct": frozenset(c for c in _ALPHABET if not c.isalnum()),
    "upper": frozenset(c for c in _ALPHABET if c.isupper()),
    "xdigit": frozenset("0123456789abcdefABCDEF"),
}
_ANY_RUN = None
"""The token of `*`; every other token is the set of the characters that it takes."""


def is_glob(key: str) -> bool:
    """Say whether a key stands for several."""
    return any(letter in "*?[" for letter in key)


def matches(pattern: str, key: str) -> bool:
    """Say whether a glob stands for `key`; both have slashes between their parts, and no glob crosses a slash."""
    globs, parts = pattern.split("/"), key.split("/")
    return len(globs) == len(parts) and all(map(_part_matches, globs, parts))


def _part_matches(glob: str, part: str) -> bool:
    """Match with one place to come back to, the last `*`: linear in both lengths for each `*`."""
    tokens = _tokens(glob)
    if part.startswith(".") and not glob.startswith((".", "\\.")):
        return False
    at_token = at_letter = 0
    star, taken = -1, 0
    while at_letter < len(part):
        if at_token < len(tokens) and tokens[at_token] is _ANY_RUN:
            star, taken = at_token, at_letter
            at_token += 1
        elif at_token < len(tokens) and part[at_letter] in (tokens[at_token] or ()):
            at_token += 1
            at_letter += 1
        elif star >= 0:
            taken += 1
            at_token, at_letter = star + 1, taken
        else:
            return False
    return all(token is _ANY_RUN for token in tokens[at_token:])


def _tokens(glob: str) -> list[frozenset[str] | None]:
    tokens: list[frozenset[str] | None] = []
    place = 0
    while place < len(glob):
        letter = glob[place]
        token: frozenset[str] | None = frozenset(letter)
        place += 1
        if letter == "*":
            token = _ANY_RUN
        elif letter == "?":
            token = _ALPHABET
        elif letter == "\\" and place < len(glob):
            token, place = frozenset(glob[place]), place + 1
        elif letter == "[" and (end := _end_of_set(glob, place)):
            token, place = _set(glob[place : end - 1]), end
        tokens.append(token)
    return tokens


def _end_of_set(glob: str, start: int) -> int:
    """Give the place behind the `]` that ends a set which begins at `start`, 0 if none does."""
    place = start + (glob[start : start + 1] in ("!", "^"))
    first = place
    while place < len(glob):
        if glob[place] == "]" and place > first:
            return place + 1
        place = _element(glob, place)[1]
    return 0


def _set(inside: str) -> frozenset[str]:
    negated = inside[:1] in ("!", "^")
    place = int(negated)
    taken: set[str] = set()
    while place < len(inside):
        low, place = _element(inside, place)
        if inside[place : place + 1] == "-" and place + 1 < len(inside):
            high, place = _element(inside, place + 1)
            taken |= {letter for letter in _ALPHABET if min(low, default="~") <= letter <= max(high, default="!")}
        else:
            taken |= low
    return _ALPHABET - taken if negated else frozenset(taken)


def _element(inside: str, place: int) -> tuple[frozenset[str], int]:
    """Give the characters of one element of a set, and the place behind it."""
    if inside.startswith(("[:", "[."), place):
        kind = inside[place + 1]
        end = inside.find(kind + "]", place + 2)
        if end >= 0:
            name = inside[place + 2 : end]
            return (_CLASSES.get(name, frozenset()) if kind == ":" else frozenset(name)), end + 2
    if inside[place] == "\\" and place + 1 < len(inside):
        place += 1
    return frozenset(inside[place]), place + 1
