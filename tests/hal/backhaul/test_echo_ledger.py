"""The book of round trips: copies, overtaken answers, answers that come too late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.hal.backhaul.ledger import ANSWER_S, Ledger
from v2g_tool.model.telemetry import Echo


def asked(*sent_s: float) -> Ledger:
    ledger = Ledger()
    for sequence, moment in enumerate(sent_s):
        ledger.ask(sequence, moment)
    return ledger


def test_an_answered_question_is_decided_at_once_and_an_open_one_is_not() -> None:
    ledger = asked(1.0, 1.1)
    ledger.answer(1, 1.25)

    assert ledger.decided() == (Echo(1.1, 1.25 - 1.1),)
    assert (ledger.asked, ledger.pending) == (2, 1)


def test_a_question_beyond_its_time_has_no_answer_and_a_late_one_changes_nothing() -> None:
    ledger = asked(1.0)
    ledger.answer(0, 1.01 + ANSWER_S)
    ledger.settle(1.01 + ANSWER_S)
    ledger.answer(0, 1.02 + ANSWER_S)

    assert ledger.decided() == (Echo(1.0, None, copies=0),)


def test_copies_are_counted_and_the_first_one_is_the_round_trip() -> None:
    ledger = asked(1.0)
    for moment in (1.5, 1.6, 1.7):
        ledger.answer(0, moment)
    ledger.settle(4.0)

    assert ledger.decided() == (Echo(1.0, 0.5, copies=3),)


def test_an_answer_behind_one_to_a_later_question_was_overtaken() -> None:
    ledger = asked(1.0, 1.1, 1.2)
    for sequence in (0, 2, 1):
        ledger.answer(sequence, 1.5)

    assert [echo.overtaken for echo in ledger.decided()] == [False, True, False]


def test_an_answer_that_nobody_asked_for_is_nothing() -> None:
    ledger = asked(1.0)
    ledger.answer(99, 1.1)

    assert ledger.decided() == ()


def test_questions_that_nothing_can_be_said_of_are_left_out() -> None:
    ledger = asked(1.0, 1.1)
    ledger.answer(0, 1.2)
    ledger.drop_pending()

    assert [echo.sent_s for echo in ledger.decided()] == [1.0]


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 5)), max_size=80))
def test_every_question_is_decided_once_in_order_whatever_comes_back(answers: list[tuple[int, float]]) -> None:
    ledger = asked(*(0.05 * number for number in range(20)))
    for sequence, received_s in answers:
        ledger.answer(sequence, received_s)
    ledger.settle(100.0)

    echoes = ledger.decided()
    assert [echo.sent_s for echo in echoes] == [0.05 * number for number in range(20)]
    assert all(echo.round_trip_s is None or 0 <= echo.round_trip_s <= ANSWER_S for echo in echoes)
    assert all((echo.round_trip_s is None) == (echo.copies == 0) for echo in echoes)
