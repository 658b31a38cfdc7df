"""Calibrate a meter against a reference: as found, decide, correct, as left. The order of work and nothing else.

Everything that can go wrong with an instrument ends as a finding; the run always comes to an outcome that can be
reported, and the devices are put back on every way out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from v2g_tool.errors import Implausible, InstrumentError, Interrupted, LoadNotReached, V2GError
from v2g_tool.hal.connect import Wiring, open_analyzer, open_inverter, open_meter
from v2g_tool.hal.contracts import Inverter, Meter, MeterFacts, SetPoint
from v2g_tool.model.datafile import sha256_hex
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.library import load_profile
from v2g_tool.model.profile import InverterProfile, LimitSet, LoadPoint, MeterProfile, Plan
from v2g_tool.model.quantities import Identity
from v2g_tool.model.report import Instrument, LimitReference
from v2g_tool.model.site import AnalyzerSite, Site
from v2g_tool.procedures import loads
from v2g_tool.procedures.adjusting import Adjustment, Permission, When, adjust, fit_phases
from v2g_tool.procedures.correcting import Corrector, recover
from v2g_tool.procedures.instruments import check_reversion, instrument_record, same_serial, strictest_legal
from v2g_tool.procedures.intents import IntentStore
from v2g_tool.procedures.points import largest_current, possible_points, verifiable_points
from v2g_tool.procedures.run import Run
from v2g_tool.procedures.stage import Measurement, Setup, measure_point
from v2g_tool.rules import wiring
from v2g_tool.rules.catalogue import finding, wiring_finding
from v2g_tool.rules.correction import Fit
from v2g_tool.rules.decision import DECISION_RULE

HIGHEST_VOLTAGE_PU = 1.15
"""The reference's voltage range must hold a grid at its upper limit."""


@dataclass(frozen=True)
class Options:
    """What the user asked for beside the target."""

    dry_run: bool = False
    allow_derived: bool = False
    accept_past_due: bool = False
    adjust: When = "needed"


@dataclass
class Outcome:
    """What a calibration came to; turned into the report."""

    target: str
    legal: str = "unknown"
    findings: list[Finding] = field(default_factory=list)
    instruments: list[Instrument] = field(default_factory=list)
    found: list[Measurement] = field(default_factory=list)
    left: list[Measurement] = field(default_factory=list)
    fits_found: Mapping[int, Fit] = field(default_factory=dict)
    fits_left: Mapping[int, Fit] = field(default_factory=dict)
    corrections_found: Mapping[str, int] = field(default_factory=dict)
    corrections_left: Mapping[str, int] = field(default_factory=dict)
    addresses: Mapping[str, int] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    limits: LimitReference | None = None
    error: V2GError | None = None

    def add(self, check: str, verdict: Verdict, statement: str, evidence: Sequence[Evidence] = ()) -> None:
        """Add a finding about the target."""
        self.findings.append(finding(check, self.target, verdict, statement, evidence))


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
        outcome.add("CAL-INTERRUPTED", Verdict.INCONCLUSIVE, f"The run was {exc.what}; devices were put back.")
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
    facts = _begin(outcome, site, target, meter, profile, meter_file, store, run)
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
    if inverter.name == place.inverter:
        key = _take_inverter(outcome, setup, site, inverter_profile, inverter_file, store, run, stack)
    _work(outcome, setup, key, options, store, run)


def _begin(
    outcome: Outcome,
    site: Site,
    target: str,
    meter: Meter,
    profile: MeterProfile,
    path: Path,
    store: IntentStore,
    run: Run,
) -> MeterFacts:
    """Identify the meter, finish what an earlier run left open, and take the corrections as found."""
    meter_site = site.meters[target]
    identity = meter.identity()
    outcome.instruments.append(instrument_record("meter", target, identity, profile, path))
    same_serial("meters", target, meter_site.serial, identity)
    facts = meter.facts()
    run.record("meter.facts", {"identity": str(identity), "facts": vars(facts)})
    outcome.legal = strictest_legal(meter_site.legal, facts.legal, profile.legal)
    recovered = recover(meter, correction_key(profile, identity), store, run)
    if recovered:
        outcome.add("CAL-RECOVERY", Verdict.PASS, recovered)
    outcome.corrections_found = dict(meter.corrections()) if meter.trims else {}
    outcome.corrections_left = outcome.corrections_found
    outcome.addresses = {name: trim.active.address for name, trim in meter.trims.items()}
    run.record("corrections.found", {"raw": dict(outcome.corrections_found)})
    outcome.add("CAL-IDENTITY", Verdict.PASS, f"{target} is {identity}.")
    return facts


def _work(outcome: Outcome, setup: Setup, inverter_key: str, options: Options, store: IntentStore, run: Run) -> None:
    """Measure as found, and if it is needed, allowed and possible, adjust and measure as left."""
    points, findings = possible_points(setup)
    outcome.findings += findings
    setup.analyzer.prepare(setup.nominal_voltage_v * HIGHEST_VOLTAGE_PU, largest_current(setup, points))
    points, findings = verifiable_points(setup, points)
    outcome.findings += findings
    if not points:
        return
    with loads.test_load(setup.inverter, inverter_key, store, run):
        _as_found(outcome, setup, points, run)
        if not outcome.found:
            return
        faults = wiring.diagnose(
            [m.means() for m in outcome.found], setup.meter.registers, setup.meter.word_order, setup.meter_site.ct
        )
        outcome.findings += [wiring_finding(fault, setup.target) for fault in faults]
        if not faults:
            outcome.add("CAL-WIRING", Verdict.PASS, "No wiring fault shows in voltage, current, power or angle.")
            outcome.fits_found = fit_phases(setup, outcome.found)
        identity = next(i for i in outcome.instruments if i.role == "meter")
        key = correction_key(setup.profile, Identity(identity.maker, identity.model, identity.serial, ""))
        corrector = Corrector(setup.meter, key, store, run, outcome.corrections_found)
        permission = Permission(outcome.legal, bool(faults), options.adjust, options.dry_run, options.allow_derived)
        done = Adjustment()
        try:
            adjust(setup, outcome.found, outcome.fits_found, permission, corrector, points, done)
        finally:
            _take(outcome, done, corrector)


def _as_found(outcome: Outcome, setup: Setup, points: Sequence[tuple[LoadPoint, SetPoint]], run: Run) -> None:
    for number, (point, target) in enumerate(points, 1):
        run.tell(f"as found {number}/{len(points)}: {point.name}")
        try:
            outcome.found.append(measure_point(setup, point, target, run))
        except LoadNotReached as exc:
            run.record("point.failed", {"point": point.name, "error": exc.what})
            outcome.add("CAL-LOAD", Verdict.INCONCLUSIVE, f"{point.name}: {exc.what}.", _reasons(exc))


def _take(outcome: Outcome, done: Adjustment, corrector: Corrector) -> None:
    outcome.findings += done.findings
    outcome.left = list(done.left)
    outcome.fits_left = done.fits_left
    outcome.writes = list(corrector.writes)
    outcome.corrections_left = done.corrections_left or outcome.corrections_found


def _take_inverter(
    outcome: Outcome,
    setup: Setup,
    site: Site,
    profile: InverterProfile | None,
    path: Path | None,
    store: IntentStore,
    run: Run,
    stack: ExitStack,
) -> str:
    """Identify the inverter, keep other programs off it, put it back if an earlier run could not; give its key."""
    name = setup.meter_site.inverter
    place = site.inverters[name]
    check_reversion(name, place.reversion_s, setup)
    if place.place != setup.meter_site.place:
        stack.enter_context(store.hold(place.place))
    identity = setup.inverter.identity()
    same_serial("inverters", name, place.serial, identity)
    outcome.instruments.append(instrument_record("inverter", name, identity, profile, path))
    key = f"inverter-{place.profile}-{identity.serial}"
    _put_back_first(outcome, setup.inverter, key, store, run)
    return key


def _put_back_first(outcome: Outcome, inverter: Inverter, key: str, store: IntentStore, run: Run) -> None:
    intent = store.get(key)
    if intent is None:
        return
    with run.shield():
        loads.put_back(inverter, key, intent.old, store, run)
    outcome.add("CAL-RECOVERY", Verdict.PASS, f"The test load of the run of {intent.started_utc} was ended first.")


def correction_key(profile: MeterProfile, identity: Identity) -> str:
    """Give the name of a meter in the intent store: what it is and its serial number, wherever it is connected."""
    return f"meter-{profile.id}-{identity.serial}"


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
