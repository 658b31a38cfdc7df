"""The EMS computer against the manual's performance tuning, and a timeout against ride-through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from v2g_tool.data.library import load_profile
from v2g_tool.errors import RequestError
from v2g_tool.host.rules.ride_through import judge_timeout
from v2g_tool.host.rules.settings import judge_host
from v2g_tool.model.findings import Verdict
from v2g_tool.model.host import Daemon, HostFacts
from v2g_tool.model.profiles.gridcode import GridCodeProfile
from v2g_tool.model.sysctl import LiveState, LiveValue

GOOD = HostFacts(
    online=frozenset({0, 1}),
    cores=frozenset({(0, 0), (0, 1)}),
    clock_source="tsc",
    clock_sources=("tsc", "hpet"),
    governors=((0, "performance"), (1, "performance")),
    synchronised=True,
    daemons=(Daemon(77, frozenset({1})),),
    workers="2",
)


def verdicts(
    facts: HostFacts, *, own: bool = True, process: str = "v2g-daemon", config: str = "/c"
) -> dict[str, Verdict]:
    return {f.check: f.verdict for f in judge_host(facts, process, config, own=own)}


def ms(timeout: int) -> LiveValue:
    return LiveValue(LiveState.PRESENT, str(timeout))


def ieee() -> GridCodeProfile:
    return load_profile("ieee-1547-2018", GridCodeProfile)[0]


def test_a_tuned_computer_passes_everything():
    assert set(verdicts(GOOD).values()) == {Verdict.PASS}


@pytest.mark.parametrize(
    ("check", "facts"),
    [
        ("SYS-AFFINITY", replace(GOOD, daemons=(Daemon(77, frozenset({0, 1})),))),
        ("SYS-WORKERS", replace(GOOD, workers="8")),
        ("SYS-WORKERS", replace(GOOD, workers="")),
        ("SYS-CLOCKSOURCE", replace(GOOD, clock_source="hpet")),
        ("SYS-GOVERNOR", replace(GOOD, governors=((0, "performance"), (1, "powersave")))),
        ("SYS-NTP", replace(GOOD, synchronised=False)),
    ],
)
def test_each_departure_from_the_manual_is_a_failure_of_its_own(check: str, facts: HostFacts):
    found = verdicts(facts)

    assert found.pop(check) is Verdict.FAIL
    assert set(found.values()) == {Verdict.PASS}


@pytest.mark.parametrize(
    ("check", "facts"),
    [
        ("SYS-AFFINITY", replace(GOOD, daemons=())),
        ("SYS-AFFINITY", replace(GOOD, daemons=None, trouble={"EMS daemon": "permission denied"})),
        ("SYS-WORKERS", replace(GOOD, workers=None, trouble={"EMS configuration": "no such file"})),
        ("SYS-WORKERS", replace(GOOD, cores=frozenset(), trouble={"physical cores": "no such file"})),
        ("SYS-CLOCKSOURCE", replace(GOOD, clock_source=None, trouble={"clock source": "no such file"})),
        ("SYS-NTP", replace(GOOD, synchronised=None)),
    ],
)
def test_what_could_not_be_read_is_neither_pass_nor_fail(check: str, facts: HostFacts):
    assert verdicts(facts)[check] is Verdict.INCONCLUSIVE


def test_what_the_site_does_not_name_is_passed_over_with_the_reason():
    found = verdicts(GOOD, process="", config="")

    assert (found["SYS-AFFINITY"], found["SYS-WORKERS"]) == (Verdict.SKIPPED, Verdict.SKIPPED)


def test_a_file_tree_has_no_running_clock_and_a_virtual_machine_no_governor():
    found = verdicts(replace(GOOD, governors=(), synchronised=None), own=False)

    assert (found["SYS-NTP"], found["SYS-GOVERNOR"]) == (Verdict.SKIPPED, Verdict.SKIPPED)


def test_hyper_threads_are_no_physical_cores():
    four_threads = replace(GOOD, online=frozenset(range(4)), workers="4")

    assert verdicts(four_threads)["SYS-WORKERS"] is Verdict.FAIL


@pytest.mark.parametrize(
    ("category", "stay"), [("I", "0.7 s at 0.7 p.u."), ("II", "3 s at 0.65 p.u."), ("III", "1 s below 0.5 p.u.")]
)
def test_a_trip_after_200_ms_is_named_against_every_category(category: str, stay: str):
    found = judge_timeout(ms(200), "trip", ieee(), category)

    # The figures of the grid code are at second hand: named, never a failure.
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "200 ms" in found.statement
    assert stay in found.statement


def test_a_verified_figure_makes_it_a_failure():
    code = ieee()
    proven = code.model_copy(update={"stays": tuple(s.model_copy(update={"status": "verified"}) for s in code.stays)})

    assert judge_timeout(ms(200), "trip", proven, "III").verdict is Verdict.FAIL


def test_ceasing_and_returning_by_itself_is_no_trip():
    assert judge_timeout(ms(200), "cease", ieee(), "III").verdict is Verdict.PASS


def test_a_trip_that_is_later_than_every_stay_keeps_ride_through():
    assert judge_timeout(ms(800), "trip", ieee(), "I").verdict is Verdict.PASS
    assert judge_timeout(ms(800), "trip", ieee(), "III").verdict is not Verdict.PASS


def test_a_site_that_does_not_say_what_happens_gets_no_verdict():
    found = judge_timeout(ms(200), "", ieee(), "III")

    assert found.verdict is Verdict.INCONCLUSIVE
    assert "islanding_action" in found.remedy


@pytest.mark.parametrize(
    ("live", "code"),
    [(LiveValue(LiveState.PRESENT, "200"), None), (LiveValue(LiveState.ABSENT), ieee()), (None, ieee())],
)
def test_without_timeout_or_grid_code_there_is_nothing_to_judge(live: LiveValue | None, code: GridCodeProfile | None):
    assert judge_timeout(live, "trip", code, "III").verdict is Verdict.SKIPPED


@pytest.mark.parametrize(
    "live",
    [
        LiveValue(LiveState.FORBIDDEN, reason="no right"),
        *(LiveValue(LiveState.PRESENT, v) for v in ("-1", "0", "", "x")),
    ],
)
@pytest.mark.parametrize("action", ["trip", "cease"])
def test_a_timeout_that_is_none_or_could_not_be_read_is_left_open(live: LiveValue, action: str):
    assert judge_timeout(live, action, ieee(), "III").verdict is Verdict.INCONCLUSIVE


def test_an_unknown_category_is_a_wrong_request_with_a_suggestion():
    with pytest.raises(RequestError, match=r"category 'IV'"):
        ieee().stays_of("IV")
