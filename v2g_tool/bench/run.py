"""The bench as a whole: builds the devices, serves them, runs a command beside them.

plant ──┬── meter_01  EMS meter service  Modbus TCP
        ├── meter_02  WattNode           Modbus RTU on a pseudo terminal
        ├── meter_03  EMS meter service  Modbus TCP, sealed
        ├── analyzer_01  WT333E          SCPI socket, HiSLIP
        └── inverter_01  SunSpec         Modbus TCP
pilot line ── modem_01 … modem_05       HomePlug on veth pairs, see `v2g_tool.bench.homeplug.scenes`
telemetry ── the utility's iperf3 server       a network of its own, see `v2g_tool.bench.backhaul.chain`
EMS tree ── kernel keys, and a PKI             see `v2g_tool.bench.host.tree`, `v2g_tool.bench.pki`
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol, Self

from v2g_tool.bench.faults import FaultSet, parse_fault
from v2g_tool.bench.host.tree import make_tree
from v2g_tool.bench.metering.analyzer_model import AnalyzerModel
from v2g_tool.bench.metering.ems_service import FREE, SEALED, EmsIdentity, EmsService
from v2g_tool.bench.metering.meter_core import MeterCore, TrimmedMeter
from v2g_tool.bench.metering.meter_model import (
    MeterErrors,
    MeterModel,
    as_found_errors,
    healthy_errors,
    wattnode_errors,
)
from v2g_tool.bench.metering.modbus import ModbusDevice, Registers, WriteLog, WriteRequest
from v2g_tool.bench.metering.modbus_wires import ModbusRtuServer, ModbusTcpServer
from v2g_tool.bench.metering.plant import Plant
from v2g_tool.bench.metering.scpi_wires import HislipServer, ScpiSocketServer
from v2g_tool.bench.metering.sunspec import SunSpecInverter
from v2g_tool.bench.metering.wattnode import WattNode
from v2g_tool.bench.metering.wt300e import Wt300e
from v2g_tool.bench.pki.publisher import Publisher
from v2g_tool.bench.pki.site import pki_truth
from v2g_tool.bench.pki.write import write_pki
from v2g_tool.bench.site import (
    CT_A,
    LISTED_MODEMS,
    Equipment,
    MeterEntry,
    ModemEntry,
    TelemetryEntry,
    site_text,
    truth_text,
    write_test_key,
)
from v2g_tool.errors import Interrupted, RequestError

if TYPE_CHECKING:
    from v2g_tool.bench.backhaul.service import BackhaulService

_WATTNODE_SERIAL = 20451
_UPDATE_S = 0.1
_LOOK_S = 1.0
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Server(Protocol):
    """Something that serves until it is stopped."""

    def start(self) -> None:
        """Begin to serve."""

    def stop(self) -> None:
        """End all connections."""


class Bench:
    """The virtual bench; a context manager that serves between entry and exit.

    Args:
        seed: draws the site and the true errors of its instruments.
        faults: spellings of faults, see `v2g_tool.bench.faults`.
        directory: where its files go; a temporary one, removed at the end, when None.
        plc: serve the PLC modems too, on veth pairs that are there.
        telemetry: have a way to the utility too; only in a network of its own. Where a program for it is missing,
            `telemetry_refusal` says which.

    Raises:
        RequestError: a fault is not known.
    """

    def __init__(
        self,
        seed: int = 1,
        faults: Sequence[str] = (),
        directory: Path | None = None,
        *,
        plc: bool = False,
        telemetry: bool = False,
    ) -> None:
        self.seed = seed
        self.faults = [parse_fault(spelling) for spelling in faults]
        self.meters: dict[str, TrimmedMeter] = {}
        self.plant = Plant(seed, unsteady=self._faults("charger_01").has("load-unsteady"))
        self._start_s = time.monotonic()
        self._plc = plc
        self._telemetry = telemetry
        self.backhaul: BackhaulService | None = None
        self.telemetry_refusal = ""
        self._given_directory = directory
        self._directory: Path | None = None
        self._servers: list[Server] = []
        self._log = WriteLog()
        self._hislip_port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def directory(self) -> Path:
        """The directory of the bench's files; only while it runs."""
        if self._directory is None:
            raise RequestError("The bench is not running.", todo="Start it first.")
        return self._directory

    def clock(self) -> float:
        """Give the bench clock in s; it starts with the bench."""
        return time.monotonic() - self._start_s

    def start(self) -> None:
        """Build the devices, write the files and serve."""
        self._directory = self._given_directory or Path(tempfile.mkdtemp(prefix="v2g-bench-"))
        try:
            (self._directory / "state").mkdir(parents=True, exist_ok=True)
            self._log = WriteLog(self._directory / "writes.jsonl")
            (self._directory / "writes.jsonl").touch()
            self._build()
            for server in self._servers:
                server.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all servers and remove a temporary directory."""
        for server in self._servers:
            server.stop()
        self._servers.clear()
        self.backhaul = None
        if self._directory is not None and self._given_directory is None:
            shutil.rmtree(self._directory, ignore_errors=True)
        self._directory = None

    def environment(self) -> dict[str, str]:
        """Give the variables that lead a program to this bench."""
        files = {
            "V2G_SITE": "site.toml",
            "V2G_STATE_DIR": "state",
            "V2G_BENCH_DIR": ".",
            "V2G_BENCH_KEY": "bench.key.pem",
            "V2G_BENCH_CERT": "bench.cert.pem",
            "V2G_BENCH_TRUTH": "truth.json",
            "V2G_BENCH_PKI": "pki.json",
            "V2G_BENCH_WRITES": "writes.jsonl",
            "V2G_BENCH_EMS": "ems",
        }
        variables = {name: str(self.directory / file) for name, file in files.items()}
        variables["V2G_BENCH_HISLIP"] = f"TCPIP0::127.0.0.1::hislip0,{self._hislip_port}::INSTR"
        if self.backhaul is not None:
            variables["V2G_BENCH_BACKHAUL"] = str(self.directory / "backhaul.json")
        return variables

    def write_requests(self) -> list[WriteRequest]:
        """Give all Modbus write requests that any device received, oldest first."""
        return self._log.requests()

    def _faults(self, target: str) -> FaultSet:
        return FaultSet(target, self.faults)

    def _build(self) -> None:
        meters = [
            self._ems_meter("meter_01", 1, FREE, as_found_errors),
            self._wattnode(),
            self._ems_meter("meter_03", 3, SEALED, healthy_errors),
        ]
        ports = self._analyzer(), self._inverter()
        root = make_tree(self.directory / "ems")
        authorities = Publisher()
        self._servers.append(authorities)
        pki = write_pki(root, self._faults("pki").standing("pki"), crl_server=authorities.address)
        authorities.files = pki.published
        (self.directory / "pki.json").write_text(pki_truth(pki), encoding="utf-8")
        errors = {name: meter.true_errors for name, meter in self.meters.items()}
        fingerprint = write_test_key(self.directory / "bench.key.pem", self.directory / "bench.cert.pem")
        today = datetime.datetime.now(datetime.UTC).date()
        modems, lines = self._modems() if self._plc else ([], {})
        telemetry = self._backhaul() if self._telemetry else None
        site = site_text(Equipment(meters, *ports, root, modems, telemetry, pki), fingerprint, today)
        (self.directory / "site.toml").write_text(site, encoding="utf-8")
        (self.directory / "truth.json").write_text(truth_text(errors, lines), encoding="utf-8")

    def _core(self, name: str, errors: Callable[[int], MeterErrors], faults: FaultSet) -> MeterCore:
        # Each meter draws from its own number, or all would share one noise.
        seed = self.seed * 100 + int(name[-2:])
        return MeterCore(self.plant, MeterModel(errors(seed), seed=seed), self.clock, _UPDATE_S, faults)

    def _device(self, name: str, units: Sequence[int], registers: Registers, faults: FaultSet) -> ModbusDevice:
        return ModbusDevice(name, units, registers, faults, self._log)

    def _served_by_tcp(self, device: ModbusDevice) -> int:
        server = ModbusTcpServer(device)
        self._servers.append(server)
        return server.port

    def _ems_meter(self, name: str, unit: int, legal: int, errors: Callable[[int], MeterErrors]) -> MeterEntry:
        faults = self._faults(name)
        ct = CT_A if faults.has("ct-ratio") else None
        serial = f"EMS-00{name[-2:]}"
        meter = EmsService(self._core(name, errors, faults), EmsIdentity(serial, legal=legal, ct=ct or (0, 0)))
        self.meters[name] = meter
        port = self._served_by_tcp(self._device(name, (unit, 255), meter, faults))
        link: dict[str, str | int] = {"link": "tcp", "host": "127.0.0.1", "port": port}
        status = "sealed" if legal == SEALED else "free"
        return MeterEntry(name, "ems-meter-service", link, unit, serial, status, ct)

    def _wattnode(self) -> MeterEntry:
        name, unit = "meter_02", 2
        faults = self._faults(name)
        meter = WattNode(self._core(name, wattnode_errors, faults), _WATTNODE_SERIAL, CT_A[0])
        self.meters[name] = meter
        server = ModbusRtuServer(self._device(name, (unit,), meter, faults))
        self._servers.append(server)
        link: dict[str, str | int] = {"link": "rtu", "device": server.path, "baud": 9600, "parity": "N", "stop_bits": 1}
        return MeterEntry(name, "wattnode-wnd", link, unit, str(_WATTNODE_SERIAL), ct=CT_A)

    def _analyzer(self) -> int:
        name = "analyzer_01"
        instrument = Wt300e(self.plant, AnalyzerModel(self.seed), self.clock, self._faults(name))
        lines, hislip = ScpiSocketServer(name, instrument), HislipServer(name, instrument)
        self._servers += [lines, hislip]
        self._hislip_port = hislip.port
        return lines.port

    def _modems(self) -> tuple[list[ModemEntry], dict[str, dict[str, Any]]]:
        from v2g_tool.bench.homeplug.service import PlcService

        service = PlcService(self.seed, self._faults)
        self._servers.append(service)
        lines = service.truth
        return [ModemEntry(name, lines[name]["interface"], lines[name]["mac"]) for name in LISTED_MODEMS], lines

    def _backhaul(self) -> TelemetryEntry | None:
        from v2g_tool.bench.backhaul.service import BackhaulService
        from v2g_tool.bench.namespace import Missing

        try:
            service = BackhaulService(self.seed, self._faults("telemetry"), self.directory, self._utility_meter)
        except Missing as error:
            self.telemetry_refusal = str(error)
            return None
        self.backhaul = service
        self._servers.append(service)
        return service.entry

    def _utility_meter(self) -> ModbusDevice:
        """Give the utility's own meter, which the faults of the way there leave alone."""
        faults = self._faults("")
        meter = EmsService(self._core("meter_90", healthy_errors, faults), EmsIdentity("EMS-0090"))
        return self._device("telemetry", (1, 255), meter, faults)

    def _inverter(self) -> int:
        name = "inverter_01"
        faults = self._faults(name)
        inverter = SunSpecInverter(self.plant, self.clock, faults)
        return self._served_by_tcp(self._device(name, (1,), inverter, faults))


def run_bench(command: Sequence[str], *, faults: Sequence[str] = (), seed: int = 1) -> int:
    """Run a command beside a bench and give its exit status, 128 + n when signal n ended it.

    Both are in a network of their own, where the modems and the way to the utility are; where the system forbids that,
    there are none.

    Raises:
        RequestError: a fault is not known, or the command cannot be started.
    """
    from v2g_tool.bench.homeplug.service import veth_pairs
    from v2g_tool.bench.namespace import own_network

    with (
        _forwarded_signals() as signals,
        own_network(veth_pairs()) as refusal,
        Bench(seed, faults, plc=not refusal, telemetry=not refusal) as bench,
    ):
        if refusal:
            sys.stderr.write(f"The bench runs without PLC modems: {refusal}\n")
        if bench.telemetry_refusal:
            sys.stderr.write(f"The bench runs without a telemetry backhaul: {bench.telemetry_refusal}\n")
        child = signals.begin(lambda: _started(command, {**os.environ, "PATH": _path(), **bench.environment()}))
        try:
            status = _waited(child)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    return 128 - status if status < 0 else status


def _waited(child: subprocess.Popen[bytes]) -> int:
    """Give the status of a command that has ended.

    Now and then it is looked for signals: one that comes just before this process falls asleep wakes nobody.
    """
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(_LOOK_S)


def _path() -> str:
    """Give PATH with the folder of this program in front: what is installed beside it is found by its name."""
    return os.pathsep.join(filter(None, (str(Path(sys.executable).parent), os.environ.get("PATH", ""))))


def _started(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(list(command), env=environment)
    except OSError as error:
        raise RequestError(
            f"The bench could not start {command[0]!r}.",
            why=f"The system says: {error.strerror}.",
            todo="Check the spelling of the command after the two dashes.",
        ) from error


class _Command:
    """The command, and the signals that are meant for it."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] | None = None
        """Signals that came while it was started; None before that."""

    def begin(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        """Start the command, and hand it what came meanwhile."""
        self._early = []
        self._child = child = start()
        for number in self._early:
            child.send_signal(number)
        return child

    def forward(self, number: int, _: FrameType | None) -> None:
        """Let the command decide what a signal means."""
        if self._early is None:
            raise Interrupted("The bench was stopped before its command began.")
        # A terminal has sent Ctrl-C to the child already; twice would mean "at once".
        if number == signal.SIGINT and _in_terminal_foreground():
            return
        if self._child is None:
            self._early.append(number)
        else:
            self._child.send_signal(number)


@contextlib.contextmanager
def _forwarded_signals() -> Iterator[_Command]:
    """Hand signals to the command; the bench outlives it and cleans up."""
    command = _Command()
    if threading.current_thread() is not threading.main_thread():
        yield command  # only the main thread may install handlers; elsewhere the caller has its own
        return
    before = {number: signal.signal(number, command.forward) for number in _FORWARDED}
    try:
        yield command
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_terminal_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno() if sys.__stdin__ else 0) == os.getpgrp()
    except (OSError, ValueError):
        return False
