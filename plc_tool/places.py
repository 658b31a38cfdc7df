"""Which link is meant: a modem of the site file, an interface of this computer, or a capture."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from v2g_tool.errors import RequestError
from v2g_tool.model.site.plc import ModemSite
from v2g_tool.model.site.site import Site

NAME_IT = "Name the modem's interface with --interface, for example --interface eth1."
"""What a person without a site file can do."""


@dataclass(frozen=True)
class Link:
    """The site, and the modem in it: its name and its entry."""

    site: Site
    name: str
    modem: ModemSite


def find_link(site: Site, target: str, interface: str, *, capture: bool = False) -> Link:
    """Give the link that is meant: a modem of the site file, an interface, or a capture.

    Raises RequestError when nothing, or more than one modem, could be meant.
    """
    if interface or (capture and not target):
        return _by_interface(site, target, interface)
    name, modem = site.modem(target)
    return Link(site, name, modem)


def _by_interface(site: Site, target: str, interface: str) -> Link:
    """Give the modem of the site file on this interface, else one that is known by its interface only.

    Raises RequestError when the target is on another interface, or several modems are on this one.
    """
    known = site.modems
    here = [name for name, modem in known.items() if modem.interface == interface]
    if (target and target not in here) or (not target and len(here) > 1):
        raise RequestError(
            f"--interface {interface} leads to {', '.join(here) or 'no modem of the site file'}, "
            + (f"not to {target}" if target else "more than one modem"),
            todo="Give --target alone: the site file knows the interface.",
            key=("modems",) if known else (),
        )
    name = target or (here[0] if here else interface or "capture")
    return Link(site, name, known[name] if name in here else _modem_on(name))


def _modem_on(interface: str) -> ModemSite:
    try:
        return ModemSite(interface=interface)
    except ValidationError as exc:
        raise RequestError(
            f"'{interface}' is no name of a network interface",
            why="Such names have at most 15 characters, without spaces and slashes.",
            todo="See 'ip link' for the interfaces of this computer.",
        ) from exc
