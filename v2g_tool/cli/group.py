"""The command group of both console scripts: the one place where the manual's spelling meets typer."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from v2g_tool.cli.argv import TwoCommands, UnknownOperation, ValueOnCommand, command_first


class ManualGroup(TyperGroup):
    """A group that takes its commands also as flags, and with the manual's typeset dashes."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own context
        """Translate the spelling, then parse once."""
        try:
            args = command_first(args, self.commands)
        except (TwoCommands, UnknownOperation, ValueOnCommand) as exc:
            raise typer.BadParameter(str(exc), ctx=ctx) from exc
        return super().parse_args(ctx, args)


def version_option(program: str) -> Any:  # noqa: ANN401 - what typer gives
    """Give the option --version of a program."""

    def show(asked: bool) -> None:
        if asked:
            from v2g_tool import __version__

            typer.echo(f"{program} {__version__}")
            raise typer.Exit

    return typer.Option("--version", callback=show, is_eager=True, help="Show the version and stop.")
