"""Calibrate a meter against a reference: as found, decide, correct, as left. The order of work and nothing else.

Everything that can go wrong with an instrument ends as a finding; the run always comes to an outcome that can be
reported, and the devices are put back on every way out.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from v2g_tool.data.datafile import sha256_hex
from v2g_tool.data.library import load_profile
from v2g_tool.errors import Implausible, InstrumentError, Interrupted, LoadNotReached, V2GError
from v2g_tool.hal.connect import Wiring, open_analyzer, open_inverter, open_meter
from v2g_tool.hal.contracts.inverter import Inverter, SetPoint
from v2g_tool.hal.contracts.meter import Meter, MeterFacts
from v2g_tool.model.findings import Evidence, Verdict
from v2g_tool.model.profiles.inverter import InverterProfile
from v2g_tool.model.profiles.limits import LimitSet
from v2g_tool.model.profiles.meter import MeterProfile
from v2g_tool.model.profiles.plan import LoadPoint, Plan
from v2g_tool.model.quantities import Identity
from v2g_tool.model.report import LimitReference
from v2g_tool.model.site.metering import AnalyzerSite
from v2g_tool.model.site.site import Site
from v2g_tool.procedures import loads
from v2g_tool.procedures.adjusting import Adjustment, Permission, accuracy_finding, adjust, fit_phases, undo
from v2g_tool.procedures.correcting import Corrector
from v2g_tool.procedures.instruments import (
    check_reversion,
    check_writable,
    instrument_record,
    legal_status,
    same_serial,
)
from v2g_tool.procedures.outcome import Options, Outcome
from v2g_tool.procedures.points import largest_current, possible_points, verifiable_points
from v2g_tool.procedures.recovery import recover
from v2g_tool.procedures.stage import Measurement, NoPower, Setup, measure_point
from v2g_tool.record.intents import IntentStore
from v2g_tool.rules import wiring
from v2g_tool.rules.catalogue import wiring_finding
from v2g_tool.rules.decision import DECISION_RULE
from v2g_tool.run.run import Run

WIRING_NEEDS_RATIO = 0.02
"""Where the reference knows the load to 2 % or better a wiring fault shows; below, only the reference's own error."""
HIGHEST_VOLTAGE_PU = 1.15
"""The reference's voltage range must hold a grid at its upper limit."""


def calibrate(site: Site, target: str, options: Options, store: IntentStore, run: Run) -> Outcome:
    """Calibrate the meter `target`; raises RequestError before anything is touched, else gives an outcome."""
    meter_site = site.meter(target)
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
    wires = Wiring(run.record, run.monotonic, run.sleep, run.ask)
    try:
        with ExitStack() as stack:
            _calibrate(outcome, site, limits, plan, options, store, run, wires, stack)
    except Interrupted as exc:
        outcome.error = exc
        outcome.add("CAL-INTERRUPTED", Verdict.INCONCLUSIVE, f"The run was {exc.what}.")
    except InstrumentError as exc:
        outcome.error = exc
        check = "CAL-IDENTITY" if isinstance(exc, Implausible) and not outcome.found else "CAL-INSTRUMENT"
        outcome.add(check, Verdict.INCONCLUSIVE, exc.what, _reasons(exc))
    return outcome


def _calibrate(
    outcome: Outcome,
    site: Site,
    limits: LimitSet,
    plan: Plan,
    options: Options,
    store: IntentStore,
    run: Run,
    wires: Wiring,
    stack: ExitStack,
) -> None:
    """Open the instruments one after the other, each checked before the next, and work with them."""
    target, place = outcome.target, site.meters[outcome.target]
    stack.enter_context(store.hold(place.place))
    meter, profile, meter_file = stack.enter_context(open_meter(site, target, wires))
    facts = _begin(outcome, site, meter, profile, meter_file, options, store, run, stack)
    reference = site.analyzers[place.analyzer]
    stack.enter_context(store.hold(reference.resource))
    analyzer, analyzer_profile, analyzer_file = stack.enter_context(open_analyzer(site, place.analyzer, wires))
    identity = analyzer.identity()
    accepted = options.accept_past_due
    outcome.instruments.append(
        instrument_record("analyzer", analyzer.name, identity, analyzer_profile, analyzer_file, reference, accepted)
    )
    same_serial("analyzers", place.analyzer, reference.serial, identity)
    if not _reference_valid(outcome, reference, options, run):
        return
    commanded = not options.dry_run and _may_command(site, place.inverter, plan, run)
    inverter, inverter_profile, inverter_file = stack.enter_context(
        open_inverter(site, place.inverter, wires, commanded=commanded)
    )
    setup = Setup(
        target=target,
        meter_site=place,
        meter=meter,
        profile=profile,
        analyzer=analyzer,
        inverter=inverter,
        limits=limits,
        plan=plan,
        nominal_voltage_v=site.site.nominal_voltage_v,
        meter_update_s=facts.update_interval_s or profile.update_interval_s,
    )
    key = "present-load"
    if place.inverter and inverter.name != place.inverter:
        statement = f"{place.inverter} was not commanded: of the plan's load points none was made, only what flows."
        outcome.add("CAL-CONSENT", Verdict.INCONCLUSIVE, statement)
    elif place.inverter:
        key = _take_inverter(
            outcome,
            setup,
            site,
            inverter_profile,
            inverter_file,
            store,
            run,
            stack,
            allow_derived=options.allow_derived,
        )
    _work(outcome, setup, key, options, store, run)


def _begin(
    outcome: Outcome,
    site: Site,
    meter: Meter,
    profile: MeterProfile,
    path: Path,
    options: Options,
    store: IntentStore,
    run: Run,
    stack: ExitStack,
) -> MeterFacts:
    """Identify the meter, finish what an earlier run left open, and take the corrections as found."""
    target = outcome.target
    place = site.meters[target]
    identity = meter.identity()
    outcome.instruments.append(instrument_record("meter", target, identity, profile, path))
    same_serial("meters", target, place.serial, identity)
    stack.enter_context(store.hold(correction_key(identity)))
    facts = meter.facts()
    run.record("meter.facts", {"identity": str(identity), "facts": vars(facts)})
    outcome.legal = legal_status(place.legal, facts.legal, profile.legal)
    outcome.addresses = {name: trim.active.address for name, trim in meter.trims.items()}
    if meter.trims:
        _take_corrections(outcome, meter, identity, profile.id, options, store, run)
    outcome.add("CAL-IDENTITY", Verdict.PASS, f"{target} is {identity}.")
    return facts


def _take_corrections(
    outcome: Outcome, meter: Meter, identity: Identity, profile: str, options: Options, store: IntentStore, run: Run
) -> None:
    """Finish what is open, then note which corrections the meter holds, and whether they survive a power cut."""
    outcome.recovered = recover(
        meter, correction_key(identity), profile, store, run, legal=outcome.legal, dry_run=options.dry_run
    )
    present = dict(meter.corrections())
    pending = outcome.recovered.corrector if outcome.recovered is not None else None
    outcome.corrections_found = dict(pending.found) if pending is not None else present
    outcome.corrections_left = present
    if outcome.recovered is not None:
        outcome.writes = list(outcome.recovered.writes)
        outcome.statement = outcome.recovered.statement
        if pending is None:
            outcome.add("CAL-RECOVERY", Verdict.PASS, outcome.recovered.statement)
    outcome.unstored = pending is None and meter.stored_corrections() not in (None, present)
    run.record("corrections.found", {"raw": present, "unstored": outcome.unstored})


def _work(outcome: Outcome, setup: Setup, inverter_key: str, options: Options, store: IntentStore, run: Run) -> None:
    """Measure as found, and if it is needed, allowed and possible, adjust and measure as left."""
    points, findings = possible_points(setup)
    outcome.findings += findings
    setup.analyzer.prepare(setup.nominal_voltage_v * HIGHEST_VOLTAGE_PU, largest_current(setup, points))
    points, findings = verifiable_points(setup, points)
    outcome.findings += findings

    def not_restored(problem: str) -> None:
        outcome.add("CAL-INVERTER", Verdict.FAIL, f"It is not proven that {setup.inverter.name} is back: {problem}.")

    if not points:
        return
    with loads.test_load(setup.source, inverter_key, store, run, not_restored):
        _as_found(outcome, setup, points, run)
        if not outcome.found:
            return
        faulty = _wiring(outcome, setup)
        if not _pending_proven(outcome, setup, run):
            return
        identity = next(i for i in outcome.instruments if i.role == "meter")
        key = correction_key(Identity(identity.maker, identity.model, identity.serial, ""))
        found = dict(setup.meter.corrections()) if setup.meter.trims else {}
        corrector = Corrector(setup.meter, key, setup.profile.id, store, run, found)
        permission = Permission(
            legal=outcome.legal,
            faulty=faulty,
            incomplete=len(outcome.found) < len(points),
            when=options.adjust,
            dry_run=options.dry_run,
            allow_derived=options.allow_derived,
        )
        done = Adjustment(corrections_left=found)
        try:
            adjust(setup, outcome.found, outcome.fits_found, permission, corrector, points, done)
        finally:
            _take(outcome, done, corrector)


def _wiring(outcome: Outcome, setup: Setup) -> bool:
    """Add the findings about the wiring, and the fit if it is sound; give whether a fault was found."""
    loaded = [m for m in outcome.found if m.total.uncertainty.reference_ratio < WIRING_NEEDS_RATIO]
    if not loaded:
        outcome.add("CAL-WIRING", Verdict.SKIPPED, "The load is too small to tell a wiring fault.")
        return False
    faults = _diagnose(setup, loaded)
    outcome.findings += [wiring_finding(fault, setup.target) for fault in faults]
    if not faults:
        outcome.add("CAL-WIRING", Verdict.PASS, "No wiring fault shows in voltage, current, power or angle.")
        outcome.fits_found = fit_phases(setup, outcome.found)
    return bool(faults)


def _pending_proven(outcome: Outcome, setup: Setup, run: Run) -> bool:
    """Judge the set that an earlier run left unproven by this run's measurement: store it, or take it back."""
    recovered = outcome.recovered
    if recovered is None or recovered.corrector is None:
        return True
    judged = accuracy_finding(setup, "as-found", outcome.found)
    corrector = recovered.corrector
    if judged.verdict is Verdict.PASS:
        with run.shield():
            corrector.commit(recovered.target)
            corrector.close()
        outcome.add("CAL-RECOVERY", Verdict.PASS, f"{recovered.statement} It was proven by this run, and stored.")
        return True
    done = Adjustment()
    undo(setup, corrector, "measured again, the meter is not within its limits", done)
    outcome.findings += [judged, *done.findings]
    outcome.add("CAL-RECOVERY", Verdict.INCONCLUSIVE, f"{recovered.statement} It could not be proven.")
    outcome.writes += corrector.writes[len(recovered.writes) :]
    outcome.corrections_left, outcome.statement = done.corrections_left, done.statement
    return False


def _as_found(outcome: Outcome, setup: Setup, points: Sequence[tuple[LoadPoint, SetPoint]], run: Run) -> None:
    for number, (point, target) in enumerate(points, 1):
        run.tell(f"as found {number}/{len(points)}: {point.name}")
        try:
            outcome.found.append(measure_point(setup, point, target, run))
        except LoadNotReached as exc:
            run.record("point.failed", {"point": point.name, "error": exc.what})
            outcome.add("CAL-LOAD", Verdict.INCONCLUSIVE, f"{point.name}: {exc.what}.", _reasons(exc))
        except NoPower as exc:
            faults = _diagnose(setup, [*outcome.found, exc.seen])
            outcome.findings += [wiring_finding(fault, setup.target) for fault in faults]
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
        outcome.add("CAL-STORE", Verdict.INCONCLUSIVE, statement)


def _take_inverter(
    outcome: Outcome,
    setup: Setup,
    site: Site,
    profile: InverterProfile | None,
    path: Path | None,
    store: IntentStore,
    run: Run,
    stack: ExitStack,
    *,
    allow_derived: bool,
) -> str:
    """Identify the inverter, keep other programs off it, put it back if an earlier run could not; give its key."""
    name = setup.meter_site.inverter
    place = site.inverters[name]
    check_reversion(name, place.reversion_s, setup)
    if profile is not None:
        check_writable(name, profile, allow_derived=allow_derived)
    if place.place != setup.meter_site.place:
        stack.enter_context(store.hold(place.place))
    identity = setup.inverter.identity()
    same_serial("inverters", name, place.serial, identity)
    outcome.instruments.append(instrument_record("inverter", name, identity, profile, path))
    key = f"inverter-{place.profile}-{identity.serial}"
    _put_back_first(outcome, setup.inverter, key, store, run)
    return key


def _put_back_first(outcome: Outcome, inverter: Inverter, key: str, store: IntentStore, run: Run) -> None:
    """End the test load that a run before could not end; raises InstrumentError when that fails again."""
    intent = store.get(key)
    if intent is None:
        return
    with run.shield():
        problem = loads.put_back(inverter, intent.old, run)
    if problem:
        raise InstrumentError(
            f"{inverter.name} still follows the test load of {intent.started_utc} and could not be put back: {problem}",
            why="It is busy, refuses, or another program commands it.",
            todo="Wait for its reversion timer, check what it does, then run again.",
        )
    store.clear(key)
    outcome.add("CAL-RECOVERY", Verdict.PASS, f"{inverter.name} was told to end its load of {intent.started_utc}.")


def correction_key(identity: Identity) -> str:
    """Give the name of a meter in the intent store: maker and serial number, wherever and however it is connected."""
    return f"meter-{identity.maker}-{identity.serial}"


def _may_command(site: Site, name: str, plan: Plan, run: Run) -> bool:
    if not name:
        return False
    place = site.inverters[name]
    question = (
        f"{name} will be commanded to {len(plan.points)} load points, up to {place.max_charge_w / 1000:g} kW charge "
        f"and {place.max_discharge_w / 1000:g} kW discharge. Go on?"
    )
    return run.consents(question)


def _reference_valid(outcome: Outcome, reference: AnalyzerSite, options: Options, run: Run) -> bool:
    due = reference.calibration.due
    if due >= run.started.date():
        outcome.add("CAL-REFERENCE-DUE", Verdict.PASS, f"The reference is calibrated until {due.isoformat()}.")
        return True
    overridden = ", which the operator accepted" if options.accept_past_due else "; nothing was measured"
    statement = f"The reference's calibration was due on {due.isoformat()}{overridden}."
    outcome.add("CAL-REFERENCE-DUE", Verdict.INCONCLUSIVE, statement)
    run.record("reference.past-due", {"due": due.isoformat(), "accepted": options.accept_past_due})
    return options.accept_past_due


def _reasons(exc: V2GError) -> tuple[Evidence, ...]:
    rows = (("most likely", exc.why), ("next step", exc.todo))
    return tuple(Evidence(name=name, value=text) for name, text in rows if text)
