"""The one list of domains, and what each brings along; a domain is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

from v2g_tool.model.check import Check, checks_of
from v2g_tool.model.profiles.head import ProfileHead
from v2g_tool.model.section import Section
from v2g_tool.run import checks

DOMAINS: Mapping[str, str] = {
    "metering": "v2g_tool.metering",
    "plc": "plc_tool",
    "host": "v2g_tool.host",
    "backhaul": "v2g_tool.backhaul",
    "pki": "v2g_tool.pki",
}
"""Every domain by its word, in the order in which people meet them."""


def contents() -> tuple[ModuleType, ...]:
    """Give `contents.py` of every domain."""
    return tuple(import_module(f"{domain}.contents") for domain in DOMAINS.values())


def all_checks() -> Mapping[str, Check]:
    """Give every check by its id."""
    found = (*checks_of(checks), *(check for domain in contents() for check in domain.CHECKS))
    return {check.id: check for check in found}


def all_profiles() -> tuple[type[ProfileHead], ...]:
    """Give the type of every kind of profile."""
    return tuple(profile for domain in contents() for profile in domain.PROFILES)


def all_sections() -> tuple[type[Section], ...]:
    """Give the type of every kind of section."""
    return tuple(domain.SECTION for domain in contents())


def section_of(kind: str) -> type[Section] | None:
    """Give the type of a kind of section, None for one that this version does not know."""
    if kind not in DOMAINS:
        return None
    section: type[Section] = import_module(f"{DOMAINS[kind]}.contents").SECTION
    return section
