"""A meter over Modbus, driven by its profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from v2g_tool.errors import Implausible, NotPermitted, Refused
from v2g_tool.hal.contracts.meter import EVERYTHING, MeterFacts
from v2g_tool.hal.modbus.exchange import Canary, Exchange
from v2g_tool.hal.modbus.plan import Request, plan, worthwhile_gap
from v2g_tool.hal.modbus.registers import number, raw_number, step, text, words_of
from v2g_tool.model.profiles.meter import Command, CorrectionRegister, MeterProfile, Register
from v2g_tool.model.quantities import Channel, Identity, Quantity, Reading

COUNTER = "sample_counter"
MAGIC = "magic"
LEGAL_WORDS = {"0": "unknown", "1": "free", "2": "lockable", "3": "sealed"}


@dataclass(frozen=True)
class Planned:
    """The requests that fetch a set of registers."""

    requests: tuple[Request, ...]
    registers: Mapping[str, Register]


@dataclass
class ModbusMeter:
    """Fulfils `Meter` through a checked exchange and a profile."""

    name: str
    profile: MeterProfile
    exchange: Exchange
    monotonic: Callable[[], float]
    _plans: dict[frozenset[Quantity], Planned] = field(default_factory=dict)
    _holes: bool = False

    @property
    def trims(self) -> Mapping[str, CorrectionRegister]:
        """The correction registers by name."""
        return self.profile.corrections

    @property
    def registers(self) -> Mapping[str, Register]:
        """How each channel is coded."""
        return self.profile.measurements

    @property
    def word_order(self) -> str:
        """`msw-first` or `lsw-first`."""
        return self.profile.wire.word_order

    def identity(self) -> Identity:
        """Give who answers; raises Implausible if the device is not of the profile's kind."""
        registers: dict[str, Register] = {str(name): r for name, r in self.profile.identity.items()}
        if self.profile.magic is not None:
            registers[MAGIC] = self.profile.magic
        words = self._read_all(plan(registers, self.profile.wire, 0), registers)
        if self.profile.magic is not None:
            self._check_magic(self.profile.magic, words[MAGIC])
        self._keep_canary(words.get("serial"))
        parts = {name: self._identity_text(registers[name], words[name]) for name in words if name != MAGIC}
        return Identity(
            parts.get("maker") or self.profile.maker,
            parts.get("model") or self.profile.model,
            parts.get("serial", ""),
            parts.get("firmware", ""),
        )

    def facts(self) -> MeterFacts:
        """Give what the meter says about itself."""
        registers: dict[str, Register] = {n: r for n, r in self.profile.facts.items() if n != COUNTER}
        writing = self.profile.writing
        if writing is not None and writing.lock_state is not None:
            registers["lock"] = writing.lock_state
        words = self._read_all(plan(registers, self.profile.wire, 0), registers)
        facts = {name: number(registers[name], block, self.word_order) for name, block in words.items()}
        legal, lock = facts.get("legal"), facts.get("lock")
        return MeterFacts(
            uptime_s=facts.get("uptime_s"),
            change_counter=_whole(facts.get("change_counter")),
            update_interval_s=facts.get("update_interval_s"),
            legal=None if legal is None else LEGAL_WORDS.get(str(int(legal)), "unknown"),
            locked=None if lock is None or writing is None else int(lock) != writing.unlocked_value,
        )

    def measure(self, quantities: frozenset[Quantity] = EVERYTHING) -> Reading:
        """Give all channels of these quantities; a channel without a valid value is absent."""
        started_s = self.monotonic()
        values: dict[Channel, float] = {}
        counter: int | None = None
        for name, value in self._fetch(quantities).items():
            if name == COUNTER:
                counter = _whole(value)
            elif value is not None:
                channel = Channel.parse(name)
                values[channel] = value * self._sign(channel)
        return Reading(values, started_s, self.monotonic(), counter)

    def resolution(self, channel: Channel, value: float) -> float:
        """Give the size of one step of the channel at `value`."""
        return step(self.profile.measurements[str(channel)], value)

    def corrections(self) -> Mapping[str, int]:
        """Give the raw value of every correction register; raises Implausible if two reads differ."""
        first, second = self._trim_image(), self._trim_image()
        if first != second:
            raise Implausible(
                f"the correction registers of {self.name} changed between two reads",
                why="Another program writes to the meter.",
                todo="Stop the other program and run again.",
            )
        return first

    def stored_corrections(self) -> Mapping[str, int] | None:
        """Give the raw values in non-volatile memory, None if the meter does not show them."""
        stored = {name: c.stored for name, c in self.trims.items() if c.stored is not None}
        return self._integers(stored) if stored and len(stored) == len(self.trims) else None

    def unlock(self) -> None:
        """Unlock once, if the meter is locked; raises NotPermitted when it stays locked."""
        writing = self.profile.writing
        if writing is None or writing.lock_state is None or not self.facts().locked:
            return
        if writing.unlock is not None:
            self._command(writing.unlock)
        if self.facts().locked:
            raise NotPermitted(
                f"{self.name} is locked against changes",
                why="A passcode or a lock switch protects its corrections.",
                todo="Have the owner unlock the meter, then run again.",
            )

    def write_correction(self, name: str, raw: int) -> None:
        """Write one correction register once."""
        trim, writing = self.trims[name], self.profile.writing
        if writing is None or not trim.minimum <= raw <= trim.maximum:
            raise NotPermitted(f"{self.name}: {raw} is outside the range of {name} in the profile")
        self.exchange.write(writing.function, trim.active.address, words_of(trim.active, raw, self.word_order))

    def commit(self) -> None:
        """Store the corrections and check the device's own result."""
        writing = self.profile.writing
        if writing is None or writing.commit is None:
            return
        self._command(writing.commit)
        result = writing.commit_result
        if result is not None and _whole(self._value(result)) != writing.commit_done:
            raise Refused(f"{self.name} did not store its corrections", todo="Read the change counter and run again.")

    def lock(self) -> None:
        """Lock again, if the meter is unlocked and knows a lock command."""
        writing = self.profile.writing
        if writing is not None and writing.lock is not None and self.facts().locked is False:
            self._command(writing.lock)

    def _command(self, command: Command) -> None:
        self.exchange.write(6, command.address, (command.value,))

    def _sign(self, channel: Channel) -> int:
        return self.profile.power_sign if channel.quantity in (Quantity.ACTIVE_POWER, Quantity.REACTIVE_POWER) else 1

    def _check_magic(self, magic: Register, words: tuple[int, ...]) -> None:
        found = raw_number(magic, words, self.word_order)
        if found != self.profile.magic_value:
            raise Implausible(
                f"{self.name} at {self.exchange.link.where} is no {self.profile.title}",
                why=f"Its identification reads {found}, not {self.profile.magic_value}.",
                todo="Correct profile, address or unit number in the site file.",
                key=(*self.exchange.key, "profile"),
            )

    def _keep_canary(self, words: tuple[int, ...] | None) -> None:
        serial = self.profile.identity.get("serial")
        if serial is not None and words is not None and self.exchange.canary is None:
            self.exchange.canary = Canary(self._function(serial), serial.address, words)

    def _identity_text(self, register: Register, words: tuple[int, ...]) -> str:
        if register.type == "text":
            return text(words)
        value = raw_number(register, words, self.word_order)
        return register.labels.get(str(value), "" if value is None else str(value))

    def _value(self, register: Register) -> float | None:
        return number(register, self._words(register), self.word_order)

    def _words(self, register: Register) -> tuple[int, ...]:
        return self.exchange.read(self._function(register), register.address, register.count)

    def _function(self, register: Register) -> int:
        return register.function or self.profile.wire.read_function

    def _trim_image(self) -> dict[str, int]:
        return self._integers({name: trim.active for name, trim in self.trims.items()})

    def _integers(self, registers: Mapping[str, Register]) -> dict[str, int]:
        image: dict[str, int] = {}
        for name, words in self._read_all(plan(registers, self.profile.wire, 0), registers).items():
            value = raw_number(registers[name], words, self.word_order)
            if value is None:
                raise Implausible(f"{self.name}: correction register {name} holds no valid value")
            image[name] = int(value)
        return image

    def _fetch(self, quantities: frozenset[Quantity]) -> dict[str, float | None]:
        """Read measurements; a joined request that hits an undeclared hole is split for the rest of the session."""
        try:
            return self._numbers(self._plan(quantities))
        except Refused as exc:
            if exc.code != 2 or self._holes:
                raise
            self._holes = True
            self._plans.clear()
            return self._numbers(self._plan(quantities))

    def _numbers(self, planned: Planned) -> dict[str, float | None]:
        words = self._read_all(planned.requests, planned.registers)
        return {name: number(planned.registers[name], block, self.word_order) for name, block in words.items()}

    def _plan(self, quantities: frozenset[Quantity]) -> Planned:
        if quantities not in self._plans:
            named = self.profile.measurements.items()
            registers = {name: r for name, r in named if Channel.parse(name).quantity in quantities}
            counter = self.profile.facts.get("sample_counter")
            registers |= {COUNTER: counter} if counter is not None else {}
            gap = 0 if self._holes else worthwhile_gap(self.exchange.link)
            self._plans[quantities] = Planned(plan(registers, self.profile.wire, gap), registers)
        return self._plans[quantities]

    def _read_all(self, requests: tuple[Request, ...], registers: Mapping[str, Register]) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for request in requests:
            block = self.exchange.read(request.function, request.address, request.count)
            for name in request.names:
                start = registers[name].address - request.address
                found[name] = block[start : start + registers[name].count]
        return found


def writable_addresses(profile: MeterProfile) -> frozenset[int]:
    """Give the only addresses of this profile that may ever be written."""
    addresses = {a for c in profile.corrections.values() for a in range(c.active.address, c.active.end)}
    if profile.writing is not None:
        commands = (profile.writing.unlock, profile.writing.commit, profile.writing.lock)
        addresses |= {command.address for command in commands if command is not None}
    return frozenset(addresses)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
