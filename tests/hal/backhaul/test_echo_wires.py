"""Round trips over UDP, TCP and Modbus with real peers, also such as answer twice, late, wrongly or not at all."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.errors import Unreachable
from v2g_tool.hal.backhaul import echo, ledger
from v2g_tool.hal.backhaul.backhaul import open_backhaul
from v2g_tool.hal.backhaul.echo_wires import records, transactions
from v2g_tool.hal.backhaul.icmp import checksum, own_sequence
from v2g_tool.hal.contracts.backhaul import Echoes
from v2g_tool.model.telemetry import Echo, EchoKind

from .servers import free_port, listener, modbus_device, site, udp_peer

NONCE = b"\x01" * 8


@pytest.fixture(autouse=True)
def _quick_and_tidy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ask often, count an answer for a short time, and leave no thread."""
    monkeypatch.setattr(echo, "PER_SECOND", 200.0)
    for module in (echo, ledger):
        monkeypatch.setattr(module, "ANSWER_S", 0.2)
    before = set(threading.enumerate())
    yield
    assert {thread.name for thread in set(threading.enumerate()) - before} == set()


@contextmanager
def echoing(kind: EchoKind, port: int) -> Iterator[Echoes]:
    with open_backhaul(site(5201, echo_port=port), lambda _kind, _data: None) as backhaul:
        yield backhaul.echoes(kind)


def until(echoes: Echoes, enough: Callable[[list[Echo]], bool]) -> list[Echo]:
    """Wait for what must come; a test that waits in vain is ended by the bound of the runner."""
    while not enough(found := list(echoes.so_far())):
        time.sleep(0.005)
    return found


def answered(count: int) -> Callable[[list[Echo]], bool]:
    return lambda found: sum(one.round_trip_s is not None for one in found) >= count


def send_back(connection: socket.socket) -> None:
    while content := connection.recv(4096):
        connection.sendall(content)


def test_given_a_udp_echo_service_then_every_question_has_one_answer() -> None:
    with udp_peer(lambda _number, content: [content]) as port, echoing("udp-echo", port) as echoes:
        until(echoes, answered(5))
        found = echoes.close()

        assert found == echoes.close() == echoes.so_far()
    assert {(one.copies, one.overtaken) for one in found} == {(1, False)}
    assert all(one.round_trip_s is not None for one in found)
    assert [one.sent_s for one in found] == sorted(one.sent_s for one in found)


def test_given_a_service_that_doubles_swaps_and_drops_then_each_is_told() -> None:
    kept: list[bytes] = []

    def mangled(number: int, content: bytes) -> list[bytes]:
        kept.append(content)
        order = {0: [content, content], 1: [], 2: [content, kept[1] if len(kept) > 1 else b""], 3: []}
        return order.get(number, [b"\xff" * 16, content[:15], content + b"x", content])

    with udp_peer(mangled) as port, echoing("udp-echo", port) as echoes:
        until(echoes, answered(6))
        found = echoes.close()

    assert [one.copies for one in found[:3]] == [2, 1, 1]
    assert [one.overtaken for one in found[:3]] == [False, True, False]
    assert found[3].round_trip_s is None
    assert {one.copies for one in found[4:]} == {1}


def test_given_no_udp_service_then_questions_have_no_answer() -> None:
    with echoing("udp-echo", free_port()) as echoes:
        until(echoes, lambda found: len(found) > 3)
        found = echoes.close()

    assert len(found) > 3
    assert {one.round_trip_s for one in found} == {None}


def test_given_questions_that_are_due_when_it_is_closed_without_waiting_then_they_are_left_out() -> None:
    with udp_peer(lambda number, content: [content] if number < 3 else []) as port, echoing("udp-echo", port) as echoes:
        until(echoes, answered(3))
        found = echoes.close(wait=False)

    assert all(one.round_trip_s is not None for one in found)


def test_given_a_tcp_echo_service_then_every_question_has_one_answer() -> None:
    with listener(send_back) as port, echoing("tcp-echo", port) as echoes:
        until(echoes, answered(5))
        found = echoes.close()

    assert all(one.round_trip_s is not None and one.copies == 1 for one in found)


def test_given_a_tcp_service_that_hangs_up_then_the_connection_is_made_again() -> None:
    connections: list[int] = []

    def twice(connection: socket.socket) -> None:
        connections.append(1)
        if len(connections) == 1:
            connection.sendall(connection.recv(4096))
        else:
            send_back(connection)

    with listener(twice) as port, echoing("tcp-echo", port) as echoes:
        found = until(echoes, answered(4))

    assert len(connections) >= 2
    assert found


def test_given_the_benchs_modbus_device_then_transactions_are_timed_and_nothing_is_written() -> None:
    with modbus_device() as (port, log), echoing("modbus", port) as echoes:
        until(echoes, answered(5))
        found = echoes.close()

    assert all(one.round_trip_s is not None and one.copies == 1 for one in found)
    assert not log.requests()


@pytest.mark.parametrize(
    ("code", "found"), [(0x01, [1]), (0x02, [1]), (0x03, [1]), (0x04, []), (0x06, []), (0x0A, []), (0x0B, [])]
)
def test_an_exception_of_a_gateway_is_no_answer_of_the_device(code: int, found: list[int]) -> None:
    assert transactions(bytes.fromhex(f"0001 0000 0003 01 83 {code:02x}")) == (found, b"")


def test_given_a_unit_that_is_not_there_then_the_gateways_exception_answers_nothing() -> None:
    with (
        modbus_device() as (port, _log),
        open_backhaul(site(5201, echo_port=port, echo_unit=9), lambda _kind, _data: None) as backhaul,
    ):
        echoes = backhaul.echoes("modbus")
        assert until(echoes, lambda seen: len(seen) >= 1)

    assert all(echo.round_trip_s is None for echo in echoes.close())


def test_given_a_stream_that_is_no_modbus_then_it_goes_on_asking() -> None:
    connections: list[int] = []

    def banner(connection: socket.socket) -> None:
        connections.append(1)
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.recv(100)

    with listener(banner) as port, echoing("modbus", port) as echoes:
        until(echoes, lambda _found: len(connections) > 1)
        found = echoes.close()

    assert {one.round_trip_s for one in found} == {None}


@pytest.mark.parametrize("kind", ["tcp-echo", "modbus"])
def test_given_nobody_listening_then_there_are_no_echoes(kind: EchoKind) -> None:
    with (
        open_backhaul(site(5201, echo_port=free_port()), lambda _kind, _data: None) as backhaul,
        pytest.raises(Unreachable, match="Connection refused"),
    ):
        backhaul.echoes(kind)


def test_given_a_name_that_leads_nowhere_then_there_are_no_echoes() -> None:
    with (
        open_backhaul(site(5201, host="server.invalid"), lambda _kind, _data: None) as backhaul,
        pytest.raises(Unreachable, match=r"server\.invalid"),
    ):
        backhaul.echoes("icmp")


def test_what_was_measured_is_recorded_once_in_full() -> None:
    notes: list[tuple[str, Mapping[str, object]]] = []
    with (
        udp_peer(lambda number, content: [content] * min(2, number + 1)) as port,
        open_backhaul(site(5201, echo_port=port), lambda kind, data: notes.append((kind, data))) as backhaul,
    ):
        echoes = backhaul.echoes("udp-echo")
        until(echoes, answered(3))
        found = echoes.close()

    (kind, data) = notes[0]
    assert len(notes) == 1
    assert (kind, data["kind"], data["asked"], data["unanswered"]) == ("echoes", "udp-echo", len(found), 0)
    assert data["copied"] == sum(one.copies == 2 for one in found) > 0
    assert data["round_trips_us"] == [round((one.round_trip_s or 0) * 1e6) for one in found]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=5), st.binary(max_size=40), st.integers(0, 80))
def test_records_are_found_behind_any_bytes_and_across_any_cut(numbers: list[int], noise: bytes, cut: int) -> None:
    noise = noise.replace(NONCE[:1], b"")
    stream = noise + b"".join(NONCE + number.to_bytes(8, "big") for number in numbers if number >> 56 != 1)
    wanted = [number for number in numbers if number >> 56 != 1]

    first, rest = records(stream[:cut], NONCE)
    second, rest = records(rest + stream[cut:], NONCE)

    assert first + second == wanted
    assert len(rest) < 16


@given(st.binary(max_size=600))
def test_any_stream_is_read_as_modbus_or_refused(content: bytes) -> None:
    found, rest = transactions(content)

    assert rest is None or len(rest) < 260
    assert len(found) <= len(content) / 9


@given(st.binary(max_size=80))
def test_any_icmp_message_is_own_or_nothing(message: bytes) -> None:
    assert own_sequence(message, NONCE, 0) is None
    assert own_sequence(b"\0" * 8 + NONCE + message, NONCE, 0) == (
        int.from_bytes(message[:8], "big") if len(message) >= 8 else None
    )


def test_the_checksum_of_rfc_1071() -> None:
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D
    assert checksum(b"\x01") == 0xFEFF
