"""How a command line may be spelt: each spelling is translated into one, and nothing is lost."""

from __future__ import annotations

import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st

from plc_tool.cli import app as plc_app
from v2g_tool.app import app
from v2g_tool.cli.argv import DASHES, Command, command_first
from v2g_tool.cli.group import described
from v2g_tool.errors import ExitStatus, RequestError

TOOL = described(typer.main.get_command(app), "v2g-tool")
PLC = described(typer.main.get_command(plc_app), "v2g-plc-tool")
CALIBRATE = "calibrate --target=meter_01"


def leaves(command: Command) -> list[Command]:
    inner = [leaf for below in command.commands.values() for leaf in leaves(below)]
    # A group with options of its own, as certs, is a command too.
    return [*inner, command] if not inner or "--site" in command.options else inner


COMMANDS = [*leaves(TOOL), *leaves(PLC)]


def program_of(command: Command) -> Command:
    return PLC if command.name.startswith(PLC.name) else TOOL


def spelt(line: str, program: Command = TOOL) -> str:
    return " ".join(command_first(line.split(), program))


def refused(line: str, program: Command = TOOL) -> RequestError:
    with pytest.raises(RequestError) as caught:
        command_first(line.split(), program)
    assert caught.value.status is ExitStatus.WRONG_REQUEST
    assert caught.value.why
    assert caught.value.todo
    return caught.value


# One command


@pytest.mark.parametrize(
    "line",
    [
        "calibrate --target=meter_01",
        "--calibrate --target=meter_01",
        "-calibrate -target=meter_01",
        "–calibrate –target=meter_01",
        "—calibrate ––target=meter_01",
        "calibrate meter_01",
        "--calibrate meter_01",
        "-calibrate meter_01",
        "--calibrate=meter_01",
        "–calibrate=meter_01",
    ],
)
def test_each_spelling_is_the_same_command(line: str) -> None:
    assert spelt(line) == CALIBRATE


def test_the_command_may_stand_behind_its_options_when_it_is_spelt_as_one() -> None:
    assert spelt("--json -y -calibrate -target meter_01") == "calibrate --json -y --target meter_01"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--certs", "certs"),
        ("–certs –at=2027-01-01", "certs --at=2027-01-01"),
        ("certs -at 2027-01-01 -q", "certs --at 2027-01-01 -q"),
        ("--certs install root.crt", "certs install root.crt"),
        ("install root.crt", "certs install root.crt"),
        (
            "certs --site s.toml install –fingerprint aa root.crt",
            "certs install --site s.toml --fingerprint aa root.crt",
        ),
        ("certs --site=s.toml -fix-modes -y", "certs fix-modes --site=s.toml -y"),
        ("help certs install", "certs install --help"),
        ("certs --help", "certs --help"),
    ],
)
def test_a_command_with_commands_below_it_takes_its_options_in_front_of_either(line: str, expected: str) -> None:
    assert spelt(line) == expected


def test_an_unknown_command_below_a_command_is_named_with_what_there_is() -> None:
    assert "install, fix-modes" in (refused("certs installs root.crt").why or "")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_option_of_each_command_may_have_any_dash(command: Command) -> None:
    program = program_of(command)
    way = command.name.split()[1:]
    for option in command.options:
        if not option.startswith("--") or option == "--help":
            continue
        for dash in ("-", *DASHES):
            for value in ("=x", ""):
                word = dash + option[2:] + value
                assert command_first([*way, word], program) == [*way, option + value]


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("verify reports/a", "report verify reports/a"),
        ("--verify reports/a", "report verify reports/a"),
        ("report --verify reports/a", "report verify reports/a"),
        ("init -name Anna", "keys init --name Anna"),
        ("run -- v2g-tool –read", "bench run -- v2g-tool –read"),
    ],
)
def test_a_command_that_only_one_group_has_needs_no_group(line: str, same: str) -> None:
    assert spelt(line) == same


def test_two_operations_at_once_are_refused_by_name() -> None:
    assert refused("--calibrate -read --target=meter_01").what == "one operation at a time, not --calibrate and --read"


def test_one_operation_on_two_targets_is_refused() -> None:
    assert "--read=a and --read=b" in refused("--read=a --read=b").what


# Help


@pytest.mark.parametrize("word", ["help", "-h", "--help", "-help", "–help", "–h"])
@pytest.mark.parametrize("way", ["", "calibrate", "report", "report verify", "keys init", "bench run"])
def test_help_before_a_command_or_behind_it_is_the_help_of_that_command(word: str, way: str) -> None:
    assert spelt(f"{word} {way}") == f"{way} --help".strip()
    if word != "help" or not way.endswith(("verify", "run")):  # whose bare words are their own
        *before, last = command_first([*way.split(), word], TOOL)
        assert (before, last in ("-h", "--help")) == (way.split(), True)


def test_help_of_a_command_without_its_group_is_its_help() -> None:
    assert spelt("help verify") == "report verify --help"


def test_help_of_a_command_that_does_not_exist_is_refused() -> None:
    assert "Did you mean 'verify'?" in refused("help report veryfi").what


# Targets


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("read meter_01", "read --target=meter_01"),
        ("snr-map modem_02 -q", "snr-map --target=modem_02 -q"),
        ("snr-map -i eth1 modem_02", "snr-map -i eth1 --target=modem_02"),
        ("snr-map -qi eth1 modem_02", "snr-map -qi eth1 --target=modem_02"),
        ("snr-map -ieth1 modem_02", "snr-map -ieth1 --target=modem_02"),
        ("calibrate -y meter_01", "calibrate -y --target=meter_01"),
        ("calibrate a b", "calibrate --target=a b"),
        ("calibrate b --target a", "calibrate b --target a"),
        ("calibrate -- a", "calibrate -- a"),
    ],
)
def test_a_bare_first_word_is_the_target_unless_it_is_an_options_value(line: str, same: str) -> None:
    assert spelt(line) == same


@pytest.mark.parametrize("line", ["explain CAL-TUR", "report verify a", "sysctl a", "keys init a"])
def test_a_bare_word_of_a_command_without_target_stays_bare(line: str) -> None:
    assert spelt(line) == line


# Words that only look like a spelling


@pytest.mark.parametrize(
    "line",
    [
        "calibrate -qy",
        "calibrate -y -q",
        "snr-map -ieth1",
        "snr-map -i eth1",
        "throughput --seconds -5",
        "throughput -0.5",
        "calibrate --target meter–01",
        "calibrate --target=–x",
        "calibrate --target –x",
        "bench run v2g-tool -read –target=meter_01",
        "bench run prog --read --calibrate",
    ],
)
def test_short_options_and_negative_numbers_and_values_stay_as_typed(line: str) -> None:
    assert spelt(line) == line


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("throughput −0.5", "throughput -0.5"),
        ("calibrate –q –y", "calibrate -q -y"),
        ("calibrate -traget=a", "calibrate --traget=a"),
    ],
)
def test_what_can_only_mean_one_thing_is_taken_as_that(line: str, same: str) -> None:
    assert spelt(line) == same


# Commands that do not exist


@pytest.mark.parametrize(
    ("line", "program", "where", "near"),
    [
        ("calibrte", TOOL, "v2g-tool", "calibrate"),
        ("--calibrte --target=a", TOOL, "v2g-tool", "calibrate"),
        ("-calibrte=a", TOOL, "v2g-tool", "calibrate"),
        ("–calibrte", TOOL, "v2g-tool", "calibrate"),
        ("veryfi a", TOOL, "v2g-tool", "verify"),
        ("report veryfi", TOOL, "v2g-tool report", "verify"),
        ("keys inti", TOOL, "v2g-tool keys", "init"),
        ("bench fault", TOOL, "v2g-tool bench", "faults"),
        ("snr-mpa", PLC, "v2g-plc-tool", "snr-map"),
    ],
)
def test_an_unknown_command_is_named_with_the_nearest_one(line: str, program: Command, where: str, near: str) -> None:
    error = refused(line, program)

    assert error.what.startswith(f"{where} has no command '")
    assert error.what.endswith(f"Did you mean '{near}'?")
    assert f"'{where} --help'" in error.todo


def test_an_unknown_command_far_from_all_is_told_with_those_there_are() -> None:
    error = refused("zzz", PLC)

    assert error.what == "v2g-plc-tool has no command 'zzz'."
    assert error.why == f"It has: {', '.join(PLC.commands)}."


# Any words at all


def vocabulary(command: Command) -> set[str]:
    below = {word for inner in command.commands.values() for word in vocabulary(inner)}
    return {*command.commands, *command.options} | below


NAMES = sorted(vocabulary(TOOL) | vocabulary(PLC) | {"help", "meter_01", "-0.5", "--", "-", ""})
DASHED = st.builds(
    lambda dash, name, value: dash + name.lstrip("-") + value,
    st.sampled_from(["", "-", "--", "–", "—", "––", "−"]),
    st.sampled_from(NAMES),
    st.sampled_from(["", "=x", "=–x", "=", "5"]),
)
LINES = st.lists(st.sampled_from(NAMES) | DASHED | st.text(max_size=4), max_size=7)


def translated(words: list[str], program: Command) -> list[str] | None:
    try:
        return command_first(words, program)
    except RequestError:
        return None


@given(LINES, st.sampled_from([TOOL, PLC]))
def test_any_words_are_translated_or_refused_and_a_translation_is_final(words: list[str], program: Command) -> None:
    done = translated(words, program)

    if done is not None:
        assert command_first(done, program) == done


@given(LINES, st.lists(st.sampled_from(NAMES) | DASHED, max_size=4))
def test_no_word_behind_two_hyphens_is_changed_or_lost(words: list[str], behind: list[str]) -> None:
    head = [word for word in words if word != "--"]
    done = translated([*head, "--", *behind], TOOL)

    if done is not None:
        assert done[len(done) - len(behind) - 1 :] == ["--", *behind]
