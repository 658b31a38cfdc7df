"""Frames to messages and back: any bytes give a message or MalformedFrame, and each message gives its bytes again."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from v2g_tool.hal.homeplug import identity, keys, network, slac_messages, statistics, tone_map, vertexcom
from v2g_tool.hal.homeplug.fields import Body
from v2g_tool.hal.homeplug.frame import SHORTEST, ForeignFrame, Head, MalformedFrame, Reader

__all__ = ["BODIES", "Body", "ForeignFrame", "Fragment", "MalformedFrame", "Message", "UnknownMessage"]
__all__ += ["compose", "decode", "encode", "kind_name"]

_MODULES = (identity, keys, network, slac_messages, statistics, tone_map, vertexcom)
BODIES: tuple[type[Body], ...] = tuple(
    body for module in _MODULES for body in vars(module).values() if isinstance(body, type) and hasattr(body, "KIND")
)
"""All kinds of message that are understood."""

_ANY_OUI = slac_messages.VendorAttenuation


class UnknownMessage(Body):
    """A message of a kind that is not understood here; it may hold anything, keys too."""

    SECRET = ("payload",)
    payload: bytes

    def encode(self) -> bytes:
        """Give it as it lies on the wire."""
        return self.payload


class Fragment(Body):
    """A part of a longer message, from behind the fragment mark on; the first part begins with the OUI."""

    SECRET = ("data",)
    data: bytes

    def encode(self) -> bytes:
        """Give it as it lies on the wire."""
        return self.data


class Message(NamedTuple):
    """A management message.

    Attributes:
        head: what stands before its fields.
        body: its fields.
        tail: what follows: padding, or bytes that no document explains.
    """

    head: Head
    body: Body
    tail: bytes = b""


def decode(frame: bytes) -> Message:
    """Give the message in an Ethernet frame without its checksum.

    The body is an UnknownMessage for kinds that are not understood, a Fragment for a part of a longer message.

    Raises:
        ForeignFrame: the frame is none of HomePlug AV.
        MalformedFrame: it announces more than it holds, or contradicts itself.
    """
    reader = Reader(frame)
    head = reader.head()
    if head.is_fragment:
        return Message(head, Fragment(data=reader.rest()))
    kind = _kind_of(head)
    if kind is None:
        return Message(head, UnknownMessage(payload=reader.rest()))
    body = kind.read(reader)
    return Message(head, body, frame[reader.at :])


def encode(message: Message) -> bytes:
    """Give the frame of a message; the same bytes that it was decoded from."""
    return message.head.encode() + message.body.encode() + message.tail


def compose(body: Body, destination: str, source: str, vlan: bytes = b"") -> bytes:
    """Give the frame that carries a body from one MAC address to another, zero-padded to Ethernet's least length."""
    kind = body.KIND
    head = Head(
        destination=destination,
        source=source,
        mmv=kind.mmv,
        mmtype=kind.mmtype,
        fmi=bytes(2 if kind.mmv else 0),
        oui=kind.oui,
        vlan=vlan,
    )
    return encode(Message(head, body)).ljust(SHORTEST, b"\0")


def kind_name(head: Head) -> str:
    """Give the name of a message's kind, its number where it is not understood."""
    kind = _kind_of(head)
    maker = f" of maker {head.oui.hex(':')}" if head.oui else ""
    return kind.KIND.name if kind else f"message 0x{head.mmtype:04X}{maker}"


def _kind_of(head: Head) -> type[Body] | None:
    if head.mmtype == _ANY_OUI.KIND.mmtype:
        return _ANY_OUI
    return _kinds().get((head.mmtype, head.oui, head.mmv > 0 if head.oui else True))


@cache
def _kinds() -> dict[tuple[int, bytes, bool], type[Body]]:
    """All kinds by type, maker and whether there is a fragment mark; kinds of the standard have it or not."""
    return {(body.KIND.mmtype, body.KIND.oui, body.KIND.mmv > 0): body for body in BODIES}
