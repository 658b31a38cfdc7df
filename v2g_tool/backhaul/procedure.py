"""From a request to a signed report about the telemetry backhaul."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from v2g_tool.errors import ExitStatus, RequestError
from v2g_tool.model.site.backhaul import TelemetrySite
from v2g_tool.model.site.site import Site
from v2g_tool.run.commission import commission
from v2g_tool.run.request import Request, located_or_no_site
from v2g_tool.run.run import Run

if TYPE_CHECKING:
    from v2g_tool.backhaul.rules.facts import TelemetryLimits
    from v2g_tool.backhaul.work.throughput import Measured, Plan
    from v2g_tool.run.result import Attachment, Result


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
        return TelemetrySite.model_validate(merged)


def throughput(request: Request, asked: Asked, plan: Plan) -> ExitStatus:
    """Measure the backhaul, write and show the signed report, and give the exit status."""
    from v2g_tool.backhaul.pictures.live import Live
    from v2g_tool.backhaul.rules.facts import telemetry_limits
    from v2g_tool.backhaul.work.summary import telemetry_result
    from v2g_tool.backhaul.work.throughput import Task, measure_backhaul
    from v2g_tool.hal.backhaul.backhaul import open_backhaul

    place = located_or_no_site(request.site_file)
    telemetry = asked.over(place.site)
    limits = telemetry_limits(place.site.limits, telemetry.rate_mbit_s)

    def work(run: Run) -> Result:
        with (
            open_backhaul(telemetry, run.record, run.monotonic) as backhaul,
            Live(enabled=not request.quiet) as live,
        ):
            measured = measure_backhaul(backhaul, Task(telemetry, limits, plan), run, live.show)
        with run.shield():
            return telemetry_result(limits, measured, _attachments(measured, limits, place.site.site.name))

    facts = {"telemetry": telemetry.model_dump(), "plan": vars(plan)}
    return commission(request, place, "throughput", facts, work)


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
