"""All that a calibration works with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from v2g_tool.hal.contracts.analyzer import PowerAnalyzer
from v2g_tool.hal.contracts.inverter import Inverter
from v2g_tool.hal.contracts.meter import Meter
from v2g_tool.model.profiles.limits import LimitSet
from v2g_tool.model.profiles.meter import MeterProfile
from v2g_tool.model.profiles.plan import Plan
from v2g_tool.model.site.metering import MeterSite
from v2g_tool.run.session import Session


@dataclass
class LoadSource:
    """What sets the load and what shows that it is steady; whether a load was commanded, and what flowed last."""

    inverter: Inverter
    analyzer: PowerAnalyzer
    settle_s: float
    phases: int
    commanded: bool = False
    flowing_w: float = math.nan


@dataclass(frozen=True)
class Setup:
    """All that a calibration works with; made once by the procedure."""

    session: Session
    target: str
    meter_site: MeterSite
    meter: Meter
    profile: MeterProfile
    analyzer: PowerAnalyzer
    inverter: Inverter
    limits: LimitSet
    plan: Plan
    nominal_voltage_v: float
    meter_update_s: float

    @property
    def update_s(self) -> float:
        """Time in which both instruments have new values, s."""
        return max(self.meter_update_s, self.analyzer.update_interval_s)

    @property
    def phases(self) -> tuple[int, ...]:
        """The phases of the meter."""
        return tuple(range(1, self.meter_site.phases + 1))

    @cached_property
    def source(self) -> LoadSource:
        """What sets the load, the same for the whole run."""
        return LoadSource(self.inverter, self.analyzer, 5 * self.meter_update_s, len(self.phases))
