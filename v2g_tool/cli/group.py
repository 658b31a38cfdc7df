"""The command group of both console scripts: the one place where the manual's spelling meets typer."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from v2g_tool.cli.argv import Command, command_first
from v2g_tool.errors import RequestError
from v2g_tool.model.spelling import did_you_mean

_HELP = {"help_option_names": ["-h", "--help"]}
"""The context settings of both programs; their commands inherit them."""


class ManualGroup(TyperGroup):
    """A group that takes its commands and options in every spelling that `argv` knows."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own context
        """Translate the spelling, then parse once."""
        return super().parse_args(ctx, command_first(args, described(self, ctx.command_path)))


def program(purpose: str) -> typer.Typer:
    """Give the typer app of a console script, without commands yet; `purpose` heads its help."""
    return typer.Typer(
        cls=ManualGroup,
        context_settings=_HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # help without rich: twice as fast
        add_completion=False,
        help=purpose,
    )


def described(command: Any, name: str) -> Command:  # noqa: ANN401 - typer's own command
    """Give what a typer command takes, and the commands below it."""
    options = [param for param in command.params if param.param_type_name == "option"]
    takes = {spelt: not option.is_flag for option in options for spelt in (*option.opts, *option.secondary_opts)}
    return Command(
        name,
        takes | dict.fromkeys(_HELP["help_option_names"], False),
        {key: described(inner, f"{name} {key}") for key, inner in getattr(command, "commands", {}).items()},
        arguments=len(options) < len(command.params),
        words_follow=not command.context_settings.get("allow_interspersed_args", True),
    )


def usage_error(exc: Any) -> RequestError:  # noqa: ANN401 - typer's own, which newer versions keep to themselves
    """Give what typer says of a wrong command line as what, why and what to do."""
    message = exc.format_message().replace("Value error, ", "").rstrip(".")
    if getattr(exc, "ctx", None) is None:  # what the parser itself says
        why = "Some options take a value, as --target=meter_01 does, and some take none, as --yes."
        return RequestError(message, why=why, todo="Correct it; --help behind the command says what it takes.")
    name, param, wrong = exc.ctx.command_path, getattr(exc, "param", None), getattr(exc, "option_name", "")
    what, why = f"{name}: {message[:1].lower()}{message[1:]}", getattr(param, "help", None) or exc.ctx.get_usage()
    if wrong and hasattr(exc, "possibilities"):
        options = [spelt for spelt in described(exc.ctx.command, name).options if spelt.startswith("--")]
        what, why = f"{name} has no option {wrong}.{did_you_mean(wrong, options)}", f"It has: {', '.join(options)}."
    return RequestError(what, why=why, todo=f"Correct it; '{name} --help' says what it takes.")


def version_option(program: str) -> Any:  # noqa: ANN401 - what typer gives
    """Give the option --version of a program."""

    def show(asked: bool) -> None:
        if asked:
            from v2g_tool import __version__

            typer.echo(f"{program} {__version__}")
            raise typer.Exit

    return typer.Option("--version", callback=show, is_eager=True, help="Show the version and stop.")
