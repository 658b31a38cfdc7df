"""What was asked of the PLC link: site, wire, map, pictures."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from plc_tool import checks
from plc_tool.places import NAME_IT, Link, find_link
from plc_tool.rules.link_choice import Ends
from v2g_tool.data.reading import is_folder
from v2g_tool.errors import Interrupted, RequestError
from v2g_tool.model.findings import Evidence, Finding, Verdict
from v2g_tool.model.site.site import Site
from v2g_tool.run.request import Procedure

if TYPE_CHECKING:
    from plc_tool.work.evaluation import Evaluation, Yardstick
    from plc_tool.work.snr_map import Asked, Measured
    from v2g_tool.model.plc import Captured
    from v2g_tool.run.result import Attachment, Result
    from v2g_tool.run.session import Session

ASKING_S = 30.0
"""All questions to modems have to be over in this time, besides the listening."""
CSV, SVG, FRAMES = "snr-map.csv", "snr-map.svg", "frames.pcapng"


@dataclass
class SnrMap(Procedure):
    """Map the PLC link, or judge a capture of it; `target` is "" for the only modem there is."""

    asked: Asked
    target: str = ""
    instead = NAME_IT

    def __post_init__(self) -> None:
        asked = self.asked
        self.name = "listen" if asked.silent else "snr-map"
        self.needs_site = bool(self.target) or not (asked.interface or asked.capture)
        self._wires = ExitStack()

    def facts(self) -> Mapping[str, object]:
        """Give what was asked for."""
        return self.asked.facts()

    def check(self, site: Site) -> None:
        """Find the link, and open its wire or read its capture; raises V2GError."""
        asked = self.asked
        self.link = find_link(site, self.target, asked.interface, capture=asked.capture is not None)
        self.target = self.link.name
        if asked.capture is None:
            from v2g_tool.hal.homeplug.wire import open_wire

            self._wire = self._wires.enter_context(open_wire(self.link.modem.interface))
        elif asked.active or asked.watch or asked.interface or asked.seconds is not None:
            raise RequestError(
                "--from judges a capture: it cannot also measure",
                todo="Leave --active, --watch, --seconds and --interface away, or leave --from away.",
            )
        else:
            from v2g_tool.hal.homeplug.capture import read_capture

            self._path = asked.capture / FRAMES if is_folder(asked.capture) else asked.capture
            self._capture = read_capture(self._path)

    def work(self, session: Session) -> Result:
        """Map, judge and draw; what was measured until a stop still becomes a report."""
        session.stack.enter_context(self._wires)
        return self._from_modem(session) if self.asked.capture is None else self._from_capture(session)

    def _from_capture(self, session: Session) -> Result:
        from plc_tool.work.snr_map import Measured

        capture, link = self._capture, self.link
        name = os.fsencode(self._path.name).decode(errors="replace")
        session.record("capture.read", {"file": name, "sha256": capture.sha256, "damage": capture.damage})
        damage = checks.CAPTURE.finding(link.name, Verdict.INCONCLUSIVE, f"{name}: {capture.damage}.")
        ends = Ends(link.modem.mac, link.modem.peer)
        return _result(link, name, Measured(capture.frames, ends), [damage] if capture.damage else [], session)

    def _from_modem(self, session: Session) -> Result:
        from plc_tool.work.snr_map import Line, measure
        from plc_tool.work.sounding import sound
        from plc_tool.work.watching import Watching
        from v2g_tool.hal.homeplug.modem import modems_on

        asked, link = self.asked, self.link
        limit_s = math.inf if asked.watch else ASKING_S + (asked.seconds or 0.0)
        self._wire.forget()
        modem = modems_on(self._wire, link.modem.interface, session.record, session.monotonic() + limit_s)

        def sounder(rng: random.Random) -> Sequence[str]:
            return sound(self._wire, modem.exchange.log, rng, session.monotonic).missing

        with Watching(link.name, yardstick_of(link), enabled=session.run.person.shows) as watching:
            shown = watching.show if asked.watch else None
            measured = measure(Line(modem, sounder, link.modem), asked, session, shown)
            if asked.watch and watching.worst is not None:
                measured.frames = watching.worst
        with session.shield():
            troubles = _troubles(link, measured, self._wire.lost)
            return _result(link, link.modem.interface, measured, troubles, session)


def _troubles(link: Link, measured: Measured, lost: int) -> list[Finding]:
    """Give why a map is not whole: an early end, a sounding half answered, frames that came too fast to be read."""
    found, error = [], measured.error
    if error is not None:
        check = checks.INTERRUPTED if isinstance(error, Interrupted) else checks.MODEM
        reasons = {"most likely": error.why, "do": error.todo}
        evidence = [Evidence(name=name, value=text) for name, text in reasons.items() if text]
        statement = f"The run ended early: {error.what}."
        found.append(check.finding(link.name, Verdict.INCONCLUSIVE, statement, evidence))
    if measured.missing:
        statement = f"The line was sounded, but {'; '.join(measured.missing)}."
        found.append(checks.SOUNDING.finding(link.name, Verdict.INCONCLUSIVE, statement))
    if lost:  # the map does not rest on them
        statement = f"{lost} frames came faster than they could be read, and were lost."
        found.append(checks.CAPTURE.finding(link.name, Verdict.INFO, statement))
    return found


def yardstick_of(link: Link) -> Yardstick:
    """Give what the link is judged by: its site's limits and mask, and the known radio services."""
    from plc_tool.rules.snr_rule import SnrLimit
    from plc_tool.work.evaluation import Yardstick
    from v2g_tool.data.library import load_profile
    from v2g_tool.model.carriers import MASKS
    from v2g_tool.model.profiles.radio import RadioServices

    services, _ = load_profile("radio-services", RadioServices)
    site = link.site
    return Yardstick(
        mask=MASKS[link.modem.mask],
        services=services.known(),
        mains_hz=site.site.nominal_frequency_hz,
        limit=SnrLimit(site.limits.snr_db, site.limits.carriers_below_pct),
        ends=Ends(link.modem.mac, link.modem.peer),
        named=bool(link.modem.peer),
    )


def _result(link: Link, source: str, measured: Measured, troubles: Sequence[Finding], session: Session) -> Result:
    from plc_tool.work.evaluation import evaluate
    from plc_tool.work.summary import plc_section
    from v2g_tool.run.result import Result

    yardstick = replace(yardstick_of(link), ends=measured.ends)
    evaluation = evaluate(link.name, measured.frames, yardstick)
    session.record("map", _summary(evaluation))
    said = {trouble.check for trouble in troubles}
    judged = [f for f in evaluation.findings if f.check not in said or f.verdict is not Verdict.INCONCLUSIVE]
    return Result(
        target=link.name,
        findings=[*troubles, *judged],
        sections=[plc_section(link.name, source, evaluation, yardstick.limit, measured.rounds)],
        attachments=_attachments(link.name, source, measured.frames, evaluation, yardstick),
        error=measured.error,
        picture=_picture(evaluation, yardstick),
    )


def _summary(evaluation: Evaluation) -> Mapping[str, object]:
    seen = evaluation.observation
    maps = [
        {"tier": int(m.tier), "reporter": m.reporter, "peer": m.peer, "flags": list(m.flags)}
        for m in (*evaluation.maps, *evaluation.others)
    ]
    return {"frames": seen.frames, "foreign": seen.foreign, "damaged": seen.damaged, "maps": maps}


def _attachments(
    name: str, source: str, frames: Sequence[Captured], evaluation: Evaluation, yardstick: Yardstick
) -> list[Attachment]:
    from plc_tool.pictures.svg import map_svg
    from plc_tool.pictures.table import map_csv
    from v2g_tool.hal.homeplug.capture import capture_bytes
    from v2g_tool.run.result import Attachment

    attachments = [Attachment(FRAMES, capture_bytes(frames, source), "application/x-pcapng")] if frames else []
    primary = evaluation.primary
    if primary is not None and primary.spectrum is not None:
        picture = map_svg(primary, yardstick.mask, yardstick.services, title=name, limit_db=yardstick.limit.snr_db)
        attachments += [Attachment(CSV, map_csv(primary), "text/csv"), Attachment(SVG, picture, "image/svg+xml")]
    return attachments


def _picture(evaluation: Evaluation, yardstick: Yardstick) -> Callable[[int, str], object] | None:
    primary = evaluation.primary
    if primary is None:
        return None

    def draw(width: int, encoding: str) -> object:
        from plc_tool.pictures.terminal import Screen, map_text

        screen = Screen(width=width, encoding=encoding)
        return map_text(primary, yardstick.mask, yardstick.services, limit_db=yardstick.limit.snr_db, screen=screen)

    return draw
