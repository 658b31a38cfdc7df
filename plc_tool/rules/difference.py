"""Compares two maps of one link, before and after something was changed: a ferrite fitted, a drive switched off. Pure.

The parts of the spectrum are groups of 16 active carriers, as in SLAC. A part is tested with the repetitions that its
map really holds:

- Sounds (tier 3) repeat the same measurement at different moments, so those before are ranked against those after
  (Mann-Whitney), for each group on its own. What shifts a whole sound at once, such as an impulse, is then spread.
- Tone-map slots and intervals (tiers 1 and 2) are different parts of the mains cycle and repeat nothing. There each
  carrier is compared with itself, its mean over the rows before and after, and the ups and downs are counted (paired
  sign test): over the 16 carriers of a group, and over the means of the groups for the whole spectrum. Neighbouring
  carriers share the cable but not their noise.

All groups and the whole spectrum together are one family of tests, adjusted after Holm: of twenty comparisons of
unchanged links, at most one names any change.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, median
from typing import Literal

from plc_tool.rules.cause import mhz
from plc_tool.rules.error_rates import FEWEST_BLOCKS
from plc_tool.rules.paired_tests import (
    Interval,
    holm,
    mean_interval,
    proportion_change,
    rank_sum_test,
    shift,
    sign_test,
    wilson,
)
from v2g_tool.errors import RequestError
from v2g_tool.model.carriers import GROUP
from v2g_tool.model.plc import Band, ErrorRates, LinkMap, Row, Spectrum, Tier

Word = Literal["better", "worse", "unchanged"]
"""`unchanged` is short for: no change was shown."""

SIGNIFICANCE = 0.05
SMALLEST_DB = {Tier.MODEM_SNR: 1.0, Tier.BIT_LOADING: 2.0, Tier.ATTENUATION: 1.0}
"""Smaller changes are not named: values come in steps of 1 dB, bit-loading floors in steps of 2 to 6 dB, and all
estimates of one map share an error of some tenths."""
FEWEST_SOUNDS = 4
"""Two samples of three are never far enough apart for the rank test to say anything."""
_GROUPS_AS_UNITS = 6
"""From so many groups on, the means of the groups are counted, not their carriers."""
_NAMED = 3
"""So many parts of the spectrum the sentence names; the others are in `regions`."""


@dataclass(frozen=True)
class Change:
    """What changed in one part of the spectrum.

    Attributes:
        band: the part.
        gain: by how many dB the link got better (SNR up, attenuation down), with the 95 % interval of this part alone.
        p_value: adjusted for all parts of the comparison; of a region, the largest of its groups.
        verdict: better or worse only where the adjusted p-value is at most 0.05 and the gain not below `SMALLEST_DB`.
    """

    band: Band
    gain: Interval
    p_value: float
    verdict: Word


@dataclass(frozen=True)
class ErrorChange:
    """What changed in an error ratio: both values (0..1) and the rise with its 95 % interval."""

    name: str
    before: float
    after: float
    rise: Interval
    verdict: Word


@dataclass(frozen=True)
class Difference:
    """The comparison of two maps of one link.

    Attributes:
        quantity: what was compared, `SNR`, `attenuation` or `error rates`.
        verdict: of spectrum and error ratios together; `mixed` when something got better and something else worse.
        sentence: what got better, where and by how much.
        whole: the change over the whole spectrum; None where only error rates were compared.
        regions: neighbouring groups that changed alike, ascending in frequency.
        errors: error ratios that both maps hold.
        method: which test was used, and why.
    """

    quantity: str
    verdict: Literal["better", "worse", "mixed", "unchanged"]
    sentence: str
    whole: Change | None
    regions: tuple[Change, ...]
    errors: tuple[ErrorChange, ...]
    method: str


def difference(before: LinkMap, after: LinkMap) -> Difference:
    """Give what changed from one map of a link to another.

    Raises:
        RequestError: the maps differ in quantity, tier, carrier mask or points, or one of them holds no measurement.
    """
    _comparable(before, after)
    errors = _error_changes(before.errors, after.errors)
    if before.spectrum is None or after.spectrum is None:
        verdict = _together(change.verdict for change in errors)
        return Difference("error rates", verdict, _sentence("", None, (), errors), None, (), errors, _COUNTS)
    pair = _Pair.of(before, before.spectrum, after.spectrum)
    whole, groups = _tested(pair)
    regions = _regions(pair, groups)
    verdict = _together((whole.verdict, *(r.verdict for r in regions), *(e.verdict for e in errors)))
    sentence = _sentence(before.quantity, whole, regions, errors) + _blind_spot(before, after)
    if before.tier is Tier.ATTENUATION and (regions or whole.verdict != "unchanged"):
        sentence += _ENERGY
    method = _RANKS if pair.repeated else _SIGNS
    return Difference(before.quantity, verdict, sentence, whole, regions, errors, method)


_RANKS = (
    "Mann-Whitney test over the sounds, which are independent repetitions, for each group of carriers; "
    "adjusted for all groups after Holm."
)
_SIGNS = (
    "Paired sign test: each carrier against itself, over the carriers of a group, because the rows are no repetitions; "
    "adjusted for all groups after Holm."
)
_ENERGY = " A modem measures energy: where noise went away, it reads more attenuation, and less where noise came."
_COUNTS = "Newcombe interval of the difference of two proportions; all bits of a block count as one trial."


def _comparable(before: LinkMap, after: LinkMap) -> None:
    todo = "Measure both maps in the same way, on the same modems."
    if before.tier is not after.tier:
        what = f"A map of {before.tier.title} can not be compared with a map of {after.tier.title}."
        raise RequestError(what, why="They measure different quantities.", todo=todo)
    for link, when in ((before, "before"), (after, "after")):
        if link.spectrum is None and (link.tier is not Tier.ERROR_RATE or link.errors is None):
            flags = ", ".join(link.flags) or "no values"
            raise RequestError(f"The map {when} the change holds no measurement ({flags}).", todo=todo)
    points = [link.spectrum and link.spectrum.points for link in (before, after)]
    if before.mask_id != after.mask_id or points[0] != points[1]:
        what = f"The maps lie on different carriers: mask {before.mask_id} and mask {after.mask_id}."
        raise RequestError(what, todo="Evaluate both with the same carrier mask.")
    if "reported-mean" in {*before.flags} ^ {*after.flags}:
        what = "One map holds what a charger reported, the other what a modem measured."
        raise RequestError(what, why="A charger reports after corrections that nobody knows.", todo=todo)


@dataclass(frozen=True)
class _Pair:
    """Two spectra on the same points; `gain_sign` is 1 where more is better, `group` how many points are a group."""

    points: tuple[Band, ...]
    before: tuple[Row, ...]
    after: tuple[Row, ...]
    gain_sign: int
    smallest_db: float
    repeated: bool
    group: int

    @classmethod
    def of(cls, link: LinkMap, before: Spectrum, after: Spectrum) -> _Pair:
        attenuation = link.tier is Tier.ATTENUATION
        repeated = attenuation and min(len(before.rows), len(after.rows)) >= FEWEST_SOUNDS
        sign, group = (-1, 1) if attenuation else (1, GROUP)
        return cls(before.points, before.rows, after.rows, sign, SMALLEST_DB[link.tier], repeated, group)

    def groups(self) -> list[range]:
        count = len(self.points)
        return [range(at, min(at + self.group, count)) for at in range(0, count, self.group)]

    def band(self, part: range) -> Band:
        return Band(self.points[part[0]].low_hz, self.points[part[-1]].high_hz)

    def compare(self, part: range) -> tuple[float, Interval]:
        """Give the p-value of "nothing changed here" and the gain in dB."""
        return self._by_sounds(part) if self.repeated else self._by_carriers(part)

    def _by_sounds(self, part: range) -> tuple[float, Interval]:
        centres = {p: median(c) for p in part if (c := _column((*self.before, *self.after), p))}
        levels = [[_above(row, centres) for row in rows] for rows in (self.before, self.after)]
        one, other = ([self.gain_sign * v for v in side if v is not None] for side in levels)
        if not one or not other:
            return 1.0, Interval(0.0, -math.inf, math.inf)
        return rank_sum_test(one, other), shift(one, other)

    def _by_carriers(self, part: range) -> tuple[float, Interval]:
        gains = [
            (p, self.gain_sign * (fmean(b) - fmean(a)))
            for p in part
            if (a := _column(self.before, p)) and (b := _column(self.after, p))
        ]
        units = [gain for _, gain in gains]
        if len(part) >= _GROUPS_AS_UNITS * self.group:
            units = [fmean(g for _, g in of_group) for _, of_group in groupby(gains, lambda pg: pg[0] // self.group)]
        if not units:
            return 1.0, Interval(0.0, -math.inf, math.inf)
        return sign_test(units), mean_interval(units)


def _column(rows: Iterable[Row], point: int) -> list[float]:
    return [v for row in rows if (v := row.values[point]) is not None]


def _above(row: Row, centres: dict[int, float]) -> float | None:
    """Give by how much a row lies above the centres of some points, on average; None without values."""
    excess = [v - centre for p, centre in centres.items() if (v := row.values[p]) is not None]
    return fmean(excess) if excess else None


def _tested(pair: _Pair) -> tuple[Change, list[tuple[range, Change]]]:
    """Test the whole spectrum and each group as one family."""
    parts = [range(len(pair.points)), *pair.groups()]
    tests = [pair.compare(part) for part in parts]
    adjusted = holm([p for p, _ in tests])
    changes = [
        Change(pair.band(part), gain, p, _word(gain.value if p <= SIGNIFICANCE else 0.0, pair.smallest_db))
        for part, p, (_, gain) in zip(parts, adjusted, tests, strict=True)
    ]
    return changes[0], list(zip(parts[1:], changes[1:], strict=True))


def _regions(pair: _Pair, groups: Sequence[tuple[range, Change]]) -> tuple[Change, ...]:
    """Join neighbouring groups that changed alike, and estimate the gain of what they form."""
    regions = []
    for word, members in groupby(groups, lambda group: group[1].verdict):
        if word != "unchanged":
            parts, changes = zip(*members, strict=True)
            region = range(parts[0].start, parts[-1].stop)
            p_value = max(change.p_value for change in changes)
            regions.append(Change(pair.band(region), pair.compare(region)[1], p_value, word))
    return tuple(regions)


def _word(gain: float, smallest: float) -> Word:
    if abs(gain) < smallest:
        return "unchanged"
    return "better" if gain > 0 else "worse"


def _together(words: Iterable[Word]) -> Literal["better", "worse", "mixed", "unchanged"]:
    found = {*words} - {"unchanged"}
    if len(found) == 2:
        return "mixed"
    return found.pop() if found else "unchanged"


# Error ratios.


def _error_changes(before: ErrorRates | None, after: ErrorRates | None) -> tuple[ErrorChange, ...]:
    if before is None or after is None or min(before.blocks, after.blocks) < FEWEST_BLOCKS:
        return ()
    ratios = (
        ("blocks lost", before.block_error_ratio, after.block_error_ratio),
        ("bit errors before decoding", before.bit_error_ratio, after.bit_error_ratio),
    )
    return tuple(
        _error_change(name, one, other, before.blocks, after.blocks)
        for name, one, other in ratios
        if one is not None and other is not None
    )


def _error_change(name: str, before: float, after: float, trials: int, trials_after: int) -> ErrorChange:
    """Compare two ratios; bit errors come in bursts, so that a block is one trial for them too."""
    one, other = min(1.0, before), min(1.0, after)
    rise = proportion_change(wilson(one, trials), wilson(other, trials_after))
    shown = rise.low > 0 or rise.high < 0
    return ErrorChange(name, before, after, rise, _word(-rise.value if shown else 0.0, 1e-12))


# The sentence.


def _sentence(quantity: str, whole: Change | None, regions: Sequence[Change], errors: Sequence[ErrorChange]) -> str:
    parts = [_spectrum_text(quantity, whole, regions)] if whole else []
    return " ".join((*parts, *map(_error_text, errors))) or "Neither map counted enough blocks to compare error rates."


def _spectrum_text(quantity: str, whole: Change, regions: Sequence[Change]) -> str:
    if not regions and whole.verdict == "unchanged":
        return f"The {quantity} shows no change: {_amount(whole)} over the whole spectrum."
    if not regions:
        return f"The {quantity} got {whole.verdict} as a whole, by {_amount(whole)}, and in no part on its own."
    largest = sorted(regions, key=lambda region: -abs(region.gain.value) * (region.band.high_hz - region.band.low_hz))
    named = sorted(largest[:_NAMED], key=lambda region: region.band.low_hz)
    places = "; ".join(f"{region.verdict} by {_amount(region)} at {mhz(region.band)}" for region in named)
    rest = f"; and in {len(regions) - _NAMED} smaller parts" if len(regions) > _NAMED else ""
    return f"The {quantity} got {places}{rest}; elsewhere no change is shown."


def _amount(change: Change) -> str:
    """Say the size of a change; where one got worse, as a loss."""
    size = change.gain.reversed() if change.verdict == "worse" else change.gain
    return f"{size.value:.1f} dB (95 %: {size.low:.1f} to {size.high:.1f} dB)"


def _error_text(change: ErrorChange) -> str:
    verb = {"better": "fell", "worse": "rose", "unchanged": "show no change"}[change.verdict]
    text = f"{change.name.capitalize()} {verb}: {100 * change.before:.3g} % before, {100 * change.after:.3g} % after"
    low, high = 100 * change.rise.low, 100 * change.rise.high
    return f"{text} (95 % of the rise: {low:.2g} to {high:.2g} percentage points)."


def _blind_spot(before: LinkMap, after: LinkMap) -> str:
    """Say how much of the spectrum can not show a change because it is at the top of the constellation in both."""
    if before.ceiling_db is None or before.spectrum is None or after.spectrum is None:
        return ""
    lows = (before.spectrum.lowest(), after.spectrum.lowest())
    pairs = list(zip(*lows, strict=True))
    top = sum(all(v is not None and v >= (before.ceiling_db or 0) for v in pair) for pair in pairs)
    if top < len(pairs) / 10:
        return ""
    return f" {top} of {len(pairs)} carriers are at the top of the constellation in both maps and can show no change."
