"""From a request to a signed report about the EMS computer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from v2g_tool.data.library import load_profile
from v2g_tool.data.reading import is_folder
from v2g_tool.drawing.text import plain
from v2g_tool.errors import ExitStatus, RequestError
from v2g_tool.model.profiles.gridcode import GridCodeProfile
from v2g_tool.model.profiles.kernel import KernelProfile
from v2g_tool.model.site.site import Site
from v2g_tool.run.commission import commission
from v2g_tool.run.request import Request, located_errors, located_or_no_site
from v2g_tool.run.run import Run, state_directory

if TYPE_CHECKING:
    from v2g_tool.procedures.sysctl import Options
    from v2g_tool.run.result import Result


def sysctl(request: Request, options: Options, root: Path | None, profile: str) -> ExitStatus:
    """Judge, set or undo the kernel settings, write and show the signed report, and give the exit status."""
    from v2g_tool.procedures.sysctl import Yardstick, settle_sysctl
    from v2g_tool.procedures.sysctl_section import sysctl_result
    from v2g_tool.record.intents import IntentStore

    _check_words(options)
    place = located_or_no_site(request.site_file)
    ems = place.site.ems
    with located_errors(place):
        kernel, path = load_profile(profile or ems.kernel, KernelProfile)
        code = grid_code(place.site)
    yardstick = Yardstick(place.site, _root(root or Path(ems.root or "/")), kernel, code)
    store = IntentStore(state_directory())

    def work(run: Run) -> Result:
        return sysctl_result(yardstick, path, settle_sysctl(yardstick, options, store, run))

    facts = {"options": vars(options), "root": plain(str(yardstick.root)), "profile": kernel.id}
    return commission(request, place, "sysctl", facts, work)


def grid_code(site: Site) -> GridCodeProfile | None:
    """Give the grid code that the site names, None where it names none; raises RequestError for an unknown one."""
    if not site.limits.grid_code:
        return None
    code, _ = load_profile(site.limits.grid_code, GridCodeProfile)
    code.stays_of(site.limits.category)
    return code


def _check_words(options: Options) -> None:
    if options.undo and (options.apply or options.persist):
        raise RequestError(
            "--undo goes with neither --apply nor --persist", todo="Undo first, then apply in a second run."
        )


def _root(root: Path) -> Path:
    if not any(is_folder(root / part) for part in ("proc/sys", "etc")):
        raise RequestError(
            f"{root} is no file tree of a Linux computer: it has neither etc nor proc/sys",
            todo="Give --root the folder where the image is mounted, or leave it away to examine this computer.",
        )
    return root.absolute()
