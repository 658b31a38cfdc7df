"""From a name in the site file to an opened driver. Explicit: one function for each contract.

Only what a meter needs is imported here, so that a single read starts fast; the other two functions import their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from v2g_tool.data.library import load_profile
from v2g_tool.errors import RequestError
from v2g_tool.hal.modbus.exchange import Exchange
from v2g_tool.hal.modbus.meter import ModbusMeter, writable_addresses
from v2g_tool.model.profiles.meter import MeterProfile
from v2g_tool.model.site.site import Site

if TYPE_CHECKING:
    from v2g_tool.hal.contracts.analyzer import PowerAnalyzer
    from v2g_tool.hal.contracts.inverter import Inverter
    from v2g_tool.hal.contracts.meter import Meter
    from v2g_tool.model.profiles.analyzer import AnalyzerProfile
    from v2g_tool.model.profiles.inverter import InverterProfile

MANUAL = "manual"
"""The inverter profile that asks a person."""


class Wiring(Protocol):
    """What every driver needs from whoever opens it: clock, evidence, waiting, and a way to ask a person."""

    @property
    def monotonic(self) -> Callable[[], float]:
        """A clock that never steps, s."""

    def record(self, kind: str, data: Mapping[str, object]) -> None:
        """Take an event into the evidence."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def ask(self, question: str) -> str:
        """Give a person's answer."""


@contextmanager
def open_meter(site: Site, name: str, wiring: Wiring) -> Iterator[tuple[Meter, MeterProfile, Path]]:
    """Give the meter `name` with its profile and the profile's file; closed on leaving."""
    place = site.meter(name)
    profile, path = load_profile(place.profile, MeterProfile)
    exchange = Exchange(
        name,
        place,
        profile.wire.response_s,
        wiring.record,
        writable_addresses(profile),
        key=("meters", name),
        sleep=wiring.sleep,
    )
    try:
        yield ModbusMeter(name, profile, exchange, wiring.monotonic), profile, path
    finally:
        exchange.close()


@contextmanager
def open_analyzer(site: Site, name: str, wiring: Wiring) -> Iterator[tuple[PowerAnalyzer, AnalyzerProfile, Path]]:
    """Give the reference `name` with its profile and the profile's file; closed on leaving."""
    from v2g_tool.hal.by_hand import TYPED, TypedAnalyzer
    from v2g_tool.hal.scpi.analyzer import ScpiAnalyzer
    from v2g_tool.hal.scpi.session import ScpiSession
    from v2g_tool.model.profiles.analyzer import AnalyzerProfile

    place = site.analyzers[name]
    profile, path = load_profile(place.profile, AnalyzerProfile)
    if place.resource == TYPED:
        yield TypedAnalyzer(name, place, profile, wiring.ask, wiring.monotonic), profile, path
        return
    if not place.resource:
        raise RequestError(
            f"analyzer '{name}' has no 'resource' in the site file",
            todo="Give its VISA resource, for example TCPIP0::10.0.0.7::5025::SOCKET, or resource = 'typed'.",
        )
    session = ScpiSession(
        name, place.resource, place.timeout_s, wiring.record, profile.read_termination, profile.write_termination
    )
    analyzer = ScpiAnalyzer(name, place, profile, session, wiring.monotonic, wiring.sleep)
    try:
        yield analyzer, profile, path
    finally:
        analyzer.finish()


@contextmanager
def open_inverter(
    site: Site, name: str, wiring: Wiring, *, commanded: bool
) -> Iterator[tuple[Inverter, InverterProfile | None, Path | None]]:
    """Give what sets the load: the inverter `name`, a person, or (not `commanded`, or no name) the present load."""
    from v2g_tool.hal.by_hand import AskedInverter, PresentLoad
    from v2g_tool.hal.modbus.inverter import SunSpecInverter
    from v2g_tool.model.profiles.inverter import InverterProfile

    if not commanded or not name:
        yield PresentLoad(), None, None
        return
    place = site.inverters[name]
    if place.profile == MANUAL:
        yield AskedInverter(name, (place.max_charge_w, place.max_discharge_w), wiring.ask), None, None
        return
    profile, path = load_profile(place.profile, InverterProfile)
    exchange = Exchange(name, place, profile.response_s, wiring.record, key=("inverters", name), sleep=wiring.sleep)
    try:
        yield SunSpecInverter(name, place, profile, exchange), profile, path
    finally:
        exchange.close()
