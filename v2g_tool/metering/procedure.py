"""What was asked of a calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from v2g_tool.model.site.site import Site
from v2g_tool.run.request import Procedure

if TYPE_CHECKING:
    from v2g_tool.metering.work.outcome import Options
    from v2g_tool.run.result import Result
    from v2g_tool.run.session import Session


@dataclass
class Calibrate(Procedure):
    """Calibrate a meter of the site file."""

    target: str
    options: Options
    name = "calibrate"

    def facts(self) -> Mapping[str, object]:
        """Give the options."""
        return {"options": vars(self.options)}

    def check(self, site: Site) -> None:
        """Check meter, profiles, plan and limits; raises RequestError with the key of the site file."""
        from v2g_tool.metering.work.request import check_request

        check_request(site, self.target)

    def work(self, session: Session) -> Result:
        """Calibrate, with the devices put back on every way out."""
        from v2g_tool.metering.work.calibrate import calibrate
        from v2g_tool.metering.work.summary import calibration_result

        return calibration_result(calibrate(session, self.target, self.options))
