"""The known radio services: what the delivered profile holds, and what a wrong one is told."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from pydantic import ValidationError

from v2g_tool.data.library import built_in_profiles, load_profile
from v2g_tool.errors import RequestError
from v2g_tool.model.carriers import carrier_hz
from v2g_tool.model.profiles.radio import RadioServices

PROFILE, PATH = load_profile("radio-services", RadioServices)


def profile(**service: object) -> RadioServices:
    known = {"name": "x", "low_hz": 2e6, "high_hz": 3e6, "owner": "o", "clause": "c", "status": "derived"}
    return RadioServices.model_validate(
        {
            "schema": 1,
            "id": "test",
            "kind": "radio-services",
            "title": "Test",
            "status": "draft",
            "document": {"title": "A document"},
            "services": [known | service],
        }
    )


def test_the_profile_is_delivered_under_its_name() -> None:
    assert built_in_profiles() / "plc" / "radio-services.toml" == PATH
    assert PATH.stem == PROFILE.id


def test_nothing_is_called_verified_that_was_not_read_in_its_document() -> None:
    assert PROFILE.status == "derived"
    assert {service.status for service in PROFILE.services} == {"derived"}


@pytest.mark.parametrize(
    ("name", "low_mhz", "high_mhz"),
    [
        ("13.56 MHz ISM", 13.553, 13.567),
        ("27.12 MHz ISM", 26.957, 27.283),
        ("20 m amateur", 14.0, 14.35),
        ("49 m broadcast", 5.9, 6.2),
        ("19 m broadcast", 15.1, 15.8),
        ("CB radio", 26.96, 27.41),
    ],
)
def test_bands_that_everybody_knows_are_right(name: str, low_mhz: float, high_mhz: float) -> None:
    service = next(s for s in PROFILE.known() if s.name == name)

    assert (service.band.low_hz, service.band.high_hz) == (low_mhz * 1e6, high_mhz * 1e6)


def test_every_band_reaches_into_the_carriers() -> None:
    first, last = carrier_hz(0), carrier_hz(1154)

    assert all(s.low_hz < last and s.high_hz > first for s in PROFILE.services)


def test_bands_of_one_kind_of_service_do_not_overlap() -> None:
    for kind in ("amateur", "broadcast", "Aircraft", "Maritime", "Military", "Time signal", "ISM"):
        edges = sorted((s.low_hz, s.high_hz) for s in PROFILE.services if kind in s.name)
        assert edges
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(edges))


def test_the_first_services_are_the_most_telling() -> None:
    assert PROFILE.known()[1].name == "13.56 MHz ISM"


def test_a_draft_names_nobody() -> None:
    assert profile(status="draft").known() == ()
    assert [s.name for s in profile().known()] == ["x"]


def test_a_band_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="low_hz must be below high_hz"):
        profile(low_hz=3e6, high_hz=3e6)


def test_a_misspelt_key_is_named_with_its_file(tmp_path: Path) -> None:
    wrong = tmp_path / "own.toml"
    wrong.write_text(PATH.read_text().replace("owner =", "holder =", 1))

    with pytest.raises(RequestError, match="holder"):
        load_profile(str(wrong), RadioServices)
