"""Profiles of a PKI: what a standard says of each kind of certificate, each number with its status."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from v2g_tool.model.base import Model
from v2g_tool.model.profiles.head import ProfileHead, Status


class CertificateClass(Model):
    """What certificates of one kind look like.

    Attributes:
        components: domain components of the subject, one of which must be there; none asked where empty.
        components_fail: whether a peer refuses a certificate without it.
        key_usage: uses that must be named.
        key_usage_critical: whether that extension must be critical.
        purposes: extended uses, one of which must be named where any is.
        days: shortest and longest usual life.
        days_status: the status of these numbers.
        policies: policies of which one must be named, in a critical extension.
        hardware_name: whether an alternative name with the hardware's module name must be there.
    """

    components: tuple[str, ...] = ()
    components_fail: bool = False
    key_usage: tuple[str, ...]
    key_usage_critical: bool = True
    purposes: tuple[str, ...] = ()
    days: tuple[float, float] | None = None
    days_status: Status = "draft"
    policies: tuple[str, ...] = ()
    hardware_name: bool = False


class PkiProfile(ProfileHead):
    """The certificates of one standard.

    Attributes:
        curves: allowed keys, by the SEC name of the curve or "Ed25519", "Ed448", "RSA".
        curves_fail: whether another key is a failure; else a warning.
        longest: how many certificates that are not self-signed a path may have; None where nothing says.
        most_bytes: how large a certificate may be; None where nothing says.
        endless: whether a certificate may have no end (9999-12-31).
        self_named: whether a test policy marks certificates that are not for production.
    """

    FOLDER = "pki"

    kind: Literal["pki"]
    status: Status
    curves: tuple[str, ...] = Field(min_length=1)
    curves_fail: bool
    longest: int | None = None
    most_bytes: int | None = None
    endless: bool = False
    test_policies: tuple[str, ...] = ()
    leaf: dict[str, CertificateClass] = Field(min_length=1)
    """By role."""
    sub_ca: CertificateClass
    root: CertificateClass
