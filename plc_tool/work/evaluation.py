"""From recorded frames to a verdict: the same way for a modem on the wire and for a capture made elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plc_tool.rules.diagnosis import Cause, diagnose
from plc_tool.rules.judge import Case, judge
from plc_tool.rules.ladder import link_maps
from plc_tool.rules.link_choice import ANY, Ends, heard_together
from plc_tool.rules.snr_rule import SnrLimit, snr_counts
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.model.carriers import CarrierMask
from v2g_tool.model.findings import Finding
from v2g_tool.model.plc import Captured, LinkMap, Observation, Service


@dataclass(frozen=True)
class Yardstick:
    """What a link is judged by: the carrier mask, known services, mains frequency and the SNR limit of the site.

    `ends` are the modems of the link, as far as they are known; `named` tells whether somebody said which peer it is.
    """

    mask: CarrierMask
    services: tuple[Service, ...]
    mains_hz: float
    limit: SnrLimit
    ends: Ends = ANY
    named: bool = False


@dataclass(frozen=True)
class Evaluation:
    """What frames came to.

    Attributes:
        observation: what was observed.
        maps: the maps of the link in question, the one that counts first.
        others: maps of other links on the same line.
        causes: what disturbs the link, the most likely first.
        findings: the judgement.
    """

    observation: Observation
    maps: tuple[LinkMap, ...]
    others: tuple[LinkMap, ...]
    causes: tuple[Cause, ...]
    findings: tuple[Finding, ...]

    @property
    def primary(self) -> LinkMap | None:
        """The map that the verdict rests on."""
        return self.maps[0] if self.maps else None


def evaluate(target: str, frames: Iterable[Captured], yardstick: Yardstick) -> Evaluation:
    """Give what the frames say about the link of the modem `target`."""
    observation = observe(frames)
    every = link_maps(observation, yardstick.mask, yardstick.mains_hz)
    maps = _deciding_first([link for link in every if yardstick.ends.of(link)], yardstick.limit)
    together = heard_together(maps[0], every) if maps else []
    causes = diagnose(together, yardstick.mask, yardstick.services, yardstick.mains_hz) if together else ()
    case = Case(target, observation, maps, yardstick.limit, yardstick.mains_hz, yardstick.ends, named=yardstick.named)
    chosen = {id(link) for link in maps}
    others = tuple(link for link in every if id(link) not in chosen)
    return Evaluation(observation, maps, others, causes, tuple(judge(case, causes)))


def _deciding_first(maps: Sequence[LinkMap], limit: SnrLimit) -> tuple[LinkMap, ...]:
    """Give the maps with the one in front that decides the SNR rule: picture and causes are of the same map."""
    counts = snr_counts(maps, limit)
    if not counts:
        return tuple(maps)
    return (counts[0].link, *(link for link in maps if link is not counts[0].link))
