"""An SCPI command tree: short and long forms, optional nodes, numeric suffixes, paths, an error queue.

Source: SCPI 1999 Vol. 1, clause 6.2 (headers) and 6.2.4 (traversal of the tree); IEEE 488.2
clauses 10 and 11 (common commands, status). Patterns are written as manuals print them:

    :NUMeric[:NORMal]:ITEM<x>      upper case is the short form, [..] may be left out, <x> a number
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class ErrorCode(NamedTuple):
    """An error as the queue keeps it."""

    number: int
    text: str


NO_ERROR = ErrorCode(0, "No error")
"""The queue is empty."""
SYNTAX = ErrorCode(102, "Syntax error")
"""The message cannot be parsed."""
PARAMETER_NOT_ALLOWED = ErrorCode(108, "Parameter not allowed")
"""More parameters than the command takes."""
MISSING_PARAMETER = ErrorCode(109, "Missing parameter")
"""Fewer parameters than the command needs."""
UNDEFINED_HEADER = ErrorCode(113, "Undefined header")
"""There is no such command."""
OUT_OF_RANGE = ErrorCode(222, "Data out of range")
"""A number is outside what is allowed."""
ILLEGAL_PARAMETER = ErrorCode(224, "Illegal parameter value")
"""A word is none of those allowed."""
QUEUE_OVERFLOW = ErrorCode(350, "Queue overflow")
"""More errors than the queue holds."""

_QUEUE_SIZE = 16
_HEADER = re.compile(r"\s*([*:]?[A-Za-z][A-Za-z0-9_:]*\??)\s*(.*?)\s*", re.DOTALL)
_NODE = re.compile(r"(\[)?:?([A-Z]+)([a-z0-9]*)(<x>)?(\])?")


class ScpiError(Exception):
    """A command that goes to the error queue."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.text)
        self.code = code


class DroppedError(ConnectionError):
    """The instrument ends the connection instead of answering."""


@dataclass(frozen=True)
class Call:
    """A command as it arrived: numeric suffixes in the order of the nodes, and parameters."""

    suffixes: tuple[int, ...] = ()
    """1 where the suffix was left out."""
    parameters: tuple[str, ...] = ()


Query = Callable[[Call], str]
Order = Callable[[Call], None]


@dataclass(frozen=True)
class Command:
    """One line of the tree: what a query and what an order does."""

    pattern: str
    query: Query | None = None
    order: Order | None = None
    is_setting: bool = False
    """True when the reply of the query carries the header, if headers are on."""

    def header(self, call: Call, *, verbose: bool) -> str:
        """Give the header as replies carry it, in long or in short form."""
        suffixes = iter(call.suffixes)
        header = ""
        for _, short, rest, numbered, _ in _NODE.findall(self.pattern):
            header += ":" + (short + rest.upper() if verbose else short)
            header += str(next(suffixes)) if numbered else ""
        return header


def compiled(pattern: str) -> re.Pattern[str]:
    """Give the expression that matches all spellings of a header pattern, without `?`."""
    if pattern.startswith("*"):
        return re.compile(re.escape(pattern), re.IGNORECASE)
    expression = ""
    for opened, short, rest, numbered, _ in _NODE.findall(pattern):
        node = f":(?:{short}{rest.upper()}|{short})" + (r"(\d*)" if numbered else "")
        expression += f"(?:{node})?" if opened else node
    return re.compile(expression, re.IGNORECASE)


class CommandTree:
    """All commands of an instrument, found by any of their spellings."""

    def __init__(self, commands: Sequence[Command]) -> None:
        self._commands = [(compiled(command.pattern), command) for command in commands]
        self._found: dict[str, tuple[Command, tuple[int, ...]]] = {}

    def find(self, header: str) -> tuple[Command, tuple[int, ...]]:
        """Give the command of a full header without `?`, and its numeric suffixes.

        Raises:
            ScpiError: 113, there is none.
        """
        key = header.upper()
        if key not in self._found:
            for expression, command in self._commands:
                match = expression.fullmatch(key)
                if match:
                    self._found[key] = (command, tuple(int(part or 1) for part in match.groups()))
                    break
            else:
                raise ScpiError(UNDEFINED_HEADER)
        return self._found[key]


def split_outside_quotes(message: str, separator: str) -> list[str]:
    """Give the parts of a message between separators that are not inside a quoted string."""
    parts, quote = [""], ""
    for sign in message:
        if sign == separator and not quote:
            parts.append("")
            continue
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        parts[-1] += sign
    return parts


@dataclass(frozen=True)
class Unit:
    """One program message unit: its full header and its parameters."""

    header: str
    is_query: bool
    parameters: tuple[str, ...]


def units(message: str) -> list[Unit | ScpiError]:
    """Give the units of a program message with their paths resolved (SCPI 1999, 6.2.4).

    After a semicolon a header starts where the one before branched off; a leading colon goes back
    to the root; a common command (`*…`) leaves the path alone.
    """
    path: list[str] = []
    found: list[Unit | ScpiError] = []
    for part in split_outside_quotes(message, ";"):
        if not part.strip():
            continue
        match = _HEADER.fullmatch(part)
        if match is None:
            found.append(ScpiError(SYNTAX))
            continue
        header, rest = match.group(1), match.group(2)
        name = header.removesuffix("?")
        if not name.startswith("*"):
            nodes = name.strip(":").split(":")
            nodes = nodes if name.startswith(":") else path + nodes
            path, name = nodes[:-1], ":" + ":".join(nodes)
        parameters = tuple(p.strip() for p in split_outside_quotes(rest, ",")) if rest else ()
        found.append(Unit(name, header.endswith("?"), parameters))
    return found


@dataclass
class Reporting:
    """How replies look: headers, long forms, texts of errors."""

    header: bool = False
    verbose: bool = False
    message: bool = True


@dataclass
class ScpiInstrument:
    """The part that all SCPI instruments have in common: dispatch, error queue, event status."""

    tree: CommandTree
    reporting: Reporting = field(default_factory=Reporting)
    errors: deque[ErrorCode] = field(default_factory=deque)
    event_status: int = 0x80  # bit 7: power has been switched on

    def execute(self, message: str) -> str | None:
        """Carry out a program message; give the replies joined by `;`, None without any."""
        replies = []
        for unit in units(message):
            try:
                reply = self._execute_unit(unit)
            except ScpiError as error:
                self.note(error.code)
                break  # the rest of a message that cannot be understood is not carried out
            if reply is not None:
                replies.append(reply)
        return ";".join(replies) if replies else None

    def _execute_unit(self, unit: Unit | ScpiError) -> str | None:
        if isinstance(unit, ScpiError):
            raise unit
        command, suffixes = self.tree.find(unit.header)
        call = Call(suffixes, unit.parameters)
        if command.order is not None and not unit.is_query:
            command.order(call)
            return None
        if command.query is None or not unit.is_query:
            raise ScpiError(UNDEFINED_HEADER)
        reply = command.query(call)
        if command.is_setting and self.reporting.header:
            return f"{command.header(call, verbose=self.reporting.verbose)} {reply}"
        return reply

    def note(self, code: ErrorCode) -> None:
        """Put an error into the queue and its kind into the event status register."""
        self.event_status |= 0x20 if code.number < 200 else 0x10
        if len(self.errors) >= _QUEUE_SIZE:
            self.errors[-1] = QUEUE_OVERFLOW
        else:
            self.errors.append(code)

    def next_error(self) -> str:
        """Take the oldest error out of the queue, as the error query replies it."""
        code = self.errors.popleft() if self.errors else NO_ERROR
        return f'{code.number},"{code.text}"' if self.reporting.message else str(code.number)

    def take_event_status(self) -> str:
        """Give the standard event status register and clear it."""
        status, self.event_status = self.event_status, 0
        return str(status)

    def complete(self) -> None:
        """Note that all operations are complete (`*OPC`)."""
        self.event_status |= 0x01

    def clear(self) -> None:
        """Empty the error queue and the event status (`*CLS`)."""
        self.errors.clear()
        self.event_status = 0


def one_parameter(call: Call) -> str:
    """Give the only parameter of a call."""
    if not call.parameters:
        raise ScpiError(MISSING_PARAMETER)
    if len(call.parameters) > 1:
        raise ScpiError(PARAMETER_NOT_ALLOWED)
    return call.parameters[0]


def boolean(call: Call) -> bool:
    """Give an ON, OFF or number parameter."""
    word = one_parameter(call).upper()
    if word in ("ON", "OFF"):
        return word == "ON"
    return number(word) != 0.0


_SCALES = {"": 1.0, "M": 1e-3, "U": 1e-6, "K": 1e3, "MA": 1e6}


def number(word: str, unit: str = "") -> float:
    """Give a number with an optional unit, such as `300V`, `500MA` or `100MS`."""
    match = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?)\s*([A-Z]*)", word.upper())
    if match is None:
        raise ScpiError(ILLEGAL_PARAMETER)
    letters = match.group(2)
    scale = letters.removesuffix(unit)
    if (letters and not letters.endswith(unit)) or scale not in _SCALES:
        raise ScpiError(ILLEGAL_PARAMETER)
    value = float(match.group(1)) * _SCALES[scale]
    if math.isinf(value):
        raise ScpiError(OUT_OF_RANGE)
    return value


def choice(word: str, patterns: Sequence[str]) -> str:
    """Give the pattern, out of those allowed, that a word spells in short or long form."""
    for pattern in patterns:
        short = "".join(sign for sign in pattern if not sign.islower())
        if word.upper() in (short, pattern.upper()):
            return pattern
    raise ScpiError(ILLEGAL_PARAMETER)


def engineering(value: float) -> str:
    """Give a number as settings reply it: exponent a multiple of three, `150.0E+00`."""
    exponent = 0
    while abs(value) >= 1000.0:
        value, exponent = value / 1000.0, exponent + 3
    while 0.0 < abs(value) < 1.0:
        value, exponent = value * 1000.0, exponent - 3
    digits = 3 if abs(value) < 10.0 else 2 if abs(value) < 100.0 else 1
    return f"{value:.{digits}f}E{exponent:+03d}"
