"""Long messages come in several frames: here they become one again.

FMI, the two bytes behind the type: a byte of two nibbles, the index of the last fragment (NF) and of this one (FN), and
a number that all fragments of a message share. Documents disagree which nibble is which. The first fragment tells: its
FN is 0. Later fragments of Qualcomm chips have no OUI, those of VertexCom repeat it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from v2g_tool.hal.homeplug.frame import VERTEXCOM, Head, MalformedFrame, Reader

MOST_SETS = 32
"""So many messages may be incomplete at once; a set holds at most 16 frames."""
PATIENCE_S = 1.0
"""So long after its first frame a message may still become complete."""
ECHO_S = 0.01
"""So long after its completion frames of a message are taken for repetitions."""
_LONGEST_FRAGMENT = 1514

_MOST_PARTS = 16

_Key = tuple[str, str, bytes, int, int, int]


@dataclass
class _Set:
    """The fragments of one message that have arrived, by the byte with the nibbles."""

    since_s: float
    parts: dict[int, bytes] = field(default_factory=dict)

    def whole(self) -> bytes | None:
        """Give the joined data, OUI first; None while something is missing."""
        first = next((mark for mark in self.parts if is_first(mark)), None)
        if first is None:
            return None
        low_is_last = first < 16
        last = first if low_is_last else first >> 4
        later = [(at << 4 | last) if low_is_last else (last << 4 | at) for at in range(1, last + 1)]
        if any(mark not in self.parts for mark in later):
            return None
        data = self.parts[first]
        repeated = VERTEXCOM if data.startswith(VERTEXCOM) else b""
        return data + b"".join(self.parts[mark].removeprefix(repeated) for mark in later)


class Reassembler:
    """Joins fragments; tolerates loss, repetition and any order, in bounded memory.

    Attributes:
        lost: messages that were given up.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._sets: OrderedDict[_Key, _Set] = OrderedDict()
        self._done: OrderedDict[_Key, tuple[float, frozenset[bytes]]] = OrderedDict()

    @property
    def open(self) -> int:
        """The number of messages of which something is missing."""
        return len(self._sets)

    def add(self, frame: bytes, time_s: float) -> bytes | None:
        """Give the whole message as one frame once this frame completes it, None while something is missing.

        Frames that are no fragments pass through, so do frames that cannot be read.
        """
        reader = Reader(frame)
        try:
            head = reader.head()
        except MalformedFrame:
            return frame
        if not head.is_fragment:
            return frame
        key = (head.source, head.destination, head.vlan, head.mmv, head.mmtype, head.fmi[1])
        data = reader.at_most(_LONGEST_FRAGMENT)
        if self._is_repetition(key, data, time_s):
            return None
        return self._add(key, head, data, time_s)

    def _is_repetition(self, key: _Key, data: bytes, time_s: float) -> bool:
        """Whether it belongs to a message that is complete already; an open one with the same number goes first."""
        done_s, parts = self._done.get(key, (time_s, frozenset()))
        return key not in self._sets and abs(time_s - done_s) <= ECHO_S and data in parts

    def _add(self, key: _Key, head: Head, data: bytes, time_s: float) -> bytes | None:
        mark = head.fmi[0]
        known = self._sets.get(key)
        if known and (abs(time_s - known.since_s) > PATIENCE_S or known.parts.get(mark, data) != data):
            self._give_up(key)  # the sender uses the number again
        message = self._sets.setdefault(key, _Set(time_s))
        message.parts[mark] = data
        whole = message.whole()
        if whole is not None:
            self._finish(key, message, time_s)
            return _joined(head, whole)
        if len(message.parts) > _MOST_PARTS:
            self._give_up(key)
        if len(self._sets) > MOST_SETS:
            self._give_up(next(iter(self._sets)))
        return None

    def _give_up(self, key: _Key) -> None:
        del self._sets[key]
        self.lost += 1

    def _finish(self, key: _Key, message: _Set, time_s: float) -> None:
        del self._sets[key]
        self._done[key] = (time_s, frozenset(message.parts.values()))
        while len(self._done) > MOST_SETS:
            self._done.popitem(last=False)


def _joined(head: Head, data: bytes) -> bytes:
    return head.encode()[: -len(head.fmi)] + b"\0" + head.fmi[1:] + data


def is_first(mark: int) -> bool:
    """Whether a fragment is the first of its message, and so begins with the OUI."""
    return not (mark & 15 and mark >> 4)  # one nibble is the index, 0; the other one is not
