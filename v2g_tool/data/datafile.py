"""TOML data files read into models, with errors that name file, line and key."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from v2g_tool.data.reading import read_regular
from v2g_tool.errors import RequestError
from v2g_tool.model.spelling import did_you_mean

M = TypeVar("M", bound=BaseModel)
MAX_BYTES = 1_000_000
"""No site or profile is larger; a larger file is a mistake, or an attack."""

_SLIPS = (
    ("[„“”‟«»‘’‚]", '"', "TOML takes straight quotation marks only."),
    (r"(=\s*)(\d\d)\.(\d\d)\.(\d{4})\b", r"\1\4-\3-\2", "A date is written as year-month-day."),
    (r"(=\s*[-+]?\d+),(\d+)(?=\s*(?:[,}#]|$))", r"\1.\2", "A number is written with a point."),
    (r"^([^=]*=\s*)([a-zA-Z][\w.-]*|\d+(?:\.\d+){3})(\s*(?:#.*)?)$", r'\1"\2"\3', "A text takes quotes."),
)
"""What is no TOML and can mean but one thing: what is written, what to write instead, and why."""

_ENOUGH = 20
"""So many slips are mended: each one costs a reading of the whole file."""
_MOST_TOLD = 50
"""So many wrong keys are told, for the same reason; the others are counted."""
_DEEP = re.compile(r"""(?:(?:[^\s.="'{}\[\],#]+|"[^"]*"|'[^']*')\s*\.\s*){32}""")
"""A key of so many parts would cost the reader memory by their square."""


def read_bytes(path: Path, what: str) -> bytes:
    """Give the content of a data file; raises RequestError when it cannot be read."""
    try:
        return read_regular(path, MAX_BYTES)
    except OSError as exc:
        raise RequestError(
            f"{what} {path} cannot be read: {exc.strerror}",
            todo="Check the path and the rights of the file; copy what comes out of a pipe into a file first.",
        ) from exc


def load(path: Path, model: type[M], what: str) -> M:
    """Give the model that the TOML file at `path` describes; raises RequestError with file, line and key."""
    return parsed(read_bytes(path, what), path, model, what)


def parsed(content: bytes, path: Path, model: type[M], what: str) -> M:
    """Give the model that the content of the TOML file at `path` describes; raises as `load`."""
    text, raw, problems = read_toml(content, path, what)
    if problems:
        raise problems[0]
    try:
        return model.model_validate(raw)
    except ValidationError as exc:
        raise key_problems(path, text, what, model, exc)[0] from exc


def read_toml(content: bytes, path: Path, what: str) -> tuple[str, dict[str, Any], list[RequestError]]:
    """Give text and tables of a TOML file, and what hinders reading it; a slip of one meaning is mended to read on."""
    problems: list[RequestError] = []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        text = content.decode("latin-1")
        where = f"{path}:{text.count(chr(10), 0, exc.start) + 1}: the {what} is not valid TOML"
        why = f"The byte of '{text[exc.start]}' in Latin-1 stands there; TOML is UTF-8."
        problems.append(RequestError(where, why=why, todo="Save the file as UTF-8."))
    lines = text.split("\n")
    if deep := next((n for n, line in enumerate(lines, 1) if _DEEP.search(line)), 0):
        deepest = RequestError(f"{path}:{deep}: the {what} has a key of too many parts", todo="Correct the line.")
        return text, {}, [*problems, deepest]
    while True:
        try:
            return text, tomllib.loads("\n".join(lines)), problems
        except (ValueError, RecursionError) as exc:  # not TOML, or beyond what the reader takes
            at = re.search(r"\(at line (\d+)", str(exc))
            line, where = (lines[int(at[1]) - 1], f"{path}:{at[1]}") if at else ("", str(path))
            mended, why = next(
                ((m, why) for slip, to, why in _SLIPS if (m := re.sub(slip, to, line)) != line), (line, "")
            )
            todo = f"Write: {mended.strip()}" if why else "Correct the line that is named."
            problems.append(RequestError(f"{where}: the {what} is not valid TOML: {exc}", why=why, todo=todo))
            if at is None or not why or len(problems) > _ENOUGH:
                return text, {}, problems
            lines[int(at[1]) - 1] = mended


def key_problems(path: Path, text: str, what: str, model: type[M], exc: ValidationError) -> list[RequestError]:
    """Give the keys of a data file that are wrong, unknown ones first; of too many the first, and how many more."""
    odd = [error["loc"] for error in exc.errors() if error["type"] == "extra_forbidden"][:_MOST_TOLD]

    def misspelt(loc: tuple[int | str, ...]) -> bool:
        return any(other[:-1] == loc[:-1] and did_you_mean(str(other[-1]), [str(loc[-1])]) for other in odd)

    # A misspelt key is both unknown and missing: the misspelling is what the user can see.
    errors = sorted(exc.errors(), key=lambda error: error["type"] != "extra_forbidden")
    named = (e for e in errors[:_MOST_TOLD] if e["type"] != "missing" or not misspelt(e["loc"]))
    told = [_request_error(path, text, what, model, error) for error in named]
    if (more := len(errors) - _MOST_TOLD) > 0:
        told.append(RequestError(f"{path}: {more} more keys are wrong", todo="Mend those that are named first."))
    return told


def sha256_hex(path: Path) -> str:
    """Give the SHA-256 of a data file's bytes as 64 hex digits; raises RequestError when it cannot be read."""
    return hashlib.sha256(read_bytes(path, "data file")).hexdigest()


def _request_error(path: Path, text: str, what: str, model: type[BaseModel], error: ErrorDetails) -> RequestError:
    message = error["msg"].removeprefix("Value error, ")
    keys = [str(part) for part in error["loc"]] or _named_key(message)
    key = keys[-1] if keys else "(file)"
    where = f"{path}:{line_of(text, keys)}"
    if error["type"] == "extra_forbidden":
        hint = did_you_mean(key, _known_keys(model, keys[:-1]))
        return RequestError(
            f"{where}: '{'.'.join(keys)}' is not a key of a {what}.{hint}", todo="Correct or remove the key."
        )
    if error["type"] == "missing":
        return RequestError(f"{where}: '{'.'.join(keys)}' is missing in the {what}", todo="Add the key.")
    unquoted = "Write a number as 502 or 230.0, a date as 2027-03-31, without quotes."
    todo = unquoted if error["type"].startswith(("float", "int", "date")) else "Correct the value."
    return RequestError(f"{where}: '{'.'.join(keys)}' of the {what}: {message}", todo=todo)


def _named_key(message: str) -> list[str]:
    """Give the key at the head of the message of a check over the whole file: "meters.a.analyzer = 'b' is ..."."""
    named = re.match(rf"^({_NAME}(?:\.{_NAME})*) = ", message)
    return _names(named.group(1)) if named else []


def line_of(text: str, keys: list[str]) -> int:
    """Give the number of the line that defines `keys` (table path and key), or of the nearest table above it."""
    best = 1
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = _names(header.group(1))
            if keys[: len(table)] == table:
                best = number
            elif keys and table[: len(keys)] == keys and best == 1:
                best = number  # [modem.m] is where 'modem' comes from
            continue
        name = _KEY.match(line)
        if name and keys[: len(table)] == table:
            rest = [key for key in keys[len(table) :] if not key.isdigit()]
            if rest and _names(name.group(1)) == rest[: len(_names(name.group(1)))]:
                return number
    return best


_NAME = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_HEADER = re.compile(rf"^\s*\[+\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*\]+")
_KEY = re.compile(rf"^\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")


def _names(dotted: str) -> list[str]:
    """Give the parts of a dotted TOML key, quotes taken off."""
    return [part.strip("\"'") for part in re.findall(_NAME, dotted)]


def _known_keys(model: type[BaseModel], path: list[str]) -> list[str]:
    """Give the keys allowed at `path`, following models inside dictionaries, lists and unions."""
    current: Any = model
    for part in path:
        fields = getattr(current, "model_fields", None)
        annotation = fields[part].annotation if fields and part in fields else None
        inner = _inner_model(annotation)
        if inner is not None:
            current = inner
        elif annotation is not None:
            return []
    return list(getattr(current, "model_fields", {}))


def _inner_model(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        inner = _inner_model(argument)
        if inner is not None:
            return inner
    return None
