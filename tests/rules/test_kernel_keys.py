"""Kernel keys against the profile: at work, at boot, after a reload; what is to be written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.host.rules.keys import KeyFacts, judge_keys, key_facts, meets, target, wanted
from v2g_tool.host.rules.plan import as_question, drop_in_content, drop_in_values, held_back, to_write
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.profiles.kernel import KernelKey
from v2g_tool.model.sysctl import ConfigFile, LiveState, LiveValue, Unreadable

TIMEOUT = "net.v2g.islanding_timeout"


def key(name: str = TIMEOUT, **more: object) -> KernelKey:
    facts: dict[str, object] = {"key": name, "why": "a reason", "reference": "a document", "status": "verified"}
    if not {"want", "at_least", "at_most"} & more.keys():
        more["want"] = "200"
    return KernelKey.model_validate(facts | more)


def facts(wanted_key: KernelKey, live: str | None, *files: tuple[str, str]) -> KeyFacts:
    value = LiveValue(LiveState.ABSENT, "", "no such file") if live is None else LiveValue(LiveState.PRESENT, live)
    return key_facts(wanted_key, value, [ConfigFile(path, text) for path, text in files])


def drop_in(value: str, name: str = "99-zz-v2g.conf") -> tuple[str, str]:
    return f"/etc/sysctl.d/{name}", f"{TIMEOUT} = {value}\n"


def of(found: list[Finding], check: str) -> list[Finding]:
    return [f for f in found if f.check == check]


@pytest.mark.parametrize(
    ("value", "right"),
    [("200", True), (" 200 ", True), ("0310", True), ("0200", False), ("201", False), ("", False), ("off", False)],
)
def test_a_wanted_value_is_met_by_its_number_as_the_kernel_reads_it(value: str, right: bool):
    assert meets(key(), value) is right


@pytest.mark.parametrize(
    ("value", "right"), [("0", False), ("1", True), ("60", True), ("61", False), ("x", False), ("1 2", False)]
)
def test_a_range_is_met_at_both_of_its_ends_and_by_no_text(value: str, right: bool):
    assert meets(key(at_least=1, at_most=60), value) is right


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(-2000, 2000))
def test_what_is_written_always_meets_the_wish(low: int, width: int, found: int):
    ranged = key(at_least=low, at_most=low + abs(width))

    assert meets(ranged, target(ranged, str(found)))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"want": "200", "unit": "ms"}, "200 ms"),
        ({"at_least": 2000, "unit": "packets"}, "at least 2000 packets"),
        ({"at_most": 10}, "at most 10"),
        ({"at_least": 1, "at_most": 60, "unit": "s"}, "1 to 60 s"),
    ],
)
def test_a_wish_is_said_with_its_unit(more: dict[str, object], words: str):
    assert wanted(key(**more)) == words


def test_a_right_value_that_a_file_sets_passes_now_at_boot_and_after_a_reload():
    found = judge_keys([facts(key(), "200", drop_in("200"))], [])

    assert {f.check: f.verdict for f in found} == {
        "SYS-LIVE": Verdict.PASS,
        "SYS-BOOT": Verdict.PASS,
        "SYS-RELOAD": Verdict.PASS,
        "SYS-ISLANDING": Verdict.SKIPPED,
    }


def test_a_wrong_value_fails_with_what_is_wanted_and_why():
    (live,) = of(judge_keys([facts(key(), "500", drop_in("200"))], []), "SYS-LIVE")

    assert (live.verdict, live.subject) == (Verdict.FAIL, TIMEOUT)
    assert "500" in live.statement
    assert "200" in live.statement
    assert "a reason" in live.statement


def test_a_value_that_no_file_sets_does_not_survive_a_restart():
    (boot,) = of(judge_keys([facts(key(), "200")], []), "SYS-BOOT")

    assert boot.verdict is Verdict.FAIL
    assert "No file" in boot.statement
    assert TIMEOUT in boot.statement


def test_a_file_that_sets_another_value_at_boot_is_named_with_its_line():
    (boot,) = of(judge_keys([facts(key(), "200", drop_in("300"))], []), "SYS-BOOT")

    assert boot.verdict is Verdict.FAIL
    assert "/etc/sysctl.d/99-zz-v2g.conf:1" in boot.statement


def test_the_two_programs_that_disagree_are_named_with_their_files():
    files = (drop_in("300", "99-v2g.conf"), ("/etc/sysctl.conf", f"# the manual\n{TIMEOUT}=200\n"))

    found = judge_keys([facts(key(), "200", *files)], [])

    (reload,) = of(found, "SYS-RELOAD")
    assert reload.verdict is Verdict.FAIL
    assert "/etc/sysctl.d/99-v2g.conf:1" in reload.statement
    assert "/etc/sysctl.conf:2" in reload.statement
    (shadowed,) = of(found, "SYS-SHADOWED")
    assert shadowed.verdict is Verdict.FAIL
    assert {e.source for e in shadowed.evidence} == {"/etc/sysctl.d/99-v2g.conf:1", "/etc/sysctl.conf:2"}


def test_the_same_value_twice_is_no_contradiction():
    found = judge_keys([facts(key(), "200", drop_in("200"), drop_in("0xc8", "50-other.conf"))], [])

    assert of(found, "SYS-SHADOWED") == []


def test_an_absent_key_is_its_own_failure_and_names_module_and_inverter():
    found = judge_keys([facts(key(module="v2g"), None, drop_in("200"))], [])

    (absent,) = of(found, "SYS-KEY-ABSENT")
    assert absent.verdict is Verdict.FAIL
    assert "'v2g'" in absent.statement
    assert "704" in absent.remedy
    assert not of(found, "SYS-LIVE")
    assert not of(found, "SYS-BOOT"), "a file that sets a key that is not there proves nothing"


def test_an_absent_key_that_is_not_required_is_passed_over():
    (absent,) = of(
        judge_keys([facts(key("kernel.numa_balancing", want="0", required=False), None)], []), "SYS-KEY-ABSENT"
    )

    assert absent.verdict is Verdict.SKIPPED


@pytest.mark.parametrize("live", ["200", "500", None])
def test_no_value_of_a_kernel_key_is_ever_reported_as_protection(live: str | None):
    (islanding,) = of(judge_keys([facts(key(), live, drop_in("200"))], []), "SYS-ISLANDING")

    assert islanding.verdict is Verdict.SKIPPED
    assert "no anti-islanding protection" in islanding.statement


@pytest.mark.parametrize("state", [LiveState.FORBIDDEN, LiveState.FAILED])
def test_a_key_that_could_not_be_read_is_neither_right_nor_wrong_nor_absent(state: LiveState):
    shut = key_facts(key(), LiveValue(state, "", "permission denied"), [ConfigFile(*drop_in("200"))])

    found = judge_keys([shut], [])

    (access,) = of(found, "SYS-ACCESS")
    assert access.verdict is Verdict.INCONCLUSIVE
    assert not of(found, "SYS-LIVE")
    assert not of(found, "SYS-KEY-ABSENT")


def test_a_file_that_could_not_be_read_leaves_the_next_boot_open():
    hidden = [Unreadable("/etc/sysctl.d/50-secret.conf", "permission denied")]

    found = judge_keys([facts(key(), "200", drop_in("200"))], hidden)

    assert [f.verdict for f in of(found, "SYS-BOOT")] == [Verdict.INCONCLUSIVE]
    assert of(found, "SYS-RELOAD") == []
    assert "/etc/sysctl.d/50-secret.conf" in of(found, "SYS-BOOT")[0].statement


def test_only_what_is_there_wrong_and_verified_is_written():
    right, wrong = (
        facts(key("vm.swappiness", at_most=10), "5"),
        facts(key("kernel.panic", at_least=1, target="10"), "0"),
    )
    derived, gone = facts(key(status="derived"), "500"), facts(key("vm.dirty_ratio", at_most=10), None)
    everything = [right, wrong, derived, gone]

    assert to_write(everything, allow_derived=False) == {"kernel.panic": "10"}
    assert to_write(everything, allow_derived=True) == {"kernel.panic": "10", TIMEOUT: "200"}
    assert held_back(everything, allow_derived=False) == [TIMEOUT]


def test_a_draft_is_never_written():
    assert to_write([facts(key(status="draft"), "500")], allow_derived=True) == {}


def test_the_one_file_keeps_right_values_and_has_no_key_that_the_kernel_lacks():
    set_by_other = key_facts(
        key("vm.swappiness", at_most=10),
        LiveValue(LiveState.PRESENT, "1"),
        [ConfigFile("/usr/lib/sysctl.d/50-distribution.conf", "vm.swappiness = 5\n")],
    )

    values = drop_in_values([set_by_other, facts(key(), "500"), facts(key("kernel.panic"), None)], allow_derived=True)

    assert values == {"vm.swappiness": "5", TIMEOUT: "200"}


def test_the_one_file_has_the_same_bytes_for_the_same_values():
    content = drop_in_content("ems", {TIMEOUT: "200"})

    assert content == drop_in_content("ems", {TIMEOUT: "200"})
    assert content.decode().splitlines()[-1] == f"{TIMEOUT} = 200"


def test_the_plan_names_old_and_new_values_and_the_file():
    found = [facts(key(), "500")]

    assert as_question(found, {TIMEOUT: "200"}, "", {}) == f"Set {TIMEOUT} 500 → 200"
    lasting = {TIMEOUT: "200"}
    assert as_question(found, {}, "a.conf", lasting) == f"Write /etc/sysctl.d/a.conf with {TIMEOUT} = 200"
    assert as_question(found, lasting, "a.conf", lasting).endswith(
        f"and write /etc/sysctl.d/a.conf with {TIMEOUT} = 200"
    )
