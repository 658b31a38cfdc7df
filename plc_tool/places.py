"""Which link is meant: a modem of the site file, an interface of this computer, or a capture."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from v2g_tool.data.library import find_site_file
from v2g_tool.errors import RequestError
from v2g_tool.model.site.plc import ModemSite
from v2g_tool.model.site.site import Site
from v2g_tool.run.request import Place, located_errors, located_site


@dataclass(frozen=True)
class Link:
    """The place, and the modem in it: its name and its entry."""

    place: Place
    name: str
    modem: ModemSite


def located_link(site_file: Path | None, target: str, interface: str, *, capture: bool = False) -> Link:
    """Give the link that is meant; without a site file an interface or a capture is enough.

    Raises RequestError when nothing, or more than one modem, could be meant.
    """
    if not target and (interface or capture) and not _site_there(site_file):
        return _without_site(interface or "capture")
    place = _located(site_file)
    with located_errors(place):
        if interface or (capture and not target):
            return _by_interface(place, target, interface)
        name, modem = place.site.modem(target)
    return Link(place, name, modem)


def _located(site_file: Path | None) -> Place:
    try:
        return located_site(site_file)
    except RequestError as exc:
        if not _site_there(site_file):
            exc.todo = f"Name the modem's interface with --interface, for example --interface eth1. {exc.todo}"
        raise


def _site_there(given: Path | None) -> bool:
    if given or os.environ.get("V2G_SITE"):
        return True
    try:
        find_site_file(None)
    except RequestError:
        return False
    return True


def _without_site(interface: str) -> Link:
    site = Site.model_validate({"site": {"name": "no-site"}})
    return Link(Place(site, None), interface, _modem_on(interface))


def _by_interface(place: Place, target: str, interface: str) -> Link:
    """Give the modem of the site file on this interface, else one that is known by its interface only.

    Raises RequestError when the target is on another interface, or several modems are on this one.
    """
    known = place.site.modems
    here = [name for name, modem in known.items() if modem.interface == interface]
    if (target and target not in here) or (not target and len(here) > 1):
        raise RequestError(
            f"--interface {interface} leads to {', '.join(here) or 'no modem of the site file'}, "
            + (f"not to {target}" if target else "more than one modem"),
            todo="Give --target alone: the site file knows the interface.",
            key=("modems",) if known else (),
        )
    name = target or (here[0] if here else interface or "capture")
    return Link(place, name, known[name] if name in here else _modem_on(name))


def _modem_on(interface: str) -> ModemSite:
    try:
        return ModemSite(interface=interface)
    except ValidationError as exc:
        raise RequestError(
            f"'{interface}' is no name of a network interface",
            why="Such names have at most 15 characters, without spaces and slashes.",
            todo="See 'ip link' for the interfaces of this computer.",
        ) from exc
