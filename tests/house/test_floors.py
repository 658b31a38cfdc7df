"""The floors hold: what import-linter forbids is seen to be forbidden, in a copy of the house."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bounds import HANG_S

HOUSE = Path(__file__).parents[2]
PROGRAMS = ("v2g_tool", "plc_tool")


def copy_of_the_house(folder: Path) -> Path:
    for name in PROGRAMS:
        shutil.copytree(HOUSE / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOUSE / "pyproject.toml", folder)
    return folder


def contracts(folder: Path) -> str:
    """Give what import-linter says of the house in this folder, as one line."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    return re.sub(r"\s+", " ", done.stdout + done.stderr)


def pure_folders(folder: Path) -> list[Path]:
    rules = [path for name in PROGRAMS for path in (folder / name).rglob("rules") if path.is_dir()]
    return [*rules, folder / "v2g_tool/model", folder / "v2g_tool/statistics"]


def test_a_socket_in_any_pure_folder_breaks_the_contract(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    planted = []
    for room in pure_folders(house):
        file = sorted(path for path in room.rglob("*.py") if path.name != "__init__.py")[-1]
        file.write_text(file.read_text() + "\nimport socket\n")
        planted.append(str(file.relative_to(house).with_suffix("")).replace("/", "."))

    said = contracts(house)

    assert len(planted) > 5
    for module in planted:
        assert f"{module} -> socket" in said, said
