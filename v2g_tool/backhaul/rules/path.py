"""What else is said of the path: rate, jitter, order, bursts and fragments. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from v2g_tool.backhaul import checks
from v2g_tool.backhaul.rules.facts import TelemetryFacts, TelemetryLimits, growth
from v2g_tool.backhaul.rules.latency import longest_silence
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.telemetry import PathSize, Piece

SHORT_OF_RATE = 0.02
"""By so much may the sender stay below the rate."""
HEADERS_BYTES = {4: 28, 6: 48}
"""IP and UDP headers that come on top of a datagram's payload, by IP version."""


# Rate.


@dataclass(frozen=True)
class Rates:
    """Payload rates over all pieces, bit/s; None where it is not known."""

    sent: float | None
    received: float | None


def rates(pieces: Sequence[Piece]) -> Rates:
    """Give the rates over all pieces, weighted by their durations."""
    seconds = math.fsum(piece.seconds for piece in pieces)
    if seconds <= 0:
        return Rates(None, None)
    sent = math.fsum(piece.sent_bits_per_s * piece.seconds for piece in pieces) / seconds
    arrived = [piece.received_bytes for piece in pieces if piece.received_bytes is not None]
    return Rates(sent, 8 * sum(arrived) / seconds if len(arrived) == len(pieces) else None)


def rate_reached(pieces: Sequence[Piece], limits: TelemetryLimits) -> bool:
    """Tell whether each piece was sent at the rate that was asked for."""
    least = (1 - SHORT_OF_RATE) * limits.rate_bits_per_s
    return bool(pieces) and all(piece.sent_bits_per_s >= least for piece in pieces)


def megabits(bits_per_s: float | None) -> str:
    """Give a rate in Mbit/s, four digits that count."""
    return "unknown" if bits_per_s is None else f"{float(f'{bits_per_s / 1e6:.4g}'):.10g} Mbit/s"


def rate_finding(facts: TelemetryFacts, limits: TelemetryLimits) -> Finding:
    """Give NET-RATE: whether the load was there under which the loss is asked for."""
    reached, grown = rates(facts.pieces), growth(facts)
    refused = grown.send_buffer_errors if grown else None
    asked = megabits(limits.rate_bits_per_s)
    evidence = [
        Evidence(name="sent", value=megabits(reached.sent), limit=asked, source="payload"),
        Evidence(name="received", value=megabits(reached.received), source="payload"),
        *([] if refused is None else [Evidence(name="refused by the kernel", value=str(refused), unit="datagrams")]),
    ]
    if rate_reached(facts.pieces, limits):
        arrived = f", {megabits(reached.received)} arrived" if reached.received is not None else ""
        return facts.finding(
            checks.RATE, Verdict.PASS, f"{megabits(reached.sent)} were sent{arrived}; {asked} were asked for.", evidence
        )
    slowest = min(piece.sent_bits_per_s for piece in facts.pieces)
    statement = f"Only {megabits(slowest)} could be sent, {asked} were asked for."
    if refused:
        statement += f" The kernel refused {refused} datagrams: the interface does not carry that rate."
        return facts.finding(checks.RATE, Verdict.FAIL, statement, evidence)
    return facts.finding(checks.RATE, Verdict.INCONCLUSIVE, statement, evidence)


# Jitter and order.


@dataclass(frozen=True)
class Jitter:
    """Smoothed variation of the transit time (RFC 3550), ms: at the end of the last piece, and in the worst second."""

    last_ms: float
    worst_ms: float


def jitter(pieces: Sequence[Piece]) -> Jitter | None:
    """Give the jitter; None without a piece."""
    if not pieces:
        return None
    values = [i.jitter_ms for piece in pieces for i in piece.intervals] + [piece.jitter_ms for piece in pieces]
    return Jitter(pieces[-1].jitter_ms, max(values))


def jitter_finding(facts: TelemetryFacts) -> Finding:
    """Give NET-JITTER, a statement: no limit is published."""
    found = jitter(facts.pieces) or Jitter(0.0, 0.0)
    ends = f"{found.last_ms:.3f} ms at the end, {found.worst_ms:.3f} ms in the worst second"
    statement = f"Jitter {ends}; no limit is set."
    evidence = [
        Evidence(name="jitter at the end", value=f"{found.last_ms:.3f}", unit="ms", source="receiver, RFC 3550"),
        Evidence(name="jitter in the worst second", value=f"{found.worst_ms:.3f}", unit="ms"),
    ]
    return facts.finding(checks.JITTER, Verdict.INFO, statement, evidence)


def order_finding(facts: TelemetryFacts) -> Finding:
    """Give NET-REORDER, a statement: no limit is set, and what is late or double blurs the loss, which says so."""
    mixed = sum(piece.out_of_order for piece in facts.pieces)
    copies = sum(max(echo.copies - 1, 0) for echo in facts.echoes)
    overtaken = sum(echo.overtaken for echo in facts.echoes)
    known = f"{mixed} datagrams were late or double (iperf3 can't tell which)"
    said = [known if mixed else "No datagram was late or double"]
    if facts.echoes:
        said.append(f"of {len(facts.echoes)} round trips {overtaken} were overtaken, {copies} answers came again")
    evidence = [
        Evidence(name="late or double", value=str(mixed), unit="datagrams", source="receiver"),
        Evidence(name="overtaken", value=str(overtaken), unit="round trips"),
        Evidence(name="answers that came again", value=str(copies)),
    ]
    return facts.finding(checks.REORDER, Verdict.INFO, f"{'; '.join(said)}.", evidence)


# Bursts.


@dataclass(frozen=True)
class Burst:
    """The longest run of lost datagrams lies between these."""

    least: int
    most: int


def longest_burst(pieces: Iterable[Piece]) -> Burst:
    """Give the bounds for the longest run of lost datagrams; a receiver that counts by the second knows no more.

    At most it is all that was lost in the worst run of adjacent seconds with losses, at least what the losses of the
    worst second come to when they are spread as far as they can be.
    """
    bounds = [_burst(piece) for piece in pieces]
    return Burst(max((b.least for b in bounds), default=0), max((b.most for b in bounds), default=0))


def _burst(piece: Piece) -> Burst:
    behind, mixed = max(piece.sent - piece.counted, 0), max(piece.out_of_order, 0)
    seconds = [(max(i.lost, 0), i.total) for i in piece.intervals] or [(max(piece.lost, 0), piece.counted)]
    most = run = 0
    for lost, total in [*seconds, (behind, behind)]:
        # A second in which nothing arrived shows no loss of its own: the gap is counted when it ends.
        run = run + lost if lost or total <= 0 else 0
        most = max(most, run)
    least = max((_spread_out(lost, total) for lost, total in seconds), default=0)
    return Burst(max(least - mixed, 0), most + mixed if most or mixed else 0)


def _spread_out(lost: int, total: int) -> int:
    """Give the longest run there must be when `lost` of `total` are missing and the last one arrived."""
    return math.ceil(lost / (total - lost)) if 0 < lost < total else 0


def burst_finding(facts: TelemetryFacts) -> Finding:
    """Give NET-BURST, a statement."""
    burst, silence = longest_burst(facts.pieces), longest_silence(facts.echoes)
    span = str(burst.most) if burst.least == burst.most else f"between {burst.least} and {burst.most}"
    said = [
        f"The longest run of lost datagrams is {span} (the receiver counts by the second)"
        if burst.most
        else "No datagram was lost, so there is no burst"
    ]
    if facts.echoes:
        said.append(f"the longest run of unanswered round trips is {silence} of {len(facts.echoes)}")
    evidence = [
        Evidence(name="longest run of losses, at least", value=str(burst.least), unit="datagrams"),
        Evidence(name="longest run of losses, at most", value=str(burst.most), unit="datagrams"),
        Evidence(name="longest run of unanswered round trips", value=str(silence), source="exact"),
    ]
    return facts.finding(checks.BURST, Verdict.INFO, f"{'; '.join(said)}.", evidence)


# Fragments.


def packet_bytes(facts: TelemetryFacts) -> int | None:
    """Give the size of the largest IP packet that was sent; None where none was."""
    version = 6 if ":" in (facts.responder.address if facts.responder else "") or ":" in facts.host else 4
    sizes = [piece.datagram_bytes for piece in facts.pieces]
    return max(sizes) + HEADERS_BYTES[version] if sizes else None


def is_fragmented(facts: TelemetryFacts) -> bool:
    """Tell whether datagrams were cut: then what is lost are fragments, and the loss figure is another one."""
    size, grown = packet_bytes(facts), growth(facts)
    if size is None or all(piece.kept_whole for piece in facts.pieces):
        return False
    if (room := _room(facts.path)) is not None and size > room:
        return True
    whole = facts.path is not None and facts.path.proven is not None and size <= facts.path.proven
    return grown is not None and grown.fragments_created > 0 and not whole


def _room(path: PathSize | None) -> int | None:
    """Give the largest packet that passes whole: the proven one, else what the routing knows."""
    if path is None:
        return None
    return path.proven if path.proven is not None else path.route


def fragment_finding(facts: TelemetryFacts) -> Finding:
    """Give NET-FRAGMENT."""
    size, grown, path = packet_bytes(facts), growth(facts), facts.path
    created = grown.fragments_created if grown else None
    if size is None:
        return facts.finding(checks.FRAGMENT, Verdict.SKIPPED, "Not judged: no piece of load came to its end.")
    room = _room(path)
    evidence = [
        Evidence(name="packet", value=str(size), unit="B", limit=f"{room} B" if room is not None else ""),
        *([Evidence(name="fragments made", value=str(created), source="all programs")] if grown else []),
        *([Evidence(name="path", value=path.statement)] if path and path.statement else []),
    ]
    if all(piece.kept_whole and piece.counted > 0 for piece in facts.pieces):
        statement = f"Packets of {size} B pass whole: each was sent with fragmentation forbidden, and they arrived."
        return facts.finding(checks.FRAGMENT, Verdict.PASS, statement, evidence)
    if is_fragmented(facts):
        cut = f"packets of {size} B do not pass {room} B whole" if room is not None and size > room else ""
        made = f"this computer made {created} fragments" if created else ""
        reason = " and ".join(part for part in (cut, made) if part)
        statement = f"Datagrams were cut: {reason}. What was lost are fragments."
        return facts.finding(checks.FRAGMENT, Verdict.FAIL, statement, evidence)
    if room is None and created is None:
        statement = f"Whether packets of {size} B pass whole is not known."
        return facts.finding(checks.FRAGMENT, Verdict.INCONCLUSIVE, statement, evidence)
    return facts.finding(checks.FRAGMENT, Verdict.PASS, _whole(size, room, path, created), evidence)


def _whole(size: int, room: int | None, path: PathSize | None, created: int | None) -> str:
    if room is None:
        return f"This computer cut no packet of {size} B; what the path carries is not known."
    how = "was proven to pass" if path is not None and path.proven is not None else "is what the routing knows"
    others = f" The {created} fragments made meanwhile are other programs'." if created else ""
    return f"Packets of {size} B pass whole: {room} B {how}.{others}"
