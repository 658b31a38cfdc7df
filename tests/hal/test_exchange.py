"""One Modbus connection on which every answer is checked, against peers that behave and peers that do not.

Frames are written as the Modbus Messaging on TCP/IP guide (V1.0b, 3.1.3) and Modbus over Serial Line (V1.02, 2.5.1)
lay them out: transaction, protocol, length, unit, PDU; or unit, PDU, CRC.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from v2g_tool.errors import ExitStatus, Implausible, Refused, Unreachable, V2GError
from v2g_tool.hal.modbus.exchange import Canary, Exchange
from v2g_tool.model.site.metering import ModbusLink

from .conftest import TIMEOUT_S, Dial, Notes
from .peers import ANY, CLOSE, RESET, Action, RtuPeer, Script, closed_port, crc16, rtu

# Function 04, two registers from 0x0104: voltage L1 of the EMS meter service, and 230.0 as its answer.
ASK = "00 01 00 00 00 06 01 04 01 04 00 02"
TELL = "00 01 00 00 00 07 01 04 04 43 66 00 00"
ASK_AGAIN = "00 02 00 00 00 06 01 04 01 04 00 02"
TELL_AGAIN = "00 02 00 00 00 07 01 04 04 43 66 00 00"
VOLTAGE = (0x4366, 0x0000)

# The canary: four registers of a serial number at 0x0014, "EMS-0042".
CANARY = Canary(4, 0x0014, (0x454D, 0x532D, 0x3030, 0x3432))
ASK_CANARY = "00 01 00 00 00 06 01 04 00 14 00 04"
TELL_CANARY = "00 01 00 00 00 0b 01 04 08 45 4d 53 2d 30 30 34 32"
TELL_OTHER = "00 01 00 00 00 0b 01 04 08 45 4d 53 2d 30 30 34 33"

# Function 06: 10023 to the gain of L1 at 0x1000. The right answer repeats the request.
SET_GAIN = "00 01 00 00 00 06 01 06 10 00 27 27"
# Function 16: two registers from 0x1000.
SET_TWO = "00 01 00 00 00 0b 01 10 10 00 00 02 04 00 01 00 02"
SET_TWO_DONE = "00 01 00 00 00 06 01 10 10 00 00 02"

Serial = Callable[..., tuple[Exchange, RtuPeer]]


def wire(notes: Notes) -> list[tuple[object, object]]:
    return [(data["tx"], data["rx"]) for _, data in notes.records]


def bare(content: str) -> str:
    return content.replace(" ", "")


# Reading


def test_a_right_answer_gives_its_registers(dial: Dial) -> None:
    exchange, _ = dial(Script([(ASK, [TELL])]))

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_function_03_reads_holding_registers(dial: Dial) -> None:
    asked = "00 01 00 00 00 06 01 03 10 00 00 01"
    exchange, _ = dial(Script([(asked, ["00 01 00 00 00 05 01 03 02 27 10"])]))

    assert exchange.read(3, 0x1000, 1) == (10000,)


def test_the_next_request_has_the_next_transaction_number(dial: Dial) -> None:
    exchange, peer = dial(Script([(ASK, [TELL]), (ASK_AGAIN, [TELL_AGAIN])]))

    exchange.read(4, 0x0104, 2)
    exchange.read(4, 0x0104, 2)

    assert peer.connections == 1


def test_an_answer_in_pieces_is_put_together(dial: Dial) -> None:
    exchange, _ = dial(Script([(ASK, ["00 01 00 00 00", 0.02, "07 01 04 04 43", 0.02, "66 00 00"])]))

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("00 01 00 00 00 05 01 04 02 43 66", id="one register instead of two"),
        pytest.param("00 01 00 00 00 09 01 04 06 43 66 00 00 00 01", id="three registers instead of two"),
        pytest.param("00 01 00 00 00 07 01 03 04 43 66 00 00", id="function 3 instead of 4"),
        pytest.param("00 01 00 00 00 06 01 06 01 04 43 66", id="the echo of a write"),
        pytest.param("00 01 00 00 00 06 01 10 01 04 00 02", id="the answer to a write of two"),
        pytest.param("00 01 00 00 00 04 01 01 01 00", id="coils"),
    ],
)
def test_an_answer_that_does_not_fit_is_implausible(dial: Dial, wrong: str) -> None:
    exchange, _ = dial(Script([(ASK, [wrong])] * 3))

    with pytest.raises(Implausible, match="request for 2 of function 4 at 0x0104"):
        exchange.read(4, 0x0104, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("00 01 00 00 00 07 02 04 04 43 66 00 00", id="unit 2 instead of 1"),
        pytest.param("00 09 00 00 00 07 01 04 04 43 66 00 00", id="transaction 9 instead of 1"),
        pytest.param("00 00 00 00 00 07 01 04 04 43 66 00 00", id="transaction 0 instead of 1"),
        pytest.param("00 01 00 05 00 07 01 04 04 43 66 00 00", id="another protocol than Modbus"),
        pytest.param("00 01 00 00 00 07 01 04 04 43", id="torn behind the first byte of data"),
        pytest.param("00 01 00 00", id="torn in the header"),
        pytest.param("00 01 00 00 00 05 01 04 04 43 66", id="more bytes announced than sent"),
        pytest.param("00 01 00 00 00 07 01 55 04 43 66 00 00", id="an unknown function"),
        pytest.param("00 01 00 00 00 02 01 04", id="a function without content"),
        pytest.param("48 54 54 50 2f 31 2e 31 20 34 30 30", id="an HTTP server"),
    ],
)
def test_bytes_that_are_no_valid_answer_are_implausible_and_counted(dial: Dial, wrong: str) -> None:
    exchange, _ = dial(Script([(ASK, [wrong])] * 3))

    with pytest.raises(Implausible, match=f"answered {len(bytes.fromhex(wrong))} bytes that are no valid answer"):
        exchange.read(4, 0x0104, 2)


def test_after_nonsense_the_line_is_reopened_and_the_right_answer_taken(dial: Dial) -> None:
    exchange, peer = dial(Script([(ASK, ["00 01 00 00 00 05 01 04 02 43 66"]), (ASK, [TELL])]))

    assert exchange.read(4, 0x0104, 2) == VOLTAGE
    assert peer.connections == 2


@pytest.mark.parametrize("end", [CLOSE, RESET])
def test_a_closed_connection_is_opened_again(dial: Dial, end: str) -> None:
    exchange, _ = dial(Script([(ASK, [end]), (ASK, [TELL])]))

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_a_connection_that_is_reset_every_time_is_unreachable(dial: Dial) -> None:
    exchange, _ = dial(Script([(ASK, [RESET])] * 3))

    with pytest.raises(Unreachable, match="meter_01 at"):
        exchange.read(4, 0x0104, 2)


def test_a_frame_torn_by_a_closed_connection_is_no_answer(dial: Dial) -> None:
    exchange, _ = dial(Script([(ASK, ["00 01 00 00 00 07 01 04 04 43", CLOSE])] * 3))

    with pytest.raises(Unreachable, match="closed or reset"):
        exchange.read(4, 0x0104, 2)


def test_silence_three_times_is_unreachable_and_says_how_long_it_waited(dial: Dial) -> None:
    exchange, _ = dial(Script([(ASK, [])] * 3))

    with pytest.raises(Unreachable, match=f"did not answer within {TIMEOUT_S:g} s"):
        exchange.read(4, 0x0104, 2)


def test_silence_makes_the_line_pause_for_the_response_time_of_the_device(dial: Dial, notes: Notes) -> None:
    exchange, _ = dial(Script([(ASK, []), (ASK, [TELL])]), response_s=0.7)

    exchange.read(4, 0x0104, 2)

    assert notes.pauses == [0.7]


def test_after_silence_the_canary_is_read_before_the_data(dial: Dial) -> None:
    steps = [(ASK, []), (ASK_CANARY, [TELL_CANARY]), (ASK_AGAIN, [TELL_AGAIN])]
    exchange, peer = dial(Script(steps), canary=CANARY)

    assert exchange.read(4, 0x0104, 2) == VOLTAGE
    assert peer.connections == 2


def test_no_canary_is_read_while_all_is_well(dial: Dial) -> None:
    exchange, _ = dial(Script([(ASK, [TELL]), (ASK_AGAIN, [TELL_AGAIN])]), canary=CANARY)

    exchange.read(4, 0x0104, 2)

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_another_device_behind_the_address_is_implausible_and_gives_no_data(dial: Dial) -> None:
    steps = [(ASK, []), (ASK_CANARY, [TELL_OTHER]), (ASK_CANARY, [TELL_OTHER])]
    exchange, _ = dial(Script(steps), canary=CANARY)

    with pytest.raises(Implausible, match="another identity"):
        exchange.read(4, 0x0104, 2)


def test_after_an_unanswered_canary_the_canary_is_asked_again(dial: Dial) -> None:
    steps = [(ASK, []), (ASK_CANARY, []), (ASK_CANARY, [TELL_CANARY]), (ASK_AGAIN, [TELL_AGAIN])]
    exchange, _ = dial(Script(steps), canary=CANARY)

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_a_late_answer_on_the_old_connection_is_never_taken(dial: Dial) -> None:
    late: list[Action] = [TIMEOUT_S / 2, TIMEOUT_S * 0.75, "00 01 00 00 00 07 01 04 04 41 20 00 00"]
    exchange, _ = dial(Script([(ASK, late), (ASK, [TELL])]))

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_a_late_answer_that_a_gateway_hands_to_the_new_connection_is_never_taken(dial: Dial) -> None:
    late = "00 01 00 00 00 07 01 04 04 41 20 00 00"
    steps = [(ASK, []), (ASK_CANARY, [late]), (ASK_CANARY, [TELL_CANARY]), (ASK_AGAIN, [TELL_AGAIN])]
    exchange, _ = dial(Script(steps), canary=CANARY)

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_a_line_that_was_silent_to_the_end_is_proven_before_the_next_request(dial: Dial) -> None:
    steps = [(ASK, []), (ASK_CANARY, []), (ASK_CANARY, []), (ASK_CANARY, [TELL_CANARY]), (ASK_AGAIN, [TELL_AGAIN])]
    exchange, _ = dial(Script(steps), canary=CANARY)
    with pytest.raises(Unreachable):
        exchange.read(4, 0x0104, 2)

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_a_port_where_nobody_listens_is_unreachable_and_names_its_key(notes: Notes) -> None:
    link = ModbusLink(host="127.0.0.1", port=closed_port(), timeout_s=TIMEOUT_S)
    exchange = Exchange("meter_01", link, 0.5, notes.record, key=("meters", "meter_01"), sleep=notes.sleep)

    with pytest.raises(Unreachable, match="no connection could be opened") as caught:
        exchange.read(4, 0x0104, 2)

    assert caught.value.key == ("meters", "meter_01", "host")
    assert caught.value.status is ExitStatus.NOT_JUDGED


def test_a_serial_port_that_does_not_exist_is_unreachable_and_names_its_key(notes: Notes) -> None:
    link = ModbusLink(link="rtu", device="/dev/ttyUSB-nowhere", timeout_s=TIMEOUT_S)
    exchange = Exchange("meter_01", link, 0.5, notes.record, key=("meters", "meter_01"), sleep=notes.sleep)

    with pytest.raises(Unreachable) as caught:
        exchange.read(4, 0x0104, 2)

    assert caught.value.key == ("meters", "meter_01", "device")
    assert "dialout" in caught.value.todo


# Refusals


@pytest.mark.parametrize(
    ("code", "name"), [(1, "illegal function"), (2, "illegal data address"), (3, "illegal data value")]
)
def test_an_exception_is_refused_with_code_and_name_and_not_asked_again(dial: Dial, code: int, name: str) -> None:
    exchange, _ = dial(Script([(ASK, [f"00 01 00 00 00 03 01 84 {code:02x}"])]))

    with pytest.raises(Refused, match=f"exception {code}, {name}") as caught:
        exchange.read(4, 0x0104, 2)

    assert caught.value.code == code


def test_a_device_failure_names_the_lock_as_a_cause(dial: Dial) -> None:
    exchange, _ = dial(Script([(ASK, ["00 01 00 00 00 03 01 84 04"])]))

    with pytest.raises(Refused, match="exception 4, device failure") as caught:
        exchange.read(4, 0x0104, 2)

    assert caught.value.code == 4
    assert "locked" in caught.value.why


def test_an_exception_that_no_document_knows_is_refused_too(dial: Dial) -> None:
    exchange, _ = dial(Script([(ASK, ["00 01 00 00 00 03 01 84 63"])]))

    with pytest.raises(Refused, match="exception 99, unknown") as caught:
        exchange.read(4, 0x0104, 2)

    assert caught.value.code == 99


def test_a_refusal_leaves_the_line_trusted(dial: Dial) -> None:
    exchange, peer = dial(Script([(ASK, ["00 01 00 00 00 03 01 84 02"]), (ASK_AGAIN, [TELL_AGAIN])]))
    with pytest.raises(Refused):
        exchange.read(4, 0x0104, 2)

    assert exchange.read(4, 0x0104, 2) == VOLTAGE
    assert peer.connections == 1


@pytest.mark.parametrize("code", [5, 6, 11])
def test_a_busy_device_is_asked_again_after_growing_pauses(dial: Dial, notes: Notes, code: int) -> None:
    busy = f"00 00 00 03 01 84 {code:02x}"
    steps = [(f"00 {n:02x}" + ASK[5:], [f"00 {n:02x} {busy}"]) for n in (1, 2, 3)]
    exchange, _ = dial(Script([*steps, ("00 04" + ASK[5:], ["00 04" + TELL[5:]])]))

    assert exchange.read(4, 0x0104, 2) == VOLTAGE
    assert notes.pauses == [0.1, 0.3, 1.0]


@pytest.mark.parametrize("code", [6, 11])
def test_a_device_that_stays_busy_is_refused_in_the_end(dial: Dial, code: int) -> None:
    busy = f"00 00 00 03 01 84 {code:02x}"
    exchange, _ = dial(Script([(f"00 {n:02x}" + ASK[5:], [f"00 {n:02x} {busy}"]) for n in (1, 2, 3, 4)]))

    with pytest.raises(Refused) as caught:
        exchange.read(4, 0x0104, 2)

    assert caught.value.code == code


def test_a_gateway_without_path_is_not_asked_again(dial: Dial, notes: Notes) -> None:
    exchange, _ = dial(Script([(ASK, ["00 01 00 00 00 03 01 84 0a"])]))

    with pytest.raises(Refused, match="gateway path unavailable"):
        exchange.read(4, 0x0104, 2)

    assert notes.pauses == []


# Interruption


class Stopped(BaseException):
    """What a signal handler of the program raises."""


@pytest.fixture
def stop_signal() -> Iterator[signal.Signals]:
    def stop(_number: int, _frame: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGUSR1, stop)
    yield signal.SIGUSR1
    signal.signal(signal.SIGUSR1, before)


def test_an_interrupted_read_is_followed_by_a_proof_of_the_line(dial: Dial, stop_signal: signal.Signals) -> None:
    script = Script([(ASK, []), (ASK_CANARY, [TELL_CANARY]), (ASK_AGAIN, [TELL_AGAIN])])
    main = threading.main_thread().ident or 0

    def interrupting(request: bytes) -> Sequence[Action]:
        actions = script(request)
        if len(script.received) == 1:
            signal.pthread_kill(main, stop_signal)
        return actions

    exchange, _ = dial(interrupting, canary=CANARY)
    with pytest.raises(Stopped):
        exchange.read(4, 0x0104, 2)

    assert exchange.read(4, 0x0104, 2) == VOLTAGE
    script.check()


# Writing


def test_a_write_of_one_register_is_function_06(dial: Dial) -> None:
    exchange, _ = dial(Script([(SET_GAIN, [SET_GAIN])]), writable=frozenset({0x1000}))

    exchange.write(6, 0x1000, (10023,))


def test_a_write_of_two_registers_is_one_request_of_function_16(dial: Dial) -> None:
    exchange, _ = dial(Script([(SET_TWO, [SET_TWO_DONE])]), writable=frozenset({0x1000, 0x1001}))

    exchange.write(16, 0x1000, (1, 2))


def test_a_write_is_sent_once_when_its_answer_is_lost(dial: Dial) -> None:
    exchange, _ = dial(Script([(SET_GAIN, [])]), writable=frozenset({0x1000}))

    with pytest.raises(Unreachable):
        exchange.write(6, 0x1000, (10023,))


@pytest.mark.parametrize("end", [CLOSE, RESET])
def test_a_write_is_sent_once_when_the_connection_goes(dial: Dial, end: str) -> None:
    exchange, _ = dial(Script([(SET_GAIN, [end])]), writable=frozenset({0x1000}))

    with pytest.raises(Unreachable):
        exchange.write(6, 0x1000, (10023,))


@pytest.mark.parametrize("code", [4, 6, 11])
def test_a_refused_write_is_sent_once(dial: Dial, notes: Notes, code: int) -> None:
    exchange, _ = dial(Script([(SET_GAIN, [f"00 01 00 00 00 03 01 86 {code:02x}"])]), writable=frozenset({0x1000}))

    with pytest.raises(Refused) as caught:
        exchange.write(6, 0x1000, (10023,))

    assert caught.value.code == code
    assert notes.pauses == []


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("00 01 00 00 00 06 01 06 10 00 27 10", id="another value"),
        pytest.param("00 01 00 00 00 06 01 06 10 01 27 27", id="another address"),
        pytest.param("00 01 00 00 00 06 01 10 10 00 00 01", id="another function"),
        pytest.param("00 01 00 00 00 05 01 03 02 27 27", id="the answer to a read"),
    ],
)
def test_an_echo_of_another_write_is_implausible_and_not_repeated(dial: Dial, wrong: str) -> None:
    exchange, _ = dial(Script([(SET_GAIN, [wrong])]), writable=frozenset({0x1000}))

    with pytest.raises(Implausible, match="acknowledged another write"):
        exchange.write(6, 0x1000, (10023,))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("00 01 00 00 00 06 01 10 10 00 00 01", id="one register instead of two"),
        pytest.param("00 01 00 00 00 06 01 10 10 02 00 02", id="another address"),
        pytest.param("00 01 00 00 00 06 01 06 10 00 00 02", id="function 06 instead of 16"),
    ],
)
def test_an_acknowledgement_of_another_block_is_implausible(dial: Dial, wrong: str) -> None:
    exchange, _ = dial(Script([(SET_TWO, [wrong])]), writable=frozenset({0x1000, 0x1001}))

    with pytest.raises(Implausible, match="acknowledged another write"):
        exchange.write(16, 0x1000, (1, 2))


def test_after_a_lost_write_the_line_is_proven_before_the_read_back(dial: Dial) -> None:
    steps = [(SET_GAIN, []), (ASK_CANARY, [TELL_CANARY]), (ASK_AGAIN, [TELL_AGAIN])]
    exchange, _ = dial(Script(steps), writable=frozenset({0x1000}), canary=CANARY)
    with pytest.raises(Unreachable):
        exchange.write(6, 0x1000, (10023,))

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_a_write_waits_until_a_suspect_line_is_proven(dial: Dial) -> None:
    lost, again = SET_GAIN, "00 02" + SET_GAIN[5:]
    exchange, _ = dial(
        Script([(lost, []), (ASK_CANARY, [TELL_CANARY]), (again, [again])]), writable=frozenset({0x1000}), canary=CANARY
    )
    with pytest.raises(Unreachable):
        exchange.write(6, 0x1000, (10023,))

    exchange.write(6, 0x1000, (10023,))


def test_a_line_that_failed_its_proof_before_a_write_stays_suspect(dial: Dial) -> None:
    proof = [(ASK_CANARY, [TELL_CANARY]), (ASK_AGAIN, [TELL_AGAIN])]
    exchange, _ = dial(Script([(SET_GAIN, []), (ASK_CANARY, []), *proof]), writable=frozenset({0x1000}), canary=CANARY)
    for _ in range(2):  # the first is lost on the wire, the second finds the canary silent
        with pytest.raises(Unreachable):
            exchange.write(6, 0x1000, (10023,))

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_a_line_whose_proof_was_refused_stays_suspect(dial: Dial) -> None:
    proof = [(ASK_CANARY, [TELL_CANARY]), (ASK_AGAIN, [TELL_AGAIN])]
    exchange, _ = dial(Script([(ASK, []), (ASK_CANARY, ["00 01 00 00 00 03 01 84 04"]), *proof]), canary=CANARY)
    with pytest.raises(Refused):
        exchange.read(4, 0x0104, 2)

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


@pytest.mark.parametrize(
    ("address", "words"),
    [
        pytest.param(0x0140, (0,), id="an energy"),
        pytest.param(0x1001, (1,), id="one behind"),
        pytest.param(0x0FFF, (1, 2), id="one before, reaching in"),
        pytest.param(0x1000, (1, 2), id="reaching out"),
    ],
)
def test_a_write_outside_the_profile_is_refused_before_any_byte(
    dial: Dial, address: int, words: tuple[int, ...]
) -> None:
    exchange, peer = dial(Script([]), writable=frozenset({0x1000}))

    with pytest.raises(V2GError, match=f"0x{address:04X} .* was not sent"):
        exchange.write(16, address, words)

    assert peer.connections == 0


def test_without_a_list_of_writable_addresses_nothing_is_written(dial: Dial) -> None:
    exchange, peer = dial(Script([]))

    with pytest.raises(V2GError, match="was not sent"):
        exchange.write(6, 0x1000, (10023,))

    assert peer.connections == 0


# Evidence


def test_an_exchange_is_recorded_with_its_bytes_both_ways(dial: Dial, notes: Notes) -> None:
    exchange, _ = dial(Script([(ASK, [TELL])]))

    exchange.read(4, 0x0104, 2)

    assert notes.records == [("modbus", {"device": "meter_01", "tx": bare(ASK), "rx": bare(TELL)})]


def test_a_write_is_recorded_with_what_it_writes(dial: Dial, notes: Notes) -> None:
    exchange, _ = dial(Script([(SET_TWO, [SET_TWO_DONE])]), writable=frozenset({0x1000, 0x1001}))

    exchange.write(16, 0x1000, (1, 2))

    ((_, data),) = notes.records
    assert data["write"] == "16:0x1000=1,2"
    assert (data["tx"], data["rx"]) == (bare(SET_TWO), bare(SET_TWO_DONE))


def test_silence_is_recorded_with_the_request_and_an_empty_answer(dial: Dial, notes: Notes) -> None:
    exchange, _ = dial(Script([(SET_GAIN, [])]), writable=frozenset({0x1000}))

    with pytest.raises(Unreachable):
        exchange.write(6, 0x1000, (10023,))

    assert wire(notes) == [(bare(SET_GAIN), "")]
    assert notes.records[0][1]["error"] == "no valid answer"


def test_a_torn_frame_is_recorded_as_far_as_it_came(dial: Dial, notes: Notes) -> None:
    exchange, _ = dial(Script([(ASK, ["00 01 00 00 00 07 01 04"]), (ASK, [TELL])]))

    exchange.read(4, 0x0104, 2)

    assert wire(notes) == [(bare(ASK), "0001000000070104"), (bare(ASK), bare(TELL))]


def test_a_refusal_is_recorded_with_its_bytes(dial: Dial, notes: Notes) -> None:
    exchange, _ = dial(Script([(ASK, ["00 01 00 00 00 03 01 84 02"])]))

    with pytest.raises(Refused):
        exchange.read(4, 0x0104, 2)

    assert wire(notes) == [(bare(ASK), "000100000003018402")]


def test_the_answer_of_another_unit_stays_in_the_evidence_when_the_right_one_follows(dial: Dial, notes: Notes) -> None:
    foreign = "00 01 00 00 00 07 02 04 04 43 66 00 00"
    exchange, _ = dial(Script([(ASK, [foreign, 0.05, TELL])]))

    exchange.read(4, 0x0104, 2)

    assert wire(notes) == [(bare(ASK), bare(foreign + TELL))]


def test_the_same_foreign_answer_twice_is_twice_in_the_evidence(dial: Dial, notes: Notes) -> None:
    foreign = "00 01 00 00 00 07 02 04 04 43 66 00 00"
    exchange, _ = dial(Script([(ASK, [foreign, 0.05, foreign, 0.05, TELL])]))

    exchange.read(4, 0x0104, 2)

    assert wire(notes) == [(bare(ASK), bare(foreign + foreign + TELL))]


def test_an_answer_in_pieces_is_recorded_once_and_whole(dial: Dial, notes: Notes) -> None:
    exchange, _ = dial(Script([(ASK, ["00 01 00 00 00", 0.02, "07 01 04 04 43", 0.02, "66 00 00"])]))

    exchange.read(4, 0x0104, 2)

    assert wire(notes) == [(bare(ASK), bare(TELL))]


# Serial line

ASK_A = rtu("01 04 01 04 00 02")
TELL_A = rtu("01 04 04 43 66 00 00")
ASK_B = rtu("01 04 01 10 00 02")
TELL_B = rtu("01 04 04 c5 3b 80 00")
ASK_SERIAL = rtu("01 04 00 14 00 04")
TELL_SERIAL = rtu("01 04 08 45 4d 53 2d 30 30 34 32")


def test_our_crc_is_the_one_of_the_example_in_the_standard() -> None:
    assert crc16(bytes.fromhex("02 07")) == bytes.fromhex("41 12")  # Modbus over Serial Line V1.02, 6.2.2


def test_a_serial_answer_gives_its_registers(dial_serial: Serial) -> None:
    exchange, _ = dial_serial(Script([(ASK_A, [TELL_A])]))

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_a_serial_answer_in_pieces_is_put_together(dial_serial: Serial) -> None:
    exchange, _ = dial_serial(Script([(ASK_A, [TELL_A[:11], 0.016, TELL_A[12:]])]))

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("01 04 04 43 66 00 00 00 00", id="a wrong checksum"),
        pytest.param(rtu("02 04 04 43 66 00 00"), id="unit 2 instead of 1"),
        pytest.param("01 04 04 43 66", id="a torn frame"),
    ],
)
def test_a_serial_frame_that_is_no_valid_answer_is_implausible(dial_serial: Serial, wrong: str) -> None:
    exchange, _ = dial_serial(Script([(ASK_A, [wrong])] * 3))

    with pytest.raises(Implausible, match="no valid answer"):
        exchange.read(4, 0x0104, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(rtu("01 04 02 43 66"), id="one register"),
        pytest.param(rtu("01 03 04 43 66 00 00"), id="function 3"),
    ],
)
def test_a_serial_answer_to_another_question_is_implausible(dial_serial: Serial, wrong: str) -> None:
    exchange, _ = dial_serial(Script([(ASK_A, [wrong])] * 3))

    with pytest.raises(Implausible, match="request for 2 of function 4"):
        exchange.read(4, 0x0104, 2)


def test_a_late_serial_answer_that_comes_in_the_pause_is_never_taken(dial_serial: Serial, notes: Notes) -> None:
    script = Script([(ASK_A, []), (ASK_SERIAL, [TELL_SERIAL]), (ASK_A, [TELL_A])])
    exchange, peer = dial_serial(script, canary=CANARY)
    notes.while_pausing = lambda: peer.say(TELL_B)

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_a_late_serial_answer_that_comes_instead_of_the_canary_is_never_taken(dial_serial: Serial) -> None:
    script = Script([(ASK_A, []), (ASK_SERIAL, [TELL_B]), (ASK_SERIAL, [TELL_SERIAL]), (ASK_A, [TELL_A])])
    exchange, _ = dial_serial(script, canary=CANARY)

    assert exchange.read(4, 0x0104, 2) == VOLTAGE


def test_a_late_serial_answer_is_never_the_answer_to_the_next_question(dial_serial: Serial, notes: Notes) -> None:
    script = Script([*[(ASK_A, [])] * 3, (ASK_B, [TELL_B])])
    exchange, peer = dial_serial(script)
    with pytest.raises(Unreachable):
        exchange.read(4, 0x0104, 2)
    notes.while_pausing = lambda: peer.say(TELL_A)

    assert exchange.read(4, 0x0110, 2) == (0xC53B, 0x8000)


def test_the_late_acknowledgement_of_a_lost_write_is_never_the_answer_to_the_read_back(
    dial_serial: Serial, notes: Notes
) -> None:
    write, read = rtu("01 06 10 00 27 27"), rtu("01 03 10 00 00 01")
    script = Script([(write, []), (ASK_SERIAL, [TELL_SERIAL]), (read, [rtu("01 03 02 27 10")])])
    exchange, peer = dial_serial(script, canary=CANARY, writable=frozenset({0x1000}))
    with pytest.raises(Unreachable):
        exchange.write(6, 0x1000, (10023,))
    notes.while_pausing = lambda: peer.say(write)

    assert exchange.read(3, 0x1000, 1) == (10000,)


def test_a_serial_write_is_sent_once_when_its_answer_is_lost(dial_serial: Serial) -> None:
    exchange, _ = dial_serial(Script([(rtu("01 06 10 00 27 27"), [])]), writable=frozenset({0x1000}))

    with pytest.raises(Unreachable, match="did not answer"):
        exchange.write(6, 0x1000, (10023,))


def test_a_serial_exchange_is_recorded_with_its_checksums(dial_serial: Serial, notes: Notes) -> None:
    exchange, _ = dial_serial(Script([(ANY, [TELL_A])]))

    exchange.read(4, 0x0104, 2)

    assert wire(notes) == [(bare(ASK_A), bare(TELL_A))]
