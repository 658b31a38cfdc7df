"""A WT300E over a plain TCP socket: sessions that time out, answers that are no numbers, ranges that are read back.

The lines are those of the WT300E communication manual (IM WT310E-17EN); the peer answers literal text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date

import pytest

from v2g_tool.data.library import load_profile
from v2g_tool.errors import ExitStatus, Implausible, Refused, RequestError, Unreachable
from v2g_tool.hal.scpi.analyzer import ScpiAnalyzer
from v2g_tool.hal.scpi.numbers import fields, meaning
from v2g_tool.hal.scpi.session import ScpiSession
from v2g_tool.model.profiles.analyzer import AnalyzerProfile, Sentinel
from v2g_tool.model.quantities import Identity
from v2g_tool.model.site.metering import AnalyzerSite, CalibrationRecord

from .conftest import Notes
from .peers import CLOSE, Dialogue, TcpPeer, closed_port, line_length, tcp_peer

WT300E, _ = load_profile("yokogawa-wt300e", AnalyzerProfile)
TIMEOUT_S = 0.4
NAME = "YOKOGAWA,WT333E,C2ZA12345V,F1.04"
IDENTITY = Identity("YOKOGAWA", "WT333E", "C2ZA12345V", "F1.04")
OTHER_NAME = "YOKOGAWA,WT333E,C2ZA99999V,F1.04"

VALUES = ":NUMeric:NORMal:VALue?"
ERRORS = ":STATus:ERRor?"
VOLTAGE_RANGE = ":INPut:VOLTage:RANGe?"
CURRENT_RANGE = ":INPut:CURRent:RANGe?"
EVENTS = ":STATus:EESR?"

READING = (
    "230.10E+00,12.000E+00,2.7600E+03,50.000E+00,"
    "231.20E+00,12.100E+00,2.7900E+03,-50.000E+00,"
    "229.30E+00,12.200E+00,-2.8000E+03,0.0000E+00,49.980E+00"
)
ANSWERS: Mapping[str, Sequence[str | None]] = {
    "*IDN?": [NAME],
    ERRORS: ['0,"No error"'],
    VOLTAGE_RANGE: ["300.0E+00"],
    CURRENT_RANGE: ["20.0E+00"],
    EVENTS: ["1"],
    VALUES: [READING],
}
SET_UP = [
    ":COMMunicate:REMote ON",
    ":COMMunicate:HEADer OFF",
    ":STATus:QMESsage ON",
    ":NUMeric:FORMat ASCii",
    ":INPut:FILTer:LINE OFF",
    ":INPut:FILTer:FREQuency ON",
    ":INPut:WIRing P3W4",
    ":INPut:VOLTage:RANGe 300V",
    ":INPut:CURRent:RANGe 20A",
    ":RATE 100MS",
    ":NUMeric:NORMal:NUMber 13",
    ":NUMeric:NORMal:ITEM1 U,1",
    ":NUMeric:NORMal:ITEM2 I,1",
    ":NUMeric:NORMal:ITEM3 P,1",
    ":NUMeric:NORMal:ITEM4 Q,1",
    ":NUMeric:NORMal:ITEM5 U,2",
    ":NUMeric:NORMal:ITEM6 I,2",
    ":NUMeric:NORMal:ITEM7 P,2",
    ":NUMeric:NORMal:ITEM8 Q,2",
    ":NUMeric:NORMal:ITEM9 U,3",
    ":NUMeric:NORMal:ITEM10 I,3",
    ":NUMeric:NORMal:ITEM11 P,3",
    ":NUMeric:NORMal:ITEM12 Q,3",
    ":NUMeric:NORMal:ITEM13 FU,1",
    ":STATus:ERRor?",
    ":INPut:VOLTage:RANGe?",
    ":INPut:CURRent:RANGe?",
    ":STATus:FILTer1 FALL",
    ":STATus:EESR?",
]
ONE_READING = [":COMMunicate:WAIT 1", VALUES, EVENTS]


class Ticking:
    """A monotonic clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def move(self, seconds: float) -> None:
        self.now_s += seconds


def site(resource: str, **more: object) -> AnalyzerSite:
    calibration = CalibrationRecord(certificate="C-1", due=date(2027, 5, 1))
    facts: dict[str, object] = {"update_s": 0.1, "timeout_s": TIMEOUT_S, "calibration": calibration} | more
    return AnalyzerSite.model_validate({"profile": "yokogawa-wt300e", "resource": resource, **facts})


def socket_resource(port: int) -> str:
    return f"TCPIP0::127.0.0.1::{port}::SOCKET"


Talk = Callable[..., tuple[ScpiAnalyzer, Dialogue, TcpPeer]]


@pytest.fixture
def talk(stack: ExitStack, notes: Notes) -> Talk:
    """Open the driver to an instrument that gives the usual answers, but for those that the test names."""

    def opened(
        answers: Mapping[str, Sequence[str | None]] | None = None, profile: AnalyzerProfile = WT300E, **facts: object
    ) -> tuple[ScpiAnalyzer, Dialogue, TcpPeer]:
        dialogue = Dialogue({**ANSWERS, **(answers or {})})
        peer = stack.enter_context(tcp_peer(dialogue, line_length))
        place = site(socket_resource(peer.port), **facts)
        session = ScpiSession("reference", place.resource, place.timeout_s, notes.record)
        stack.callback(session.close)
        return ScpiAnalyzer("reference", place, profile, session, Ticking(), notes.sleep), dialogue, peer

    return opened


@pytest.fixture
def session_to(
    stack: ExitStack, notes: Notes
) -> Callable[[Mapping[str, Sequence[str | None]]], tuple[ScpiSession, TcpPeer]]:
    def opened(answers: Mapping[str, Sequence[str | None]]) -> tuple[ScpiSession, TcpPeer]:
        peer = stack.enter_context(tcp_peer(Dialogue(answers), line_length))
        session = ScpiSession("reference", socket_resource(peer.port), TIMEOUT_S, notes.record)
        stack.callback(session.close)
        return session, peer

    return opened


SessionTo = Callable[[Mapping[str, Sequence[str | None]]], tuple[ScpiSession, TcpPeer]]


def measured(analyzer: ScpiAnalyzer) -> dict[str, float]:
    reading = analyzer.measure()
    assert reading is not None
    return {str(channel): value for channel, value in reading.values.items()}


def line_with(field_number: int, content: str) -> str:
    parts = READING.split(",")
    parts[field_number - 1] = content
    return ",".join(parts)


# Session


def test_a_query_gives_the_answer_without_its_line_end(session_to: SessionTo) -> None:
    session, _ = session_to({"*IDN?": [NAME]})

    assert session.query("*IDN?") == NAME


def test_queries_share_one_connection(session_to: SessionTo) -> None:
    session, peer = session_to({"*IDN?": [NAME]})

    session.query("*IDN?")
    session.query("*IDN?")

    assert peer.connections == 1


def test_a_query_is_recorded_with_question_and_answer(session_to: SessionTo, notes: Notes) -> None:
    session, _ = session_to({"*IDN?": [NAME]})

    session.query("*IDN?")

    assert notes.records == [("scpi", {"device": "reference", "tx": "*IDN?", "rx": NAME})]


def test_a_command_is_recorded(session_to: SessionTo, notes: Notes) -> None:
    session, _ = session_to({})

    session.write(":RATE 500MS")

    assert notes.records == [("scpi", {"device": "reference", "tx": ":RATE 500MS"})]


def test_an_unanswered_query_is_unreachable_and_recorded(session_to: SessionTo, notes: Notes) -> None:
    session, _ = session_to({"*IDN?": [None]})

    with pytest.raises(Unreachable, match="did not answer in time"):
        session.query("*IDN?")

    ((_, data),) = notes.records
    assert data["tx"] == "*IDN?"
    assert "error" in data


def test_after_a_timeout_the_next_query_opens_a_new_connection(session_to: SessionTo) -> None:
    session, peer = session_to({VALUES: [None], "*IDN?": [NAME]})
    with pytest.raises(Unreachable):
        session.query(VALUES)

    assert session.query("*IDN?") == NAME
    assert peer.connections == 2


def test_a_connection_closed_by_the_instrument_is_unreachable(session_to: SessionTo) -> None:
    session, _ = session_to({"*IDN?": [CLOSE]})

    with pytest.raises(Unreachable):
        session.query("*IDN?")


def test_a_slow_answer_is_waited_for_when_extra_time_is_given(stack: ExitStack, notes: Notes) -> None:
    def slow(_request: bytes) -> list[str | float]:
        return [0.2, "31 0a"]

    peer = stack.enter_context(tcp_peer(slow, line_length))
    session = ScpiSession("reference", socket_resource(peer.port), 0.05, notes.record)
    stack.callback(session.close)

    assert session.query("*OPC?", extra_s=2.0) == "1"


def test_a_refused_port_is_unreachable_and_names_the_key_of_the_site_file(notes: Notes) -> None:
    session = ScpiSession("reference", socket_resource(closed_port()), TIMEOUT_S, notes.record)

    with pytest.raises(Unreachable) as caught:
        session.query("*IDN?")

    assert caught.value.key == ("analyzers", "reference", "resource")
    assert caught.value.status is ExitStatus.NOT_JUDGED


def test_a_resource_that_is_no_visa_name_is_a_wrong_request(notes: Notes) -> None:
    session = ScpiSession("reference", "10.0.0.7:5025", TIMEOUT_S, notes.record)

    with pytest.raises(RequestError, match="5025"):
        session.query("*IDN?")


def test_a_serial_port_that_does_not_exist_is_unreachable(notes: Notes) -> None:
    session = ScpiSession("reference", "ASRL/dev/ttyUSB-nowhere::INSTR", TIMEOUT_S, notes.record)

    with pytest.raises(Unreachable):
        session.query("*IDN?")


def test_closing_twice_or_before_opening_is_no_error(notes: Notes) -> None:
    session = ScpiSession("reference", socket_resource(1), TIMEOUT_S, notes.record)

    session.close()
    session.close()

    assert notes.records == []


# Identity


def test_the_identity_is_what_the_instrument_says(talk: Talk) -> None:
    analyzer, _, _ = talk()

    assert analyzer.identity() == IDENTITY


@pytest.mark.parametrize(
    "name",
    [
        "YOKOGAWA,WT1804E,C2ZA12345V,F1.04",
        "HIOKI,PW3337,012345678,V1.00",
        "FLUKE,8845A,1234567,08/02/10-11:53",
        READING,
        "",
    ],
)
def test_an_instrument_of_another_family_is_implausible(talk: Talk, name: str) -> None:
    analyzer, _, _ = talk({"*IDN?": [name]})

    with pytest.raises(Implausible, match="is no Yokogawa WT300E series"):
        analyzer.identity()


def test_another_serial_number_than_before_is_implausible(talk: Talk) -> None:
    analyzer, _, _ = talk({"*IDN?": [NAME, OTHER_NAME]})
    analyzer.identity()

    with pytest.raises(Implausible, match="another instrument than before"):
        analyzer.identity()


# Set-up


def test_the_set_up_is_the_documented_one_line_by_line(talk: Talk) -> None:
    analyzer, dialogue, _ = talk()

    analyzer.prepare(230.0, 16.0)

    assert dialogue.received == SET_UP


@pytest.mark.parametrize(
    ("voltage_v", "command"),
    [
        (230.0, ":INPut:VOLTage:RANGe 300V"),
        (272.0, ":INPut:VOLTage:RANGe 300V"),
        (273.0, ":INPut:VOLTage:RANGe 600V"),
        (120.0, ":INPut:VOLTage:RANGe 150V"),
        (12.0, ":INPut:VOLTage:RANGe 15V"),
    ],
)
def test_the_smallest_voltage_range_with_a_tenth_of_headroom_is_selected(
    talk: Talk, voltage_v: float, command: str
) -> None:
    analyzer, dialogue, _ = talk()

    analyzer.prepare(voltage_v, 16.0)

    assert command in dialogue.received


@pytest.mark.parametrize(
    ("current_a", "command"),
    [
        (16.0, ":INPut:CURRent:RANGe 20A"),
        (9.0, ":INPut:CURRent:RANGe 10A"),
        (9.2, ":INPut:CURRent:RANGe 20A"),
        (0.4, ":INPut:CURRent:RANGe 0.5A"),
    ],
)
def test_the_smallest_current_range_with_a_tenth_of_headroom_is_selected(
    talk: Talk, current_a: float, command: str
) -> None:
    analyzer, dialogue, _ = talk()

    analyzer.prepare(230.0, current_a)

    assert command in dialogue.received


def test_ranges_are_selected_behind_external_transformers(talk: Talk) -> None:
    analyzer, dialogue, _ = talk(current_ratio=20.0, voltage_ratio=2.0)

    analyzer.prepare(230.0, 63.0)

    assert ":INPut:VOLTage:RANGe 150V" in dialogue.received
    assert ":INPut:CURRent:RANGe 5A" in dialogue.received


def test_a_current_beyond_the_largest_range_is_a_wrong_request_before_anything_is_sent(talk: Talk) -> None:
    analyzer, dialogue, _ = talk()

    with pytest.raises(RequestError, match="exceeds the largest range 20") as caught:
        analyzer.prepare(230.0, 18.5)

    assert "ratio" in caught.value.todo
    assert dialogue.received == []


def test_a_site_asks_for_the_next_update_interval_that_the_instrument_has(talk: Talk) -> None:
    analyzer, dialogue, _ = talk(update_s=0.3)

    analyzer.prepare(230.0, 16.0)

    assert analyzer.update_interval_s == 0.5
    assert ":RATE 500MS" in dialogue.received


@pytest.mark.parametrize(
    ("wiring", "command", "items"),
    [("1P2W", ":INPut:WIRing P1W2", 5), ("1P3W", ":INPut:WIRing P1W3", 9), ("3V3A", ":INPut:WIRing V3A3", 13)],
)
def test_a_wiring_selects_its_elements(talk: Talk, wiring: str, command: str, items: int) -> None:
    analyzer, dialogue, _ = talk(wiring=wiring)

    analyzer.prepare(230.0, 16.0)

    assert command in dialogue.received
    assert f":NUMeric:NORMal:NUMber {items}" in dialogue.received


def test_the_second_conductor_of_a_split_phase_is_element_3(talk: Talk) -> None:
    analyzer, dialogue, _ = talk(wiring="1P3W")

    analyzer.prepare(120.0, 16.0)

    assert ":NUMeric:NORMal:ITEM7 P,3" in dialogue.received


def test_a_refused_set_up_tells_the_words_of_the_instrument(talk: Talk) -> None:
    analyzer, _, _ = talk({ERRORS: ['113,"Undefined header"', '841,"Invalid setting"', '0,"No error"']})

    with pytest.raises(Refused, match="113 Undefined header; 841 Invalid setting") as caught:
        analyzer.prepare(230.0, 16.0)

    assert caught.value.why == "The instrument does not know a command of the profile."


def test_a_refused_set_up_carries_the_code_of_the_instrument(talk: Talk) -> None:
    analyzer, _, _ = talk({ERRORS: ['113,"Undefined header"', '0,"No error"']})

    with pytest.raises(Refused) as caught:
        analyzer.prepare(230.0, 16.0)

    assert caught.value.code == 113


def test_an_error_queue_that_never_empties_is_asked_no_more_than_16_times(talk: Talk) -> None:
    analyzer, dialogue, _ = talk({ERRORS: ['113,"Undefined header"']})

    with pytest.raises(Refused):
        analyzer.prepare(230.0, 16.0)

    assert dialogue.received.count(ERRORS) == 16


@pytest.mark.parametrize("answer", [READING, "no error", "?"])
def test_an_error_queue_that_answers_nonsense_is_implausible(talk: Talk, answer: str) -> None:
    analyzer, _, _ = talk({ERRORS: [answer]})

    with pytest.raises(Implausible):
        analyzer.prepare(230.0, 16.0)


def test_the_range_that_counts_is_the_one_read_back(talk: Talk) -> None:
    analyzer, _, _ = talk({VOLTAGE_RANGE: ["600.0E+00"]})

    analyzer.prepare(230.0, 16.0)

    assert analyzer.accuracy().range_va == 600.0 * 20.0


def test_a_range_may_be_read_back_with_its_header(talk: Talk) -> None:
    analyzer, _, _ = talk({VOLTAGE_RANGE: [":INPUT:VOLTAGE:RANGE 300.0E+00"]})

    analyzer.prepare(230.0, 16.0)

    assert analyzer.accuracy().range_va == 6000.0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("AUTO", id="a word"),
        pytest.param("", id="an empty line"),
        pytest.param("NAN", id="no number"),
        pytest.param("INF", id="infinity"),
    ],
)
def test_a_range_that_is_read_back_as_no_number_is_implausible(talk: Talk, answer: str) -> None:
    analyzer, _, _ = talk({VOLTAGE_RANGE: [answer]})

    with pytest.raises(Implausible):
        analyzer.prepare(230.0, 16.0)


def test_the_accuracy_is_that_of_the_manual_on_the_primary_side(talk: Talk) -> None:
    analyzer, _, _ = talk(current_ratio=20.0)

    analyzer.prepare(230.0, 200.0)
    accuracy = analyzer.accuracy()

    assert (accuracy.rdg_ratio, accuracy.rng_ratio, accuracy.pf0_ratio) == pytest.approx((0.001, 0.0005, 0.001))
    assert accuracy.range_va == 300.0 * 20.0 * 20.0
    assert "IM WT310E-02EN p. 7-7" in accuracy.source


def test_there_is_no_accuracy_before_the_ranges_are_known(talk: Talk) -> None:
    analyzer, _, _ = talk()

    with pytest.raises(RequestError, match="no confirmed accuracy"):
        analyzer.accuracy()


# Measuring


def test_a_reading_waits_for_an_update_and_arms_the_next(talk: Talk) -> None:
    analyzer, dialogue, _ = talk()
    analyzer.prepare(230.0, 16.0)
    dialogue.received.clear()

    analyzer.measure()

    assert dialogue.received == ONE_READING


def test_a_reading_holds_every_channel_in_its_unit(talk: Talk) -> None:
    analyzer, _, _ = talk()
    analyzer.prepare(230.0, 16.0)

    assert measured(analyzer) == {
        "U.1": 230.1,
        "I.1": 12.0,
        "P.1": 2760.0,
        "Q.1": 50.0,
        "U.2": 231.2,
        "I.2": 12.1,
        "P.2": 2790.0,
        "Q.2": -50.0,
        "U.3": 229.3,
        "I.3": 12.2,
        "P.3": -2800.0,
        "Q.3": 0.0,
        "F.sum": 49.98,
    }


def test_transformer_ratios_bring_values_to_the_primary_side(talk: Talk) -> None:
    analyzer, _, _ = talk(current_ratio=20.0, voltage_ratio=2.0)
    analyzer.prepare(230.0, 63.0)

    found = measured(analyzer)

    assert (found["U.1"], found["I.1"], found["P.1"], found["Q.1"]) == (460.2, 240.0, 110400.0, 2000.0)
    assert found["F.sum"] == 49.98


def test_an_analyzer_wired_the_other_way_round_is_turned_in_powers_only(talk: Talk) -> None:
    analyzer, _, _ = talk(profile=WT300E.model_copy(update={"power_sign": -1}))
    analyzer.prepare(230.0, 16.0)

    found = measured(analyzer)

    assert (found["P.1"], found["Q.1"], found["U.1"], found["I.1"]) == (-2760.0, -50.0, 230.1, 12.0)


def test_a_value_is_as_old_as_the_update_that_made_it(talk: Talk) -> None:
    analyzer, _, _ = talk(update_s=0.5)
    analyzer.prepare(230.0, 16.0)
    clock = analyzer.monotonic
    assert isinstance(clock, Ticking)
    analyzer.session.record = lambda _kind, data: clock.move(0.8 if data["tx"] == VALUES else 0.0)

    reading = analyzer.measure()

    assert reading is not None
    assert (reading.started_s, reading.ended_s) == pytest.approx((100.3, 100.8))


@pytest.mark.parametrize("word", ["NAN", "nan", "9.91E+37", "9.9100E+37"])
def test_a_value_that_the_instrument_does_not_have_is_absent(talk: Talk, word: str) -> None:
    analyzer, _, _ = talk({VALUES: [line_with(13, word)]})
    analyzer.prepare(230.0, 16.0)

    found = measured(analyzer)

    assert "F.sum" not in found
    assert found["U.1"] == 230.1


@pytest.mark.parametrize("word", ["INF", "9.9E+37", "9.9000E+37"])
def test_a_sample_over_range_is_dropped(talk: Talk, word: str) -> None:
    analyzer, _, _ = talk({VALUES: [line_with(3, word), READING]})
    analyzer.prepare(230.0, 16.0)

    assert analyzer.measure() is None
    assert analyzer.measure() is not None


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param("230.10E+00,12.000E+00,2.7600E+03", id="three values of 13"),
        pytest.param(READING + ",1.0E+00", id="one more"),
        pytest.param(NAME, id="the answer to another question"),
        pytest.param("", id="an empty line"),
    ],
)
def test_a_reply_with_another_number_of_fields_is_dropped_and_the_session_opened_again(talk: Talk, reply: str) -> None:
    analyzer, dialogue, peer = talk({VALUES: [reply, READING]})
    analyzer.identity()
    analyzer.prepare(230.0, 16.0)
    dialogue.received.clear()

    assert analyzer.measure() is None
    assert peer.connections == 2
    assert dialogue.received == [*ONE_READING, "*IDN?", *SET_UP]


def test_after_a_timeout_identity_and_set_up_are_replayed_and_the_sample_is_dropped(talk: Talk, notes: Notes) -> None:
    analyzer, dialogue, peer = talk({VALUES: [None, READING]})
    analyzer.identity()
    analyzer.prepare(230.0, 16.0)
    dialogue.received.clear()

    assert analyzer.measure() is None
    assert peer.connections == 2
    assert dialogue.received == [":COMMunicate:WAIT 1", VALUES, "*IDN?", *SET_UP]
    assert notes.pauses == [0.5]


def test_after_a_recovery_the_next_reading_is_a_good_one(talk: Talk) -> None:
    analyzer, _, _ = talk({VALUES: ["1.0", READING]})
    analyzer.identity()
    analyzer.prepare(230.0, 16.0)
    analyzer.measure()

    assert measured(analyzer)["U.1"] == 230.1


def test_another_instrument_after_the_recovery_is_implausible(talk: Talk) -> None:
    analyzer, _, _ = talk({"*IDN?": [NAME, OTHER_NAME], VALUES: ["1.0"]})
    analyzer.identity()
    analyzer.prepare(230.0, 16.0)

    with pytest.raises(Implausible, match="another instrument than before"):
        analyzer.measure()


def test_an_instrument_that_stays_silent_after_the_recovery_is_unreachable(talk: Talk) -> None:
    analyzer, _, _ = talk({"*IDN?": [NAME, None], VALUES: ["1.0"]})
    analyzer.identity()
    analyzer.prepare(230.0, 16.0)

    with pytest.raises(Unreachable):
        analyzer.measure()


# Leaving


def test_leaving_gives_the_front_panel_back(talk: Talk) -> None:
    analyzer, dialogue, _ = talk()
    analyzer.prepare(230.0, 16.0)

    analyzer.finish()
    analyzer.session.query("*IDN?")

    assert dialogue.received[len(SET_UP)] == ":COMMunicate:REMote OFF"


def test_leaving_an_instrument_that_is_gone_raises_nothing(notes: Notes) -> None:
    place = site(socket_resource(closed_port()))
    session = ScpiSession("reference", place.resource, TIMEOUT_S, notes.record)

    ScpiAnalyzer("reference", place, WT300E, session, Ticking(), notes.sleep).finish()

    assert session._open is None


# Reply fields


def test_blanks_around_fields_are_no_part_of_them() -> None:
    assert fields(" 1.0 ,\t2.0", ",", 2, "reference") == ["1.0", "2.0"]


def test_a_wrong_number_of_fields_is_implausible() -> None:
    with pytest.raises(Implausible, match="answered 2 values where 3 were asked for"):
        fields("1.0,2.0", ",", 3, "reference")


@pytest.mark.parametrize(
    ("content", "means"),
    [
        ("230.1E+00", ""),
        ("-2.8E+03", ""),
        ("0", ""),
        ("NAN", "no_data"),
        ("INF", "over_range"),
        ("9.91E+37", "no_data"),
        ("9.9E+37", "over_range"),
        ("+9.91E37", "no_data"),
        ("-NAN", "no_data"),
        ("-INF", "no_data"),
        ("1E+999", "no_data"),
        ("----", "no_data"),
        ("", "no_data"),
    ],
)
def test_what_is_no_number_never_becomes_one(content: str, means: str) -> None:
    assert meaning(content, WT300E.sentinels) == means


@pytest.mark.parametrize(
    ("content", "means"), [("999.99E+9", "over_range"), ("-999.99E+9", "over_range"), ("1E+3", "")]
)
def test_a_sentinel_may_be_a_size(content: str, means: str) -> None:
    sentinels = (Sentinel(abs_ge=999.9e9, means="over_range"),)

    assert meaning(content, sentinels) == means
