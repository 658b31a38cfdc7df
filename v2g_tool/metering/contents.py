"""What this domain brings to the register."""

from v2g_tool.metering import checks, section
from v2g_tool.model.check import checks_of
from v2g_tool.model.profiles.analyzer import AnalyzerProfile
from v2g_tool.model.profiles.inverter import InverterProfile
from v2g_tool.model.profiles.limits import LimitSet
from v2g_tool.model.profiles.meter import MeterProfile
from v2g_tool.model.profiles.plan import Plan

CHECKS = checks_of(checks)
SECTION = section.Calibration
PROFILES = (MeterProfile, AnalyzerProfile, InverterProfile, LimitSet, Plan)
