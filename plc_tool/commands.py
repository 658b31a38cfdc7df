"""The commands of the PLC link: wiring only. `snr-map` is a command of both programs."""

from pathlib import Path
from typing import Annotated

import typer

from v2g_tool.cli.options import Json, Out, PassphraseFd, Quiet, SiteFile, Unsigned

Modem = Annotated[str, typer.Option("--target", help="Name of the modem in the site file; else the only one.")]
Interface = Annotated[str, typer.Option("--interface", "-i", help="Ethernet interface to the modem; needs no site.")]
Capture = Annotated[Path | None, typer.Option("--from", help="Judge this capture (pcapng or pcap); ask no modem.")]
Seconds = Annotated[float | None, typer.Option(min=0, max=86_400, help="How long to listen for a vehicle's sounds.")]


def snr_map(
    target: Modem = "",
    site: SiteFile = None,
    interface: Interface = "",
    capture: Capture = None,
    active: Annotated[
        bool, typer.Option("--active", help="Sound the line as a vehicle would. Not while a vehicle charges.")
    ] = False,
    seconds: Seconds = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Map again and again until Ctrl-C, holding min and max.")
    ] = False,
    out: Out = Path("reports"),
    json: Json = False,
    quiet: Quiet = False,
    unsigned: Unsigned = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Map the PLC link with the best that the modem offers, judge the 10 dB rule, and name what disturbs the link."""
    from plc_tool.procedure import SnrMap
    from plc_tool.work.snr_map import Asked
    from v2g_tool.run.commission import commission
    from v2g_tool.run.request import Request, passphrase_from

    request = Request(site, out, json, quiet, False, unsigned, passphrase_from(passphrase_fd))
    asked = Asked(interface=interface, capture=capture, active=active, seconds=seconds, watch=watch)
    raise typer.Exit(commission(request, SnrMap(asked, target)))


def listen(
    target: Modem = "",
    site: SiteFile = None,
    interface: Interface = "",
    seconds: Seconds = 60.0,
    out: Out = Path("reports"),
    json: Json = False,
    quiet: Quiet = False,
    unsigned: Unsigned = False,
    passphrase_fd: PassphraseFd = None,
) -> None:
    """Listen to the sounds of vehicles that plug in, and send nothing at all."""
    from plc_tool.procedure import SnrMap
    from plc_tool.work.snr_map import Asked
    from v2g_tool.run.commission import commission
    from v2g_tool.run.request import Request, passphrase_from

    request = Request(site, out, json, quiet, False, unsigned, passphrase_from(passphrase_fd))
    asked = Asked(interface=interface, seconds=seconds, silent=True)
    raise typer.Exit(commission(request, SnrMap(asked, target)))


def diff(
    before: Annotated[Path, typer.Argument(help="A report folder of snr-map, or a capture: before the change.")],
    after: Annotated[Path, typer.Argument(help="The same after it: ferrite fitted, drive switched off.")],
    svg: Annotated[Path | None, typer.Option(help="Write a picture of the difference here.")] = None,
) -> None:
    """Compare two maps of one link: what got better, where, by how much, and how sure that is."""
    from plc_tool.screens.comparing import compare

    raise typer.Exit(compare(before, after, svg))


def stations(target: Modem = "", site: SiteFile = None, interface: Interface = "", json: Json = False) -> None:
    """List the modems that answer and the stations of their networks. Writes nothing, signs nothing."""
    from plc_tool.screens.stations import show_stations

    raise typer.Exit(show_stations(target, site, interface, as_json=json))
