"""Text that came from outside, made harmless before a person sees it."""

from __future__ import annotations

import re

_OURS = "✓✔🗸✅☑√✗✘🗴❌✖"
"""Signs that stand before our own verdicts, and those that look like them."""


def encodable(text: str, encoding: str) -> bool:
    """Give whether an encoding, known or not, has all characters of a text."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def plain(text: str) -> str:
    """Give `text` on one line, with "?" for each character that is no visible text, or a sign of our own verdicts.

    An instrument's answer or a foreign report could otherwise hide or rewrite what a terminal shows, or look like a
    verdict of ours where a line is broken.
    """
    flat = text if text.isprintable() else re.sub(r"\s+", " ", text)
    return "".join(char if char.isprintable() and char not in _OURS else "?" for char in flat)
