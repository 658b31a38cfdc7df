"""The one list of domains, and what each brings along; a domain is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from v2g_tool.model.check import Check, checks_of
from v2g_tool.rules import metering_checks, network_checks, plc_checks, system_checks
from v2g_tool.run import checks as run_checks


def all_checks() -> Mapping[str, Check]:
    """Give every check by its id."""
    modules = (metering_checks, network_checks, system_checks, plc_checks, run_checks)
    return {check.id: check for module in modules for check in checks_of(module)}
