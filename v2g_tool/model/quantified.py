"""A number as a report carries it: text beside its unit, so that every reader sees the same digits."""

from __future__ import annotations

from pydantic import Field

from v2g_tool.model.base import Model

_WIDEST = 10
"""Digits of an error; a longer one is a fault."""


class Quantified(Model):
    """A number as text, with its unit: {"value": "0.42", "unit": "%"}."""

    value: str = Field(pattern=r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$")
    unit: str


def quantified(value: float, unit: str, digits: int) -> Quantified:
    """Give `value` with `digits` decimals and its unit; minus zero is written as zero."""
    text = f"{value:.{digits}f}"
    return Quantified(value=text[1:] if float(text) == 0 and text.startswith("-") else text, unit=unit)


def number(quantity: Quantified | None, otherwise: str = "unknown") -> str:
    """Give the number with its unit, or what stands for one that is not known."""
    return f"{quantity.value} {quantity.unit}" if quantity is not None else otherwise


def with_uncertainty(error: Quantified, uncertainty: Quantified | None) -> str:
    """Give a signed error ± its uncertainty; one of absurd size as a power of ten, for its size is all that counts."""
    if len(error.value) > _WIDEST:
        return f"{float(error.value):+.1e} {error.unit}"
    signed = error.value if error.value.startswith("-") else f"+{error.value}"
    if uncertainty is None:
        return f"{signed} {error.unit}"
    unit = f" {error.unit}" if uncertainty.unit != error.unit else ""
    return f"{signed}{unit} ± {number(uncertainty)}"
