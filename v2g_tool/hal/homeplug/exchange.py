"""Questions to modems over one wire: an answer counts only if it is one to this question.

Common tools take any frame of the right type for an answer. Here kind, source, destination, content and time have to
fit; what does not is counted by its reason and otherwise ignored. Only reads are asked: what was lost is asked again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from v2g_tool.errors import Implausible, InstrumentError, Unreachable
from v2g_tool.hal.contracts.modem import Wire
from v2g_tool.hal.homeplug.evidence import FrameLog
from v2g_tool.hal.homeplug.fragments import Reassembler
from v2g_tool.hal.homeplug.frame import ETHERTYPE, MalformedFrame, mac_bytes
from v2g_tool.hal.homeplug.messages import Body, Message, compose, decode
from v2g_tool.model.plc import Captured

TRY_S = 0.05
"""As long as Qualcomm's own programs wait for an answer."""
TRIES = 3
QUIET_S = 0.025
"""When everybody was asked: so long after an answer another one may come, from a modem across the powerline."""

Reason = Literal["late", "repeated", "other station", "other message", "other content", "damaged"]
"""Why a frame was ignored."""
_MOST_ANSWERS = 64
_MOST_PARTS = 64


@dataclass(frozen=True)
class Form:
    """One way to put a question, as firmware of some age understands it: the request and the kind of its answer."""

    request: Body
    answer: type[Body]


@dataclass(frozen=True)
class Question:
    """What is asked, in all its forms; `fits` tells an answer to it from an answer to another question."""

    name: str
    forms: tuple[Form, ...]
    fits: Callable[[Any], bool] = lambda _body: True


@dataclass(frozen=True)
class Answer:
    """A body that answers, who sent it, and the frames of the exchange so far: requests and answers."""

    question: Question
    body: Body
    source: str
    frames: tuple[Captured, ...]


@dataclass
class Exchange:
    """Checked questions over one wire.

    Attributes:
        wire: the opened interface.
        log: takes the requests and the frames that answered them.
        end_s: when all measuring has to be over, on `clock`.
        try_s: how long an answer is waited for at first, s; each further turn waits twice as long.
        tries: how often each form of a question is sent.
        clock: the monotonic clock that the wire's deadlines are on.
        ignored: how many frames were ignored, by reason.
    """

    wire: Wire
    log: FrameLog
    end_s: float
    try_s: float = TRY_S
    tries: int = TRIES
    clock: Callable[[], float] = time.monotonic
    ignored: Counter[Reason] = field(default_factory=Counter)
    _understood: dict[tuple[str, str], int] = field(default_factory=dict)
    """By modem and name of the question: which form of it the modem answered."""
    _last: tuple[Body, Captured] | None = None
    """The last request that was answered, and the last frame of the answer."""
    _stragglers: tuple[frozenset[bytes], float] = (frozenset(), 0.0)
    """Kinds of answers that may still come to a question that is over, and until when."""

    def ask(self, question: Question, modem: str) -> Answer:
        """Give the answer of one modem.

        Raises:
            Unreachable: it did not answer, or the measuring time is over.
            Implausible: it answered, but each time to another question.
        """
        known = self._understood.get((modem, question.name))
        forms = question.forms if known is None else question.forms[known : known + 1]
        window = _Window((question,), self.wire.mac, modem)
        wrong = self.ignored["other content"]
        with self._asking(window):
            self._let_stragglers_pass(window)
            if answer := self._asked_in_turn(window, forms, modem):
                kinds = [form.answer for form in question.forms]
                self._understood[modem, question.name] = kinds.index(type(answer.body))
                return answer
        raise self._no_answer(question, modem, self.ignored["other content"] - wrong)

    def ask_everybody(self, questions: Sequence[Question], destination: str) -> list[Answer]:
        """Give all answers to a group address; asks again only while nobody answers."""
        window = _Window(tuple(questions), self.wire.mac, "")
        with self._asking(window):
            for turn in range(self.tries):
                for form in (form for question in questions for form in question.forms):
                    self._send(window, form, destination)
                if answers := self._collect(window, _MOST_ANSWERS, turn):
                    return answers
        return []

    def _asked_in_turn(self, window: _Window, forms: tuple[Form, ...], modem: str) -> Answer | None:
        began_s = self.clock()
        if self._last and self._last[0] != forms[0].request:
            window.repeated = self._last[1]
        for attempt, form in enumerate(forms * self.tries):
            sent_s = self.clock()
            self._send(window, form, modem)
            answers = self._collect(window, 1, attempt // len(forms))
            if attempt:
                # The other requests are answered as late as the first one was, or later than anybody waits.
                self._stragglers = (window.kinds, sent_s + self.clock() - began_s)
            if answers:
                self._last = (form.request, answers[0].frames[-1])
                return answers[0]
            window.repeated = None
        return None

    def _let_stragglers_pass(self, window: _Window) -> None:
        kinds, until_s = self._stragglers
        if kinds & window.kinds:
            while self.wire.receive(min(until_s, self.end_s)) is not None:
                self.ignored["late"] += 1

    def _send(self, window: _Window, form: Form, destination: str) -> None:
        if self.clock() >= self.end_s:
            raise Unreachable(
                "the time for this measurement is over before the modem was asked everything",
                why="Frames are lost, or the modem answers slowly.",
                todo="Run again; if it stays so, keep other traffic off this interface and check the modem's supply.",
            )
        window.frames.append(self.wire.send(compose(form.request, destination, self.wire.mac)))

    def _collect(self, window: _Window, most: int, turn: int) -> list[Answer]:
        """Give the answers that arrive until the try is over, or until it is quiet after an answer.

        Each turn waits twice as long as the one before: a busy modem or computer is late, and then later.
        """
        answers: list[Answer] = []
        until_s = min(self.clock() + self.try_s * 2**turn, self.end_s)
        while len(answers) < most and (captured := self.wire.receive(until_s)) is not None:
            judged = window.judge(captured)
            if isinstance(judged, Answer):
                answers.append(judged)
                until_s = min(until_s, self.clock() + QUIET_S)
            elif judged is not None:
                self.ignored[judged] += 1
        return answers

    @contextmanager
    def _asking(self, window: _Window) -> Iterator[None]:
        """Hear kinds of answers alone, and log what was sent and what answered, however it ends."""
        try:
            with self.wire.only(window.kinds):
                yield
        finally:
            for captured in window.frames:
                self.log.add(captured)

    def _no_answer(self, question: Question, modem: str, wrong: int) -> InstrumentError:
        if wrong:
            return Implausible(
                f"modem {modem} was asked {question.name} and gave {wrong} answers, none to this question",
                why="Its answers are late or forged, or its firmware is defective.",
                todo="Stop other PLC programs on this wire, restart the modem and run again.",
            )
        return Unreachable(
            f"modem {modem} does not answer {question.name}, asked {self.tries} times within "
            f"{self.try_s * (2**self.tries - 1) * 1000:g} ms",
            why="Its firmware does not know the message, or the modem is asleep, restarting or gone.",
            todo="Check the modem's supply and run again.",
        )


class _Window:
    """The time in which answers to some questions count: what was sent, and which frames are answers.

    Args:
        questions: what is asked.
        mac: who asks.
        modem: who is asked, "" for anybody.
    """

    def __init__(self, questions: tuple[Question, ...], mac: str, modem: str) -> None:
        self.frames: list[Captured] = []
        self.repeated: Captured | None = None
        """The last answer to the question before: the same bytes again, at once, are its duplicate."""
        self.kinds = frozenset(
            form.answer.KIND.mmtype.to_bytes(2, "little") for question in questions for form in question.forms
        )
        self._questions = questions
        self._mac = mac_bytes(mac)
        self._modem = mac_bytes(modem) if modem else b""
        self._joined = Reassembler()
        self._parts: list[Captured] = []

    def judge(self, captured: Captured) -> Answer | Reason | None:
        """Give the answer that a frame completes, or why it counts for nothing; None for a part of one."""
        frame = captured.frame
        if captured.sent or frame[:6] != self._mac or not frame[6:12].startswith(self._modem):
            return "other station"
        if frame[12:14] == ETHERTYPE and frame[15:17] not in self.kinds:
            return "other message"
        if captured.time_s < self.frames[0].time_s:
            return "late"
        if self.repeated and self.repeated.frame == frame and captured.time_s - self.repeated.time_s < TRY_S:
            return "repeated"
        return self._completed(captured)

    def _completed(self, captured: Captured) -> Answer | Reason | None:
        try:
            whole = self._joined.add(captured.frame, captured.time_s)
            if whole is None:
                self._parts = [*self._parts[-_MOST_PARTS:], captured]
                return None
            message = decode(whole)
        except MalformedFrame:
            return "damaged"
        carried = [captured] if whole == captured.frame else [*self._parts, captured]
        return self._answer(message, carried)

    def _answer(self, message: Message, carried: list[Captured]) -> Answer | Reason:
        for question in self._questions:
            if any(isinstance(message.body, form.answer) for form in question.forms):
                if not question.fits(message.body):
                    return "other content"
                self.frames += carried
                return Answer(question, message.body, message.head.source, tuple(self.frames))
        return "other message"
