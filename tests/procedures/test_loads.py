"""Putting an inverter back that is slow to show what it took, or that takes it at the third time only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hal.peers import Registers, tcp_peer
from tests.hal.sunspec_device import CONTROLS_AT, inverter
from tests.sessions import session_in
from v2g_tool.data.library import load_profile
from v2g_tool.hal.contracts.inverter import SetPoint
from v2g_tool.hal.modbus.exchange import Exchange
from v2g_tool.hal.modbus.inverter import SunSpecInverter
from v2g_tool.metering.work.loads import put_back
from v2g_tool.model.profiles.inverter import InverterProfile
from v2g_tool.model.site.metering import InverterSite
from v2g_tool.run.changing import Changing
from v2g_tool.run.session import Session

SUNSPEC, _ = load_profile("sunspec-der", InverterProfile)


@contextmanager
def connected(device: Registers, folder: Path) -> Iterator[tuple[SunSpecInverter, Session]]:
    """Give the driver of a device, and a session; nobody sits at the terminal."""
    with session_in(folder, procedure="calibrate", assent=True) as session, tcp_peer(device) as peer:
        limits = {"max_charge_w": 11000, "max_discharge_w": 10000}
        site = InverterSite(profile="sunspec-der", host="127.0.0.1", port=peer.port, **limits)
        exchange = Exchange("inverter_01", site, 0.0, session.record)
        try:
            yield SunSpecInverter("inverter_01", site, SUNSPEC, exchange), session
        finally:
            exchange.close()


def test_a_device_that_shows_late_that_it_is_back_is_back(tmp_path: Path) -> None:
    device = inverter()
    with connected(device, tmp_path) as (driver, session):
        before = driver.controls()
        driver.command(SetPoint(power_w=3000.0))
        commanded = dict(device.words[3])
        reads = 0

        def lag(pdu: str) -> None:
            nonlocal reads
            reads += pdu.startswith("03")
            if reads < 4 and pdu.startswith("10"):
                device.words[3].update(commanded)

        device.after = lag

        assert put_back(driver, before, Changing(session, "inverter")) == ""
        assert driver.controls() == before


def test_a_device_that_ignores_the_way_back_is_told_again_and_then_named(tmp_path: Path) -> None:
    device = inverter()
    with connected(device, tmp_path) as (driver, session):
        before = driver.controls()
        driver.command(SetPoint(power_w=3000.0))
        commanded = dict(device.words[3])
        device.after = lambda _pdu: device.words[3].update(commanded)
        device.received.clear()

        problem = put_back(driver, before, Changing(session, "inverter"))

        assert "read otherwise" in problem
        assert len(device.writes) > 2, "told again"
        assert device.words[3][CONTROLS_AT + 22] == 1
