"""The EV emulator against scripted chargers: what is sent, when, and what is made of the answers."""

from __future__ import annotations

import itertools
import random
import shutil
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plc_tool.work.sounding import GAPS_S, Sounding, longest_hole, sound, spread_gaps
from tests.hal.homeplug_wire import namespace
from tests.hal.homeplug_wire.fake_wire import Answers, FakeWire
from tests.hal.homeplug_wire.peer import EVERYBODY, HOST, QCA, mme
from v2g_tool.errors import Unreachable
from v2g_tool.hal.homeplug.evidence import FrameLog
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.model.plc import Captured

EVSE, OTHER = bytes.fromhex("9a8ab66d2df6"), bytes.fromhex("9a8ab66d2df7")
MODEM = bytes.fromhex("dc44271fd91c")
PROFILE = bytes(range(10, 68))


@dataclass
class Charger:
    """A charger as in public captures: confirms, lets its modem tell profiles, reports after the last sound."""

    mac: bytes = EVSE
    timeout: int = 6
    sounds: int = 10
    reports_after_s: float | None = 0.02
    seen: list[bytes] = field(default_factory=list)

    def answers(self, frame: bytes) -> Answers:
        self.seen.append(frame)
        ev, kind = frame[6:12], struct.unpack("<H", frame[15:17])[0]
        if kind == 0x6064:
            yield 0.01, self.confirm(ev, frame[21:29])
        elif kind == 0x6076:
            yield 0.002, mme(EVERYBODY, MODEM, 0, 0xA14E, QCA + ev + b"\x3a\0\x10" + bytes(7) + PROFILE)
            if frame[38] == 0 and self.reports_after_s is not None:
                yield self.reports_after_s, self.report(ev, frame[39:47])

    def confirm(self, ev: bytes, run_id: bytes) -> bytes:
        body = EVERYBODY + bytes((self.sounds, self.timeout, 1)) + ev + bytes(2) + run_id
        return mme(ev, self.mac, 1, 0x6065, bytes(2) + body)

    def report(self, ev: bytes, run_id: bytes) -> bytes:
        return mme(ev, self.mac, 1, 0x606E, bytes(4) + ev + run_id + bytes(34) + bytes((10, 58)) + PROFILE)


def sounded(*chargers: Charger, seed: int = 1) -> tuple[Sounding, FakeWire, FrameLog]:
    wire = FakeWire(lambda frame: itertools.chain.from_iterable(c.answers(frame) for c in chargers))
    log = FrameLog("plc0")
    return sound(wire, log, random.Random(seed), clock=wire.clock), wire, log


def of_kind(wire: FakeWire, kind: int) -> list[tuple[float, bytes]]:
    return [(at_s, frame) for at_s, frame in wire.sent if struct.unpack("<H", frame[15:17])[0] == kind]


def test_a_charger_is_asked_sounded_and_thanked_in_the_order_of_the_standard() -> None:
    said, wire, _ = sounded(Charger())

    kinds = [struct.unpack("<H", frame[15:17])[0] for _, frame in wire.sent]
    assert kinds == [0x6064, *[0x606A] * 3, *[0x6076] * 10, 0x606F]
    assert (said.confirmed, said.reported) == (("9a:8a:b6:6d:2d:f6",), ("9a:8a:b6:6d:2d:f6",))
    assert (said.sounds, said.profiles, said.missing) == (10, 10, ())


def test_the_messages_lie_on_the_wire_as_in_captures() -> None:
    said, wire, _ = sounded(Charger())

    run = bytes.fromhex(said.run_id)
    head = EVERYBODY + HOST + b"\x88\xe1\x01"
    (request,), starts, sounds = (of_kind(wire, kind) for kind in (0x6064, 0x606A, 0x6076))
    assert request[1] == (head + b"\x64\x60" + bytes(4) + run).ljust(60, b"\0")
    assert {f for _, f in starts} == {(head + b"\x6a\x60" + bytes(4) + b"\x0a\x06\x01" + HOST + run).ljust(60, b"\0")}
    for remaining, (_, frame) in zip(range(9, -1, -1), sounds, strict=True):
        assert frame[:55] == head + b"\x76\x60" + bytes(4) + bytes(17) + bytes((remaining,)) + run + bytes(8)
        assert len(frame) == 71
    assert len({frame[55:] for _, frame in sounds}) == 10, "the random bytes differ"
    ((_, response),) = of_kind(wire, 0x606F)
    assert response == EVSE + HOST + b"\x88\xe1\x01\x6f\x60" + bytes(4) + HOST + run + bytes(34) + b"\0"


def test_nothing_is_sent_that_could_hold_or_ask_for_a_key() -> None:
    _, wire, _ = sounded(Charger(), Charger(OTHER))

    assert {struct.unpack("<H", frame[15:17])[0] for _, frame in wire.sent} <= {0x6064, 0x606A, 0x6076, 0x606F}


def test_the_charger_decides_the_time_out_and_the_number_of_sounds() -> None:
    _, wire, _ = sounded(Charger(timeout=8, sounds=5))

    assert {frame[21:23] for _, frame in of_kind(wire, 0x606A)} == {b"\x05\x08"}
    assert [frame[38] for _, frame in of_kind(wire, 0x6076)] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("sounds", [0, 11, 255])
def test_an_absurd_number_of_sounds_is_not_followed(sounds: int) -> None:
    said, _, _ = sounded(Charger(sounds=sounds, timeout=0))

    assert said.sounds == 10
    assert said.seconds < 1.4


@given(st.integers(0, 10**6))
@settings(max_examples=60)
def test_gaps_stay_in_the_batch_interval_and_all_ends_before_the_charger_averages(seed: int) -> None:
    said, wire, _ = sounded(Charger(), seed=seed)

    first_s = of_kind(wire, 0x606A)[0][0]
    batch = [at_s for kind in (0x606A, 0x6076) for at_s, _ in of_kind(wire, kind)]
    gaps = [b - a for a, b in itertools.pairwise(batch)]
    assert all(0.0229 < gap < 0.0431 for gap in gaps)
    assert said.gaps_s == pytest.approx(gaps[3:])
    assert batch[-1] - first_s < 0.6, "TT_EVSE_match_MNBC"


@given(st.integers(0, 10**6))
@settings(max_examples=60)
def test_the_sounds_cover_the_mains_cycle(seed: int) -> None:
    gaps = spread_gaps(random.Random(seed), 9)

    assert all(GAPS_S[0] <= gap <= GAPS_S[1] for gap in gaps)
    assert longest_hole(gaps, 1 / 100) < 0.35
    assert longest_hole(gaps, 1 / 120) < 0.35


def test_a_fixed_step_would_leave_most_of_the_mains_cycle_unheard() -> None:
    assert longest_hole([0.02] * 9, 1 / 100) > 0.99


def test_all_chargers_that_report_are_thanked() -> None:
    said, wire, log = sounded(Charger(), Charger(OTHER, reports_after_s=0.3))

    assert said.confirmed == said.reported == ("9a:8a:b6:6d:2d:f6", "9a:8a:b6:6d:2d:f7")
    assert [frame[:6] for _, frame in of_kind(wire, 0x606F)] == [EVSE, OTHER]
    assert [report.evse for report in observe(log.frames).reported] == list(said.reported)


def test_the_frames_hold_the_whole_measurement() -> None:
    said, _, log = sounded(Charger())

    observed = observe(log.frames)

    assert [start.run_id for start in observed.starts] == [said.run_id]
    assert [made.remaining for made in observed.sounds] == list(range(9, -1, -1))
    assert [profile.groups_db for profile in observed.profiles] == [tuple(PROFILE)] * 10
    assert [report.groups_db for report in observed.reported] == [tuple(PROFILE)]
    assert [frame.sent for frame in log.frames].count(True) == 15


def test_it_takes_no_longer_than_the_protocol() -> None:
    said, _, _ = sounded(Charger())

    assert said.protocol_s == pytest.approx(0.1 + 0.6 + 0.1)
    assert said.seconds <= 1.1 * said.protocol_s


def test_a_charger_that_never_reports_is_waited_for_as_long_as_the_standard_says_and_named() -> None:
    said, wire, _ = sounded(Charger(reports_after_s=None))

    assert said.reported == ()
    assert said.missing == ("9a:8a:b6:6d:2d:f6 confirmed but sent no CM_ATTEN_CHAR.IND",)
    assert wire.now_s - of_kind(wire, 0x606A)[0][0] == pytest.approx(1.2)
    assert said.seconds <= 1.1 * said.protocol_s


def test_nobody_is_asked_three_times_and_not_sounded() -> None:
    said, wire, _ = sounded()

    assert [round(at_s - 100, 3) for at_s, _ in of_kind(wire, 0x6064)] == [0.0, 0.2, 0.4]
    assert len(wire.sent) == 3
    assert said.sounds == 0
    assert "no charger confirmed CM_SLAC_PARM.REQ, which was sent 3 times" in said.missing
    assert said.seconds <= 1.1 * said.protocol_s


def test_a_lost_request_is_sent_again() -> None:
    lost = [True]
    charger = Charger()
    wire = FakeWire(lambda frame: [] if lost and lost.pop() else charger.answers(frame))

    said = sound(wire, FrameLog("plc0"), random.Random(1), clock=wire.clock)

    assert len(of_kind(wire, 0x6064)) == 2
    assert len(said.reported) == 1


def test_messages_of_other_soundings_are_left_alone() -> None:
    charger = Charger()
    stranger = bytes.fromhex("020000000099")

    def mixed(frame: bytes) -> Answers:
        yield from charger.answers(frame)
        if frame[15:17] == b"\x64\x60":
            yield 0.011, charger.confirm(stranger, frame[21:29]).replace(EVSE, OTHER)
            yield 0.012, charger.confirm(HOST, bytes(8)).replace(EVSE, OTHER)
            yield 0.2, charger.report(stranger, frame[21:29]).replace(EVSE, OTHER)
            yield 0.2, charger.report(HOST, bytes(8)).replace(EVSE, OTHER)
            yield 0.2, mme(EVERYBODY, MODEM, 0, 0xA14E, QCA + stranger + b"\x3a\0\x10" + bytes(7) + PROFILE)

    wire, log = FakeWire(mixed), FrameLog("plc0")

    said = sound(wire, log, random.Random(1), clock=wire.clock)

    assert (said.confirmed, said.reported, said.profiles) == (("9a:8a:b6:6d:2d:f6",), ("9a:8a:b6:6d:2d:f6",), 10)
    assert OTHER not in {frame.frame[6:12] for frame in log.frames}


def liars(frame: bytes) -> Iterable[tuple[float, bytes]]:
    """Confirm and report as 300 chargers."""
    for at in range(300):
        charger = Charger(struct.pack(">HI", 0x0200, at))
        if frame[15:17] == b"\x64\x60":
            yield 0.01, charger.confirm(HOST, frame[21:29])
        if frame[15:17] == b"\x6a\x60":
            yield 0.01, charger.report(HOST, frame[30:38])


def test_a_crowd_of_liars_is_neither_believed_nor_answered_without_bound() -> None:
    wire, log = FakeWire(liars), FrameLog("plc0")

    said = sound(wire, log, random.Random(1), clock=wire.clock)

    assert len(said.confirmed) == 16
    assert len(of_kind(wire, 0x606F)) == 32
    assert said.seconds < 1.4


def test_qualcomms_charger_emulator_takes_us_for_a_vehicle() -> None:
    if shutil.which("evse") is None:
        pytest.skip("the program evse (package plc-utils-extra) is not installed")

    said = namespace.run("evse_judges")["evse_judges"]

    assert said["evse"].count("<-- CM_MNBC_SOUND.IND") == 10
    assert "<-- CM_ATTEN_CHAR.RSP" in said["evse"]
    assert "RESP_TYPE" not in said["evse"], "this is how it names a field that it does not like"
    assert said["reported"] == ["00:b0:52:aa:bb:01"]
    assert all(gap_s >= 0.02 for gap_s in said["gaps_s"])


class Unplugged(FakeWire):
    """A wire that is pulled after the second sound."""

    def send(self, frame: bytes) -> Captured:
        if frame[15:17] == b"\x76\x60" and frame[38] == 7:
            raise Unreachable("the interface 'plc0' failed while it was in use")
        return super().send(frame)


def test_what_was_measured_before_the_cable_was_pulled_is_kept() -> None:
    wire, log = Unplugged(Charger().answers), FrameLog("plc0")

    with pytest.raises(Unreachable):
        sound(wire, log, random.Random(1), clock=wire.clock)

    assert len(observe(log.frames).profiles) == 2


@given(st.lists(st.binary(max_size=100), max_size=10))
@settings(max_examples=60)
def test_any_answers_let_it_end_in_time(junk: list[bytes]) -> None:
    noise = [HOST + EVSE + b"\x88\xe1\x01" + data for data in junk]
    wire = FakeWire(lambda _frame: [(0.001, frame) for frame in noise])

    assert sound(wire, FrameLog("plc0"), random.Random(1), clock=wire.clock).seconds < 1.4
