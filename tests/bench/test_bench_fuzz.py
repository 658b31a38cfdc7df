"""Whatever arrives on a wire is answered or refused; it never ends a server with a defect."""

from __future__ import annotations

import struct
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from v2g_tool.bench.faults import FaultSet
from v2g_tool.bench.metering.analyzer_model import AnalyzerModel
from v2g_tool.bench.metering.ems_service import EmsIdentity, EmsService
from v2g_tool.bench.metering.meter_core import MeterCore
from v2g_tool.bench.metering.meter_model import MeterModel
from v2g_tool.bench.metering.modbus import ModbusDevice, Registers, WriteLog
from v2g_tool.bench.metering.plant import Plant
from v2g_tool.bench.metering.sunspec import SunSpecInverter
from v2g_tool.bench.metering.wattnode import WattNode
from v2g_tool.bench.metering.wt300e import Wt300e


def standing() -> float:
    return 100.0


def devices() -> list[ModbusDevice]:
    plant, faults = Plant(1), FaultSet("meter_01")
    core = MeterCore(plant, MeterModel(), standing, 0.1, faults)
    maps: list[Registers] = [
        EmsService(core, EmsIdentity("EMS-0001")),
        WattNode(core, 1, 100),
        SunSpecInverter(plant, standing, faults),
    ]
    return [ModbusDevice("meter_01", (1,), part, faults, WriteLog()) for part in maps]


starts = st.sampled_from([0x0000, 0x0100, 0x1000, 0x1020, 1000, 1600, 1611, 40000, 40070, 40277, 40300])
structured = st.builds(
    lambda function, start, offset, words: (
        struct.pack(">BHHB", function, start + offset, len(words), 2 * len(words))
        + struct.pack(f">{len(words)}H", *words)
    ),
    st.sampled_from([3, 4, 6, 16]),
    starts,
    st.integers(0, 60),
    st.lists(st.integers(0, 0xFFFF), max_size=8),
)
reads = st.builds(
    lambda function, start, count: struct.pack(">BHH", function, start, count),
    st.sampled_from([3, 4, 6]),
    st.one_of(starts, st.integers(0, 0xFFFF)),
    st.integers(0, 0xFFFF),
)


@settings(max_examples=150)
@given(st.lists(st.one_of(st.binary(min_size=1, max_size=253), structured, reads), min_size=1, max_size=8))
def test_any_modbus_request_is_answered_or_refused(requests: list[bytes]) -> None:
    for device in devices():
        for pdu in requests:
            answer = device.answer(1, pdu)

            assert answer is not None
            if answer.pdu[0] & 0x80 and not pdu[0] & 0x80:
                assert answer.pdu[1] in (1, 2, 3, 4)
            elif pdu[0] in (3, 4):
                assert answer.pdu[1] == len(answer.pdu) - 2 == 2 * struct.unpack(">H", pdu[3:5])[0]


words = st.sampled_from(
    [
        *(":", ";", "?", "*", ",", " ", "'", "IDN", "*IDN?", "RATE", ":RATE", "INP", "VOLT", "RANG", "NUM"),
        *("VAL?", "ITEM1", "ITEM999", "NORM", "1E999", "300V", "ON", "SIGMA", "U", "EESR?", "ERR?", "STAT", "HOLD"),
        *(":INTEG:STAR", ":NUM:ITEM2 P,SIGMA", ":NUM:NUM ALL", ":NUM:FORM FLOAT", "*RST", "-1", "0"),
    ]
)


@settings(max_examples=150)
@given(st.lists(st.one_of(st.text(max_size=20), st.lists(words, max_size=8).map("".join)), max_size=6))
def test_any_line_is_answered_or_goes_to_the_error_queue(lines: list[str]) -> None:
    instrument = Wt300e(Plant(1), AnalyzerModel(1), standing, FaultSet("analyzer_01"))

    for line in lines:
        instrument.handle(line, threading.Event())
    reply = instrument.handle("*IDN?", threading.Event())

    assert reply is not None
    assert "YOKOGAWA" in reply
