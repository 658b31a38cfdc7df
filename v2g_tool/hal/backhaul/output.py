"""The output of libiperf, of the program or of the package alike. Total: any text gives a Piece or a Trouble.

The key `error` decides, never the exit status: with -J that is 0 even when the connection was refused (iperf 3.12).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from v2g_tool.hal.backhaul.numbers import parsed, real, table, whole
from v2g_tool.hal.backhaul.receiver import ReceiverCount, from_json, from_text
from v2g_tool.model.telemetry import Piece, Trouble, TroubleKind

MOST_WARNINGS = 10
MOST_CHARACTERS = 300
"""So much of what a program said is kept as the text of a trouble."""

TOO_LONG = "Message too long"
"""The kernel knows that the datagram does not fit through the path, and may not cut it."""

_KINDS: tuple[tuple[str, TroubleKind], ...] = (
    (r"server is busy", "busy"),
    (r"unable to connect.*connection refused", "refused"),
    (r"name or service not known|failure in name resolution|no address associated", "unknown-host"),
    (r"unable to read from stream socket", "udp-blocked"),
    (r"unable to write to stream socket: operation not permitted", "udp-blocked"),
    (r"no route to host|timed out|is unreachable|host is down", "unreachable"),
    (r"control socket has closed|server has terminated|connection reset|broken pipe", "died"),
    (r"unable to write to stream socket: connection refused", "died"),
    (r"unable to (send|receive) (control message|results|parameters|cookie)", "died"),
    (r"parameter error|unrecognized option|invalid option|requires an argument|usage:", "rejected"),
    (r"message too long|authorization failed|server limit|block size", "rejected"),
)
"""Error texts of iperf3 (src/iperf_error.c), in lower case; the first that is found counts."""


def read_output(output: str, complaints: str, started_s: float) -> Piece | Trouble:
    """Give what one run came to.

    Args:
        output: what the program wrote to its standard output.
        complaints: what it wrote to its standard error.
        started_s: when it was started, on the run's clock.
    """
    answer = parsed(output)
    if answer is None:
        return _no_json(output, complaints)
    if (said := answer.get("error")) is not None:
        return trouble_of(said if isinstance(said, str) else repr(said))
    piece = _piece(answer, _warnings(answer, complaints), started_s)
    return piece or Trouble("unreadable", f"the output of {_version(answer) or 'iperf3'} lacks counts of the run")


def trouble_of(said: str) -> Trouble:
    """Name the trouble that an error text of iperf3 tells of; an unknown text is unreadable."""
    lower = said.lower()
    known: TroubleKind = "unreadable"
    kind = next((kind for pattern, kind in _KINDS if re.search(pattern, lower)), known)
    return Trouble(kind, said.strip()[:MOST_CHARACTERS])


def _no_json(output: str, complaints: str) -> Trouble:
    said = trouble_of(complaints.strip() or output.strip())
    first = said.text.splitlines()[0] if said.text else "no output at all"
    return Trouble("rejected" if said.kind == "rejected" else "unreadable", first)


def _warnings(answer: Mapping[str, object], complaints: str) -> tuple[str, ...]:
    own = answer.get("warning")
    lines = [line.strip()[:MOST_CHARACTERS] for line in complaints.splitlines() if line.strip()]
    return tuple(([own[:MOST_CHARACTERS]] if isinstance(own, str) else []) + lines)[:MOST_WARNINGS]


def _version(answer: Mapping[str, object]) -> str:
    version = table(answer, "start").get("version")
    return version[:MOST_CHARACTERS] if isinstance(version, str) else ""


def _receiver(answer: Mapping[str, object]) -> ReceiverCount:
    text = answer.get("server_output_text")
    return from_text(text) if isinstance(text, str) else from_json(table(answer, "server_output_json"))


def _piece(answer: Mapping[str, object], warnings: tuple[str, ...], started_s: float) -> Piece | None:
    """Give the piece, None if one of the figures that a verdict rests on is missing or impossible."""
    end, receiver = table(answer, "end"), _receiver(answer)
    sent, received = table(end, "sum_sent"), table(end, "sum_received")
    figures = {
        "seconds": real(sent, "seconds"),
        "datagram_bytes": whole(table(table(answer, "start"), "test_start"), "blksize"),
        "sent": whole(sent, "packets"),
        "sent_bits_per_s": real(sent, "bits_per_second"),
        "counted": whole(received, "packets"),
        "out_of_order": receiver.out_of_order,
        "jitter_ms": real(received, "jitter_ms"),
    }
    lost = whole(received, "lost_packets")
    if lost is None or any(value is None or value < 0 for value in figures.values()):
        return None
    return Piece(
        started_s=started_s,
        **figures,  # type: ignore[arg-type]  # none of them is None
        lost=lost,
        received_bytes=whole(received, "bytes"),
        server_lost=receiver.lost,
        server_total=receiver.total,
        intervals=receiver.intervals,
        client=_version(answer),
        server=receiver.version,
        warnings=warnings,
    )
