"""The way from the bench's network to the utility's: networks in a row, joined by veth pairs, all set up statically.

    bench ── telemetry0 ══ backhaul0 ── utility
    bench ── telemetry0 ══ near relay far ══ near router far ══ backhaul0 ── utility

A relay copies frames and can do anything to them; a router is the kernel's own, with a narrow last link or a slow one.
Neither is there unless a fault needs it.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import socket
import struct
from pathlib import Path

from v2g_tool.bench.backhaul.programs import command, run_inside
from v2g_tool.bench.namespace import Missing, another_network, inside

UTILITY = "198.51.100.10"
"""Address of the utility's server (TEST-NET-2, RFC 5737)."""
BENCH = "198.51.100.1"
"""Address of the bench on the way there."""
ROUTER = "198.51.100.9"
"""Address from which a router reports that a packet is too large."""
BENCH_INTERFACE, UTILITY_INTERFACE, NEAR, FAR = "telemetry0", "backhaul0", "near", "far"
MTU_BYTES, NARROW_MTU_BYTES = 1500, 1000
RATE_LIMIT_MBIT_S = 5.0
"""What passes a slow router: half of the manual's 10 Mbit/s."""

_BURST_BYTES, _QUEUE_BYTES = 10_000, 30_000  # the queue holds 48 ms
_SIOCETHTOOL, _ETHTOOL_STXCSUM = 0x8946, 0x17
_NET = Path("/proc/sys/net/ipv4")


class Chain:
    """The networks in a row, the utility's last; they vanish with the descriptors that this keeps.

    Args:
        relay: a network where a relay can copy frames between `NEAR` and `FAR`.
        narrow: the last link carries packets of 1000 bytes.
        slow: the last link carries `RATE_LIMIT_MBIT_S`.

    Raises:
        Missing: the kernel or a program refuses.
    """

    def __init__(self, *, relay: bool = False, narrow: bool = False, slow: bool = False) -> None:
        self._slow = slow
        self._last_mtu_bytes = NARROW_MTU_BYTES if narrow else MTU_BYTES
        self._hops = ["relay"] * relay + ["router"] * (narrow or slow)
        self._networks: list[int] = []
        try:
            self._connect()
        except OSError as error:
            self.close()
            raise Missing(f"the kernel refuses a second network ({error.strerror})") from error
        except Missing:
            self.close()
            raise

    @property
    def utility(self) -> int:
        """The utility's network."""
        return self._networks[-1]

    @property
    def relay(self) -> int | None:
        """The relay's network."""
        return self._networks[1 + self._hops.index("relay")] if "relay" in self._hops else None

    def rate_dropped(self) -> int:
        """Give how many packets the slow router dropped."""
        if not self._slow:
            return 0
        shown = run_inside(self._networks[-2], command("tc", "-s", "-j", "qdisc", "show", "dev", FAR))
        return sum(int(queue["drops"]) for queue in json.loads(shown) if queue["kind"] == "tbf")

    def close(self) -> None:
        """Let go of the networks; the cables vanish with them."""
        for network in self._networks:
            os.close(network)
        self._networks.clear()

    def _connect(self) -> None:
        self._networks.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        for _ in (*self._hops, "utility"):
            self._networks.append(another_network())
        lines = "\n".join(self._cable(place) for place in range(len(self._networks) - 1))
        run_inside(self._networks[0], command("ip", "-batch", "-"), lines, self._networks)
        last = len(self._networks) - 1
        self._end(0, BENCH_INTERFACE, BENCH, UTILITY)
        self._end(last, UTILITY_INTERFACE, UTILITY, BENCH)
        with inside(self.utility), contextlib.suppress(OSError):  # the right to port 502 gets lost at the exec
            (_NET / "ip_unprivileged_port_start").write_text("0")
        for place, hop in enumerate(self._hops, start=1):
            (self._route if hop == "router" else self._copy)(place)

    def _cable(self, place: int) -> str:
        """Give the command that joins a network and the next one."""
        last = place + 2 == len(self._networks)
        left, right = FAR if place else BENCH_INTERFACE, UTILITY_INTERFACE if last else NEAR
        mtu = self._last_mtu_bytes if last else MTU_BYTES
        ends = [
            f"name {name} netns /proc/self/fd/{self._networks[at]} address {_mac(at)} mtu {mtu}"
            for name, at in ((left, place), (right, place + 1))
        ]
        return f"link add {ends[0]} type veth peer {ends[1]}"

    def _end(self, place: int, interface: str, own: str, other: str) -> None:
        next_router = 1 + self._hops.index("router") if "router" in self._hops else len(self._networks) - 1 - place
        lines = [
            f"address add {own}/32 dev {interface}",
            f"link set {interface} up",
            f"route add {other}/32 dev {interface} src {own}",
            f"neigh add {other} lladdr {_mac(next_router)} dev {interface} nud permanent",
        ]
        run_inside(self._networks[place], command("ip", "-batch", "-"), "\n".join(lines))
        if "relay" in self._hops:
            with inside(self._networks[place]):
                _complete_checksums(interface)

    def _copy(self, place: int) -> None:
        lines = [f"link set {name} up" for name in (NEAR, FAR)]
        run_inside(self._networks[place], command("ip", "-batch", "-"), "\n".join(lines))

    def _route(self, place: int) -> None:
        lines = [f"address add {ROUTER}/32 dev {NEAR}"]
        for name, address, neighbour in ((NEAR, BENCH, 0), (FAR, UTILITY, len(self._networks) - 1)):
            lines += [
                f"link set {name} up",
                f"route add {address}/32 dev {name}",
                f"neigh add {address} lladdr {_mac(neighbour)} dev {name} nud permanent",
            ]
        run_inside(self._networks[place], command("ip", "-batch", "-"), "\n".join(lines))
        with inside(self._networks[place]):
            (_NET / "ip_forward").write_text("1")
        if self._slow:
            rate = f"rate {RATE_LIMIT_MBIT_S:g}mbit burst {_BURST_BYTES} limit {_QUEUE_BYTES}"
            run_inside(self._networks[place], command("tc", *f"qdisc add dev {FAR} root tbf {rate}".split()))


def _mac(place: int) -> str:
    return f"02:00:00:06:00:{place:02x}"


def _complete_checksums(interface: str) -> None:
    """Have the kernel put checksums into the frames, as on a real wire; a relay would carry unfinished ones."""
    off = ctypes.create_string_buffer(struct.pack("II", _ETHTOOL_STXCSUM, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCETHTOOL, struct.pack("16sP16x", interface.encode(), ctypes.addressof(off)))
