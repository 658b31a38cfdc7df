"""A busy machine is no finding; in continuous integration a skipped test is a missing part, and fails the run."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

from tests.bounds import bounded

UNHEALTHY_HERE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
"""A slow machine is none of ours; a folder or bundle is put back by the test that changes it."""
settings.register_profile(
    "any machine", deadline=None, max_examples=bounded(40, in_full=2000), suppress_health_check=UNHEALTHY_HERE
)
settings.load_profile("any machine")


gc.disable()
"""Nothing that is imported or collected becomes garbage: not to look through it is a quarter of a worker's start."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest begin first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: ("test_readme" not in item.nodeid, "tests/system" not in item.nodeid))


def pytest_collection_finish() -> None:
    gc.enable()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", [])) if reporter is not None else 0
    if os.environ.get("CI") and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"{skipped} skipped: continuous integration needs every part", red=True)
