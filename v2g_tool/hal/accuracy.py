"""The accuracy specification of a profile, in the ranges in use."""

from __future__ import annotations

from v2g_tool.errors import RequestError
from v2g_tool.model.profiles.analyzer import AnalyzerProfile
from v2g_tool.model.quantities import ReferenceAccuracy
from v2g_tool.model.site.metering import AnalyzerSite


def power_accuracy(
    profile: AnalyzerProfile, site: AnalyzerSite, ranges: tuple[float, float] | None
) -> ReferenceAccuracy:
    """Give the specification of active power, on the primary side of external transformers.

    Raises RequestError when the profile holds no confirmed specification, or no ranges (V, A) were selected yet.
    """
    line = next((a for a in profile.accuracy if a.quantity == "P" and a.status != "draft"), None)
    if line is None or ranges is None:
        raise RequestError(
            f"profile {profile.id} holds no confirmed accuracy for active power",
            todo="Add the line of the manual, with its page, to the profile.",
        )
    return ReferenceAccuracy(
        rdg_ratio=line.rdg_pct / 100,
        rng_ratio=line.rng_pct / 100,
        range_va=ranges[0] * ranges[1] * site.voltage_ratio * site.current_ratio,
        pf0_ratio=line.pf0_of_s_pct / 100,
        source=f"{profile.document.title}, {profile.document.page}",
    )
