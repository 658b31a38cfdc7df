"""Folders in memory, and the one healthy calibration that several tests look at."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.system.commands import Caller, shared_folder, site

MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Corrected:
    """What a calibration of an erring meter_01 left.

    Attributes:
        status: exit status of the first run.
        stdout: what it printed with --json.
        stderr: what else it said.
        folder: its report folder.
        writes: all write requests of the first run.
        working, stored: corrections in the meter after the first run.
        inverter_is_back: whether no set point was enabled at its end.
        truth: the true errors of the bench's meters.
        schema: what `report schema` prints.
        verify_status: exit status of `report verify`.
    """

    status: int
    stdout: str
    stderr: str
    folder: Path
    writes: list[dict[str, Any]]
    working: list[int]
    stored: list[int]
    inverter_is_back: bool
    truth: dict[str, Any]
    schema: dict[str, Any]
    verify_status: int

    @property
    def report(self) -> dict[str, Any]:
        return dict(json.loads(self.stdout))

    def copy(self, to: Path) -> Path:
        """Give a copy of the report folder, to alter."""
        return Path(shutil.copytree(self.folder, to / self.folder.name))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give an empty folder in memory where there is one: evidence is flushed line by line."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="v2g-system-", dir=MEMORY) as name:
        yield Path(name)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Caller:
    """Give what calls a program in this process."""
    return Caller(monkeypatch, capfd)


@pytest.fixture(scope="session")
def corrected(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Corrected:
    """Give the one calibration that all workers of this test run share."""
    with shared_folder(tmp_path_factory, testrun_uid, "corrected") as shared:
        kept = shared / "corrected.pickle"
        if not kept.exists():
            kept.write_bytes(pickle.dumps(_calibrated(shared)))
        return pickle.loads(kept.read_bytes())  # type: ignore[no-any-return]


def _calibrated(shared: Path) -> Corrected:
    with site(shared / "site") as here:
        first = here.calibrate()
        writes, (working, stored), back = here.writes(), here.corrections(), here.inverter_is_back()
        folder = here.report()
        verified = here.run("report", "verify", str(folder))
        schema = json.loads(here.run("report", "schema").stdout)
        return Corrected(
            status=first.returncode,
            stdout=first.stdout,
            stderr=first.stderr,
            folder=folder,
            writes=writes,
            working=working,
            stored=stored,
            inverter_is_back=back,
            truth=here.truth(),
            schema=schema,
            verify_status=verified.returncode,
        )
