"""The site file: which instruments are here, under which name, address and serial number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from v2g_tool.errors import RequestError
from v2g_tool.model.base import Model
from v2g_tool.model.carriers import MASKS
from v2g_tool.model.spelling import did_you_mean

Legal = Literal["free", "lockable", "sealed", "unknown"]
"""Legal status of a meter: only `free` (or `lockable` and found unlocked) may be adjusted."""

MAC = r"^([0-9a-f]{2}(:[0-9a-f]{2}){5})?$"
"""A MAC address in lower case, or nothing."""


class SiteHead(Model):
    """`[site]`: the place itself."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$")
    bench: bool = False
    nominal_voltage_v: float = Field(default=230.0, gt=0)
    nominal_frequency_hz: float = Field(default=50.0, gt=0)
    operator: str = ""
    address: str = ""


class Charger(Model):
    """`[chargers.NAME]`: the instruments that belong together."""

    meter: str
    inverter: str = ""
    analyzer: str = ""
    modem: str = ""


class CurrentTransformer(Model):
    """A current transformer as configured, e.g. 100 A to 5 A."""

    primary_a: float = Field(gt=0)
    secondary_a: float = Field(gt=0)


class LimitChoice(Model):
    """Which limit set judges a meter, and under which conditions."""

    set: str
    class_: str = Field(alias="class")
    temperature_c: float | None = None


class Rating(Model):
    """The meter's rated currents in A, from its name plate."""

    i_min_a: float = Field(gt=0)
    i_tr_a: float = Field(gt=0)
    i_ref_a: float = Field(gt=0)
    i_max_a: float = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.i_min_a <= self.i_tr_a <= self.i_ref_a <= self.i_max_a:
            raise ValueError("rated currents must rise: i_min_a <= i_tr_a <= i_ref_a <= i_max_a")
        return self


class ModbusLink(Model):
    """How a Modbus device is reached; shared by meters and inverters."""

    link: Literal["tcp", "rtu"] = "tcp"
    host: str = ""
    port: int = Field(default=502, ge=1, le=65535)
    device: str = ""
    baud: int = Field(default=9600, ge=300, le=921600)
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    unit: int = Field(default=1, ge=0, le=255)
    timeout_s: float = Field(default=1.0, gt=0, le=60)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.link == "tcp" and not self.host:
            raise ValueError("a tcp link needs 'host'")
        if self.link == "rtu" and not self.device:
            raise ValueError("an rtu link needs 'device', for example /dev/ttyUSB0")
        return self

    @property
    def place(self) -> str:
        """The connection or bus, which one program at a time may use: `10.0.0.5:502`, `/dev/ttyUSB0`."""
        return f"{self.host}:{self.port}" if self.link == "tcp" else self.device

    @property
    def where(self) -> str:
        """The address for messages: `10.0.0.5:502 unit 1`."""
        return f"{self.place} unit {self.unit}"


class MeterSite(ModbusLink):
    """`[meters.NAME]`: one energy meter."""

    profile: str
    serial: str = ""
    legal: Legal | None = None
    """What the owner states; without it the meter's own statement counts, then the profile's."""
    phases: Literal[1, 3] = 3
    ct: CurrentTransformer | None = None
    limits: LimitChoice
    rating: Rating
    plan: str = "ac-bidirectional"
    analyzer: str
    inverter: str = ""


class CalibrationRecord(Model):
    """The calibration of a reference instrument."""

    certificate: str = Field(min_length=1)
    due: date
    laboratory: str = ""


class AnalyzerSite(Model):
    """`[analyzers.NAME]`: one reference power analyzer, or a person who reads its display (`profile` of kind typed)."""

    profile: str
    resource: str = ""
    serial: str = ""
    wiring: Literal["1P2W", "1P3W", "3P3W", "3P4W", "3V3A"] = "3P4W"
    update_s: float = Field(default=0.5, gt=0, le=20)
    voltage_ratio: float = Field(default=1.0, gt=0)
    current_ratio: float = Field(default=1.0, gt=0)
    calibration: CalibrationRecord
    timeout_s: float = Field(default=3.0, gt=0, le=60)


class InverterSite(ModbusLink):
    """`[inverters.NAME]`: what sets the load; `profile = "manual"` asks a person."""

    profile: str
    serial: str = ""
    max_charge_w: float = Field(gt=0)
    max_discharge_w: float = Field(default=0.0, ge=0)
    reversion_s: int = Field(default=120, ge=10, le=3600)

    @model_validator(mode="before")
    @classmethod
    def _manual_needs_no_host(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("profile") == "manual":
            return {"host": "operator", **data}
        return data


class ModemSite(Model):
    """`[modems.NAME]`: a PLC modem, by the Ethernet interface of this computer that leads to it."""

    interface: str = Field(pattern=r"^[^\s/]{1,15}$")
    mac: str = ""
    """The modem on this wire; without it whoever answers."""
    peer: str = ""
    """The other end of the link to map; without it the only other station of the network."""
    mask: str = "north-america"

    @field_validator("mac", "peer", mode="before")
    @classmethod
    def _spelled(cls, text: object) -> object:
        """Take an address as it is printed on a label: upper case, with hyphens."""
        if not isinstance(text, str):
            return text
        spelled = text.strip().lower().replace("-", ":")
        if not re.fullmatch(MAC, spelled):
            raise ValueError(f"'{text}' is no MAC address; write it as 00:b0:52:aa:bb:01")
        return spelled

    @model_validator(mode="after")
    def _mask_known(self) -> Self:
        if self.mask not in MASKS:
            raise ValueError(
                f"no carrier mask '{self.mask}'.{did_you_mean(self.mask, MASKS)} Known: {', '.join(MASKS)}"
            )
        return self


class EmsSite(Model):
    """`[ems]`: the energy management computer, and what of it is judged."""

    root: str = ""
    """The file tree to examine instead of this computer's own: a mounted image, or the bench's tree."""
    process: str = ""
    """Name of the EMS daemon, for example v2g-daemon."""
    config: str = ""
    """Its configuration file, with `worker_processes`."""
    kernel: str = "ems-low-latency"
    """The kernel profile."""
    islanding_action: Literal["", "trip", "cease"] = ""
    """What the EMS does when the islanding timeout strikes: disconnect, or cease and return by itself."""


class TelemetrySite(Model):
    """`[telemetry]`: the utility's server and what the manual asks of the way there."""

    host: str = Field(min_length=1)
    port: int = Field(default=5201, ge=1, le=65535)
    rate_mbit_s: float = Field(default=10.0, gt=0, le=10_000)
    datagram_bytes: int = Field(default=1400, ge=64, le=65_507)
    echo: Literal["icmp", "udp-echo", "tcp-echo", "modbus"] = "icmp"
    """How round trips are measured."""
    echo_port: int | None = Field(default=None, ge=1, le=65535)
    """Port of the echo service (default 7) or of the Modbus device (default 502)."""
    echo_unit: int = Field(default=1, ge=0, le=255)


class SiteLimits(Model):
    """`[limits]`: what the manual leaves to the site; the defaults are the manual's."""

    snr_db: float = Field(default=10.0, ge=0, le=60)
    carriers_below_pct: float = Field(default=0.0, ge=0, lt=100)
    loss_pct: float = Field(default=0.1, gt=0, lt=100)
    latency_ms: float = Field(default=100.0, gt=0, le=60_000)
    latency_percentile: float = Field(default=99.0, gt=0, lt=100)
    grid_code: str = ""
    """The ride-through profile that is in force, for example ieee-1547-2018."""
    category: str = ""
    """The category in that grid code, for example III."""


class Trust(Model):
    """`[trust]`: whose reports are accepted here."""

    fingerprints: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()


class Site(Model):
    """A whole site file."""

    site: SiteHead
    chargers: dict[str, Charger] = {}
    meters: dict[str, MeterSite] = {}
    analyzers: dict[str, AnalyzerSite] = {}
    inverters: dict[str, InverterSite] = {}
    modems: dict[str, ModemSite] = {}
    ems: EmsSite = EmsSite()
    telemetry: TelemetrySite | None = None
    limits: SiteLimits = SiteLimits()
    trust: Trust = Trust()

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        for name, meter in self.meters.items():
            _must_exist(f"meters.{name}.analyzer", meter.analyzer, self.analyzers)
            _must_exist(f"meters.{name}.inverter", meter.inverter, self.inverters)
        for name, charger in self.chargers.items():
            _must_exist(f"chargers.{name}.meter", charger.meter, self.meters)
            _must_exist(f"chargers.{name}.analyzer", charger.analyzer, self.analyzers)
            _must_exist(f"chargers.{name}.inverter", charger.inverter, self.inverters)
            _must_exist(f"chargers.{name}.modem", charger.modem, self.modems)
        return self

    def meter(self, target: str) -> MeterSite:
        """Give the meter called `target`; raises RequestError with the names there are."""
        if target not in self.meters:
            raise RequestError(
                f"site '{self.site.name}' has no meter '{target}'.{did_you_mean(target, self.meters)}",
                why=f"The site file lists: {', '.join(self.meters) or 'no meter at all'}.",
                todo="Give one of these names as --target, or add the meter to the site file.",
                key=("meters",),
            )
        return self.meters[target]

    def modem(self, target: str) -> tuple[str, ModemSite]:
        """Give name and entry of the modem `target`; without a name the only one, or the one of the only charger.

        Raises RequestError with the names there are.
        """
        chosen = target or self._only_modem()
        if chosen not in self.modems:
            raise RequestError(
                f"site '{self.site.name}' has no modem '{chosen}'.{did_you_mean(chosen, self.modems)}"
                if chosen
                else f"site '{self.site.name}' does not say which modem is meant",
                why=f"The site file lists: {', '.join(self.modems) or 'no modem at all'}.",
                todo="Give one of these names as --target, or add [modems.NAME] with its interface to the site file.",
                key=("modems",) if self.modems else (),
            )
        return chosen, self.modems[chosen]

    def _only_modem(self) -> str:
        if len(self.modems) == 1:
            return next(iter(self.modems))
        of_chargers = {charger.modem for charger in self.chargers.values() if charger.modem}
        return of_chargers.pop() if len(of_chargers) == 1 else ""

    def charger_of(self, target: str) -> str:
        """Give the name of the charger that `target` (a meter or modem) belongs to, or an empty text."""
        return next((name for name, c in self.chargers.items() if target in (c.meter, c.modem)), "")


def _must_exist(key: str, name: str, known: Mapping[str, object]) -> None:
    if name and name not in known:
        raise ValueError(f"{key} = '{name}' is defined nowhere.{did_you_mean(name, known)}")
