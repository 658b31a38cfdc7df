"""The parser of libiperf's output: outputs of iperf3 3.12 as they were, texts of its sources, and any text at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.hal.backhaul.output import read_output
from v2g_tool.hal.backhaul.receiver import from_json, from_text
from v2g_tool.model.telemetry import Interval, Piece, Trouble

GOLDEN = Path(__file__).with_name("golden")


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.json").read_text(encoding="utf-8")


def test_a_run_with_loss_gives_both_counts_and_the_receivers_seconds() -> None:
    piece = read_output(golden("loss"), "", 7.0)

    assert piece == Piece(
        started_s=7.0,
        seconds=2.000088,
        datagram_bytes=1400,
        sent=1785,
        sent_bits_per_s=9995560.195351405,
        counted=1785,
        lost=37,
        out_of_order=0,
        received_bytes=2447200,
        jitter_ms=0.00899781669571161,
        server_lost=37,
        server_total=1785,
        intervals=(Interval(0.0, 1.0, 9.79e6, 0.013, 19, 893), Interval(1.0, 2.0, 9.79e6, 0.009, 18, 892)),
        client="iperf 3.12",
    )


def test_datagrams_lost_at_the_very_end_are_sent_but_not_counted() -> None:
    piece = read_output(golden("tail"), "", 0.0)

    assert isinstance(piece, Piece)
    assert (piece.sent, piece.counted, piece.lost, piece.server_total) == (1785, 1340, 0, 1340)


def test_a_server_in_json_mode_says_the_same_and_its_version() -> None:
    piece = read_output(golden("json-server"), "", 0.0)

    assert isinstance(piece, Piece)
    assert (piece.server_lost, piece.server_total, piece.server) == (0, 1785, "iperf 3.12")
    assert [interval.total for interval in piece.intervals] == [893, 892]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("terminated", "died"),
        ("died", "died"),
        ("reset", "died"),
        ("udp-dropped", "udp-blocked"),
        ("timed-out", "unreachable"),
        ("no-route", "unreachable"),
        ("too-long", "rejected"),
    ],
)
def test_the_error_key_decides_even_where_there_are_counts(name: str, kind: str) -> None:
    trouble = read_output(golden(name), "", 0.0)

    assert isinstance(trouble, Trouble)
    assert trouble.kind == kind
    assert trouble.text == json.loads(golden(name))["error"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("the server is busy running a test. try again later", "busy"),
        ("unable to connect to server: Connection refused", "refused"),
        ("unable to connect to server: Network is unreachable", "unreachable"),
        ("unable to connect to server: Name or service not known", "unknown-host"),
        ("unable to connect to server: Temporary failure in name resolution", "unknown-host"),
        ("unable to write to stream socket: Connection refused", "died"),
        ("unable to write to stream socket: Operation not permitted", "udp-blocked"),
        ("unable to read from stream socket: Connection refused", "udp-blocked"),
        ("received an unknown control message", "unreadable"),
        ("a text of a version that is yet to come", "unreadable"),
    ],
)
def test_each_error_text_has_its_name(said: str, kind: str) -> None:
    assert read_output(json.dumps({"error": said}), "", 0.0) == Trouble(kind, said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("output", "complaints", "kind", "text"),
    [
        ("", "", "unreadable", "no output at all"),
        ("not JSON", "", "unreadable", "not JSON"),
        ("[1, 2]", "", "unreadable", "[1, 2]"),
        (
            "Usage: iperf3 [-s|-c host] [options]\n",
            "iperf3: unrecognized option '--bogus'\n",
            "rejected",
            "iperf3: unrecognized option '--bogus'",
        ),
        (
            "\n",
            "iperf3: parameter error - block size invalid\n",
            "rejected",
            "iperf3: parameter error - block size invalid",
        ),
    ],
)
def test_what_is_no_json_says_so_or_why(output: str, complaints: str, kind: str, text: str) -> None:
    assert read_output(output, complaints, 0.0) == Trouble(kind, text)  # type: ignore[arg-type]


COUNTS = [
    ("sum_sent", "packets"),
    ("sum_sent", "seconds"),
    ("sum_received", "packets"),
    ("sum_received", "lost_packets"),
    ("sum_received", "jitter_ms"),
]


@pytest.mark.parametrize("place", COUNTS, ids=lambda place: ".".join(place))
@pytest.mark.parametrize("value", [None, "1785", True, [], 1e400, -1e300], ids=repr)
def test_a_count_of_another_type_is_unreadable_and_never_a_number(place: tuple[str, str], value: object) -> None:
    answer = json.loads(golden("loss"))
    answer["end"][place[0]][place[1]] = value

    trouble = read_output(json.dumps(answer), "", 0.0)

    assert isinstance(trouble, Trouble)
    assert trouble.kind == "unreadable"


@pytest.mark.parametrize("place", COUNTS, ids=lambda place: ".".join(place))
def test_a_count_that_is_absent_is_unreadable(place: tuple[str, str]) -> None:
    answer = json.loads(golden("loss"))
    del answer["end"][place[0]][place[1]]

    assert read_output(json.dumps(answer), "", 0.0) == Trouble(
        "unreadable", "the output of iperf 3.12 lacks counts of the run"
    )


def test_a_negative_loss_of_duplicates_is_kept() -> None:
    answer = json.loads(golden("loss"))
    answer["end"]["sum_received"]["lost_packets"] = -2

    piece = read_output(json.dumps(answer), "", 0.0)

    assert isinstance(piece, Piece)
    assert piece.lost == -2


def test_late_and_double_datagrams_are_taken_from_the_receiver_where_the_sender_says_none() -> None:
    text = (
        "Accepted connection from 198.51.100.1, port 52042\n"
        "[  5]   0.00-1.00   sec  1.20 MBytes  10.1 Mbits/sec  0.032 ms  0/893 (0%)  \n"
        "- - - - - - - - - - - - - - - - - - - - - - - - -\n"
        "[SUM]  0.0- 1.0 sec  33 datagrams received out-of-order\n"
        "[  5]   0.00-1.00   sec  1.20 MBytes  10.1 Mbits/sec  0.032 ms  0/893 (0%)  receiver\n"
    )

    assert from_text(text).out_of_order == 33
    assert from_text(text.replace("33 datagrams", "what datagrams")).out_of_order == 0
    assert (
        from_json({"end": {"streams": [{"udp": {"out_of_order": 4}}, {"udp": {"out_of_order": 3}}]}}).out_of_order == 7
    )


def test_no_server_output_leaves_the_second_count_open() -> None:
    answer = json.loads(golden("loss"))
    del answer["server_output_text"]

    piece = read_output(json.dumps(answer), "warning: UDP block size 1400 exceeds TCP MSS 1148\n", 0.0)

    assert isinstance(piece, Piece)
    assert (piece.server_lost, piece.server_total, piece.intervals) == (None, None, ())
    assert piece.warnings == ("warning: UDP block size 1400 exceeds TCP MSS 1148",)


HEAD = "[ ID] Interval           Transfer     Bitrate         Jitter    Lost/Total Datagrams\n"
RULE = "- - - - - - - - - - - - - - - - - - - - - - - - -\n"


@pytest.mark.parametrize(
    ("rate", "bits_per_s"),
    [
        ("512 bits/sec", 512.0),
        ("611 Kbits/sec", 611e3),
        ("9.79 Mbits/sec", 9.79e6),
        ("1.25 Gbits/sec", 1.25e9),
        ("1.25 MBytes/sec", 1e7),
        ("-1.00 bits/sec", -1.0),
    ],
)
def test_every_unit_of_a_rate_is_read(rate: str, bits_per_s: float) -> None:
    line = f"[  5]   0.00-1.00   sec  1.19 MBytes  {rate}  0.013 ms  -1/893 (-0.11%)  \r\n"

    assert from_text(HEAD + line).intervals == (Interval(0.0, 1.0, bits_per_s, 0.013, -1, 893),)


def test_of_several_streams_the_sum_is_read() -> None:
    def line(stream: str, lost: int, end: str = "") -> str:
        return f"[{stream:>3}]   0.00-1.00   sec  1.19 MBytes  10.0 Mbits/sec  0.013 ms  {lost}/893 (0%)  {end}\n"

    text = (
        HEAD
        + line("5", 1)
        + line("7", 2)
        + line("SUM", 3)
        + RULE
        + line("5", 1, "receiver")
        + line("SUM", 3, "receiver")
    )

    count = from_text(text)

    assert ([interval.lost for interval in count.intervals], count.lost) == ([3], 3)


def test_omitted_seconds_an_earlier_run_and_an_empty_remnant_are_left_out() -> None:
    text = (
        "Accepted connection from 10.0.0.1, port 1\n"
        "[  5]   0.00-1.00   sec  1.19 MBytes  10.0 Mbits/sec  0.013 ms  9/9 (100%)  \n"
        "iperf 3.9\nAccepted connection from 10.0.0.1, port 2\n"
        "[  5]   0.00-1.00   sec  1.19 MBytes  10.0 Mbits/sec  0.013 ms  8/893 (0%)  (omitted)\n"
        "[  5]   0.00-1.00   sec  1.19 MBytes  10.0 Mbits/sec  0.013 ms  1/893 (0.11%)  \n"
        "[  5]   1.00-1.04   sec  0.00 Bytes  0.00 bits/sec  0.013 ms  0/0 (-nan%)  \n"
        + RULE
        + "[  5]   0.00-1.04   sec  0.00 Bytes  0.00 bits/sec  0.013 ms  1/893 (0.11%)  \n"
    )

    count = from_text(text)

    assert [(interval.lost, interval.total) for interval in count.intervals] == [(1, 893)]
    assert (count.lost, count.total, count.version) == (1, 893, "iperf 3.9")


def test_a_second_in_which_nothing_arrived_is_kept() -> None:
    line = "[  5]   {}.00-{}.00   sec  0.00 Bytes  0.00 bits/sec  0.013 ms  0/0 (0%)  \n"

    assert len(from_text(line.format(0, 1) + line.format(1, 2)).intervals) == 2


def json_values() -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
        max_leaves=30,
    )


KEYS = ["start", "end", "error", "sum", "sum_sent", "sum_received", "packets", "lost_packets", "streams", "udp"]
KEYS += ["intervals", "version", "server_output_text", "server_output_json", "test_start", "blksize", "jitter_ms"]


@given(st.binary(max_size=300), st.binary(max_size=100))
def test_any_bytes_are_a_trouble_and_no_exception(output: bytes, complaints: bytes) -> None:
    read = read_output(output.decode("utf-8", "replace"), complaints.decode("utf-8", "replace"), 0.0)

    assert isinstance(read, Trouble)


@given(json_values())
def test_any_json_is_read_without_an_exception(value: object) -> None:
    assert isinstance(read_output(json.dumps(value), "", 0.0), Trouble)
    from_json(value if isinstance(value, dict) else {})


@given(st.data())
def test_a_piece_with_any_value_in_any_place_is_a_piece_or_a_trouble(data: st.DataObject) -> None:
    answer = json.loads(golden("json-server"))
    holder: Any = answer
    for _ in range(data.draw(st.integers(0, 4))):
        inner = [key for key in holder if isinstance(holder[key], dict) and holder[key]]
        holder = holder[data.draw(st.sampled_from(inner))] if inner else holder
    holder[data.draw(st.sampled_from(sorted(holder)))] = data.draw(json_values())

    assert isinstance(read_output(json.dumps(answer), "", 0.0), Piece | Trouble)


@given(st.text(st.sampled_from("[ 5]SUM0.-/secMKGTBytesbits%()m\r\n9receiver"), max_size=400))
def test_any_text_of_a_server_is_read_without_an_exception(text: str) -> None:
    count = from_text("[  5]   0.00-1.00   sec  1 MBytes  1 Mbits/sec  0 ms  1/9 (0%)  \n" + text)

    assert len(count.intervals) >= 1


def test_nesting_without_end_is_unreadable() -> None:
    trouble = read_output('{"end":' + "[" * 100_000, "", 0.0)

    assert isinstance(trouble, Trouble)
    assert trouble.kind == "unreadable"
