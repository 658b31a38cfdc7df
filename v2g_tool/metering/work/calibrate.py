"""Calibrate a meter against a reference: as found, decide, correct, as left. The order of work and nothing else.

Everything that can go wrong with an instrument ends as a finding; the run always comes to an outcome that can be
reported, and the devices are put back on every way out.
"""

from __future__ import annotations

from collections.abc import Sequence

from v2g_tool.data.datafile import sha256_hex
from v2g_tool.data.library import load_profile
from v2g_tool.errors import Implausible, InstrumentError, Interrupted, LoadNotReached, V2GError
from v2g_tool.hal.connect import open_analyzer, open_inverter, open_meter
from v2g_tool.hal.contracts.inverter import Inverter
from v2g_tool.hal.contracts.meter import Meter, MeterFacts
from v2g_tool.metering import checks
from v2g_tool.metering.rules import wiring
from v2g_tool.metering.rules.decision import DECISION_RULE
from v2g_tool.metering.section import LimitReference
from v2g_tool.metering.work import loads
from v2g_tool.metering.work.adjusting import (
    Adjusting,
    Adjustment,
    Permission,
    Points,
    accuracy_finding,
    fit_phases,
    undo,
)
from v2g_tool.metering.work.correcting import Corrector
from v2g_tool.metering.work.instruments import (
    calibration_record,
    check_reversion,
    check_writable,
    legal_status,
    same_serial,
)
from v2g_tool.metering.work.outcome import Options, Outcome
from v2g_tool.metering.work.points import largest_current, possible_points, verifiable_points
from v2g_tool.metering.work.recovery import correction_key, recover
from v2g_tool.metering.work.setup import Setup
from v2g_tool.metering.work.stage import Measurement, NoPower, measure_point
from v2g_tool.model.findings import Evidence, Verdict
from v2g_tool.model.profiles.inverter import InverterProfile
from v2g_tool.model.profiles.limits import LimitSet
from v2g_tool.model.profiles.meter import MeterProfile
from v2g_tool.model.profiles.plan import Plan
from v2g_tool.model.site.metering import AnalyzerSite, InverterSite
from v2g_tool.run.changing import Changing
from v2g_tool.run.session import Opened, Session

WIRING_NEEDS_RATIO = 0.02
"""Where the reference knows the load to 2 % or better a wiring fault shows; below, only the reference's own error."""
HIGHEST_VOLTAGE_PU = 1.15
"""The reference's voltage range must hold a grid at its upper limit."""


def calibrate(session: Session, target: str, options: Options) -> Outcome:
    """Calibrate the meter `target`; raises RequestError before anything is touched, else gives an outcome."""
    meter_site = session.site.meter(target)
    limits, limits_file = load_profile(meter_site.limits.set, LimitSet)
    plan, _ = load_profile(meter_site.plan, Plan)
    outcome = Outcome(target)
    outcome.limits = LimitReference.model_validate(
        {
            "set": limits.id,
            "class": meter_site.limits.class_,
            "title": limits.title,
            "edition": limits.edition,
            "sha256": sha256_hex(limits_file),
            "decision_rule": DECISION_RULE,
        }
    )
    try:
        _calibrate(outcome, session, limits, plan, options)
    except Interrupted as exc:
        outcome.error = exc
        outcome.add(checks.INTERRUPTED, Verdict.INCONCLUSIVE, f"The run was {exc.what}.")
    except InstrumentError as exc:
        outcome.error = exc
        check = checks.IDENTITY if isinstance(exc, Implausible) and not outcome.found else checks.INSTRUMENT
        outcome.add(check, Verdict.INCONCLUSIVE, exc.what, _reasons(exc))
    return outcome


def _calibrate(outcome: Outcome, session: Session, limits: LimitSet, plan: Plan, options: Options) -> None:
    """Open the instruments one after the other, each checked before the next, and work with them."""
    site, target = session.site, outcome.target
    place = site.meters[target]
    session.hold(place.place)
    meter = session.open(open_meter, target)
    facts = _begin(outcome, session, meter, options)
    reference = site.analyzers[place.analyzer]
    session.hold(reference.resource)
    analyzer = session.open(open_analyzer, place.analyzer)
    calibration = calibration_record(reference, accepted=options.accept_past_due)
    outcome.instruments.append(analyzer.record("analyzer", calibration))
    same_serial("analyzers", place.analyzer, reference.serial, analyzer.identity)
    if not _reference_valid(outcome, reference, options, session):
        return
    commanded = not options.dry_run and _may_command(session, place.inverter, plan)
    inverter = session.open(open_inverter, place.inverter, commanded=commanded)
    setup = Setup(
        session=session,
        target=target,
        meter_site=place,
        meter=meter.device,
        profile=meter.profile,
        analyzer=analyzer.device,
        inverter=inverter.device,
        limits=limits,
        plan=plan,
        nominal_voltage_v=site.site.nominal_voltage_v,
        meter_update_s=facts.update_interval_s or meter.profile.update_interval_s,
    )
    key = "present-load"
    if place.inverter and inverter.device.name != place.inverter:
        _recall_load(outcome, session, place.inverter)
        statement = f"{place.inverter} was not commanded: of the plan's load points none was made, only what flows."
        outcome.add(checks.CONSENT, Verdict.INCONCLUSIVE, statement)
    elif place.inverter:
        key = _take_inverter(outcome, setup, inverter, allow_derived=options.allow_derived)
    _work(outcome, setup, key, options, correction_key(meter.identity))


def _begin(outcome: Outcome, session: Session, meter: Opened[Meter, MeterProfile], options: Options) -> MeterFacts:
    """Identify the meter, finish what an earlier run left open, and take the corrections as found."""
    place = session.site.meters[meter.name]
    outcome.instruments.append(meter.record("meter"))
    same_serial("meters", meter.name, place.serial, meter.identity)
    session.hold(correction_key(meter.identity))
    facts = meter.device.facts()
    session.record("meter.facts", {"identity": str(meter.identity), "facts": vars(facts)})
    outcome.legal = legal_status(place.legal, facts.legal, meter.profile.legal)
    outcome.addresses = {name: trim.active.address for name, trim in meter.device.trims.items()}
    if meter.device.trims:
        _take_corrections(outcome, session, meter, options)
    outcome.add(checks.IDENTITY, Verdict.PASS, f"{meter.name} is {meter.identity}.")
    return facts


def _take_corrections(outcome: Outcome, session: Session, meter: Opened[Meter, MeterProfile], options: Options) -> None:
    """Finish what is open, then note which corrections the meter holds, and whether they survive a power cut."""
    outcome.recovered = recover(meter, session, legal=outcome.legal, dry_run=options.dry_run)
    present = dict(meter.device.corrections())
    pending = outcome.recovered.corrector if outcome.recovered is not None else None
    outcome.corrections_found = dict(pending.found) if pending is not None else present
    outcome.corrections_left = present
    if outcome.recovered is not None:
        outcome.writes = list(outcome.recovered.writes)
        outcome.statement = outcome.recovered.statement
        if pending is None:
            outcome.add(checks.RECOVERY, Verdict.PASS, outcome.recovered.statement)
    outcome.unstored = pending is None and meter.device.stored_corrections() not in (None, present)
    session.record("corrections.found", {"raw": present, "unstored": outcome.unstored})


def _work(outcome: Outcome, setup: Setup, inverter_key: str, options: Options, meter_key: str) -> None:
    """Measure as found, and if it is needed, allowed and possible, adjust and measure as left."""
    points, findings = possible_points(setup)
    outcome.findings += findings
    setup.analyzer.prepare(setup.nominal_voltage_v * HIGHEST_VOLTAGE_PU, largest_current(setup, points))
    points, findings = verifiable_points(setup, points)
    outcome.findings += findings

    def not_restored(problem: str) -> None:
        outcome.add(checks.INVERTER, Verdict.FAIL, f"It is not proven that {setup.inverter.name} is back: {problem}.")

    if not points:
        return
    with loads.test_load(setup.source, Changing(setup.session, inverter_key), not_restored):
        _as_found(outcome, setup, points)
        if not outcome.found:
            return
        faulty = _wiring(outcome, setup)
        if not _pending_proven(outcome, setup):
            return
        found = dict(setup.meter.corrections()) if setup.meter.trims else {}
        corrector = Corrector(setup.meter, Changing(setup.session, meter_key), setup.profile.id, found)
        permission = Permission(outcome.legal, faulty, len(outcome.found) < len(points), options)
        adjusting = Adjusting(setup, points, outcome.found, outcome.fits_found, corrector)
        try:
            adjusting.adjust(permission)
        finally:
            _take(outcome, adjusting.result, corrector)


def _wiring(outcome: Outcome, setup: Setup) -> bool:
    """Add the findings about the wiring, and the fit if it is sound; give whether a fault was found."""
    loaded = [m for m in outcome.found if m.total.uncertainty.reference_ratio < WIRING_NEEDS_RATIO]
    if not loaded:
        outcome.add(checks.WIRING, Verdict.SKIPPED, "The load is too small to tell a wiring fault.")
        return False
    faults = _diagnose(setup, loaded)
    outcome.add_faults(faults)
    if not faults:
        outcome.add(checks.WIRING, Verdict.PASS, "No wiring fault shows in voltage, current, power or angle.")
        outcome.fits_found = fit_phases(setup, outcome.found)
    return bool(faults)


def _pending_proven(outcome: Outcome, setup: Setup) -> bool:
    """Judge the set that an earlier run left unproven by this run's measurement: store it, or take it back."""
    recovered = outcome.recovered
    if recovered is None or recovered.corrector is None:
        return True
    judged = accuracy_finding(setup, "as-found", outcome.found)
    corrector = recovered.corrector
    if judged.verdict is Verdict.PASS:
        with setup.session.shield():
            corrector.commit(recovered.target)
            corrector.close()
        outcome.add(checks.RECOVERY, Verdict.PASS, f"{recovered.statement} It was proven by this run, and stored.")
        return True
    done = Adjustment()
    undo(setup, corrector, "measured again, the meter is not within its limits", done)
    outcome.findings += [judged, *done.findings]
    outcome.add(checks.RECOVERY, Verdict.INCONCLUSIVE, f"{recovered.statement} It could not be proven.")
    outcome.writes += corrector.writes[len(recovered.writes) :]
    outcome.corrections_left, outcome.statement = done.corrections_left, done.statement
    return False


def _as_found(outcome: Outcome, setup: Setup, points: Points) -> None:
    for number, (point, target) in enumerate(points, 1):
        setup.session.tell(f"as found {number}/{len(points)}: {point.name}")
        try:
            outcome.found.append(measure_point(setup, point, target))
        except LoadNotReached as exc:
            setup.session.record("point.failed", {"point": point.name, "error": exc.what})
            outcome.add(checks.LOAD, Verdict.INCONCLUSIVE, f"{point.name}: {exc.what}.", _reasons(exc))
        except NoPower as exc:
            faults = _diagnose(setup, [*outcome.found, exc.seen])
            outcome.add_faults(faults)
            if not faults:
                raise
            outcome.found.clear()  # with such a fault the other points are no measurements either
            return


def _diagnose(setup: Setup, measurements: Sequence[Measurement]) -> Sequence[wiring.Fault]:
    means = [m.means() for m in measurements]
    return wiring.diagnose(means, setup.meter.registers, setup.meter.word_order, setup.meter_site.ct)


def _take(outcome: Outcome, done: Adjustment, corrector: Corrector) -> None:
    outcome.findings += done.findings
    outcome.left = list(done.left)
    outcome.fits_left = done.fits_left
    outcome.corrections_left = done.corrections_left
    if corrector.writes:
        outcome.writes += corrector.writes
        outcome.statement = done.statement
    elif outcome.unstored:
        statement = "The corrections at work are not those in non-volatile memory: a power cut changes the meter."
        outcome.add(checks.STORE, Verdict.INCONCLUSIVE, statement)


def _take_inverter(
    outcome: Outcome, setup: Setup, inverter: Opened[Inverter, InverterProfile | None], *, allow_derived: bool
) -> str:
    """Identify the inverter, keep other programs off it, put it back if an earlier run could not; give its key."""
    place = setup.session.site.inverters[inverter.name]
    check_reversion(inverter.name, place.reversion_s, setup)
    if inverter.profile is not None:
        check_writable(inverter.name, inverter.profile, allow_derived=allow_derived)
    if place.place != setup.meter_site.place:
        setup.session.hold(place.place)
    same_serial("inverters", inverter.name, place.serial, inverter.identity)
    outcome.instruments.append(inverter.record("inverter"))
    key = _inverter_key(place) + inverter.identity.serial
    _put_back_first(outcome, inverter.device, key, setup.session)
    return key


def _put_back_first(outcome: Outcome, inverter: Inverter, key: str, session: Session) -> None:
    """End the test load that a run before could not end; raises InstrumentError when that fails again."""
    intent = session.intents.get(key)
    if intent is None:
        return
    changing = Changing(session, key)
    if problem := loads.put_back(inverter, intent.old, changing):
        raise InstrumentError(
            f"{inverter.name} still follows the test load of {intent.started_utc} and could not be put back: {problem}",
            why="It is busy, refuses, or another program commands it.",
            todo="Wait for its reversion timer, check what it does, then run again.",
        )
    changing.end("inverter.closed", {"journal": intent.journal})
    outcome.add(checks.RECOVERY, Verdict.PASS, f"{inverter.name} was told to end its load of {intent.started_utc}.")


def _inverter_key(place: InverterSite) -> str:
    return f"inverter-{place.profile}-"


def _recall_load(outcome: Outcome, session: Session, name: str) -> None:
    """Say that another run commanded an inverter and has not ended; a run that may not command leaves it so."""
    for intent in session.intents.open_of(_inverter_key(session.site.inverters[name])):
        statement = f"The run {intent.journal} commanded {name} and was cut off, or goes on: its load may still flow."
        remedy = "Look at what the inverter does, then run again without --dry-run: the load is ended first."
        outcome.findings.append(checks.RECOVERY.finding(outcome.target, Verdict.INCONCLUSIVE, statement, remedy=remedy))


def _may_command(session: Session, name: str, plan: Plan) -> bool:
    if not name:
        return False
    place = session.site.inverters[name]
    question = (
        f"{name} will be commanded to {len(plan.points)} load points, up to {place.max_charge_w / 1000:g} kW charge "
        f"and {place.max_discharge_w / 1000:g} kW discharge. Go on?"
    )
    return session.consents(question)


def _reference_valid(outcome: Outcome, reference: AnalyzerSite, options: Options, session: Session) -> bool:
    due = reference.calibration.due
    if due >= session.run.started.date():
        outcome.add(checks.REFERENCE_DUE, Verdict.PASS, f"The reference is calibrated until {due.isoformat()}.")
        return True
    overridden = ", which the operator accepted" if options.accept_past_due else "; nothing was measured"
    statement = f"The reference's calibration was due on {due.isoformat()}{overridden}."
    outcome.add(checks.REFERENCE_DUE, Verdict.INCONCLUSIVE, statement)
    session.record("reference.past-due", {"due": due.isoformat(), "accepted": options.accept_past_due})
    return options.accept_past_due


def _reasons(exc: V2GError) -> tuple[Evidence, ...]:
    rows = (("most likely", exc.why), ("next step", exc.todo))
    return tuple(Evidence(name=name, value=text) for name, text in rows if text)
