"""What this domain brings to the register."""

from v2g_tool.backhaul import checks, section
from v2g_tool.model.check import checks_of
from v2g_tool.model.profiles.head import ProfileHead

CHECKS = checks_of(checks)
SECTION = section.Telemetry
PROFILES: tuple[type[ProfileHead], ...] = ()
