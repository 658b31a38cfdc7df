"""`stations`: the modems that answer and the stations of their networks; writes nothing, signs nothing."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from plc_tool.places import NAME_IT, find_link
from v2g_tool.drawing.text import plain
from v2g_tool.errors import ExitStatus, InstrumentError
from v2g_tool.hal.homeplug.modem import Modems, modems_on
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.hal.homeplug.wire import open_wire
from v2g_tool.model.plc import Observation
from v2g_tool.run.request import located_errors, located_site

ASKING_S = 10.0


def show_stations(target: str, site: Path | None, interface: str, *, as_json: bool) -> ExitStatus:
    """Ask the modems behind an interface who they are and print it; raises Unreachable when none answers."""
    place = located_site(site, needed=bool(target) or not interface, instead=NAME_IT)
    with located_errors(place):
        link = find_link(place.site, target, interface)
    with located_errors(place), open_wire(link.modem.interface) as wire:
        modems = modems_on(wire, link.modem.interface, lambda _kind, _data: None, time.monotonic() + ASKING_S)
        seen = _asked(modems)
    sys.stdout.write(_json(seen) if as_json else _text(seen))
    return ExitStatus.WITHIN_LIMITS


def _asked(modems: Modems) -> Observation:
    for identity in modems.identify():
        try:
            modems.network(identity.mac)
        except InstrumentError as exc:
            sys.stderr.write(f"  · {plain(exc.what)}\n")
    return observe(modems.frames)


def _json(seen: Observation) -> str:
    content = {
        "modems": [asdict(identity) for identity in seen.identities],
        "networks": [asdict(network) for network in seen.networks],
    }
    return json.dumps(content, indent=2) + "\n"


def _text(seen: Observation) -> str:
    lines = ["MODEM              CHIP          FIRMWARE"]
    lines += [f"{i.mac}  {i.chip:<12}  {i.firmware}" for i in dict.fromkeys(seen.identities)]
    for network in seen.networks:
        lines.append("")
        lines.append(f"NETWORK {network.nid} as {network.reporter} sees it ({network.role}, TEI {network.tei})")
        lines += [
            f"  {s.mac}  TEI {s.tei:<3}  TX {s.tx_mbit_s} RX {s.rx_mbit_s} Mbit/s  behind {s.bridged or 'nobody'}"
            for s in network.stations
        ]
    return "\n".join(map(plain, lines)) + "\n"
