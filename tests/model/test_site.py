"""What a site file may say, and how it is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from v2g_tool.data.library import built_in_profiles, find_site_file, load_site
from v2g_tool.errors import RequestError
from v2g_tool.model.site.metering import InverterSite, ModbusLink, Rating

from . import site_text
from .site_text import SITE, site_with


def loaded(tmp_path: Path, content: str = SITE) -> object:
    path = tmp_path / "site.toml"
    path.write_text(content)
    return load_site(path)


def refused(tmp_path: Path, content: str) -> str:
    with pytest.raises(RequestError) as caught:
        loaded(tmp_path, content)
    return caught.value.what


# Names


@pytest.mark.parametrize(
    ("line", "key", "guess"),
    [
        ('[meters.meter_01]@analyzer = "analyzer_01"', "meters.meter_01.analyzer", "analyzer_01"),
        ('[meters.meter_01]@inverter = "inverter_01"', "meters.meter_01.inverter", "inverter_01"),
        ('[chargers.charger_01]@meter = "meter_01"', "chargers.charger_01.meter", "meter_01"),
        ('[chargers.charger_01]@analyzer = "analyzer_01"', "chargers.charger_01.analyzer", "analyzer_01"),
        ('[chargers.charger_01]@inverter = "inverter_01"', "chargers.charger_01.inverter", "inverter_01"),
    ],
)
def test_a_name_that_is_defined_nowhere_is_told_with_the_nearest_one(
    tmp_path: Path, line: str, key: str, guess: str
) -> None:
    what = refused(tmp_path, misspelt(line))

    wrong = guess.replace("_01", "_10")
    assert f"{key} = '{wrong}' is defined nowhere. Did you mean '{guess}'?" in what


def test_a_name_that_is_defined_nowhere_is_told_with_its_line(tmp_path: Path) -> None:
    what = refused(tmp_path, misspelt('[meters.meter_01]@analyzer = "analyzer_01"'))

    assert what.startswith(f"{tmp_path / 'site.toml'}:14: 'meters.meter_01.analyzer'")


def misspelt(place: str) -> str:
    """The site file with _01 turned into _10 on one line below one table header."""
    header, line = place.split("@")
    before, behind = SITE.split(header)
    assert line in behind
    return before + header + behind.replace(line, line.replace("_01", "_10"), 1)


def test_an_inverter_may_be_left_out(tmp_path: Path) -> None:
    content = SITE.replace('inverter = "inverter_01"\n', "").split("[inverters.")[0]

    loaded(tmp_path, content)


def test_a_meter_is_found_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(SITE)

    assert load_site(path).meter("meter_01").where == "10.0.0.5:502 unit 1"


def test_an_unknown_meter_names_those_there_are(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(SITE)

    with pytest.raises(RequestError, match="site 'depot-north' has no meter 'metre_01'") as caught:
        load_site(path).meter("metre_01")

    assert "Did you mean 'meter_01'?" in caught.value.what
    assert caught.value.why == "The site file lists: meter_01."


def test_the_charger_of_a_meter_is_the_one_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(SITE)

    assert load_site(path).charger_of("meter_01") == "charger_01"
    assert load_site(path).charger_of("meter_02") == ""


# Links and ratings


def test_a_tcp_link_needs_a_host(tmp_path: Path) -> None:
    assert "a tcp link needs 'host'" in refused(tmp_path, site_with('host = "10.0.0.5"\n', ""))


def test_an_rtu_link_needs_a_device(tmp_path: Path) -> None:
    what = refused(tmp_path, site_with('host = "10.0.0.5"', 'link = "rtu"'))

    assert "an rtu link needs 'device', for example /dev/ttyUSB0" in what


def test_a_serial_link_says_where_it_is() -> None:
    link = ModbusLink(link="rtu", device="/dev/ttyUSB0", unit=17)

    assert link.where == "/dev/ttyUSB0 unit 17"
    assert link.place == "/dev/ttyUSB0"


def test_a_manual_inverter_needs_no_host() -> None:
    inverter = InverterSite.model_validate({"profile": "manual", "max_charge_w": 11000})

    assert inverter.max_discharge_w == 0.0


def test_an_inverter_with_a_profile_needs_a_host() -> None:
    with pytest.raises(ValueError, match="needs 'host'"):
        InverterSite.model_validate({"profile": "sunspec-der", "max_charge_w": 11000})


@pytest.mark.parametrize(
    "currents",
    [
        pytest.param((0.6, 0.5, 5.0, 32.0), id="i_min above i_tr"),
        pytest.param((0.25, 6.0, 5.0, 32.0), id="i_tr above i_ref"),
        pytest.param((0.25, 0.5, 40.0, 32.0), id="i_ref above i_max"),
    ],
)
def test_rated_currents_must_rise(currents: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="rated currents must rise"):
        Rating.model_validate(dict(zip(("i_min_a", "i_tr_a", "i_ref_a", "i_max_a"), currents, strict=True)))


def test_rated_currents_may_be_equal() -> None:
    Rating(i_min_a=5, i_tr_a=5, i_ref_a=5, i_max_a=5)


def test_rated_currents_that_fall_are_told_on_their_line(tmp_path: Path) -> None:
    content = site_with("i_tr_a = 0.5", "i_tr_a = 50")

    what = refused(tmp_path, content)

    assert f":{site_text.line_of(content, 'rating')}: 'meters.meter_01.rating'" in what


@pytest.mark.parametrize("name", ["", "-depot", "depot north", "../depot", "a" * 42])
def test_a_site_name_that_is_no_folder_name_is_refused(tmp_path: Path, name: str) -> None:
    assert "'site.name'" in refused(tmp_path, site_with('"depot-north"', f'"{name}"'))


def test_a_reference_without_calibration_is_refused(tmp_path: Path) -> None:
    what = refused(tmp_path, site_with('calibration = { certificate = "C-1", due = 2027-05-01 }\n', ""))

    assert "'analyzers.analyzer_01.calibration' is missing" in what


def test_the_example_site_that_is_delivered_is_sound() -> None:
    assert load_site(built_in_profiles() / "sites" / "example.toml").meters


# Looking it up


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("V2G_SITE", raising=False)
    return tmp_path


def test_the_given_file_comes_first(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V2G_SITE", "/from/environment.toml")
    (elsewhere / "site.toml").touch()

    assert find_site_file(Path("/given.toml")) == Path("/given.toml")


def test_the_environment_comes_second(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V2G_SITE", "/from/environment.toml")
    (elsewhere / "site.toml").touch()

    assert find_site_file(None) == Path("/from/environment.toml")


def test_the_folder_comes_third(elsewhere: Path) -> None:
    (elsewhere / "site.toml").touch()

    assert find_site_file(None) == Path("site.toml")


@pytest.mark.skipif(Path("/etc/v2g/site.toml").exists(), reason="this computer has a site")
def test_no_site_file_anywhere_says_where_it_was_looked_for(elsewhere: Path) -> None:
    with pytest.raises(RequestError, match="no site file found") as caught:
        find_site_file(None)

    assert caught.value.why == "Looked at --site, $V2G_SITE, ./site.toml and /etc/v2g/site.toml."
