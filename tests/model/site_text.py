"""A small but whole site file, to be broken in one place at a time."""

from __future__ import annotations

SITE = """\
[site]
name = "depot-north"

[chargers.charger_01]
meter = "meter_01"
analyzer = "analyzer_01"
inverter = "inverter_01"

[meters.meter_01]
profile = "ems-meter-service"
host = "10.0.0.5"
limits = { set = "mid-2014-32-eu", class = "B" }
rating = { i_min_a = 0.25, i_tr_a = 0.5, i_ref_a = 5.0, i_max_a = 32.0 }
analyzer = "analyzer_01"
inverter = "inverter_01"

[analyzers.analyzer_01]
profile = "yokogawa-wt300e"
resource = "TCPIP0::10.0.0.7::5025::SOCKET"
calibration = { certificate = "C-1", due = 2027-05-01 }

[inverters.inverter_01]
profile = "sunspec-der"
host = "10.0.0.6"
max_charge_w = 11000
"""


def site_with(old: str, new: str) -> str:
    """The site file with one place changed; the place must be there, once."""
    assert SITE.count(old) == 1
    return SITE.replace(old, new)


def line_of(text: str, start: str) -> int:
    """The number of the one line that begins with `start`."""
    (number,) = (n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start))
    return number
