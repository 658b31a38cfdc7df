"""Who answers on the server's port: an iperf3 server, the bench's Modbus device, an SSH server, nobody."""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.hal.backhaul import responder
from v2g_tool.hal.backhaul.backhaul import open_backhaul
from v2g_tool.hal.backhaul.responder import MESSAGE, classify, who_answers
from v2g_tool.model.telemetry import Piece, Responder, Trouble

from .servers import free_port, iperf3_server, listener, modbus_device, site

TIMEOUT_S = 2.0


def header(transaction: int, unit: int, pdu: bytes) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


def test_the_message_is_a_whole_cookie_and_two_whole_requests() -> None:
    first = 6 + int.from_bytes(MESSAGE[4:6], "big")
    second = first + 6 + int.from_bytes(MESSAGE[first + 4 : first + 6], "big")

    assert len(MESSAGE) == second == 37, "a whole cookie of iperf3"


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        (b"", "silent", "takes the connection and says nothing"),
        (b"\t", "iperf3", "an iperf3 server that is ready"),
        (b"\xff", "iperf3-busy", "an iperf3 server that runs another test"),
        (b"\t\t", "other", "says ''"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "other", "says 'SSH-2.0-OpenSSH_9.2p1'"),
        (b"\x15\x03\x03\x00\x02\x02\x0a\x1b[2J", "other", r"says '\x15\x03\x03\x00\x02\x02\x0a\x1b[2J'"),
        (header(1, 1, b"\xab\x01"), "modbus", "a Modbus device: exception 1, illegal function"),
        (header(1, 1, b"\xab\x63"), "modbus", "a Modbus device: exception 99, no known code"),
        (header(2, 1, b"\x88\x0b"), "modbus", "a Modbus device: exception 11, gateway target does not answer"),
        (header(2, 1, b"\x08\0\0v2g"), "modbus", "a Modbus device"),
        (header(7, 1, b"\xab\x01"), "other", r"says '\x00\x07\x00\x00\x00\x03\x01\xab\x01'"),
        (
            header(1, 1, bytes.fromhex("2b0e0101000003") + b"\x00\x04ACME\x01\x03EM3\x02\x031.2"),
            "modbus",
            "a Modbus device, vendor ACME, product EM3, revision 1.2",
        ),
        (header(1, 1, bytes.fromhex("2b0e0101000003") + b"\x00\x04AC"), "modbus", "a Modbus device, vendor AC"),
    ],
)
def test_the_first_bytes_tell_who_speaks(answer: bytes, kind: str, detail: str) -> None:
    assert classify(answer) == (kind, detail)


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda rest: header(1, 1, b"\x2b\x0e" + rest)))
def test_any_bytes_are_classified_in_words_that_a_terminal_can_show(answer: bytes) -> None:
    _, detail = classify(answer)

    assert detail.rstrip(" …'").isprintable()


def test_given_an_iperf3_server_then_it_is_known_and_left_free() -> None:
    port = free_port()
    with iperf3_server(port), open_backhaul(site(port), lambda _kind, _data: None) as backhaul:
        found = backhaul.responder()
        while isinstance(piece := backhaul.piece(1, lambda _elapsed_s: None), Trouble) and piece.kind == "busy":
            pass  # it takes some milliseconds to be ready

    assert found == Responder("iperf3", "an iperf3 server that is ready", "127.0.0.1")
    assert isinstance(piece, Piece)


def test_given_an_iperf3_server_that_runs_a_test_then_it_is_busy() -> None:
    port = free_port()
    command = ["iperf3", "-c", "127.0.0.1", "-p", str(port), "-u", "-b", "1M", "-t", "60", "--forceflush"]
    with iperf3_server(port), subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            while b"sec" not in other.stdout.readline():
                pass
            found = who_answers("127.0.0.1", port, TIMEOUT_S)
        finally:
            other.kill()

    assert found.kind == "iperf3-busy"


def test_given_a_live_modbus_device_then_it_is_known_and_nothing_is_written_to_it() -> None:
    notes: list[tuple[str, Mapping[str, object]]] = []
    with (
        modbus_device() as (port, log),
        open_backhaul(site(port), lambda kind, data: notes.append((kind, data))) as backhaul,
    ):
        found = backhaul.responder()

    assert found.kind == "modbus"
    assert found.detail.startswith("a Modbus device")
    assert not log.requests()
    assert classify(bytes.fromhex(str(notes[0][1]["answer"]))) == (found.kind, found.detail)


def test_given_an_ssh_server_then_its_banner_is_shown() -> None:
    with listener(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")) as port:
        found = who_answers("127.0.0.1", port, TIMEOUT_S)

    assert found == Responder("other", "says 'SSH-2.0-OpenSSH_9.2p1'", "127.0.0.1")


def test_given_an_answer_in_pieces_then_it_is_read_to_its_end() -> None:
    whole = header(1, 1, bytes.fromhex("2b0e0101000001") + b"\x00\x04ACME")

    def torn(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(len(whole)):
            connection.sendall(whole[place : place + 1])
        connection.recv(100)

    with listener(torn) as port:
        assert who_answers("127.0.0.1", port, TIMEOUT_S).detail == "a Modbus device, vendor ACME"


def test_given_a_listener_that_says_nothing_then_it_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responder, "ANSWER_S", 0.2)

    with listener(lambda connection: connection.recv(100) and connection.recv(100)) as port:
        assert who_answers("127.0.0.1", port, TIMEOUT_S).kind == "silent"


def test_given_nobody_listening_then_it_is_refused() -> None:
    found = who_answers("127.0.0.1", free_port(), TIMEOUT_S)

    assert found == Responder("refused", "Connection refused", "127.0.0.1")


@pytest.mark.parametrize("host", ["server.invalid", "a..b", "x" * 300, "nul\0nul"])
def test_given_a_name_that_leads_nowhere_then_the_host_is_unknown(host: str) -> None:
    assert who_answers(host, 5201, TIMEOUT_S).kind == "unknown-host"


def test_given_several_addresses_then_the_one_that_takes_the_connection_counts() -> None:
    port = free_port()
    with iperf3_server(port, "-B", "127.0.0.1"):
        found = who_answers("localhost", port, TIMEOUT_S)

    assert (found.kind, found.address) == ("iperf3", "127.0.0.1")
