"""Values of a foreign JSON text, of the type that is wanted or None: nothing absent ever becomes a number."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import NoReturn

_EXACT = 2**53
"""Beyond this a JSON number of iperf3 (a double) is no exact count any more."""


def parsed(text: str) -> Mapping[str, object] | None:
    """Give the object that `text` is, None if it is none. NaN and infinity are no JSON."""
    try:
        answer = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def table(holder: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Give the object under `key`, an empty one if there is none."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def tables(holder: Mapping[str, object], key: str) -> Sequence[Mapping[str, object]]:
    """Give the objects in the array under `key`."""
    value = holder.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def real(holder: Mapping[str, object], key: str) -> float | None:
    """Give the finite number under `key`."""
    value = holder.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def whole(holder: Mapping[str, object], key: str) -> int | None:
    """Give the whole number under `key`, which may be negative."""
    number = real(holder, key)
    if number is None or not number.is_integer() or abs(number) > _EXACT:
        return None
    return int(number)
