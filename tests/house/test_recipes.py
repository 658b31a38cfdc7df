"""The recipe of a new command in docs/house.md, followed to the letter in a copy of the house."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.house.test_floors import HOUSE, copy_of_the_house
from v2g_tool.register import DOMAINS

PAGE = HOUSE / "docs/house.md"


def blocks() -> dict[str, str]:
    """Give the code of the last recipe by the file that the words before it name."""
    recipe = PAGE.read_text().split("## A new command")[1]
    found = re.findall(r"`(v2g_tool/[\w/]+\.py)`[^`\n]*:\n\n((?:    .*\n)+)", recipe)
    return {name: re.sub("(?m)^    ", "", code) for name, code in found}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The house with the command of the recipe in it."""
    folder = copy_of_the_house(tmp_path_factory.mktemp("house"))
    shutil.copytree(HOUSE / "profiles", folder / "profiles")
    (folder / "v2g_tool/disk").mkdir()
    (folder / "v2g_tool/disk/__init__.py").touch()
    for name, code in blocks().items():
        path = folder / name
        if name.endswith("register.py"):
            line = next(line for line in path.read_text().splitlines(keepends=True) if '"plc_tool"' in line)
            path.write_text(path.read_text().replace(line, f"{line}    {code}"))
        elif path.exists():
            path.write_text(f"{path.read_text()}\n\n{code}")
        else:
            path.write_text(code)
    return folder


def run(house: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(house), "HOME": str(house)}
    return subprocess.run(
        [sys.executable, "-m", "v2g_tool", *words],
        cwd=house,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )


def test_a_new_command_needs_one_folder_one_line_and_one_function(house: Path) -> None:
    inside = {name for name in blocks() if name.startswith("v2g_tool/disk/")}

    assert set(blocks()) - inside == {"v2g_tool/register.py", "v2g_tool/app.py"}
    assert blocks()["v2g_tool/register.py"].count("\n") == 1
    assert blocks()["v2g_tool/app.py"].count("def ") == 1
    assert "room" in run(house, "--help").stdout


def test_it_runs_to_a_signed_report_that_is_shown_verified_and_explained(house: Path) -> None:
    done = run(house, "bench", "run", "--", sys.executable, "-m", "v2g_tool", "room", "--json")

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    folder = house / "reports" / report["report_id"]
    assert (report["signature"], report["sections"][0]["kind"]) == ("test", "disk")
    assert report["findings"][0]["check"] == "HOST-ROOM"
    verified = run(house, "report", "verify", str(folder))
    assert (verified.returncode, "INTACT TEST" in verified.stdout) == (3, True), verified.stderr
    assert "Room for reports" in run(house, "report", "show", str(folder)).stdout
    assert "HOST-ROOM" in run(house, "explain", "HOST-ROOM").stdout
    assert "disk" in run(house, "report", "schema").stdout
    with_others = run(HOUSE, "report", "verify", str(folder))
    assert (with_others.returncode, "newer version" in with_others.stderr) == (3, True), with_others.stderr


def test_every_domain_stands_in_the_contracts() -> None:
    contracts = tomllib.loads((HOUSE / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (apart,) = (contract for contract in contracts if contract["type"] == "independence")

    assert set(apart["modules"]) == set(DOMAINS.values())


def test_the_recipes_fit_on_a_screen() -> None:
    for recipe in PAGE.read_text().split("\n## ")[2:4]:
        assert recipe.count("\n") <= 24
    assert PAGE.read_text().split("## A new command")[1].count("\n") <= 72
