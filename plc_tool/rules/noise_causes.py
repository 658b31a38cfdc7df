"""Causes that show in single carriers, in the rows of a map, or in error counters alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from plc_tool import checks
from plc_tool.rules.cause import Cause, Limit, mhz, number
from plc_tool.rules.holes import LOST_DB, Hole, holes
from plc_tool.rules.link_class import classify, error_confidence, error_evidence, error_text
from plc_tool.rules.mains_phase import Phases, folded, row_offsets
from v2g_tool.model.carriers import CarrierMask
from v2g_tool.model.findings import Evidence
from v2g_tool.model.plc import LinkMap, Service, Spectrum, Tier

LOST_CARRIERS = Limit(usual=0.0, named=3.0)
"""Carriers below 10 dB in narrow holes; one or two may be a chance of the estimate."""
_WIDE_ENOUGH = 2
"""No transmitter keeps to one carrier: the skirts of an OFDM receiver spread it over its neighbours."""
SLOTS_DB = Limit(usual=1.0, named=5.0)
"""Between the best and the worst slot; background noise swells by 1-2 dB with the mains."""
SOUNDS_LESS = Limit(usual=0.5, named=2.0)
"""Sounds that read less than the others: a modem measures energy, and noise adds some."""
SOUNDS_MORE = Limit(usual=0.5, named=3.0)
"""Sounds that read more: one at a time is a gain control that slipped."""


def carrier_causes(link: LinkMap, spectrum: Spectrum, mask: CarrierMask, services: Sequence[Service]) -> list[Cause]:
    """Give what narrow holes of an SNR map show; an attenuation map has no single carriers."""
    if link.tier is Tier.ATTENUATION:
        return []
    found = holes(link, spectrum)
    return [
        *_narrowband([hole for hole in found if not hole.masked and hole.lost >= _WIDE_ENOUGH], services),
        *(_notch(hole, mask) for hole in found if hole.masked),
    ]


def _narrowband(found: Sequence[Hole], services: Sequence[Service]) -> list[Cause]:
    lost = sum(hole.lost for hole in found)
    if not LOST_CARRIERS.reached(lost):
        return []
    worst = max(found, key=lambda hole: (hole.lost, hole.depth_db))
    statement = (
        f"{lost} carriers in {_holes(len(found))} are below {LOST_DB:g} dB; the largest at "
        f"{worst.deepest_hz / 1e6:.2f} MHz is {worst.depth_db:.0f} dB below its surroundings: a transmitter. "
        f"{_owner(worst, services)}"
    )
    evidence = tuple(
        number(
            f"hole at {hole.deepest_hz / 1e6:.3f} MHz",
            f"{hole.depth_db:.0f}",
            "dB",
            source=f"{mhz(hole.band)}, {hole.lost} carriers lost, SNR {hole.snr_db:.0f} dB, median of the rows",
        )
        for hole in sorted(found, key=lambda hole: -hole.lost)[:10]
    )
    return [Cause(checks.NARROWBAND, LOST_CARRIERS.confidence(lost), statement, evidence, worst.band)]


def _holes(count: int) -> str:
    return "a narrow hole" if count == 1 else f"{count} narrow holes"


def _owner(hole: Hole, services: Sequence[Service]) -> str:
    """Say whose band it is; the first service that holds the deepest point, else the first that the hole touches."""
    inside = [s for s in services if s.band.low_hz <= hole.deepest_hz <= s.band.high_hz]
    touched = [s for s in services if s.band.low_hz <= hole.band.high_hz and hole.band.low_hz <= s.band.high_hz]
    for service in (*inside, *touched):
        return f"This is the band {service.name}, usually of: {service.owner}."
    return "No known service has this band."


def _notch(hole: Hole, mask: CarrierMask) -> Cause:
    statement = (
        f"All carriers of {mhz(hole.band)} are off, with edges too steep for noise: the modem masks them, although "
        f"mask {mask.id} does not. This is no disturbance."
    )
    evidence = (number("carriers off", str(hole.lost), "", source=mhz(hole.band)),)
    return Cause(checks.NOTCHES, 0.5, statement, evidence, hole.band)


def mains_causes(link: LinkMap, spectrum: Spectrum, mains_hz: float) -> list[Cause]:
    """Give whether the noise is in step with the mains, as far as the rows of the map tell."""
    if link.tier is Tier.ATTENUATION:
        return _odd_sounds(folded(link, spectrum, mains_hz), mains_hz)
    return _unequal_slots(link, spectrum, mains_hz)


def _unequal_slots(link: LinkMap, spectrum: Spectrum, mains_hz: float) -> list[Cause]:
    offsets = row_offsets(link, spectrum)
    size = max(offsets) - min(offsets)
    if not SLOTS_DB.reached(size):
        return []
    worst = spectrum.rows[offsets.index(max(offsets))]
    best = spectrum.rows[offsets.index(min(offsets))]
    half_cycle_ms = 500 / mains_hz
    statement = (
        f"The SNR of {worst.name} is {size:.0f} dB below that of {best.name}, mean of all carriers: noise in step "
        f"with the mains, around {1000 * worst.time_s:.1f} ms of the half cycle of {half_cycle_ms:.1f} ms."
    )
    evidence = tuple(
        number(row.name, f"{-offset:+.1f}", "dB", source="mean of all carriers, from the median of the rows")
        for row, offset in zip(spectrum.rows, offsets, strict=True)
    )
    return [Cause(checks.MAINS_SYNCHRONOUS, SLOTS_DB.confidence(size), statement, evidence)]


def _odd_sounds(phases: Phases, mains_hz: float) -> list[Cause]:
    odd = [phases.offsets_db[at] for at in phases.odd]
    limit = SOUNDS_LESS if all(offset < 0 for offset in odd) else SOUNDS_MORE
    if phases.window is None:
        return _unordered_sounds(phases, odd)
    if not limit.reached(len(odd)):
        return []
    window_ms = phases.window * 500 / mains_hz
    statement = (
        f"{len(odd)} of {len(phases.offsets_db)} sounds differ by up to {max(odd, key=abs):+.1f} dB, and all of these "
        f"lie within {window_ms:.1f} ms of the mains half cycle, none of the others: noise in step with the mains."
    )
    evidence = (
        *_sound_evidence(phases),
        number("window in the half cycle", f"{window_ms:.1f}", "ms", source=f"folded at {500 / mains_hz:.2f} ms"),
        number("side by side by chance", f"{100 * phases.chance:.1f}", "%"),
    )
    confidence = min(limit.confidence(len(odd)), round(1 - phases.chance, 4))
    return [Cause(checks.MAINS_SYNCHRONOUS, confidence, statement, evidence)]


def _unordered_sounds(phases: Phases, odd: Sequence[float]) -> list[Cause]:
    if not SOUNDS_MORE.reached(len(odd)):
        return []
    statement = (
        f"{len(odd)} of {len(phases.offsets_db)} sounds differ by up to {max(odd, key=abs):+.1f} dB, in no order with "
        "the phase of the mains: impulses, or a gain control that hunts."
    )
    return [Cause(checks.NOISE, SOUNDS_MORE.confidence(len(odd)), statement, _sound_evidence(phases))]


def _sound_evidence(phases: Phases) -> tuple[Evidence, ...]:
    return tuple(
        number(f"sound {at + 1}", f"{phases.offsets_db[at]:+.1f}", "dB", source="mean of all groups, from the median")
        for at in phases.odd
    )


def error_cause(link: LinkMap) -> Cause | None:
    """Give noise as the cause of errors, for a map that shows no other cause; None while attenuation explains them.

    An error-rate map (tier 4) says nothing about attenuation, so that its errors have no name.
    """
    found = classify(link)
    if link.errors is None or link.tier is Tier.ERROR_RATE or (found.attenuation, found.errors) == ("raised", "raised"):
        return None
    if found.errors != "raised":
        return None
    blind = "A map of attenuation can not tell" if link.tier is Tier.ATTENUATION else "This map does not show"
    statement = f"{error_text(link.errors)}, and the map shows no cause: noise. {blind} where in the spectrum it is."
    return Cause(checks.NOISE, error_confidence(link.errors), statement, error_evidence(link.errors))
