"""From a name in the site file to an opened driver."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from v2g_tool.errors import RequestError
from v2g_tool.hal.by_hand import AskedInverter, PresentLoad, TypedAnalyzer
from v2g_tool.hal.connect import Wiring, open_analyzer, open_inverter, open_meter
from v2g_tool.hal.linux.clock import clock_synchronised
from v2g_tool.hal.modbus.meter import ModbusMeter
from v2g_tool.model.site.site import Site

from .conftest import Notes
from .peers import Dialogue, Registers, line_length, tcp_peer, words_at

CALIBRATION = {"certificate": "C-1", "due": date(2027, 5, 1)}


def site(port: int = 502, resource: str = "typed", inverter: str = "manual") -> Site:
    rating = {"i_min_a": 0.25, "i_tr_a": 0.5, "i_ref_a": 5.0, "i_max_a": 32.0}
    meter = {
        "profile": "eastron-sdm630",
        "host": "127.0.0.1",
        "port": port,
        "limits": {"set": "mid-2014-32-eu", "class": "B"},
        "rating": rating,
        "analyzer": "reference",
    }
    return Site.model_validate(
        {
            "site": {"name": "test"},
            "meters": {"meter_01": meter},
            "analyzers": {
                "reference": {"profile": "yokogawa-wt300e", "resource": resource, "calibration": CALIBRATION}
            },
            "inverters": {
                "inverter_01": {
                    "profile": inverter,
                    "host": "127.0.0.1",
                    "port": port,
                    "max_charge_w": 11000,
                    "max_discharge_w": 10000,
                }
            },
        }
    )


@pytest.fixture
def wiring(notes: Notes) -> Wiring:
    return SimpleNamespace(
        record=notes.record, monotonic=lambda: 100.0, sleep=notes.sleep, ask=lambda _question: "C2ZA12345V"
    )


def test_a_meter_is_opened_with_its_profile_and_its_file(wiring: Wiring) -> None:
    with (
        tcp_peer(Registers({3: words_at(0xFC00, "0012 d687"), 4: {}})) as peer,
        open_meter(site(peer.port), "meter_01", wiring) as (meter, profile, path),
    ):
        serial = meter.identity().serial

    assert serial == "1234567"
    assert profile.id == path.stem == "eastron-sdm630"


def test_a_meter_is_closed_on_leaving(wiring: Wiring) -> None:
    with (
        tcp_peer(Registers({3: words_at(0xFC00, "0012 d687"), 4: {}})) as peer,
        open_meter(site(peer.port), "meter_01", wiring) as (meter, _, _),
    ):
        meter.identity()

    assert isinstance(meter, ModbusMeter)
    assert meter.exchange._client is None


def test_an_unknown_meter_is_a_wrong_request_with_the_nearest_name(wiring: Wiring) -> None:
    with pytest.raises(RequestError, match="Did you mean 'meter_01'"), open_meter(site(), "meter_10", wiring):
        pass


def test_an_analyzer_is_opened_and_given_its_front_panel_back(wiring: Wiring) -> None:
    dialogue = Dialogue({"*IDN?": ["YOKOGAWA,WT333E,C2ZA12345V,F1.04"]})

    with (
        tcp_peer(dialogue, line_length) as peer,
        open_analyzer(site(resource=f"TCPIP0::127.0.0.1::{peer.port}::SOCKET"), "reference", wiring) as opened,
    ):
        serial = opened[0].identity().serial

    assert serial == "C2ZA12345V"


def test_an_analyzer_whose_display_is_read_is_a_person(wiring: Wiring) -> None:
    with open_analyzer(site(), "reference", wiring) as (analyzer, profile, _):
        assert isinstance(analyzer, TypedAnalyzer)
        assert profile.id == "yokogawa-wt300e"


def test_an_analyzer_without_resource_is_a_wrong_request_with_an_example(wiring: Wiring) -> None:
    with (
        pytest.raises(RequestError, match="has no 'resource'") as caught,
        open_analyzer(site(resource=""), "reference", wiring),
    ):
        pass

    assert "::SOCKET" in caught.value.todo


def test_a_manual_inverter_is_a_person(wiring: Wiring) -> None:
    with open_inverter(site(), "inverter_01", wiring, commanded=True) as (inverter, profile, path):
        assert isinstance(inverter, AskedInverter)
        assert inverter.limits_w == (11000.0, 10000.0)
        assert (profile, path) == (None, None)


@pytest.mark.parametrize(("name", "commanded"), [("inverter_01", False), ("", True)])
def test_without_an_inverter_to_command_the_present_load_is_taken(wiring: Wiring, name: str, commanded: bool) -> None:
    with open_inverter(site(), name, wiring, commanded=commanded) as (inverter, _, _):
        assert isinstance(inverter, PresentLoad)


def test_opening_an_inverter_sends_nothing(wiring: Wiring) -> None:
    device = Registers({3: {}})

    with (
        tcp_peer(device) as peer,
        open_inverter(site(peer.port, inverter="sunspec-der"), "inverter_01", wiring, commanded=True) as opened,
    ):
        assert opened[0].limits_w == (11000.0, 10000.0)

    assert device.received == []


def test_the_kernel_says_whether_its_clock_is_synchronised() -> None:
    assert clock_synchronised() in (True, False, None)
