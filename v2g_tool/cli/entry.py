"""The frame of both console scripts: run an app, and turn every failure into three lines and a status."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from v2g_tool.cli.argv import json_asked
from v2g_tool.cli.streams import guard_streams
from v2g_tool.errors import ExitStatus, NotPermitted, V2GError


def run_app(app: Callable[..., object]) -> NoReturn:
    """Run a typer app to its end: the exit status, and three lines for every failure."""
    # A start makes a hundred thousand objects and no garbage: looking for it at every seven hundred costs 3 %.
    gc.set_threshold(50_000, 20, 20)
    output = guard_streams()
    if os.environ.get("HOME") == "":  # it would make the root folder everybody's home
        del os.environ["HOME"]
    # No plug-in may change what a file means; and looking for one in every installed package costs a read 2 %.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        status = _status_of(app)
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = ExitStatus.INTERRUPTED
    # A reader that has gone has what it wanted; a full disk has lost what was asked for.
    if output.failure is not None and not isinstance(output.failure, BrokenPipeError):
        from v2g_tool.report.page import tell_error

        tell_error(
            NotPermitted(
                f"standard output could not be written: {output.failure.strerror}",
                why="The disk behind it is full, or the device does not take it.",
                todo="Free space, or send the output elsewhere. A report that was made is whole, in its own folder.",
            )
        )
        status = status or ExitStatus.NOT_JUDGED
    gc.freeze()  # Python would look through all objects for garbage once more: a sixth of the time of --help.
    sys.exit(status)


def _status_of(app: Callable[..., object]) -> int:
    try:
        result = app(standalone_mode=False)
    except V2GError as exc:
        _tell(exc)
        return exc.status
    except SystemExit as exc:
        # typer leaves like this on a broken pipe, which is none of ours: standard output raises none. Else somebody
        # asked for a shell completion, which we do not have.
        return _defect(exc.__context__) if exc.__context__ else ExitStatus.WRONG_REQUEST
    except Exception as exc:  # noqa: BLE001 - the last line of defence: a defect is told, not spilled
        return _told(exc)
    return result if isinstance(result, int) else ExitStatus.WITHIN_LIMITS


def _tell(error: V2GError) -> None:
    if json_asked(sys.argv[1:]):
        import json

        told = {"what": error.what, "why": error.why, "todo": error.todo, "status": int(error.status)}
        sys.stdout.write(json.dumps({"error": told}) + "\n")
        return
    from v2g_tool.report.page import tell_error

    tell_error(error)


def _told(exc: Exception) -> int:
    """Give the status of what typer raises for a wrong command line or an aborted prompt, else tell a defect.

    typer carries its own copy of click in newer versions, so its exceptions are known by what they can do.
    """
    show = getattr(exc, "show", None)
    if show is not None:
        from v2g_tool.cli.group import usage_error

        show() if type(exc).__name__ == "NoArgsIsHelpError" else _tell(usage_error(exc))
        return ExitStatus.WRONG_REQUEST
    if type(exc).__name__ == "Abort":
        return ExitStatus.INTERRUPTED
    return _defect(exc)


def _defect(exc: BaseException) -> ExitStatus:
    import tempfile
    import traceback

    trace = "".join(traceback.format_exception(exc))
    todo = "Run it again where a file can be kept in the folder for temporary files: the trace goes there."
    with suppress(OSError):
        descriptor, name = tempfile.mkstemp(".txt", "v2g-tool-defect-")
        with os.fdopen(descriptor, "w", errors="backslashreplace") as file:
            file.write(trace)
        todo = f"Send {name} with your report folder to the maintainers."
    what = f"{Path(sys.argv[0]).name} has a defect: {trace.strip().splitlines()[-1]}"
    _tell(V2GError(what, why="This is a mistake in the program, not in your request.", todo=todo))
    return ExitStatus.DEFECT
