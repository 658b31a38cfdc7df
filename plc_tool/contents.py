"""What this domain brings to the register."""

from plc_tool import checks, section
from v2g_tool.model.check import checks_of
from v2g_tool.model.profiles.radio import RadioServices

CHECKS = checks_of(checks)
SECTION = section.PlcLink
PROFILES = (RadioServices,)
