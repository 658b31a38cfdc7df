"""`profiles list`, `show` and `check`: the data files that came with the program, and what is wrong with one."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.model.site_text import SITE, site_with
from v2g_tool.data import library
from v2g_tool.data.library import built_in_profiles, data_files
from v2g_tool.errors import ExitStatus, RequestError
from v2g_tool.screens.profiles import check_file, list_files, show_file

SCRIPT = Path(sys.executable).with_name("v2g-tool")
BUILT_IN = sorted(built_in_profiles().glob("*/*.toml"))
WRONG = """\
[site]
name = “depot”
nominal_voltage_v = 230,0
[meters.m1]
profil = "eastron-sdm630"
host = 192.0.2.10
unit = "one"
limits = { set = "mid-2014-32-eu", class = "B" }
rating = { i_min_a = 0,25, i_tr_a = 0,5, i_ref_a = 5, i_max_a = 80 }
analyzer = "a1"
[analyzers.a1]
profile = "yokogawa-wt300e"
calibration = { due = 31.03.2027 }
"""


def line_with(content: str, part: str) -> int:
    return content[: content.index(part)].count("\n") + 1


def problems(path: Path, content: str | bytes, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Give what is said to be wrong with a file, one text for each problem."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert check_file(str(path)) == ExitStatus.WRONG_REQUEST
    shown = capsys.readouterr()
    assert shown.out == ""
    return shown.err.replace("\n✗", "\0").removeprefix("✗").split("\0")


# Files that somebody else made


@pytest.mark.parametrize("name", ["a" * 5000, "/nix/" + "a" * 300, "a\nb.toml"])
def test_a_name_that_no_file_has_is_a_mistake_of_the_user(name: str) -> None:
    with pytest.raises(RequestError):
        check_file(name)


HUGE = {
    "a key of many parts": "a" + ".a" * 40_000 + " = 1\n",
    "a table of many parts": "[a" + ".a" * 200_000 + "]\n",
    "quoted parts": '[site]\nname = "x"\n["=" ' + '. "b" ' * 5_000 + "]\n",
    "parts in an inline table": "a = { b" + " .b" * 40_000 + " = 1 }\n",
    "many unknown keys": '[site]\nname = "a"\n' + "".join(f"k{n} = 1\n" for n in range(30_000)),
    "many unknown tables": '[site]\nname = "a"\n' + "".join(f"[meters.m{n}]\nx = 1\n" for n in range(10_000)),
    "slips before unknown keys": "".join(f"k{n} = 1,5\n" for n in range(19))
    + "".join(f"q{n} = 1\n" for n in range(30_000)),
}


@pytest.mark.parametrize("kind", HUGE)
def test_a_file_that_would_fill_the_memory_is_refused_with_few_words(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = problems(tmp_path / "site.toml", HUGE[kind], capsys)

    assert 1 <= len(said) <= 71  # 20 slips, 50 keys, and how many more
    assert ("more keys are wrong" in said[-1]) == (kind.startswith(("many", "slips")))


def test_a_file_of_somebody_else_is_harmless_on_a_terminal_and_whole_behind_a_pipe(tmp_path: Path) -> None:
    content = b'[site]\nname = "x\x1b[2J\xe2\x80\xaey"\n'
    (tmp_path / "odd.toml").write_bytes(content)
    command = [str(SCRIPT), "profiles", "show", "./odd.toml"]
    ours, theirs = pty.openpty()
    shown = subprocess.run(command, cwd=tmp_path, stdout=theirs, stderr=subprocess.PIPE, timeout=HANG_S, check=True)
    os.close(theirs)

    assert os.read(ours, 4096) == b'[site]\r\nname = "x?[2J?y"\r\n'
    os.close(ours)
    assert shown.stderr == b""
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=HANG_S, check=True).stdout == content


# List and show


def test_every_delivered_file_is_listed_with_status_and_document_in_80_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    list_files()

    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} >= {f"{path.parent.name}/{path.stem}" for path in BUILT_IN}
    assert max(map(len, lines)) <= 80
    said = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert said["meters/eastron-sdm630"] == "derived Eastron SDM630 Modbus protocol"
    assert said["limits/mid-2014-32-eu"].startswith("mixed Directive 2014/32/EU")
    assert said["sites/example"] == "Site file of depot-north"


def test_a_file_that_is_broken_is_listed_as_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "meters").mkdir()
    (tmp_path / "meters" / "mine.toml").write_text("id = 1,5")
    monkeypatch.setattr(library, "built_in_profiles", lambda: tmp_path)

    list_files()

    assert capsys.readouterr().out.startswith("meters/mine  broken    ")


@pytest.mark.parametrize("path", BUILT_IN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_delivered_file_is_shown_byte_for_byte_and_nothing_is_wrong_with_it(
    path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    name = f"{path.parent.name}/{path.stem}"

    show_file(name)
    assert capfdbinary.readouterr().out == path.read_bytes()

    assert check_file(name) == ExitStatus.WITHIN_LIMITS
    assert str(path).encode() in capfdbinary.readouterr().out


def test_a_file_of_your_own_is_shown_by_its_path(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / "own.toml").write_bytes(b"any \xe9 bytes\r\n")

    show_file(str(tmp_path / "own.toml"))

    assert capfdbinary.readouterr().out == b"any \xe9 bytes\r\n"


def test_a_file_that_does_not_exist_is_told_with_the_nearest_one() -> None:
    with pytest.raises(RequestError, match="Did you mean 'sites/example'"):
        show_file("sites/exampl")


def test_from_any_folder_a_site_file_is_begun_and_checked(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [SCRIPT, *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=HANG_S, check=False)

    (tmp_path / "site.toml").write_text(run("profiles", "show", "sites/example").stdout)

    done = run("-profiles", "check", "site.toml")
    assert (done.returncode, done.stdout) == (0, "✓ site.toml: nothing is wrong with it\n")
    assert "serial" in (tmp_path / "site.toml").read_text()
    listed = run("profiles", "list")
    assert listed.returncode == 0
    assert set(data_files()) == {line.split()[0] for line in listed.stdout.splitlines()}


# Check


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = problems(tmp_path / "site.toml", WRONG, capsys)

    wanted = {
        2: 'Write: name = "depot"',
        3: "Write: nominal_voltage_v = 230.0",
        5: "'meters.m1.profil' is not a key of a site file. Did you mean 'profile'?",
        6: 'Write: host = "192.0.2.10"',
        7: "'meters.m1.unit' of the site file",
        9: "Write: rating = { i_min_a = 0.25, i_tr_a = 0.5, i_ref_a = 5, i_max_a = 80 }",
        13: "Write: calibration = { due = 2027-03-31 }",
    }
    for line, text in wanted.items():
        assert any(f"site.toml:{line}:" in problem and text in problem for problem in told), (line, told)
    assert any("'analyzers.a1.calibration.certificate' is missing" in problem for problem in told)
    assert len(told) == len(wanted) + 1, "a misspelt key is not called missing too"


def test_a_file_of_an_old_editor_is_still_checked_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = site_with('host = "10.0.0.5"', 'hots = "10.0.0.5"') + "# Süd\n"

    told = problems(tmp_path / "site.toml", content.encode("latin-1"), capsys)

    assert f"site.toml:{line_with(content, 'Süd')}:" in told[0]
    assert "Save the file as UTF-8." in told[0]
    assert "Did you mean 'host'?" in told[1]
    assert len(told) == 2


def test_a_quoted_date_and_a_quoted_decimal_comma_are_told_as_they_should_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = site_with("2027-05-01", '"31.03.2027"').replace("max_charge_w = 11000", 'max_charge_w = "11,5"')

    told = problems(tmp_path / "site.toml", content, capsys)

    assert len(told) == 2
    assert all("2027-03-31" in problem and "230.0" in problem for problem in told)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('profile = "sunspec-der"', 'profile = "sunspec-dre"', "Did you mean 'sunspec-der'?"),
        ('set = "mid-2014-32-eu"', 'set = "mid-2014-32-ue"', "Did you mean 'mid-2014-32-eu'?"),
        ('class = "B"', 'class = "X"', "has no class 'X'"),
    ],
)
def test_what_a_meter_refers_to_must_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    content = site_with(old, new)

    (told,) = problems(tmp_path / "site.toml", content, capsys)

    assert f"site.toml:{line_with(content, new)}: " in told
    assert said in told


def test_a_meter_without_the_name_of_its_reference_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = SITE.replace('analyzer = "analyzer_01"', 'analyzer = ""')

    told = problems(tmp_path / "site.toml", content, capsys)

    assert "'meters.meter_01.analyzer' of the site file" in told[0]


def test_the_kind_of_a_file_is_found_by_its_content_else_by_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = (built_in_profiles() / "plans" / "ac-quick.toml").read_text()
    without = plan.replace('kind = "plan"\n', "").replace("readings", "raedings")

    assert (
        "'raedings' is not a key of a profile" in problems(tmp_path / "x.toml", "kind = 'plan'\n" + without, capsys)[0]
    )
    assert "'raedings' is not a key of a profile" in problems(tmp_path / "plans" / "x.toml", without, capsys)[0]
    assert "of a site file" in problems(tmp_path / "plans" / "site.toml", "[site]\nnaem = 'a'\n", capsys)[0]
    assert "Did you mean 'meter'?" in problems(tmp_path / "y.toml", "kind = 'metre'\n", capsys)[0]
    assert "'site' is missing in the site file" in problems(tmp_path / "z.toml", "", capsys)[0]
