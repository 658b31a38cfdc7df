"""Causes that show in the shape of a map: long cable, reflections, coupling loss, broad noise, saturation. Pure.

Every limit stands beside what is usual on working links. "Captures" are the public ones of seven chargers and test
benches; their raw attenuation was 15-19 dB on average, and 30 dB at one that corrects it by 10 dB.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles

from plc_tool import checks
from plc_tool.rules.cause import Cause, Limit, mhz, number
from plc_tool.rules.levels import Level, levels
from plc_tool.rules.shape import FEWEST_LEVELS, Line, Ripple, line, ripple
from v2g_tool.model.plc import Band, LinkMap, Spectrum, Tier

TOP_DB = 28.0
"""SNR that the largest constellation of HomePlug AV needs: more is not missed."""
COUPLING_DB = Limit(usual=17.0, named=24.0)
"""Attenuation at 2 MHz and in the lower quarter of the groups; captures: 15-19 dB."""
COUPLING_SNR_DB = Limit(usual=0.0, named=10.0)
"""From 28 dB down to the SNR at 2 MHz and of the best quarter of the groups: less than 64-QAM with its margin."""
TILT_DB = Limit(usual=0.0, named=7.5)
"""Rise of the attenuation over the band, less twice the scatter; 10 m of cable make 3 dB, couplers add to that."""
TILT_SNR_DB = Limit(usual=0.0, named=6.0)
"""Fall of the SNR over the band, less twice the scatter: noise falls, too, so that one constellation step is enough."""
RIPPLE_DB = Limit(usual=1.5, named=3.3)
"""Steps of 1 dB and the edges of the mask make up to 3 dB by accident."""
BEYOND_SCATTER = 1.5
"""Least height of a ripple over the scatter that it leaves: √(8/58) · √(2·ln(40/0.01)), what the highest of 40
independent waves through 58 groups of pure noise exceeds once in a hundred maps."""
RIPPLE_FLOORS_DB = Limit(usual=3.0, named=5.5)
"""The same for a bit-loading map, whose steps of 6 dB make up to 5 dB by accident."""
LOW_NOISE_DB = Limit(usual=6.0, named=15.6)
"""SNR from 2-5 MHz up to the best quarter. Background noise falls by 20 dB a decade at most: 15.6 dB from 3.3 MHz, the
middle of the one, to 20 MHz, the middle of the other."""
ZEROS = Limit(usual=0.0, named=3.0)
"""Groups that read 0 dB; a cable without loss does not exist."""

_LOW_HZ = 5e6
_SPEED_OF_LIGHT = 299_792_458.0
_SLOW, _TYPICAL, _FAST = 0.5, 0.6, 0.7
"""Velocity in a cable over that of light."""


def shape_causes(link: LinkMap, spectrum: Spectrum) -> list[Cause]:
    """Give what the shape of a map shows, each cause with its own confidence."""
    groups = levels(link, spectrum)
    if len(groups) < FEWEST_LEVELS:
        return []
    if saturated := _saturation(link, spectrum):
        return [saturated]  # what a receiver at its limit says about the other groups is no shape of the line
    if link.tier is Tier.ATTENUATION:
        return _of_line(link, groups)
    at_top = sum(group.at_most for group in groups) > len(groups) / 2
    return [*([] if at_top else _of_line(link, groups)), *_low_noise(groups)]


def _of_line(link: LinkMap, groups: Sequence[Level]) -> list[Cause]:
    """Give what cable, couplers and reflections make.

    Reflections cost level at all frequencies, too, so that they leave less to explain for a coupling loss. A charger
    corrects each group on its own before it reports, so that its report shows no ripple of the line.
    """
    fit = line(groups)
    limit = RIPPLE_FLOORS_DB if link.tier is Tier.BIT_LOADING else RIPPLE_DB
    reflected = [] if "reported-mean" in link.flags else _mismatch(ripple(groups), limit)
    explained = reflected[0].confidence if reflected else 0.0
    return [*_long_cable(link, fit, groups), *reflected, *_coupling(link, fit, groups, explained)]


def _whole(groups: Sequence[Level]) -> Band:
    return Band(groups[0].hz, groups[-1].hz)


def _long_cable(link: LinkMap, fit: Line, groups: Sequence[Level]) -> list[Cause]:
    limit, what = (TILT_DB, "attenuation rises") if link.tier is Tier.ATTENUATION else (TILT_SNR_DB, "SNR falls")
    size = fit.tilt_db - 2 * fit.spread_db
    # A line may also tilt because noise makes its lower end look short: a cable's upper end is raised.
    raised = link.tier is not Tier.ATTENUATION or fit.base_db + fit.tilt_db >= COUPLING_DB.named
    if not (limit.reached(size) and raised):
        return []
    band = _whole(groups)
    statement = (
        f"The {what} by {fit.tilt_db:.0f} dB over {mhz(band)}, along √f ({fit.slope_db:.1f} dB for each √MHz, "
        f"scatter {fit.spread_db:.1f} dB), as on a long cable."
    )
    evidence = (
        number("slope over √f", f"{fit.slope_db:.2f}", "dB/√MHz"),
        number("tilt", f"{fit.tilt_db:.1f}", "dB", f"{limit.named:g} dB beyond twice the scatter", mhz(band)),
        number("scatter", f"{fit.spread_db:.1f}", "dB", source="robust standard deviation of the groups"),
    )
    return [Cause(checks.LONG_CABLE, limit.confidence(size), statement, evidence, band)]


def _mismatch(wave: Ripple, limit: Limit) -> list[Cause]:
    if not limit.reached(wave.height_db) or wave.height_db < BEYOND_SCATTER * wave.scatter_db:
        return []
    near, typical, far = (ratio * _SPEED_OF_LIGHT / (2 * wave.period_hz) for ratio in (_SLOW, _TYPICAL, _FAST))
    statement = (
        f"The level ripples by {wave.height_db:.1f} dB with a period of {wave.period_hz / 1e6:.1f} MHz: a reflection "
        f"over about {typical:.0f} m ({near:.0f}-{far:.0f} m), from a stub, an open end or a bad contact."
    )
    evidence = (
        number("ripple, crest to trough", f"{wave.height_db:.1f}", "dB", f"{limit.named:g} dB"),
        number("period", f"{wave.period_hz / 1e6:.2f}", "MHz"),
        number("distance v/(2·period)", f"{typical:.0f}", "m", source=f"v = {_SLOW}-{_FAST} of the speed of light"),
        number("scatter", f"{wave.scatter_db:.1f}", "dB", source="robust standard deviation beside the ripple"),
    )
    return [Cause(checks.MISMATCH, limit.confidence(wave.height_db), statement, evidence)]


def _coupling(link: LinkMap, fit: Line, groups: Sequence[Level], explained: float) -> list[Cause]:
    """Judge by the lower end of the line, which a cable leaves alone, and by the best quarter of the groups."""
    best = quantiles((group.loss_db for group in groups), n=4, method="inclusive")[0]
    least = min(best, fit.base_db)
    attenuation = link.tier is Tier.ATTENUATION
    limit, size = (COUPLING_DB, least) if attenuation else (COUPLING_SNR_DB, TOP_DB + least)
    if not limit.reached(size):
        return []
    text = _lost_level if attenuation else _lost_snr
    evidence = (
        number("level of the best quarter", f"{abs(best):.1f}", "dB", f"{limit.named:g} dB" if attenuation else ""),
        number("level at 2 MHz", f"{abs(fit.base_db):.1f}", "dB"),
        number("tilt", f"{fit.tilt_db:.1f}", "dB", source=mhz(_whole(groups))),
    )
    confidence = round(limit.confidence(size) * (1 - explained), 4)
    return [Cause(checks.COUPLING, confidence, text(best, least), evidence)]


def _lost_level(best: float, least: float) -> str:
    too_much_db = least - COUPLING_DB.usual
    return (
        f"Even the best quarter of the groups loses {best:.0f} dB, where working links lose 15-19 dB. Without slope "
        f"and ripple that is about {too_much_db:.0f} dB more than usual, as in a coupler or a contact. Some chargers "
        "calibrate up to 10 dB away: compare with what this one reports."
    )


def _lost_snr(best: float, _least: float) -> str:
    return (
        f"Even the best quarter of the carriers has an SNR of {-best:.0f} dB only: level is lost at all frequencies, "
        "as in a coupler or a contact, or noise is as strong everywhere. A SLAC sounding tells which."
    )


def _low_noise(groups: Sequence[Level]) -> list[Cause]:
    low = [-group.loss_db for group in groups if group.hz < _LOW_HZ]
    best = -quantiles((group.loss_db for group in groups), n=4, method="inclusive")[0]
    size = best - median(low) if low else 0.0
    if not LOW_NOISE_DB.reached(size):
        return []
    band = Band(groups[0].hz, _recovered_hz(groups, (best + median(low)) / 2))
    statement = (
        f"The SNR is {median(low):.0f} dB below 5 MHz and {best:.0f} dB in the best quarter of the carriers: noise "
        f"that is strongest at low frequencies and falls faster than background noise, as from a drive or converter."
    )
    evidence = (
        number("SNR below 5 MHz", f"{median(low):.1f}", "dB", source="median of the groups"),
        number("SNR of the best quarter", f"{best:.1f}", "dB"),
        number("difference", f"{size:.1f}", "dB", f"{LOW_NOISE_DB.named:g} dB", "20 dB a decade from 3.3 to 20 MHz"),
    )
    return [Cause(checks.BROADBAND_LOW, LOW_NOISE_DB.confidence(size), statement, evidence, band)]


def _recovered_hz(groups: Sequence[Level], half_db: float) -> float:
    """Give the frequency from which on half of the loss is recovered."""
    return next((group.hz for group in groups if -group.loss_db >= half_db), groups[-1].hz)


def _saturation(link: LinkMap, spectrum: Spectrum) -> Cause | None:
    if link.tier is not Tier.ATTENUATION or "reported-mean" in link.flags:
        return None  # a charger may correct a group down to 0 dB
    zeros = [band for band, v in zip(spectrum.points, spectrum.medians(), strict=True) if v == 0]
    if not ZEROS.reached(len(zeros)):
        return None
    band = Band(zeros[0].low_hz, zeros[-1].high_hz)
    statement = (
        f"{len(zeros)} of {len(spectrum.points)} groups read 0 dB, all within {mhz(band)}: the signal is stronger than "
        "the receiver can tell."
    )
    evidence = (number("groups at 0 dB", str(len(zeros)), "", f"{ZEROS.named:g}", mhz(band)),)
    return Cause(checks.SATURATION, ZEROS.confidence(len(zeros)), statement, evidence, band)
