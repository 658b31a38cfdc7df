"""The telemetry backhaul as one server of the bench: the way there, who answers, and what is true about it."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from v2g_tool.bench.backhaul.chain import UTILITY, UTILITY_INTERFACE, Chain
from v2g_tool.bench.backhaul.disturbance import DISTURBANCES
from v2g_tool.bench.backhaul.firewall import Firewall
from v2g_tool.bench.backhaul.programs import require_programs
from v2g_tool.bench.backhaul.relay import Relay
from v2g_tool.bench.backhaul.server import Iperf3Server, Stroke
from v2g_tool.bench.backhaul.services import EchoService
from v2g_tool.bench.backhaul.truth import Counts, Watch, packets_arrived, rcvbuf_errors
from v2g_tool.bench.faults import FaultSet
from v2g_tool.bench.metering.modbus import ModbusDevice
from v2g_tool.bench.metering.modbus_wires import ModbusTcpServer
from v2g_tool.bench.namespace import Missing, inside
from v2g_tool.bench.site import TelemetryEntry

PORT = 502
"""The server's port, as the manual has it."""
RATE_MBIT_S = 10.0
"""The rate that the manual asks for."""
TRUTH_FILE, LOG_FILE = "backhaul.json", "iperf3.log"
"""Files in the bench's directory: the counts, and what iperf3 prints."""

_STROKES = {"telemetry-server-killed": signal.SIGKILL, "telemetry-server-stopped": signal.SIGSTOP}


class BackhaulService:
    """The backhaul of a bench that is in a network of its own; it stands when it is made, and serves from `start` on.

    Args:
        seed: draws which datagrams a relay hits; what the firewall drops is counted and cannot be seeded.
        faults: the faults of the backhaul.
        directory: where its files go.
        modbus: makes the Modbus device that can answer in place of iperf3.

    Raises:
        Missing: a program or a feature of the kernel is missing.
    """

    entry = TelemetryEntry(UTILITY, PORT, RATE_MBIT_S)

    def __init__(self, seed: int, faults: FaultSet, directory: Path, modbus: Callable[[], ModbusDevice]) -> None:
        require_programs()
        self._faults = faults
        self._log = directory / LOG_FILE
        self._strokes: list[Stroke] = []
        self._relay: Relay | None = None
        self._last: Counts | None = None
        self._cleanup = contextlib.ExitStack()
        try:
            self._lay(seed)
            self._serve(modbus)
            self._echo = EchoService(self._chain.utility)
            self._cleanup.callback(self._echo.stop)
        except OSError as error:
            self._cleanup.close()
            raise Missing(f"the kernel refuses a part of it ({error})") from error
        except BaseException:
            self._cleanup.close()
            raise
        arrived = partial(packets_arrived, self._chain.utility, UTILITY_INTERFACE)
        self._watch = Watch(directory / TRUTH_FILE, arrived, self.counts, self._look)

    def counts(self) -> Counts:
        """Give the true counts of this moment; the last ones when it has ended."""
        if self._last is not None:
            return self._last
        drops = self._firewall.drops()
        # The firewall first: whatever it has counted by then is in the counts of the hops before it as well.
        hops = dict(self._relay.counts()) if self._relay else {}
        if self._faults.has("telemetry-rate-limit"):
            hops["rate_dropped"] = self._chain.rate_dropped()
        return Counts(drops.dropped, drops.passed, rcvbuf_errors(self._chain.utility), hops)

    def start(self) -> None:
        """Serve."""
        for part in (self._relay, self._echo):
            if part is not None:
                part.start()
        self._watch.start()

    def stop(self) -> None:
        """End all programs and threads; the networks vanish."""
        if self._last is None:
            self._watch.stop()
            with contextlib.suppress(Missing, OSError):
                self._last = self.counts()
        self._cleanup.close()

    def _lay(self, seed: int) -> None:
        """Lay the way to the utility."""
        has, loss = self._faults.has, self._faults.lasting("telemetry-loss")
        self._chain = Chain(
            relay=any(map(has, DISTURBANCES)), narrow=has("telemetry-narrow-mtu"), slow=has("telemetry-rate-limit")
        )
        self._cleanup.callback(self._chain.close)
        self._firewall = Firewall(
            self._chain.utility,
            PORT,
            loss_ratio=loss.ratio if loss else 0.0,
            udp_blocked=has("telemetry-udp-blocked"),
            closed=has("telemetry-unreachable"),
        )
        if self._chain.relay is not None:
            self._relay = Relay(self._chain.relay, PORT, seed, self._faults)
            self._cleanup.callback(self._relay.stop)

    def _serve(self, modbus: Callable[[], ModbusDevice]) -> None:
        """Have somebody answer at the port, or nobody."""
        if self._faults.has("telemetry-modbus"):
            with inside(self._chain.utility):
                device = ModbusTcpServer(modbus(), (UTILITY, PORT))
            self._cleanup.callback(device.stop)
            device.start()
        elif not self._faults.has("telemetry-refused"):
            self._serve_iperf3()

    def _serve_iperf3(self) -> None:
        server = Iperf3Server(self._chain.utility, PORT, self._log)
        self._cleanup.callback(server.stop)
        if self._faults.has("telemetry-server-busy"):
            server.occupy()
        for name, number in _STROKES.items():
            if fault := self._faults.lasting(name):
                self._strokes.append(Stroke(server, number, fault.delay_s, time.monotonic))

    def _look(self, datagrams: int) -> None:
        for stroke in self._strokes:
            stroke.look(datagrams)
