"""Pieces and round trips as a run would find them, from seeded random losses."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from v2g_tool.backhaul.rules.facts import TelemetryFacts
from v2g_tool.model.telemetry import Echo, Interval, Piece, UdpCounters

PER_SECOND = 893
"""Datagrams of 1400 bytes in a second at 10 Mbit/s."""


def losses(rng: random.Random, ratio: float, datagrams: int) -> list[int]:
    """Give the places of independent losses, each datagram with the probability `ratio`."""
    places: list[int] = []
    at = -1
    while ratio > 0:
        at += 1 + int(math.log(1 - rng.random()) / math.log1p(-ratio))
        if at >= datagrams:
            break
        places.append(at)
    return places


def piece_of(lost: Sequence[int], seconds: int = 10, started_s: float = 0.0, **changes: Any) -> Piece:
    """Give a piece of `seconds` whose seconds lost so many datagrams each; all counts agree."""
    per_second = [*lost, *[0] * (seconds - len(lost))]
    sent = PER_SECOND * seconds
    total = sum(per_second)
    fields: dict[str, Any] = {
        "started_s": started_s,
        "seconds": float(seconds),
        "datagram_bytes": 1400,
        "sent": sent,
        "sent_bits_per_s": 10e6,
        "counted": sent,
        "lost": total,
        "out_of_order": 0,
        "received_bytes": (sent - total) * 1400,
        "jitter_ms": 0.012,
        "server_lost": total,
        "server_total": sent,
        "intervals": tuple(
            Interval(float(at), at + 1.0, (PER_SECOND - gone) * 11200.0, 0.01 + 0.001 * at, gone, PER_SECOND)
            for at, gone in enumerate(per_second)
        ),
        "client": "iperf 3.12",
        "server": "iperf 3.12",
    }
    return Piece(**(fields | changes))


def random_piece(rng: random.Random, ratio: float, seconds: int, started_s: float = 0.0) -> Piece:
    """Give a piece with independent losses of this ratio."""
    per_second = [0] * seconds
    for place in losses(rng, ratio, PER_SECOND * seconds):
        per_second[place // PER_SECOND] += 1
    return piece_of(per_second, seconds, started_s)


def echoes_of(times_ms: Sequence[float | None], every_s: float = 0.05) -> tuple[Echo, ...]:
    """Give round trips of these durations in ms; None for no answer."""
    return tuple(Echo(at * every_s, None if ms is None else ms / 1e3) for at, ms in enumerate(times_ms))


def facts_of(*pieces: Piece, **changes: Any) -> TelemetryFacts:
    """Give what a sound run over these pieces knows."""
    sent = sum(piece.sent for piece in pieces)
    fields: dict[str, Any] = {
        "host": "telemetry-srv",
        "port": 5201,
        "pieces": pieces,
        "before": UdpCounters(1000, 2, 3),
        "after": UdpCounters(1010 + sent, 2, 3),
    }
    return TelemetryFacts(**(fields | changes))
