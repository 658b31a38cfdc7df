"""What this domain brings to the register."""

from __future__ import annotations

from v2g_tool.metering import checks, section
from v2g_tool.model.check import checks_of

CHECKS = checks_of(checks)
SECTION = section.Calibration
