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
    try:
        text = content.decode("utf-8-sig")
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as exc:  # not UTF-8, not TOML, or beyond what the reader takes
        raise RequestError(f"{what} {path} is not valid TOML: {exc}", todo="Correct the line that is named.") from exc
    try:
        return model.model_validate(raw)
    except ValidationError as exc:
        # A misspelt key is both unknown and missing: the misspelling is what the user can see.
        errors = sorted(exc.errors(), key=lambda error: error["type"] != "extra_forbidden")
        raise _request_error(path, text, what, model, errors[0]) from exc


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
            f"{where}: '{'.'.join(keys)}' is not a key of a {what}.{hint}",
            todo="Correct or remove the key.",
        )
    if error["type"] == "missing":
        return RequestError(f"{where}: '{'.'.join(keys)}' is missing in the {what}", todo="Add the key.")
    return RequestError(f"{where}: '{'.'.join(keys)}' of the {what}: {message}", todo="Correct the value.")


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
