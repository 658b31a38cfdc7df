"""Names as OpenSSL compares them, and its hash of them (X509_NAME_hash) for files named HASH.0, HASH.1 and on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

_TEXTS: Mapping[int, str] = {
    12: "utf-8",
    19: "latin-1",
    20: "latin-1",
    22: "latin-1",
    26: "latin-1",
    28: "utf-32-be",
    30: "utf-16-be",
}
"""Tags of the kinds of text that are compared in small letters (ASN1_MASK_CANON), with their encodings."""
_UTF8, _SEQUENCE, _SET = 12, 16, 17
_Element = tuple[int, int, int, bytes, bytes, bytes]


def canonical(name: bytes) -> bytes | None:
    """Give a distinguished name (DER) in the form in which two spellings of it are the same; None for no name."""
    try:
        parts = [sorted(_canonical(attribute) for attribute in _inside(each)) for each in _inside(_first(name))]
    except (ValueError, IndexError):
        return None
    return b"".join(_made(1, _SET, b"".join(part)) for part in parts)


def subject_hash(name: bytes) -> str:
    """Give the hash of a name in its canonical form, in hex."""
    digest = hashlib.sha1(name, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def _canonical(attribute: _Element) -> bytes:
    """Give an attribute with its text in small ASCII letters and single blanks, as UTF8String."""
    kind, value = _inside(attribute)
    whole = value[3] + value[4] + value[5]
    if value[0] == 0 and value[2] in _TEXTS:
        text = value[4].decode(_TEXTS[value[2]]).encode()
        whole = _made(0, _UTF8, b" ".join(text.lower().split()))
    return _made(1, _SEQUENCE, kind[3] + kind[4] + whole)


def _inside(element: _Element) -> Iterator[_Element]:
    rest = element[4]
    while rest:
        yield (found := _first(rest))
        rest = rest[len(found[3]) + len(found[4]) + len(found[5]) :]


def _first(data: bytes) -> _Element:
    from asn1crypto import parser

    found: _Element = parser.parse(data)
    return found


def _made(method: int, tag: int, content: bytes) -> bytes:
    from asn1crypto import parser

    return bytes(parser.emit(0, method, tag, content))
