"""Kernel keys and sysctl files below a root: links, rights, refusals, and a drop-in that is there or is not."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.errors import NotPermitted, Refused, RequestError, Unreachable
from v2g_tool.hal.linux.host import LinuxHost
from v2g_tool.model.sysctl import ConfigFile, LiveState, LiveValue

KEY, KEY_FILE = "net.v2g.islanding_timeout", "proc/sys/net/v2g/islanding_timeout"
NAME = "99-zz-v2g.conf"
NOBODY = 65534


@pytest.fixture
def root() -> Iterator[Path]:
    """A host of files that every user may look at."""
    folder = Path(tempfile.mkdtemp(prefix="host-"))
    folder.chmod(0o755)
    for name in ("etc/sysctl.d", "run/sysctl.d", "usr/lib/sysctl.d", "proc/sys/net/v2g"):
        (folder / name).mkdir(parents=True)
    (folder / KEY_FILE).write_text("500\n")
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def without_rights() -> Iterator[None]:
    """Be a user without rights for a while; whoever is one already stays it."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_files_are_given_by_folder_and_name_with_sysctl_conf_last(root: Path) -> None:
    # given
    for name in ("usr/lib/sysctl.d/1.conf", "etc/sysctl.conf", "etc/sysctl.d/2.conf", "etc/sysctl.d/.h.conf"):
        (root / name).write_text("x=1\n")
    (root / "etc/sysctl.d/README.sysctl").write_text("x=2\n")
    # when
    found = LinuxHost(root).config_files()
    # then
    assert [file.path for file in found.files] == [
        "/etc/sysctl.d/.h.conf",
        "/etc/sysctl.d/2.conf",
        "/usr/lib/sysctl.d/1.conf",
        "/etc/sysctl.conf",
    ]
    assert found.unreadable == ()


@pytest.mark.parametrize("lib", ["usr/lib", "/usr/lib"])
def test_a_lib_that_is_a_link_is_not_read_twice_and_a_real_one_is_read(root: Path, lib: str) -> None:
    # given
    (root / "usr/lib/sysctl.d/1.conf").write_text("x=1\n")
    (root / "lib").symlink_to(lib)
    assert [file.path for file in LinuxHost(root).config_files().files] == ["/usr/lib/sysctl.d/1.conf"]
    # when
    (root / "lib").unlink()
    shutil.copytree(root / "usr/lib", root / "lib")
    # then
    assert [file.path for file in LinuxHost(root).config_files().files] == [
        "/usr/lib/sysctl.d/1.conf",
        "/lib/sysctl.d/1.conf",
    ]


@pytest.mark.parametrize("target", ["../sysctl.conf", "/etc/sysctl.conf", "/../etc/sysctl.conf", "../../../etc/other"])
def test_a_link_is_followed_inside_the_root_wherever_it_points(root: Path, target: str) -> None:
    # given
    (root / "etc/sysctl.conf").write_text("x=1\n")
    (root / "etc/other").symlink_to("/etc/sysctl.conf")
    (root / "etc/sysctl.d/99-sysctl.conf").symlink_to(target)
    # then
    assert LinuxHost(root).config_files().files[0] == ConfigFile("/etc/sysctl.d/99-sysctl.conf", "x=1\n", target)


def test_a_link_to_a_file_outside_does_not_lead_there(root: Path, tmp_path: Path) -> None:
    # given
    (tmp_path / "secret").write_text("x=1\n")
    (root / "etc/sysctl.d/a.conf").symlink_to(tmp_path / "secret")
    (root / "etc/sysctl.d/b.conf").symlink_to("../" * 20 + str(tmp_path / "secret"))
    # then
    assert [file.text for file in LinuxHost(root).config_files().files] == [None, None]


@pytest.mark.parametrize("target", ["/dev/null", "../../dev/null", "nowhere", "a.conf", "/etc", "a.conf/below"])
def test_what_only_hides_its_namesakes_has_no_text(root: Path, target: str) -> None:
    # given
    (root / "etc/sysctl.d/a.conf").symlink_to(target)
    (root / "etc/sysctl.d/b.conf").touch()
    (root / "etc/sysctl.d/c.conf").mkdir()
    # then
    assert [file.text for file in LinuxHost(root).config_files().files] == [None, None, None]
    assert LinuxHost(root).config_files().files[0].link_to == target


def test_a_file_or_folder_without_the_right_is_unreadable_and_not_absent(root: Path) -> None:
    # given
    (root / "etc/sysctl.d/a.conf").write_text("x=1\n")
    (root / "etc/sysctl.d/a.conf").chmod(0)
    (root / "run/sysctl.d").chmod(0)
    # when
    with without_rights():
        found = LinuxHost(root).config_files()
    (root / "run/sysctl.d").chmod(0o755)
    # then
    assert found.files == ()
    assert found.unreadable == (
        ("/run/sysctl.d", "this user may not read it"),
        ("/etc/sysctl.d/a.conf", "this user may not read it"),
    )


def test_a_pipe_and_a_file_without_end_stop_nobody_and_are_unreadable(root: Path) -> None:
    # given
    os.mkfifo(root / "etc/sysctl.d/a.conf")
    with (root / "etc/sysctl.d/b.conf").open("wb") as file:
        file.truncate(1 << 40)
    # when
    found = LinuxHost(root).config_files()
    # then
    assert [(trouble.path, trouble.reason) for trouble in found.unreadable] == [
        ("/etc/sysctl.d/a.conf", "it is no regular file"),
        ("/etc/sysctl.d/b.conf", "it is larger than 1048576 bytes"),
    ]


def test_bytes_that_are_no_text_stay_visible_and_can_be_printed(root: Path) -> None:
    # given
    Path(os.fsdecode(os.fsencode(root / "etc/sysctl.d") + b"/\xe4.conf")).write_bytes(b"x=\xff1\n")
    # then
    (file,) = LinuxHost(root).config_files().files
    assert (file.path, file.text) == ("/etc/sysctl.d/\\xe4.conf", "x=\\xff1\n")


def test_a_host_without_any_file_has_none(tmp_path: Path) -> None:
    assert LinuxHost(tmp_path).config_files() == ((), ())


def test_the_files_of_this_host_can_be_read() -> None:
    assert all(file.path.startswith("/") for file in LinuxHost(Path("/")).config_files().files)


@pytest.mark.parametrize("key", [KEY, "net/v2g/islanding_timeout"])
def test_a_live_value_is_given_without_white_space(root: Path, key: str) -> None:
    # given
    (root / KEY_FILE).write_text(" 32768\t60999 \n")
    # then
    assert LinuxHost(root).live_value(key) == LiveValue(LiveState.PRESENT, "32768\t60999")


def test_this_kernel_gives_its_values(root: Path) -> None:
    assert LinuxHost(Path("/")).live_value("kernel.ostype") == LiveValue(LiveState.PRESENT, "Linux")


@pytest.mark.parametrize("key", ["net.v2g.none", "none.at.all", f"{KEY}.below"])
def test_a_key_that_the_kernel_lacks_is_absent(root: Path, key: str) -> None:
    assert LinuxHost(root).live_value(key).state is LiveState.ABSENT
    with pytest.raises(Unreachable, match="does not provide"):
        LinuxHost(root).write_live(key, "1")
    assert not (root / "proc/sys/net/v2g/none").exists()


def test_a_key_without_the_right_is_forbidden_and_not_absent(root: Path) -> None:
    # given
    (root / KEY_FILE).chmod(0)
    # when
    with without_rights():
        found = LinuxHost(root).live_value(KEY)
    # then
    assert found == LiveValue(LiveState.FORBIDDEN, reason="this user may not read it")


def test_a_key_below_a_closed_folder_is_forbidden(root: Path) -> None:
    # given
    (root / "proc/sys/net").chmod(0)
    # when
    with without_rights():
        found = LinuxHost(root).live_value(KEY)
    (root / "proc/sys/net").chmod(0o755)
    # then
    assert found.state is LiveState.FORBIDDEN


def test_a_folder_of_keys_is_no_value(root: Path) -> None:
    assert LinuxHost(root).live_value("net.v2g") == LiveValue(LiveState.FAILED, reason="it is no regular file")


@pytest.mark.parametrize(
    "key", ["", "net/../../../etc/passwd", "..", "net.v2g.*", "net v2g", "net\nv2g", "net.v2g.[a]", "ä", "a\0"]
)
def test_what_is_no_key_is_refused_before_any_file_is_touched(root: Path, key: str) -> None:
    with pytest.raises(RequestError, match="is no kernel key"):
        LinuxHost(root).live_value(key)
    with pytest.raises(RequestError, match="is no kernel key"):
        LinuxHost(root).write_live(key, "1")


def test_a_value_is_written_as_one_line_and_ends_a_longer_one(root: Path) -> None:
    # when
    LinuxHost(root).write_live(KEY, "20")
    # then
    assert (root / KEY_FILE).read_text() == "20\n"


@pytest.mark.parametrize("value", ["1\n2", "1\0", "\x1b[31m"])
def test_a_value_of_more_than_a_line_is_refused(root: Path, value: str) -> None:
    with pytest.raises(RequestError, match="not one line"):
        LinuxHost(root).write_live(KEY, value)
    assert (root / KEY_FILE).read_text() == "500\n"


def test_a_value_without_the_right_names_the_command_that_has_it() -> None:
    # given
    now = LinuxHost(Path("/")).live_value("kernel.panic").value
    # when
    with without_rights(), pytest.raises(NotPermitted, match=r"kernel\.panic may not be written") as caught:
        LinuxHost(Path("/")).write_live("kernel.panic", now)
    # then
    assert caught.value.todo == "Run: sudo v2g-tool sysctl --apply"


IN_OWN_NETWORK = """
from pathlib import Path
from v2g_tool.errors import Refused
from v2g_tool.hal.linux.host import LinuxHost
root, key = Path("/"), "net.ipv4.tcp_retries2"
LinuxHost(root).write_live(key, "9")
try:
    LinuxHost(root).write_live(key, "many")
except Refused as error:
    print(LinuxHost(root).live_value(key).value, error.code, error.what)
"""


def test_a_real_kernel_takes_a_value_and_its_refusal_is_told() -> None:
    # when: an own network has its own keys
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", IN_OWN_NETWORK]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip(f"no own network here: {done.stderr.strip()}")
    # then
    assert done.stdout == "9 22 the kernel refuses 'many' for net.ipv4.tcp_retries2: Invalid argument\n", done.stderr


def test_a_pipe_in_place_of_a_key_takes_no_value(root: Path) -> None:
    # given
    (root / KEY_FILE).unlink()
    os.mkfifo(root / KEY_FILE)
    # then
    with pytest.raises(Refused):
        LinuxHost(root).write_live(KEY, "1")


def test_a_drop_in_is_written_whole_readable_for_all_and_leaves_nothing_beside_it(root: Path) -> None:
    # given
    assert LinuxHost(root).read_drop_in(NAME) is None
    (root / f"etc/sysctl.d/.{NAME}.part").write_text("left by a crash")
    # when
    old_mask = os.umask(0o077)
    LinuxHost(root).write_drop_in(NAME, b"x=1\n")
    os.umask(old_mask)
    # then
    assert LinuxHost(root).read_drop_in(NAME) == b"x=1\n"
    assert stat.S_IMODE((root / "etc/sysctl.d" / NAME).stat().st_mode) == 0o644
    assert [path.name for path in (root / "etc/sysctl.d").iterdir()] == [NAME]


def test_a_drop_in_that_cannot_be_put_in_place_leaves_the_old_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    LinuxHost(root).write_drop_in(NAME, b"x=1\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    # when
    with pytest.raises(NotPermitted, match="No space left"):
        LinuxHost(root).write_drop_in(NAME, b"x=2\n")
    # then
    assert LinuxHost(root).read_drop_in(NAME) == b"x=1\n"
    assert [path.name for path in (root / "etc/sysctl.d").iterdir()] == [NAME]


@pytest.mark.parametrize("target", ["/dev/null", "../victim"])
def test_a_drop_in_that_is_a_link_is_neither_followed_nor_replaced(root: Path, target: str) -> None:
    # given
    place = root / "etc/sysctl.d" / NAME
    place.symlink_to(target)
    (root / "etc/victim").write_text("mine")
    # then
    for change in (
        lambda: LinuxHost(root).write_drop_in(NAME, b"x"),
        lambda: LinuxHost(root).write_drop_in(NAME, None),
        lambda: LinuxHost(root).read_drop_in(NAME),
    ):
        with pytest.raises(NotPermitted, match="it is a link"):
            change()
    assert str(place.readlink()) == target
    assert (root / "etc/victim").read_text() == "mine"


def test_a_folder_of_drop_ins_that_is_a_link_is_followed_inside_the_root(root: Path) -> None:
    # given
    (root / "etc/sysctl.d").rmdir()
    (root / "etc/sysctl.d").symlink_to("/run/sysctl.d")
    # when
    LinuxHost(root).write_drop_in(NAME, b"x=1\n")
    # then
    assert (root / "run/sysctl.d" / NAME).read_bytes() == b"x=1\n"


@pytest.mark.parametrize(
    "name", ["", ".conf", "a", "../a.conf", "a/b.conf", ".h.conf", "a.conf\n", "-a.conf", "ä.conf"]
)
def test_what_is_no_name_of_a_drop_in_is_refused(root: Path, name: str) -> None:
    with pytest.raises(RequestError, match="is no name"):
        LinuxHost(root).write_drop_in(name, b"x")


def test_a_drop_in_without_the_right_names_the_command_and_without_the_folder_says_so(root: Path) -> None:
    (root / "etc/sysctl.d").chmod(0o555)
    with without_rights(), pytest.raises(NotPermitted, match="cannot be written: Permission denied") as caught:
        LinuxHost(root).write_drop_in(NAME, b"x")
    assert caught.value.todo == "Run: sudo v2g-tool sysctl --apply --persist"
    (root / "etc/sysctl.d").rmdir()
    with pytest.raises(NotPermitted, match="No such file") as caught:
        LinuxHost(root).write_drop_in(NAME, b"x")
    assert "folder is missing" in caught.value.why


@given(found=st.none() | st.binary(), written=st.binary())
def test_what_was_found_comes_back_byte_for_byte(found: bytes | None, written: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # given
        root = Path(folder)
        (root / "etc/sysctl.d").mkdir(parents=True)
        LinuxHost(root).write_drop_in(NAME, found)
        kept = LinuxHost(root).read_drop_in(NAME)
        # when
        LinuxHost(root).write_drop_in(NAME, written)
        LinuxHost(root).write_drop_in(NAME, kept)
        # then
        assert kept == LinuxHost(root).read_drop_in(NAME) == found
