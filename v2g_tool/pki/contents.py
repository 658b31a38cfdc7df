"""What this domain brings to the register."""

from v2g_tool.model.check import checks_of
from v2g_tool.model.profiles.pki import PkiProfile
from v2g_tool.pki import checks, file_checks, section

CHECKS = (*checks_of(file_checks), *checks_of(checks))
SECTION = section.Pki
PROFILES = (PkiProfile,)
