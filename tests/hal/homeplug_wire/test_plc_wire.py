"""The wire on real interfaces, in network namespaces of its own."""

from __future__ import annotations

import shlex
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bounds import HANG_S
from tests.hal.homeplug_wire import namespace
from v2g_tool.errors import RequestError
from v2g_tool.hal.homeplug.interface import Interface, read_links, usable
from v2g_tool.hal.homeplug.wire import grant_command

Said = dict[str, Any]


@pytest.fixture(scope="module")
def said() -> Said:
    """What the wire did in each scenario; the last one takes it down."""
    return namespace.run(
        "tags",
        "chosen_kinds",
        "forgotten",
        "own_frames",
        "silence",
        "objections",
        "bridge_port",
        "foreign_flood",
        "denied",
        "switched_off",
    )


def test_frames_come_with_their_vlan_tags_and_other_protocols_do_not(said: Said) -> None:
    seen = said["tags"]

    assert seen["heard"] == [*seen["sent"], None]
    assert all(0 <= age_s < HANG_S for age_s in seen["age_s"])


def test_while_an_answer_is_awaited_only_its_kinds_fill_the_buffer(said: Said) -> None:
    first, second, third, tagged, short, end = said["chosen_kinds"]["frames"]

    heard = [first, end, first, third, end, first, second, third, tagged, end]
    assert said["chosen_kinds"]["heard"] == [*heard, first, second, third, tagged, short, end]


def test_what_waited_is_forgotten_also_amid_a_flood(said: Said) -> None:
    assert said["forgotten"] == {"silent": True, "again": True}


def test_what_is_sent_here_is_never_taken_for_an_answer(said: Said) -> None:
    assert said["own_frames"] == {"sent": True, "own": True, "other": True}


def test_waiting_keeps_its_deadline_and_costs_no_computing(said: Said) -> None:
    seen = said["silence"]

    assert seen["heard"] is None
    assert seen["wall_s"] >= 0.3
    assert seen["cpu_s"] < seen["wall_s"] / 3


@pytest.fixture(scope="module")
def objections(said: Said) -> dict[str, list[str]]:
    return dict(said["objections"])


def test_a_misspelt_interface_is_answered_with_those_there_are(objections: dict[str, list[str]]) -> None:
    kind, what, why, _ = objections["plc"]

    assert kind == "RequestError"
    assert "Did you mean" not in what  # a guess would be taken: the office network next to the modem's
    assert "br0, dark0, dark1, modem0, plc0, port0, port1" in why


@pytest.mark.parametrize(
    ("name", "kind", "word"),
    [
        ("lo", "RequestError", "loopback"),
        ("br0", "RequestError", "bridge"),
        ("dark0", "Unreachable", "no carrier"),
        ("dark1", "Unreachable", "switched off"),
    ],
)
def test_an_interface_that_reaches_no_modem_is_named(
    objections: dict[str, list[str]], name: str, kind: str, word: str
) -> None:
    error, what, why, todo = objections[name]

    assert error == kind
    assert word in what
    assert why
    assert todo


def test_the_ports_of_a_bridge_are_offered_instead_of_the_bridge(objections: dict[str, list[str]]) -> None:
    assert "port0" in objections["br0"][2]


def test_a_port_of_a_bridge_is_heard_before_the_bridge_takes_its_frames(said: Said) -> None:
    assert said["bridge_port"] == {"heard": True, "sent": True}


def test_an_interface_that_goes_down_while_in_use_is_named(said: Said) -> None:
    seen = said["switched_off"]

    assert seen["error"] == "Unreachable"
    assert "'plc0' failed while it was in use" in seen["what"]


def test_a_container_without_the_right_is_told_how_to_be_started(said: Said) -> None:
    seen = said["denied"]

    assert seen["error"] == "NotPermitted"
    assert "CAP_NET_RAW" in seen["what"]
    assert "--cap-add=NET_RAW" in seen["todo"]


def test_a_flood_of_other_protocols_never_reaches_the_program(said: Said) -> None:
    seen = said["foreign_flood"]

    assert not seen["heard"]
    assert seen["cpu_s"] < seen["wall_s"] / 3
    assert seen["lost"] == 0


def test_the_command_that_grants_the_right_grants_no_other() -> None:
    command = grant_command(
        ["/opt/v2g/bin/v2g-plc-tool", "–snr-map", "a b"], [("V2G_SITE", "my site.toml")], 1000, 1001
    )

    words = shlex.split(command)
    assert words[0] == "sudo"
    assert [word for word in words if "caps" in word] == ["--inh-caps=+net_raw", "--ambient-caps=+net_raw"]
    assert words[words.index("--") :] == ["--", "env", "V2G_SITE=my site.toml", *words[-3:]]
    assert words[-3:] == ["/opt/v2g/bin/v2g-plc-tool", "–snr-map", "a b"]


PROBE = (
    "import os, socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0);"
    "print(os.getuid(), os.environ['V2G_SITE'], [l.split()[1] for l in open('/proc/self/status') if l[:6] == 'CapEff'])"
)


def test_the_printed_command_works_for_an_ordinary_user() -> None:
    python = Path("/usr/bin/python3")
    tried = subprocess.run(["setpriv", "--reuid=65534", "true"], capture_output=True, check=False)
    if tried.returncode or not python.exists():
        pytest.skip("needs root, setpriv and /usr/bin/python3")
    command = grant_command([str(python), "-c", PROBE], [("V2G_SITE", "here")], 65534, 65534)

    done = subprocess.run(shlex.split(command)[1:], capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert done.stdout.split() == ["65534", "here", f"['{1 << 13:016x}']"]


def link(*, kind: int = 1, name: bytes = b"eth0\0", flags: int = 0x11043) -> bytes:
    """Give an RTM_NEWLINK message as of rtnetlink(7)."""
    attributes = struct.pack("=HH", 4 + len(name), 3) + name + bytes(-len(name) % 4)
    attributes += struct.pack("=HH6s2x", 10, 1, bytes.fromhex("020000000010"))
    body = struct.pack("=BxHiII", 0, kind, 2, flags, 0) + attributes
    return struct.pack("=IHHII", 16 + len(body), 16, 2, 1, 0) + body


def test_an_interface_is_read_from_the_kernels_message() -> None:
    end = struct.pack("=IHHIII", 20, 3, 2, 1, 0, 0)

    assert list(read_links(link() + end)) == [
        Interface("eth0", 2, "02:00:00:00:00:10", True, False, True, True, "", 0),
        None,
    ]


def test_a_tunnel_is_no_ethernet_interface() -> None:
    (tunnel,) = read_links(link(kind=65534, name=b"tun0\0"))
    assert tunnel is not None

    with pytest.raises(RequestError, match="'tun0' is no Ethernet interface"):
        usable("tun0", {"tun0": tunnel})


@given(st.binary(max_size=200), st.integers(0, 200))
@settings(max_examples=100)
def test_any_message_of_the_kernel_is_read_to_its_end(noise: bytes, cut: int) -> None:
    for data in (noise, link()[:cut] + noise):
        assert len(list(read_links(data))) <= len(data) // 16
