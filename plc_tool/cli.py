"""The command line of v2g-plc-tool: wiring only."""

from typing import Annotated, NoReturn

from plc_tool import commands
from v2g_tool.cli.entry import run_app
from v2g_tool.cli.group import program, version_option

app = program("Map and diagnose the PLC link of a charger.")


@app.callback()
def root(_version_asked: Annotated[bool, version_option("v2g-plc-tool")] = False) -> None:
    """Map and diagnose the PLC link of a charger."""


app.command("snr-map", short_help="Map the PLC link; name what disturbs it.")(commands.snr_map)
app.command("listen", short_help="Listen to vehicles plugging in; send nothing.")(commands.listen)
app.command("diff", short_help="Compare two maps: ferrite on and off.")(commands.diff)
app.command("stations", short_help="List modems and stations.")(commands.stations)


def v2g_plc_tool() -> NoReturn:
    """Run `v2g-plc-tool`."""
    run_app(app)
