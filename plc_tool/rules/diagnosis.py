"""Names the most likely cause of a disturbance from one map, or from several that were measured at the same time. Pure.

Each signature has a size, a size that is usual on working links, and one from which on it is named (`Limit`); its
confidence follows from these three alone. The most confident cause comes first. Two causes explain others away:

- a saturated receiver distorts the level, so that no shape is read from its map;
- reflections cost level everywhere, so that less is left for a coupling loss.

Noise without a better name is only concluded from errors that nothing else in the map explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from plc_tool import checks
from plc_tool.rules.cause import NAMED, Cause, Limit, number
from plc_tool.rules.levels import levels
from plc_tool.rules.mains_phase import folded
from plc_tool.rules.noise_causes import carrier_causes, error_cause, mains_causes
from plc_tool.rules.shape_causes import shape_causes
from v2g_tool.model.carriers import CarrierMask
from v2g_tool.model.plc import LinkMap, Service, Tier

__all__ = ["Cause", "blind_spots", "diagnose"]

ISOLATION_DB = Limit(usual=20.0, named=10.0)
"""Between outlets. Captures: 22 dB and 52 dB; 5.5 dB at a site with several outlets."""
_LOCKED = 0.8
"""Sounds that leave so much of the half cycle empty have met one phase of the mains only."""
_NOT_MEASURED = frozenset({"robo-default", "synthetic", "no-measurement", "unknown-carriers"})


def diagnose(
    maps: Sequence[LinkMap], mask: CarrierMask, services: Sequence[Service], mains_hz: float
) -> tuple[Cause, ...]:
    """Give the causes of a disturbance, the most likely first; none when nothing is found.

    Args:
        maps: the link in question, then those of other modems that heard the same sounds.
        mask: the carrier mask of the maps.
        services: who may transmit in which band, the most telling first.
        mains_hz: mains frequency.
    """
    if not maps:
        return ()
    link, *others = maps
    causes = [*_from_spectrum(link, mask, services, mains_hz), *_crosstalk(link, others)]
    named = [cause for cause in causes if cause.confidence >= NAMED and cause.check is not checks.NOTCHES]
    noise = error_cause(link) if not named else None
    found = [noise] if noise else sorted(named, key=lambda cause: -cause.confidence)
    return (*found, *(cause for cause in causes if cause.check is checks.NOTCHES))


def _from_spectrum(link: LinkMap, mask: CarrierMask, services: Sequence[Service], mains_hz: float) -> list[Cause]:
    if link.spectrum is None or _NOT_MEASURED & {*link.flags}:
        return []
    return [
        *shape_causes(link, link.spectrum),
        *carrier_causes(link, link.spectrum, mask, services),
        *mains_causes(link, link.spectrum, mains_hz),
    ]


def _crosstalk(link: LinkMap, others: Sequence[LinkMap]) -> list[Cause]:
    """Name the neighbour that hears the same EV almost as well, if one does."""
    margins = [(margin, other) for other in others if (margin := _margin_db(link, other)) is not None]
    if not margins or not ISOLATION_DB.reached(min(margin for margin, _ in margins)):
        return []
    margin, other = min(margins, key=lambda pair: pair[0])
    heard = f"only {margin:.1f} dB weaker" if margin > 0 else f"{-margin:.1f} dB louder"
    statement = (
        f"{other.reporter} hears the EV {link.peer} {heard} than {link.reporter} does, median of the groups: the lines "
        "of two outlets are coupled; sound outlets are 20 dB apart and more."
    )
    evidence = tuple(
        number(f"isolation from {o.reporter}", f"{m:.1f}", "dB", f"{ISOLATION_DB.named:g} dB", "median of the groups")
        for m, o in sorted(margins, key=lambda pair: pair[0])
    )
    return [Cause(checks.CROSSTALK, ISOLATION_DB.confidence(margin), statement, evidence)]


def _margin_db(link: LinkMap, other: LinkMap) -> float | None:
    """Give by how much another modem heard the same EV weaker; None where the two maps can not be compared.

    What a charger reports and what a modem measures differ by corrections that nobody knows.
    """
    same_kind = ("reported-mean" in link.flags) == ("reported-mean" in other.flags)
    both = link.tier is other.tier is Tier.ATTENUATION and link.peer == other.peer and link.reporter != other.reporter
    if not (same_kind and both) or link.spectrum is None or other.spectrum is None:
        return None
    pairs = zip(link.spectrum.medians(), other.spectrum.medians(), strict=False)
    differences = [theirs - ours for ours, theirs in pairs if ours is not None and theirs is not None]
    return median(differences) if differences else None


def blind_spots(link: LinkMap, mains_hz: float) -> tuple[str, ...]:
    """Give what a map can not show whatever is wrong, one sentence each."""
    if link.spectrum is None:
        return ("Without a map over frequency only errors of the whole link are seen.",)
    if link.tier is not Tier.ATTENUATION:
        return _ceiling(link)
    says = ["Attenuation does not show noise: narrowband and broadband noise is seen by error rates only."]
    if len(link.spectrum.rows) < 2:
        return (*says, "A mean of several sounds does not show whether noise is in step with the mains.")
    hole = folded(link, link.spectrum, mains_hz).hole
    if hole >= _LOCKED:
        step_s = median(b.time_s - a.time_s for a, b in pairwise(link.spectrum.rows))
        says.append(
            f"The sounds come every {1000 * step_s:.1f} ms and meet only {100 * (1 - hole):.0f} % of the mains half "
            "cycle: noise in step with the mains can not be seen."
        )
    return tuple(says)


def _ceiling(link: LinkMap) -> tuple[str, ...]:
    groups = levels(link, link.spectrum) if link.spectrum else ()
    top = sum(group.at_most for group in groups)
    if top <= len(groups) / 2:
        return ()
    return (
        f"{top} of {len(groups)} groups are at the top of the constellation ({link.ceiling_db:g} dB): cable loss, "
        "ripple and coupling loss are not seen until they take more than what is in reserve.",
    )
