"""The site file: which instruments are here, under which name, address and serial number."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from v2g_tool.errors import RequestError
from v2g_tool.model.base import Model
from v2g_tool.model.site.backhaul import TelemetrySite
from v2g_tool.model.site.host import EmsSite
from v2g_tool.model.site.metering import AnalyzerSite, InverterSite, MeterSite
from v2g_tool.model.site.pki import PkiSite
from v2g_tool.model.site.plc import ModemSite
from v2g_tool.model.spelling import did_you_mean


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
    pki: PkiSite = PkiSite()
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
