"""The PLC part of a report: the maps of a link, as text with units, and what the 10 dB rule made of them."""

from __future__ import annotations

from v2g_tool.model.base import Model
from v2g_tool.model.quantified import Quantified


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

    low_mhz: str
    high_mhz: str
    median: str
    lowest: str
    highest: str


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


class PlcLink(Model):
    """The PLC section of a report.

    Attributes:
        target: the modem of the site file.
        interface: the Ethernet interface, or the name of the capture file.
        tier: the rung that the verdict rests on, 0 when nothing was measured.
        limit: the SNR limit.
        judged: carriers that were judged against the limit; 0 where it could not be judged.
        below: how many of them are below it in at least one row.
        statement: what was measured and what not, in one sentence.
    """

    target: str
    interface: str
    tier: int
    limit: Quantified
    judged: int
    below: int
    modems: tuple[ModemRecord, ...]
    maps: tuple[PlcMap, ...]
    statement: str
