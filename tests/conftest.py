"""A busy machine is no finding; in continuous integration a skipped test is a missing part, and fails the run."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

UNHEALTHY_HERE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
"""A slow machine is none of ours; a folder or bundle is put back by the test that changes it."""
settings.register_profile("any machine", deadline=None, suppress_health_check=UNHEALTHY_HERE)
settings.load_profile("any machine")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", [])) if reporter is not None else 0
    if os.environ.get("CI") and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"{skipped} skipped: continuous integration needs every part", red=True)
