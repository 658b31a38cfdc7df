"""Whether sender, receiver and kernel say the same of how many datagrams there were. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from v2g_tool.backhaul import checks
from v2g_tool.backhaul.rules.facts import TelemetryFacts, growth
from v2g_tool.backhaul.rules.versions import Believed, believed
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.telemetry import Piece

MOST_SHOWN = 5
"""So many contradictions are told in full."""


@dataclass(frozen=True)
class Comparison:
    """What the counts say of one another.

    Attributes:
        contradictions: in words, each with both numbers.
        second_count: whether every piece has a count of losses beside the one that is judged.
        kernel: whether the kernel's count was there to compare with.
    """

    contradictions: tuple[str, ...]
    second_count: bool
    kernel: bool

    @property
    def sound(self) -> bool:
        """Whether a verdict may rest on the counts."""
        return self.second_count and not self.contradictions


def compare(facts: TelemetryFacts) -> Comparison:
    """Compare all the counts of the pieces, of the receiver and of the kernel."""
    pieces = [believed(piece) for piece in facts.pieces]
    grown = growth(facts)
    found = [words for at, known in enumerate(pieces, 1) for words in _numbered(at, len(pieces), known)]
    sent = sum(piece.sent for piece in facts.pieces)
    if grown is not None and grown.out_datagrams < sent:
        found.append(f"iperf3 says {sent} datagrams were sent, the kernel sent {grown.out_datagrams}")
    second = bool(pieces) and all(_has_second_count(known) for known in pieces)
    return Comparison(tuple(found), second, grown is not None)


def _has_second_count(known: Believed) -> bool:
    other_rendering = known.source == "client" and known.piece.server_lost is not None
    return other_rendering or known.piece.received_bytes is not None


def _numbered(at: int, pieces: int, known: Believed) -> Iterator[str]:
    if known.source != "none":  # a count that is refused contradicts nothing
        where = f"piece {at}: " if pieces > 1 else ""
        checks = (_impossible, _receivers_own, _bytes, _seconds)
        yield from (where + words for check in checks for words in check(known))


def _impossible(known: Believed) -> Iterator[str]:
    piece = known.piece
    if piece.sent <= 0:
        yield "no datagram was sent"
    if piece.datagram_bytes <= 0:
        yield f"the datagrams have {piece.datagram_bytes} bytes"
    if piece.lost < 0 or piece.out_of_order < 0:
        yield f"{piece.lost} datagrams lost and {piece.out_of_order} out of order cannot be"
    if piece.lost > piece.counted:
        yield f"{piece.lost} of {piece.counted} datagrams lost cannot be"
    if piece.counted > piece.sent:
        yield f"the receiver counted {piece.counted} datagrams, {piece.sent} were sent"


def _receivers_own(known: Believed) -> Iterator[str]:
    """Compare what the client renders with the receiver's own output, where both are believed."""
    piece = known.piece
    if known.source != "client":
        return
    for name, own, rendered in (("lost", piece.server_lost, piece.lost), ("all", piece.server_total, piece.counted)):
        if own is not None and own != rendered:
            yield f"datagrams {name}: {rendered} as the client says, {own} as the receiver says"


def _bytes(known: Believed) -> Iterator[str]:
    """Compare the bytes that arrived with the datagrams that did: each one that is double may come on top."""
    piece = known.piece
    if piece.received_bytes is None or piece.datagram_bytes <= 0:
        return
    arrived = piece.received_bytes / piece.datagram_bytes
    least = piece.counted - piece.lost
    if not least <= arrived <= least + max(piece.out_of_order, 0):
        yield f"{least} datagrams arrived by sequence numbers, {arrived:.10g} by bytes"


def _seconds(known: Believed) -> Iterator[str]:
    """Compare the sums over the seconds with the whole; a last part of a second may be missing from them."""
    piece = known.piece
    if not piece.intervals:
        return
    total = sum(interval.total for interval in piece.intervals)
    lost = sum(interval.lost for interval in piece.intervals)
    if total > piece.sent:
        yield f"the seconds add up to {total} datagrams, {piece.sent} were sent"
    elif not abs(piece.lost - lost) <= abs(piece.counted - total) + max(piece.out_of_order, 0):
        yield f"the seconds add up to {lost} lost of {total}, the whole is {piece.lost} of {piece.counted}"


def counts_finding(facts: TelemetryFacts, comparison: Comparison) -> Finding:
    """Give NET-COUNTS for a run with at least one piece."""
    evidence = _evidence(facts)
    if comparison.contradictions:
        told = "; ".join(comparison.contradictions[:MOST_SHOWN])
        more = len(comparison.contradictions) - MOST_SHOWN
        statement = f"The counts contradict one another: {told}{f'; and {more} more' if more > 0 else ''}."
        return facts.finding(checks.COUNTS, Verdict.INCONCLUSIVE, statement, evidence)
    if not comparison.second_count:
        statement = "The loss was counted once only; there is no second count to compare it with."
        return facts.finding(checks.COUNTS, Verdict.INCONCLUSIVE, statement, evidence)
    who = "Sender, receiver and kernel" if comparison.kernel else "Sender and receiver"
    statement = f"{who} agree on {sum(piece.sent for piece in facts.pieces)} datagrams."
    return facts.finding(checks.COUNTS, Verdict.PASS, statement, evidence)


def _evidence(facts: TelemetryFacts) -> list[Evidence]:
    pieces = facts.pieces
    grown = growth(facts)
    sums = (
        ("sent", [p.sent for p in pieces], "sender"),
        ("counted", [p.counted for p in pieces], "highest sequence number, as the client renders it"),
        ("lost", [p.lost for p in pieces], "as the client renders it"),
        ("counted by the receiver itself", [p.server_total for p in pieces], "receiver's own output"),
        ("lost by the receiver itself", [p.server_lost for p in pieces], "receiver's own output"),
        ("arrived", [_arrived(p) for p in pieces], "bytes received / datagram size"),
        ("sent by the kernel", [grown.out_datagrams if grown else None], "Udp OutDatagrams, all programs"),
    )
    return [
        Evidence(name=name, value=str(sum(known)), unit="datagrams", source=source)
        for name, values, source in sums
        if len(known := [value for value in values if value is not None]) == len(values)
    ]


def _arrived(piece: Piece) -> int | None:
    if piece.received_bytes is None or piece.datagram_bytes <= 0:
        return None
    return piece.received_bytes // piece.datagram_bytes


def versions_finding(facts: TelemetryFacts, pieces: Sequence[Believed]) -> Finding:
    """Give NET-VERSIONS: whether the pair of programs renders losses rightly, and whose count was taken."""
    pairs = dict.fromkeys((p.piece.client or "unknown", p.piece.server or "unknown version") for p in pieces)
    names = "; ".join(f"{client} to {server}" for client, server in pairs)
    evidence = [Evidence(name="programs", value=names, source="esnet/iperf 2055")]
    sources = {known.source for known in pieces}
    if "none" in sources:
        statement = (
            f"{names}: this pair can show no loss where there was some, and the receiver's own count is missing."
        )
        return facts.finding(checks.VERSIONS, Verdict.INCONCLUSIVE, statement, evidence)
    if "receiver" in sources:
        statement = f"{names}: the client's loss figure is not believed; the receiver's own count was taken."
    else:
        statement = f"{names}: this pair renders losses rightly."
    return facts.finding(checks.VERSIONS, Verdict.PASS, statement, evidence)
