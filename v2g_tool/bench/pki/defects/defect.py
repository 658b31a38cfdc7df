"""What a defect is, and the alterations that several of them share."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from v2g_tool.bench.pki.plan import Certificate, Extension, Plan

Alter = Callable[[Plan], None]
"""Alters a plan of a PKI."""


class Defect(NamedTuple):
    """One fault of a PKI."""

    line: str
    """What is wrong, in one line."""
    alter: Alter


def on(label: str, alter: Callable[[Certificate], None]) -> Alter:
    """Give what alters one certificate of a plan."""
    return lambda plan: alter(plan.certificates[label])


def lives(label: str, start_days: float, end_days: float) -> Alter:
    """Give what sets the life of a certificate, in days from now."""
    return lambda plan: plan.lives(label, start_days, end_days)


def extended(label: str, name: str, content: object = None, *, critical: bool = False) -> Alter:
    """Give what puts an extension on a certificate, in the place of the one of that name."""
    return on(label, lambda certificate: certificate.extensions.update({name: Extension(content, critical)}))


def without(label: str, name: str) -> Alter:
    """Give what takes an extension from a certificate."""

    def alter(certificate: Certificate) -> None:
        del certificate.extensions[name]

    return on(label, alter)


def uncritical(label: str, name: str) -> Alter:
    """Give what takes the mark `critical` from an extension."""

    def alter(certificate: Certificate) -> None:
        certificate.extensions[name].critical = False

    return on(label, alter)


def crafted(label: str, craft: str) -> Alter:
    """Give what makes a certificate as no careful library does; see `v2g_tool.bench.pki.craft`."""
    return on(label, lambda certificate: certificate.crafts.append(craft))
