"""The first question about a link: is its attenuation raised, are its errors, both, or none? Pure.

                attenuation normal   attenuation raised
errors normal   ok                   cable-coupling
errors raised   noise-EMI            cable and EMI
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Literal

from plc_tool.rules.cause import Limit, number
from plc_tool.rules.error_rates import FEWEST_BLOCKS, qpsk_es_n0_db
from plc_tool.rules.paired_tests import wilson
from v2g_tool.model.findings import Evidence
from v2g_tool.model.plc import ErrorRates, LinkMap, Tier

Level = Literal["normal", "raised", "unknown"]
Class = Literal["ok", "cable-coupling", "noise-EMI", "cable and EMI", "unknown"]

ATTENUATION_DB = 24.0
"""Median over the groups. Working links read 15-19 dB raw on average in public captures; 5 dB more is not usual."""
BIT_ERRORS_DB = Limit(usual=12.0, named=10.0)
"""Es/N0 at which QPSK has as many bit errors: real links had 11.4-13 dB; below 10 dB the manual expects drops."""
LOST_BLOCKS = Limit(usual=0.0, named=0.01)
"""Ratio of blocks that stayed wrong, at the lower end of its 95 % interval; real links lost none."""

_CLASSES: dict[tuple[Level, Level], Class] = {
    ("normal", "normal"): "ok",
    ("raised", "normal"): "cable-coupling",
    ("normal", "raised"): "noise-EMI",
    ("raised", "raised"): "cable and EMI",
}


@dataclass(frozen=True)
class LinkClass:
    """Where a link stands in the table of attenuation and errors, with one sentence that says why."""

    attenuation: Level
    errors: Level
    name: Class
    statement: str


def classify(link: LinkMap) -> LinkClass:
    """Give the class of a link; `unknown` where its map holds no attenuation or too few blocks were counted."""
    attenuation, level_text = _attenuation(link)
    errors = _errors(link)
    name = _CLASSES.get((attenuation, errors), "unknown")
    errors_text = error_text(link.errors) if link.errors is not None else "no blocks were counted"
    return LinkClass(attenuation, errors, name, f"{level_text}; {errors_text}: {name}.")


def _attenuation(link: LinkMap) -> tuple[Level, str]:
    values = [v for v in link.spectrum.medians() if v is not None] if link.spectrum else []
    if link.tier is not Tier.ATTENUATION or not values:
        return "unknown", "The attenuation was not measured"
    middle = median(values)
    level: Level = "raised" if middle >= ATTENUATION_DB else "normal"
    return level, f"The attenuation is {level} (median {middle:.0f} dB, limit {ATTENUATION_DB:g} dB)"


def _errors(link: LinkMap) -> Level:
    if link.errors is None or link.errors.blocks < FEWEST_BLOCKS:
        return "unknown"
    return "raised" if error_confidence(link.errors) >= 0.5 else "normal"


def error_confidence(errors: ErrorRates) -> float:
    """Give how sure it is that there are more errors than on a working link, 0..1; 0 with less than 100 blocks."""
    if errors.blocks < FEWEST_BLOCKS:
        return 0.0
    lost = LOST_BLOCKS.confidence(wilson(errors.block_error_ratio or 0.0, errors.blocks).low)
    ratio = errors.bit_error_ratio or 0.0
    es_n0_db = qpsk_es_n0_db(ratio) if ratio < 0.5 else 0.0
    return max(lost, 0.0 if es_n0_db is None else BIT_ERRORS_DB.confidence(es_n0_db))


def error_text(errors: ErrorRates) -> str:
    """Give the error ratios as the beginning of a sentence."""
    lost = f"{100 * errors.block_error_ratio:.2g} %" if errors.block_error_ratio is not None else "an unknown part"
    ratio = errors.bit_error_ratio
    es_n0_db = qpsk_es_n0_db(ratio) if ratio is not None else None
    bits = "" if ratio is None else f", bit error ratio {ratio:.1e} before decoding"
    like = "" if es_n0_db is None else f" (QPSK at {es_n0_db:.1f} dB Es/N0)"
    return f"{lost} of {errors.blocks} blocks were lost{bits}{like}"


def error_evidence(errors: ErrorRates) -> tuple[Evidence, ...]:
    """Give the error ratios as evidence, with the limits that make them raised."""
    es_n0_db = qpsk_es_n0_db(errors.bit_error_ratio or 0.0)
    counted = (
        number("blocks lost", f"{errors.block_error_ratio or 0.0:.2g}", "1", f"{LOST_BLOCKS.named:g}", "VS_LNK_STATS"),
        number("bit error ratio before decoding", f"{errors.bit_error_ratio or 0.0:.2g}", "1", "", "indicative"),
    )
    if es_n0_db is None:
        return counted
    return (*counted, number("Es/N0 of QPSK with that ratio", f"{es_n0_db:.1f}", "dB", f"{BIT_ERRORS_DB.named:g} dB"))
