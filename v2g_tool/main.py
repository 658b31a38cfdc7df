"""The entry points of both console scripts: parse, run, and turn every failure into three lines and a status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn

from v2g_tool.errors import ExitStatus, V2GError


def v2g_tool() -> NoReturn:
    """Run `v2g-tool`."""
    from v2g_tool.cli import app

    _run(app)


def v2g_plc_tool() -> NoReturn:
    """Run `v2g-plc-tool`."""
    from plc_tool.cli import app

    _run(app)


def _run(app: Callable[[], object]) -> NoReturn:
    try:
        app()
    except V2GError as exc:
        _tell(exc)
        sys.exit(exc.status)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone, as `| head` does
        sys.exit(ExitStatus.WITHIN_LIMITS)
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)
    except Exception:  # noqa: BLE001 - the last line of defence: a defect is told, not spilled
        sys.exit(_defect())
    sys.exit(ExitStatus.WITHIN_LIMITS)


def _tell(error: V2GError) -> None:
    from v2g_tool.report.commission import show_error

    show_error(error)


def _defect() -> ExitStatus:
    import tempfile
    import traceback
    from pathlib import Path

    trace = traceback.format_exc()
    with tempfile.NamedTemporaryFile("w", prefix="v2g-tool-defect-", suffix=".txt", delete=False) as file:
        file.write(trace)
    sys.stderr.write(
        f"✗ {Path(sys.argv[0]).name} has a defect: {trace.strip().splitlines()[-1]}\n"
        f"  Why: this is a mistake in the program, not in your request.\n"
        f"  Do:  send {file.name} with your report folder to the maintainers.\n"
    )
    return ExitStatus.DEFECT
