"""The kernel's counts of datagrams, IPv4 and IPv6 together: /proc/net/snmp and /proc/net/snmp6, see proc(5)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from v2g_tool.model.telemetry import UdpCounters

PROC = Path("/proc/net")
_MOST_DIGITS = 20


def udp_counters(root: Path = PROC) -> UdpCounters | None:
    """Give the counts, None where this kernel does not show them."""
    try:
        ipv4 = counts((root / "snmp").read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    try:
        ipv6 = counts6((root / "snmp6").read_text(encoding="ascii", errors="replace"))
    except OSError:
        ipv6 = {}  # a kernel without IPv6 sends none
    try:
        return UdpCounters(
            out_datagrams=ipv4["UdpOutDatagrams"] + ipv6.get("Udp6OutDatagrams", 0),
            send_buffer_errors=ipv4["UdpSndbufErrors"] + ipv6.get("Udp6SndbufErrors", 0),
            fragments_created=ipv4["IpFragCreates"] + ipv6.get("Ip6FragCreates", 0),
        )
    except KeyError:
        return None


def counts(text: str) -> Mapping[str, int]:
    """Read /proc/net/snmp: a line of names and a line of values for each protocol; what does not fit is left out."""
    found: dict[str, int] = {}
    lines = [line.partition(":") for line in text.splitlines()]
    for (name, _, keys), (again, _, values) in pairwise(lines):
        if name == again and len(keys.split()) == len(values.split()):
            pairs = zip(keys.split(), values.split(), strict=True)
            found |= {name + key: int(value) for key, value in pairs if _is_count(value)}
    return found


def counts6(text: str) -> Mapping[str, int]:
    """Read /proc/net/snmp6: a name and a value in each line."""
    pairs = [line.split() for line in text.splitlines()]
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and _is_count(pair[1])}


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
