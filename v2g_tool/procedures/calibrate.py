"""Calibrate a meter against a reference: as found, decide, correct, as left. The order of work and nothing else.

Everything that can go wrong with an instrument ends as a finding; the run always comes to an outcome that can be
reported, and the devices are put back on every way out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from v2g_tool.errors import Implausible, InstrumentError, Interrupted, V2GError
from v2g_tool.hal.connect import Wiring, open_analyzer, open_inverter, open_meter
from v2g_tool.hal.contracts import Inverter, Meter, MeterFacts, SetPoint
from v2g_tool.model.datafile import sha256_hex
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.library import load_profile
from v2g_tool.model.profile import LimitSet, LoadPoint, MeterProfile, Plan
from v2g_tool.model.quantities import SUM, Identity
from v2g_tool.model.report import Instrument, InstrumentCalibration, LimitReference
from v2g_tool.model.site import AnalyzerSite, Site
from v2g_tool.procedures import loads
from v2g_tool.procedures.adjusting import Adjustment, Permission, When, adjust, fit_phases
from v2g_tool.procedures.correcting import Corrector, recover
from v2g_tool.procedures.intents import IntentStore
from v2g_tool.procedures.run import Run
from v2g_tool.procedures.stage import Measurement, Setup, expected_uncertainty, measure_point
from v2g_tool.rules import wiring
from v2g_tool.rules.catalogue import finding, wiring_finding
from v2g_tool.rules.correction import Fit
from v2g_tool.rules.decision import DECISION_RULE
from v2g_tool.rules.uncertainty import test_uncertainty_ratio

PRESENT_LOAD = LoadPoint(name="present load", direction="charge", power_fraction=1.0)
MIN_TUR = 1.0


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
        with store.hold(meter_site.where), open_meter(site, target, wires) as (meter, profile, meter_file):
            facts = _begin(outcome, site, target, meter, profile, meter_file, store, run)
            with open_analyzer(site, meter_site.analyzer, wires) as (analyzer, analyzer_profile, analyzer_file):
                identity = analyzer.identity()
                reference = site.analyzers[meter_site.analyzer]
                outcome.instruments.append(
                    _instrument(
                        "analyzer", analyzer.name, identity, analyzer_profile, analyzer_file, reference, options
                    )
                )
                _same_serial("analyzers", meter_site.analyzer, reference.serial, identity)
                if not _reference_valid(outcome, reference, options, run):
                    return outcome
                commanded = not options.dry_run and _may_command(site, meter_site.inverter, plan, run)
                with open_inverter(site, meter_site.inverter, wires, commanded=commanded) as (inverter, *_):
                    setup = Setup(
                        target=target,
                        meter_site=meter_site,
                        meter=meter,
                        profile=profile,
                        analyzer=analyzer,
                        inverter=inverter,
                        limits=limits,
                        plan=plan,
                        nominal_voltage_v=site.site.nominal_voltage_v,
                        meter_update_s=facts.update_interval_s or profile.update_interval_s,
                    )
                    with _held(outcome, setup, site, store, run) as inverter_key:
                        _work(outcome, setup, inverter_key, options, store, run)
    except Interrupted as exc:
        outcome.error = exc
        outcome.add("CAL-INTERRUPTED", Verdict.INCONCLUSIVE, f"The run was {exc.what}; devices were put back.")
    except InstrumentError as exc:
        outcome.error = exc
        check = "CAL-IDENTITY" if isinstance(exc, Implausible) and not outcome.found else "CAL-INSTRUMENT"
        outcome.add(check, Verdict.INCONCLUSIVE, exc.what, _reasons(exc))
    return outcome


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
    outcome.instruments.append(_instrument("meter", target, identity, profile, path))
    _same_serial("meters", target, meter_site.serial, identity)
    facts = meter.facts()
    run.record("meter.facts", {"identity": str(identity), "facts": vars(facts)})
    outcome.legal = _legal(meter_site.legal, facts.legal, profile.legal)
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
    points = _points(setup, outcome)
    setup.analyzer.prepare(setup.nominal_voltage_v * 1.15, _largest_current(setup, points))
    points = _verifiable(outcome, setup, points)
    if not points:
        return
    with loads.test_load(setup.inverter, inverter_key, store, run):
        _as_found(outcome, setup, points, run)
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
        except InstrumentError as exc:
            run.record("point.failed", {"point": point.name, "error": exc.what})
            outcome.add("CAL-LOAD", Verdict.INCONCLUSIVE, f"{point.name}: {exc.what}.", _reasons(exc))


def _take(outcome: Outcome, done: Adjustment, corrector: Corrector) -> None:
    outcome.findings += done.findings
    outcome.left = list(done.left)
    outcome.fits_left = done.fits_left
    outcome.writes = list(corrector.writes)
    outcome.corrections_left = done.corrections_left or outcome.corrections_found


@contextmanager
def _held(outcome: Outcome, setup: Setup, site: Site, store: IntentStore, run: Run) -> Iterator[str]:
    """Identify the inverter and keep other programs off it; put it back first if an earlier run could not."""
    name = setup.meter_site.inverter
    if setup.inverter.name != name:
        yield "present-load"
        return
    place = site.inverters[name]
    with store.hold(place.where):
        identity = setup.inverter.identity()
        _same_serial("inverters", name, place.serial, identity)
        key = f"inverter-{place.profile}-{identity.serial}"
        outcome.instruments.append(
            Instrument(
                name=name,
                role="inverter",
                maker=identity.maker,
                model=identity.model,
                serial=identity.serial,
                firmware=identity.firmware,
                profile=place.profile,
                profile_status="",
                profile_sha256="",
            )
        )
        _put_back_first(outcome, setup.inverter, key, store, run)
        yield key


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


def _points(setup: Setup, outcome: Outcome) -> list[tuple[LoadPoint, SetPoint]]:
    """Give the load points that this site can make; what it cannot make is said."""
    if setup.inverter.name != setup.meter_site.inverter:
        return [(PRESENT_LOAD, SetPoint(0.0))]
    points: list[tuple[LoadPoint, SetPoint]] = []
    for point in setup.plan.points:
        target = loads.wanted(point, setup.inverter, setup.nominal_voltage_v, len(setup.phases))
        if target.reactive_var and not setup.inverter.sets_reactive:
            outcome.add("CAL-LOAD", Verdict.SKIPPED, f"{point.name}: the load cannot be made reactive here.")
        elif target.power_w == 0:
            outcome.add("CAL-LOAD", Verdict.SKIPPED, f"{point.name}: the site allows no {point.direction}.")
        else:
            points.append((point, target))
    return points


def _largest_current(setup: Setup, points: Sequence[tuple[LoadPoint, SetPoint]]) -> float:
    largest_va = max((abs(complex(t.power_w, t.reactive_var)) for _, t in points), default=0.0)
    return largest_va / (len(setup.phases) * setup.nominal_voltage_v) or setup.meter_site.rating.i_max_a


def _verifiable(
    outcome: Outcome, setup: Setup, points: Sequence[tuple[LoadPoint, SetPoint]]
) -> list[tuple[LoadPoint, SetPoint]]:
    """Keep the points at which the reference is good enough to judge the limit (TUR at least 1)."""
    kept: list[tuple[LoadPoint, SetPoint]] = []
    ratios: list[Evidence] = []
    for point, target in points:
        if not target.power_w:
            kept.append((point, target))
            continue
        expected, limit = expected_uncertainty(setup, target)
        if limit is None or limit.status != "verified":
            kept.append((point, target))
            continue
        ratio = test_uncertainty_ratio(limit.limit_ratio, expected.expanded_ratio)
        ratios.append(Evidence(name=point.name, value=f"{ratio:.1f}", limit=f">= {MIN_TUR:g}", source=limit.clause))
        if ratio >= MIN_TUR:
            kept.append((point, target))
    refused = len(points) - len(kept)
    if refused:
        statement = f"{refused} of {len(points)} load points are not verifiable with this reference."
        outcome.add("CAL-TUR", Verdict.INCONCLUSIVE, statement, ratios)
    elif ratios:
        smallest = min(float(e.value) for e in ratios)
        outcome.add("CAL-TUR", Verdict.PASS, f"The smallest test uncertainty ratio is {smallest:.1f}.", ratios)
    return kept


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


def _same_serial(section: str, name: str, expected: str, identity: Identity) -> None:
    if expected and expected != identity.serial:
        raise Implausible(
            f"{name} has serial number {identity.serial}, the site file says {expected}",
            why="Another device is connected, or two addresses are exchanged.",
            todo="Compare the name plate; correct the wiring, or the serial number in the site file.",
            key=(section, name, "serial"),
        )


def _legal(*opinions: str | None) -> str:
    """Give the strictest legal status that site, meter or profile state; `unknown` only if none of them knows."""
    known = [opinion for opinion in opinions if opinion not in (None, "unknown")]
    for status in ("sealed", "lockable", "free"):
        if status in known:
            return status
    return "unknown"


def _instrument(
    role: str,
    name: str,
    identity: Identity,
    profile: object,
    path: Path,
    reference: AnalyzerSite | None = None,
    options: Options | None = None,
) -> Instrument:
    calibration = None
    if reference is not None and options is not None:
        past_due = reference.calibration.due < date.today()
        calibration = InstrumentCalibration(
            certificate=reference.calibration.certificate,
            due=reference.calibration.due.isoformat(),
            past_due=past_due,
            overridden=past_due and options.accept_past_due,
        )
    return Instrument.model_validate(
        {
            "name": name,
            "role": role,
            "maker": identity.maker,
            "model": identity.model,
            "serial": identity.serial,
            "firmware": identity.firmware,
            "profile": getattr(profile, "id", ""),
            "profile_status": getattr(profile, "status", ""),
            "profile_sha256": sha256_hex(path),
            "calibration": calibration,
        }
    )


def _reasons(exc: V2GError) -> tuple[Evidence, ...]:
    rows = (("most likely", exc.why), ("next step", exc.todo))
    return tuple(Evidence(name=name, value=text) for name, text in rows if text)


def sum_errors(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Give the error of the sum by load point, as ratio."""
    return {m.point.name: m.subjects[SUM].error_ratio for m in measurements}
