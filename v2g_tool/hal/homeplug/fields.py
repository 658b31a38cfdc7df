"""Fields of messages: a class is the layout, the annotation of each field says how it lies on the wire.

Fields without such an annotation are read and written by their class itself, behind the others.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import methodcaller
from struct import Struct, pack
from typing import Annotated, Any, ClassVar, Self, TypeVar, dataclass_transform, get_args, get_origin

from v2g_tool.hal.homeplug.frame import Reader, mac_bytes

NOBODY = "00:00:00:00:00:00"
_Entry = TypeVar("_Entry")


@dataclass(frozen=True)
class Wire:
    """How a field lies on the wire: a code of `struct`, and what turns it into the value and back."""

    code: str
    parse: Callable[[Any], Any] | None = None
    build: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Variable:
    """How a field of any length lies on the wire; `read` is given the values before it, by name."""

    read: Callable[[Reader, Mapping[str, Any]], Any]
    write: Callable[[Any], bytes] = bytes


def _raw(count: int) -> Wire:
    def exactly(data: bytes) -> bytes:
        if len(data) != count:
            raise ValueError(f"{count} bytes are needed here, not {len(data)}")
        return data

    return Wire(f"{count}s", build=exactly)


U8 = Annotated[int, Wire("B")]
S8 = Annotated[int, Wire("b")]
U16 = Annotated[int, Wire("H")]
U32 = Annotated[int, Wire("I")]
U64 = Annotated[int, Wire("Q")]
Mac = Annotated[str, Wire("6s", methodcaller("hex", ":"), mac_bytes)]
Raw2 = Annotated[bytes, _raw(2)]
Raw3 = Annotated[bytes, _raw(3)]
Raw4 = Annotated[bytes, _raw(4)]
Raw7 = Annotated[bytes, _raw(7)]
Raw8 = Annotated[bytes, _raw(8)]
Raw12 = Annotated[bytes, _raw(12)]
Raw16 = Annotated[bytes, _raw(16)]
Raw17 = Annotated[bytes, _raw(17)]
Raw64 = Annotated[bytes, _raw(64)]
Raw192 = Annotated[bytes, _raw(192)]
Rest = Annotated[bytes, Variable(lambda reader, _: reader.rest())]
Listed = Annotated[tuple[_Entry, ...], "listed"]
"""A byte that counts the entries, then the entries: numbers, or Fields."""


class Layout:
    """Fixed fields, in the order of the wire."""

    def __init__(self, wires: Mapping[str, Wire]) -> None:
        self.names = tuple(wires)
        self._struct = Struct("<" + "".join(wire.code for wire in wires.values()))
        self._parsers = [(at, wire.parse) for at, wire in enumerate(wires.values()) if wire.parse]
        self._builders = [(at, wire.build) for at, wire in enumerate(wires.values()) if wire.build]

    def read(self, reader: Reader, fields: dict[str, Any]) -> None:
        """Add the values by name; raises MalformedFrame when the frame ends before."""
        values = list(reader.unpack(self._struct))
        for at, parse in self._parsers:
            values[at] = parse(values[at])
        fields.update(zip(self.names, values, strict=True))

    def write(self, fields: Fields) -> bytes:
        """Give the fields as they lie on the wire."""
        values = [getattr(fields, name) for name in self.names]
        for at, build in self._builders:
            values[at] = build(values[at])
        return self._struct.pack(*values)


class _Varying:
    """One variable field."""

    def __init__(self, name: str, variable: Variable) -> None:
        self._name, self._variable = name, variable

    def read(self, reader: Reader, fields: dict[str, Any]) -> None:
        fields[self._name] = self._variable.read(reader, fields)

    def write(self, fields: Fields) -> bytes:
        return self._variable.write(getattr(fields, self._name))


def _layouts(fields: Mapping[str, Any]) -> Iterator[Layout | _Varying]:
    """Give fields in their order: fixed ones that stand together at once, variable ones singly."""
    for fixed, members in groupby(fields.items(), lambda item: isinstance(item[1], Wire)):
        together = dict(members)
        yield from [Layout(together)] if fixed else [_Varying(*item) for item in together.items()]


def _how(hint: Any) -> Wire | Variable:  # noqa: ANN401 - an annotated type
    how: Wire | Variable | str = hint.__metadata__[0]
    return _listed(get_args(hint.__origin__)[0]) if isinstance(how, str) else how


def _listed(entry: Any) -> Variable:  # noqa: ANN401 - an annotated number, or a class of fields
    if get_origin(entry) is Annotated:
        code = entry.__metadata__[0].code
        return Variable(
            lambda reader, _: reader.unpack(Struct(f"<{reader.take(1)[0]}{code}")),
            lambda numbers: pack(f"<B{len(numbers)}{code}", len(numbers), *numbers),
        )
    return Variable(
        lambda reader, _: tuple(entry.read(reader) for _ in range(reader.take(1)[0])),
        lambda entries: pack("B", len(entries)) + b"".join(each.encode() for each in entries),
    )


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Fields:
    """Something that lies on the wire as its fields, one behind the other.

    A value like a frozen dataclass; but making seventy dataclasses would take a third of the program's start.
    """

    NAMES: ClassVar[frozenset[str]] = frozenset()
    DEFAULTS: ClassVar[Mapping[str, object]] = {}
    WIRES: ClassVar[Mapping[str, Wire]] = {}
    _ON_THE_WIRE: ClassVar[Mapping[str, Wire | Variable]] = {}
    _LAYOUTS: ClassVar[tuple[Layout | _Varying, ...]] = ()
    SECRET: ClassVar[tuple[str, ...]] = ()
    """Fields of bytes that must stay secret."""

    def __init_subclass__(cls) -> None:
        hints = inspect.get_annotations(cls, eval_str=True)
        origins: dict[str, object] = {name: get_origin(hint) for name, hint in hints.items()}
        fields = [name for name, origin in origins.items() if origin is not ClassVar]
        annotated = {name: _how(hints[name]) for name in fields if origins[name] is Annotated}
        cls.NAMES = cls.NAMES.union(fields)
        cls.DEFAULTS = {**cls.DEFAULTS, **{name: vars(cls)[name] for name in fields if name in vars(cls)}}
        cls._ON_THE_WIRE = {**cls._ON_THE_WIRE, **annotated}
        cls._LAYOUTS = tuple(_layouts(cls._ON_THE_WIRE))
        cls.WIRES = {name: how for name, how in cls._ON_THE_WIRE.items() if isinstance(how, Wire)}

    def __init__(self, **values: object) -> None:
        complete = {**self.DEFAULTS, **values}
        if complete.keys() != self.NAMES:
            raise TypeError(f"{type(self).__name__} has the fields {sorted(self.NAMES)}, not {sorted(values)}")
        self.__dict__.update(complete)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} of a {type(self).__name__} does not change")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(frozenset(vars(self).items()))

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in vars(self).items() if name not in self.SECRET)
        return f"{type(self).__name__}({', '.join(shown)})"

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Give the next one of its kind; raises MalformedFrame when the frame does not hold it."""
        fields: dict[str, Any] = {}
        cls._add(reader, fields)
        return cls(**fields)

    def encode(self) -> bytes:
        """Give it as it lies on the wire."""
        return b"".join(layout.write(self) for layout in self._LAYOUTS) + self._write_more()

    def disclosed(self) -> Self:
        """Give the same with zeros for what must stay secret."""
        zeros = {name: bytes(len(getattr(self, name))) for name in self.SECRET}
        return type(self)(**(vars(self) | zeros)) if zeros else self

    @classmethod
    def _add(cls, reader: Reader, fields: dict[str, Any]) -> None:
        for layout in cls._LAYOUTS:
            layout.read(reader, fields)
        fields.update(cls._read_more(reader, fields))

    @classmethod
    def _read_more(cls, _reader: Reader, _fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give the fields without an annotation by name, from what is behind the others."""
        return {}

    def _write_more(self) -> bytes:
        """Give the fields without an annotation as they lie on the wire."""
        return b""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: its name in the standard or with its maker, and what its head says."""

    name: str
    mmtype: int
    mmv: int = 1
    oui: bytes = b""


class Body(Fields):
    """The fields of a message."""

    KIND: ClassVar[Kind]


class Answer(Body):
    """An answer that begins with its status; a modem that refuses (not 0) may leave out all the rest."""

    STATUS: ClassVar[Layout]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        status = next(iter(cls.WIRES))
        cls.STATUS = Layout({status: cls.WIRES[status]})
        cls._LAYOUTS = tuple(_layouts({name: how for name, how in cls._ON_THE_WIRE.items() if name != status}))

    @property
    def refused(self) -> bool:
        """Whether the status says no."""
        return bool(getattr(self, self.STATUS.names[0]))

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Give the answer; of a refusal only the status is read."""
        fields: dict[str, Any] = {}
        cls.STATUS.read(reader, fields)
        if not any(fields.values()):
            cls._add(reader, fields)
        return cls(**fields)

    def encode(self) -> bytes:
        """Give it as it lies on the wire."""
        return self.STATUS.write(self) + (b"" if self.refused else super().encode())
