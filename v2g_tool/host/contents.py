"""What this domain brings to the register."""

from v2g_tool.host import checks, section
from v2g_tool.model.check import checks_of
from v2g_tool.model.profiles.gridcode import GridCodeProfile
from v2g_tool.model.profiles.kernel import KernelProfile

CHECKS = checks_of(checks)
SECTION = section.Sysctl
PROFILES = (KernelProfile, GridCodeProfile)
