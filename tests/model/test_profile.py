"""Profiles: what they refuse, and that every one that is delivered is sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from v2g_tool.data.library import built_in_profiles, find_profile, load_profile
from v2g_tool.errors import RequestError
from v2g_tool.model.profiles.analyzer import AnalyzerProfile
from v2g_tool.model.profiles.gridcode import GridCodeProfile
from v2g_tool.model.profiles.head import ProfileHead
from v2g_tool.model.profiles.inverter import InverterProfile
from v2g_tool.model.profiles.kernel import KernelProfile
from v2g_tool.model.profiles.limits import LimitSet
from v2g_tool.model.profiles.meter import MeterProfile, Register
from v2g_tool.model.profiles.pki import PkiProfile
from v2g_tool.model.profiles.plan import Plan
from v2g_tool.model.profiles.radio import RadioServices

KINDS = {
    "meters": MeterProfile,
    "analyzers": AnalyzerProfile,
    "inverters": InverterProfile,
    "kernel": KernelProfile,
    "gridcodes": GridCodeProfile,
}
DELIVERED = [
    pytest.param(path, kind, id=f"{folder}/{path.stem}")
    for folder, kind in KINDS.items()
    for path in sorted((built_in_profiles() / folder).glob("*.toml"))
]
METERS = [path.stem for path in sorted((built_in_profiles() / "meters").glob("*.toml"))]


def meter(**changes: object) -> MeterProfile:
    facts: dict[str, object] = {
        "schema": 1,
        "id": "test-meter",
        "kind": "meter",
        "title": "Test meter",
        "status": "draft",
        "document": {"title": "A manual"},
        "identity": {"serial": {"address": 100, "type": "u32"}},
        "measurements": {"U.1": {"address": 0, "type": "f32"}},
    }
    return MeterProfile.model_validate(facts | changes)


def trim(address: int, **more: object) -> dict[str, object]:
    return {
        "active": {"address": address, "type": "u16", **more},
        "kind": "gain",
        "phase": 1,
        "unity": 10000,
        "step": 0.0001,
        "minimum": 5000,
        "maximum": 20000,
    }


# What is delivered


@pytest.mark.parametrize(("path", "kind"), DELIVERED)
def test_a_delivered_profile_loads_by_its_name(path: Path, kind: type[MeterProfile]) -> None:
    profile, found = load_profile(path.stem, kind)

    assert found == path
    assert profile.id == path.stem


@pytest.mark.parametrize(("path", "kind"), DELIVERED)
def test_a_delivered_profile_names_its_document_and_the_place_in_it(path: Path, kind: type[MeterProfile]) -> None:
    document = load_profile(path.stem, kind)[0].document

    assert document.title
    assert document.revision
    assert document.page


@pytest.mark.parametrize("name", METERS)
def test_no_value_of_a_delivered_meter_exceeds_one_request(name: str) -> None:
    profile, _ = load_profile(name, MeterProfile)

    registers = [*profile.measurements.values(), *profile.facts.values(), *profile.identity.values()]

    assert all(register.count <= profile.wire.max_read for register in registers)


@pytest.mark.parametrize("name", METERS)
def test_no_value_of_a_delivered_meter_lies_in_a_hole(name: str) -> None:
    profile, _ = load_profile(name, MeterProfile)

    for register in (*profile.measurements.values(), *profile.facts.values()):
        assert not any(first < register.end and register.address <= last for first, last in profile.wire.holes)


@pytest.mark.parametrize("name", METERS)
def test_a_delivered_meter_can_be_identified_by_serial_number(name: str) -> None:
    assert "serial" in load_profile(name, MeterProfile)[0].identity


@pytest.mark.parametrize("name", METERS)
def test_the_unity_of_every_delivered_correction_lies_in_its_range(name: str) -> None:
    for correction in load_profile(name, MeterProfile)[0].corrections.values():
        assert correction.minimum <= correction.unity <= correction.maximum


@pytest.mark.parametrize("name", METERS)
def test_a_delivered_meter_is_never_free_to_write_by_its_profile_alone(name: str) -> None:
    assert load_profile(name, MeterProfile)[0].legal == "unknown"


def test_the_addresses_of_the_sdm630_are_those_of_the_register_list() -> None:
    measurements = load_profile("eastron-sdm630", MeterProfile)[0].measurements

    found = {name: register.address for name, register in measurements.items()}

    assert (found["U.1"], found["I.1"], found["P.1"], found["Q.1"]) == (0x0000, 0x0006, 0x000C, 0x0018)
    assert (found["P.sum"], found["Q.sum"], found["F.sum"]) == (0x0034, 0x003C, 0x0046)
    assert (found["WH_IMP.sum"], found["WH_EXP.sum"]) == (0x0048, 0x004A)


@pytest.mark.parametrize("name", ["wattnode-wnc", "wattnode-wnd"])
def test_the_addresses_of_a_wattnode_are_one_below_the_printed_numbers(name: str) -> None:
    measurements = load_profile(name, MeterProfile)[0].measurements

    printed = {channel: register.address + 1 for channel, register in measurements.items()}

    assert (printed["U.1"], printed["U.2"], printed["U.3"]) == (1019, 1021, 1023)
    assert (printed["I.1"], printed["I.2"], printed["I.3"]) == (1163, 1165, 1167)
    assert (printed["P.1"], printed["P.2"], printed["P.3"], printed["P.sum"]) == (1011, 1013, 1015, 1009)
    assert (printed["Q.1"], printed["Q.2"], printed["Q.3"], printed["Q.sum"]) == (1149, 1151, 1153, 1147)
    assert (printed["F.sum"], printed["WH_IMP.sum"], printed["WH_EXP.sum"]) == (1033, 1003, 1113)


def test_no_number_of_the_sunspec_profile_overlaps_another() -> None:
    for points in load_profile("sunspec-der", InverterProfile)[0].models.values():
        offsets = [point.offset for point in points.values()]
        assert len(set(offsets)) == len(offsets)


# What is refused


def test_two_values_that_claim_one_address_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'U\.2' and 'U\.1' both claim address 0x0001"):
        meter(measurements={"U.1": {"address": 0, "type": "f32"}, "U.2": {"address": 1, "type": "f32"}})


def test_a_correction_that_claims_the_address_of_a_measurement_is_refused() -> None:
    with pytest.raises(ValueError, match="both claim address 0x0001"):
        meter(corrections={"gain_l1": trim(1)}, writing={})


def test_corrections_without_a_serial_number_are_refused() -> None:
    with pytest.raises(ValueError, match=r"corrections need identity\.serial"):
        meter(identity={}, corrections={"gain_l1": trim(10)}, writing={})


def test_one_address_of_two_functions_is_no_clash() -> None:
    meter(corrections={"gain_l1": trim(0, function=3)}, writing={})


def test_naming_the_default_function_hides_no_clash() -> None:
    with pytest.raises(ValueError, match="both claim address"):
        meter(
            wire={"read_function": 4},
            measurements={"U.1": {"address": 0, "type": "f32"}, "U.2": {"address": 0, "type": "f32", "function": 4}},
        )


def test_corrections_without_a_way_to_write_them_are_refused() -> None:
    with pytest.raises(ValueError, match=r"corrections need a \[writing\] table"):
        meter(corrections={"gain_l1": trim(100)})


@pytest.mark.parametrize("channel", ["U", "U.4", "U.0", "V.1", "P.total", "p.1", "P.1 ", ""])
def test_a_measurement_of_no_channel_is_refused(channel: str) -> None:
    with pytest.raises(ValueError, match=r"channel|Quantity"):
        meter(measurements={channel: {"address": 0, "type": "f32"}})


@pytest.mark.parametrize(
    "register",
    [
        pytest.param({"address": 0, "type": "text"}, id="text without width"),
        pytest.param({"address": 0, "type": "f32", "words": 4}, id="a float of four words"),
        pytest.param({"address": -1, "type": "u16"}, id="below the address space"),
        pytest.param({"address": 65536, "type": "u16"}, id="beyond the address space"),
        pytest.param({"address": 0, "type": "i16"}, id="an unknown type"),
        pytest.param({"address": 0, "type": "u16", "scale": float("nan")}, id="a scale that is no number"),
        pytest.param({"address": 0, "type": "u16", "function": 6}, id="a function that writes"),
    ],
)
def test_a_register_that_cannot_be_is_refused(register: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Register.model_validate(register)


@pytest.mark.parametrize(
    ("kind", "registers"), [("u16", 1), ("s16", 1), ("u32", 2), ("f32", 2), ("u64", 4), ("f64", 4)]
)
def test_a_type_has_its_width(kind: str, registers: int) -> None:
    register = Register.model_validate({"address": 10, "type": kind})

    assert (register.count, register.end) == (registers, 10 + registers)


def test_a_profile_of_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema"):
        meter(schema=2)


def test_a_profile_without_document_is_refused() -> None:
    with pytest.raises(ValueError, match="document"):
        meter(document={"title": ""})


# Looking it up


def test_an_unknown_profile_names_the_nearest_and_all_there_are() -> None:
    with pytest.raises(RequestError, match="no profile 'eastron-sdm360' among the meters") as caught:
        find_profile("eastron-sdm360", MeterProfile)

    assert "Did you mean 'eastron-sdm630'?" in caught.value.what
    assert "wattnode-wnd" in caught.value.why


@pytest.mark.parametrize("name", ["./own.toml", "own.toml", "/srv/profiles/own.toml", "profiles/own"])
def test_a_path_is_taken_as_it_is(name: str) -> None:
    assert find_profile(name, MeterProfile) == Path(name)


def test_a_profile_of_another_kind_is_not_found() -> None:
    with pytest.raises(RequestError, match="among the analyzers"):
        find_profile("eastron-sdm630", AnalyzerProfile)


def test_every_kind_of_profile_has_its_folder() -> None:
    kinds = {MeterProfile, AnalyzerProfile, InverterProfile, Plan, LimitSet, RadioServices}
    kinds |= {KernelProfile, GridCodeProfile, PkiProfile}
    assert kinds == set(ProfileHead.__subclasses__())
    assert all(any((built_in_profiles() / kind.FOLDER).glob("*.toml")) for kind in kinds)
