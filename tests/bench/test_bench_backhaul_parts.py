"""Parts of the way to the utility, without any network: which programs, which datagrams, when."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.bench.backhaul import programs
from v2g_tool.bench.backhaul.disturbance import Disturbance, is_load
from v2g_tool.bench.backhaul.programs import PACKAGES, require_programs
from v2g_tool.bench.backhaul.server import Stroke
from v2g_tool.bench.backhaul.truth import Counts, Watch
from v2g_tool.bench.faults import FaultSet, parse_fault
from v2g_tool.bench.namespace import Missing
from v2g_tool.errors import RequestError


@pytest.mark.parametrize(
    ("absent", "told"),
    [
        (("iperf3",), "iperf3 is missing; install it: sudo apt-get install iperf3"),
        (("nft",), "nft is missing; install it: sudo apt-get install nftables"),
        (("iperf3", "nft"), "iperf3 and nft are missing; install them: sudo apt-get install iperf3 nftables"),
        (("ip", "tc"), "ip and tc are missing; install them: sudo apt-get install iproute2"),
    ],
)
def test_a_missing_program_is_named_with_its_package(
    absent: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in set(PACKAGES) - set(absent):
        (tmp_path / name).symlink_to(shutil.which("true") or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "SBIN", str(tmp_path))

    with pytest.raises(Missing) as caught:
        require_programs()

    assert str(caught.value) == told


def test_a_ratio_is_an_option_of_a_fault() -> None:
    assert parse_fault("telemetry-loss").ratio == 0.002
    assert parse_fault("telemetry-loss:ratio=0.01").ratio == 0.01
    assert parse_fault("telemetry-loss:ratio=1").ratio == 1.0


@pytest.mark.parametrize("ratio", ["1.01", "-0.1", "nan", "", "2 %"])
def test_a_ratio_beyond_0_to_1_is_refused(ratio: str) -> None:
    with pytest.raises(RequestError, match="where a number belongs"):
        parse_fault(f"telemetry-loss:ratio={ratio}")


class Agenda:
    """A time that the test moves."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self.due: list[tuple[float, int, Any]] = []

    def now_s(self) -> float:
        return self.time_s

    def later(self, delay_s: float, action: Any) -> None:
        self.due.append((self.time_s + delay_s, len(self.due), action))

    def run(self) -> list[float]:
        """Do what is due, in order; give the times."""
        times = []
        for due_s, _, action in sorted(self.due, key=lambda entry: entry[:2]):
            self.time_s = due_s
            action()
            times.append(due_s)
        self.due.clear()
        return times


class Way:
    """A disturbed way whose far end is a list."""

    def __init__(self, *faults: str, seed: int = 1) -> None:
        self.agenda, self.sent = Agenda(), list[bytes]()
        known = FaultSet("telemetry", [parse_fault(fault) for fault in faults])
        self.disturbance = Disturbance(502, seed, known, self.agenda, self.sent.append)

    def take(self, *frames: bytes) -> list[bytes]:
        for frame in frames:
            self.disturbance.take(frame)
        self.agenda.run()
        return self.sent


def datagram(number: int, port: int = 502, size: int = 400) -> bytes:
    """Give an Ethernet frame with an IPv4 header without options."""
    head = bytes(12) + b"\x08\x00" + b"\x45" + bytes(8) + b"\x11" + bytes(10)
    udp = (5000).to_bytes(2, "big") + port.to_bytes(2, "big") + (size + 8).to_bytes(2, "big") + bytes(2)
    return head + udp + number.to_bytes(4, "big") + bytes(size - 4)


LOADED = [datagram(number) for number in range(1000)]


@pytest.mark.parametrize("fault", ["telemetry-reorder:ratio=0.1", "telemetry-duplicate:ratio=0.1"])
def test_the_same_seed_hits_the_same_datagrams(fault: str) -> None:
    first, again, other = (Way(fault, seed=seed).take(*LOADED) for seed in (7, 7, 8))

    assert first == again
    assert first != other
    assert set(first) == set(LOADED)


def test_only_the_load_is_doubled() -> None:
    others = [datagram(1, port=7), datagram(2, size=4), bytes(12) + b"\x08\x06" + bytes(46)]

    assert Way("telemetry-duplicate:ratio=1").take(*others, LOADED[0]) == [*others, LOADED[0], LOADED[0]]


def test_a_datagram_that_nothing_overtakes_is_late_and_in_no_count() -> None:
    way = Way("telemetry-reorder:ratio=1")

    assert way.take(LOADED[0]) == [LOADED[0]]
    assert way.disturbance.counts["reordered"] == 0
    assert way.take(LOADED[1], LOADED[2]) == [LOADED[0], LOADED[2], LOADED[1]]
    assert way.disturbance.counts["reordered"] == 1


def test_jitter_makes_late_and_keeps_the_order() -> None:
    way = Way("telemetry-jitter:delay=0.03")
    for frame in LOADED:
        way.disturbance.take(frame)
    times = way.agenda.run()

    assert way.sent == LOADED
    assert times == sorted(times)
    assert 0.0 < times[0] < times[-1] <= 0.03


@given(st.binary(min_size=0, max_size=80), st.booleans())
def test_any_frame_gets_through_a_relay(noise: bytes, internet: bool) -> None:
    frame = bytes(12) + b"\x08\x00" + noise if internet else noise

    assert Way("telemetry-duplicate:ratio=0", "telemetry-delay").take(frame) == [frame]


@given(st.integers(0, 65535), st.integers(4, 1472))
def test_the_load_is_known_by_port_and_size(port: int, size: int) -> None:
    assert is_load(datagram(1, port, size), 502) == (port == 502 and size + 8 > 100)


class Struck:
    """A server that notes its signals."""

    def __init__(self) -> None:
        self.signals: list[int] = []

    def signal(self, number: int) -> None:
        self.signals.append(number)


def test_a_server_is_struck_once_and_only_after_a_load_began() -> None:
    server, agenda = Struck(), Agenda()
    stroke = Stroke(server, signal.SIGKILL, 2.0, agenda.now_s)  # type: ignore[arg-type]

    seen = []
    for time_s, datagrams in ((0.0, 0), (5.0, 0), (6.0, 10), (7.9, 99), (8.0, 99), (9.0, 99)):
        agenda.time_s = time_s
        stroke.look(datagrams)
        seen.append(len(server.signals))

    assert seen == [0, 0, 0, 0, 1, 1]


def test_the_truth_file_follows_the_traffic_and_an_idle_way_costs_no_reading(tmp_path: Path) -> None:
    path, packets, readings, told = tmp_path / "truth.json", [0], list[int](), list[int]()

    def read() -> Counts:
        readings.append(packets[0])
        return Counts(0, packets[0], 0, {})

    watch = Watch(path, lambda: packets[0], read, told.append)
    for packets[0] in (0, 0, 0, 0, 5, 5, 5, 5):
        watch.look()

    assert readings == [0, 0, 5, 5]
    assert json.loads(path.read_text()) == {"dropped": 0, "passed": 5, "server_rcvbuf_errors": 0, "relay": {}}
    assert told == [0, 0, 0, 0, 5, 5, 5, 5]
    assert list(tmp_path.iterdir()) == [path]
