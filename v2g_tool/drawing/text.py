"""Text that came from outside, made harmless before a person sees it."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
"""Unicode categories that move a cursor, reorder a line or show nothing: control, format, private, surrogate."""


def encodable(text: str, encoding: str) -> bool:
    """Give whether an encoding, known or not, has all characters of a text."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def plain(text: str) -> str:
    """Give `text` on one line, with each character that is no visible text replaced by "?".

    An instrument's answer or a foreign report could otherwise hide or rewrite what a terminal shows.
    """
    if text.isprintable():
        return text
    flat = re.sub(r"\s+", " ", text)
    return "".join("?" if unicodedata.category(char) in _UNSEEN else char for char in flat)
