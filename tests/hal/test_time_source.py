"""What the time clients of a computer say of its clock, in their own words."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2g_tool.hal.linux.time_source import Offset, chrony_offset, clock_offset, last_known, timesync_offset

# chrony 4.3 of Debian 12, against a server on loopback: chronyc -c -n tracking
TRACKING = (
    "7F000001,127.0.0.1,9,1795887971.019104602,-0.000001359,-0.000000207,0.000000576,"
    "-0.051,-0.006,0.138,0.000005708,0.000002286,2.0,Normal\n"
)
# The form of systemd 252: timedatectl timesync-status
STATUS = """\
       Server: 192.0.2.4 (time.example)
Poll interval: 1min 4s (min: 32s; max 34min 8s)
         Leap: normal
      Version: 4
      Stratum: 1
    Reference: GOOG
    Precision: 1us (-20)
Root distance: 45us (max: 5s)
       Offset: {}
        Delay: 33.168ms
       Jitter: 0
 Packet count: 1
"""


def test_the_offset_of_chrony_is_read_with_its_source() -> None:
    assert chrony_offset(TRACKING) == Offset(-0.000001359, "chrony's source 127.0.0.1")


def test_chrony_without_a_source_knows_nothing() -> None:
    assert chrony_offset(TRACKING.replace("Normal", "Not synchronised")) is None
    assert chrony_offset("506 Cannot talk to daemon\n") is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+1.264ms", 0.001264),
        ("-583us", -0.000583),
        ("-1min 2.5s", -62.5),
        ("+2h 3min", 7380.0),
        ("+1d 1h", 90000.0),
        ("+1y 2month 1w", 37422000.0),
        ("0", 0.0),
        ("+0", 0.0),
    ],
)
def test_the_offset_of_systemd_is_read_in_all_its_units(text: str, seconds: float) -> None:
    found = timesync_offset(STATUS.format(text))

    assert found is not None
    assert found.seconds == pytest.approx(seconds)
    assert found.source == "the time server 192.0.2.4 (time.example)"


def test_systemd_without_a_packet_knows_nothing() -> None:
    assert timesync_offset("       Server: (null) (ntp.example)\n Packet count: 0\n") is None


@given(st.text())
def test_any_words_are_read_or_passed_over(text: str) -> None:
    assert chrony_offset(text) is None or text
    assert timesync_offset(text) is None or text


def test_a_computer_without_a_time_client_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert clock_offset() is None


def test_the_last_synchronisation_is_what_systemd_touched(tmp_path: Path) -> None:
    assert last_known(tmp_path) is None
    place = tmp_path / "var/lib/systemd/timesync/clock"
    place.parent.mkdir(parents=True)
    place.touch()
    os.utime(place, (1_700_000_000, 1_700_000_000))

    moment, by = last_known(tmp_path) or (None, "")

    assert moment == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert "systemd-timesyncd" in by
