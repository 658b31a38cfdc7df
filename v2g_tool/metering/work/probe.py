"""The direction of a phase register, measured instead of assumed.

Where a profile's document says which way a phase register turns but no hardware has shown it, a small step is written
and the shift of the error at a reactive load point tells the sign. The step is part of the same change as the
correction that follows: the intent is open, and every way out restores.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from v2g_tool.errors import InstrumentError
from v2g_tool.hal.contracts.inverter import SetPoint
from v2g_tool.metering.rules.correction import Target
from v2g_tool.metering.work.correcting import Corrector
from v2g_tool.metering.work.setup import Setup
from v2g_tool.metering.work.stage import Measurement, measure_point
from v2g_tool.model.profiles.meter import CorrectionRegister
from v2g_tool.model.profiles.plan import LoadPoint

PROBE_DEG = 0.2
"""Large against the noise of a window, small against what harms: 0.6 % of power at power factor 0.5."""


def confirmed_signs(
    setup: Setup,
    found: Sequence[Measurement],
    wanted: Sequence[Target],
    corrector: Corrector,
    points: Sequence[tuple[LoadPoint, SetPoint]],
) -> Mapping[str, CorrectionRegister]:
    """Give the trims with confirmed directions; raises InstrumentError when the probe step shows none."""
    session, trims = setup.session, dict(setup.meter.trims)
    unsure = [t.name for t in wanted if t.new != t.old and not trims[t.name].sign_confirmed]
    if not unsure:
        return trims
    measurement = max(found, key=lambda m: abs(m.total.reference.tan_phi))
    point, target = next((p, t) for p, t in points if p.name == measurement.point.name)
    image = dict(corrector.found)
    for name in unsure:
        image[name] = _stepped(trims[name], image[name])
    session.tell(f"probing the direction of {len(unsure)} phase registers at {point.name}")
    corrector.change(image, goal="old")
    session.sleep(2 * setup.meter_update_s)
    probed = measure_point(setup, point, target)
    for name in unsure:
        trim = trims[name]
        step_deg = (image[name] - corrector.found[name]) * trim.step
        before, after = measurement.subjects.get(trim.phase), probed.subjects.get(trim.phase)
        sign = 0
        if before is not None and after is not None:
            sign = measured_sign(after.error_ratio - before.error_ratio, step_deg, after.reference.tan_phi)
        session.record("probe", {"register": name, "sign": sign, "declared": trim.sign})
        if sign == 0:
            raise InstrumentError(
                f"{setup.target}: a step of {step_deg:+.2f}° in {name} showed no clear effect",
                why="The register does not act on power, or the load moved during the probe.",
                todo="Hold the load steady and run again, or correct gain only.",
            )
        trims[name] = trim.model_copy(update={"sign": sign})
    return trims


def measured_sign(shift_ratio: float, step_deg: float, tan_phi: float) -> int:
    """Give +1 when the step made up for a lagging sensor, -1 for the opposite, 0 when the shift fits neither.

    A step that turns the current forward by d lowers the error angle by d, so the error rises by d·tan φ
    (error ≈ gain − angle·tan φ). The shift must be between half and twice that.
    """
    expected = math.radians(step_deg) * tan_phi
    if expected == 0 or not 0.5 <= abs(shift_ratio / expected) <= 2.0:
        return 0
    return 1 if shift_ratio / expected > 0 else -1


def _stepped(trim: CorrectionRegister, raw: int) -> int:
    counts = round(PROBE_DEG / trim.step)
    return raw + counts if raw + counts <= trim.maximum else raw - counts
