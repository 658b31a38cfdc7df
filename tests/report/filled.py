"""Models and dataclasses in which every text is one and the same, whatever fields there are."""

from __future__ import annotations

import dataclasses
import re
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from v2g_tool.model.section import Section
from v2g_tool.register import all_sections

T = TypeVar("T")
NUMBER = "1.5"
PLAUSIBLE = (NUMBER, "a" * 64, "CAL-X")
"""Texts of which at least one fits the pattern of every field that has one."""


def filled(kind: type[T], text: str, **given: object) -> T:
    """Give a `kind` with `text` in every field that takes any text, and one entry in every tuple.

    What has a pattern gets a number where that fits, for numbers are computed with, and else a text that fits.
    """
    if issubclass(kind, BaseModel):
        values = {n: given.get(n, _value(f.annotation, text, _pattern(f))) for n, f in kind.model_fields.items()}
        return kind.model_construct(**values)
    hints = get_type_hints(kind)
    fields = {field.name: given.get(field.name, _value(hints[field.name], text)) for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**fields)


def filled_sections(text: str) -> tuple[Section, ...]:
    """Give a section of each kind that there is."""
    return tuple(filled(kind, text) for kind in all_sections())


def _pattern(field: FieldInfo) -> str:
    return next((found for rule in field.metadata if (found := getattr(rule, "pattern", None))), "")


@cache
def _plausible(pattern: str) -> str:
    return next(text for text in PLAUSIBLE if re.search(pattern, text))


def _value(kind: Any, text: str, pattern: str = "") -> Any:
    arguments, origin = get_args(kind), get_origin(kind)
    if origin is Annotated:
        return _value(arguments[0], text, pattern)
    if origin in (Union, UnionType):
        return _value(next(one for one in arguments if one is not NoneType), text, pattern)
    if origin is tuple:
        if arguments[0] is Section or get_args(arguments[0])[:1] == (Section,):
            return filled_sections(text)
        return tuple(_value(one, text, pattern) for one in arguments if one is not ...)
    if origin is Literal:
        return arguments[0]
    if kind is str:
        return _plausible(pattern) if pattern else text
    if issubclass(kind, Enum):
        return next(iter(kind))
    if issubclass(kind, (bool, int, float)):
        return kind(1)
    return filled(kind, text)
