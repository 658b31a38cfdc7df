"""What the receiver itself counted: iperf3's server output, as text or as JSON. Total: any content gives a count.

The lines of a server that is not in JSON mode (iperf 3.12, src/iperf_locale.c, report_bw_udp_format):

    [  5]   1.00-2.00   sec  1.17 MBytes  9.79 Mbits/sec  0.009 ms  18/892 (2%)
    - - - - - - - - - - - - - - - - - - - - - - - - -
    [SUM]  0.0- 2.0 sec  33 datagrams received out-of-order
    [  5]   0.00-2.00   sec  2.33 MBytes  9.79 Mbits/sec  0.009 ms  37/1785 (2.1%)  receiver

The line with out-of-order is there only if there were some. The sender's own JSON never has that number: it is 0 there
whatever arrived (seen with iperf 3.12).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from v2g_tool.hal.backhaul.numbers import real, table, tables, whole
from v2g_tool.model.telemetry import Interval

_SCALE = {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_LINE = re.compile(
    r"\[ *(?P<stream>SUM|\d{1,9})\] +(?P<start>\d{1,9}\.\d{1,6})- *(?P<end>\d{1,9}\.\d{1,6}) +sec +"
    r"-?[\d.]{1,20} +[KMGT]?Bytes +(?P<rate>-?\d{1,20}(?:\.\d{1,9})?) +(?P<scale>[KMGT]?)(?P<unit>bits|Bytes)/sec +"
    r"(?P<jitter>\d{1,20}(?:\.\d{1,9})?) ms +(?P<lost>-?\d{1,18})/ *(?P<total>\d{1,18}) +"
    r"\([^)]{0,30}\)(?P<rest>.{0,40})"
)
_LATE = re.compile(r"sec +(\d{1,18}) datagrams received out-of-order")
_VERSION = re.compile(r"^iperf 3\.\S{1,20}", re.MULTILINE)
_ACCEPTED = "Accepted connection from"
_RULE = "- - - - -"
_MOST_S, _MOST_DATAGRAMS = 1e5, 10**9
"""No piece lasts longer, and none has more datagrams."""
_REMNANT_S = 0.1
"""A last interval shorter than this, in which nothing arrived, is the time that the sender took to say it is done."""


@dataclass(frozen=True)
class ReceiverCount:
    """The receiver's intervals, and its figures for the whole piece; None where it did not give them."""

    intervals: tuple[Interval, ...] = ()
    lost: int | None = None
    total: int | None = None
    version: str = ""
    out_of_order: int = 0
    """Datagrams late or double."""


@dataclass(frozen=True)
class _Line:
    interval: Interval
    whole_piece: bool
    all_streams: bool


def from_text(text: str) -> ReceiverCount:
    """Read what a server prints; lines before the last accepted connection are of an earlier run."""
    own = text[max(0, text.rfind(_ACCEPTED)) :]
    lines = _lines(own.splitlines())
    if any(line.all_streams for line in lines):
        lines = [line for line in lines if line.all_streams]
    end = next((line.interval for line in reversed(lines) if line.whole_piece), None)
    version = _VERSION.search(text)
    return ReceiverCount(
        _without_remnant([line.interval for line in lines if not line.whole_piece]),
        end.lost if end else None,
        end.total if end else None,
        version.group() if version else "",
        max((int(number) for number in _LATE.findall(own)), default=0),
    )


def _lines(texts: Sequence[str]) -> list[_Line]:
    found, summary = [], False
    for text in texts:
        summary = summary or text.strip().startswith(_RULE)
        match = _LINE.search(text)
        if match and "(omitted)" not in match["rest"] and _can_be(_interval(match)):
            found.append(_Line(_interval(match), summary or "receiver" in match["rest"], match["stream"] == "SUM"))
    return found


def _interval(match: re.Match[str]) -> Interval:
    bits = 8.0 if match["unit"] == "Bytes" else 1.0
    return Interval(
        start_s=float(match["start"]),
        end_s=float(match["end"]),
        received_bits_per_s=float(match["rate"]) * _SCALE[match["scale"]] * bits,
        jitter_ms=float(match["jitter"]),
        lost=int(match["lost"]),
        total=int(match["total"]),
    )


def from_json(answer: Mapping[str, object]) -> ReceiverCount:
    """Read what a server in JSON mode gives; the same schema as the client's."""
    summary = table(table(answer, "end"), "sum_received")
    version = table(answer, "start").get("version")
    found = [_interval_of(table(entry, "sum")) for entry in tables(answer, "intervals")]
    return ReceiverCount(
        _without_remnant([interval for interval in found if interval is not None]),
        whole(summary, "lost_packets"),
        whole(summary, "packets"),
        version if isinstance(version, str) else "",
        _out_of_order(table(answer, "end")),
    )


def _out_of_order(end: Mapping[str, object]) -> int:
    """Give the sum over the streams; the sums of JSON do not carry it."""
    counts = [whole(table(stream, "udp"), "out_of_order") for stream in tables(end, "streams")]
    return sum(max(count or 0, 0) for count in counts)


def _interval_of(summary: Mapping[str, object]) -> Interval | None:
    start, end, rate = real(summary, "start"), real(summary, "end"), real(summary, "bits_per_second")
    jitter, lost, total = real(summary, "jitter_ms"), whole(summary, "lost_packets"), whole(summary, "packets")
    if None in (start, end, rate, jitter, lost, total) or summary.get("omitted") is True:
        return None
    found = Interval(start, end, rate, jitter, lost, total)  # type: ignore[arg-type]  # none of them is None
    return found if _can_be(found) else None


def _can_be(interval: Interval) -> bool:
    """Tell whether a receiver can have counted this: times run forward, and no more is lost than there was."""
    return (
        0 <= interval.start_s < interval.end_s < _MOST_S
        and math.isfinite(interval.received_bits_per_s)
        and 0 <= interval.jitter_ms < _MOST_S * 1e3
        and abs(interval.lost) <= interval.total <= _MOST_DATAGRAMS
    )


def _without_remnant(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    if intervals and intervals[-1].total == 0 and intervals[-1].end_s - intervals[-1].start_s < _REMNANT_S:
        return tuple(intervals[:-1])
    return tuple(intervals)
