"""The simulated charger leads an EV through SLAC as real ones do."""

from __future__ import annotations

from statistics import fmean

import pytest
from plc_rig import Bench, Ear, frame, mac

from v2g_tool.bench.faults import FaultSet, parse_fault
from v2g_tool.bench.homeplug.greenphy import ChargerModem, VehicleModem
from v2g_tool.bench.homeplug.scenes import Scenes
from v2g_tool.bench.homeplug.secc import Secc
from v2g_tool.bench.homeplug.slac import NetworkKey

EV, EVSE, RUN = "dc0ea1116708", "9a8ab66d2df6", "dc0ea11167080000"
KEY = NetworkKey(bytes.fromhex("9ed1f8a5b566e83dc4f1700e4a89afec"))


class Session:
    """An EV at a charger."""

    def __init__(self, correction_db: float = 4.0) -> None:
        bench = Bench()
        self.clock = bench.clock
        charger = ChargerModem(bench.seat("bcf2aff31374", nid=KEY.nid))
        self.car = VehicleModem(bench.seat("98ded0650ef7"))
        self.ear = Ear()
        self.car.host = self.ear
        Secc(mac(EVSE), charger, KEY, correction_db, self.clock)

    def send(self, text: str) -> list[bytes]:
        self.car.from_host(frame(text))
        return self.ear.taken()

    def sounded(self, count: int = 10) -> list[list[int]]:
        """Send the start and some sounds; give the raw profiles that the EV hears."""
        self.send(f"ff*6 {EV} 88e1 01 6460 0000 00 00 {RUN}")
        for _ in range(3):
            self.send(f"ff*6 {EV} 88e1 01 6a60 0000 00 00 0a 06 01 {EV} {RUN}")
        raw = []
        for left in reversed(range(10 - count, 10)):
            self.clock.advance(0.025)
            heard = self.send(f"ff*6 {EV} 88e1 01 7660 0000 00 00 00*17 {left:02x} {RUN} 00*8 ff*16")
            raw += [list(profile[36:]) for profile in heard]
        return raw


def test_the_parameters_are_confirmed_as_captured() -> None:
    answers = Session().send(f"ff*6 {EV} 88e1 01 6460 0000 00 00 {RUN}")

    assert answers == [frame(f"{EV} {EVSE} 88e1 01 6560 0000 ff*6 0a 06 01 {EV} 00 00 {RUN}")]


def test_the_report_is_the_mean_of_the_profiles_less_the_correction() -> None:
    session = Session(correction_db=4.0)
    raw = session.sounded()
    session.clock.advance(0.05)

    (report,) = session.ear.taken()

    assert report[:71] == frame(f"{EV} {EVSE} 88e1 01 6e60 0000 00 00 {EV} {RUN} 00*34 0a 3a")[:71]
    assert len(report) == 129
    expected = [fmean(column) - 4.0 for column in zip(*raw, strict=True)]
    assert list(report[71:]) == [pytest.approx(value, abs=0.51) for value in expected]


def test_a_report_without_response_comes_three_times_and_then_ends() -> None:
    session = Session()
    session.sounded()
    session.clock.advance(3.0)

    assert [report[15:17].hex() for report in session.ear.taken()] == ["6e60"] * 3


def test_lost_sounds_lead_to_a_report_after_the_timeout() -> None:
    session = Session()
    session.sounded(count=7)
    session.clock.advance(0.3)
    assert session.ear.taken() == []
    session.clock.advance(0.15)

    (report,) = session.ear.taken()

    assert report[69:71] == bytes((7, 58))


def test_a_match_hands_out_the_key_after_the_response_only() -> None:
    session = Session()
    session.sounded()
    session.clock.advance(0.05)
    session.ear.taken()
    match = f"{EVSE} {EV} 88e1 01 7c60 0000 00 00 3e00 00*17 {EV} 00*17 {EVSE} {RUN} 00*8"

    assert session.send(match) == []
    assert session.send(f"{EVSE} {EV} 88e1 01 6f60 0000 00 00 {EV} {RUN} 00*34 00") == []
    (confirmation,) = session.send(match)
    assert confirmation == frame(
        f"{EV} {EVSE} 88e1 01 7d60 0000 00 00 5600 00*17 {EV} 00*17 {EVSE} {RUN} 00*8 "
        f"{KEY.nid.hex()} 00 {KEY.nmk.hex()}"
    )
    assert len(confirmation) == 109
    session.clock.advance(3.0)
    assert session.ear.taken() == []


def test_profiles_of_another_modem_do_not_count() -> None:
    session = Session()
    session.send(f"ff*6 {EV} 88e1 01 6460 0000 00 00 {RUN}")
    for _ in range(12):
        session.send(f"ff*6 {EV} 88e1 01 8660 0000 {EV} 3a 00 01*58")
    session.clock.advance(1.0)

    assert session.ear.taken() == []


def test_a_neighbour_is_heard_on_a_sound_line_and_answers_under_crosstalk() -> None:
    def answering(*faults: str) -> tuple[int, float]:
        clock = Bench().clock
        scenes = Scenes(1, lambda name: FaultSet(name, [parse_fault(fault) for fault in faults]), clock)
        ear = Ear()
        scenes.modems["modem_01"].host = ear
        scenes.modems["modem_01"].from_host(frame(f"ff*6 {EV} 88e1 01 6460 0000 00 00 {RUN}"))
        confirmed = len(ear.taken())
        scenes.modems["modem_01"].from_host(frame(f"ff*6 {EV} 88e1 01 7660 0000 00 00 00*17 09 {RUN}"))
        own, neighbour = (fmean(profile[36:]) for profile in ear.taken())
        return confirmed, neighbour - own

    alone, beside = answering(), answering("crosstalk")

    assert (alone[0], beside[0]) == (1, 2)
    assert alone[1] > 15.0
    assert beside[1] < 10.0
