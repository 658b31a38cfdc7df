"""A reference power analyzer over SCPI, driven by its profile."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from v2g_tool.errors import Implausible, InstrumentError, Refused, RequestError
from v2g_tool.hal.accuracy import power_accuracy
from v2g_tool.hal.scpi.numbers import fields, meaning
from v2g_tool.hal.scpi.session import ScpiSession
from v2g_tool.model.profiles.analyzer import AnalyzerProfile
from v2g_tool.model.quantities import SUM, Channel, Identity, Quantity, Reading, ReferenceAccuracy
from v2g_tool.model.site.metering import AnalyzerSite

HEADROOM = 1.1
"""A range is taken when it exceeds the expected value by this factor; crest factor 3 instruments carry the peak."""
MAX_OVER_RANGES = 10
"""So many samples over range in a row are no transient."""
PER_PHASE = (Quantity.VOLTAGE, Quantity.CURRENT, Quantity.ACTIVE_POWER, Quantity.REACTIVE_POWER)
SIGNED = (Quantity.ACTIVE_POWER, Quantity.REACTIVE_POWER)


class OverRange(Implausible):
    """A value beyond the range; a load step may pass through one, a lasting one is a wrong range."""


@dataclass
class ScpiAnalyzer:
    """Fulfils `PowerAnalyzer` over one SCPI session."""

    name: str
    site: AnalyzerSite
    profile: AnalyzerProfile
    session: ScpiSession
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    by_hand: bool = False
    _over_ranges: int = 0
    _identity: Identity | None = None
    _prepared: tuple[float, float | None] | None = None
    _ranges: tuple[float, float] | None = None
    _channels: list[Channel] = field(default_factory=list)

    @property
    def update_interval_s(self) -> float:
        """The smallest update interval of the instrument that is not below the site's."""
        return min((s for s in self.profile.update_values_s.values() if s >= self.site.update_s - 1e-9), default=20.0)

    def identity(self) -> Identity:
        """Give who answers; raises Implausible for an instrument that is not of the profile's family."""
        answer = self.session.query(self.profile.identity_query)
        match = re.match(self.profile.identity_pattern, answer)
        if match is None:
            raise Implausible(
                f"{self.name} at {self.site.resource} is no {self.profile.title}: it says '{answer[:60]}'",
                todo="Correct profile or resource in the site file.",
            )
        part = match.groupdict()
        found = Identity(part.get("maker") or "", part["model"], part["serial"], part["fw"])
        if self._identity is not None and found != self._identity:
            raise Implausible(f"{self.name} is another instrument than before: {found}", todo="Run again.")
        self._identity = found
        return found

    def prepare(self, voltage_v: float, current_a: float | None) -> None:
        """Select ranges and values; raises Refused with the instrument's own error text."""
        self._prepared = (voltage_v, current_a)
        profile, site = self.profile, self.site
        voltage_range = _range(profile.voltage_ranges_v, voltage_v / site.voltage_ratio, f"{self.name}: voltage")
        current_range = max(profile.current_ranges_a)
        if current_a is not None:
            current_range = _range(profile.current_ranges_a, current_a / site.current_ratio, f"{self.name}: current")
        for command in (*profile.init, profile.wiring_command.format(code=profile.wiring_codes.get(site.wiring, ""))):
            if command:
                self.session.write(command)
        self.session.write(profile.voltage_range_set.format(v=f"{voltage_range:g}"))
        self.session.write(profile.current_range_set.format(v=f"{current_range:g}"))
        self.session.write(profile.update_set.format(code=self._update_code()))
        self._select()
        self._drain_errors()
        self._ranges = (self._confirmed(profile.voltage_range_query), self._confirmed(profile.current_range_query))
        for command in profile.sync_arm:
            self._send(command)

    def measure(self) -> Reading | None:
        """Give one fresh set of values; after a timeout reopen, set up again and drop this sample."""
        try:
            reading = self._measure()
        except OverRange:
            self._over_ranges += 1
            if self._over_ranges >= MAX_OVER_RANGES:
                raise
            return None
        except InstrumentError:
            self._recover()
            return None
        self._over_ranges = 0
        return reading

    def accuracy(self) -> ReferenceAccuracy:
        """Give the power specification in the present ranges, on the primary side of external transformers."""
        return power_accuracy(self.profile, self.site, self._ranges)

    def finish(self) -> None:
        """Leave remote mode and close; a dead session is only closed."""
        try:
            for command in self.profile.finish:
                self.session.write(command)
        except InstrumentError:
            pass  # it is being closed; the run has its own findings
        finally:
            self.session.close()

    def _measure(self) -> Reading:
        wait_s = 2 * self.update_interval_s + 1.0
        if self.profile.sync_wait:
            self.session.write(self.profile.sync_wait)
        started_s = self.monotonic()
        reply = self.session.query(self.profile.value_query, extra_s=wait_s)
        ended_s = self.monotonic()
        if self.profile.sync_rearm:
            self.session.query(self.profile.sync_rearm)
        parts = fields(reply, self.profile.separator, len(self._channels), self.name)
        values: dict[Channel, float] = {}
        for channel, part in zip(self._channels, parts, strict=True):
            invalid = meaning(part, self.profile.sentinels)
            if invalid == "over_range":
                raise OverRange(
                    f"{self.name} is over range on {channel}",
                    why="The load is larger than the range that was selected for it.",
                    todo="Check the current ratio in the site file and the load.",
                )
            if not invalid:
                values[channel] = float(part) * self._factor(channel)
        # The value is as old as the update that produced it, not as the transfer: the answer's arrival dates it.
        return Reading(values, max(started_s, ended_s - self.update_interval_s), ended_s)

    def _factor(self, channel: Channel) -> float:
        ratio = {
            Quantity.VOLTAGE: self.site.voltage_ratio,
            Quantity.CURRENT: self.site.current_ratio,
            Quantity.ACTIVE_POWER: self.site.voltage_ratio * self.site.current_ratio,
            Quantity.REACTIVE_POWER: self.site.voltage_ratio * self.site.current_ratio,
        }.get(channel.quantity, 1.0)
        return ratio * (self.profile.power_sign if channel.quantity in SIGNED else 1)

    def _select(self) -> None:
        names = self.profile.quantities
        elements = self.profile.elements[self.site.wiring]
        self._channels, items = [], []
        for phase, element in enumerate(elements, 1):
            for quantity in PER_PHASE:
                self._channels.append(Channel(quantity, phase))
                items.append((names[quantity.value], str(element)))  # type: ignore[index]  # validated keys
        self._channels.append(Channel(Quantity.FREQUENCY, SUM))
        items.append((names["F"], str(elements[0])))
        self.session.write(self.profile.select_count.format(n=len(items)))
        for index, (item, place) in enumerate(items, 1):
            self.session.write(self.profile.select_item.format(i=index, name=item, element=place))

    def _update_code(self) -> str:
        return next(c for c, s in self.profile.update_values_s.items() if abs(s - self.update_interval_s) < 1e-9)

    def _send(self, command: str) -> None:
        if command.endswith("?"):
            self.session.query(command)
        else:
            self.session.write(command)

    def _confirmed(self, query: str) -> float:
        """Read a range back: what the instrument says counts, not what it was told."""
        answer = self.session.query(query)
        try:
            value = float(answer.split()[-1])
        except (ValueError, IndexError):
            value = math.nan
        if not (math.isfinite(value) and value > 0):
            raise Implausible(f"{self.name} answered '{answer[:40]}' to {query}", todo="Check the profile.")
        return value

    def _drain_errors(self) -> None:
        errors: list[tuple[int, str]] = []
        for _ in range(self.profile.max_errors):
            code, text = self._next_error()
            if code == self.profile.error_ok:
                break
            errors.append((code, text))
        if errors:
            raise Refused(
                f"{self.name} refused its set-up: {'; '.join(f'{code} {text}' for code, text in errors)}",
                why=self.profile.error_texts.get(str(errors[0][0]), "The profile may not fit this model or firmware."),
                todo="Check the profile in the site file.",
                code=errors[0][0],
            )

    def _next_error(self) -> tuple[int, str]:
        answer = self.session.query(self.profile.error_query)
        number, _, text = answer.partition(",")
        try:
            return int(number), text.strip().strip('"')
        except ValueError as exc:
            raise Implausible(
                f"{self.name} answered '{answer[:40]}' when asked for its errors",
                why="The answer belongs to another question.",
                todo="Stop other programs that use the instrument and run again.",
            ) from exc

    def _recover(self) -> None:
        """Close, reopen, compare the identity, set up again; raises what the instrument raises if that fails."""
        self.session.close()
        self.sleep(0.5)
        self.identity()
        if self._prepared is not None:
            self.prepare(*self._prepared)


def _range(values: tuple[float, ...], expected: float, what: str) -> float:
    fitting = [value for value in values if value >= expected * HEADROOM]
    if not fitting:
        raise RequestError(
            f"{what} of {expected:.4g} exceeds the largest range {max(values):g}",
            why="The reference would be over range.",
            todo="Use a transformer or clamp and state its ratio in the site file.",
        )
    return min(fitting)
