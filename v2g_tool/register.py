"""The one list of domains, and what each brings along; a domain is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

from v2g_tool.model.check import Check, checks_of
from v2g_tool.run import checks

DOMAINS = ("v2g_tool.metering", "v2g_tool.backhaul", "v2g_tool.host", "plc_tool")
"""Every domain, in the order in which people meet them."""


def contents() -> tuple[ModuleType, ...]:
    """Give `contents.py` of every domain."""
    return tuple(import_module(f"{domain}.contents") for domain in DOMAINS)


def all_checks() -> Mapping[str, Check]:
    """Give every check by its id."""
    found = (*checks_of(checks), *(check for domain in contents() for check in domain.CHECKS))
    return {check.id: check for check in found}
