"""The command tree against SCPI 1999, and the analyzer behind it."""

from __future__ import annotations

import math
import struct
import threading

import pytest

from v2g_tool.bench.faults import FaultSet, parse_fault
from v2g_tool.bench.metering.analyzer_model import AnalyzerModel
from v2g_tool.bench.metering.plant import Plant, SetPoint
from v2g_tool.bench.metering.scpi import (
    DroppedError,
    ScpiError,
    Unit,
    choice,
    compiled,
    engineering,
    number,
    split_outside_quotes,
    units,
)
from v2g_tool.bench.metering.wt300e import Wt300e

STOP = threading.Event()
SETUP = (
    ":RATE 100MS;:INPut:VOLTage:RANGe 300V;:INPut:CURRent:RANGe 20A;:NUMeric:NORMal:NUMber 15;"
    ":NUM:ITEM1 U,1;ITEM2 I,1;ITEM3 P,1;ITEM4 S,1;ITEM5 Q,1;ITEM6 P,2;ITEM7 P,3;ITEM8 P,SIGMA;"
    "ITEM9 LAMBDA,1;ITEM10 PHI,1;ITEM11 FU,1;ITEM12 UTHD,1;ITEM13 S,SIGM;ITEM14 LAMB,SIGMA;ITEM15 NONE"
)


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 50.01

    def __call__(self) -> float:
        return self.now_s


class Analyzer:
    """A bench analyzer with a load of 9 kW and 3 kvar on a clock that the test moves."""

    def __init__(self, *faults: str) -> None:
        self.clock = Time()
        plant = Plant(1)
        plant.command(SetPoint(0.0, 9000.0, 3000.0))
        chosen = FaultSet("analyzer_01", [parse_fault(fault) for fault in faults])
        self.instrument = Wt300e(plant, AnalyzerModel(1), self.clock, chosen)

    def __call__(self, message: str) -> str:
        return self.instrument.handle(message, STOP) or ""

    def values(self) -> list[float]:
        self.clock.now_s += 0.2
        return [float(part) for part in self(":NUM:VAL?").split(",")]


# --- the tree ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "header", "matches"),
    [
        (":NUMeric[:NORMal]:VALue", ":NUM:NORM:VAL", True),
        (":NUMeric[:NORMal]:VALue", ":numeric:value", True),
        (":NUMeric[:NORMal]:VALue", ":NUME:VAL", False),
        (":NUMeric[:NORMal]:ITEM<x>", ":NUM:ITEM12", True),
        (":MEASure:AVERaging[:STATe]", ":MEAS:AVER", True),
        (":RATE", ":RAT", False),
        ("*IDN", "*idn", True),
    ],
)
def test_short_and_long_forms(pattern: str, header: str, *, matches: bool) -> None:
    assert bool(compiled(pattern).fullmatch(header.upper())) is matches


def headers(message: str) -> list[str]:
    return [unit.header for unit in units(message) if isinstance(unit, Unit)]


def test_path_rules_of_scpi_1999_clause_6_2_4() -> None:
    assert headers(":INP:VOLT:RANG 300;AUTO OFF") == [":INP:VOLT:RANG", ":INP:VOLT:AUTO"]
    assert headers(":INP:VOLT:RANG 300;:RATE 1S") == [":INP:VOLT:RANG", ":RATE"]
    assert headers("INP:VOLT:RANG 300;*OPC;AUTO 1") == [":INP:VOLT:RANG", "*OPC", ":INP:VOLT:AUTO"]
    assert headers(":RATE 1S;INP:WIR?") == [":RATE", ":INP:WIR"]


def test_separators_inside_quotes_separate_nothing() -> None:
    assert split_outside_quotes("A 'x;y';B \"1,2\"", ";") == ["A 'x;y'", 'B "1,2"']


def test_numbers_with_units() -> None:
    assert number("300V", "V") == 300.0
    assert number("500MA", "A") == 0.5
    assert number("100ms", "S") == pytest.approx(0.1)
    assert number("1.5E+02", "V") == 150.0
    for wrong in ("300A", "V", "", "1..2V"):
        with pytest.raises(ScpiError):
            number(wrong, "V")


def test_words_and_engineering_numbers() -> None:
    assert choice("volt", ("VOLTage", "CURRent")) == "VOLTage"
    assert choice("P3W4", ("P1W2", "P3W4")) == "P3W4"
    with pytest.raises(ScpiError):
        choice("VOLTA", ("VOLTage",))
    assert [engineering(v) for v in (150.0, 0.1, 20.0, 600.0, 1500.0)] == [
        "150.0E+00",
        "100.0E-03",
        "20.00E+00",
        "600.0E+00",
        "1.500E+03",
    ]


# --- the instrument ---------------------------------------------------------------------------


def test_identity_and_options() -> None:
    ask = Analyzer()

    assert ask("*IDN?") == "YOKOGAWA,WT333E,91N408871,F1.02"
    assert ask(":SYST:MOD?;SERIAL?;*OPT?") == "WT333E;91N408871;G5"
    assert ask("*OPC?") == "1"


def test_queries_of_one_message_come_back_in_one_line() -> None:
    assert Analyzer()("*IDN?;:RATE?;:INP:WIR?").split(";")[1:] == ["500.0E-03", "P3W4"]


def test_undefined_headers_go_to_the_error_queue() -> None:
    ask = Analyzer()

    assert ask(":FOO?") == ""
    assert ask(":RATE?") == "500.0E-03"
    assert ask(":RATE 3S") == ""
    assert ask(":INP:VOLT:RANG") == ""
    assert [ask(":STATus:ERRor?") for _ in range(4)] == [
        '113,"Undefined header"',
        '224,"Illegal parameter value"',
        '109,"Missing parameter"',
        '0,"No error"',
    ]
    ask(":STAT:QMES OFF")
    assert ask(":STAT:ERR?") == "0"


def test_event_status_is_cleared_by_reading() -> None:
    ask = Analyzer()
    assert ask("*ESR?") == "128"
    ask(":FOO")

    assert ask("*ESR?") == "32"
    assert ask("*ESR?") == "0"
    ask("*CLS")
    assert ask(":STAT:ERR?") == '0,"No error"'


def test_the_error_queue_overflows_with_code_350() -> None:
    ask = Analyzer()
    for _ in range(40):
        ask(":FOO")

    codes = [ask(":STAT:ERR?").split(",")[0] for _ in range(17)]
    assert codes == ["113"] * 15 + ["350", "0"]


def test_headers_only_when_switched_on_and_never_on_values() -> None:
    ask = Analyzer()
    ask(":COMM:HEAD ON;VERB ON")

    assert ask(":INP:VOLT:RANG?") == ":INPUT:VOLTAGE:RANGE 600.0E+00"
    assert ask(":NUM:ITEM3?") == ":NUMERIC:NORMAL:ITEM3 P,1"
    assert ask(":NUM:VAL? 1") == "NAN"


def test_values_agree_with_each_other() -> None:
    ask = Analyzer()
    ask(SETUP)
    u, i, p, s, q, p2, p3, p_sum, factor, phi, hertz, thd, s_sum, factor_sum, none = ask.values()

    assert s == pytest.approx(u * i, rel=1e-4)
    assert math.hypot(p, q) == pytest.approx(s, rel=1e-3)
    assert s * s >= p * p + q * q * 0.999
    assert p_sum == pytest.approx(p + p2 + p3, rel=1e-4)
    assert factor == pytest.approx(p / s, rel=1e-3)
    assert math.cos(math.radians(phi)) == pytest.approx(factor, abs=1e-3)
    assert phi > 0.0
    assert factor_sum == pytest.approx(p_sum / s_sum, rel=1e-3)
    assert 49.9 < hertz < 50.1
    assert 0.1 < thd < 5.0
    assert math.isnan(none)


def test_no_data_until_a_whole_update_after_a_change() -> None:
    ask = Analyzer()
    ask(SETUP)

    assert ask(":NUM:VAL? 1") == "NAN"
    assert ask.values()[0] == pytest.approx(230.0, abs=3.0)
    ask(":INP:VOLT:RANG 600V")
    assert ask(":NUM:VAL? 1") == "NAN"


def test_a_small_range_is_over_range() -> None:
    ask = Analyzer()
    ask(SETUP + ";:INP:CURR:RANG 5A")

    values = ask.values()

    assert values[1] == values[2] == values[7] == math.inf
    assert values[0] < 300.0


def test_auto_range_follows_the_load() -> None:
    ask = Analyzer()
    ask(":RATE 100MS;:INP:CURR:AUTO ON")
    ask.values()

    assert ask(":INP:CURR:RANG?") == "20.00E+00"
    assert ask(":INP:VOLT:RANG?") == "300.0E+00"


def test_hold_freezes_and_a_second_hold_takes_fresh_data() -> None:
    ask = Analyzer()
    ask(SETUP + ";:NUM:NUM 14")
    ask.values()
    ask(":NUM:HOLD ON")
    held = ask.values()

    assert ask.values() == held
    ask(":NUM:HOLD ON")
    assert ask.values() != held
    assert ask(":NUM:HOLD?") == "1"


def test_update_event_is_set_once_an_update_and_cleared_by_reading() -> None:
    ask = Analyzer()
    ask(SETUP)
    ask.clock.now_s += 1.0
    assert ask(":STAT:EESR?") == "0"
    ask(":STAT:FILT1 FALL")
    ask.clock.now_s += 0.1

    assert ask(":STAT:EESR?") == "1"
    assert ask(":STAT:EESR?") == "0"
    ask.clock.now_s += 0.1
    assert ask(":COMM:WAIT 1;:STAT:EESR?") == "1"


def test_filters_of_other_events_leave_the_update_event_alone() -> None:
    ask = Analyzer()
    ask(":STAT:FILT1 FALL;FILT2 NEVER")

    assert ask(":STAT:FILT1?;FILT2?") == "FALL;NEVER"


def test_binary_values_are_a_block_of_singles() -> None:
    ask = Analyzer()
    ask(SETUP)
    ask.clock.now_s += 0.2

    block = ask(":NUM:FORM FLO;:NUM:VAL?").encode("latin-1")

    assert block[:4] == b"#260"
    numbers = struct.unpack(">15f", block[4:])
    assert numbers[0] == pytest.approx(230.0, abs=3.0)
    assert block[-4:] == bytes.fromhex("7E951BEE")


def test_integration_counts_energy_and_forbids_changes() -> None:
    ask = Analyzer()
    ask(SETUP + ";:NUM:ITEM1 WH,SIGMA;ITEM2 TIME;ITEM3 P,SIGMA")
    ask.values()
    assert ask(":INTEG:STAT?") == "RESET"
    ask(":INTEG:STAR")
    for _ in range(18):
        energy_wh, elapsed_s, power_w, *_ = ask.values()

    assert elapsed_s == pytest.approx(3.6, abs=0.11)
    assert energy_wh == pytest.approx(power_w * elapsed_s / 3600.0, rel=0.01)
    ask(":RATE 1S")
    assert ask(":STAT:ERR?").startswith("813,")


def test_reset_restores_the_settings_at_delivery() -> None:
    ask = Analyzer()
    ask(SETUP)
    ask("*RST")

    assert ask(":RATE?;:INP:VOLT:AUTO?;:NUM:ITEM1?;NUM?") == "500.0E-03;1;U,1;9"


# --- faults -----------------------------------------------------------------------------------


def test_over_range_fault() -> None:
    ask = Analyzer("analyzer-overrange")
    ask(SETUP)

    assert ask.values()[2] == math.inf


def test_another_serial_number() -> None:
    assert "91N408871" not in Analyzer("analyzer-wrong-serial")("*IDN?")


def test_silence_lateness_and_disconnection() -> None:
    assert Analyzer("analyzer-silent:after=0")("*IDN?") == ""
    assert Analyzer("analyzer-late:after=0:delay=0.01")("*IDN?").startswith("YOKOGAWA")
    ask = Analyzer("analyzer-disconnect:after=0")
    with pytest.raises(DroppedError):
        ask("*IDN?")
    assert ask("*IDN?").startswith("YOKOGAWA")


def test_a_restart_loses_the_settings() -> None:
    ask = Analyzer("analyzer-restart:after=1")
    ask(SETUP)
    with pytest.raises(DroppedError):
        ask(":RATE?")

    assert ask(":RATE?") == "500.0E-03"
