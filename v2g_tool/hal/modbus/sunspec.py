"""SunSpec: the chain of models, scale factors and not-implemented values (SunSpec Device Information Model 1.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from v2g_tool.errors import Implausible, Refused
from v2g_tool.hal.modbus.exchange import Exchange
from v2g_tool.hal.modbus.registers import text
from v2g_tool.model.profiles.inverter import SunSpecPoint
from v2g_tool.model.profiles.meter import WIDTHS

MARK = (0x5375, 0x6E53)
"""The letters SunS."""
END = 0xFFFF
MAX_MODELS = 64

NOT_IMPLEMENTED: Mapping[str, int] = {
    "u16": 0xFFFF,
    "s16": -0x8000,
    "u32": 0xFFFFFFFF,
    "s32": -0x80000000,
    "u64": 0xFFFFFFFFFFFFFFFF,
    "s64": -0x8000000000000000,
    "sf": -0x8000,
}


@dataclass(frozen=True)
class Block:
    """One model in the device: the wire address of its id register, and the length behind id and length."""

    model: int
    address: int
    length: int


def discover(exchange: Exchange, bases: Sequence[int]) -> dict[int, Block]:
    """Give the first block of each model in the device; raises Implausible when it speaks no SunSpec."""
    base = next((base for base in bases if _marked(exchange, base)), None)
    if base is None:
        raise Implausible(
            f"{exchange.name} at {exchange.link.where} speaks no SunSpec: 'SunS' is at none of {list(bases)}",
            todo="Check address, unit number and that SunSpec is enabled in the inverter.",
        )
    blocks: dict[int, Block] = {}
    address = base + len(MARK)
    for _ in range(MAX_MODELS):
        model = exchange.read(3, address, 1)[0]
        if model == END:
            return blocks
        length = exchange.read(3, address + 1, 1)[0]
        if length == 0 or address + 2 + length > 65535:
            break
        blocks.setdefault(model, Block(model, address, length))
        address += 2 + length
    raise Implausible(
        f"the SunSpec models of {exchange.name} form no chain that ends", todo="Update the inverter's firmware."
    )


def raw(point: SunSpecPoint, words: Sequence[int]) -> int | None:
    """Give the unscaled number of a point from its model's words (id register first), None if not implemented.

    A point behind the end of a model that is shorter than its definition is not implemented either.
    """
    kind = "s16" if point.type == "sf" else point.type
    if point.offset + WIDTHS[kind] > len(words):
        return None
    content = b"".join(w.to_bytes(2, "big") for w in words[point.offset : point.offset + WIDTHS[kind]])
    value = int.from_bytes(content, "big", signed=kind.startswith("s"))
    return None if value == NOT_IMPLEMENTED[point.type] else value


def value(name: str, points: Mapping[str, SunSpecPoint], words: Sequence[int]) -> float | None:
    """Give a point in its unit, scaled with the factor of the same read; None if either is not implemented."""
    point = points[name]
    number = raw(point, words)
    if number is None or not point.sf:
        return number
    exponent = raw(points[point.sf], words)
    if exponent is None or not -10 <= exponent <= 10:
        return None
    return number * float(10.0**exponent)


def point_text(point: SunSpecPoint, words: Sequence[int]) -> str:
    """Give the text of a string point."""
    return text(words[point.offset : point.offset + (point.words or 1)])


def read_model(exchange: Exchange, block: Block) -> tuple[int, ...]:
    """Give the words of a whole model, id register first, in as few requests as 125 registers allow."""
    words: list[int] = []
    total = 2 + block.length
    while len(words) < total:
        words += exchange.read(3, block.address + len(words), min(125, total - len(words)))
    return tuple(words)


def _marked(exchange: Exchange, base: int) -> bool:
    try:
        return exchange.read(3, base, len(MARK)) == MARK
    except Refused:
        return False
