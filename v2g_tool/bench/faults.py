"""The named faults of the bench: what they are, whom they hit, when they strike.

Spelling: NAME[:target=meter_02][:after=N][:every=N][:count=N][:delay=SECONDS][:ratio=0..1]
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from v2g_tool.bench.pki.defects.table import DEFECTS
from v2g_tool.errors import RequestError

METERS = ("meter_01", "meter_02", "meter_03")
"""Names of the bench's meters."""
EMS_METERS = ("meter_01", "meter_03")
"""Meters that speak the EMS meter service."""
TRIMMED_METERS = ("meter_01", "meter_02")
"""Meters whose corrections may be written."""
INVERTERS = ("inverter_01",)
"""Names of the bench's inverters."""
ANALYZERS = ("analyzer_01",)
"""Names of the bench's analyzers."""
LOADS = ("charger_01",)
"""Names of the chargers whose load can be faulty."""
MODEMS = ("modem_01", "modem_02", "modem_03", "modem_04", "modem_05")
"""Names of the bench's PLC modems; the last two are both ends of one line."""
TELEMETRY = ("telemetry",)
"""The way to the utility's server, and that server."""
PILOT_LINES = ("charger_01", *MODEMS[:4])
"""Whose powerline can be disturbed: that of the charger, as all its modems see it, or one modem's alone."""

PKI = ("pki",)
"""The certificates, keys, revocation lists and trust stores of the EMS."""


@dataclass(frozen=True)
class FaultKind:
    """One line of the catalogue."""

    name: str
    group: str
    """wire, meter, wiring, analyzer, inverter, load; line, frame or modem for PLC; backhaul; pki."""
    line: str
    """What goes wrong, in one line."""
    targets: tuple[str, ...]
    """Devices it can hit; the first one unless the user names another."""
    after: int = 0
    """Requests to the device before it starts."""
    count: int | None = None
    """How often it strikes; None is without end."""
    delay_s: float = 0.0
    """How late the answer is, for faults that are about time."""
    ratio: float = 0.0
    """Share of the datagrams that are hit, 0 to 1, for faults of single datagrams."""


def _group(group: str, targets: tuple[str, ...], lines: Mapping[str, str], **when: int) -> list[FaultKind]:
    return [FaultKind(name, group, line, targets, **when) for name, line in lines.items()]


_MODBUS = METERS + INVERTERS

_WIRE = {
    "wrong-unit": "a reply carries the next unit's number",
    "torn-frame": "only the first half of a reply is sent",
    "busy": "a request is refused with exception 6, device busy",
    "crc-error": "a reply has a wrong CRC (RTU) or a wrong protocol number (TCP)",
    "reset": "the TCP connection is reset instead of a reply (RTU: the request is lost)",
    "short-reply": "a reply holds fewer registers than were asked for",
    "wrong-function": "a reply carries the function code of another read",
}
_METER = {
    "volatile-write": "an accepted correction falls back to the old value after 0.5 s",
    "write-ignored": "a correction write is acknowledged and changes nothing",
    "write-unanswered": "a correction write is carried out and never answered",
    "stuck-gain-l2": "the gain register of L2 refuses with exception 4",
}
_WIRING = {
    "ct-reversed-l1": "the current transformer of L1 is turned round",
    "ct-reversed-l2": "the current transformer of L2 is turned round",
    "ct-reversed-l3": "the current transformer of L3 is turned round",
    "import-export": "all current transformers are turned round",
    "swapped-l1-l2": "the current transformers of L1 and L2 are exchanged",
    "swapped-l2-l3": "the current transformers of L2 and L3 are exchanged",
    "swapped-l1-l3": "the current transformers of L1 and L3 are exchanged",
    "cyclic": "each channel has the current of the next conductor",
    "cyclic-back": "each channel has the current of the conductor before",
    "ct-ratio": "configured for 100:5, behaves as 200:5: current and power read half",
    "kilowatt": "powers are published in kW and kvar",
    "line-to-line": "the voltage registers show conductor to conductor",
    "word-order": "the two words of each float are exchanged",
    "stale": "the measured values never change",
}
_ANALYZER = {
    "analyzer-overrange": "currents and powers read over range",
    "analyzer-wrong-serial": "the analyzer is another one than the site names",
}
_LINE = {
    "long-cable": "the pilot line is far too long",
    "mismatch": "a branch or a wet connector reflects",
    "coupling-loss": "a coupler loses the same at all frequencies",
    "narrowband": "broadcast stations are received on the line",
    "broadband-low": "a drive disturbs the low frequencies",
    "mains-synchronous": "bursts disturb the line at one mains phase",
    "crosstalk": "the neighbour outlet hears the vehicle too well",
    "saturation": "the receiver is overdriven",
}
_FRAME = {
    "frame-lost": "a frame from the modem is lost",
    "frame-duplicated": "a frame from the modem comes twice",
    "frame-reordered": "a frame from the modem comes after the next",
    "frame-truncated": "only the first half of a frame comes",
    "frame-foreign": "frames of other makers and stations come first",
    "lying-status": "an answer's status contradicts its contents",
    "lying-peer": "an answer is about another address",
    "lying-length": "a length or count in an answer is false",
}
_MODEM = {
    "modem-silent": "no modem is there",
    "modem-bootloader": "the modem stays in its bootloader",
    "modem-refusing": "the modem refuses maps, SNR and statistics",
    "counters-reset": "the statistics restart after each reading",
    "frame-flood": "25,000 hostile frames come each second",
}
_BACKHAUL = {
    "telemetry-rate-limit": "a router on the way passes half of 10 Mbit/s and drops the rest",
    "telemetry-udp-blocked": "TCP passes, all datagrams to the server's port are dropped",
    "telemetry-server-busy": "the server is occupied by another client, without end",
    "telemetry-unreachable": "nothing that is sent to the utility arrives",
    "telemetry-refused": "nobody listens at the server's port",
    "telemetry-modbus": "a Modbus meter answers at the server's port",
    "telemetry-narrow-mtu": "the last link carries packets of 1000 bytes and no larger ones",
}

_KINDS = [
    FaultKind("silence", "wire", "the device stops answering", _MODBUS, after=6),
    FaultKind("late-reply", "wire", "a reply comes after the timeout", _MODBUS, 6, 1, 1.5),
    *_group("wire", _MODBUS, _WIRE, after=6, count=1),
    *_group("meter", TRIMMED_METERS, _METER),
    FaultKind(
        "restart-factory",
        "meter",
        "the meter restarts with factory corrections three requests after a correction write",
        TRIMMED_METERS,
        count=1,
    ),
    FaultKind("lost-commit", "meter", "a commit is answered and stores nothing", EMS_METERS),
    FaultKind("sealed", "meter", "the meter reports that it is sealed", EMS_METERS),
    FaultKind("meter-wrong-serial", "meter", "the meter is another one than the site names", METERS),
    *_group("wiring", METERS, _WIRING),
    *_group("analyzer", ANALYZERS, _ANALYZER),
    FaultKind("analyzer-silent", "analyzer", "the analyzer stops answering", ANALYZERS, after=12),
    FaultKind("analyzer-late", "analyzer", "an answer comes after the timeout", ANALYZERS, 12, 1, 4.0),
    FaultKind("analyzer-disconnect", "analyzer", "the analyzer closes the connection", ANALYZERS, 12, 1),
    FaultKind("analyzer-restart", "analyzer", "the analyzer restarts and loses its settings", ANALYZERS, 12, 1),
    FaultKind("inverter-stuck", "inverter", "the inverter takes set points and ignores them", INVERTERS),
    FaultKind("inverter-hides", "inverter", "the inverter obeys set points and never shows them", INVERTERS),
    FaultKind("inverter-slow", "inverter", "the inverter needs 5 s for a step", INVERTERS),
    FaultKind("load-unsteady", "load", "the load jumps every 0.3 s", LOADS),
    *_group("line", PILOT_LINES, _LINE),
    *_group("frame", MODEMS, _FRAME),
    FaultKind("frame-late", "frame", "a frame from the modem comes after the timeout", MODEMS, delay_s=0.4),
    *_group("modem", MODEMS, _MODEM),
    FaultKind("telemetry-loss", "backhaul", "datagrams of the load are lost at random", TELEMETRY, ratio=0.002),
    FaultKind("telemetry-reorder", "backhaul", "a datagram is overtaken by the next one", TELEMETRY, ratio=0.01),
    FaultKind("telemetry-duplicate", "backhaul", "a datagram comes twice", TELEMETRY, ratio=0.01),
    FaultKind("telemetry-delay", "backhaul", "all packets to the utility are late", TELEMETRY, delay_s=0.15),
    FaultKind("telemetry-jitter", "backhaul", "packets are late by 0 to 30 ms", TELEMETRY, delay_s=0.03),
    FaultKind("telemetry-server-killed", "backhaul", "the server dies 2 s after a load began", TELEMETRY, delay_s=2.0),
    FaultKind(
        "telemetry-server-stopped", "backhaul", "the server hangs 2 s after a load began", TELEMETRY, delay_s=2.0
    ),
    *_group("backhaul", TELEMETRY, _BACKHAUL),
    *_group("pki", PKI, {name: defect.line for name, defect in DEFECTS.items()}),
]

CATALOGUE: Mapping[str, FaultKind] = {kind.name: kind for kind in _KINDS}
"""All faults by name, in the order in which they are listed to the user."""

WIRE_FAULTS = tuple(kind.name for kind in _KINDS if kind.group == "wire")
"""Faults of the exchange itself, whatever the request."""


@dataclass
class Fault:
    """One fault as asked for, with its count of strikes."""

    kind: FaultKind
    target: str
    after: int
    every: int = 1
    count: int | None = None
    delay_s: float = 0.0
    ratio: float = 0.0
    seen: int = field(default=0, compare=False)
    fired: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """Name in the catalogue."""
        return self.kind.name

    def strikes(self, request: int) -> bool:
        """Say whether this occasion is hit, and count it."""
        if request <= self.after:
            return False
        self.seen += 1
        if (self.seen - 1) % self.every or (self.count is not None and self.fired >= self.count):
            return False
        self.fired += 1
        return True

    def stands(self, request: int) -> bool:
        """Say whether a lasting fault is present at a request."""
        number = max(request, 1) - self.after - 1
        if number < 0 or number % self.every:
            return False
        return self.count is None or number // self.every < self.count


def parse_fault(spelling: str) -> Fault:
    """Give the fault of a spelling such as `busy:target=meter_02:after=3`.

    Raises:
        RequestError: the name, an option or the target is not known.
    """
    name, *options = spelling.split(":")
    kind = CATALOGUE.get(name)
    if kind is None:
        raise _unknown("fault", name, CATALOGUE)
    fault = Fault(kind, kind.targets[0], kind.after, 1, kind.count, kind.delay_s, kind.ratio)
    for option in options:
        _set_option(fault, option, spelling)
    if fault.target not in kind.targets:
        raise _unknown(f"target of the fault {name}", fault.target, kind.targets)
    return fault


def _set_option(fault: Fault, option: str, spelling: str) -> None:
    key, _, content = option.partition("=")
    if key == "target":
        fault.target = content
    elif key == "delay":
        fault.delay_s = _number(content, float, spelling)
    elif key == "ratio":
        fault.ratio = _number(content, float, spelling, most=1.0)
    elif key in {"after", "every", "count"}:
        setattr(fault, key, _number(content, int, spelling))
    else:
        raise _unknown("option of a fault", key, ("target", "after", "every", "count", "delay", "ratio"))


def _number(content: str, kind: type[int] | type[float], spelling: str, most: float = 1e6) -> float:
    try:
        number = kind(content)
    except ValueError:
        number = -1
    if not 0 <= number <= most:
        raise RequestError(
            f"The fault {spelling!r} has {content!r} where a number belongs.",
            todo="Write it as NAME[:target=DEVICE][:after=N][:every=N][:count=N][:delay=SECONDS][:ratio=0..1].",
        )
    return number


def _unknown(what: str, name: str, known: Iterable[str]) -> RequestError:
    names = list(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Known are: {', '.join(names)}."
    return RequestError(
        f"The bench knows no {what} named {name!r}.", why=hint, todo="List them: v2g-tool bench faults."
    )


class FaultSet:
    """The faults of one device, and the count of requests that drives them.

    Not locked: the device that owns it handles one request at a time.
    """

    def __init__(self, target: str, faults: Sequence[Fault] = ()) -> None:
        self.requests = 0
        self._faults = [fault for fault in faults if fault.target == target]

    def begin(self) -> None:
        """Count a request."""
        self.requests += 1

    def strike(self, *names: str) -> Fault | None:
        """Give the first of these faults that hits this occasion, and use it up."""
        hits = (fault for fault in self._faults if fault.name in names and fault.strikes(self.requests))
        return next(hits, None)

    def standing(self, group: str) -> list[str]:
        """Give the names of the lasting faults of a group that are present now."""
        return [f.name for f in self._faults if f.kind.group == group and f.stands(self.requests)]

    def has(self, name: str) -> bool:
        """Say whether a lasting fault is present now."""
        return self.lasting(name) is not None

    def lasting(self, name: str) -> Fault | None:
        """Give a lasting fault that is present now, with its options."""
        present = (fault for fault in self._faults if fault.name == name and fault.stands(self.requests))
        return next(present, None)
