"""The telemetry backhaul as nouns: what was sent to the utility, what arrived, how late, and who answers there.

Times are seconds on the run's monotonic clock unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Interval:
    """What the receiver counted in about one second of a piece; seconds from the start of the piece."""

    start_s: float
    end_s: float
    received_bits_per_s: float
    jitter_ms: float
    lost: int
    total: int
    """Datagrams of the interval by their sequence numbers, lost ones included."""


@dataclass(frozen=True)
class Piece:
    """One run of iperf3 over UDP, from this computer to the server.

    Attributes:
        started_s: when it began.
        seconds: how long the sender sent.
        datagram_bytes: payload of each datagram.
        sent: datagrams that the sender counted.
        sent_bits_per_s: payload rate of the sender.
        counted: the highest sequence number that the receiver saw: what was sent behind it is in no loss figure.
        lost: gaps in the sequence numbers less late arrivals, as the sender's program renders the receiver's count.
        out_of_order: late arrivals and duplicates together, from the receiver's own output; 0 too where it gives none
            (`server_lost` is None then). A duplicate lowers `lost` by one.
        received_bytes: payload that arrived, by the receiver's count; None where it is not given.
        jitter_ms: smoothed variation of the transit time (RFC 3550) at the end.
        server_lost: lost datagrams in the receiver's own output, past the sender's rendering; None where not given.
        server_total: all datagrams in the same line; None where not given.
        intervals: what the receiver counted second by second; empty where it did not say.
        client: program and version that sent, for example `iperf 3.12`.
        server: version of the receiver, "" where it does not say.
        warnings: what the programs warned of.
        kept_whole: whether each datagram was sent with fragmentation forbidden: what arrived then travelled whole.
    """

    started_s: float
    seconds: float
    datagram_bytes: int
    sent: int
    sent_bits_per_s: float
    counted: int
    lost: int
    out_of_order: int
    received_bytes: int | None
    jitter_ms: float
    server_lost: int | None
    server_total: int | None
    intervals: tuple[Interval, ...]
    client: str
    server: str = ""
    warnings: tuple[str, ...] = ()
    kept_whole: bool = False


TroubleKind = Literal[
    "busy", "refused", "unreachable", "unknown-host", "died", "silent", "udp-blocked", "rejected", "unreadable"
]
"""Why a piece came to nothing: the server runs another test, nobody listens, no route, no such name, it ended in the
middle, it answered no more, control passes and datagrams do not, the program refused its options, its output is no JSON
that this program knows."""


@dataclass(frozen=True)
class Trouble:
    """A piece that came to nothing; `text` is what the program itself said."""

    kind: TroubleKind
    text: str


ResponderKind = Literal["iperf3", "iperf3-busy", "modbus", "silent", "other", "refused", "unreachable", "unknown-host"]
"""Who answers on a TCP port. `silent` takes the connection and says nothing, `other` says something else."""


@dataclass(frozen=True)
class Responder:
    """Who answers on the server's port, and what it said in words."""

    kind: ResponderKind
    detail: str
    address: str = ""
    """The IP address that the name leads to."""


EchoKind = Literal["icmp", "udp-echo", "tcp-echo", "modbus"]
"""How round trips are measured: ICMP echo, the echo service (RFC 862) over UDP or TCP, or Modbus/TCP transactions."""


@dataclass(frozen=True)
class Echo:
    """One round trip: when it was asked for, and how long it took; None when no answer came in time.

    `copies` counts the answers; `overtaken` says that an answer to a later question came before this one.
    """

    sent_s: float
    round_trip_s: float | None
    copies: int = 1
    overtaken: bool = False


@dataclass(frozen=True)
class UdpCounters:
    """Counts of this computer's kernel since its start, all sockets together."""

    out_datagrams: int
    send_buffer_errors: int
    fragments_created: int


@dataclass(frozen=True)
class PathSize:
    """The largest IP packet, in bytes, that the path carries in one piece.

    `route` is what this computer's routing knows; `proven` the largest packet that was answered with fragmentation
    forbidden, None where no echo could tell.
    """

    route: int | None
    proven: int | None
    statement: str
