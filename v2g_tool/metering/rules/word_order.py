"""What a measured value would be with its 16-bit words in the other order."""

from __future__ import annotations

import math
import struct

from v2g_tool.model.profiles.meter import Register

_FORMATS = {"u32": ">I", "s32": ">i", "f32": ">f", "u64": ">Q", "s64": ">q", "f64": ">d"}
_KILO = 1000.0


def is_wild(ratio: float) -> bool:
    """Tell whether a voltage ratio is beyond any wiring or transformer mistake: 20 times off and not by 1000."""
    size = abs(ratio)
    if not math.isfinite(size) or not 0.05 <= size <= 20:
        return not (abs(size / _KILO - 1) < 0.05 or abs(size * _KILO - 1) < 0.05)
    return False


def swapped_value(value: float, register: Register) -> float | None:
    """Give `value` (SI unit) decoded from exchanged words; None when it has one word or was never such a number.

    A mean of several whole numbers fills the low words with what the mean left over, so these are cleared.
    """
    form = _FORMATS.get(register.type)
    if form is None:
        return None
    raw = value / register.scale
    try:
        data = struct.pack(form, raw if form in (">f", ">d") else _high_word(raw, register.count))
    except (struct.error, OverflowError, ValueError):
        return None
    words = [data[i : i + 2] for i in range(0, len(data), 2)]
    decoded: float = struct.unpack(form, b"".join(reversed(words)))[0]
    return decoded * register.scale if math.isfinite(decoded) else None


def _high_word(raw: float, words: int) -> int:
    unit = 1 << (16 * (words - 1))
    return round(raw / unit) * unit
