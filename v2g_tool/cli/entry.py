"""The frame of both console scripts: run an app, and turn every failure into three lines and a status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from v2g_tool.errors import ExitStatus, V2GError


def run_app(app: Callable[..., object]) -> NoReturn:
    """Run a typer app to its end: the exit status, and three lines for every failure."""
    try:
        result = app(standalone_mode=False)
    except V2GError as exc:
        from v2g_tool.report.console import tell_error

        tell_error(exc)
        sys.exit(exc.status)
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)
    except (BrokenPipeError, SystemExit) as exc:
        sys.exit(_left(exc))
    except Exception as exc:  # noqa: BLE001 - the last line of defence: a defect is told, not spilled
        sys.exit(_status_of(exc))
    sys.exit(result if isinstance(result, int) else ExitStatus.WITHIN_LIMITS)


def _left(exc: BaseException) -> int | str | None:
    """Give the status when the reader of standard output has gone, as `| head` does; typer turns that into 1."""
    if isinstance(exc, BrokenPipeError) or isinstance(exc.__context__, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.WITHIN_LIMITS
    return exc.code if isinstance(exc, SystemExit) else None


def _status_of(exc: Exception) -> int:
    """Give the status of what typer raises for a wrong command line or an aborted prompt, else tell a defect.

    typer carries its own copy of click in newer versions, so its exceptions are known by what they can do.
    """
    show = getattr(exc, "show", None)
    if show is not None:
        from v2g_tool.cli.group import usage_error
        from v2g_tool.report.console import tell_error

        show() if type(exc).__name__ == "NoArgsIsHelpError" else tell_error(usage_error(exc))
        return ExitStatus.WRONG_REQUEST
    if type(exc).__name__ == "Abort":
        return ExitStatus.INTERRUPTED
    return _defect()


def _defect() -> ExitStatus:
    import tempfile
    import traceback

    trace = traceback.format_exc()
    with tempfile.NamedTemporaryFile("w", prefix="v2g-tool-defect-", suffix=".txt", delete=False) as file:
        file.write(trace)
    sys.stderr.write(
        f"✗ {Path(sys.argv[0]).name} has a defect: {trace.strip().splitlines()[-1]}\n"
        f"  Why: this is a mistake in the program, not in your request.\n"
        f"  Do:  send {file.name} with your report folder to the maintainers.\n"
    )
    return ExitStatus.DEFECT
