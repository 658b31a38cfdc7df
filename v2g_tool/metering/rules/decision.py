"""The decision rule: an error of indication with its uncertainty against a limit."""

from __future__ import annotations

from enum import StrEnum

from v2g_tool.metering.rules.uncertainty import test_uncertainty_ratio as uncertainty_ratio
from v2g_tool.model.findings import Verdict

DECISION_RULE = (
    "Four zones with guard band w = U (k for 95.45 %): pass |e| <= L - U; conditional pass |e| <= L; "
    "conditional fail |e| <= L + U; fail beyond. Only pass and fail are verdicts; with U > L nothing is judged. "
    "ILAC-G8:09/2019; ISO/IEC 17025:2017, 7.8.6."
)
"""The rule in words, as every report prints it."""


class Zone(StrEnum):
    """Where an error lies relative to its limit."""

    PASS = "pass"
    CONDITIONAL_PASS = "conditional-pass"
    CONDITIONAL_FAIL = "conditional-fail"
    FAIL = "fail"
    NOT_VERIFIABLE = "not-verifiable"
    """The uncertainty is larger than the limit: this reference cannot judge."""
    UNLIMITED = "unlimited"
    """No limit applies, or only an unconfirmed one."""


def zone(error_ratio: float, expanded_ratio: float, limit_ratio: float | None) -> Zone:
    """Give the zone of `error_ratio` ± `expanded_ratio` against ±`limit_ratio`; ILAC-G8:09/2019, 4.2.3.

    All three are ratios of the reading. `limit_ratio` None says that no limit applies.
    """
    if limit_ratio is None:
        return Zone.UNLIMITED
    if uncertainty_ratio(limit_ratio, expanded_ratio) < 1:
        return Zone.NOT_VERIFIABLE
    size = abs(error_ratio)
    if size <= limit_ratio - expanded_ratio:
        return Zone.PASS
    if size <= limit_ratio:
        return Zone.CONDITIONAL_PASS
    return Zone.CONDITIONAL_FAIL if size <= limit_ratio + expanded_ratio else Zone.FAIL


def verdict_of(zone: Zone) -> Verdict:
    """Give the verdict of a zone: pass and fail as they are, all others inconclusive."""
    return {Zone.PASS: Verdict.PASS, Zone.FAIL: Verdict.FAIL}.get(zone, Verdict.INCONCLUSIVE)
