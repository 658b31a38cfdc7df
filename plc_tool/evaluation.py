"""From recorded frames to a verdict: the same way for a modem on the wire and for a capture made elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plc_tool.diagnosis import Cause, diagnose
from plc_tool.judge import Case, SnrLimit, judge
from plc_tool.ladder import SAME_S, link_maps
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.model.carriers import CarrierMask
from v2g_tool.model.findings import Finding
from v2g_tool.model.plc import Captured, LinkMap, Observation, Service, Tier


@dataclass(frozen=True)
class Yardstick:
    """What a link is judged by: the carrier mask, known services, mains frequency and the SNR limit of the site.

    `peer` is the MAC address of the other end, "" for whatever was heard.
    """

    mask: CarrierMask
    services: tuple[Service, ...]
    mains_hz: float
    limit: SnrLimit
    peer: str = ""


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
    maps = tuple(link for link in every if _in_question(link, yardstick.peer))
    together = _heard_together(maps, every)
    causes = diagnose(together, yardstick.mask, yardstick.services, yardstick.mains_hz) if together else ()
    case = Case(target, observation, maps, yardstick.limit, yardstick.mains_hz, yardstick.peer)
    others = tuple(link for link in every if link not in maps)
    return Evaluation(observation, maps, others, causes, tuple(judge(case, causes)))


def _in_question(link: LinkMap, peer: str) -> bool:
    """Give whether a map is of the link with `peer`: of any link when that is not said."""
    return not peer or not link.peer or peer in (link.reporter, link.peer)


def _heard_together(maps: Sequence[LinkMap], every: Sequence[LinkMap]) -> list[LinkMap]:
    """Give the first map and those of other modems that heard the same EV in the same sounding."""
    if not maps:
        return []
    first = maps[0]
    if first.tier is not Tier.ATTENUATION:
        return [first]
    return [
        first,
        *(
            other
            for other in every
            if other.tier is first.tier
            and other.peer == first.peer
            and other.reporter != first.reporter
            and abs(other.start_s - first.start_s) < SAME_S
        ),
    ]
