"""Whether a calibration can be asked for at all: checked before anything is opened, made or measured."""

from __future__ import annotations

from collections.abc import Mapping

from v2g_tool.data.library import load_profile
from v2g_tool.errors import RequestError
from v2g_tool.hal.connect import MANUAL
from v2g_tool.model.profiles.analyzer import AnalyzerProfile
from v2g_tool.model.profiles.inverter import InverterProfile
from v2g_tool.model.profiles.limits import LimitSet
from v2g_tool.model.profiles.meter import MeterProfile
from v2g_tool.model.profiles.plan import Plan
from v2g_tool.model.site.site import Site
from v2g_tool.model.spelling import did_you_mean

WIRINGS: Mapping[int, tuple[str, ...]] = {1: ("1P2W", "1P3W", "3P4W"), 3: ("3P4W",)}
"""Wiring settings of the reference that give each of 1 or 3 phases its own element."""


def check_request(site: Site, target: str) -> None:
    """Raise RequestError, with the key of the site file, for a target, profile, plan or limit that is not there."""
    meter = site.meter(target)
    _loads(meter.profile, MeterProfile, ("meters", target, "profile"))
    _loads(meter.plan, Plan, ("meters", target, "plan"))
    _loads(meter.limits.set, LimitSet, ("meters", target, "limits"))
    _loads(site.analyzers[meter.analyzer].profile, AnalyzerProfile, ("analyzers", meter.analyzer, "profile"))
    if meter.inverter and site.inverters[meter.inverter].profile != MANUAL:
        _loads(site.inverters[meter.inverter].profile, InverterProfile, ("inverters", meter.inverter, "profile"))
    _check_class(site, target)
    _check_wiring(site, target)


def _loads(name: str, model: type, key: tuple[str, ...]) -> None:
    try:
        load_profile(name, model)
    except RequestError as exc:
        exc.key = exc.key or (() if "/" in exc.what.partition(":")[0] else key)
        raise


def _check_class(site: Site, target: str) -> None:
    choice = site.meters[target].limits
    limits, _ = load_profile(choice.set, LimitSet)
    known = sorted({row.class_ for row in limits.rows})
    if choice.class_ not in known:
        raise RequestError(
            f"limit set {limits.id} has no class '{choice.class_}'.{did_you_mean(choice.class_, known)}",
            why=f"Its classes: {', '.join(known)}.",
            todo="Take the class from the meter's name plate.",
            key=("meters", target, "limits"),
        )


def _check_wiring(site: Site, target: str) -> None:
    """Refuse a reference whose wiring setting does not give every phase of the meter its own element."""
    meter = site.meters[target]
    wiring = site.analyzers[meter.analyzer].wiring
    if wiring not in WIRINGS[meter.phases]:
        raise RequestError(
            f"{meter.analyzer} is wired as {wiring}, but {target} has {meter.phases} phase(s)",
            why="Each phase of the meter is compared with an element of its own.",
            todo=f"Wire and set the reference as {' or '.join(WIRINGS[meter.phases])}.",
            key=("analyzers", meter.analyzer, "wiring"),
        )
