"""A number as a report carries it: text beside its unit, so that every reader sees the same digits."""

from __future__ import annotations

from pydantic import Field

from v2g_tool.model.base import Model


class Quantified(Model):
    """A number as text, with its unit: {"value": "0.42", "unit": "%"}."""

    value: str = Field(pattern=r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$")
    unit: str


def quantified(value: float, unit: str, digits: int) -> Quantified:
    """Give `value` with `digits` decimals and its unit; minus zero is written as zero."""
    text = f"{value:.{digits}f}"
    return Quantified(value=text[1:] if float(text) == 0 and text.startswith("-") else text, unit=unit)
