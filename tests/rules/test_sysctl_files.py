"""What sysctl files set, by literal rows that were seen with the programs themselves, and by properties."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from v2g_tool.host.rules.files import (
    Assignment,
    Problem,
    Program,
    boot_files,
    effective,
    parse,
    same_value,
    system_files,
)
from v2g_tool.host.rules.globs import matches
from v2g_tool.model.sysctl import ConfigFile, canonical

from .sysctl_cases import CASES, KEY, LINKED, START, Case, as_read, sets

PATH = "/etc/sysctl.d/50.conf"


def set_by(case: Case, program: Program) -> str:
    winner = effective(as_read(case.files), KEY, program).winner
    return START if winner is None else winner.value or ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_files_set_what_the_programs_were_seen_to_set(case: Case) -> None:
    assert (set_by(case, Program.BOOT), set_by(case, Program.SYSTEM)) == (case.boot, case.system)


def test_the_winner_and_what_it_overrides_are_named_by_file_and_line_in_the_order_of_reading() -> None:
    # given
    files = as_read({**LINKED, "etc/sysctl.d/99-v2g.conf": f"# trip time\n{sets(300)}", "run/sysctl.d/0.conf": sets(1)})
    # when
    boot, system = (effective(files, "net/v2g/islanding_timeout", program) for program in Program)
    # then
    assert boot.winner is not None
    assert (boot.winner.file, boot.winner.line) == ("/etc/sysctl.d/99-v2g.conf", 2)
    assert [found.file for found in boot.shadowed] == ["/run/sysctl.d/0.conf", "/etc/sysctl.d/99-sysctl.conf"]
    assert system.winner is not None
    assert (system.winner.file, system.winner.line) == ("/etc/sysctl.conf", 1)
    assert [found.line for found in system.shadowed] == [1, 1, 2]


def test_a_key_that_is_excluded_at_boot_has_no_winner_and_the_exclusion_is_named() -> None:
    # when
    found = effective(as_read({"etc/sysctl.d/a.conf": f"{KEY}=1\n-{KEY}\n"}), KEY, Program.BOOT)
    # then
    assert found.winner is None
    assert [(named.line, named.value) for named in found.shadowed] == [(1, "1"), (2, None)]


def test_a_value_that_stands_twice_is_attributed_to_the_last_line() -> None:
    # when
    winners = [effective(as_read({"etc/sysctl.d/a.conf": sets(1) * 2}), KEY, program).winner for program in Program]
    # then
    assert [winner and winner.line for winner in winners] == [2, 2]


def test_the_order_of_the_files_given_does_not_matter() -> None:
    # given
    files = as_read({**LINKED, "etc/sysctl.d/99-v2g.conf": sets(3), "usr/lib/sysctl.d/99-v2g.conf": sets(4)})
    # then
    assert boot_files(files[::-1]) == boot_files(files)
    assert [file.path for file in system_files(files[::-1])] == [
        "/etc/sysctl.d/99-sysctl.conf",
        "/etc/sysctl.d/99-v2g.conf",
        "/etc/sysctl.conf",
    ]


def test_a_split_lib_is_the_lowest_folder() -> None:
    # given
    files = as_read({"lib/sysctl.d/a.conf": sets(1), "usr/lib/sysctl.d/a.conf": sets(2), "lib/sysctl.d/b.conf": "x"})
    # then
    assert [file.path for file in boot_files(files)] == ["/usr/lib/sysctl.d/a.conf", "/lib/sysctl.d/b.conf"]


def test_files_elsewhere_and_in_folders_below_do_not_count() -> None:
    files = as_read({"etc/a.conf": sets(1), "etc/sysctl.d/x/a.conf": sets(2), "opt/sysctl.d/a.conf": sets(3)})
    assert boot_files(files) == system_files(files) == ()


def test_lines_that_do_nothing_are_problems_with_their_line_and_reason() -> None:
    # given
    text = f"# note\n{KEY} 200\n=1\nnet v2g=1\n\n{KEY}=200\nnet/../v2g=1\n"
    # when
    found = parse(ConfigFile(PATH, text))
    # then
    assert found.problems == (
        Problem(PATH, 2, "it has no equals sign"),
        Problem(PATH, 3, "it names no key"),
        Problem(PATH, 4, "no key has white space or such characters in its name"),
        Problem(PATH, 7, "'..' leads out of the key's folder"),
    )
    assert found.assignments == (Assignment(PATH, 6, "net/v2g/islanding_timeout", "200"),)


def test_dash_exclusion_and_surplus_separators_are_kept_apart() -> None:
    # when
    found = parse(ConfigFile(PATH, "-net.core.a = 1\n-net.core.b\nnet//core/c=2\n")).assignments
    # then
    assert found == (
        Assignment(PATH, 1, "net/core/a", "1", ignore_errors=True),
        Assignment(PATH, 2, "net/core/b", None, ignore_errors=True),
        Assignment(PATH, 3, "net/core/c", "2", exact=False),
    )


def test_a_masked_file_says_nothing() -> None:
    assert parse(ConfigFile(PATH, None)) == ((), ())


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("net.ipv4.conf.eth0/1.rp_filter", "net/ipv4/conf/eth0.1/rp_filter"),
        ("net/ipv4/conf/eth0.1/rp_filter", "net/ipv4/conf/eth0.1/rp_filter"),
        (".net..core.rmem_max", "net/core/rmem_max"),
        ("vm", "vm"),
        ("", ""),
    ],
)
def test_the_separator_that_comes_first_separates(written: str, key: str) -> None:
    assert canonical(written) == key


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("200", " 200\n", True),
        ("32768\t60999", "32768 60999", True),
        ("0x10", "16", True),
        ("010", "8", True),
        ("-0", "0", True),
        ("010", "10", False),
        ("200", "200 # trip", False),
        ("200", "", False),
        ("", " ", True),
        ("cubic", "Cubic", False),
        ("08", "8", False),
        ("9" * 5000, "9" * 5000, True),
        ("²", "2", False),
    ],
)
def test_values_are_compared_as_the_kernel_reads_them(a: str, b: str, same: bool) -> None:
    assert same_value(a, b) is same_value(b, a) is same


lines = st.one_of(
    st.text(),
    st.sampled_from([sets(1), f"-{KEY}", "net.v2g.*=2", "net/v2g/[!a=3", "net..v2g.?=\r", "-=", "\0", "--net.v2g.*"]),
)
names = st.sampled_from(["a.conf", "b.conf", ".c.conf", "d"])
paths = st.one_of(st.builds("/etc/sysctl.d/{}".format, names), st.builds("/run/sysctl.d/{}".format, names), st.text())
texts = st.none() | st.lists(lines).map("\n".join)


@given(st.lists(st.builds(ConfigFile, paths, texts), unique_by=lambda file: file.path), st.just(KEY) | st.text())
@example([ConfigFile("/etc/sysctl.conf", "[=[\n[[:=\n[!]=1\n[a-]=\\")], "[")
def test_no_text_raises_and_only_lines_of_files_that_count_are_named(files: list[ConfigFile], key: str) -> None:
    for program in Program:
        found = effective(files, key, program)
        winner = [] if found.winner is None else [found.winner]
        named = [(line.file, line.line) for line in [*winner, *found.shadowed]]
        read = boot_files(files) if program is Program.BOOT else system_files(files)
        assert {file for file, _ in named} <= {file.path for file in read}
        assert all(line.value is not None for line in winner)


@given(st.text())
def test_a_value_is_the_same_as_itself_with_other_white_space(value: str) -> None:
    assert same_value(value, f" {'  '.join(value.split())}\n")


pieces = st.sampled_from(["a", "b", "-", "*", "?", "[ab]", "[!a]", "[a-c]", "[]a]", "[*]"])


@given(st.lists(pieces, max_size=8).map("".join), st.text("abc-*]", max_size=8))
@example("*a" * 40, "a" * 39)
def test_globs_match_as_another_matcher_does(pattern: str, name: str) -> None:
    assert matches(f"net/{pattern}", f"net/{name}") == fnmatch.fnmatchcase(name, pattern)
