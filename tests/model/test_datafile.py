"""Data files that are wrong: the error names file, line and key, and what was probably meant."""

from __future__ import annotations

import contextlib
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.data.datafile import MAX_BYTES, line_of, load, read_toml, sha256_hex
from v2g_tool.data.library import load_profile, load_site
from v2g_tool.errors import ExitStatus, RequestError
from v2g_tool.model.profiles.meter import MeterProfile
from v2g_tool.model.site.site import Site
from v2g_tool.model.spelling import did_you_mean

from . import site_text
from .site_text import SITE, site_with

PROFILE = """\
schema = 1
id = "test-meter"
kind = "meter"
title = "Test meter"
status = "draft"

[document]
title = "A manual"

[measurements]
"U.1" = { address = 0x0000, type = "f32" }
"P.1" = { address = 0x0002, type = "f32" }
"""


PIECES = ["a = ", "b = ", "[t]\n", "\n", "1,5", "31.03.2027", "„x“", '"y"', "10.0.0.5", "é", " = ", "{", "}", ", ", "#"]


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "site.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(tmp_path: Path, content: str | bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        load_site(written(tmp_path, content))
    return caught.value


def refused_profile(tmp_path: Path, content: str) -> RequestError:
    with pytest.raises(RequestError) as caught:
        load_profile(str(written(tmp_path, content)), MeterProfile)
    return caught.value


# Sound files


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    assert load_site(written(tmp_path, SITE)).site.name == "depot-north"


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    assert load_site(written(tmp_path, b"\xef\xbb\xbf" + SITE.encode())).site.name == "depot-north"


def test_line_ends_of_another_system_are_line_ends(tmp_path: Path) -> None:
    content = site_with('host = "10.0.0.5"', 'hots = "10.0.0.5"').replace("\n", "\r\n")

    assert refused(tmp_path, content).what.startswith(f"{tmp_path / 'site.toml'}:11: ")


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, b"abc")

    assert sha256_hex(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4 example


# Files that cannot be read


def test_a_missing_file_is_a_wrong_request_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="No such file") as caught:
        load_site(tmp_path / "nowhere.toml")

    assert str(tmp_path / "nowhere.toml") in caught.value.what
    assert caught.value.status is ExitStatus.WRONG_REQUEST


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be read"):
        load_site(tmp_path)


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    content = SITE + "#" * (MAX_BYTES - len(SITE))

    assert load_site(written(tmp_path, content)).site.name == "depot-north"


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, SITE + "#" * (MAX_BYTES - len(SITE) + 1))

    assert "larger than 1000000 bytes" in error.what


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xff\xfe[\x00s\x00i\x00t\x00e\x00]\x00", id="UTF-16"),
        pytest.param(b'[site]\nname = "d\xe9p\xf4t"\n', id="Latin-1"),
        pytest.param(b"\x00\x01\x02\x03", id="binary"),
        pytest.param(b"[site\n", id="an open bracket"),
        pytest.param(b"[site]\nname = depot\n", id="a text without quotes"),
        pytest.param(b"[site]\nname = 'a'\nname = 'b'\n", id="a key twice"),
    ],
)
def test_what_is_no_toml_is_a_wrong_request_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    error = refused(tmp_path, content)

    assert error.what.startswith(f"{tmp_path / 'site.toml'}:")
    assert "the site file is not valid TOML" in error.what


@pytest.mark.parametrize(
    ("old", "new", "instead"),
    [
        ('name = "depot-north"', "name = „depot-north“", 'name = "depot-north"'),
        ('name = "depot-north"', "name = depot-north # ours", 'name = "depot-north" # ours'),
        ('name = "depot-north"', 'name = "depot-north"\nnominal_voltage_v = 230,0', "nominal_voltage_v = 230.0"),
        ('host = "10.0.0.5"', "host = 10.0.0.5", 'host = "10.0.0.5"'),
        ("due = 2027-05-01 }", "due = 01.05.2027 }", 'calibration = { certificate = "C-1", due = 2027-05-01 }'),
        ("max_charge_w = 11000", "max_charge_w = 11000,5", "max_charge_w = 11000.5"),
    ],
)
def test_a_slip_that_can_mean_one_thing_is_told_with_its_line_and_what_to_write(
    tmp_path: Path, old: str, new: str, instead: str
) -> None:
    content = site_with(old, new)

    error = refused(tmp_path, content)

    line = content[: content.index(new.splitlines()[-1])].count("\n") + 1
    assert error.what.startswith(f"{tmp_path / 'site.toml'}:{line}: the site file is not valid TOML")
    assert error.why
    assert error.todo == f"Write: {instead}"


def test_a_byte_of_an_old_editor_is_told_with_its_line_and_character(tmp_path: Path) -> None:
    error = refused(tmp_path, site_with("depot-north", "dépôt").encode("latin-1"))

    line = site_text.line_of(SITE, 'name = "depot-north"')
    assert error.what.startswith(f"{tmp_path / 'site.toml'}:{line}: ")
    assert "'é'" in error.why
    assert error.todo == "Save the file as UTF-8."


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.sampled_from(["utf-8", "latin-1"]))
def test_any_file_is_read_or_refused_and_what_is_sound_is_read_as_it_is(text: str, encoding: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        content = text.encode(encoding, "ignore")
        _, raw, problems = read_toml(content, Path(folder), "file")

    with contextlib.suppress(ValueError):
        sound = tomllib.loads(text.encode(encoding, "ignore").decode())
        assert (repr(raw), problems) == (repr(sound), [])


def test_a_file_of_slips_alone_is_given_up_after_a_few(tmp_path: Path) -> None:
    slips = "".join(f"a{n} = 1,5\n" for n in range(5000)).encode()
    _, raw, problems = read_toml(slips, tmp_path, "file")

    assert raw == {}
    assert 10 < len(problems) < 50


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    error = refused(tmp_path, site_with('host = "10.0.0.5"', 'host = "10.0.0.5'))

    assert "line 11" in error.what


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("x = " + "[" * 100_000, id="nested too deep"),
        pytest.param("x = " + "1" * 5_000, id="a number of 5000 digits"),
    ],
)
def test_toml_that_breaks_its_reader_is_a_wrong_request(tmp_path: Path, content: str) -> None:
    error = refused(tmp_path, content)

    assert "is not valid TOML" in error.what


# Keys


def test_an_unknown_key_names_file_line_key_and_the_nearest_key(tmp_path: Path) -> None:
    error = refused(tmp_path, site_with('host = "10.0.0.5"', 'hots = "10.0.0.5"'))

    place = f"{tmp_path / 'site.toml'}:11"
    assert error.what == f"{place}: 'meters.meter_01.hots' is not a key of a site file. Did you mean 'host'?"


def test_an_unknown_table_names_the_nearest_table(tmp_path: Path) -> None:
    error = refused(tmp_path, SITE.replace("[inverters.", "[invertres."))

    assert "'invertres' is not a key of a site file. Did you mean 'inverters'?" in error.what


def test_an_unknown_key_of_an_inline_table_names_the_line_and_the_nearest_key(tmp_path: Path) -> None:
    error = refused(tmp_path, site_with("i_min_a = 0.25", "i_mni_a = 0.25, i_min_a = 0.25"))

    assert ":13: 'meters.meter_01.rating.i_mni_a'" in error.what
    assert "Did you mean 'i_min_a'?" in error.what


def test_a_misspelt_key_that_must_be_there_is_told_as_misspelt(tmp_path: Path) -> None:
    error = refused(tmp_path, site_with('profile = "sunspec-der"', 'profil = "sunspec-der"'))

    assert "'inverters.inverter_01.profil' is not a key" in error.what
    assert "Did you mean 'profile'?" in error.what


def test_an_unknown_key_far_from_every_key_guesses_nothing(tmp_path: Path) -> None:
    error = refused(tmp_path, site_with('host = "10.0.0.5"', 'host = "10.0.0.5"\nzzzz = 1'))

    assert error.what.endswith("is not a key of a site file.")


def test_a_missing_key_is_named_at_its_table(tmp_path: Path) -> None:
    error = refused(tmp_path, site_with('limits = { set = "mid-2014-32-eu", class = "B" }\n', ""))

    assert error.what.endswith(":9: 'meters.meter_01.limits' is missing in the site file")
    assert error.todo == "Add the key."


def test_a_missing_key_of_an_inline_table_is_named_on_its_line(tmp_path: Path) -> None:
    error = refused(tmp_path, site_with(", i_max_a = 32.0", ""))

    assert ":13: 'meters.meter_01.rating.i_max_a' is missing" in error.what


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('host = "10.0.0.5"', 'host = "10.0.0.5"\nport = 70000', "meters.meter_01.port"),
        ('host = "10.0.0.5"', 'host = "10.0.0.5"\nunit = -1', "meters.meter_01.unit"),
        ('host = "10.0.0.5"', 'host = "10.0.0.5"\ntimeout_s = nan', "meters.meter_01.timeout_s"),
        ('host = "10.0.0.5"', 'host = "10.0.0.5"\ntimeout_s = inf', "meters.meter_01.timeout_s"),
        ('host = "10.0.0.5"', 'host = "10.0.0.5"\nlegal = "perhaps"', "meters.meter_01.legal"),
        ('name = "depot-north"', 'name = "../etc"', "site.name"),
        ("max_charge_w = 11000", "max_charge_w = 0", "inverters.inverter_01.max_charge_w"),
    ],
)
def test_a_wrong_value_names_its_line_and_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    content = site_with(old, new)

    error = refused(tmp_path, content)

    line = site_text.line_of(content, new.splitlines()[-1])
    assert error.what.startswith(f"{tmp_path / 'site.toml'}:{line}: '{key}' of the site file: ")
    assert error.todo == "Correct the value."


def test_a_wrong_date_names_its_line(tmp_path: Path) -> None:
    error = refused(tmp_path, site_with("2027-05-01", '"next year"'))

    assert ":20: 'analyzers.analyzer_01.calibration.due'" in error.what


def test_a_key_of_a_profile_is_called_a_key_of_a_profile(tmp_path: Path) -> None:
    error = refused_profile(tmp_path, PROFILE.replace("[document]", "[document]\ntitel = 'x'"))

    assert ":8: 'document.titel' is not a key of a profile. Did you mean 'title'?" in error.what


def test_a_quoted_key_with_a_dot_is_found_on_its_own_line(tmp_path: Path) -> None:
    error = refused_profile(tmp_path, PROFILE.replace('"P.1" = { address = 0x0002', '"P.1" = { addr = 0x0002'))

    assert error.what.startswith(f"{tmp_path / 'site.toml'}:12: ")


# Line numbers


TABLES = """\
# a comment
[meters.meter_01]
host = "a"

[meters.meter_02]
  host = "b"
"quoted" = 1

[[rows]]
limit = 1
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (["meters", "meter_01", "host"], 3),
        (["meters", "meter_02", "host"], 6),
        (["meters", "meter_02", "quoted"], 7),
        (["meters", "meter_02", "port"], 5),
        (["rows", "0", "limit"], 10),
        (["nowhere"], 1),
        ([], 1),
    ],
)
def test_a_key_is_found_on_its_line_or_at_the_table_above_it(keys: list[str], line: int) -> None:
    assert line_of(TABLES, keys) == line


# Spelling


@pytest.mark.parametrize(
    ("word", "guess"),
    [("metre_01", " Did you mean 'meter_01'?"), ("meter_1", " Did you mean 'meter_01'?"), ("zzz", ""), ("", "")],
)
def test_the_nearest_known_word_is_guessed(word: str, guess: str) -> None:
    assert did_you_mean(word, ["meter_01", "analyzer_01"]) == guess


def test_without_any_known_word_nothing_is_guessed() -> None:
    assert did_you_mean("meter_01", []) == ""


def test_any_model_can_be_loaded_by_its_file(tmp_path: Path) -> None:
    assert load(written(tmp_path, SITE), Site, "site file").meters["meter_01"].port == 502


def test_a_table_that_is_not_known_is_found_at_its_first_header() -> None:
    assert line_of('[site]\nname = "x"\n\n[modem.m]\ninterface = "eth1"\n', ["modem"]) == 4
