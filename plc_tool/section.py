"""The PLC part of a report: the maps of a link, as text with units, and what the 10 dB rule made of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from v2g_tool.model.base import Model
from v2g_tool.model.quantified import Quantified
from v2g_tool.model.section import Column, Section, Table

Decimal = Annotated[str, Field(pattern=r"^(-?[0-9]+(\.[0-9]+)?)?$")]
"""A number as text, "" where nothing was measured."""
MOST_MAPS = 12
"""So many maps fit on a page; the report holds more."""


class ModemRecord(Model):
    """A modem as it identified itself."""

    mac: str
    maker: str
    chip: str
    firmware: str


class PlcErrors(Model):
    """Error rates of a link between two polls of its counters, "" where nothing was counted."""

    blocks: int
    block_error_ratio: str
    bit_error_ratio: str
    mpdu_error_ratio: str
    interval: Quantified


class PlcPoint(Model):
    """One part of the frequency axis in MHz with median, lowest and highest value over its carriers and the rows."""

    low_mhz: Decimal
    high_mhz: Decimal
    median: Decimal
    lowest: Decimal
    highest: Decimal


class PlcMap(Model):
    """One map: how it was measured, by whom, towards whom, and its values in groups of 16 carriers."""

    tier: int
    title: str
    quantity: str
    unit: str
    reporter: str
    peer: str
    rows: int
    mask: str
    flags: tuple[str, ...]
    points: tuple[PlcPoint, ...]
    errors: PlcErrors | None = None


class PlcLink(Section):
    """The maps of a link, and what the 10 dB rule made of them.

    Attributes:
        interface: the Ethernet interface, or the name of the capture file.
        tier: the rung that the verdict rests on, 0 when nothing was measured.
        limit: the SNR limit.
        judged: carriers that were judged against the limit; 0 where it could not be judged.
        below: how many of them are below it in at least one row.
    """

    kind: Literal["plc"] = "plc"
    interface: str
    tier: int
    limit: Quantified
    judged: int
    below: int
    modems: tuple[ModemRecord, ...]
    maps: tuple[PlcMap, ...]

    def tables(self) -> tuple[Table, ...]:
        """Give the maps, the most telling first."""
        left = len(self.maps) - MOST_MAPS
        columns = (
            Column("Tier", numeric=True),
            Column("Measured"),
            Column("By"),
            Column("Towards"),
            Column("Rows", numeric=True),
            Column("dB", numeric=True),
        )
        title = f"PLC maps through {self.interface}, dB from the lowest to the highest value"
        rows = tuple(_map(link) for link in self.maps[:MOST_MAPS])
        return (Table(title, columns, rows, f"and {left} more maps, see report.json" if left > 0 else ""),)


def _map(link: PlcMap) -> tuple[str, ...]:
    values = [float(v) for p in link.points for v in (p.lowest, p.highest) if v]
    span = f"{min(values):.0f} to {max(values):.0f}" if values else ", ".join(link.flags) or "-"
    return str(link.tier), link.quantity, link.reporter, link.peer or "all", str(link.rows), span
