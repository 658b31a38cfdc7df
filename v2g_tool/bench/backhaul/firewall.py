"""The utility's firewall: it drops datagrams of the load at random and counts them, and so knows the truth.

nftables draws its random numbers from the kernel, which takes no seed: what can be repeated is the ratio, and what
is known of each run is the count.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from v2g_tool.bench.backhaul.chain import UTILITY_INTERFACE
from v2g_tool.bench.backhaul.programs import command, run_inside

_TABLE = "inet telemetry"
_PARTS = 1_000_000  # the ratio in steps of one in a million
_HANDSHAKE_BYTES = 100  # UDP length; iperf3 begins a load with one datagram of 4 bytes, without which there is none


class Drops(NamedTuple):
    """Datagrams of the load that the firewall dropped, and those that it let pass, since the bench started."""

    dropped: int
    passed: int


class Firewall:
    """The rules in the utility's network.

    Args:
        network: the utility's network.
        port: the server's port.
        loss_ratio: share of the load's datagrams to drop, 0 to 1.
        udp_blocked: drop, and count, all datagrams to the port.
        closed: drop everything that comes from the bench.

    Raises:
        Missing: the kernel or nft refuses.
    """

    def __init__(
        self, network: int, port: int, *, loss_ratio: float = 0.0, udp_blocked: bool = False, closed: bool = False
    ) -> None:
        self._network = network
        run_inside(network, command("nft", "-f", "-"), _rules(port, loss_ratio, udp_blocked, closed))

    def drops(self) -> Drops:
        """Give the counts now."""
        shown = run_inside(self._network, command("nft", "-j", "list", "counters", "table", *_TABLE.split()))
        counters = [entry["counter"] for entry in json.loads(shown)["nftables"] if "counter" in entry]
        packets = {counter["name"]: int(counter["packets"]) for counter in counters}
        return Drops(packets["dropped"], packets["passed"])


def _rules(port: int, loss_ratio: float, udp_blocked: bool, closed: bool) -> str:
    datagram = f"iifname {UTILITY_INTERFACE} udp dport {port}"
    load = f"{datagram} udp length > {_HANDSHAKE_BYTES}"
    lines = {
        f"iifname {UTILITY_INTERFACE} drop": closed,
        f"{datagram} counter name dropped drop": udp_blocked,
        f"{load} {_chance(loss_ratio)} counter name dropped drop": loss_ratio > 0,
        f"{load} counter name passed": True,
    }
    rules = "\n".join(line for line, wanted in lines.items() if wanted)
    return f"""\
table {_TABLE} {{
counter dropped {{ }}
counter passed {{ }}
chain arriving {{
type filter hook input priority filter; policy accept;
{rules}
}}
}}
"""


def _chance(ratio: float) -> str:
    """Give what matches this share of the datagrams; nft takes no comparison that is always true."""
    share = round(ratio * _PARTS)
    return f"numgen random mod {_PARTS} < {share}" if share < _PARTS else ""
