"""Limit sets and plans that come with the program."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.data.datafile import load
from v2g_tool.metering.rules.limits import Loading, find_limit
from v2g_tool.model.profiles.limits import LimitSet
from v2g_tool.model.profiles.plan import Plan
from v2g_tool.model.site.metering import Rating

PROFILES = Path(__file__).parents[2] / "profiles"
LIMIT_FILES = sorted((PROFILES / "limits").glob("*.toml"))
PLAN_FILES = sorted((PROFILES / "plans").glob("*.toml"))
RATING = Rating(i_min_a=0.5, i_tr_a=1, i_ref_a=10, i_max_a=80)
SETS = {path.stem: load(path, LimitSet, "profile") for path in LIMIT_FILES}
MID = SETS["mid-2014-32-eu"]


def test_the_promised_files_are_there():
    assert set(SETS) == {"mid-2014-32-eu", "iec-62053-21", "iec-62053-22", "ansi-c12-20", "nist-hb44-3-40"}
    assert {path.stem for path in PLAN_FILES} == {"ac-bidirectional", "ac-charge-only", "ac-quick"}


@pytest.mark.parametrize("path", LIMIT_FILES, ids=lambda path: path.stem)
def test_every_limit_set_is_named_after_its_file_and_every_row_has_a_clause(path):
    limits = load(path, LimitSet, "profile")

    assert limits.id == path.stem
    assert limits.edition
    assert all(row.clause and 0.05 <= row.limit_pct <= 9 for row in limits.rows)


@pytest.mark.parametrize("name", ["iec-62053-22", "ansi-c12-20", "nist-hb44-3-40"])
def test_sets_that_were_never_compared_are_draft_throughout(name):
    assert {row.status for row in SETS[name].rows} == {"draft"}


def test_only_the_balanced_rows_of_the_directive_are_verified():
    assert {(row.load, row.status) for row in MID.rows} == {("balanced", "verified"), ("single-phase", "draft")}
    assert len(MID.rows) == 3 * 7 * 3


@pytest.mark.parametrize("path", PLAN_FILES, ids=lambda path: path.stem)
def test_every_plan_is_named_after_its_file_and_names_its_points_once(path):
    plan = load(path, Plan, "profile")

    assert plan.id == path.stem
    assert len({point.name for point in plan.points}) == len(plan.points)
    assert all((point.power_fraction or 0) / abs(point.power_factor) <= 1 for point in plan.points)


@pytest.mark.parametrize(
    ("class_", "current_a", "temperature_c", "expected_pct"),
    [
        ("A", 0.5, 20, 3.5),
        ("B", 0.99, 20, 2.0),
        ("C", 0.99, 20, 1.0),
        ("C", 1.0, 20, 0.7),
        ("C", 80.0, 20, 0.7),
        ("B", 16.0, -5, 2.5),
        ("B", 16.0, 35, 2.5),
        ("C", 0.7, 35, 1.3),
        ("A", 16.0, 35, 4.5),
        ("B", 16.0, -20, 3.5),
        ("C", 16.0, 50, 1.3),
        ("B", 0.7, 60, 4.0),
        ("C", 16.0, -30, 1.5),
        ("B", 16.0, 30, 2.0),
    ],
)
def test_directive_table_2_for_balanced_loads(class_, current_a, temperature_c, expected_pct):
    found = find_limit(MID, class_, RATING, Loading(current_a, 0.0, 3680, "balanced", temperature_c))

    assert found is not None
    assert found.limit_ratio == pytest.approx(expected_pct / 100)
    assert found.judges
    assert found.status == "verified"


@pytest.mark.parametrize(
    ("class_", "current_a", "tan_phi", "power_w", "temperature_c"),
    [
        ("B", 0.4, 0.0, 92, 20),
        ("B", 80.1, 0.0, 18000, 20),
        ("B", 16, 0.0, 3680, None),
        ("B", 16, 0.0, 3680, 71),
        ("D", 16, 0.0, 3680, 20),
        ("B", 16, 2.5, 1400, 20),
        ("B", 16, -1.0, 2600, 20),
        ("B", 16, 0.0, 0.0, 20),
    ],
)
def test_no_limit_applies_outside_the_table(class_, current_a, tan_phi, power_w, temperature_c):
    assert find_limit(MID, class_, RATING, Loading(current_a, tan_phi, power_w, "balanced", temperature_c)) is None


@pytest.mark.parametrize(("tan_phi", "power_w"), [(1.7321, 1840), (1.76, -1840), (-0.75, 2900), (-0.78, -2900)])
def test_power_factor_range_holds_in_both_directions_with_the_tolerance_of_an_inverter(tan_phi, power_w):
    assert find_limit(MID, "B", RATING, Loading(16, tan_phi, power_w, "balanced", 20)) is not None


def test_a_draft_limit_is_found_but_does_not_judge():
    found = find_limit(MID, "B", RATING, Loading(16, 0.0, 3680, "single-phase", 20))

    assert found is not None
    assert (found.limit_ratio, found.status, found.judges) == (0.025, "draft", False)


def test_the_strictest_row_that_applies_is_found():
    found = find_limit(SETS["iec-62053-21"], "1", RATING, Loading(1.5, 0.01, 345, "balanced", None))

    assert found is not None
    assert found.limit_ratio == 0.01


@given(
    st.sampled_from(sorted(SETS)),
    st.sampled_from(["A", "B", "C", "1", "0.2S", "0.5", "acceptance"]),
    st.floats(0, 200),
    st.floats(-100, 100) | st.just(float("inf")),
    st.floats(-20000, 20000),
    st.sampled_from(["balanced", "single-phase"]),
    st.none() | st.floats(-60, 90),
)
def test_every_load_gets_an_answer(name, class_, current_a, tan_phi, power_w, load, temperature_c):
    found = find_limit(SETS[name], class_, RATING, Loading(current_a, tan_phi, power_w, load, temperature_c))

    assert found is None or 0 < found.limit_ratio <= 0.09


@given(st.floats(0.5, 80), st.floats(-0.7, 1.7), st.floats(-40, 70), st.sampled_from("ABC"))
def test_inside_rated_conditions_the_directive_always_has_a_verified_limit(current_a, tan_phi, temperature_c, class_):
    found = find_limit(MID, class_, RATING, Loading(current_a, tan_phi, 1000, "balanced", temperature_c))

    assert found is not None
    assert found.judges
