"""A loss-of-signal trip against the ride-through of a grid code. Pure."""

from __future__ import annotations

from v2g_tool.host import checks
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.profiles.gridcode import GridCodeProfile, LowVoltageStay
from v2g_tool.model.sysctl import LiveState, LiveValue

CHECK = checks.RIDE_THROUGH


def judge_timeout(live: LiveValue | None, action: str, code: GridCodeProfile | None, category: str) -> Finding:
    """Judge whether a trip after the islanding timeout (ms) keeps ride-through; IEEE 1547-2018, 6.4.2.

    A voltage sag that also silences the signal must not disconnect the charger sooner than the code's stay. To cease
    and come back without an operator is no trip.
    """
    if code is None:
        return _said(Verdict.SKIPPED, "Not judged: the site names no grid_code and category under [limits].")
    if live is None or live.state is LiveState.ABSENT:
        return _said(Verdict.SKIPPED, "Not judged: this kernel provides no islanding timeout.")
    if live.state is not LiveState.PRESENT:
        return _said(Verdict.INCONCLUSIVE, f"The islanding timeout could not be read: {live.reason}.")
    if not live.value.isdecimal() or int(live.value) == 0:
        return _said(Verdict.INCONCLUSIVE, f"The islanding timeout is {live.value or 'empty'}: that is no time.")
    return _judged(int(live.value) / 1000, action, code, category)


def _judged(timeout_s: float, action: str, code: GridCodeProfile, category: str) -> Finding:
    shorter = [stay for stay in code.stays_of(category) if stay.stay_s > timeout_s]
    if action == "cease":
        statement = f"After {timeout_s:g} s without signal the EMS ceases and returns by itself: that is no trip."
        if any(stay.mode == "mandatory" for stay in shorter):
            statement += " In a sag the code may ask for power all the same: let a sag not silence the signal."
        return _said(Verdict.PASS, statement)
    if not shorter:
        return _said(Verdict.PASS, f"A trip after {timeout_s:g} s is later than any stay of category {category}.")
    return _conflict(timeout_s, action, code, category, shorter)


def _conflict(
    timeout_s: float, action: str, code: GridCodeProfile, category: str, shorter: list[LowVoltageStay]
) -> Finding:
    deepest = min(shorter, key=lambda stay: stay.above_pu)
    band = f"below {deepest.below_pu:g} p.u." if deepest.above_pu == 0 else f"at {deepest.above_pu:g} p.u."
    evidence = [
        Evidence(
            name=f"{stay.above_pu:g} to {stay.below_pu:g} p.u., {stay.mode}",
            value=f"{timeout_s:g}",
            unit="s",
            limit=f">= {stay.stay_s:g} s",
            source=f"{stay.clause} ({stay.status})",
        )
        for stay in shorter
    ]
    what = (
        f"a loss-of-signal trip after {timeout_s * 1000:g} ms violates the low-voltage ride-through of {code.id}, "
        f"category {category}: it must stay {deepest.stay_s:g} s {band}"
    )
    if not action:
        statement = f"The site does not say what the EMS does when the timeout strikes; {what}."
        remedy = 'State islanding_action = "trip" or "cease" under [ems] in the site file.'
        return _said(Verdict.INCONCLUSIVE, statement, evidence, remedy)
    if any(stay.status == "verified" for stay in shorter):
        return _said(Verdict.FAIL, f"{what[0].upper()}{what[1:]}.", evidence)
    statement = f"{what[0].upper()}{what[1:]}. The figures are at second hand: confirm them with the utility."
    return _said(Verdict.INCONCLUSIVE, statement, evidence)


def _said(verdict: Verdict, statement: str, evidence: list[Evidence] | None = None, remedy: str = "") -> Finding:
    return CHECK.finding("islanding timeout", verdict, statement, evidence or (), remedy=remedy)
