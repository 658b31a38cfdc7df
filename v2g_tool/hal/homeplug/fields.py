"""Fields of messages: a class is the layout, the annotation of each field says how it lies on the wire.

Fields without such an annotation are variable; their class reads and writes them itself, behind the fixed ones.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import methodcaller
from struct import Struct
from typing import Annotated, Any, ClassVar, Self, dataclass_transform, get_origin

from v2g_tool.hal.homeplug.frame import Reader, mac_bytes

NOBODY = "00:00:00:00:00:00"


@dataclass(frozen=True)
class Wire:
    """How a field lies on the wire: a code of `struct`, and what turns it into the value and back."""

    code: str
    parse: Callable[[Any], Any] | None = None
    build: Callable[[Any], Any] | None = None


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


class Layout:
    """Fixed fields, in the order of the wire."""

    def __init__(self, wires: Mapping[str, Wire]) -> None:
        self.names = tuple(wires)
        self._struct = Struct("<" + "".join(wire.code for wire in wires.values()))
        self._parsers = [(at, wire.parse) for at, wire in enumerate(wires.values()) if wire.parse]
        self._builders = [(at, wire.build) for at, wire in enumerate(wires.values()) if wire.build]

    def read(self, reader: Reader) -> dict[str, Any]:
        """Give the values by name; raises MalformedFrame when the frame ends before."""
        values = list(reader.unpack(self._struct))
        for at, parse in self._parsers:
            values[at] = parse(values[at])
        return dict(zip(self.names, values, strict=True))

    def write(self, fields: Fields) -> bytes:
        """Give the fields as they lie on the wire."""
        values = [getattr(fields, name) for name in self.names]
        for at, build in self._builders:
            values[at] = build(values[at])
        return self._struct.pack(*values)


def _origin(hint: object) -> object:
    return get_origin(hint)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Fields:
    """Something that lies on the wire as fixed fields, followed by variable ones where the class says so.

    A value like a frozen dataclass; but making seventy dataclasses would take a third of the program's start.
    """

    NAMES: ClassVar[frozenset[str]] = frozenset()
    DEFAULTS: ClassVar[Mapping[str, object]] = {}
    WIRES: ClassVar[Mapping[str, Wire]] = {}
    LAYOUT: ClassVar[Layout]
    SECRET: ClassVar[tuple[str, ...]] = ()
    """Fields of bytes that must stay secret."""

    def __init_subclass__(cls) -> None:
        hints = inspect.get_annotations(cls, eval_str=True)
        fields = {name: hint for name, hint in hints.items() if _origin(hint) is not ClassVar}
        wires = {name: hint.__metadata__[0] for name, hint in fields.items() if _origin(hint) is Annotated}
        cls.NAMES = cls.NAMES.union(fields)
        cls.DEFAULTS = {**cls.DEFAULTS, **{name: vars(cls)[name] for name in fields if name in vars(cls)}}
        cls.WIRES = {**cls.WIRES, **wires}
        cls.LAYOUT = Layout(cls.WIRES)

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
        fields = cls.LAYOUT.read(reader)
        fields.update(cls._read_more(reader, fields))
        return cls(**fields)

    def encode(self) -> bytes:
        """Give it as it lies on the wire."""
        return self.LAYOUT.write(self) + self._write_more()

    def disclosed(self) -> Self:
        """Give the same with zeros for what must stay secret."""
        zeros = {name: bytes(len(getattr(self, name))) for name in self.SECRET}
        return type(self)(**(vars(self) | zeros)) if zeros else self

    @classmethod
    def _read_more(cls, _reader: Reader, _fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give the variable fields by name, from what is behind the fixed ones."""
        return {}

    def _write_more(self) -> bytes:
        """Give the variable fields as they lie on the wire."""
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
        status, *rest = cls.WIRES.items()
        cls.STATUS = Layout(dict([status]))
        cls.LAYOUT = Layout(dict(rest))

    @property
    def refused(self) -> bool:
        """Whether the status says no."""
        return bool(getattr(self, self.STATUS.names[0]))

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Give the answer; of a refusal only the status is read."""
        fields = cls.STATUS.read(reader)
        if not any(fields.values()):
            fields |= cls.LAYOUT.read(reader)
            fields |= cls._read_more(reader, fields)
        return cls(**fields)

    def encode(self) -> bytes:
        """Give it as it lies on the wire."""
        return self.STATUS.write(self) + (b"" if self.refused else self.LAYOUT.write(self) + self._write_more())


def text_of(data: bytes) -> str:
    """Give the text up to the first NUL; what cannot be printed becomes `?`, so that it is safe on a terminal."""
    text = data.split(b"\0", 1)[0].decode("ascii", "replace")
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)
