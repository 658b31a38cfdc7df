"""Drivers that are people, with answers as people give them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import count

import pytest

from v2g_tool.data.library import load_profile
from v2g_tool.errors import NotPermitted, RequestError
from v2g_tool.hal.by_hand import AskedInverter, PresentLoad, TypedAnalyzer
from v2g_tool.hal.contracts.inverter import SetPoint
from v2g_tool.model.profiles.analyzer import AnalyzerProfile
from v2g_tool.model.quantities import Identity
from v2g_tool.model.site.metering import AnalyzerSite, CalibrationRecord

WT300E, _ = load_profile("yokogawa-wt300e", AnalyzerProfile)


@dataclass
class Person:
    """Gives prepared answers; a question too many fails the test."""

    answers: list[str]
    asked: list[str] = field(default_factory=list)

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        assert self.answers, f"nobody prepared an answer to: {question}"
        return self.answers.pop(0)


def typed(person: Callable[[str], str], profile: AnalyzerProfile = WT300E, **facts: object) -> TypedAnalyzer:
    calibration = CalibrationRecord(certificate="C-1", due=date(2027, 5, 1))
    place: dict[str, object] = {"profile": "yokogawa-wt300e", "resource": "typed", "calibration": calibration}
    ticks = count(100)
    site = AnalyzerSite.model_validate(place | facts)
    return TypedAnalyzer("reference", site, profile, person, lambda: float(next(ticks)))


def one_phase(*answers: str) -> tuple[TypedAnalyzer, Person]:
    person = Person(list(answers))
    return typed(person, wiring="1P2W"), person


def values(analyzer: TypedAnalyzer) -> dict[str, float]:
    reading = analyzer.measure()
    assert reading is not None
    return {str(channel): value for channel, value in reading.values.items()}


# The typed analyzer


def test_the_serial_number_is_read_from_the_name_plate() -> None:
    analyzer, _ = one_phase("  C2ZA12345V ")

    assert analyzer.identity() == Identity("", "Yokogawa WT300E series", "C2ZA12345V", "")


def test_the_serial_number_is_asked_once() -> None:
    analyzer, person = one_phase("C2ZA12345V")

    analyzer.identity()
    analyzer.identity()

    assert len(person.asked) == 1


def test_four_numbers_are_one_phase() -> None:
    analyzer, _ = one_phase("230.1 12.0 2760 -50")

    assert values(analyzer) == {"U.1": 230.1, "I.1": 12.0, "P.1": 2760.0, "Q.1": -50.0}


def test_every_phase_of_the_wiring_is_asked_for() -> None:
    person = Person(["230 12 2760 0", "231 12 2770 0", "229 12 -2750 0"])

    found = values(typed(person))

    assert [question[:3] for question in person.asked] == ["L1:", "L2:", "L3:"]
    assert (found["U.2"], found["P.3"]) == (231.0, -2750.0)


def test_a_decimal_comma_is_a_decimal_point() -> None:
    analyzer, _ = one_phase("230,1 12,05 2760,5 -50,25")

    assert values(analyzer) == {"U.1": 230.1, "I.1": 12.05, "P.1": 2760.5, "Q.1": -50.25}


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "230.1",
        "230.1 12.0 2760",
        "230.1 12.0 2760 0 0",
        "230.1 V 12 A",
        "230.1 12.0 2760 off",
        "nan 12.0 2760 0",
        "230.1 inf 2760 0",
        "230.1 12.0 2760 1e999",
    ],
)
def test_what_is_not_four_numbers_is_asked_again(nonsense: str) -> None:
    analyzer, person = one_phase(nonsense, "230.1 12.0 2760 0")

    found = values(analyzer)

    assert found["U.1"] == 230.1
    assert person.asked[1].startswith("Four numbers are needed")


def test_a_reading_dates_from_the_first_question_to_the_last_answer() -> None:
    analyzer, _ = one_phase("230.1 12.0 2760 0")

    reading = analyzer.measure()

    assert reading is not None
    assert (reading.started_s, reading.ended_s) == (100.0, 101.0)


def test_the_person_selects_the_ranges_for_the_expected_load() -> None:
    analyzer, person = one_phase("300", "20")

    analyzer.prepare(230.0, 16.0)

    assert person.asked == [
        "Voltage range of reference in V (for 230 V)",
        "Current range of reference in A (for 16.0 A)",
    ]
    assert analyzer.accuracy().range_va == 6000.0


@pytest.mark.parametrize("nonsense", ["", "auto", "0", "-300", "nan", "inf", "300 V"])
def test_a_range_that_is_no_positive_number_is_asked_again(nonsense: str) -> None:
    analyzer, person = one_phase(nonsense, "300", "0,5")

    analyzer.prepare(230.0, 0.4)

    assert len(person.asked) == 3
    assert analyzer.accuracy().range_va == 150.0


def test_the_ranges_are_asked_once() -> None:
    analyzer, person = one_phase("300", "20")

    analyzer.prepare(230.0, 16.0)
    analyzer.prepare(230.0, 8.0)

    assert len(person.asked) == 2


def test_the_accuracy_of_a_typed_analyzer_is_that_of_its_document() -> None:
    analyzer, _ = one_phase("300", "20")
    analyzer.prepare(230.0, 16.0)

    accuracy = analyzer.accuracy()

    assert (accuracy.rdg_ratio, accuracy.rng_ratio, accuracy.pf0_ratio) == pytest.approx((0.001, 0.0005, 0.001))
    assert accuracy.source.endswith("IM WT310E-02EN p. 7-7, 7-8 (accuracy)")


def test_there_is_no_accuracy_before_a_range_was_typed() -> None:
    analyzer, _ = one_phase()

    with pytest.raises(RequestError, match="no confirmed accuracy"):
        analyzer.accuracy()


def test_no_verdict_rests_on_a_draft_accuracy() -> None:
    draft = tuple(line.model_copy(update={"status": "draft"}) for line in WT300E.accuracy)
    analyzer = typed(Person(["300", "20"]), WT300E.model_copy(update={"accuracy": draft}))
    analyzer.prepare(230.0, 16.0)

    with pytest.raises(RequestError, match="no confirmed accuracy"):
        analyzer.accuracy()


def test_the_update_interval_is_the_one_of_the_site() -> None:
    assert typed(Person([]), update_s=1.5).update_interval_s == 1.5


def test_without_a_terminal_nothing_is_invented() -> None:
    def nobody(_question: str) -> str:
        raise NotPermitted("there is no terminal")

    with pytest.raises(NotPermitted):
        typed(nobody).measure()


def test_leaving_asks_nothing() -> None:
    analyzer, person = one_phase()

    analyzer.finish()

    assert person.asked == []


# The asked inverter


def asked_inverter() -> tuple[AskedInverter, Person]:
    person = Person([""] * 3)
    return AskedInverter("inverter_01", (11000.0, 10000.0), person), person


@pytest.mark.parametrize(
    ("wanted", "question"),
    [
        (SetPoint(3000.0), "Set the charger to charging at 3.0 kW, then press Enter"),
        (SetPoint(-3600.0), "Set the charger to discharging at 3.6 kW, then press Enter"),
        (SetPoint(3000.0, 500.0), "Set the charger to charging at 3.0 kW with 0.5 kvar, then press Enter"),
        (SetPoint(3000.0, -500.0), "Set the charger to charging at 3.0 kW with -0.5 kvar, then press Enter"),
    ],
)
def test_the_person_is_told_direction_and_power(wanted: SetPoint, question: str) -> None:
    inverter, person = asked_inverter()

    inverter.command(wanted)

    assert person.asked == [question]


def test_a_load_set_by_hand_stays_without_asking() -> None:
    inverter, person = asked_inverter()
    inverter.command(SetPoint(3000.0))

    inverter.hold()

    assert len(person.asked) == 1


def test_a_person_cannot_say_what_flows() -> None:
    inverter, person = asked_inverter()

    assert inverter.actual() is None
    assert person.asked == []


def test_the_person_is_asked_to_end_the_test_load() -> None:
    inverter, person = asked_inverter()

    assert inverter.restore(inverter.controls()) is False
    assert person.asked == ["Set the charger back to what it did before, then press Enter"]


def test_a_person_sets_no_reactive_power_and_keeps_the_limits_of_the_site() -> None:
    inverter, _ = asked_inverter()

    assert inverter.sets_reactive is False
    assert inverter.limits_w == (11000.0, 10000.0)
    assert inverter.identity() == Identity("", "set by hand", "", "")


# The present load


def test_the_present_load_is_left_alone() -> None:
    load = PresentLoad()

    load.command(SetPoint(3000.0))
    load.hold()

    assert load.actual() is None
    assert load.restore(load.controls()) is False
    assert load.limits_w == (0.0, 0.0)
    assert load.identity().model == "present load"
