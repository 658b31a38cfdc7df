"""Deciding on a correction, making it, proving it, or taking it back.

Set-point and verify: compute absolute targets, write, measure again at the same points, and keep the result only if
every point is within limits and none has become worse; else try once more from what was measured, at last restore.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from v2g_tool.errors import InstrumentError, NotPermitted, V2GError
from v2g_tool.hal.contracts.inverter import SetPoint
from v2g_tool.metering import checks
from v2g_tool.metering.rules.correction import Target, targets
from v2g_tool.metering.rules.decision import Zone, verdict_of
from v2g_tool.metering.rules.fitting import Fit, PhasePoint, fit, load_tan_phi
from v2g_tool.metering.section import Stage
from v2g_tool.metering.work.correcting import Corrector, Image
from v2g_tool.metering.work.outcome import Options
from v2g_tool.metering.work.probe import confirmed_signs
from v2g_tool.metering.work.setup import Setup
from v2g_tool.metering.work.stage import Measurement, measure_point, worst_zone
from v2g_tool.model.check import Check
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.profiles.plan import LoadPoint

Points = Sequence[tuple[LoadPoint, SetPoint]]
REACTIVE = 0.3
"""|tan φ| above which a phase error shows in the error of active power: 0.1° is 0.05 % there."""
MAX_ITERATIONS = 3
ADJUST_ABOVE = 0.7
"""Part of the limit above which a correction is worth it; an error is never corrected merely because it is not zero."""


@dataclass(frozen=True)
class Permission:
    """What stands between an error and its correction: the law, the wiring, and what the user asked for.

    `incomplete` tells that a planned load point could not be measured.
    """

    legal: str
    faulty: bool
    incomplete: bool
    options: Options


@dataclass
class Adjustment:
    """What came of it: findings, the stage as left, and what is now in the meter (None where it does not say)."""

    findings: list[Finding] = field(default_factory=list)
    left: Sequence[Measurement] = ()
    fits_left: Mapping[int, Fit] = field(default_factory=dict)
    corrections_left: Image | None = None
    statement: str = "No correction register was written."


def fit_phases(setup: Setup, measurements: Sequence[Measurement]) -> dict[int, Fit]:
    """Give, for each phase, the gain, phase and offset errors that the load points can tell apart.

    All three are asked for even where a meter has fewer registers: an error without a register would otherwise be
    spread over those that have one.
    """
    fits: dict[int, Fit] = {}
    for phase in setup.phases:
        subjects = [m.subjects[phase] for m in measurements if phase in m.subjects]
        points = [
            PhasePoint(s.point, s.error_ratio, load_tan_phi(s.meter, s.reference), s.reference.power_w, s.uncertainty)
            for s in subjects
            if s.reference.power_w
        ]
        if points:
            fits[phase] = fit(points, ("gain", "phase", "offset"))
    return fits


def accuracy_finding(setup: Setup, stage: Stage, measurements: Sequence[Measurement], corrected: str = "") -> Finding:
    """Give the finding about one stage: the worst zone of the sums, each point as evidence."""
    zone = worst_zone(measurements)
    evidence = [_evidence(measurement) for measurement in measurements]
    outside = sum(m.total.zone is not Zone.PASS for m in measurements)
    words = {
        Zone.PASS: f"within the limits at every load point ({len(measurements)} measured)",
        Zone.FAIL: f"outside the limits (at {outside} of {len(measurements)} measured)",
        Zone.UNLIMITED: "measured, but no confirmed limit applies to at least one load point",
        Zone.NOT_VERIFIABLE: "not verifiable with this reference at one load point or more",
    }
    statement = words.get(
        zone, f"so near a limit that the uncertainty forbids a verdict (at {outside} of {len(measurements)} measured)"
    )
    check = checks.ACCURACY_AS_FOUND if stage == "as-found" else checks.ACCURACY_AS_LEFT
    title = f"{stage.replace('-', ' ').capitalize()}, {setup.target} is {statement}."
    found = check.finding(setup.target, verdict_of(zone), title, evidence)
    return found.model_copy(update={"corrected": corrected})


def fit_finding(setup: Setup, fits: Mapping[int, Fit]) -> Finding:
    """Give the finding about the fit: what could be told apart, and whether the model holds."""
    notes = tuple(dict.fromkeys(note for f in fits.values() for note in f.notes))
    evidence = [
        Evidence(name=f"L{phase} chi-square", value=f"{f.chi_square:.1f}", source=f"{f.degrees} degrees of freedom")
        for phase, f in fits.items()
    ]
    if not all(f.adequate for f in fits.values()):
        statement = "The errors are no gain, phase or offset errors: the model does not fit. " + " ".join(notes)
        return checks.FIT.finding(setup.target, Verdict.INFO, statement.strip(), evidence)
    statement = "Gain, phase and offset explain the errors. " + " ".join(notes)
    return checks.FIT.finding(setup.target, Verdict.PASS, statement.strip(), evidence)


@dataclass(frozen=True)
class Adjusting:
    """A correction under way: what was measured as found, what may be done about it, and what came of it so far."""

    setup: Setup
    points: Points
    found: Sequence[Measurement]
    fits: Mapping[int, Fit]
    corrector: Corrector
    result: Adjustment = field(default_factory=Adjustment)

    def adjust(self, permission: Permission) -> None:
        """Judge as found, and correct if that is needed, allowed and agreed to; `result` is filled on every way out."""
        setup, result = self.setup, self.result
        result.corrections_left = self.corrector.found
        result.findings.append(accuracy_finding(setup, "as-found", self.found))
        if self.fits:
            result.findings.append(fit_finding(setup, self.fits))
        moves = [t for t in targets(setup.meter.trims, self.corrector.found, self.fits) if t.new != t.old]
        refusal = _refusal(setup, self.found, self.fits, moves, permission)
        if refusal is None and not setup.session.consents(_question(setup, moves)):
            statement = "A correction is advised; nobody agreed to it, so nothing was written."
            refusal = (checks.CONSENT, Verdict.INCONCLUSIVE, statement)
        if refusal is not None:
            check, verdict, statement = refusal
            result.findings.append(check.finding(setup.target, verdict, statement, [_move(t) for t in moves]))
            return
        try:
            self._correct()
        except V2GError as exc:
            undo(setup, self.corrector, exc.what, result)
            if not isinstance(exc, InstrumentError | NotPermitted):
                raise
        except BaseException:
            undo(setup, self.corrector, "the program was stopped", result)
            raise

    def _correct(self) -> None:
        setup, corrector, result = self.setup, self.corrector, self.result
        session, before, fits = setup.session, setup.meter.facts(), self.fits
        wished = targets(setup.meter.trims, corrector.found, fits)
        trims = confirmed_signs(setup, self.found, wished, corrector, self.points)
        settle_s = setup.profile.writing.settle_s if setup.profile.writing is not None else 0.0
        present: Image = corrector.found
        moved: list[Target] = []
        for iteration in range(1, MAX_ITERATIONS + 1):
            wanted = targets(trims, present, fits)
            if all(t.new == t.old for t in wanted):
                break
            moved = list(wanted)
            present = {t.name: t.new for t in wanted}
            session.tell(f"writing {sum(t.new != t.old for t in wanted)} corrections to {setup.target}")
            corrector.change(present)
            session.sleep(max(2 * setup.meter_update_s, settle_s))
            result.left = self._measure_left()
            result.fits_left = fits = fit_phases(setup, result.left)
            session.record("iteration", {"number": iteration, "accepted": _accepted(self.found, result.left)})
            if _accepted(self.found, result.left):
                break
        if not result.left or not _accepted(self.found, result.left):
            undo(setup, corrector, "the meter is not within its limits after the correction", result)
            return
        corrector.commit(present)
        _proved(setup, before.uptime_s, present, result)
        corrector.close()
        result.corrections_left = present
        result.statement = "Corrections were written, read back, and proven by measuring again at the same load points."
        _say_success(setup, result, corrector, [_move(t) for t in moved if t.new != corrector.found[t.name]])

    def _measure_left(self) -> list[Measurement]:
        """Measure again at exactly the points that were measured as found."""
        names = {m.point.name for m in self.found}
        again = [(point, target) for point, target in self.points if point.name in names]
        left = []
        for number, (point, target) in enumerate(again, 1):
            self.setup.session.tell(f"as left {number}/{len(again)}: {point.name}")
            left.append(measure_point(self.setup, point, target))
        return left


def _accepted(found: Sequence[Measurement], left: Sequence[Measurement]) -> bool:
    """Within limits at every point, and at none worse than as found by more than its uncertainty."""
    errors = {m.point.name: m.total.error_ratio for m in found}
    return all(
        m.total.zone is Zone.PASS
        and abs(m.total.error_ratio) <= max(abs(errors[m.point.name]), m.total.uncertainty.expanded_ratio)
        for m in left
    )


def _proved(setup: Setup, uptime_s: float | None, target: Image, result: Adjustment) -> None:
    """Say whether the corrections survive a power cut; a restart during the run is an error."""
    after = setup.meter.facts()
    if uptime_s is not None and after.uptime_s is not None and after.uptime_s < uptime_s:
        raise InstrumentError(
            f"{setup.target} restarted during the run",
            why="It restarts after a write, or its supply was interrupted.",
            todo="Have the meter serviced.",
        )
    stored = setup.meter.stored_corrections()
    if stored == target:
        text = "The corrections are in non-volatile memory: the stored set reads as written."
        result.findings.append(checks.STORE.finding(setup.target, Verdict.PASS, text))
    elif stored is None and setup.profile.writing is not None and setup.profile.writing.preserved:
        text = f"The meter shows no stored set. Its document says they are kept: {setup.profile.writing.preserved}."
        result.findings.append(checks.STORE.finding(setup.target, Verdict.SKIPPED, text))
    else:
        text = "The meter shows no stored set; whether the corrections survive a power cut was not proven."
        result.findings.append(checks.STORE.finding(setup.target, Verdict.INCONCLUSIVE, text))
    setup.session.record("facts.after", {"facts": vars(after)})


def _say_success(setup: Setup, result: Adjustment, corrector: Corrector, moves: Sequence[Evidence]) -> None:
    first = result.findings[0]
    if first.verdict is not Verdict.PASS:
        result.findings[0] = first.model_copy(update={"corrected": "corrected and proven in this run"})
    statement = f"{len(corrector.writes)} correction writes to {setup.target} were read back and proven by measurement."
    result.findings.append(checks.ADJUST.finding(setup.target, Verdict.PASS, statement, moves))
    result.findings.append(accuracy_finding(setup, "as-left", result.left))


def undo(setup: Setup, corrector: Corrector, reason: str, result: Adjustment) -> None:
    """Bring the corrections as found back; what that came to is a finding."""
    result.left, result.fits_left = (), {}
    if corrector.restore():
        result.corrections_left = corrector.found
        if not corrector.writes:
            statement = f"No correction was made: {reason}. No correction register was written."
            result.findings.append(checks.ADJUST.finding(setup.target, Verdict.INCONCLUSIVE, statement))
            return
        result.statement = "Corrections were written and taken back; the meter holds the set as found."
        statement = f"The correction was taken back: {reason}. The corrections as found are in the meter again."
        result.findings.append(checks.RESTORED.finding(setup.target, Verdict.INCONCLUSIVE, statement))
        return
    result.corrections_left = corrector.present()
    result.statement = "Corrections were written and could not be taken back; the next run finishes that first."
    statement = f"The correction could not be taken back after this: {reason}. The meter may hold a part of it."
    result.findings.append(checks.RESTORED.finding(setup.target, Verdict.FAIL, statement))


def _refusal(
    setup: Setup, found: Sequence[Measurement], fits: Mapping[int, Fit], moves: Sequence[Target], permission: Permission
) -> tuple[Check, Verdict, str] | None:
    """Give why nothing is written, or None if a correction is needed and allowed; the order is the order of weight."""
    legal, when = permission.legal, permission.options.adjust
    name, needed = setup.target, bool(moves) and when != "never" and (when == "always" or _needed(found))
    open_case = Verdict.INCONCLUSIVE if needed else Verdict.SKIPPED
    if legal in ("sealed", "unknown"):
        return (
            checks.LEGAL,
            Verdict.SKIPPED,
            f"Verified only: {name}'s legal status is {legal}; it is never written to.",
        )
    if legal == "lockable" and setup.meter.facts().locked is not False:
        return checks.LEGAL, open_case, f"Verified only: {name} is lockable and not found unlocked."
    if not setup.meter.trims:
        return checks.ADJUST, Verdict.SKIPPED, f"Verified only: {setup.profile.title} has no correction registers."
    if permission.faulty:
        return checks.ADJUST, Verdict.SKIPPED, "No correction: a wiring fault is never trimmed away. Mend it first."
    if permission.incomplete:
        return checks.ADJUST, open_case, "No correction: a planned load point was not measured."
    if not all(f.adequate for f in fits.values()):
        return checks.FIT, open_case, "No correction: the error is no gain, phase or offset error (lack of fit)."
    if when == "never":
        return checks.ADJUST, Verdict.SKIPPED, "Verified only, as asked: nothing was written."
    if not needed and all(m.total.zone is Zone.PASS for m in found):
        return checks.ADJUST, Verdict.SKIPPED, "No correction is needed: nothing was written."
    if not needed:
        return checks.ADJUST, Verdict.SKIPPED, "Nothing was written: no error was shown that calls for a correction."
    if any(f.phase is None for f in fits.values()) and any(abs(m.total.reference.tan_phi) > REACTIVE for m in found):
        statement = "No correction: at these load points a gain error cannot be told from a phase error."
        return checks.FIT, Verdict.INCONCLUSIVE, statement
    if any(m.total.zone is Zone.UNLIMITED or m.total.zone is Zone.NOT_VERIFIABLE for m in found):
        statement = "No correction: at a load point no confirmed limit could prove it."
        return checks.ADJUST, Verdict.INCONCLUSIVE, statement
    if setup.profile.status == "draft" or (setup.profile.status == "derived" and not permission.options.allow_derived):
        statement = f"A correction is advised, not written: profile {setup.profile.id} is {setup.profile.status}."
        return checks.PROFILE, Verdict.INCONCLUSIVE, statement
    if permission.options.dry_run:
        return checks.CONSENT, Verdict.INCONCLUSIVE, "A correction is advised; --dry-run never writes."
    return None


def _needed(found: Sequence[Measurement]) -> bool:
    """Give whether an error of a sum is beyond 0.7 of its limit."""
    return any(
        abs(s.error_ratio) > ADJUST_ABOVE * s.limit.limit_ratio
        for s in (m.total for m in found)
        if s.limit is not None and s.limit.status == "verified"
    )


def _question(setup: Setup, moves: Sequence[Target]) -> str:
    changes = ", ".join(f"{t.name} {t.old}→{t.new}" for t in moves)
    return f"Write {len(moves)} corrections to {setup.target} ({changes})?"


def _evidence(measurement: Measurement) -> Evidence:
    s = measurement.total
    limit = f"±{100 * s.limit.limit_ratio:g} %" if s.limit is not None else "none"
    source = f"{s.limit.clause} ({s.limit.status})" if s.limit is not None else ""
    value = f"{100 * s.error_ratio:+.3f} ± {100 * s.uncertainty.expanded_ratio:.3f}"
    return Evidence(name=s.point, value=value, unit="%", limit=limit, source=source)


def _move(target: Target) -> Evidence:
    return Evidence(name=target.name, value=f"{target.old} → {target.new}", source=target.reason)
