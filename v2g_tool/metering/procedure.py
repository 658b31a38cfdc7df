"""From a request to a signed calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from v2g_tool.errors import ExitStatus
from v2g_tool.run.commission import commission
from v2g_tool.run.request import Request, located_errors, located_site
from v2g_tool.run.run import Run, state_directory

if TYPE_CHECKING:
    from v2g_tool.procedures.outcome import Options
    from v2g_tool.run.result import Result


def calibrate(request: Request, options: Options) -> ExitStatus:
    """Calibrate the target, write and show the signed report, and give the exit status."""
    from v2g_tool.procedures.calibrate import calibrate as procedure
    from v2g_tool.procedures.request import check_request
    from v2g_tool.procedures.summary import calibration_result
    from v2g_tool.record.intents import IntentStore

    place = located_site(request.site_file)
    with located_errors(place):
        check_request(place.site, request.target)
    store = IntentStore(state_directory())

    def work(run: Run) -> Result:
        return calibration_result(procedure(place.site, request.target, options, store, run))

    return commission(request, place, "calibrate", {"options": vars(options)}, work)
