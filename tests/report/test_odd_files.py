"""What somebody put in the place of a file neither stops the program nor fills its memory: it is named and refused."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.sample import signed_bundle, verified
from v2g_tool.data.library import load_profile, load_site
from v2g_tool.data.reading import open_regular, read_regular
from v2g_tool.errors import RequestError, V2GError
from v2g_tool.hal.homeplug.capture import capture_bytes, read_capture
from v2g_tool.model.profiles.meter import MeterProfile
from v2g_tool.record.intents import Intent, IntentStore
from v2g_tool.report.signing.keys import load_certificates, load_signer
from v2g_tool.run.request import located_errors, located_site
from v2g_tool.screens.report import show_bundle


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(path.parent)  # such a name has at most 107 bytes
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(6 << 30)


def folder(path: Path) -> None:
    path.mkdir()


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


INTENT = Intent(device="meter", old={"gain": (1,)}, journal="run", started_utc="2026-11-28T00:00:00Z")
KINDS: dict[str, Callable[[Path], None]] = {
    "pipe": pipe,
    "socket": listener,
    "device": device,
    "sparse": sparse,
    "folder": folder,
    "dangling": dangling,
    "loop": loop,
}


def intent(path: Path) -> object:
    return IntentStore(path.parent).get(path.stem)


def shown(path: Path) -> object:
    return show_bundle(path.rename(path.with_name("report.json")).parent)


PLACES: dict[str, Callable[[Path], object]] = {
    "site": load_site,
    "profile": lambda path: load_profile(str(path), MeterProfile),
    "certificate": load_certificates,
    "key": lambda path: load_signer(path, path, None),
    "capture": read_capture,
    "intent": intent,
    "report": shown,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_file_of_a_fit_size_is_refused_by_name(place: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    KINDS[kind](path)

    with pytest.raises(V2GError) as told:
        PLACES[place](path)

    assert str(tmp_path) in told.value.what or path.name in told.value.what
    assert told.value.todo


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["report.json", "report.json.p7s", "signer.pem", "evidence.jsonl", "VERIFY.txt"])
def test_no_part_of_a_report_is_taken_from_what_is_no_file(name: str, kind: str, tmp_path: Path, signer) -> None:
    bundle = signed_bundle(tmp_path, signer)
    (bundle / name).unlink()
    KINDS[kind](bundle / name)

    with pytest.raises(V2GError, match=name):
        verified(bundle, [])


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_is_shown_whatever_stands_for_its_signer(kind: str, tmp_path: Path, signer, capsys) -> None:
    bundle = signed_bundle(tmp_path, signer)
    (bundle / "signer.pem").unlink()
    KINDS[kind](bundle / "signer.pem")

    show_bundle(bundle)

    assert "calibrate" in capsys.readouterr().out


def test_a_name_that_no_file_can_have_is_an_error_of_the_operating_system(tmp_path: Path) -> None:
    for name in ("a\0b", "k" * 5_000):
        with pytest.raises(OSError, match=r"no file has such a name|too long"):
            open_regular(tmp_path / name)


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")

    assert read_regular(tmp_path / "file", 3) == b"abc"
    with pytest.raises(OSError, match="it is larger than 2 bytes"):
        read_regular(tmp_path / "file", 2)


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")

    assert read_regular(tmp_path / "link", 3) == b"abc"


def test_a_site_file_that_is_edited_or_taken_away_in_between_is_the_one_that_was_read(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_bytes(b'[site]\nname = "depot"\n\n[modems.one]\ninterface = "eth1"\n')

    place = located_site(file)
    file.unlink()
    with pytest.raises(V2GError) as told, located_errors(place):
        raise RequestError("no such modem", key=("modems", "one"))

    assert place.content.startswith(b'[site]\nname = "depot"')
    assert told.value.what == f"{file}:4: no such modem"


def test_the_hash_of_a_capture_is_that_of_its_bytes(tmp_path: Path) -> None:
    content = capture_bytes((), "plc0")
    (tmp_path / "c.pcapng").write_bytes(content)

    assert read_capture(tmp_path / "c.pcapng").sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"sparse"}))
def test_an_intent_is_written_over_nothing_but_a_file_of_its_own(kind: str, tmp_path: Path) -> None:
    store = IntentStore(tmp_path)
    KINDS[kind](tmp_path / "one.json")
    KINDS[kind](tmp_path / ".two.json.part")

    with pytest.raises(V2GError, match="state folder"):
        store.put("one", INTENT)
    if kind != "folder":  # what a run left behind is taken away, whatever it is
        store.put("two", INTENT)
        assert store.get("two") == INTENT


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"sparse"}))
def test_what_is_no_file_locks_no_device(kind: str, tmp_path: Path) -> None:
    KINDS[kind](tmp_path / "one.lock")

    with pytest.raises(V2GError, match="state folder"), IntentStore(tmp_path).hold("one"):
        pytest.fail("it was held")


def test_neither_lock_nor_intent_follows_a_link_to_a_file_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("kept")
    for name in ("one.lock", ".one.json.part", "two.json"):
        (tmp_path / name).symlink_to("theirs")
    store = IntentStore(tmp_path)

    store.put("one", INTENT)
    with pytest.raises(V2GError), store.hold("one"):
        pytest.fail("it was held")
    with pytest.raises(V2GError):
        store.put("two", INTENT)
    assert (tmp_path / "theirs").read_text() == "kept"
