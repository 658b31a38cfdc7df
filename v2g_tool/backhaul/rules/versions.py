"""Which counts of an iperf3 pair may be believed. Pure.

A client from 3.13 on fills in what a server up to 3.12 does not send, and then renders no loss where there was some
(esnet/iperf 2055). The receiver's own output does not pass through that code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from v2g_tool.model.telemetry import Piece

FIRST_WITH_OMITTED = (3, 13)
"""From this version on both ends exchange the counts of omitted datagrams."""
_VERSION = re.compile(r"(?<![0-9.])([0-9]{1,4})\.([0-9]{1,4})(?![0-9])")

Source = Literal["client", "receiver", "none"]
"""Whose rendering of the receiver's count is taken."""


def parse_version(text: str) -> tuple[int, int] | None:
    """Give (3, 12) for `iperf 3.12`, `iperf 3.12.1+`, `3.12-mt1`; None for what names no version."""
    found = _VERSION.search(text)
    return (int(found[1]), int(found[2])) if found else None


@dataclass(frozen=True)
class Believed:
    """A piece with the counts that are believed, and whose rendering they are."""

    piece: Piece
    source: Source


def believed(piece: Piece) -> Believed:
    """Give the piece with the receiver's own figures in place of the client's, where the pair is not sound."""
    if _sound(parse_version(piece.client), parse_version(piece.server)):
        return Believed(piece, "client")
    if piece.server_lost is None or piece.server_total is None:
        return Believed(piece, "none")
    return Believed(replace(piece, lost=piece.server_lost, counted=piece.server_total), "receiver")


def _sound(client: tuple[int, int] | None, server: tuple[int, int] | None) -> bool:
    """Tell whether the client's rendering of the receiver's count is known to be right."""
    if client is not None and client < FIRST_WITH_OMITTED:
        return True
    return client is not None and server is not None and server >= FIRST_WITH_OMITTED
