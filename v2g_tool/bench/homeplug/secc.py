"""The controller of a charger (SECC) as far as SLAC goes.

EV  CM_SLAC_PARM.REQ ─► CNF      CM_START_ATTEN_CHAR ─►      10 × CM_MNBC_SOUND ─► (the modem tells profiles)
    ◄─ CM_ATTEN_CHAR.IND         RSP ─►                      CM_SLAC_MATCH.REQ ─► CNF with the network key
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from v2g_tool.bench.homeplug import slac
from v2g_tool.bench.homeplug.bridge import Bridge
from v2g_tool.bench.homeplug.mme import Mme, parse
from v2g_tool.bench.homeplug.powerline import Agenda

_AVERAGING_S = 0.02
_REPEAT_S = 0.2  # TT_match_response
_TRIES = 3  # once, and C_EV_match_retry times again
_SESSIONS = 16


@dataclass
class _Session:
    """One attempt of an EV."""

    run_id: bytes
    profiles: list[bytes] = field(default_factory=list)
    reported: bool = False
    accepted: bool = False


class Secc:
    """Answers an EV like the charger at the other end of the line.

    Args:
        mac: its address.
        modem: the modem that it sits behind.
        key: what CM_SLAC_MATCH.CNF hands out.
        correction_db: what it subtracts from the mean of the profiles, its receive-path calibration.
        agenda: the time.
    """

    def __init__(self, mac: bytes, modem: Bridge, key: slac.NetworkKey, correction_db: float, agenda: Agenda) -> None:
        self.mac = mac
        self.correction_db = correction_db
        self._modem = modem
        self._key = key
        self._agenda = agenda
        self._sessions: dict[bytes, _Session] = {}
        self._reactions: Mapping[int, Callable[[Mme], None]] = {
            slac.SLAC_PARM: self._parm,
            slac.START_ATTEN_CHAR: self._start,
            slac.ATTEN_PROFILE: self._profile,
            slac.ATTEN_CHAR + 1: self._accept,
            slac.VALIDATE: self._validate,
            slac.SLAC_MATCH: self._match,
        }
        modem.host = self
        modem.hosts.add(mac)

    def hear(self, frame: bytes) -> None:
        """Take a frame from the modem."""
        message = parse(frame)
        reaction = None if message is None else self._reactions.get(message.code)
        if message is not None and reaction is not None:
            reaction(message)

    def _send(self, message: Mme) -> None:
        self._modem.from_host(message.frame())

    def _parm(self, message: Mme) -> None:
        if len(self._sessions) >= _SESSIONS and message.sender not in self._sessions:
            self._sessions.pop(next(iter(self._sessions)))
        run_id = message.body[2:10]
        self._sessions[message.sender] = _Session(run_id)
        self._send(message.answer(self.mac, slac.slac_parm(message.sender, run_id)))

    def _session(self, ev: bytes, run_id: bytes) -> _Session | None:
        session = self._sessions.get(ev)
        return session if session is not None and session.run_id == run_id else None

    def _start(self, message: Mme) -> None:
        session = self._session(message.sender, message.body[11:19])
        if session is not None:
            # The message comes three times; the first report that is due is the one that is sent.
            self._agenda.later(slac.TIMEOUT_S, lambda: self._report(message.sender, session))

    def _profile(self, message: Mme) -> None:
        ev, count = message.mac(0), message.number(6)
        session = self._sessions.get(ev)
        if message.sender != self._modem.mac or session is None or session.reported or not count:
            return
        session.profiles.append(message.body[8 : 8 + count])
        if len(session.profiles) == slac.SOUNDS:
            self._agenda.later(_AVERAGING_S, lambda: self._report(ev, session))

    def _report(self, ev: bytes, session: _Session) -> None:
        if session.reported or not session.profiles:
            return
        session.reported = True
        means = (statistics.fmean(column) for column in zip(*session.profiles, strict=False))
        groups_db = [max(0, round(mean - self.correction_db)) for mean in means]
        body = slac.atten_char(ev, session.run_id, len(session.profiles), groups_db)
        self._repeat(Mme(ev, self.mac, 1, slac.ATTEN_CHAR, body), session, _TRIES)

    def _repeat(self, message: Mme, session: _Session, tries: int) -> None:
        if tries and not session.accepted:
            self._send(message)
            self._agenda.later(_REPEAT_S, lambda: self._repeat(message, session, tries - 1))

    def _accept(self, message: Mme) -> None:
        session = self._session(message.sender, message.body[8:16])
        if session is not None and message.number(50) == 0:
            session.accepted = True

    def _validate(self, message: Mme) -> None:
        self._send(message.answer(self.mac, slac.validate()))

    def _match(self, message: Mme) -> None:
        run_id = message.body[50:58]
        session = self._session(message.sender, run_id)
        if session is not None and session.accepted and message.mac(44) == self.mac:
            self._send(message.answer(self.mac, slac.slac_match(message.sender, self.mac, run_id, self._key)))
