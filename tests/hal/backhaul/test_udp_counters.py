"""The kernel's counts, from real files and from any text."""

from __future__ import annotations

import socket
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.hal.backhaul.counters import counts, counts6, udp_counters
from v2g_tool.model.telemetry import UdpCounters

SNMP = """\
Ip: Forwarding DefaultTTL InReceives FragOKs FragFails FragCreates
Ip: 2 64 4711 1 0 14
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors
Udp: 100 1 0 2000 0 3 0
UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors
UdpLite: 0 0 0 9 0 9 0
"""
SNMP6 = (
    "Ip6FragCreates                  \t6\nUdp6OutDatagrams                \t50\nUdp6SndbufErrors                \t1\n"
)


def test_ipv4_and_ipv6_are_counted_together(tmp_path: Path) -> None:
    (tmp_path / "snmp").write_text(SNMP)
    (tmp_path / "snmp6").write_text(SNMP6)

    assert udp_counters(tmp_path) == UdpCounters(2050, 4, 20)


def test_a_kernel_without_ipv6_counts_ipv4(tmp_path: Path) -> None:
    (tmp_path / "snmp").write_text(SNMP)

    assert udp_counters(tmp_path) == UdpCounters(2000, 3, 14)


def test_without_a_count_there_are_none(tmp_path: Path) -> None:
    assert udp_counters(tmp_path) is None
    (tmp_path / "snmp").write_text(SNMP.replace("FragCreates", "FragMade"))
    assert udp_counters(tmp_path) is None


def test_this_kernel_counts_what_is_sent() -> None:
    before = udp_counters()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        for _ in range(10):
            opened.sendto(b"count me", opened.getsockname())
    after = udp_counters()

    assert before is not None
    assert after is not None
    assert after.out_datagrams >= before.out_datagrams + 10


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_read_without_an_exception(text: str, more: str) -> None:
    read = counts(SNMP + text) | counts6(SNMP6 + more)

    assert read["IpFragCreates"] == 14
