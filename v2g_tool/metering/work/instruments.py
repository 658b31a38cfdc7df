"""Who takes part: identity, serial number, legal status and calibration of the instruments."""

from __future__ import annotations

import math
from datetime import date

from v2g_tool.errors import Implausible, NotPermitted, RequestError
from v2g_tool.metering.work.setup import Setup
from v2g_tool.model.profiles.inverter import InverterProfile
from v2g_tool.model.quantities import Identity
from v2g_tool.model.report import InstrumentCalibration
from v2g_tool.model.site.metering import AnalyzerSite

REVERSION_MARGIN = 2.0
"""A window may take longer than planned; the test load must outlast it."""


def same_serial(section: str, name: str, expected: str, identity: Identity) -> None:
    """Raise Implausible when the site file expects another serial number; an empty expectation takes any."""
    if expected and expected != identity.serial:
        raise Implausible(
            f"{name} has serial number {identity.serial}, the site file says {expected}",
            why="Another device is connected, or two addresses are exchanged.",
            todo="Compare the name plate; correct the wiring, or the serial number in the site file.",
            key=(section, name, "serial"),
        )


def legal_status(site: str | None, device: str | None, profile: str) -> str:
    """Give the legal status that counts: sealed if anybody says so, else what the site states, the device, the profile.

    A site that states "unknown" means it; a device that says lockable is lockable even where the site says free.
    """
    stated = (site, device, profile)
    if "sealed" in stated:
        return "sealed"
    if site == "free" and device == "lockable":
        return "lockable"
    return site or (device if device not in (None, "unknown") else profile)


def calibration_record(reference: AnalyzerSite, *, accepted: bool) -> InstrumentCalibration:
    """Give the calibration of a reference from the site file, as the report records it."""
    past_due = reference.calibration.due < date.today()
    return InstrumentCalibration(
        certificate=reference.calibration.certificate,
        due=reference.calibration.due.isoformat(),
        past_due=past_due,
        overridden=past_due and accepted,
    )


def check_reversion(name: str, reversion_s: int, setup: Setup) -> None:
    """Refuse a reversion timer that would end the test load within a window."""
    window_s = setup.plan.readings * setup.update_s
    if reversion_s < REVERSION_MARGIN * window_s:
        raise RequestError(
            f"reversion_s of {name} is {reversion_s} s, but a measurement window takes {window_s:.0f} s",
            why="The inverter would end the test load while it is measured.",
            todo=f"Set reversion_s to {math.ceil(REVERSION_MARGIN * window_s)} or more in the site file.",
            key=("inverters", name, "reversion_s"),
        )


def check_writable(name: str, profile: InverterProfile, *, allow_derived: bool) -> None:
    """Refuse to command an inverter through a profile that nobody verified, unless that was asked for."""
    if profile.status == "draft" or (profile.status == "derived" and not allow_derived):
        raise NotPermitted(
            f"{name} would be commanded through profile {profile.id}, which is {profile.status}",
            why="Nobody has checked on a device that its registers do what the profile says.",
            todo='Use profile = "manual" and set the load by hand, or give --allow-derived.',
        )
