"""What was asked of the EMS computer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from v2g_tool.data.library import load_profile
from v2g_tool.data.reading import is_folder
from v2g_tool.drawing.text import plain
from v2g_tool.errors import RequestError
from v2g_tool.model.profiles.gridcode import GridCodeProfile
from v2g_tool.model.profiles.kernel import KernelProfile
from v2g_tool.model.site.site import Site
from v2g_tool.run.request import Procedure

if TYPE_CHECKING:
    from v2g_tool.host.work.sysctl import Options
    from v2g_tool.run.result import Result
    from v2g_tool.run.session import Session


@dataclass
class Sysctl(Procedure):
    """Judge, set or undo the kernel settings of the EMS computer; `root` and `profile` stand above the site's."""

    options: Options
    root: Path | None = None
    profile: str = ""
    name = "sysctl"
    target = "ems"
    needs_site = False

    def facts(self) -> Mapping[str, object]:
        """Give the options, the tree and the profile."""
        yardstick = self._yardstick
        return {"options": vars(self.options), "root": plain(str(yardstick.host.root)), "profile": yardstick.profile.id}

    def check(self, site: Site) -> None:
        """Find tree, profile and grid code; raises RequestError."""
        from v2g_tool.hal.linux.host import LinuxHost
        from v2g_tool.host.work.sysctl import Yardstick

        _check_words(self.options)
        kernel, self._file = load_profile(self.profile or site.ems.kernel, KernelProfile)
        root = _root(self.root or Path(site.ems.root or "/"))
        self._yardstick = Yardstick(site, LinuxHost(root), kernel, grid_code(site))

    def work(self, session: Session) -> Result:
        """Judge, and change what was asked for and agreed to."""
        from v2g_tool.host.work.summary import sysctl_result
        from v2g_tool.host.work.sysctl import settle_sysctl

        return sysctl_result(self._yardstick, self._file, settle_sysctl(self._yardstick, self.options, session))


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
