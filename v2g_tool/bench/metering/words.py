"""How numbers and text become 16-bit Modbus words, written for the bench alone.

Bytes inside a word are always big-endian (Modbus application protocol V1.1b3, 4.2); the order of
the words of one value is the device's choice.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence


def u16(number: int) -> int:
    """Give the word of a signed or unsigned 16-bit number."""
    return number & 0xFFFF


def s16(word: int) -> int:
    """Give the signed number in a word."""
    return word - 0x10000 if word & 0x8000 else word


def split(number: int, count: int) -> list[int]:
    """Give the words of an integer, most significant word first."""
    return [number >> 16 * place & 0xFFFF for place in reversed(range(count))]


def joined(words: Sequence[int]) -> int:
    """Give the unsigned integer of words, most significant word first."""
    number = 0
    for word in words:
        number = number << 16 | word
    return number


def joined_signed(words: Sequence[int]) -> int:
    """Give the signed integer of words, most significant word first."""
    number, bits = joined(words), 16 * len(words)
    return number - (1 << bits) if number >> (bits - 1) else number


def float32(number: float) -> list[int]:
    """Give the two words of an IEEE 754 single, most significant word first."""
    high, low = struct.unpack(">HH", struct.pack(">f", number))
    return [high, low]


def float32_low_first(number: float) -> list[int]:
    """Give the two words of an IEEE 754 single, least significant word first."""
    return float32(number)[::-1]


def text(content: str, count: int) -> list[int]:
    """Give ASCII text as words, two characters a word, padded with NUL."""
    raw = content.encode("ascii")[: 2 * count].ljust(2 * count, b"\0")
    return list(struct.unpack(f">{count}H", raw))
