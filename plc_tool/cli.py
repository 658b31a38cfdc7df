"""The command line of v2g-plc-tool: wiring only. It has no command yet; each appears when it works."""

from __future__ import annotations

from typing import Annotated

import typer

from v2g_tool.command_group import ManualGroup, version_option

app = typer.Typer(
    cls=ManualGroup,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help without rich: twice as fast
    add_completion=False,
    help="Map and diagnose the PLC link of a charger.",
)


@app.callback()
def root(
    ctx: typer.Context,
    _version_asked: Annotated[bool, version_option("v2g-plc-tool")] = False,
) -> None:
    """Map and diagnose the PLC link of a charger. This version has no command yet."""
    typer.echo(ctx.get_help())
