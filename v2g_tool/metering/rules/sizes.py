"""Faults that change the size of the values: unit, current transformer ratio, conductor-to-conductor voltage."""

from __future__ import annotations

import math
from collections.abc import Iterable

from v2g_tool.metering.rules.fault import Fault, Kind, Ratios, evidence, is_near, size_evidence
from v2g_tool.metering.rules.phase_ratios import PhaseRatio
from v2g_tool.model.site.metering import CurrentTransformer

_SAME_RATIO = 0.05
_SQRT3 = math.sqrt(3)
_LARGEST_FACTOR = 110.0
"""No pair of current transformers on a charger differs by more; a factor of 1000 is a unit."""
_PRIMARIES = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0)
"""Rated primary currents and their decimal multiples: IEC 61869-2, and 80 A, which is sold as well."""


def has_sound_inputs(ratio: PhaseRatio) -> bool:
    """Tell whether voltage and current, where the meter tells them, are those of the reference within 10 %."""
    return is_near(ratio.voltage, 1) and is_near(ratio.current, 1)


def wrong_unit(ratios: Ratios) -> tuple[Fault, ...]:
    """Name powers that are a thousand times too large or small on every phase, voltage and current right."""
    sizes = [abs(ratio.active) for ratio in ratios.values()]
    for factor, name in ((1e-3, "kW where W is expected"), (1e3, "W where kW is expected")):
        if all(is_near(size, factor) for size in sizes) and all(map(has_sound_inputs, ratios.values())):
            text = f"The meter's powers are {factor:g} times the reference's: {name}."
            return (Fault(Kind.UNIT, tuple(ratios), text, size_evidence(ratios, tuple(ratios))),)
    return ()


def wrong_ct_ratio(ratios: Ratios, ct: CurrentTransformer | None) -> tuple[Fault, ...]:
    """Name current and power that are wrong by the same factor while the voltage is right; one fault per factor."""
    wrong = {phase: factor for phase, ratio in ratios.items() if (factor := _current_factor(ratio, ct))}
    return tuple(
        Fault(Kind.CT_RATIO, phases, _ct_statement(factor, phases, ct), size_evidence(ratios, phases))
        for factor in dict.fromkeys(wrong.values())
        for phases in (tuple(phase for phase, value in wrong.items() if value == factor),)
    )


def _current_factor(ratio: PhaseRatio, ct: CurrentTransformer | None) -> float | None:
    """The factor of a wrong current ratio, snapped to one that occurs; None when there is none."""
    size = abs(ratio.power)
    if size < 1 / _LARGEST_FACTOR or size > _LARGEST_FACTOR or is_near(size, 1):
        return None
    if not (is_near(ratio.voltage, 1) and is_near(ratio.current, size)):
        return None
    return next((factor for factor in _factors(size, ct) if is_near(size, factor, _SAME_RATIO)), None)


def _factors(size: float, ct: CurrentTransformer | None) -> Iterable[float]:
    simple = (2.0, 0.5, 3.0, 1 / 3, 4.0, 0.25, 5.0, 0.2, 10.0, 0.1)
    if ct is None:
        return simple
    primary_a = ct.primary_a / size
    decade = 10.0 ** math.floor(math.log10(primary_a))
    standard = min((step * decade * ten for step in _PRIMARIES for ten in (1, 10)), key=lambda a: abs(a - primary_a))
    return (ct.primary_a / standard, *simple)


def _ct_statement(factor: float, phases: tuple[int, ...], ct: CurrentTransformer | None) -> str:
    names = ", ".join(f"L{phase}" for phase in phases)
    if ct is None:
        return f"{names}: current and power are {factor:.3g} times the reference's; a ratio is set wrongly."
    behaves = f"{ct.primary_a / factor:g}:{ct.secondary_a:g}"
    return f"{names}: current transformer configured {ct.primary_a:g}:{ct.secondary_a:g}, behaves as {behaves}."


def line_to_line(ratios: Ratios) -> tuple[Fault, ...]:
    """Name voltages between two conductors where conductor to neutral is meant."""
    phases = tuple(phase for phase, ratio in ratios.items() if is_line_to_line(ratio))
    if not phases:
        return ()
    larger = (ratios[phases[0]].voltage or 1) > 1
    text = (
        "The meter shows conductor-to-conductor voltage where conductor to neutral is expected."
        if larger
        else "The meter's voltage is 1/√3 of the reference's: one of them is connected conductor to conductor."
    )
    shown = tuple(evidence(f"voltage ratio L{p}", f"{ratios[p].voltage:.4f}", "1", "1") for p in phases)
    return (Fault(Kind.LINE_TO_LINE, phases, text, shown),)


def is_line_to_line(ratio: PhaseRatio) -> bool:
    """Tell whether the voltage is off by the square root of three, up or down."""
    voltage = ratio.voltage
    return voltage is not None and any(is_near(voltage, root, _SAME_RATIO) for root in (_SQRT3, 1 / _SQRT3))
