from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import stat
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tests.report.journals import read_journal
from v2g_tool.errors import ExitStatus, NotAuthentic, NotPermitted
from v2g_tool.record.journal import GENESIS, Journal, parse_canonical, summarise

WALL = datetime(2026, 11, 22, 10, 30, 0, 5, tzinfo=UTC)


def journal_at(path: Path, lines: int = 0) -> Journal:
    journal = Journal(path, wall=lambda: WALL, monotonic=lambda: 12.5)
    for number in range(lines):
        journal.append("step", {"number": number})
    return journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evidence.jsonl"


def test_each_line_is_canonical_json_that_names_the_hash_of_the_line_before(path: Path) -> None:
    with journal_at(path) as journal:
        digests = [journal.append("read", {"µ": 1.0, "b": [True, None]}), journal.append("write", {})]

    first, second = path.read_bytes().splitlines()
    assert first == (
        b'{"data":{"b":[true,null],"\xc2\xb5":1},"kind":"read","prev":"' + b"0" * 64 + b'","seq":1,'
        b'"t_mono":12.5,"t_wall":"2026-11-22T10:30:00.000005Z"}'
    )
    assert digests == [hashlib.sha256(first).hexdigest(), hashlib.sha256(second).hexdigest()]
    assert json.loads(second)["prev"] == digests[0]
    assert (journal.first_sha256, journal.last_sha256, journal.records) == (*digests, 2)


def test_what_was_appended_is_read_back(path: Path) -> None:
    journal_at(path, 3).close()

    read = read_journal(path)

    assert [record.data for record in read.records] == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert [record.seq for record in read.records] == [1, 2, 3]
    assert read.records[0].prev == GENESIS
    assert read.torn == b""


def test_the_file_belongs_to_its_owner_alone_and_is_never_opened_twice(path: Path) -> None:
    journal_at(path).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(NotPermitted, match="the evidence cannot be written"):
        journal_at(path)


def test_each_line_is_synchronised_before_append_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synchronised: list[int] = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        sync(descriptor)
        synchronised.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", noted)

    with journal_at(path) as journal:
        for _ in range(3):
            journal.append("step", {})
            assert synchronised[-1] == path.stat().st_size
    assert len(synchronised) == 4  # the directory, then each line


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_after_a_failed_write_no_line_follows(
    path: Path, monkeypatch: pytest.MonkeyPatch, fault: int, call: str
) -> None:
    journal = journal_at(path, 1)

    def fails(*_: object) -> int:
        raise OSError(fault, os.strerror(fault))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fails)
        with pytest.raises(NotPermitted, match="the evidence cannot be written") as caught:
            journal.append("step", {})
    size = path.stat().st_size

    assert caught.value.status is ExitStatus.NOT_JUDGED
    assert os.strerror(fault) in caught.value.what
    assert caught.value.todo
    with pytest.raises(NotPermitted, match="the evidence cannot be written"):
        journal.append("step", {})
    assert path.stat().st_size == size


@pytest.mark.parametrize("written", [0, 1, 40, 10_000])
def test_an_append_that_ctrl_c_interrupts_is_completed_by_the_next_one(
    path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    journal = journal_at(path, 1)
    write = os.write

    def interrupted(descriptor: int, line: bytes) -> int:
        if written:
            write(descriptor, line[:written])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            journal.append("intent", {"register": 40101})
    journal.append("restored", {})
    journal.close()

    read = read_journal(path)
    assert [record.kind for record in read.records] == ["step", "intent", "restored"]
    assert read.records[-1].sha256 == journal.last_sha256


def test_short_writes_are_continued(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))

    journal_at(path, 3).close()

    assert len(read_journal(path).records) == 3


def test_a_closed_journal_takes_nothing(path: Path) -> None:
    journal = journal_at(path, 1)
    journal.close()
    journal.close()

    with pytest.raises(NotPermitted, match="closed"):
        journal.append("step", {})


def test_threads_write_one_unbroken_chain(path: Path) -> None:
    with journal_at(path) as journal:
        threads = [threading.Thread(target=lambda: [journal.append("step", {}) for _ in range(25)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(read_journal(path).records) == 200


@pytest.mark.parametrize("bad", [float("nan"), b"raw", 2**60, "\ud800", object(), "x" * 16_000_000])
def test_what_is_no_json_is_refused_and_leaves_the_journal_usable(path: Path, bad: object) -> None:
    with journal_at(path) as journal:
        with pytest.raises(ValueError, match=r"."):
            journal.append("step", {"value": bad})
        journal.append("step", {})

    assert len(read_journal(path).records) == 1


def test_a_wall_clock_without_a_time_zone_is_refused(path: Path) -> None:
    journal = Journal(path, wall=lambda: datetime(2026, 1, 1), monotonic=lambda: 0.0)

    with journal, pytest.raises(ValueError, match="time zone"):
        journal.append("step", {})


@pytest.mark.parametrize("cut", [1, 2, 50, 120])
def test_a_torn_last_line_is_kept_and_reported(path: Path, cut: int) -> None:
    journal_at(path, 3).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])

    read = read_journal(path)

    assert len(read.records) == 2
    assert read.torn == whole.splitlines(keepends=True)[-1][:-cut]


DAMAGES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int]] = {
    "a dropped line": (lambda lines: lines[:1] + lines[2:], 2),
    "a dropped first line": (lambda lines: lines[1:], 1),
    "two lines in the other order": (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
    "a line twice": (lambda lines: [*lines[:2], *lines[1:]], 3),
    "an empty line": (lambda lines: [*lines[:2], b"\n", *lines[2:]], 3),
    "a changed value": (lambda lines: [lines[0].replace(b'"number":0', b'"number":7'), *lines[1:]], 2),
    "a blank": (lambda lines: [lines[0], lines[1].replace(b'"seq":2', b'"seq": 2'), *lines[2:]], 2),
    "another order of the members": (lambda lines: [_shuffled(lines[0]), *lines[1:]], 1),
    "a member twice": (lambda lines: [lines[0].replace(b'"seq":1,', b'"seq":1,"seq":1,'), *lines[1:]], 1),
    "a foreign member": (lambda lines: [lines[0].replace(b'"seq":1,', b'"seq":1,"t":1,'), *lines[1:]], 1),
    "a missing member": (lambda lines: [lines[0].replace(b'"kind":"step",', b""), *lines[1:]], 1),
    "a number as text": (lambda lines: [lines[0].replace(b'"seq":1', b'"seq":"1"'), *lines[1:]], 1),
    "no JSON": (lambda lines: [*lines[:2], b"\x00\xff\n", *lines[2:]], 3),
    "NaN": (lambda lines: [lines[0].replace(b"12.5", b"NaN"), *lines[1:]], 1),
    "a carriage return": (lambda lines: [lines[0][:-1] + b"\r\n", *lines[1:]], 1),
    "a wrong number": (lambda lines: [*lines[:3], lines[3].replace(b'"seq":4', b'"seq":5')], 4),
    "a wrong first hash": (lambda lines: [lines[0].replace(b"0" * 64, b"1" * 64), *lines[1:]], 1),
}


def _shuffled(line: bytes) -> bytes:
    value = json.loads(line)
    return json.dumps(dict(reversed(value.items())), separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize("damage", DAMAGES)
def test_any_other_damage_is_named_with_file_and_line(path: Path, damage: str) -> None:
    journal_at(path, 4).close()
    spoil, line = DAMAGES[damage]
    path.write_bytes(b"".join(spoil(path.read_bytes().splitlines(keepends=True))))

    with pytest.raises(NotAuthentic) as caught:
        read_journal(path)

    assert caught.value.what.startswith(f"evidence.jsonl, line {line}: ")


@given(st.binary(max_size=300))
def test_random_bytes_give_a_verdict(content: bytes) -> None:
    whole_lines = b"\n" in content

    with pytest.raises(NotAuthentic, match=r"^evidence\.jsonl, line ") if whole_lines else nullcontext():
        assert summarise(io.BytesIO(content), "evidence.jsonl").torn == len(content)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
        ),
        max_leaves=8,
    )
)
def test_whatever_json_is_appended_is_read_back_as_canonical(value: Any) -> None:
    content = rfc8785.dumps(value)

    assert rfc8785.dumps(parse_canonical(content)) == content


JSON = st.recursive(
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3) | st.just("\U0001f50c"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, st.booleans(), st.booleans())
def test_the_fast_comparison_accepts_nothing_that_the_reference_encoder_refuses(
    value: object, sort: bool, escape: bool
) -> None:
    text = json.dumps(value, sort_keys=sort, ensure_ascii=escape, separators=(",", ":"))
    content = text.encode("utf-8", "surrogatepass")

    try:
        read = parse_canonical(content)
    except ValueError:
        return
    assert rfc8785.dumps(read) == content


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"[" * 2000 + b"]" * 2000, b"1e5", b"-0", b'"\\u0041"', b'"\\ud800"', b"9" * 5000]
)
def test_json_in_another_spelling_or_out_of_bounds_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_canonical(content)


def test_a_long_journal_takes_constant_memory() -> None:
    def lines(count: int) -> bytes:
        prev, out, wall = GENESIS, [], '"t_wall":"2026-11-22T10:30:00.000000Z"'
        for seq in range(1, count + 1):
            line = f'{{"data":{{"n":{seq}}},"kind":"k","prev":"{prev}","seq":{seq},"t_mono":1,{wall}}}'
            out.append(line.encode())
            prev = hashlib.sha256(out[-1]).hexdigest()
        return b"\n".join(out) + b"\n"

    content = lines(3_000)
    summarise(io.BytesIO(lines(10)), "warm")
    tracemalloc.start()

    summary = summarise(io.BytesIO(content), "evidence.jsonl")

    peak = tracemalloc.get_traced_memory()[1] - len(content)
    tracemalloc.stop()
    assert summary.records == 3_000
    assert peak < 1_000_000
