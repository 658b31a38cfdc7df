"""Which samples of a child mean that it gets on, that its datagrams have no answer, or that the server fell silent."""

from __future__ import annotations

from v2g_tool.hal.backhaul.progress import HANDSHAKE_S, QUIET_S, Progress


def test_given_a_child_that_wakes_up_then_it_gets_on_for_ever() -> None:
    progress = Progress(0.0)

    assert {progress.sample(float(second), second, has_udp=True) for second in range(1, 100)} == {""}


def test_given_a_udp_socket_and_no_second_datagram_then_udp_is_blocked_after_the_handshake_time() -> None:
    progress = Progress(0.0)
    progress.sample(0.1, 12, has_udp=True)
    progress.sample(0.2, 14, has_udp=True)

    assert progress.sample(0.1 + HANDSHAKE_S, 14, has_udp=True) == ""
    assert progress.sample(0.3 + HANDSHAKE_S, 14, has_udp=True) == "udp-blocked"


def test_given_no_udp_socket_then_the_server_is_silent_after_the_quiet_time() -> None:
    progress = Progress(0.0)
    progress.sample(0.1, 12, has_udp=False)

    assert progress.sample(QUIET_S, 12, has_udp=False) == ""
    assert progress.sample(QUIET_S + 0.2, 12, has_udp=False) == "silent"
    assert not progress.has_udp


def test_given_datagrams_that_flowed_then_the_server_is_silent_and_udp_is_not_blamed() -> None:
    progress = Progress(0.0)
    progress.sample(0.1, 12, has_udp=True)
    progress.sample(2.0, 2000, has_udp=True)

    assert progress.sample(2.1 + HANDSHAKE_S, 2000, has_udp=True) == ""
    assert progress.sample(2.1 + QUIET_S, 2000, has_udp=True) == "silent"


def test_given_a_kernel_that_does_not_say_then_nothing_is_judged() -> None:
    progress = Progress(0.0)

    assert progress.sample(1000.0, None, has_udp=True) == ""
