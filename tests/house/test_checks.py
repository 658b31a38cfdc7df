"""Every check can be explained, is raised, and gives its findings their words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from v2g_tool.metering.checks import ACCURACY_AS_FOUND, TUR, WIRING_FAULTS
from v2g_tool.metering.rules.wiring import Kind
from v2g_tool.model.check import Check
from v2g_tool.model.findings import Evidence, Verdict
from v2g_tool.register import all_checks

HOUSE = Path(__file__).parents[2]
PRODUCT = ("v2g_tool", "plc_tool")
FAULTS = {check.id for check in WIRING_FAULTS.values()}


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Give every file under these folders, parsed."""
    for file in sorted(file for folder in folders for file in (HOUSE / folder).rglob("*.py")):
        yield file, ast.parse(file.read_text())


@cache
def constants() -> dict[tuple[str, str], str]:
    """Give the id of each check by its module and the constant that holds it, as the source has them."""
    return {
        (".".join(file.relative_to(HOUSE).with_suffix("").parts), statement.targets[0].id): statement.value.args[
            0
        ].value  # type: ignore[attr-defined]
        for file, tree in trees(*PRODUCT)
        if file.name.endswith("checks.py")
        for statement in tree.body
        if isinstance(statement, ast.Assign) and getattr(getattr(statement.value, "func", None), "id", "") == "Check"
    }


def uses(tree: ast.Module, modules: set[str]) -> set[tuple[str, str]]:
    """Give the names out of these modules that a file uses: `checks.LOSS`, or LOSS by `from … import LOSS`."""
    named, used = dict[str, str](), set[tuple[str, str]]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            named |= {a.asname or a.name: path for a in node.names if (path := f"{node.module}.{a.name}") in modules}
            used |= {(node.module, alias.name) for alias in node.names if node.module in modules}
    attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return used | {(named[node.value.id], node.attr) for node in attributes if getattr(node.value, "id", "") in named}  # type: ignore[attr-defined]


def test_every_check_stands_in_one_constant() -> None:
    assert sorted(constants().values()) == sorted(all_checks())


COMMAND = re.compile(r"(^|: )(sudo|openssl|cat) .*[^.]$")


def test_every_check_is_used_outside_its_file() -> None:
    modules = {module for module, _ in constants()}
    used = {use for file, tree in trees(*PRODUCT) if not file.name.endswith("checks.py") for use in uses(tree, modules)}
    # A table of checks stands in checks.py itself: whoever uses the table uses what is in it.
    faults = {("v2g_tool.metering.checks", name) for (_, name), id_ in constants().items() if id_ in FAULTS}
    if ("v2g_tool.metering.checks", "WIRING_FAULTS") in used:
        used |= faults

    assert set(constants()) - used == set()


def test_every_check_stands_in_a_test() -> None:
    said = {
        word
        for file, tree in trees("tests")
        if "house" not in file.relative_to(HOUSE).parts
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in re.findall(r"[A-Z0-9]+(?:-[A-Z0-9]+)+", node.value)
    }

    assert set(all_checks()) - said == set()


@pytest.mark.parametrize("check", all_checks().values(), ids=lambda check: check.id)
def test_a_check_fits_on_a_terminal_and_names_its_source(check: Check) -> None:
    assert 1 <= check.severity <= 10
    assert check.title
    assert check.reference
    assert check.cause.endswith(".")
    # A command at the end is copied as it stands: a full stop would be a part of it.
    assert check.remedy.endswith(".") or COMMAND.search(check.remedy)
    assert len(check.remedy) <= 160
    assert len(check.cause) <= 160


def test_a_failed_finding_carries_severity_remedy_and_reference() -> None:
    shown = Evidence(name="error", value="2.4", unit="%", limit="2.0 %")

    found = ACCURACY_AS_FOUND.finding("meter_01", Verdict.FAIL, "L1 reads 2.4 % too much.", [shown])

    expected = (ACCURACY_AS_FOUND.severity, ACCURACY_AS_FOUND.remedy, ACCURACY_AS_FOUND.reference)
    assert (found.severity, found.remedy, found.reference) == expected
    assert found.evidence == (shown,)


@pytest.mark.parametrize(("verdict", "has_remedy"), [(Verdict.PASS, False), (Verdict.INCONCLUSIVE, True)])
def test_a_pass_needs_no_remedy(verdict: Verdict, has_remedy: bool) -> None:
    assert bool(TUR.finding("meter_01", verdict, "Ratio 5.").remedy) is has_remedy


def test_every_kind_of_wiring_fault_has_a_check_of_its_own() -> None:
    assert set(WIRING_FAULTS) == set(Kind)
    assert [check.id for check in WIRING_FAULTS.values()] == [f"CAL-WIRING-{kind.value.upper()}" for kind in Kind]
