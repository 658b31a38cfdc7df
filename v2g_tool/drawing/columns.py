"""Many values in few columns. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def in_columns(items: Sequence[Item], most: int) -> list[Sequence[Item]]:
    """Give the items in order as at most `most` groups of nearly equal size, none of them empty."""
    columns = min(len(items), max(most, 0))
    ends = [len(items) * at // columns for at in range(columns + 1)] if columns else []
    return [items[start:end] for start, end in itertools.pairwise(ends)]
