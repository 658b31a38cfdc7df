"""The words hold: what a document or a comment names is there, under that name."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PROGRAMS = ("v2g_tool", "plc_tool")
DOCUMENTS = [HOUSE / "README.md", HOUSE / "CHANGELOG.md", *sorted((HOUSE / "docs").glob("*.md"))]
SOURCES = sorted(path for name in PROGRAMS for path in (HOUSE / name).rglob("*.py"))

ROOMS = (*PROGRAMS, "profiles", "tests", "scripts", "benchmarks", "docs")
FLOORS = ("bench", "cli", "data", "drawing", "hal", "model", "record", "report", "run", "screens", "statistics")
DOMAINS = ("backhaul", "host", "metering")
OLD_ROOMS = ("rules", "procedures")
START = r"(?<![\w./<>*$-])"
IN_A_ROOM = re.compile(START + rf"(?:{'|'.join(ROOMS)})(?:/[\w.*-]*\w|/)+")
A_FILE = re.compile(START + r"[\w-]+(?:/[\w.-]+)*/[\w-]+\.(?:py|toml|md)\b")
ON_A_FLOOR = re.compile(START + rf"(?:{'|'.join((*FLOORS, *DOMAINS, *OLD_ROOMS))})/[a-z_]+\b(?!/)")
A_LINK = re.compile(r"\]\(([^)#:]+)\)")
A_MODULE = re.compile(rf"(?<![\w./-])(?:{'|'.join(PROGRAMS)})(?:\.[A-Za-z]\w*)+")


def paths_in(text: str) -> set[str]:
    """Give the paths of this house that a text names."""
    return {found for pattern in (IN_A_ROOM, A_FILE) for found in pattern.findall(text)}


def is_there(path: str, *bases: Path) -> bool:
    """Say whether there is such a path; a word in capitals stands for any name."""
    pattern = re.sub(r"\b[A-Z]+\b", "*", path).strip("/")
    return any(next(base.glob(pattern), None) is not None for base in bases)


def is_a_module(name: str) -> bool:
    """Say whether a dotted name leads to a package or module of this house, or to a word in it."""
    at = HOUSE
    for part in name.split("."):
        if (at / part).is_dir():
            at /= part
        elif (at / f"{part}.py").is_file():
            at /= f"{part}.py"
        else:
            file = at / "__init__.py" if at.is_dir() else at
            return re.search(rf"^ *(?:class|def)? *{part}\b", file.read_text(), re.MULTILINE) is not None
    return True


OF_THE_RECIPE = "v2g_tool/disk/"
"""What a reader of the recipe for a new command makes; tests/house/test_recipes.py does."""


def said(source: Path) -> Iterator[str]:
    """Give the comments and texts of a source file; docstrings are among the texts."""
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(source.read_text()).readline):
        if token.type in kinds:
            yield token.string


def gone(text: str) -> set[str]:
    """Give what a comment or text names that is not there."""
    floors = {path for path in ON_A_FLOOR.findall(text) if f"{path}." not in text}
    rooms = [HOUSE / name for name in PROGRAMS] + [HOUSE / "v2g_tool" / name for name in DOMAINS]
    return (
        {name for name in A_MODULE.findall(text) if not is_a_module(name)}
        | {path for path in paths_in(text) if not is_there(path, HOUSE, HOUSE / "v2g_tool")}
        | {path for path in floors if not is_there(path, *rooms) and not is_there(f"{path}.py", *rooms)}
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_path_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text()

    missing = {path for path in paths_in(text) if not is_there(path, HOUSE, HOUSE / "v2g_tool", document.parent)}
    missing |= {link for link in A_LINK.findall(text) if not is_there(link, document.parent)}

    assert not {path for path in missing if not path.startswith(OF_THE_RECIPE)}


@pytest.mark.parametrize("document", DOCUMENTS[:2], ids=lambda path: path.name)
def test_paths_are_found_in_a_document(document: Path) -> None:
    assert paths_in(document.read_text())


def test_no_comment_or_text_of_the_programs_names_what_is_gone() -> None:
    missing = {str(path.relative_to(HOUSE)): names for path in SOURCES for text in said(path) if (names := gone(text))}

    assert len(SOURCES) > 200
    assert not missing


@pytest.mark.parametrize(
    "name",
    [
        "v2g_tool.rules",
        "v2g_tool.procedures.calibrate",
        "v2g_tool.model.report.ReportOfOld",
        "report/commission",
        "procedures/sysctl",
        "rules/catalogue",
        "v2g_tool/main.py",
        "tests/rules/test_of_old.py",
    ],
)
def test_a_name_of_the_old_house_is_found(name: str) -> None:
    assert gone(f"as `{name}` says") == {name}


@pytest.mark.parametrize(
    "name",
    [
        "v2g_tool.bench.homeplug.scenes",
        "v2g_tool.model.report.Report",
        "run/commission",
        "tests/house/test_words.py",
        "v2g_tool/metering/",
        "/etc/v2g/profiles/meters",
        "v2g_tool/DOMAIN/checks.py",
    ],
)
def test_a_name_of_this_house_is_no_finding(name: str) -> None:
    assert not gone(f"as `{name}` says")
