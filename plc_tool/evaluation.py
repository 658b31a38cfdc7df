"""From recorded frames to a verdict: the same way for a modem on the wire and for a capture made elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from v2g_tool.hal.homeplug.observation import observe

from plc_tool.diagnosis import Cause, diagnose
from plc_tool.judge import SnrLimit, judge
from plc_tool.ladder import SAME_S, link_maps
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
    """What frames came to: what was observed, the maps (the one that counts first), causes and findings."""

    observation: Observation
    maps: tuple[LinkMap, ...]
    causes: tuple[Cause, ...]
    findings: tuple[Finding, ...]

    @property
    def primary(self) -> LinkMap | None:
        """The map that the verdict rests on."""
        return self.maps[0] if self.maps else None


def evaluate(target: str, frames: Iterable[Captured], yardstick: Yardstick) -> Evaluation:
    """Give what the frames say about the link of the modem `target`."""
    observation = observe(frames)
    maps = link_maps(observation, yardstick.mask, yardstick.mains_hz)
    if yardstick.peer:
        maps = tuple(sorted(maps, key=lambda m: yardstick.peer not in (m.reporter, m.peer)))
    causes = diagnose(_heard_together(maps), yardstick.mask, yardstick.services, yardstick.mains_hz) if maps else ()
    findings = judge(target, observation, maps, causes, yardstick.limit)
    return Evaluation(observation, maps, causes, tuple(findings))


def _heard_together(maps: Sequence[LinkMap]) -> list[LinkMap]:
    """Give the first map and those of other modems that heard the same EV in the same sounding."""
    first = maps[0]
    if first.tier is not Tier.ATTENUATION:
        return [first]
    return [
        first,
        *(
            other
            for other in maps[1:]
            if other.tier is first.tier
            and other.peer == first.peer
            and other.reporter != first.reporter
            and abs(other.start_s - first.start_s) < SAME_S
        ),
    ]
