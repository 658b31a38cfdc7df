"""16-bit words to values and back; pure. A value that means "no value" becomes None, never a number.

Words are big-endian inside; `msw-first` puts the most significant word into the lower address
(Modbus Application Protocol V1.1b3 fixes only the byte order inside a word).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from v2g_tool.model.profiles.meter import Register

_FORMATS = {"u16": ">H", "s16": ">h", "u32": ">I", "s32": ">i", "u64": ">Q", "s64": ">q", "f32": ">f", "f64": ">d"}
_INTEGERS = frozenset({"u16", "s16", "u32", "s32", "u64", "s64"})


def raw_number(register: Register, words: Sequence[int], word_order: str) -> int | float | None:
    """Give the unscaled number in `words`, None for NaN, infinity or a declared invalid marker."""
    ordered = words if word_order == "msw-first" else list(reversed(words))
    number: int | float = struct.unpack(_FORMATS[register.type], b"".join(w.to_bytes(2, "big") for w in ordered))[0]
    if isinstance(number, float) and not math.isfinite(number):
        return None
    return None if number in register.invalid else number


def number(register: Register, words: Sequence[int], word_order: str) -> float | None:
    """Give the value in its SI unit, None if the device has none."""
    raw = raw_number(register, words, word_order)
    if raw is None:
        return None
    value = raw * register.scale
    return value if math.isfinite(value) else None


def text(words: Sequence[int]) -> str:
    """Give the ASCII text up to the first NUL, other characters replaced, blanks stripped."""
    content = b"".join(word.to_bytes(2, "big") for word in words).split(b"\0")[0]
    return content.decode("ascii", errors="replace").strip()


def words_of(register: Register, raw: int, word_order: str) -> tuple[int, ...]:
    """Give the words of a raw integer; raises ValueError if it does not fit."""
    if register.type not in _INTEGERS:
        raise ValueError(f"a {register.type} register is not written as an integer")
    try:
        content = struct.pack(_FORMATS[register.type], raw)
    except struct.error as exc:
        raise ValueError(f"{raw} does not fit a {register.type} register") from exc
    words = [int.from_bytes(content[i : i + 2], "big") for i in range(0, len(content), 2)]
    return tuple(words if word_order == "msw-first" else reversed(words))


def step(register: Register, value: float) -> float:
    """Give the size of one step of the register at `value`, in its SI unit (a float's step grows with the value)."""
    if register.type in _INTEGERS:
        return abs(register.scale)
    mantissa = 23 if register.type == "f32" else 52
    raw = abs(value / register.scale) or 1.0
    return float(2.0 ** (math.floor(math.log2(raw)) - mantissa) * abs(register.scale))
