"""The registers of a SunSpec inverter, written out from the model definitions (sunspec/models, models 1, 701, 704)."""

from __future__ import annotations

from .peers import Registers, ascii_at, words_at

MARK = "5375 6e53"  # SunS
END = "ffff 0000"


def common(address: int) -> dict[int, int]:
    """Model 1, 66 registers: maker, model, options, version, serial number, device address, pad."""
    return (
        words_at(address, "0001 0042")
        | dict.fromkeys(range(address + 2, address + 68), 0)
        | ascii_at(address + 2, "Example Works", 16)
        | ascii_at(address + 18, "V2G-22", 16)
        | ascii_at(address + 34, "-", 8)
        | ascii_at(address + 42, "3.1.0", 8)
        | ascii_at(address + 50, "INV-0815", 16)
        | words_at(address + 66, "0001 8000")
    )


def measured(address: int, power: str = "f448", reactive: str = "0064") -> dict[int, int]:
    """Model 701, 153 registers: W at 10, Var at 12, W_SF at 116, Var_SF at 119."""
    return (
        words_at(address, "02bd 0099")
        | dict.fromkeys(range(address + 2, address + 155), 0)
        | words_at(address + 10, power)
        | words_at(address + 12, reactive)
        | words_at(address + 116, "0000")
        | words_at(address + 119, "0000")
    )


def controls(address: int, scale: str = "0000", var_set: str = "0000 0000") -> dict[int, int]:
    """Model 704, 65 registers: active set point at 22 to 34, reactive at 35 to 48, scale factors from 53."""
    return (
        words_at(address, "02c0 0041")
        | dict.fromkeys(range(address + 2, address + 67), 0)
        #                       Ena  Mod  WSet      WSetRvrt  Pct  PctR EnaR RvrtTms   RvrtRem
        | words_at(address + 22, "0000 0000 0000 0000 0000 0000 03e8 0000 0000 0000 0000 0000 0000")
        #                       Ena  Mod  Pri  VarSet
        | words_at(address + 35, "0000 0000 0001 " + var_set)
        #                         Rvrt      Pct  PctR EnaR RvrtTms   RvrtRem
        | words_at(address + 40, "0000 0000 0000 0000 0000 0000 0000 0000 0000")
        | words_at(address + 55, scale)
        | words_at(address + 57, scale)
    )


def inverter(base: int = 40000, **differing: dict[int, int]) -> Registers:
    """The marker, models 1, 701 and 704 one behind the other, and the end."""
    first, second, third = base + 2, base + 70, base + 225
    image = words_at(base, MARK) | common(first) | measured(second) | controls(third) | words_at(third + 67, END)
    for words in differing.values():
        image |= words
    return Registers({3: image})


MEASURED_AT = 40070
CONTROLS_AT = 40225
