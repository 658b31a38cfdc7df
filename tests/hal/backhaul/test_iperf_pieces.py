"""Pieces against a real iperf3 server on loopback, through the program and through the package."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from v2g_tool.hal.backhaul import program, progress
from v2g_tool.hal.backhaul.backhaul import open_backhaul
from v2g_tool.hal.backhaul.output import read_output
from v2g_tool.model.telemetry import Piece, Trouble

from .servers import children, free_port, iperf3_server, listener, site

SOON_S = 1.0


@pytest.fixture(autouse=True)
def _no_orphan() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def by_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the program, so that the package is taken."""
    monkeypatch.setattr(program, "PROGRAM", "iperf3-is-not-installed")


Notes = list[tuple[str, Mapping[str, object]]]


def piece_of(port: int, seconds: float = 1, notes: Notes | None = None, **options: object) -> Piece | Trouble:
    kept: Notes = [] if notes is None else notes
    with open_backhaul(site(port, **options), lambda kind, data: kept.append((kind, data))) as backhaul:
        return backhaul.piece(seconds, lambda _elapsed_s: None)


def test_given_a_server_then_both_counts_agree_and_the_answer_is_recorded_in_full(port: int) -> None:
    notes: Notes = []
    with iperf3_server(port):
        piece = piece_of(port, 1, notes)

    assert isinstance(piece, Piece)
    assert piece.sent in range(850, 900)
    assert (piece.datagram_bytes, piece.lost) == (1400, piece.server_lost)
    assert piece.counted == piece.server_total
    assert piece.client.startswith("iperf 3.")
    (kind, data) = notes[0]
    assert (kind, data["version"], data["trouble"]) == ("iperf3", piece.client, "")
    assert "--dont-fragment" in data["command"]  # type: ignore[operator]
    assert piece.kept_whole
    assert read_output(str(data["output"]), "", piece.started_s) == replace(piece, kept_whole=False)


def test_given_a_server_in_json_mode_then_its_version_is_known(port: int) -> None:
    with subprocess.Popen(["iperf3", "-s", "-J", "-p", str(port)], stdout=subprocess.DEVNULL) as server:
        try:
            while isinstance(piece := piece_of(port), Trouble) and piece.kind == "refused":
                pass  # it does not say when it begins to listen
        finally:
            server.kill()

    assert isinstance(piece, Piece)
    assert piece.server.startswith("iperf 3.")
    assert piece.server_total == piece.counted


@pytest.mark.usefixtures("by_package")
def test_given_only_the_library_then_the_package_counts_the_same_things(port: int) -> None:
    notes: Notes = []
    with iperf3_server(port):
        piece = piece_of(port, 1, notes)

    assert isinstance(piece, Piece)
    assert "v2g_tool.hal.backhaul.worker" in notes[0][1]["command"]  # type: ignore[operator]
    assert piece.sent in range(850, 900)
    assert (piece.datagram_bytes, piece.server_total, piece.warnings) == (1400, piece.counted, ())


def test_given_a_result_larger_than_a_pipe_then_the_worker_does_not_hang(port: int) -> None:
    task = {"address": "127.0.0.1", "port": port, "seconds": 2, "rate_bits_per_s": 100_000, "datagram_bytes": 100}
    command = [sys.executable, "-m", "v2g_tool.hal.backhaul.worker", json.dumps(task | {"streams": 100})]
    with iperf3_server(port):
        ran = subprocess.run(command, capture_output=True, text=True, check=True)

    assert len(ran.stdout) > 1 << 16
    assert len(json.loads(ran.stdout)["end"]["streams"]) == 100


@pytest.mark.usefixtures("by_package")
def test_given_only_the_library_and_nobody_listening_then_it_is_refused(port: int) -> None:
    assert piece_of(port) == Trouble("refused", "unable to connect to server: Connection refused")


def test_given_nobody_listening_then_it_is_refused(port: int) -> None:
    assert piece_of(port) == Trouble("refused", "unable to connect to server: Connection refused")


def test_given_a_name_that_nobody_has_then_the_host_is_unknown(port: int) -> None:
    trouble = piece_of(port, host="server.invalid")

    assert isinstance(trouble, Trouble)
    assert trouble.kind == "unknown-host"
    assert trouble.text.startswith("server.invalid: ")


def test_given_a_server_that_runs_another_test_then_it_is_busy(port: int) -> None:
    command = ["iperf3", "-c", "127.0.0.1", "-p", str(port), "-u", "-b", "1M", "-t", "60", "--forceflush"]
    with iperf3_server(port), subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            while b"sec" not in other.stdout.readline():
                pass
            trouble = piece_of(port)
        finally:
            other.kill()

    assert isinstance(trouble, Trouble)
    assert trouble.kind == "busy"


def test_given_a_server_killed_in_the_middle_then_it_died(port: int) -> None:
    with iperf3_server(port) as server, open_backhaul(site(port), lambda _kind, _data: None) as backhaul:
        trouble = backhaul.piece(30, lambda elapsed_s: server.kill() if elapsed_s > SOON_S else None)

    assert isinstance(trouble, Trouble)
    assert trouble.kind == "died"


def test_given_a_server_stopped_in_the_middle_then_it_is_silent(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_S", 2.0)
    monkeypatch.setattr(progress, "HANDSHAKE_S", 1.0)

    with iperf3_server(port) as server, open_backhaul(site(port), lambda _kind, _data: None) as backhaul:
        trouble = backhaul.piece(
            2, lambda elapsed_s: server.send_signal(signal.SIGSTOP) if elapsed_s > SOON_S else None
        )

    assert isinstance(trouble, Trouble)
    assert trouble.kind == "silent"
    assert "in the middle of the run" in trouble.text


def test_given_a_listener_that_says_nothing_then_it_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_S", 1.0)

    with listener(lambda connection: connection.recv(1000) and connection.recv(1000)) as port:
        trouble = piece_of(port)

    assert isinstance(trouble, Trouble)
    assert trouble.kind == "silent"
    assert "after the connection was made" in trouble.text


def test_given_another_kind_of_server_then_it_is_unreadable() -> None:
    def banner(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        connection.recv(1000)

    with listener(banner) as port:
        trouble = piece_of(port)

    assert trouble == Trouble("unreadable", "received an unknown control message")


def test_given_an_interruption_in_the_middle_then_the_server_is_free_again(port: int) -> None:
    class StopError(Exception):
        pass

    def stop(elapsed_s: float) -> None:
        if elapsed_s > SOON_S:
            raise StopError

    with iperf3_server(port), open_backhaul(site(port), lambda _kind, _data: None) as backhaul:
        with pytest.raises(StopError):
            backhaul.piece(60, stop)
        while isinstance(again := backhaul.piece(1, lambda _elapsed_s: None), Trouble) and again.kind == "busy":
            pass  # it takes some milliseconds to be ready

    assert isinstance(again, Piece)


@pytest.mark.parametrize(("asked", "sent"), [(0.4, "1"), (3.6, "4"), (1000.0, "60")])
def test_iperf3_is_asked_for_whole_seconds_and_never_for_ever(
    asked: float, sent: str, port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program_ = tmp_path / "iperf3"
    program_.write_text('#!/bin/sh\necho "$@" >&2\n')
    program_.chmod(0o755)
    monkeypatch.setattr(program, "PROGRAM", str(program_))

    trouble = piece_of(port, asked)

    assert isinstance(trouble, Trouble)
    assert f"-t {sent} " in trouble.text


NARROW = """#!/bin/sh
case "$*" in
--help) echo "  --dont-fragment           set IPv4 Don't Fragment flag" ;;
*--dont-fragment) echo '{"error": "unable to write to stream socket: Message too long"}' ;;
*) echo '{"error": "the server is busy running a test. try again later"}' ;;
esac
"""


def test_given_a_path_that_turns_out_to_be_narrow_then_the_piece_is_sent_again_and_may_be_cut(
    port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    narrow = tmp_path / "iperf3"
    narrow.write_text(NARROW)
    narrow.chmod(0o755)
    monkeypatch.setattr(program, "PROGRAM", str(narrow))
    notes: Notes = []

    trouble = piece_of(port, 1, notes)

    assert isinstance(trouble, Trouble)
    assert trouble.kind == "busy"
    assert [data["trouble"] for _, data in notes] == ["rejected", "busy"]
