"""What was measured second by second as CSV (RFC 4180), for a spreadsheet or a script."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from v2g_tool.backhaul.rules.facts import TelemetryFacts

_INTERVALS = (
    "piece", "start (s)", "end (s)", "received (Mbit/s)", "lost", "datagrams", "loss (%)", "jitter (ms)",
)  # fmt: skip
_ECHOES = ("asked (s)", "round trip (ms)", "answers", "overtaken")


def telemetry_csv(facts: TelemetryFacts) -> bytes:
    """Give a line for each interval of each piece; times count from the start of the first piece.

    The loss of an interval in which nothing arrived is empty.
    """
    zero = start_of(facts)
    return _csv(
        _INTERVALS,
        (
            (
                str(number),
                f"{piece.started_s - zero + i.start_s:.3f}",
                f"{piece.started_s - zero + i.end_s:.3f}",
                f"{i.received_bits_per_s / 1e6:.6g}",
                str(i.lost),
                str(i.total),
                f"{100 * i.lost / i.total:.6g}" if i.total > 0 else "",
                f"{i.jitter_ms:.6g}",
            )
            for number, piece in enumerate(facts.pieces, 1)
            for i in piece.intervals
        ),
    )


def echoes_csv(facts: TelemetryFacts) -> bytes:
    """Give a line for each round trip, times as in `telemetry_csv`; one that was not answered has no duration."""
    zero = start_of(facts)
    return _csv(
        _ECHOES,
        (
            (
                f"{echo.sent_s - zero:.6f}",
                "" if echo.round_trip_s is None else f"{echo.round_trip_s * 1e3:.6g}",
                str(0 if echo.round_trip_s is None else echo.copies),
                "yes" if echo.overtaken else "no",
            )
            for echo in facts.echoes
        ),
    )


def start_of(facts: TelemetryFacts) -> float:
    """Give where times count from, s: the start of the first piece, or the first round trip where nothing was sent."""
    starts = [piece.started_s for piece in facts.pieces[:1]] or [echo.sent_s for echo in facts.echoes[:1]]
    return starts[0] if starts else 0.0


def _csv(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(heads)
    writer.writerows(rows)
    return stream.getvalue().encode()
