"""The PLC section of a report: numbers become text with a unit, here and nowhere else."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from plc_tool import checks
from plc_tool.rules.snr_rule import SnrLimit, snr_counts
from plc_tool.section import ModemRecord, PlcErrors, PlcLink, PlcMap, PlcPoint
from plc_tool.work.evaluation import Evaluation
from v2g_tool.model.carriers import GROUP
from v2g_tool.model.plc import Band, ErrorRates, LinkMap, Spectrum, Tier
from v2g_tool.model.quantified import quantified

MOST_MAPS = 50
"""A report carries so many maps; a long capture, or somebody who invents vehicles, may hold thousands."""


def plc_section(target: str, source: str, evaluation: Evaluation, limit: SnrLimit, rounds: int) -> PlcLink:
    """Give the section for the modem `target`, measured in `rounds` through an interface or a capture."""
    count = next(iter(snr_counts(evaluation.maps, limit)), None)
    tier = next((f for f in evaluation.findings if f.check == checks.TIER.id), None)
    primary = evaluation.primary
    return PlcLink(
        target=target,
        interface=source,
        tier=int(primary.tier) if primary is not None and (primary.spectrum or primary.errors) else 0,
        limit=quantified(limit.snr_db, "dB", 1),
        judged=count.carriers - count.undecided if count is not None else 0,
        below=count.below if count is not None else 0,
        modems=tuple(
            ModemRecord(mac=i.mac, maker=i.maker, chip=i.chip, firmware=i.firmware)
            for i in evaluation.observation.identities
        ),
        maps=tuple(_map(link) for link in (*evaluation.maps, *evaluation.others)[:MOST_MAPS]),
        statement=(tier.statement if tier is not None else "") + _rounds(rounds) + _left_out(evaluation),
    )


def _left_out(evaluation: Evaluation) -> str:
    more = len(evaluation.maps) + len(evaluation.others) - MOST_MAPS
    return f" {more} more maps are in the frames." if more > 0 else ""


def _rounds(rounds: int) -> str:
    return f" A watch of {rounds} maps; the worst one is judged." if rounds > 1 else ""


def _map(link: LinkMap) -> PlcMap:
    return PlcMap(
        tier=int(link.tier),
        title=link.tier.title,
        quantity=link.quantity,
        unit="dB",
        reporter=link.reporter,
        peer=link.peer,
        rows=len(link.spectrum.rows) if link.spectrum is not None else 0,
        mask=link.mask_id,
        flags=tuple(link.flags),
        points=_points(link.spectrum, link.tier) if link.spectrum is not None else (),
        errors=_errors(link.errors) if link.errors is not None else None,
    )


def _points(spectrum: Spectrum, tier: Tier) -> tuple[PlcPoint, ...]:
    """Give the groups of a map; a map per carrier is drawn together by 16, as SLAC does."""
    size = 1 if tier is Tier.ATTENUATION else GROUP
    columns = spectrum.columns()
    return tuple(
        _point(spectrum.points[at : at + size], [v for column in columns[at : at + size] for v in column])
        for at in range(0, len(columns), size)
    )


def _point(bands: Sequence[Band], values: Sequence[float]) -> PlcPoint:
    numbers = (statistics.median(values), min(values), max(values)) if values else None
    median, lowest, highest = (f"{n:.1f}" for n in numbers) if numbers else ("", "", "")
    return PlcPoint(
        low_mhz=f"{bands[0].low_hz / 1e6:.3f}",
        high_mhz=f"{bands[-1].high_hz / 1e6:.3f}",
        median=median,
        lowest=lowest,
        highest=highest,
    )


def _errors(rates: ErrorRates) -> PlcErrors:
    return PlcErrors(
        blocks=rates.blocks,
        block_error_ratio=_ratio(rates.block_error_ratio),
        bit_error_ratio=_ratio(rates.bit_error_ratio),
        mpdu_error_ratio=_ratio(rates.mpdu_error_ratio),
        interval=quantified(rates.seconds, "s", 1),
    )


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
