"""The few lines of DER (X.690) and PEM (RFC 7468) that the bench writes itself."""

from __future__ import annotations

import base64


def tlv(tag: int, content: bytes) -> bytes:
    """Give one value: tag, length, content."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def contents(der: bytes) -> bytes:
    """Give what stands inside of one value."""
    begin, end = _span(der)
    return der[begin:end]


def elements(der: bytes) -> list[bytes]:
    """Give the values that stand inside of one value."""
    rest, found = contents(der), []
    while rest:
        end = _span(rest)[1]
        found.append(rest[:end])
        rest = rest[end:]
    return found


def _span(der: bytes) -> tuple[int, int]:
    """Give begin and end of what stands inside of the first value."""
    if der[1] < 0x80:
        return 2, 2 + der[1]
    begin = 2 + (der[1] & 0x7F)
    return begin, begin + int.from_bytes(der[2:begin], "big")


def encoded_oid(dotted: str) -> bytes:
    """Give an object identifier."""
    first, second, *others = map(int, dotted.split("."))
    return tlv(0x06, b"".join(map(_base_128, (40 * first + second, *others))))


def encoded_integer(number: int) -> bytes:
    """Give an integer that is not negative."""
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _base_128(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(0x80 | number & 0x7F)
    return bytes(reversed(octets))


def pem(kind: str, der: bytes) -> bytes:
    """Give a value as text, between its BEGIN and END lines."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""]).encode()
