"""Words on a command line, and names in the environment, that no file system or protocol takes."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hal.homeplug_wire.test_plc_capture import FRAMES
from tests.system.commands import TOOL, Caller
from tests.system.test_standard_streams import Done, run
from v2g_tool.hal.homeplug.capture import capture_bytes

LONG = "k" * 5_000
SECRET = "correct-horse-battery-staple"
UNSIGNED = ("--unsigned", "--quiet", "--out", "reports")
INIT = ("keys", "init", "--name", "A. Tester", "--passphrase-fd")


def kind(done: Done, status: int) -> str:
    """Give what was said, after it was found to be a kind answer with this status."""
    assert done.returncode == status, done.stderr[-500:]
    assert done.stderr.startswith("✗ ")
    assert 2 <= len(done.stderr.splitlines()) <= 3
    return done.stderr


@pytest.mark.parametrize("number", ["-1", "77", "99999999999", "99999999999999999999"])
def test_a_descriptor_that_is_not_open_is_a_wrong_request(number: str, tmp_path: Path):
    assert f"--passphrase-fd {number}" in kind(run((*INIT, number), tmp_path), 2)


@pytest.mark.parametrize("redirected", ["3</", "3>/dev/null"])
def test_a_descriptor_that_gives_nothing_to_read_is_a_wrong_request(redirected: str, tmp_path: Path):
    assert "--passphrase-fd 3" in kind(run((*INIT, "3"), tmp_path, redirected=redirected), 2)


def test_a_passphrase_without_end_is_a_wrong_request(tmp_path: Path):
    kind(run((*INIT, "3"), tmp_path, redirected="3</dev/zero"), 2)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("report", "show", LONG), 2),
        (("report", "verify", LONG), 2),
        (("report", "verify", ".", "--trust", LONG), 2),
        (("report", "verify", ".", "--site", LONG), 2),
        (("sysctl", "--root", LONG), 2),
        (("sysctl", "--site", LONG), 2),
        (("sysctl", "--profile", LONG), 2),
        (("sysctl", "--profile", LONG + ".toml"), 2),
        (("sysctl", "--unsigned", "--out", LONG), 3),
        (("snr-map", "--from", LONG), 2),
        (("snr-map", "--interface", LONG), 2),
        (("throughput", *UNSIGNED, "--server", "a\udcff"), 2),
        (("report", "verify", "a\udcff"), 2),
        (("report", "verify", ".", "--trust", "a\udcff"), 2),
        (("sysctl", "--profile", "a\udcff"), 2),
        (("explain", "a\udcff"), 2),
    ],
    ids=lambda value: " ".join(value).replace(LONG, "LONG").replace("\udcff", "ff") if isinstance(value, tuple) else "",
)
def test_a_word_that_can_name_nothing_is_refused_kindly(
    words: tuple[str, ...], status: int, tmp_path: Path, call: Caller, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("V2G_SITE", raising=False)
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}

    kind(call(*words, env=home, folder=tmp_path), status)


def test_a_name_of_a_person_that_is_no_text_is_refused_kindly(tmp_path: Path):
    kind(run(("keys", "init", "--name", "a\udcff", "--passphrase-fd", "0"), tmp_path), 2)


def test_maps_of_a_name_that_is_too_long_are_not_compared(tmp_path: Path):
    kind(run(("diff", LONG, LONG), tmp_path, program=(TOOL[0], "-m", "plc_tool")), 2)


@pytest.mark.parametrize(
    ("variable", "status"), [("V2G_KEY_DIR", 3), ("XDG_CONFIG_HOME", 3), ("V2G_SITE", 2), ("V2G_STATE_DIR", 3)]
)
def test_a_folder_that_cannot_be_is_refused_kindly(variable: str, status: int, tmp_path: Path):
    image = tmp_path / "image"
    (image / "etc").mkdir(parents=True)
    (image / "proc/sys").mkdir(parents=True)
    signed = () if variable != "V2G_STATE_DIR" else ("--unsigned", "--quiet", "--apply", "--persist", "--yes")

    kind(run(("sysctl", "--root", str(image), *signed), tmp_path, env={variable: "/" + LONG}), status)


def test_a_key_is_not_made_in_a_folder_that_cannot_be(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text(SECRET)

    kind(run((*INIT, "3"), tmp_path, redirected=f"3<{secret}", env={"V2G_KEY_DIR": LONG}), 3)


def test_an_image_and_a_capture_may_lie_in_a_folder_whose_name_is_no_text(tmp_path: Path):
    folder = tmp_path / "a\udcff"
    (folder / "etc/sysctl.d").mkdir(parents=True)
    (folder / "proc/sys").mkdir(parents=True)
    (folder / "c.pcapng").write_bytes(capture_bytes(FRAMES, "plc0"))

    examined = run(("sysctl", *UNSIGNED, "--root", str(folder)), tmp_path)
    changed = run(("sysctl", *UNSIGNED, "--root", str(folder), "--persist", "--yes", "--allow-derived"), tmp_path)
    mapped = run(("snr-map", *UNSIGNED, "--from", str(folder / "c.pcapng")), tmp_path)

    assert examined.returncode == 1, examined.stderr
    assert changed.returncode in (1, 3), changed.stderr
    assert any((folder / "etc/sysctl.d").iterdir())
    assert mapped.returncode in (1, 3), mapped.stderr


@pytest.mark.parametrize("home", ["", None])
def test_an_empty_home_is_not_the_root_folder(home: str | None) -> None:
    program = (
        "from v2g_tool.cli.entry import run_app; from v2g_tool.report.signing.keys import key_directory\n"
        "run_app(lambda standalone_mode: print(key_directory()))"
    )
    kept = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CONFIG_HOME", "V2G_KEY_DIR")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=kept if home is None else {**kept, "HOME": home},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == f"{pwd.getpwuid(os.geteuid()).pw_dir}/.config/v2g/keys"
