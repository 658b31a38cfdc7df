"""Which load points this site can make, and which of them the reference can judge."""

from __future__ import annotations

from collections.abc import Sequence

from v2g_tool.hal.contracts.inverter import SetPoint
from v2g_tool.metering import checks
from v2g_tool.metering.rules.uncertainty import test_uncertainty_ratio
from v2g_tool.metering.work import loads
from v2g_tool.metering.work.setup import Setup
from v2g_tool.metering.work.stage import expected_uncertainty
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.profiles.plan import LoadPoint

Points = list[tuple[LoadPoint, SetPoint]]
PRESENT_LOAD = LoadPoint(name="present load", direction="charge", power_fraction=1.0)
MIN_TUR = 1.0
"""Below this test uncertainty ratio a limit is not verifiable with the reference."""


def possible_points(setup: Setup) -> tuple[Points, list[Finding]]:
    """Give the plan's load points that this site can make, and findings about those it cannot."""
    if setup.inverter.name != setup.meter_site.inverter:
        return [(PRESENT_LOAD, SetPoint(0.0))], []
    points: Points = []
    skipped: list[str] = []
    for point in setup.plan.points:
        target = loads.wanted(point, setup.inverter, setup.nominal_voltage_v, len(setup.phases))
        if target.reactive_var and not setup.inverter.sets_reactive:
            skipped.append(f"{point.name}: the load cannot be made reactive here, so no phase error can be seen.")
        elif target.power_w == 0:
            skipped.append(f"{point.name}: the site allows no {point.direction}.")
        else:
            points.append((point, target))
    return points, [checks.LOAD.finding(setup.target, Verdict.SKIPPED, text) for text in skipped]


def largest_current(setup: Setup, points: Points) -> float | None:
    """Give the largest current per phase of the points in A, None if no load is commanded."""
    largest_va = max((abs(complex(t.power_w, t.reactive_var)) for _, t in points), default=0.0)
    return largest_va / (len(setup.phases) * setup.nominal_voltage_v) or None


def verifiable_points(setup: Setup, points: Points) -> tuple[Points, list[Finding]]:
    """Give the points at which the reference is good enough for the limit (TUR at least 1), and a finding about it.

    A point whose load is not known before, or without a confirmed limit, is kept: its window judges it.
    """
    kept: Points = []
    ratios: list[tuple[float, Evidence]] = []
    for point, target in points:
        expected, limit = expected_uncertainty(setup, target) if target.power_w else (None, None)
        if expected is None or limit is None or limit.status != "verified":
            kept.append((point, target))
            continue
        ratio = test_uncertainty_ratio(limit.limit_ratio, expected.expanded_ratio)
        evidence = Evidence(name=point.name, value=f"{ratio:.1f}", limit=f">= {MIN_TUR:g}", source=limit.clause)
        ratios.append((ratio, evidence))
        if ratio >= MIN_TUR:
            kept.append((point, target))
    return kept, _finding(setup, len(points) - len(kept), len(points), ratios)


def _finding(setup: Setup, refused: int, asked: int, ratios: Sequence[tuple[float, Evidence]]) -> list[Finding]:
    evidence = [row for _, row in ratios]
    if refused:
        statement = f"{refused} of {asked} load points are not verifiable with this reference."
        return [checks.TUR.finding(setup.target, Verdict.INCONCLUSIVE, statement, evidence)]
    if not ratios:
        return []
    statement = f"The smallest test uncertainty ratio is {min(ratio for ratio, _ in ratios):.1f}."
    return [checks.TUR.finding(setup.target, Verdict.PASS, statement, evidence)]
