"""What was asked of the telemetry backhaul."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from v2g_tool.errors import RequestError
from v2g_tool.model.site.backhaul import TelemetrySite
from v2g_tool.model.site.site import Site
from v2g_tool.run.request import Procedure

if TYPE_CHECKING:
    from v2g_tool.backhaul.rules.facts import TelemetryLimits
    from v2g_tool.backhaul.work.throughput import Measured, Plan
    from v2g_tool.run.result import Attachment, Result
    from v2g_tool.run.session import Session


@dataclass(frozen=True)
class Asked:
    """What the command line says instead of the site file; None where it says nothing."""

    server: str | None = None
    port: int | None = None
    rate_mbit_s: float | None = None
    datagram_bytes: int | None = None
    echo: str | None = None

    def over(self, site: Site) -> TelemetrySite:
        """Give the telemetry of the site with what was asked for instead; raises RequestError without a server."""
        given = {
            "host": self.server,
            "port": self.port,
            "rate_mbit_s": self.rate_mbit_s,
            "datagram_bytes": self.datagram_bytes,
            "echo": self.echo,
        }
        changes = {key: value for key, value in given.items() if value is not None}
        merged = {**(site.telemetry.model_dump() if site.telemetry else {}), **changes}
        if not merged.get("host"):
            raise RequestError(
                f"site '{site.site.name}' does not say where telemetry goes",
                why="It has no [telemetry] with the host of the utility's server.",
                todo='Add [telemetry] with host = "..." to the site file, or give --server.',
            )
        try:
            return TelemetrySite.model_validate(merged)
        except ValidationError as exc:
            raise RequestError(
                f"'{merged['host']}' is no name of a server", todo="Give a name or an address as --server."
            ) from exc


@dataclass
class Throughput(Procedure):
    """Measure the telemetry backhaul of the site, or what was asked for instead."""

    asked: Asked
    plan: Plan
    name = "throughput"
    target = "telemetry"
    needs_site = False

    def facts(self) -> Mapping[str, object]:
        """Give where telemetry goes, and how long to measure."""
        return {"telemetry": self._telemetry.model_dump(), "plan": vars(self.plan)}

    def check(self, site: Site) -> None:
        """Find server and limits; raises RequestError."""
        from v2g_tool.backhaul.rules.facts import telemetry_limits

        self._telemetry = self.asked.over(site)
        self._limits = telemetry_limits(site.limits, self._telemetry.rate_mbit_s)

    def work(self, session: Session) -> Result:
        """Measure until the loss is decided or the time is over."""
        from v2g_tool.backhaul.pictures.live import Live
        from v2g_tool.backhaul.work.summary import telemetry_result
        from v2g_tool.backhaul.work.throughput import Task, measure_backhaul
        from v2g_tool.hal.backhaul.backhaul import open_backhaul

        telemetry, limits = self._telemetry, self._limits
        with (
            open_backhaul(telemetry, session.record, session.monotonic) as backhaul,
            Live(enabled=session.run.person.shows) as live,
        ):
            measured = measure_backhaul(backhaul, Task(telemetry, limits, self.plan), session, live.show)
        with session.shield():
            return telemetry_result(limits, measured, _attachments(measured, limits, session.site.site.name))


def _attachments(measured: Measured, limits: TelemetryLimits, site: str) -> list[Attachment]:
    from v2g_tool.backhaul.pictures.svg import telemetry_svg
    from v2g_tool.backhaul.pictures.table import echoes_csv, telemetry_csv
    from v2g_tool.run.result import Attachment

    facts = measured.facts
    found = []
    if facts.pieces:
        found.append(Attachment("telemetry.csv", telemetry_csv(facts), "text/csv"))
    if facts.echoes:
        found.append(Attachment("round-trips.csv", echoes_csv(facts), "text/csv"))
    if found:
        picture = telemetry_svg(facts, limits, measured.last_look, title=f"{facts.target}, {site}")
        found.append(Attachment("telemetry.svg", picture, "image/svg+xml"))
    return found
