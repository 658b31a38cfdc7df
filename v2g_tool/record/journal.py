"""The evidence journal: an append-only file in which each line carries the SHA-256 of the line before.

    {"data":{…},"kind":"…","prev":"<sha256 of the line before>","seq":7,"t_mono":12.5,"t_wall":"…Z"}

A line is the RFC 8785 encoding of one record and a newline; its hash is taken over the line without the newline.
The first line has `seq` 1 and 64 zeros as `prev`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NoReturn, Self

import rfc8785

from v2g_tool.data.writing import sync_directory
from v2g_tool.errors import NotAuthentic, NotPermitted

GENESIS = "0" * 64
"""What the first line names as the hash of the line before it."""
MAX_LINE = 16_000_000
"""Longest line in bytes, with its newline; raw captures are attachments, not records."""

_KEYS = {"seq", "prev", "t_wall", "t_mono", "kind", "data"}
_WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
# 5.0, 1e-05 (RFC 8785: 5, 0.00001), and characters beyond U+FFFF, which sort differently as keys.
_UNUSUAL = re.compile(rb"\.0(?![0-9])|[0-9]e[-+]|[\xf0-\xff]")
_SAFE_INTEGER = 2**53 - 1


@dataclass(frozen=True)
class _Head:
    """Where the journal stands: bytes and records that are on disk, hash of the first and the last line."""

    size: int = 0
    records: int = 0
    first: str = GENESIS
    last: str = GENESIS


class Journal:
    """Writes an evidence journal; `append` may be called from several threads, not from a signal handler.

    Args:
        path: the file to create; it must not exist.
        wall: gives the time of day, with a time zone.
        monotonic: gives seconds on a clock that never steps.

    Raises:
        NotPermitted: the file exists already or cannot be created.
    """

    def __init__(self, path: Path, *, wall: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._path = path
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._head = _Head()
        self._pending: tuple[_Head, bytes] = (self._head, b"")
        self._broken = ""
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            # Without this a power cut can lose the file although its content was synchronised.
            sync_directory(path.parent)
        except OSError as exc:
            raise self._not_written(exc.strerror or "input/output error") from exc

    def append(self, kind: str, data: Mapping[str, object]) -> str:
        """Write one record to the disk and give the SHA-256 of its line, 64 hex digits.

        Raises:
            NotPermitted: the disk does not take the line; from then on the journal takes no further line.
            ValueError: `data` is no JSON: NaN, bytes, an integer beyond 2^53, an unpaired surrogate.
        """
        with self._lock:
            if self._broken:
                raise self._not_written(self._broken)
            self._settle()
            line = self._line(kind, data)
            digest = hashlib.sha256(line[:-1]).hexdigest()
            head = self._head
            first = digest if head.records == 0 else head.first
            self._pending = (_Head(head.size + len(line), head.records + 1, first, digest), line)
            self._settle()
            return digest

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
                self._broken = self._broken or "it is closed"

    @property
    def first_sha256(self) -> str:
        """The hash of the first line, 64 zeros before the first append."""
        return self._head.first

    @property
    def last_sha256(self) -> str:
        """The hash of the last line, 64 zeros before the first append."""
        return self._head.last

    @property
    def records(self) -> int:
        """The number of lines written."""
        return self._head.records

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _line(self, kind: str, data: Mapping[str, object]) -> bytes:
        record: dict[str, Any] = {
            "seq": self._head.records + 1,
            "prev": self._head.last,
            "t_wall": _rfc3339(self._wall()),
            "t_mono": float(self._monotonic()),
            "kind": kind,
            "data": dict(data),
        }
        line = rfc8785.dumps(record) + b"\n"
        if len(line) > MAX_LINE:
            raise ValueError(f"a record of {len(line)} bytes is too long for the journal; attach a file instead")
        return line

    def _settle(self) -> None:
        """Bring the pending line to the disk.

        Ctrl-C can interrupt a write at any instruction, and the run that restores the meter then goes on writing
        here. So what is missing is measured on the file, and the new head is set in one assignment at the end.
        """
        head, line = self._pending
        if head.size == self._head.size:
            return
        try:
            while (done := os.fstat(self._descriptor).st_size - self._head.size) < len(line):
                os.write(self._descriptor, line[done:])
            os.fsync(self._descriptor)
        except OSError as exc:
            self._broken = exc.strerror or "input/output error"
            raise self._not_written(self._broken) from exc
        self._head = head

    def _not_written(self, reason: str) -> NotPermitted:
        return NotPermitted(
            f"the evidence cannot be written: {self._path}: {reason}",
            why="The disk is full, write-protected or failing, or the folder belongs to somebody else.",
            todo="Free space or choose another folder with --out, then start the run again.",
        )


@dataclass(frozen=True)
class Record:
    """One line of the journal.

    Attributes:
        seq: number of the line, from 1.
        prev: hash of the line before, 64 hex digits.
        t_wall: time of day, RFC 3339 in UTC with microseconds.
        t_mono: seconds on the run's monotonic clock.
        kind: what the record is about.
        data: the record itself.
        sha256: hash of this line, 64 hex digits.
    """

    seq: int
    prev: str
    t_wall: str
    t_mono: float
    kind: str
    data: Mapping[str, Any]
    sha256: str


@dataclass(frozen=True)
class JournalSummary:
    """What a report binds of a journal, and the number of bytes of a torn last line."""

    sha256: str
    first_sha256: str
    last_sha256: str
    records: int
    torn: int


def summarise(stream: BinaryIO, name: str) -> JournalSummary:
    """Give what a report binds of the journal in `stream`, in one pass that keeps one line at a time.

    Raises:
        NotAuthentic: a line is damaged, missing, repeated or out of order; names `name` and the line.
        OSError: the stream cannot be read.
    """
    chain = Chain(name)
    for _ in chain.read(stream):
        pass
    head = chain.head
    return JournalSummary(chain.file_hash.hexdigest(), head.first, head.last, head.records, len(chain.torn))


def parse_canonical(content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Give the value of JSON text that is exactly its own RFC 8785 encoding.

    Raises:
        ValueError: not JSON, a key twice, or another spelling of the same value; says at which byte.
    """
    try:
        value = _DECODER.decode(content.decode("utf-8"))
        canonical = _canonical(value, content)
    except json.JSONDecodeError as exc:
        raise ValueError(f"byte {exc.pos + 1}: not JSON ({exc.msg})") from exc
    except UnicodeDecodeError as exc:
        raise ValueError(f"byte {exc.start + 1}: not UTF-8") from exc
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc
    if canonical != content:
        raise ValueError(f"byte {first_difference(canonical, content)}: not the canonical encoding of RFC 8785")
    return value


def first_difference(left: bytes, right: bytes) -> int:
    """Give the number of the first byte, from 1, in which two byte strings differ; they must not be equal."""
    for number, (a, b) in enumerate(zip(left, right, strict=False), 1):
        if a != b:
            return number
    return min(len(left), len(right)) + 1


class Chain:
    """Checks lines one after the other and keeps only what the next line needs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.head = _Head()
        self.torn = b""
        self.file_hash = hashlib.sha256()

    def read(self, stream: BinaryIO) -> Iterator[Record]:
        """Give the records one by one, each checked against the one before; raises NotAuthentic."""
        while line := stream.readline(MAX_LINE + 1):
            self.file_hash.update(line)
            if len(line) > MAX_LINE:
                self._damaged("longer than any line of a journal")
            if not line.endswith(b"\n"):
                self.torn = line
                return
            yield self._next(line[:-1])

    def _next(self, line: bytes) -> Record:
        record = self._record(line)
        if record.prev != self.head.last:
            self._damaged("'prev' is not the hash of the line before")
        if record.seq != self.head.records + 1:
            self._damaged(f"'seq' is {record.seq}")
        first = record.sha256 if record.seq == 1 else self.head.first
        self.head = replace(self.head, records=record.seq, first=first, last=record.sha256)
        return record

    def _record(self, line: bytes) -> Record:
        try:
            value = parse_canonical(line)
        except ValueError as exc:
            self._damaged(str(exc))
        if not isinstance(value, dict) or set(value) != _KEYS:
            self._damaged("not a record of a journal")
        if wrong := _wrong_type(value):
            self._damaged(f"'{wrong}' has a wrong form")
        return Record(**value, sha256=hashlib.sha256(line).hexdigest())

    def _damaged(self, problem: str) -> NoReturn:
        raise NotAuthentic(
            f"{self.name}, line {self.head.records + 1}: {problem}",
            why="The evidence was changed after it was written, or the storage is damaged.",
            todo="Do not rely on this report; ask for the original folder, or measure again.",
        )


def _wrong_type(value: Mapping[str, Any]) -> str:
    """Give the name of the first member that no journal writes in this form, or nothing."""
    right = {
        "seq": type(value["seq"]) is int,
        "prev": isinstance(value["prev"], str),
        "t_wall": isinstance(value["t_wall"], str) and _WALL.fullmatch(value["t_wall"]) is not None,
        "t_mono": type(value["t_mono"]) in (int, float),
        "kind": isinstance(value["kind"], str),
        "data": isinstance(value["data"], dict),
    }
    return next((name for name, good in right.items() if not good), "")


def _canonical(value: Any, content: bytes) -> bytes:  # noqa: ANN401 - any JSON value
    # The encoder of the standard library halves the time for a line, which counts on a journal of a million lines.
    # It differs from RFC 8785 only where _UNUSUAL finds something.
    if not _UNUSUAL.search(content) and _ENCODER.encode(value).encode() == content:
        return content
    return rfc8785.dumps(value)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _number(text: str) -> int | float:
    # RFC 8785 writes the float 1e20 as an integer; beyond 2^53 such digits are a float again.
    if len(text) > 17 or abs(int(text)) > _SAFE_INTEGER:
        return float(text)
    return int(text)


_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant, parse_int=_number)
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _rfc3339(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("the wall clock gives a time without a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
